#include "article/discover.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "article/charset.h"
#include "article/discover_tree.h"
#include "article/media_refs.h"
#include "article/metadata.h"
#include "article/page_tree.h"
#include "article/phrases.h"
#include "article/segment.h"
#include "article/text_layers.h"
#include "core/ascii.h"
#include "core/url.h"

namespace stemma {
namespace {

bool HasToken(const std::string& list, std::string_view token) {
  std::size_t at = 0;
  while ((at = list.find(token, at)) != std::string::npos) {
    const std::size_t end = at + token.size();
    const auto edge = [&](std::size_t i) {
      return list[i] == ' ' || list[i] == '\t' || list[i] == '\n' ||
             list[i] == ',';
    };
    if ((at == 0 || edge(at - 1)) && (end == list.size() || edge(end))) {
      return true;
    }
    at = end;
  }
  return false;
}

class LinkReader {
 public:
  LinkReader(const PageTree& tree, const HeadFacts& head,
             const HtmlLimits& limits, Discovery& out)
      : tree_(tree), limits_(limits), out_(out) {
    if (Result<Url> base = Url::Parse(head.base_url)) base_ = *std::move(base);
  }

  void Run(bool words) {
    for (const RawElement& e : tree_.scan.elements) {
      switch (e.tag) {
        case Tag::kA:
        case Tag::kArea:
          Anchor(e);
          break;
        case Tag::kLink:
          Link(e);
          break;
        case Tag::kIframe:
        case Tag::kFrame:
          Frame(e);
          break;
        case Tag::kMeta:
          Meta(e);
          break;
        default:
          break;
      }
    }
    if (words) AnchorTexts();
  }

 private:
  std::string Attribute(const RawElement& e, std::string_view name) const {
    return tree_.scan.Attribute(e, name);
  }

  bool Add(LinkKind kind, const std::string& href, std::string type = {},
           std::string text = {}, bool nofollow = false) {
    if (href.empty()) return false;
    const Result<Url> url = Url::Parse(href, base_ ? &*base_ : nullptr);
    if (!url || !url->IsHttp()) return false;
    std::string address = url->HrefWithoutFragment();
    if (!seen_.emplace(kind, address).second) return false;
    if (out_.links.size() >= limits_.max_links) {
      ++out_.links_left_out;
      return false;
    }
    PageLink link;
    link.kind = kind;
    link.url = std::move(address);
    link.type = std::move(type);
    link.text = std::move(text);
    link.nofollow = nofollow;
    out_.links.push_back(std::move(link));
    return true;
  }

  void Anchor(const RawElement& e) {
    const std::string rel = Lowered(Attribute(e, "rel"));
    const LinkKind kind = HasToken(rel, "next")   ? LinkKind::kNext
                          : HasToken(rel, "prev") ? LinkKind::kPrev
                                                  : LinkKind::kAnchor;
    if (Add(kind, Attribute(e, "href"), {}, {}, HasToken(rel, "nofollow"))) {
      anchors_.emplace_back(&e - tree_.scan.elements.data(),
                            out_.links.size() - 1);
    }
  }

  void Link(const RawElement& e) {
    const std::string rel = Lowered(Attribute(e, "rel"));
    const std::string href = Attribute(e, "href");
    if (HasToken(rel, "canonical")) Add(LinkKind::kCanonical, href);
    if (HasToken(rel, "amphtml")) Add(LinkKind::kAmp, href);
    if (HasToken(rel, "next")) Add(LinkKind::kNext, href);
    if (HasToken(rel, "prev")) Add(LinkKind::kPrev, href);
    if (HasToken(rel, "shortlink")) Add(LinkKind::kShortlink, href);
    if (!HasToken(rel, "alternate") && !HasToken(rel, "feed")) return;
    const std::string type = Lowered(Attribute(e, "type"));
    const bool feed = type.find("rss") != std::string::npos ||
                      type.find("atom") != std::string::npos ||
                      type.find("feed+json") != std::string::npos ||
                      HasToken(rel, "feed");
    if (feed) {
      Add(LinkKind::kFeed, href, type, Attribute(e, "title").substr(0, 300));
    } else if (tree_.scan.Has(e, "hreflang")) {
      Add(LinkKind::kAlternate, href, Attribute(e, "hreflang"));
    }
  }

  void Frame(const RawElement& e) {
    std::string src = Attribute(e, "src");
    if (src.empty()) src = Attribute(e, "data-src");
    Add(LinkKind::kFrame, src);
  }

  void Meta(const RawElement& e) {
    const std::string content = Attribute(e, "content");
    if (Lowered(Attribute(e, "http-equiv")) == "refresh") Refresh(content);
    if (Lowered(Attribute(e, "name")) == "robots") {
      const std::string value = Lowered(content);
      out_.noindex =
          out_.noindex || HasToken(value, "noindex") || HasToken(value, "none");
      out_.nofollow = out_.nofollow || HasToken(value, "nofollow") ||
                      HasToken(value, "none");
    }
  }

