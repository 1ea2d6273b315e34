#include "article/body.h"

#include <fmt/format.h>
#include <unicode/uchar.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "article/furniture.h"
#include "article/media_refs.h"
#include "core/utf8.h"

namespace stemma {
namespace {

// A text shorter than this, counted in letters, proves nothing by itself.
constexpr std::uint32_t kProseWeight = 60;
constexpr std::uint32_t kLongWeight = 140;
constexpr double kLinkedText = 0.5;

class BodyFinder {
 public:
  BodyFinder(const PageTree& tree, const std::vector<PageBlock>& blocks,
             const std::vector<std::vector<MarkerHit>>& markers,
             const BodyHints& hints)
      : tree_(tree), blocks_(blocks), markers_(markers), hints_(hints) {}

  Body Run() {
    body_.verdicts.resize(blocks_.size());
    FindWrappers();
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      body_.verdicts[i].kind = blocks_[i].kind;
      body_.verdicts[i].rule = HardRule(blocks_[i]);
    }
    FindTitle();
    WeighNodes();
    WeighWitness();
    ChooseRoot();
    JudgeBlocks();
    Conclude();
    return std::move(body_);
  }

 private:
  const Node& NodeAt(std::int32_t i) const {
    return tree_.nodes[static_cast<std::size_t>(i)];
  }
  bool Within(std::int32_t node, std::int32_t ancestor) const {
    return node >= ancestor && node < NodeAt(ancestor).end;
  }

  // An <aside>, <form>, <footer>, hidden element that holds most of the page's
  // prose is no aside: the whole page may stand in one <form>.
  void FindWrappers() {
    double total = 0;
    std::array<double, 32> by_bit{};
    for (const PageBlock& block : blocks_) {
      if (!LooksLikeProse(block)) continue;
      total += block.weight;
      for (std::size_t bit = 0; bit < by_bit.size(); ++bit) {
        if ((block.context >> bit) & 1U) by_bit[bit] += block.weight;
      }
    }
    for (const Context context :
         {kInAside, kInForm, kInFooter, kInHeader, kInHidden, kInNav, kInDialog,
          kInButton, kInDetails, kInLabel, kInAddress, kInFigure}) {
      const auto bit = static_cast<std::size_t>(
          std::countr_zero(static_cast<unsigned>(context)));
      if (by_bit[bit] > 0.6 * total) ignored_ |= context;
    }
  }

  static bool LooksLikeProse(const PageBlock& block) {
    if (block.weight < kProseWeight || block.LinkDensity() > 0.4) return false;
    return block.ends_sentence || block.sentences > 0 ||
           block.weight >= kLongWeight;
  }

  bool In(const PageBlock& block, std::uint32_t contexts) const {
    return (block.context & contexts & ~ignored_) != 0;
  }

  // What never is article text, wherever it stands; "" for the rest.
  std::string HardRule(const PageBlock& block) const {
    if (In(block, kInHidden)) return "hidden";
    if (In(block, kInNav)) return "nav";
    if (In(block, kInBreadcrumb)) return "breadcrumb";
    if (In(block, kInButton)) return "button";
    if (In(block, kInDialog)) return "dialog";
    if (In(block, kInComment)) return "comment";
    if (In(block, kInForm)) return "form";
    if (In(block, kInAside)) return "aside";
    if (In(block, kInFooter)) return "footer";
    if (In(block, kInLabel)) return "label";
    if (In(block, kInAddress)) return "address";
    return {};
  }

  bool Open(std::size_t i) const { return body_.verdicts[i].rule.empty(); }

