#include "article/extract.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "article/authors_of_head.h"
#include "article/body.h"
#include "article/charset.h"
#include "article/discover_tree.h"
#include "article/markers.h"
#include "article/media_refs.h"
#include "article/metadata.h"
#include "article/page_tree.h"
#include "article/segment.h"
#include "article/site_rules.h"
#include "core/ascii.h"
#include "core/url.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

void FillBlocks(const std::vector<PageBlock>& blocks, const Body& body,
                Article& article);

BodyHints HintsOf(const HeadFacts& head) {
  BodyHints hints;
  hints.titles = TitleCandidates(head);
  if (const LdArticle* a = head.Main()) hints.article_body = a->body;
  hints.description = head.Meta("og:description");
  hints.language = Lowered(LanguageOf(head));
  hints.authors = NamedAuthors(head);
  hints.list_page = head.ld.list_page && head.Main() == nullptr;
  return hints;
}

bool Selects(const PageTree& tree, std::int32_t node,
             const std::vector<SiteSelector>& selectors) {
  const RawElement* element = tree.Element(node);
  if (element == nullptr) return false;
  for (const SiteSelector& selector : selectors) {
    if (!selector.tag.empty() && NameOf(element->tag) != selector.tag) continue;
    if (!selector.attribute.empty()) {
      if (!tree.scan.Has(*element, selector.attribute)) continue;
      const std::string value =
          " " + tree.scan.Attribute(*element, selector.attribute) + " ";
      if (!selector.word.empty() &&
          value.find(" " + selector.word + " ") == std::string::npos) {
        continue;
      }
    }
    return true;
  }
  return false;
}

// A site's rule overrules where the text is, never what hides it.
void ApplySiteRule(const PageTree& tree, const std::vector<PageBlock>& blocks,
                   const SiteRule& rule, Body& body) {
  bool found = rule.body.empty();
  std::vector<bool> inside(tree.nodes.size()), dropped(tree.nodes.size());
  for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
    const auto parent =
        static_cast<std::size_t>(std::max(tree.nodes[i].parent, 0));
    const auto node = static_cast<std::int32_t>(i);
    inside[i] = inside[parent] || Selects(tree, node, rule.body);
    dropped[i] = dropped[parent] || Selects(tree, node, rule.drop);
    found = found || inside[i];
  }
  if (!found) {
    body.notes.push_back("site-rule " + rule.id + ": its body is not here");
    return;
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    BodyVerdict& verdict = body.verdicts[i];
    if (verdict.kind == BlockKind::kTitle) continue;
    const auto node = static_cast<std::size_t>(std::max(blocks[i].node, 0));
    const bool body_says = rule.body.empty() ? verdict.kept : inside[node];
    const bool may = verdict.kept || verdict.rule == "before-text" ||
                     verdict.rule == "behind-text" || verdict.rule == "edge" ||
                     verdict.rule == "other-shape" ||
                     verdict.rule == "outside" || verdict.rule == "no-body";
    const bool keep = body_says && may && !dropped[node];
    if (keep == verdict.kept) continue;
    verdict.kept = keep;
    verdict.rule = "site-rule:" + rule.id;
  }
  body.is_article = true;
}

// The record says what the text would be without the rule.
void UseSiteRule(const PageTree& tree, const std::vector<PageBlock>& blocks,
                 const SiteRules* rules, std::string_view page_url,
                 Body& body) {
  if (rules == nullptr) return;
  const Result<Url> url = Url::Parse(page_url);
  const SiteRule* rule = url ? rules->For(url->host()) : nullptr;
  if (rule == nullptr) return;
  Article plain;
  FillBlocks(blocks, body, plain);
  body.notes.push_back("site-rule " + rule->id + ": without it the text is " +
                       Sha256Of(CanonicalText(plain)).Labelled());
  ApplySiteRule(tree, blocks, *rule, body);
}

void FillBlocks(const std::vector<PageBlock>& blocks, const Body& body,
                Article& article) {
  article.blocks.reserve(blocks.size());
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    Block block;
    block.kind = body.verdicts[i].kind;
    block.text = blocks[i].text;
    block.kept = body.verdicts[i].kept;
    block.rule = body.verdicts[i].rule;
    block.source_begin = blocks[i].source_begin;
    block.source_end = blocks[i].source_end;
    article.blocks.push_back(std::move(block));
  }
}

// Media with a place follow the last block that begins before them. Images of
// the furniture around the text are left out.
void FillMedia(std::vector<PlacedMedia> found, Article& article) {
  int first = -1, last = -1;
  for (std::size_t i = 0; i < article.blocks.size(); ++i) {
    if (!article.blocks[i].kept) continue;
    if (first < 0) first = static_cast<int>(i);
    last = static_cast<int>(i);
  }
  for (PlacedMedia& media : found) {
    if (media.placed) {
      const auto behind = std::lower_bound(
          article.blocks.begin(), article.blocks.end(), media.source,
          [](const Block& block, std::uint32_t at) {
            return block.source_begin < at;
          });
      media.link.after_block =
          static_cast<int>(behind - article.blocks.begin()) - 1;
      if (media.link.kind == MediaKind::kImage &&
          (first < 0 || media.link.after_block < first ||
           media.link.after_block > last)) {
        continue;
      }
    }
    article.media.push_back(std::move(media.link));
  }
}