  // HTML Standard 4.2.5.3, the "shared declarative refresh steps".
  void Refresh(const std::string& content) {
    const auto space = [](char c) {
      return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
    };
    std::size_t at = 0;
    const auto skip = [&] {
      while (at < content.size() && space(content[at])) ++at;
    };
    skip();
    const std::size_t digits = at;
    while (at < content.size() &&
           ((content[at] >= '0' && content[at] <= '9') || content[at] == '.')) {
      ++at;
    }
    if (at == digits) return;
    skip();
    if (at >= content.size()) return;
    if (content[at] == ';' || content[at] == ',') ++at;
    skip();
    std::string rest = content.substr(at);
    if (Lowered(rest.substr(0, 3)) == "url") {
      std::size_t p = 3;
      while (p < rest.size() && space(rest[p])) ++p;
      if (p < rest.size() && rest[p] == '=') {
        ++p;
        while (p < rest.size() && space(rest[p])) ++p;
        rest.erase(0, p);
      }
    }
    if (!rest.empty() && (rest.front() == '"' || rest.front() == '\'')) {
      const std::size_t end = rest.find(rest.front(), 1);
      rest = rest.substr(1, end == std::string::npos ? end : end - 1);
    }
    Add(LinkKind::kRefresh, rest);
  }

  // The words inside each <a>, from the tree.
  void AnchorTexts() {
    std::size_t next = 0;
    for (std::size_t i = 0; i < tree_.nodes.size() && next < anchors_.size();
         ++i) {
      const Node& node = tree_.nodes[i];
      if (node.kind != NodeKind::kElement || node.ref < 0) continue;
      while (next < anchors_.size() && anchors_[next].first < node.ref) ++next;
      if (next == anchors_.size() || anchors_[next].first != node.ref) continue;
      std::string text;
      for (std::int32_t k = static_cast<std::int32_t>(i) + 1;
           k < node.end && text.size() < 600; ++k) {
        const Node& inner = tree_.nodes[static_cast<std::size_t>(k)];
        if (inner.kind == NodeKind::kText) {
          text += tree_.Text(inner).substr(0, 600);
        } else {
          text += ' ';
        }
      }
      text = CanonicalBlockText(text);
      if (text.size() > 300) {
        std::size_t cut = 300;
        while (cut > 0 &&
               (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) {
          --cut;
        }
        text.resize(cut);
      }
      out_.links[anchors_[next].second].text = std::move(text);
    }
  }

  const PageTree& tree_;
  std::optional<Url> base_;
  const HtmlLimits& limits_;
  Discovery& out_;
  std::set<std::pair<LinkKind, std::string>> seen_;
  std::vector<std::pair<std::int64_t, std::size_t>> anchors_;
};

// The tree is needed for the words of links and for addresses that stand in
// the text; all else is in the markup.
Result<PageTree> TreeFor(std::string_view utf8, const HtmlLimits& limits,
                         bool words) {
  PageTree tree;
  if (!words) {
    tree.scan = ScanMarkup(utf8, limits);
    if (!NamesAddresses(tree.scan)) return tree;
  }
  return BuildTree(utf8, limits);
}

Result<Discovery> Find(const PageInput& page, const HtmlLimits& limits,
                       bool words) {
  if (page.bytes.empty()) {
    return Error(ErrorCode::kInvalidArgument, "discover: the page is empty");
  }
  const DecodedText decoded =
      DecodePage(page.bytes, page.content_type, limits.max_bytes);
  STEMMA_TRY(const PageTree tree, TreeFor(decoded.utf8, limits, words));
  std::vector<PageBlock> blocks;
  if (NamesAddresses(tree.scan)) blocks = SegmentPage(tree, limits.max_blocks);
  const HeadFacts head = ReadHead(tree, page.url, limits.max_json_bytes);
  return DiscoverIn(tree, blocks, head, decoded.notes, limits, words);
}

}  // namespace

bool NamesAddresses(const Prescan& scan) {
  return scan.text.find("http") != std::string::npos;
}

Discovery DiscoverIn(const PageTree& tree, const std::vector<PageBlock>& blocks,
                     const HeadFacts& head, std::vector<std::string> notes,
                     const HtmlLimits& limits, bool words) {
  Discovery out;
  out.base_url = head.base_url;
  out.notes = std::move(notes);
  out.notes.insert(out.notes.end(), tree.scan.notes.begin(),
                   tree.scan.notes.end());
  LinkReader(tree, head, limits, out).Run(words);
  for (PlacedMedia& media : FindMedia(tree, blocks, head, limits.max_media)) {
    out.media.push_back(std::move(media.link));
  }
  if (out.links_left_out > 0) {
    out.notes.push_back(
        fmt::format("limit: {} links left out", out.links_left_out));
  }
  return out;
}

std::string_view NameOf(LinkKind kind) {
  switch (kind) {
    case LinkKind::kAnchor:
      return "a";
    case LinkKind::kCanonical:
      return "canonical";
    case LinkKind::kAmp:
      return "amp";
    case LinkKind::kNext:
      return "next";
    case LinkKind::kPrev:
      return "prev";
    case LinkKind::kFeed:
      return "feed";
    case LinkKind::kAlternate:
      return "alternate";
    case LinkKind::kShortlink:
      return "shortlink";
    case LinkKind::kFrame:
      return "frame";
    case LinkKind::kRefresh:
      return "refresh";
  }
  return "a";
}

Result<Discovery> Discover(const PageInput& page, const HtmlLimits& limits) {
  return Find(page, limits, true);
}

Result<Discovery> DiscoverAddresses(const PageInput& page,
                                    const HtmlLimits& limits) {
  return Find(page, limits, false);
}

}  // namespace stemma
