#include "article/markers.h"

#include <toml++/toml.h>

#include <algorithm>
#include <set>

#include "article/body.h"
#include "article/dates.h"
#include "article/names.h"
#include "article/phrases.h"
#include "article/text_layers.h"

namespace stemma {
namespace {

constexpr std::string_view kCatalogue =
#include "marker_catalogue.inc"
    ;

std::vector<std::string> ListOf(const toml::node_view<const toml::node>& node) {
  std::vector<std::string> out;
  if (const toml::array* list = node.as_array()) {
    for (const toml::node& item : *list) {
      if (const auto text = item.value<std::string>()) out.push_back(*text);
    }
  }
  return out;
}

MarkerCatalogue ReadCatalogue() {
  MarkerCatalogue out;
  // The text is ours and tested; a broken one leaves the catalogue empty.
  try {
    const toml::table table = toml::parse(kCatalogue);
    if (const toml::array* markers = table["marker"].as_array()) {
      for (const toml::node& node : *markers) {
        const auto& t = *node.as_table();
        Marker m;
        m.id = t["id"].value_or(std::string());
        m.kind = t["kind"].value_or(std::string());
        m.language = t["lang"].value_or(std::string("any"));
        m.match = t["match"].value_or(std::string("start"));
        m.name = t["name"].value_or(std::string("none"));
        m.needs = t["needs"].value_or(std::string());
        m.confidence = t["confidence"].value_or(1);
        m.drop = t["drop"].value_or(false);
        m.cut = t["cut"].value_or(false);
        m.words = ListOf(t["words"]);
        m.also = ListOf(t["also"]);
        out.markers.push_back(std::move(m));
      }
    }
    if (const toml::array* agencies = table["agency"].as_array()) {
      for (const toml::node& node : *agencies) {
        const auto& t = *node.as_table();
        out.agencies.push_back(
            {t["name"].value_or(std::string()), ListOf(t["signs"])});
      }
    }
  } catch (const toml::parse_error&) {
    return {};
  }
  return out;
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (end > begin) lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

struct Anchor {
  std::string url, text;
};

// The links of a block with their words, in order.
std::vector<Anchor> AnchorsOf(const PageTree& tree, const PageBlock& block,
                              const std::string& base) {
  std::vector<Anchor> anchors;
  if (block.links.empty()) return anchors;
  std::int32_t node = block.first;
  std::set<std::int32_t> seen;
  for (; node <= block.last && anchors.size() < 40; ++node) {
    const Node& text = tree.nodes[static_cast<std::size_t>(node)];
    if (text.kind != NodeKind::kText) continue;
    std::int32_t up = text.parent;
    for (int steps = 0; up >= 0 && steps < 12; ++steps) {
      const Node& n = tree.nodes[static_cast<std::size_t>(up)];
      if (n.tag == Tag::kA && n.ref >= 0) break;
      up = n.parent;
    }
    if (up < 0 || tree.nodes[static_cast<std::size_t>(up)].tag != Tag::kA) {
      continue;
    }
    const std::string words = CanonicalBlockText(tree.Text(text));
    if (seen.insert(up).second) {
      anchors.push_back({Resolve(tree.Attribute(up, "href"), base), words});
    } else if (!anchors.empty()) {
      anchors.back().text += words;
    }
  }
  return anchors;
}

bool Matches(const Marker& marker, const std::string& lower,
             std::size_t& name_at) {
  for (const std::string& words : marker.words) {
    std::size_t at = std::string::npos;
    if (marker.match == "whole") {
      if (lower == words) at = 0;
    } else if (marker.match == "start") {
      // An opening bracket, dash or asterisk does not hide a phrase.
      std::size_t begin = lower.find_first_not_of("([*-–—•► \"“");
      if (begin == std::string::npos) begin = 0;
      if (lower.compare(0, words.size(), words) == 0) at = 0;
      if (lower.compare(begin, words.size(), words) == 0) at = begin;
    } else {
      at = lower.find(words);
    }
    if (at == std::string::npos) continue;
    name_at = at + words.size();
    if (marker.also.empty()) return true;
    for (const std::string& also : marker.also) {
      if (lower.find(also) != std::string::npos) return true;
    }
  }
  return false;
}

PhraseIndex IndexOf(const std::vector<Marker>& markers) {
  PhraseIndex index;
  for (std::size_t i = 0; i < markers.size(); ++i) {
    for (const std::string& words : markers[i].words) {
      index.Add(words, static_cast<std::uint16_t>(i));
    }
  }
  return index;
}

std::string_view TrimName(std::string_view text) {
  static constexpr std::string_view kEdge = " \t\n.,;:|-–—()[]\"“”«»";
  while (!text.empty() && kEdge.find(text.front()) != std::string_view::npos) {
    text.remove_prefix(1);
  }
  while (!text.empty() && kEdge.find(text.back()) != std::string_view::npos) {
    text.remove_suffix(1);
  }
  return text;
}

constexpr std::string_view kPrepositions[] = {
    " at ",  " by ", " in ", " on ", " from ", " of ", " auf ", " bei ",
    " von ", " em ", " no ", " na ", " da ",   " do ", " de "};

// The name a marker's line gives: what follows the phrase, up to the end of the
// sentence.
std::string NameIn(const MarkerHit& hit) {
  const std::string& rule = hit.marker->name;
  if (rule == "none" || hit.name_at > hit.line.size()) return {};
  std::string_view rest = std::string_view(hit.line).substr(hit.name_at);
  if (rule == "after-preposition") {
    // The phrase may end with its preposition.
    const std::string padded = " " + std::string(rest);
    std::size_t best = std::string::npos, size = 0;
    for (const std::string_view word : kPrepositions) {
      const std::size_t at = padded.find(word);
      if (at != std::string::npos && at < best && at < 24) {
        best = at;
        size = word.size();
      }
    }
    if (best != std::string::npos) rest = rest.substr(best + size - 1);
  } else if (rule == "after-on" || rule == "after-auf") {
    const std::string_view word = rule == "after-on" ? " on " : " auf ";
    const std::size_t at = rest.rfind(word);
    if (at != std::string_view::npos) rest = rest.substr(at + word.size());
  } else if (rule == "copyright") {
    rest = rest.substr(
        std::min(rest.find_first_not_of(" 0123456789-–"), rest.size()));
    rest = rest.substr(0, rest.find_first_of(",."));
  }
  std::size_t end = rest.find_first_of("|\n(");
  for (const std::string_view stop :
       {". ", ", ", " under a ", " and is ", " on January", " and was "}) {
    end = std::min(end, rest.find(stop));
  }
  rest = TrimName(rest.substr(0, end));
  return rest.size() > 120 ? "" : std::string(rest);
}

constexpr std::size_t kMaxClaims = 200;

class ClaimReader {
 public:
  ClaimReader(const PageTree& tree, const std::vector<PageBlock>& blocks,
              const HeadFacts& head,
              const std::vector<std::vector<MarkerHit>>& hits, int title_block,
              Article& article)
      : tree_(tree),
        blocks_(blocks),
        head_(head),
        hits_(hits),
        title_block_(title_block),
        article_(article),
        site_(SiteOf(article.url)) {}

  void Run() {
    FindExtent();
    CountKept();
    LinesUnderTitle();
    for (std::size_t i = 0; i < blocks_.size(); ++i) Marked(i);
    Dateline();
    FromHead();
    FromJsonLd();
    FromCounters();
    Bylines();
  }

 private:
  bool Foreign(const std::string& url) const {
    if (url.empty()) return false;
    const std::string site = SiteOf(url);
    return !site.empty() && !site_.empty() && site != site_;
  }

  void FindExtent() {
    for (std::size_t i = 0; i < article_.blocks.size(); ++i) {
      const Block& block = article_.blocks[i];
      if (!block.kept || block.kind == BlockKind::kTitle) continue;
      if (first_ < 0) first_ = static_cast<int>(i);
      last_ = static_cast<int>(i);
    }
  }

  SourceClaim& Claim(std::string kind, std::string name, std::string url,
                     std::string quote, int block, double confidence) {
    for (SourceClaim& claim : article_.claims) {
      if (claim.kind == kind && claim.name == name && claim.url == url &&
          claim.block == block) {
        return claim;
      }
    }
    SourceClaim claim;
    claim.kind = std::move(kind);
    claim.name = std::move(name);
    claim.url = std::move(url);
    claim.quote = std::move(quote);
    claim.block = block;
    claim.confidence = confidence;
    article_.claims.push_back(std::move(claim));
    return article_.claims.back();
  }

  bool NearTitle(int i) const {
    const int from = title_block_ < 0 ? 0 : title_block_ - 4;
    return i >= from && i <= std::max(title_block_, 0) + 14;
  }

  // "NAME, January 30, 2020" and "NAME 29 January 2020" with a link: who
  // publishes, and who did first. "Region: A, B" is taxonomy.
  void LinesUnderTitle() {
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const int at = static_cast<int>(i);
      if (!NearTitle(at) || article_.blocks[i].kept) continue;
      const PageBlock& block = blocks_[i];
      if (block.text.size() > 400 || (block.context & kInHidden) != 0) continue;
      const std::vector<Anchor> anchors =
          AnchorsOf(tree_, block, head_.base_url);
      if (Taxonomy(i, anchors)) continue;
      for (const std::string& line : LinesOf(block.text)) {
        PublisherLine(line, anchors, at);
      }
    }
  }

  bool Taxonomy(std::size_t i, const std::vector<Anchor>& anchors) {
    const PageBlock& block = blocks_[i];
    const std::size_t colon = block.text.find(':');
    if (anchors.empty() || colon == std::string::npos || colon > 30 ||
        block.LinkDensity() < 0.25 ||
        block.text.find('\n') != std::string::npos) {
      return false;
    }
    if (OpensByline(block.text)) return false;
    for (const Anchor& anchor : anchors) {
      if (Foreign(anchor.url) || anchor.text.size() > 60) return false;
    }
    for (const Anchor& anchor : anchors) {
      if (!anchor.text.empty() && article_.keywords.size() < 100 &&
          std::find(article_.keywords.begin(), article_.keywords.end(),
                    anchor.text) == article_.keywords.end()) {
        article_.keywords.push_back(anchor.text);
      }
    }
    article_.blocks[i].rule = "taxonomy";
    return true;
  }

  void PublisherLine(const std::string& line,
                     const std::vector<Anchor>& anchors, int block) {
    if (line.size() > 140 || OpensByline(line)) return;
    const auto date = FindDate(line, article_.language);
    if (!date) return;
    std::string name(TrimName(line.substr(0, date->begin)));
    const std::string_view behind =
        TrimName(std::string_view(line).substr(date->end));
    if (name.empty() || name.size() > 80 || behind.size() > 40) return;
    if (FoldForMatch(name).size() < 3) return;
    const Anchor* link = nullptr;
    for (const Anchor& anchor : anchors) {
      if (anchor.text.size() > 2 &&
          line.find(anchor.text) != std::string::npos) {
        link = &anchor;
      }
    }
    const std::string url = link == nullptr ? "" : link->url;
    DateClaim claim = date->claim;
    claim.source = "publisher-line";
    if (Foreign(url)) {
      Claim("original-source-line", name, url, line, block, 0.9).date = claim;
      AddDate(claim);
      return;
    }
    const std::string folded = FoldForMatch(name);
    const std::string site = FoldForMatch(article_.site_name);
    const bool own =
        folded == site || folded == FoldForMatch(article_.publisher) ||
        (!site.empty() && site.find(folded) != std::string::npos) ||
        site_.find(folded) != std::string::npos;
    if (!own) return;
    if (article_.publisher.empty()) article_.publisher = name;
    if (!article_.published || article_.published->source == "text" ||
        article_.published->source == "url") {
      article_.published = claim;
    }
    AddDate(claim);
  }

  void AddDate(const DateClaim& claim) {
    for (DateClaim& known : article_.dates) {
      if (known.time == claim.time && known.source == "text") {
        known.source = claim.source;
        return;
      }
    }
    article_.dates.push_back(claim);
  }

  void CountKept() {
    kept_before_.assign(article_.blocks.size() + 1, 0);
    for (std::size_t i = 0; i < article_.blocks.size(); ++i) {
      const Block& block = article_.blocks[i];
      const bool text = block.kept && block.kind != BlockKind::kTitle;
      kept_before_[i + 1] = kept_before_[i] + (text ? 1 : 0);
    }
  }

  bool AtEdge(int block) const {
    if (first_ < 0 || block < first_ || block > last_) return true;
    const auto at = static_cast<std::size_t>(block);
    const int before = kept_before_[at];
    const int behind = kept_before_.back() - kept_before_[at + 1];
    return before < 3 || behind < 3;
  }

  void Marked(std::size_t i) {
    if (article_.claims.size() >= kMaxClaims) return;
    for (const MarkerHit& hit : hits_[i]) {
      const Marker& marker = *hit.marker;
      const int block = static_cast<int>(i);
      if (marker.needs == "link" && !hit.foreign_link) continue;
      if (marker.needs == "edge" && !hit.foreign_link && !AtEdge(block)) {
        continue;
      }
      if ((blocks_[i].context & (kInHidden | kInLabel)) != 0) continue;
      if (blocks_[i].kind == BlockKind::kCaption) continue;
      Record(hit, marker, block);
    }
  }

  void Record(const MarkerHit& hit, const Marker& marker, int block) {
    std::string name = NameIn(hit);
    std::string url;
    const std::vector<Anchor> anchors = AnchorsOf(
        tree_, blocks_[static_cast<std::size_t>(block)], head_.base_url);
    for (const Anchor& anchor : anchors) {
      if (hit.line.find(anchor.text) == std::string::npos) continue;
      if (!Foreign(anchor.url)) continue;
      url = anchor.url;
      if (name.empty() && anchor.text.size() < 80) name = anchor.text;
      break;
    }
    const double confidence = marker.confidence / 3.0;
    if (marker.kind == "boilerplate" || marker.kind == "credit") return;
    if (marker.kind == "licence") {
      if (article_.licence.empty()) article_.licence = hit.line;
      Claim("licence", name, url, hit.line, block, confidence);
      return;
    }
    if (marker.kind == "copyright") {
      if (article_.copyright.empty()) article_.copyright = hit.line;
      if (url.empty() && IsOwn(name)) return;
      Claim("copyright", name, url, hit.line, block, confidence);
      return;
    }
    if (marker.kind == "agency") {
      for (const Agency& agency : Markers().agencies) {
        if (hit.line.find(agency.name) != std::string::npos) name = agency.name;
      }
      for (const Agency& agency : Markers().agencies) {
        if (name.empty() &&
            hit.line.find(agency.signs.front()) != std::string::npos) {
          name = agency.name;
        }
      }
    }
    if (marker.id.starts_with("conversation")) name = "The Conversation";
    // A page that names only itself claims no source.
    if (url.empty() && IsOwn(name)) return;
    if (name.empty() && url.empty()) return;
    Claim(marker.kind, name, url, hit.line, block, confidence);
  }

  bool IsOwn(const std::string& name) const {
    const std::string folded = FoldForMatch(name);
    if (folded.empty()) return false;
    return folded == FoldForMatch(article_.site_name) ||
           folded == FoldForMatch(article_.publisher) ||
           FoldForMatch(site_).starts_with(folded);
  }

  // "OSLO (Reuters) - ", "LONDON, Jan 30 (Xinhua) --", "(ANSA) - ROMA".
  void Dateline() {
    if (first_ < 0) return;
    const std::string& text =
        article_.blocks[static_cast<std::size_t>(first_)].text;
    const std::string_view head = std::string_view(text).substr(0, 120);
    for (const Agency& agency : Markers().agencies) {
      for (const std::string& sign : agency.signs) {
        for (const auto& [open, close] :
             {std::pair<std::string_view, std::string_view>{"(", ")"},
              {"/", "/"},
              {"（", "）"},
              {"【", "】"}}) {
          const std::string token =
              std::string(open) + sign + std::string(close);
          const std::size_t at = head.find(token);
          if (at == std::string_view::npos || at > 80) continue;
          const std::string_view behind = head.substr(at + token.size());
          const std::size_t dash = behind.find_first_of("-\xE2\x80\x93:.");
          if (at > 0 && dash > 3) continue;
          const std::string quote(head.substr(0, at + token.size()));
          SourceClaim& claim =
              Claim("agency", agency.name, "", quote, first_, 1.0);
          const std::string place(TrimName(head.substr(0, at)));
          if (!place.empty()) {
            SourceClaim& dateline =
                Claim("dateline", place, "", quote, first_, 1.0);
            if (const auto date = FindDate(place, article_.language)) {
              dateline.date = date->claim;
              claim.date = date->claim;
            }
          }
          return;
        }
      }
    }
  }

  void FromHead() {
    if (Foreign(head_.canonical)) {
      Claim("canonical", "", head_.canonical, "rel=canonical", -1, 1.0);
    }
    const std::string og = Resolve(head_.Meta("og:url"), head_.base_url);
    if (Foreign(og) && og != head_.canonical) {
      Claim("canonical", "", og, "og:url", -1, 0.67);
    }
    for (const char* name : {"syndication-source", "original-source",
                             "dcterms.source", "dc.source"}) {
      const std::string value = head_.Meta(name);
      if (value.empty()) continue;
      const std::string url = value.find("://") == std::string::npos
                                  ? ""
                                  : Resolve(value, head_.base_url);
      if (url.empty() ? IsOwn(value) || value.size() > 100 : !Foreign(url)) {
        continue;
      }
      Claim("republished-from", url.empty() ? value : "", url, name, -1, 0.67);
    }
  }

  void FromJsonLd() {
    const LdArticle* a = head_.Main();
    if (a == nullptr) return;
    const std::string based_on = Resolve(a->based_on, head_.base_url);
    if (Foreign(based_on)) {
      Claim("republished-from", a->based_on_name, based_on, "isBasedOn", -1,
            0.67);
    }
    const auto owner = [&](const std::vector<LdPerson>& people,
                           const char* key) {
      for (const LdPerson& person : people) {
        if (IsOwn(person.name) || person.name.empty()) continue;
        const std::string url = Resolve(person.url, head_.base_url);
        Claim(
            std::string_view(key) == "copyrightHolder" ? "copyright" : "agency",
            person.name, Foreign(url) ? url : "", key, -1, 0.67);
      }
    };
    owner(a->source_organization, "sourceOrganization");
    owner(a->copyright_holder, "copyrightHolder");
    owner(a->provider, "provider");
  }

  // Counters that republication widgets put into the text.
  void FromCounters() {
    for (const RawElement& e : tree_.scan.elements) {
      if (e.tag != Tag::kImg && e.tag != Tag::kScript) continue;
      if (e.attributes == 0) continue;
      const std::string src = tree_.scan.Attribute(e, "src");
      const auto has = [&](std::string_view what) {
        return src.find(what) != std::string::npos;
      };
      if (has("counter.theconversation.com/content/")) {
        const std::size_t at = src.find("/content/") + 9;
        const std::string id = src.substr(at, src.find('/', at) - at);
        Claim("republished-from", "The Conversation",
              "https://theconversation.com/" + id, src, -1, 1.0);
      } else if (has("pixel.propublica.org")) {
        Claim("republished-from", "ProPublica", "", src, -1, 1.0);
      } else if (has("republication-pixel=true")) {
        const std::string url = Resolve(src, head_.base_url);
        if (Foreign(url)) {
          Claim("republished-from", SiteOf(url), url, src, -1, 1.0);
        }
      } else if (has("republish.groundup.org.za/counter/")) {
        Claim("republished-from", "GroundUp", "", src, -1, 1.0);
      }
    }
  }

  // An author who is the source named elsewhere on the page.
  void Bylines() {
    const std::size_t count = article_.claims.size();
    for (const std::string& author : article_.authors) {
      for (std::size_t i = 0; i < count; ++i) {
        const SourceClaim& claim = article_.claims[i];
        if (FoldForMatch(claim.name) != FoldForMatch(author)) continue;
        const std::string url = claim.url;
        Claim("byline", author, url, author, -1, 0.67);
        break;
      }
    }
  }

  const PageTree& tree_;
  const std::vector<PageBlock>& blocks_;
  const HeadFacts& head_;
  const std::vector<std::vector<MarkerHit>>& hits_;
  int title_block_;
  Article& article_;
  std::string site_;
  int first_ = -1, last_ = -1;
  std::vector<int> kept_before_;  // by block; one more than there are
};

}  // namespace

const MarkerCatalogue& Markers() {
  static const MarkerCatalogue catalogue = ReadCatalogue();
  return catalogue;
}

std::vector<std::vector<MarkerHit>> FindMarkers(
    const PageTree& tree, const std::vector<PageBlock>& blocks,
    const HeadFacts& head, std::string_view page_url) {
  constexpr std::size_t kLongestMarked = 2500;
  static const PhraseIndex index = IndexOf(Markers().markers);
  const std::string site = SiteOf(page_url);
  std::vector<std::vector<MarkerHit>> hits(blocks.size());
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i].text.size() > kLongestMarked) continue;
    for (const std::string& line : LinesOf(blocks[i].text)) {
      const std::string lower = LowerForPhrases(line);
      for (const std::uint16_t number : index.In(lower)) {
        const Marker& marker = Markers().markers[number];
        std::size_t name_at = 0;
        if (!Matches(marker, lower, name_at)) continue;
        MarkerHit hit;
        hit.marker = &marker;
        hit.line = line;
        hit.name_at = name_at;
        for (const Anchor& anchor : AnchorsOf(tree, blocks[i], head.base_url)) {
          const std::string other = SiteOf(anchor.url);
          if (!other.empty() && !site.empty() && other != site) {
            hit.foreign_link = true;
          }
        }
        hits[i].push_back(std::move(hit));
      }
    }
  }
  return hits;
}

void FillClaims(const PageTree& tree, const std::vector<PageBlock>& blocks,
                const HeadFacts& head,
                const std::vector<std::vector<MarkerHit>>& hits,
                int title_block, Article& article) {
  ClaimReader(tree, blocks, head, hits, title_block, article).Run();
}

}  // namespace stemma