  // The headline: the best match to what the head says, <h1> first.
  void FindTitle() {
    std::vector<std::string> titles;
    for (const std::string& title : hints_.titles) {
      titles.push_back(FoldForMatch(title));
    }
    double best = 0;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const PageBlock& block = blocks_[i];
      if (block.words > 60 || block.text.size() > 500) continue;
      if (In(block, kInHidden | kInNav | kInBreadcrumb)) continue;
      const std::string folded = FoldForMatch(block.text);
      if (folded.size() < 4) continue;
      double score = 0;
      for (const std::string& title : titles) {
        if (folded == title) {
          score = std::max(score, 3.0);
        } else if (folded.size() > 12 &&
                   title.find(folded) != std::string::npos) {
          score = std::max(score, 1.0 + static_cast<double>(folded.size()) /
                                            static_cast<double>(title.size()));
        }
      }
      if (block.heading == 1) {
        score += In(block, kInAside | kInFooter) ? 0.2 : 1.0;
      } else if (block.heading == 2) {
        score += 0.3;
      }
      if (score < 1.0) continue;
      if (score > best + 0.001) {
        best = score;
        body_.title_block = static_cast<int>(i);
      }
    }
  }

  // The element whose child the block is: paragraphs of one text share it.
  std::int32_t ContainerOf(const PageBlock& block) const {
    std::int32_t node = block.node;
    if (node < 0) return 0;
    const Tag tag = NodeAt(node).tag;
    if (block.split && tag != Tag::kP) return node;
    if (tag == Tag::kLi || tag == Tag::kTd || tag == Tag::kTh ||
        tag == Tag::kDd || tag == Tag::kDt) {
      const std::int32_t list = NodeAt(node).parent;
      if (tag == Tag::kTd || tag == Tag::kTh) return node;
      return list < 0 ? 0 : std::max(NodeAt(list).parent, 0);
    }
    std::int32_t parent = NodeAt(node).parent;
    if (parent >= 0 && NodeAt(parent).tag == Tag::kBlockquote) {
      parent = NodeAt(parent).parent;
    }
    return std::max(parent, 0);
  }