bool HoldsInvisible(std::string_view text) {
  for (const std::string_view sign :
       {"\xE2\x80\x8B", "\xE2\x81\xA0", "\xEF\xBB\xBF"}) {
    if (text.find(sign) != std::string_view::npos) return true;
  }
  return false;
}

// Zero-width characters are used to mark copies: L1 drops them, the record
// says where they stood in the text.
std::vector<std::string> InvisibleIn(const std::vector<BlockSource>& sources,
                                     const Body& body) {
  std::vector<std::string> notes;
  std::size_t more = 0;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (!body.verdicts[i].kept) continue;
    for (const TextFinding& finding : sources[i].invisible) {
      if (finding.kind != "zero-width") continue;
      if (notes.size() >= 50) {
        ++more;
        continue;
      }
      notes.push_back(fmt::format(
          "zero-width: block {}, byte {}: {}{}", i, finding.offset,
          finding.detail,
          finding.count > 1 ? fmt::format(", {} in all", finding.count) : ""));
    }
  }
  if (more > 0) notes.push_back(fmt::format("zero-width: {} more", more));
  return notes;
}

void FillLinks(const PageTree& tree, const HeadFacts& head,
               std::size_t max_links, Article& article) {
  const Result<Url> base = Url::Parse(head.base_url);
  std::unordered_set<std::string> seen;
  std::size_t left_out = 0;
  for (const RawElement& e : tree.scan.elements) {
    if (e.tag != Tag::kA && e.tag != Tag::kArea) continue;
    const std::string href = tree.scan.Attribute(e, "href");
    if (href.empty() || href.front() == '#') continue;
    const Result<Url> url = Url::Parse(href, base ? &*base : nullptr);
    if (!url || !url->IsHttp()) continue;
    std::string address = url->HrefWithoutFragment();
    if (!seen.insert(address).second) continue;
    if (article.links.size() >= max_links) {
      ++left_out;
      continue;
    }
    article.links.push_back(std::move(address));
  }
  if (left_out > 0) {
    article.notes.push_back(fmt::format("limit: {} links left out", left_out));
  }
}

// `found`: what the page points at, or null when nobody asks.
Result<Article> Extract(const PageInput& page, const HtmlLimits& limits,
                        const SiteRules* rules, Discovery* found) {
  if (page.bytes.empty()) {
    return Error(ErrorCode::kInvalidArgument, "extract: the page is empty");
  }
  if (const std::string_view kind = BinaryKind(page.bytes); !kind.empty()) {
    return Error(ErrorCode::kMalformed,
                 fmt::format("extract: not a page but {}", kind));
  }
  DecodedText decoded =
      DecodePage(page.bytes, page.content_type, limits.max_bytes);
  STEMMA_TRY(const PageTree tree, BuildTree(decoded.utf8, limits));
  std::vector<BlockSource> sources;
  std::vector<PageBlock> blocks =
      SegmentPage(tree, limits.max_blocks,
                  HoldsInvisible(tree.scan.text) ? &sources : nullptr);
  const HeadFacts head = ReadHead(tree, page.url, limits.max_json_bytes);
  if (found != nullptr) {
    const bool named = NamesAddresses(tree.scan);
    *found = DiscoverIn(tree, named ? blocks : std::vector<PageBlock>(), head,
                        decoded.notes, limits, false);
  }
  const auto markers = FindMarkers(tree, blocks, head, page.url);
  Body body = FindBody(tree, blocks, markers, HintsOf(head));
  UseSiteRule(tree, blocks, rules, page.url, body);

  Article article;
  article.url = page.url;
  article.charset = decoded.charset.encoding;
  article.is_article = body.is_article;
  article.confidence = body.confidence;
  article.notes = std::move(decoded.notes);
  const auto note = [&](const std::vector<std::string>& notes) {
    article.notes.insert(article.notes.end(), notes.begin(), notes.end());
  };
  note(tree.scan.notes);
  if (blocks.size() > limits.max_blocks) {
    article.notes.push_back(
        fmt::format("limit: more than {} blocks", limits.max_blocks));
  }
  note(head.ld.notes);
  note(body.notes);
  note(InvisibleIn(sources, body));
  FillMetadata(tree, blocks, head, body, article);
  FillBlocks(blocks, body, article);
  FillClaims(tree, blocks, head, markers, body.title_block, article);
  FillMedia(FindMedia(tree, blocks, head, limits.max_media), article);
  FillLinks(tree, head, limits.max_links, article);
  return article;
}

}  // namespace

Result<Article> ExtractArticle(const PageInput& page, const HtmlLimits& limits,
                               const SiteRules* rules) {
  return Extract(page, limits, rules, nullptr);
}

Result<PageReading> ReadPage(const PageInput& page, const HtmlLimits& limits,
                             const SiteRules* rules) {
  PageReading reading;
  STEMMA_TRY(reading.article, Extract(page, limits, rules, &reading.found));
  return reading;
}

}  // namespace stemma