  void WeighNodes() {
    direct_.assign(tree_.nodes.size(), 0);
    mass_.assign(tree_.nodes.size(), 0);
    linked_.assign(tree_.nodes.size(), 0);
    all_.assign(tree_.nodes.size(), 0);
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const PageBlock& block = blocks_[i];
      const auto node = static_cast<std::size_t>(std::max(block.node, 0));
      if (!In(block, kInHidden)) {
        linked_[node] += block.link_weight;
        all_[node] += block.weight;
      }
      if (!Open(i) || !LooksLikeProse(block)) continue;
      if (block.kind == BlockKind::kHeading ||
          block.kind == BlockKind::kCaption) {
        continue;
      }
      double mass = block.weight * (1 - block.LinkDensity());
      if (IsFurniture(block)) mass *= 0.1;
      direct_[static_cast<std::size_t>(ContainerOf(block))] += mass;
      mass_[node] += mass;
    }
    for (std::size_t i = tree_.nodes.size(); i-- > 1;) {
      const auto parent =
          static_cast<std::size_t>(std::max(tree_.nodes[i].parent, 0));
      mass_[parent] += mass_[i];
      linked_[parent] += linked_[i];
      all_[parent] += all_[i];
    }
  }

  bool IsFurniture(const PageBlock& block) const {
    return FurnitureOf(block.text) != Furniture::kNone;
  }

  // schema.org's articleBody is a witness: which blocks does it repeat?
  void WeighWitness() {
    witnessed_.assign(blocks_.size(), false);
    const std::string body = FoldForMatch(hints_.article_body);
    if (body.size() < 200) return;
    std::size_t found = 0;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (In(blocks_[i], kInHidden)) continue;
      const std::string text = FoldForMatch(blocks_[i].text);
      if (text.size() < 20) continue;
      if (body.find(text) != std::string::npos) {
        witnessed_[i] = true;
        found += text.size();
      }
    }
    witness_share_ =
        static_cast<double>(found) / static_cast<double>(body.size());
    has_witness_ = witness_share_ > 0.5;
  }

  // The container with most prose of its own, with its children counted at a
  // discount, then up as long as what is around continues the text.
  void ChooseRoot() {
    std::vector<double> score(direct_);
    for (std::size_t i = tree_.nodes.size(); i-- > 1;) {
      if (direct_[i] <= 0) continue;
      double share = 0.6;
      std::int32_t up = tree_.nodes[i].parent;
      for (int level = 0; level < 3 && up >= 0; ++level) {
        score[static_cast<std::size_t>(up)] += direct_[i] * share;
        share *= 0.6;
        up = NodeAt(up).parent;
      }
    }
    for (std::size_t i = 0; i < score.size(); ++i) {
      if (score[i] > best_score_) {
        best_score_ = score[i];
        container_ = static_cast<std::int32_t>(i);
      }
    }
    if (container_ < 0) return;
    root_ = container_;
    ClimbToWhole();
  }

  void ClimbToWhole() {
    while (true) {
      const std::int32_t parent = NodeAt(root_).parent;
      if (parent < 0) return;
      const Tag tag = NodeAt(root_).tag;
      if (tag == Tag::kArticle || tag == Tag::kMain || tag == Tag::kBody)
        return;
      const double own = mass_[static_cast<std::size_t>(root_)];
      const double more = mass_[static_cast<std::size_t>(parent)] - own;
      const double linked = linked_[static_cast<std::size_t>(parent)];
      const double all = all_[static_cast<std::size_t>(parent)];
      if (all > 0 && linked / all > 0.35) return;
      if (more > 1.5 * own) return;
      root_ = parent;
    }
  }

  void JudgeBlocks() {
    if (root_ < 0) {
      for (BodyVerdict& verdict : body_.verdicts) {
        if (verdict.rule.empty()) verdict.rule = "no-body";
      }
      return;
    }
    FindExtent();
    CutTail();
    for (std::size_t i = 0; i < blocks_.size(); ++i) Judge(i);
    DropBoxes();
  }

  // From the first to the last prose inside the root.
  void FindExtent() {
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (!Open(i) || !Within(blocks_[i].node, root_)) continue;
      if (!LooksLikeProse(blocks_[i]) || IsFurniture(blocks_[i])) continue;
      if (first_ < 0) first_ = static_cast<int>(i);
      last_ = static_cast<int>(i);
    }
  }

  bool Counts(const MarkerHit& hit, std::size_t i) const {
    if (hit.marker->needs.empty() || hit.foreign_link) return true;
    if (hit.marker->needs == "link") return false;
    const int at = static_cast<int>(i);
    if (at < first_ || at > last_) return true;
    int before = 0, behind = 0;
    for (int k = first_; k <= last_; ++k) {
      const auto other = static_cast<std::size_t>(k);
      if (!Open(other) || !Within(blocks_[other].node, root_)) continue;
      before += k < at ? 1 : 0;
      behind += k > at ? 1 : 0;
    }
    return before < 3 || behind < 3;
  }

  const MarkerHit* DropHit(std::size_t i) const {
    for (const MarkerHit& hit : markers_[i]) {
      if (hit.marker->drop && Counts(hit, i)) return &hit;
    }
    return nullptr;
  }

  // A marker that ends the text ends it only when most of the text is before
  // it: some sites open with their appeal.
  void CutTail() {
    double before = 0;
    double total = 0;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (Open(i) && Within(blocks_[i].node, root_)) total += blocks_[i].weight;
    }
    for (int k = std::max(first_, 0); k <= last_; ++k) {
      const auto i = static_cast<std::size_t>(k);
      if (!Open(i) || !Within(blocks_[i].node, root_)) continue;
      for (const MarkerHit& hit : markers_[i]) {
        if (!hit.marker->cut || !Counts(hit, i) || before < 0.4 * total) {
          continue;
        }
        cut_ = k;
        cut_by_ = hit.marker->id;
        last_ = k;
        return;
      }
      before += blocks_[i].weight;
    }
  }

  void Judge(std::size_t i) {
    const PageBlock& block = blocks_[i];
    BodyVerdict& verdict = body_.verdicts[i];
    if (static_cast<int>(i) == body_.title_block) {
      verdict = {true, "title", BlockKind::kTitle};
      return;
    }
    if (!verdict.rule.empty()) return;
    if (!Within(block.node, root_)) {
      verdict.rule = "outside";
      return;
    }
    if (block.kind == BlockKind::kCaption) {
      verdict.rule = "caption";
      return;
    }
    if (IsBareMediaUrl(block.text)) {
      const bool inside =
          static_cast<int>(i) >= first_ && static_cast<int>(i) <= last_;
      verdict = {inside, "bare-media", BlockKind::kMediaUrl};
      return;
    }
    if (block.weight == 0) {
      verdict.rule = "separator";
      return;
    }
    const int at = static_cast<int>(i);
    if (at < first_) {
      verdict.rule = "before-text";
      return;
    }
    if (const MarkerHit* hit = DropHit(i)) {
      verdict.rule = "marker:" + hit->marker->id;
      return;
    }
    if (cut_ >= 0 && at >= cut_) {
      verdict.rule = "behind:" + cut_by_;
      return;
    }
    if (at > last_) {
      verdict.rule = "after-text";
      return;
    }
    if (block.LinkDensity() > kLinkedText && !InRunningText(i)) {
      verdict.rule = "links";
      return;
    }
    const Furniture furniture = FurnitureOf(block.text);
    if (furniture != Furniture::kNone && !witnessed_[i]) {
      verdict.rule = fmt::format("furniture:{}", NameOf(furniture));
      return;
    }
    verdict.kept = true;
    verdict.rule = witnessed_[i] ? "witnessed" : "text";
  }

  // A wholly linked paragraph between two that are text of the same container.
  bool InRunningText(std::size_t i) const {
    return blocks_[i].ends_sentence && blocks_[i].weight >= kProseWeight &&
           ContainerOf(blocks_[i]) == container_;
  }

  // Headings with nothing kept below them go.
  void DropBoxes() {
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      BodyVerdict& verdict = body_.verdicts[i];
      if (!verdict.kept || verdict.kind != BlockKind::kHeading) continue;
      std::size_t next = i + 1;
      while (next < blocks_.size() && !body_.verdicts[next].kept) ++next;
      if (next == blocks_.size()) {
        verdict = {false, "heading-alone", BlockKind::kHeading};
      }
    }
  }

  void Conclude() {
    double kept = 0, prose = 0;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (!body_.verdicts[i].kept ||
          body_.verdicts[i].kind == BlockKind::kTitle) {
        continue;
      }
      kept += blocks_[i].weight;
      if (LooksLikeProse(blocks_[i])) prose += blocks_[i].weight;
    }
    body_.is_article = prose >= 200;
    body_.confidence = kept == 0 ? 0.0 : prose / kept;
  }

  const PageTree& tree_;
  const std::vector<PageBlock>& blocks_;
  const std::vector<std::vector<MarkerHit>>& markers_;
  const BodyHints& hints_;
  Body body_;
  std::uint32_t ignored_ = 0;
  std::vector<double> direct_, mass_, linked_, all_;
  std::vector<bool> witnessed_;
  double witness_share_ = 0, best_score_ = 0;
  bool has_witness_ = false;
  std::int32_t container_ = -1, root_ = -1;
  int first_ = -1, last_ = -1, cut_ = -1;
  std::string cut_by_;
};

}  // namespace

std::string FoldForMatch(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    const char32_t c = NextCodePoint(text, &at);
    if (c < 0x80) {
      if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
        out += static_cast<char>(c);
      } else if (c >= 'A' && c <= 'Z') {
        out += static_cast<char>(c + 32);
      }
    } else if (u_isalnum(static_cast<UChar32>(c))) {
      AppendUtf8(static_cast<char32_t>(u_foldCase(static_cast<UChar32>(c), 0)),
                 &out);
    }
  }
  return out;
}

Body FindBody(const PageTree& tree, const std::vector<PageBlock>& blocks,
              const std::vector<std::vector<MarkerHit>>& markers,
              const BodyHints& hints) {
  return BodyFinder(tree, blocks, markers, hints).Run();
}

}  // namespace stemma
