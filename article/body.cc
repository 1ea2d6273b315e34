#include "article/body.h"

#include <fmt/format.h>
#include <unicode/uchar.h>

#include <algorithm>
#include <array>
#include <bit>
#include <unordered_map>
#include <unordered_set>

#include "article/dates.h"
#include "article/furniture.h"
#include "article/media_refs.h"
#include "article/names.h"
#include "core/utf8.h"

namespace stemma {
namespace {

// A text shorter than this, counted in letters, proves nothing by itself.
constexpr std::uint32_t kProseWeight = 60;
constexpr std::uint32_t kLongWeight = 140;
constexpr double kLinkedText = 0.5;
constexpr std::size_t kLongestSearched = 200'000;  // bytes, for repeats

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
    ReadBlocks();
    WeighWitness();
    ChooseShape();
    if (native_count_ == 0) {
      DropAll();
    } else {
      FindExtent();
      CutTail();
      for (std::size_t i = 0; i < blocks_.size(); ++i) Judge(i);
      FindDeck();
      DropRepeats();
      DropBiographies();
      DropLoneHeadings();
    }
    Conclude();
    return std::move(body_);
  }

 private:
  // What is known of a block before the text is found.
  struct Facts {
    std::int32_t container = 0;
    int shape = -1;  // index into shapes_
    bool prose = false;
    bool native = false;    // of the shape of the text
    bool accepted = false;  // of another shape that is text as well
    Furniture furniture = Furniture::kNone;
  };

  // Blocks whose containers stand at the end of the same path of tags: the
  // paragraphs of one text, whatever the classes are called.
  struct Shape {
    double mass = 0;     // of prose
    double biggest = 0;  // of it, in one container
    int first = -1;      // block
    std::unordered_map<std::int32_t, double> containers;
  };

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
          kInButton, kInDetails, kInLabel, kInAddress, kInFigure, kInFigcaption,
          kInHeading}) {
      const auto bit = static_cast<std::size_t>(
          std::countr_zero(static_cast<unsigned>(context)));
      const bool strong =
          context == kInHidden || context == kInDialog || context == kInAside;
      if (by_bit[bit] > (strong ? 0.7 : 0.35) * total) ignored_ |= context;
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
    // A section that folds away has a button in its heading.
    if (In(block, kInButton) && block.kind != BlockKind::kHeading) {
      return "button";
    }
    if (In(block, kInDialog)) return "dialog";
    if (In(block, kInComment)) return "comment";
    if (In(block, kInForm)) return "form";
    if (In(block, kInAside)) return "aside";
    if (In(block, kInFooter)) return "footer";
    if (In(block, kInLabel)) return "label";
    if (In(block, kInAddress)) return "address";
    if (In(block, kInFigcaption) || block.kind == BlockKind::kCaption) {
      return "caption";
    }
    return {};
  }

  // Customs of the language decide on the line between headline and text.
  bool English() const { return hints_.language.starts_with("en"); }

  bool Open(std::size_t i) const { return body_.verdicts[i].rule.empty(); }
  bool IsTitle(std::size_t i) const {
    return static_cast<int>(i) == body_.title_block;
  }

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
    std::int32_t node = std::max(block.node, 0);
    const Tag tag = NodeAt(node).tag;
    if (block.split && tag != Tag::kP) return node;
    // A cell with prose is a column of a laid-out page; one without is data.
    if ((tag == Tag::kTd || tag == Tag::kTh) && block.weight >= kLongWeight) {
      return node;
    }
    std::int32_t up = std::max(NodeAt(node).parent, 0);
    // Lists and quotations stand in the text, not around it.
    while (up > 0) {
      const Tag around = NodeAt(up).tag;
      if (around != Tag::kLi && around != Tag::kUl && around != Tag::kOl &&
          around != Tag::kBlockquote && around != Tag::kDl &&
          around != Tag::kDd && around != Tag::kP && IsBlockTag(around) &&
          !(block.kind == BlockKind::kTableRow && IsTablePart(around))) {
        break;
      }
      up = NodeAt(up).parent;
    }
    return std::max(up, 0);
  }

  static bool IsTablePart(Tag tag) {
    return tag == Tag::kTable || tag == Tag::kTr || tag == Tag::kTbody ||
           tag == Tag::kThead || tag == Tag::kTfoot;
  }

  // A number for the tags from the root of the page down to each node.
  void NumberPaths() {
    paths_.assign(tree_.nodes.size(), 0);
    for (std::size_t i = 0; i < tree_.nodes.size(); ++i) {
      const Node& node = tree_.nodes[i];
      const std::uint64_t above =
          node.parent < 0 ? 14695981039346656037ULL
                          : paths_[static_cast<std::size_t>(node.parent)];
      // FNV-1a over the path's tags.
      paths_[i] = (above ^ (static_cast<std::uint64_t>(node.tag) + 1)) *
                  1099511628211ULL;
    }
  }

  void ReadBlocks() {
    facts_.resize(blocks_.size());
    NumberPaths();
    std::unordered_map<std::uint64_t, int> by_path;
    std::unordered_map<std::int32_t, int> by_container;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const PageBlock& block = blocks_[i];
      Facts& facts = facts_[i];
      facts.container = ContainerOf(block);
      facts.furniture = FurnitureOf(block.text);
      facts.prose = Open(i) && !IsTitle(i) && LooksLikeProse(block) &&
                    facts.furniture == Furniture::kNone &&
                    block.kind != BlockKind::kHeading;
      const auto known = by_container.find(facts.container);
      if (known != by_container.end()) {
        facts.shape = known->second;
      } else {
        const auto [it, added] =
            by_path.emplace(paths_[static_cast<std::size_t>(facts.container)],
                            static_cast<int>(shapes_.size()));
        if (added) shapes_.emplace_back();
        facts.shape = it->second;
        by_container.emplace(facts.container, facts.shape);
      }
    }
    FindComments();
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (facts_[i].prose) Weigh(i);
    }
    DoubtSignedShapes();
  }

  // Prose that comes in many pieces, each beside a line with a date, is what
  // many people said at many times.
  void DoubtSignedShapes() {
    std::vector<bool> dated(blocks_.size());
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const PageBlock& block = blocks_[i];
      dated[i] = block.text.size() < 70 && block.words <= 10 &&
                 block.text.find_first_of("0123456789") != std::string::npos &&
                 FindDate(block.text, "").has_value();
    }
    std::vector<int> all(shapes_.size()), with_date(shapes_.size());
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (!facts_[i].prose) continue;
      const auto shape = static_cast<std::size_t>(facts_[i].shape);
      ++all[shape];
      bool near = false;
      for (std::size_t k = i >= 2 ? i - 2 : 0;
           k < std::min(blocks_.size(), i + 3); ++k) {
        near = near || dated[k];
      }
      with_date[shape] += near ? 1 : 0;
    }
    for (std::size_t s = 0; s < shapes_.size(); ++s) {
      if (shapes_[s].containers.size() >= 3 && with_date[s] >= 3 &&
          with_date[s] * 10 > all[s] * 6) {
        shapes_[s].mass *= 0.25;
      }
    }
  }

  // Where readers begin to speak: "34 responses to ...", "Comments (2)".
  void FindComments() {
    double before = 0;
    int tries = 0;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const PageBlock& block = blocks_[i];
      if (static_cast<int>(i) <= body_.title_block) continue;
      if (before >= 150 && OpensComments(block.text) &&
          !In(block, kInHidden | kInButton | kInNav) &&
          (block.kind == BlockKind::kHeading || block.words <= 5) &&
          ++tries <= 20 && !HeadsASection(i) && MayBeComments(i)) {
        comments_ = static_cast<int>(i);
        return;
      }
      if (facts_[i].prose) before += block.weight;
    }
  }

  // "Discussion" may be a section of the text: a heading that stands where two
  // others stood before it.
  bool HeadsASection(std::size_t i) const {
    if (blocks_[i].heading < 2) return false;
    const auto path = [&](std::size_t k) {
      return paths_[static_cast<std::size_t>(std::max(blocks_[k].node, 0))];
    };
    if (blocks_[i].text.find_first_of("0123456789(") != std::string::npos) {
      return false;
    }
    int alike = 0;
    for (std::size_t k = 0; k < i; ++k) {
      if (static_cast<int>(k) <= body_.title_block || !Open(k)) continue;
      if (blocks_[k].heading == blocks_[i].heading && path(k) == path(i)) {
        ++alike;
      }
    }
    return alike >= 2;
  }

  // Whether the prose behind block `i` may be readers': not if it goes on in a
  // container that has prose before as well, nor if it is more than all before
  // it and in one piece.
  bool MayBeComments(std::size_t i) const {
    std::unordered_set<std::int32_t> before;
    double ahead = 0;
    for (std::size_t k = 0; k < i; ++k) {
      if (!facts_[k].prose) continue;
      before.insert(facts_[k].container);
      ahead += blocks_[k].weight;
    }
    std::unordered_map<std::int32_t, double> pieces;
    double same = 0, other = 0, biggest = 0;
    for (std::size_t k = i; k < blocks_.size(); ++k) {
      if (!facts_[k].prose) continue;
      (before.count(facts_[k].container) != 0 ? same : other) +=
          blocks_[k].weight;
      double& piece = pieces[facts_[k].container];
      piece += blocks_[k].weight;
      biggest = std::max(biggest, piece);
    }
    if (same > 0.5 * other) return false;
    return ahead >= 400 || biggest < ahead || biggest < 0.5 * (same + other);
  }

  void Weigh(std::size_t i) {
    const PageBlock& block = blocks_[i];
    Shape& shape = shapes_[static_cast<std::size_t>(facts_[i].shape)];
    double mass = block.weight * (1 - block.LinkDensity());
    if (static_cast<int>(i) < body_.title_block) mass *= 0.3;
    if (comments_ >= 0 && static_cast<int>(i) > comments_) mass *= 0.05;
    if (block.kind == BlockKind::kListItem ||
        block.kind == BlockKind::kTableRow) {
      mass *= 0.7;
    }
    if (FollowsLink(i)) mass *= 0.5;
    for (const MarkerHit& hit : markers_[i]) {
      if (hit.marker->drop && hit.marker->needs.empty()) mass *= 0.1;
    }
    shape.mass += mass;
    double& container = shape.containers[facts_[i].container];
    container += mass;
    shape.biggest = std::max(shape.biggest, container);
    if (shape.first < 0 && static_cast<int>(i) > body_.title_block) {
      shape.first = static_cast<int>(i);
    }
  }

  // A headline that is a link, and a sentence on what is behind it: a teaser.
  bool FollowsLink(std::size_t i) const {
    if (i == 0 || !Open(i - 1) || IsTitle(i - 1)) return false;
    return blocks_[i - 1].LinkDensity() > 0.8 && blocks_[i - 1].words >= 3;
  }

  // schema.org's articleBody is a witness: which blocks does it repeat?
  void WeighWitness() {
    witnessed_.assign(blocks_.size(), false);
    const std::string body =
        FoldForMatch(std::string_view(hints_.article_body).substr(0, 200'000));
    if (body.size() < 200) return;
    for (std::size_t i = 0; i < std::min<std::size_t>(blocks_.size(), 3000);
         ++i) {
      if (!Open(i)) continue;
      const std::string text = FoldForMatch(blocks_[i].text);
      if (text.size() < 20 || text.size() > 20'000) continue;
      if (body.find(text) == std::string::npos) continue;
      witnessed_[i] = true;
      shapes_[static_cast<std::size_t>(facts_[i].shape)].mass +=
          3.0 * blocks_[i].weight;
    }
  }

  // One container full of prose beats many with a little each, which is what
  // comments and teasers look like; the first behind the headline beats the
  // later ones.
  void ChooseShape() {
    int first = -1;
    for (const Shape& shape : shapes_) {
      if (shape.first >= 0 && (first < 0 || shape.first < first)) {
        first = shape.first;
      }
    }
    double best = 0;
    for (std::size_t s = 0; s < shapes_.size(); ++s) {
      const Shape& shape = shapes_[s];
      if (shape.mass <= 0) continue;
      double score =
          shape.biggest + 0.4 * std::max(0.0, shape.mass - shape.biggest);
      const double behind = shape.first < 0 ? 100 : shape.first - first;
      score *= 0.1 + 0.9 / (1 + behind / 20.0);
      if (score > best) {
        best = score;
        shape_ = static_cast<int>(s);
      }
    }
    if (shape_ < 0) return;
    MarkNatives();
  }

  void MarkNatives() {
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      facts_[i].native = facts_[i].shape == shape_ && Open(i) && !IsTitle(i);
      if (facts_[i].native) ++native_count_;
    }
    // The smallest element around all prose of the shape.
    const Shape& shape = shapes_[static_cast<std::size_t>(shape_)];
    for (const auto& [container, mass] : shape.containers) {
      // A text may be in very many pieces: then none is a good part of it.
      if (mass < 0.02 * shape.mass && mass < 0.25 * shape.biggest) continue;
      root_ = root_ < 0 ? container : Around(root_, container);
    }
    if (root_ < 0) root_ = 0;
    double listed = 0, told = 0;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (!facts_[i].native || !facts_[i].prose) continue;
      if (blocks_[i].kind == BlockKind::kListItem) {
        listed += blocks_[i].weight;
      } else {
        told += blocks_[i].weight;
        paragraphs_in_.insert(facts_[i].container);
      }
    }
    has_paragraphs_ = told > 0.5 * listed;
  }

  std::int32_t Around(std::int32_t a, std::int32_t b) const {
    while (a > 0 && !Within(b, a)) a = NodeAt(a).parent;
    return std::max(a, 0);
  }

  void DropAll() {
    for (BodyVerdict& verdict : body_.verdicts) {
      if (verdict.rule.empty()) verdict.rule = "no-body";
    }
    if (body_.title_block >= 0) {
      body_.verdicts[static_cast<std::size_t>(body_.title_block)] = {
          true, "title", BlockKind::kTitle};
    }
  }

  // A whole sentence of the text's shape, however short.
  bool IsNativeSentence(std::size_t i) const {
    const PageBlock& block = blocks_[i];
    if (!facts_[i].native || !Within(block.node, root_)) return false;
    if (facts_[i].furniture != Furniture::kNone) return false;
    if (block.kind == BlockKind::kHeading || block.LinkDensity() > 0.5) {
      return false;
    }
    if (block.kind == BlockKind::kListItem &&
        paragraphs_in_.count(facts_[i].container) == 0 && has_paragraphs_) {
      return false;  // a list that stands in no text
    }
    return facts_[i].prose || (block.ends_sentence && block.weight >= 20);
  }

  void FindExtent() {
    CountNatives();
    const int from = TextStart();
    double so_far = 0;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (static_cast<int>(i) < from || !IsNativeSentence(i)) continue;
      if (StartsAnew(i, so_far)) break;
      so_far += blocks_[i].weight;
      if (first_ < 0) first_ = static_cast<int>(i);
      last_ = static_cast<int>(i);
    }
    if (first_ < 0) {
      first_ = last_ = static_cast<int>(blocks_.size());
      return;
    }
    if (comments_ > first_) last_ = std::min(last_, comments_ - 1);
    TakeTrailingLists();
    TakeSameElement();
    TakeLastWords();
    text_first_ = first_;
    text_last_ = last_;
    TakeDeeper();
    TakeLead();
    Widen();
    FindEdges();
    AcceptShapes();
  }

  void CountNatives() {
    natives_before_.assign(blocks_.size() + 1, 0);
    told_behind_.assign(blocks_.size() + 1, 0);
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      natives_before_[i + 1] = natives_before_[i] + (facts_[i].native ? 1 : 0);
    }
    for (std::size_t i = blocks_.size(); i-- > 0;) {
      told_behind_[i] =
          told_behind_[i + 1] + (IsNativeSentence(i) ? blocks_[i].weight : 0);
    }
    description_ = FoldForMatch(hints_.description);
  }

  // Far behind the text, in another container: other stories of its shape.
  bool StartsAnew(std::size_t i, double so_far) const {
    if (last_ < 0 || so_far < 400) return false;
    const auto before = static_cast<std::size_t>(last_);
    if (facts_[i].container == facts_[before].container) return false;
    int between = 0;
    for (std::size_t k = before + 1; k < i; ++k) {
      if (blocks_[k].LinkDensity() > 0.5) ++between;
    }
    if (between <= 15) return false;
    return told_behind_[i] < so_far;
  }

  // Text begins behind the headline, unless most of it stands above.
  int TextStart() const {
    double above = 0, below = 0;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (!IsNativeSentence(i)) continue;
      (static_cast<int>(i) < body_.title_block ? above : below) +=
          blocks_[i].weight;
    }
    return below > 0.6 * above ? body_.title_block + 1 : 0;
  }

  static bool OpensItem(std::string_view text) {
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
      ++digits;
    }
    return digits >= 1 && digits <= 2 && digits + 1 < text.size() &&
           (text[digits] == ')' || text[digits] == '.');
  }

  // A text may end with a list, whose items are no sentences.
  void TakeTrailingLists() {
    int strangers = 0;
    for (std::size_t i = static_cast<std::size_t>(last_) + 1;
         i < blocks_.size() && strangers < 4; ++i) {
      const PageBlock& block = blocks_[i];
      if (comments_ >= 0 && static_cast<int>(i) >= comments_) return;
      if (!facts_[i].native || facts_[i].furniture != Furniture::kNone ||
          block.LinkDensity() > 0.3) {
        ++strangers;
        continue;
      }
      const bool item = block.kind == BlockKind::kListItem ||
                        block.kind == BlockKind::kTableRow ||
                        block.kind == BlockKind::kPreformatted ||
                        OpensItem(block.text);
      if (item && block.weight >= 8) last_ = static_cast<int>(i);
    }
  }

  // What follows in the element of the text's last sentence, and is as much as
  // a good part of the text: tables, and lines of a list that no <li> marks.
  void TakeSameElement() {
    const auto last = static_cast<std::size_t>(last_);
    double told = 0, more = 0;
    for (std::size_t i = 0; i <= last; ++i) {
      if (facts_[i].native && Open(i)) told += blocks_[i].weight;
    }
    int end = last_;
    for (std::size_t i = last + 1; i < blocks_.size(); ++i) {
      if (comments_ >= 0 && static_cast<int>(i) >= comments_) break;
      const PageBlock& block = blocks_[i];
      if (facts_[i].container != facts_[last].container || !Open(i)) continue;
      if (block.LinkDensity() > 0.3 ||
          facts_[i].furniture != Furniture::kNone ||
          !(block.tag == blocks_[last].tag || block.heading >= 2 ||
            block.kind == BlockKind::kTableRow)) {
        continue;
      }
      more += block.weight;
      end = static_cast<int>(i);
    }
    if (more > 0.15 * told) last_ = end;
  }

  // In code points.
  static std::ptrdiff_t LengthOf(std::string_view text) {
    return std::ranges::count_if(text, [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    });
  }

  // Who wrote it, or when: the article's data, not its text.
  bool IsCredit(std::string_view text) const {
    constexpr std::ptrdiff_t kLabel = 24;  // "Published on", "10:30 GMT"
    if (OpensByline(text)) return true;
    const std::optional<DateReading> date = FindDate(text, hints_.language);
    return date && LengthOf(text.substr(0, date->begin)) +
                           LengthOf(text.substr(date->end)) <=
                       kLabel;
  }

  // Lines before the first sentence and in its container: what one needs, what
  // is to come.
  void TakeLead() {
    const auto first = static_cast<std::size_t>(first_);
    int strangers = 0;
    for (int k = text_first_ - 1; k > body_.title_block && strangers < 4; --k) {
      const auto i = static_cast<std::size_t>(k);
      if (!facts_[i].native || facts_[i].container != facts_[first].container ||
          blocks_[i].LinkDensity() > 0.1 ||
          facts_[i].furniture != Furniture::kNone ||
          IsCredit(blocks_[i].text)) {
        ++strangers;
      } else if (blocks_[i].weight >= 8) {
        first_ = text_first_ = k;
      }
    }
  }

  // Prose deeper in the element around all of the text.
  void TakeDeeper() {
    double more = 0;
    int end = last_;
    for (std::size_t i = static_cast<std::size_t>(last_) + 1;
         i < blocks_.size(); ++i) {
      const PageBlock& block = blocks_[i];
      if (comments_ >= 0 && static_cast<int>(i) >= comments_) break;
      if (NodeAt(root_).tag == Tag::kBody || !Within(block.node, root_)) break;
      if (!Open(i) || !facts_[i].prose || !block.ends_sentence ||
          block.sentences < 1 || block.LinkDensity() > 0.2 ||
          DropHit(i) != nullptr) {
        continue;
      }
      more += block.weight;
      end = static_cast<int>(i);
    }
    const Shape& shape = shapes_[static_cast<std::size_t>(shape_)];
    if (more > 0.1 * shape.mass) last_ = end;
  }

  // "Happy practicing!" behind the last paragraph and in the same element.
  void TakeLastWords() {
    const auto last = static_cast<std::size_t>(last_);
    for (std::size_t i = last + 1; i < blocks_.size() && i < last + 4; ++i) {
      const PageBlock& block = blocks_[i];
      const bool words =
          facts_[i].native && facts_[i].container == facts_[last].container &&
          block.kind == BlockKind::kParagraph &&
          block.tag == blocks_[last].tag && block.ends_sentence &&
          block.link_weight == 0 && block.weight >= 8 &&
          facts_[i].furniture == Furniture::kNone;
      if (!words || (comments_ >= 0 && static_cast<int>(i) >= comments_))
        return;
      last_ = static_cast<int>(i);
    }
  }

  // Other shapes with a good part of the prose inside the extent are text, too:
  // a page may be built of sections.
  void AcceptShapes() {
    std::unordered_map<int, double> inside;
    for (int k = std::max(first_, 0);
         k <= last_ && k < static_cast<int>(blocks_.size()); ++k) {
      const auto i = static_cast<std::size_t>(k);
      if (!facts_[i].native && IsPlainProse(i)) {
        inside[facts_[i].shape] += blocks_[i].weight;
      }
    }
    const double mass = shapes_[static_cast<std::size_t>(shape_)].mass;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const auto it = inside.find(facts_[i].shape);
      facts_[i].accepted = it != inside.end() && it->second > 0.1 * mass;
    }
  }

  // Prose of another shape that goes before the text, behind the headline, or
  // follows it in the same <article> or a near element, is text as well.
  void Widen() {
    const Shape& shape = shapes_[static_cast<std::size_t>(shape_)];
    double lead = 0;
    int lead_first = text_first_;
    for (int k = text_first_ - 1; k > body_.title_block; --k) {
      const auto i = static_cast<std::size_t>(k);
      if (body_.title_block < 0 || !IsPlainProse(i)) continue;
      lead += blocks_[i].weight;
      lead_first = k;
    }
    if (lead > 0.05 * shape.mass) first_ = lead_first;
    // The first section's heading stands before its first sentence.
    while (first_ > 0 && facts_[static_cast<std::size_t>(first_) - 1].native &&
           blocks_[static_cast<std::size_t>(first_) - 1].heading >= 2 &&
           !IsTitle(static_cast<std::size_t>(first_) - 1)) {
      --first_;
      text_first_ = std::min(text_first_, first_);
    }
    std::int32_t around = root_;
    for (int level = 0; level < 3 && around > 0; ++level) {
      const Tag tag = NodeAt(around).tag;
      if (tag == Tag::kArticle || tag == Tag::kMain || tag == Tag::kBody) break;
      around = std::max(NodeAt(around).parent, 0);
    }
    if (NodeAt(around).tag == Tag::kBody || around == 0) return;
    double more = 0;
    int last = last_;
    for (std::size_t i = static_cast<std::size_t>(text_last_) + 1;
         i < blocks_.size(); ++i) {
      if (comments_ >= 0 && static_cast<int>(i) >= comments_) break;
      if (!Within(blocks_[i].node, around)) break;
      if (!IsPlainProse(i)) continue;
      more += blocks_[i].weight;
      last = static_cast<int>(i);
    }
    if (more > 0.25 * shape.mass) last_ = last;
  }

  // Between the text's own sentences and the ends that Widen found, the
  // containers that hold prose.
  void FindEdges() {
    const int end = std::min(last_ + 1, static_cast<int>(blocks_.size()));
    for (int k = std::max(first_, 0); k < end; ++k) {
      if (k >= text_first_ && k <= text_last_) continue;
      const auto i = static_cast<std::size_t>(k);
      if (IsPlainProse(i)) edges_.insert(facts_[i].container);
    }
  }

  // Prose that nothing speaks against.
  bool IsPlainProse(std::size_t i) const {
    const PageBlock& block = blocks_[i];
    return facts_[i].prose && block.ends_sentence && block.sentences >= 1 &&
           block.weight >= 80 && block.LinkDensity() < 0.2 &&
           !In(block, kInFigure | kInAuthor | kInListItem) &&
           DropHit(i) == nullptr;
  }

  int Natives(int before) const {
    const auto last = static_cast<int>(blocks_.size());
    return natives_before_[static_cast<std::size_t>(
        std::clamp(before, 0, last))];
  }

  bool Counts(const MarkerHit& hit, std::size_t i) const {
    if (hit.marker->needs.empty() || hit.foreign_link) return true;
    if (hit.marker->needs == "link") return false;
    const int at = static_cast<int>(i);
    if (at < first_ || at > last_) return true;
    const int before = natives_before_[i] - Natives(first_);
    const int behind = Natives(last_ + 1) - natives_before_[i + 1];
    return before < 3 || behind < 3;
  }

  const MarkerHit* DropHit(std::size_t i) const {
    for (const MarkerHit& hit : markers_[i]) {
      if (hit.marker->drop && Counts(hit, i)) return &hit;
    }
    return nullptr;
  }

  // A marker or a heading of comments ends the text only when a good part of
  // the text is before it: some sites open with their appeal.
  void CutTail() {
    double before = 0, total = 0;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (facts_[i].native) total += blocks_[i].weight;
    }
    for (int k = std::max(first_, 0); k <= last_; ++k) {
      const auto i = static_cast<std::size_t>(k);
      if (i >= blocks_.size()) return;
      if (Open(i) && before >= 0.25 * total) {
        std::string by;
        for (const MarkerHit& hit : markers_[i]) {
          if (hit.marker->cut && Counts(hit, i)) by = hit.marker->id;
        }
        if (facts_[i].furniture == Furniture::kComments &&
            (blocks_[i].kind == BlockKind::kHeading || blocks_[i].words <= 6)) {
          by = "comments";
        }
        if (!by.empty()) {
          cut_ = k;
          cut_by_ = by;
          last_ = k;
          return;
        }
      }
      if (facts_[i].native) before += blocks_[i].weight;
    }
  }

  void Judge(std::size_t i) {
    BodyVerdict& verdict = body_.verdicts[i];
    if (IsTitle(i)) {
      verdict = {true, "title", BlockKind::kTitle};
      return;
    }
    if (!verdict.rule.empty()) return;
    const int at = static_cast<int>(i);
    if (IsBareMediaUrl(blocks_[i].text)) {
      verdict = {at >= first_ && at <= last_, "bare-media",
                 BlockKind::kMediaUrl};
      return;
    }
    std::string drop = DropRule(i);
    if (!drop.empty()) {
      verdict.rule = std::move(drop);
      return;
    }
    verdict.kept = true;
    if (at < first_) {
      verdict.rule = "standfirst";
      // Where it begins the text it is a paragraph, however it is tagged.
      if (!English() && verdict.kind == BlockKind::kHeading) {
        verdict.kind = BlockKind::kParagraph;
      }
    } else {
      verdict.rule = witnessed_[i]      ? "witnessed"
                     : facts_[i].native ? "text"
                                        : "prose-inside";
    }
  }

  // Why a block is no text; "" when it is.
  std::string DropRule(std::size_t i) const {
    const PageBlock& block = blocks_[i];
    const Facts& facts = facts_[i];
    const int at = static_cast<int>(i);
    if (block.weight == 0) return IsSectionRule(i) ? "" : "separator";
    if (const MarkerHit* hit = DropHit(i)) return "marker:" + hit->marker->id;
    if (cut_ >= 0 && at >= cut_) return "behind:" + cut_by_;
    if (at < first_) return IsStandfirst(i) ? "" : "before-text";
    if (at > last_) return "behind-text";
    if (facts.furniture != Furniture::kNone && !witnessed_[i]) {
      return fmt::format("furniture:{}", NameOf(facts.furniture));
    }
    if (Within(block.node, root_) && In(block, kInQuote) && at >= text_first_ &&
        at <= text_last_) {
      return "";
    }
    if (IsPictureText(i)) return "picture-text";
    if (IsDataLine(i)) return "credit-line";
    if (block.LinkDensity() > kLinkedText && !IsLinkedSentence(i) &&
        !IsLinkedHeading(i)) {
      return "links";
    }
    if (at < text_first_ || at > text_last_) {
      if (facts.accepted && block.kind != BlockKind::kListItem) return "";
      if (StandsAtTheEdge(i)) return "";
      return IsPlainProse(i) ? "" : "edge";
    }
    if (facts.native || facts.accepted) return "";
    if (!Within(block.node, root_)) return "outside";
    if (block.kind == BlockKind::kHeading ||
        block.kind == BlockKind::kPreformatted ||
        block.kind == BlockKind::kTableRow) {
      return "";
    }
    if (block.kind == BlockKind::kListItem && block.link_weight == 0 &&
        block.words >= 3) {
      return "";
    }
    // What stands in a cell of a table that is itself in the text.
    if (In(block, kInTable) && NodeAt(root_).tag != Tag::kTd) return "";
    return facts.prose && block.ends_sentence ? "" : "other-shape";
  }

  // "Published: 3 May 2020, 10:30" among the first paragraphs or the last.
  bool IsDataLine(std::size_t i) const {
    constexpr std::size_t kLongest = 120;
    const PageBlock& block = blocks_[i];
    if (block.kind != BlockKind::kParagraph || block.ends_sentence ||
        block.text.size() > kLongest) {
      return false;
    }
    const int before = natives_before_[i] - Natives(first_);
    const int behind = Natives(last_ + 1) - natives_before_[i];
    if (before >= 3 && behind > 3) return false;
    return IsCredit(block.text);
  }

  // Headings and lists that belong to prose of another shape.
  bool StandsAtTheEdge(std::size_t i) const {
    const PageBlock& block = blocks_[i];
    if (block.kind == BlockKind::kParagraph || block.LinkDensity() >= 0.3) {
      return false;
    }
    if (edges_.count(facts_[i].container) != 0) return true;
    return block.kind == BlockKind::kHeading ||
           (block.kind == BlockKind::kListItem && block.words >= 4 &&
            block.link_weight == 0);
  }

  // "___" between two parts of the text, as the wires write it.
  bool IsSectionRule(std::size_t i) const {
    const int at = static_cast<int>(i);
    return facts_[i].native && at > text_first_ && at <= text_last_ + 1 &&
           blocks_[i].text.size() >= 2 &&
           blocks_[i].text.find_first_not_of('_') == std::string::npos;
  }

  // A short text beside a picture, in an element that holds little else; or one
  // that names a picture's owner.
  bool IsPictureText(std::size_t i) const {
    const PageBlock& block = blocks_[i];
    if (block.weight > 500 || block.kind == BlockKind::kHeading) return false;
    if (block.kind == BlockKind::kTableRow ||
        block.kind == BlockKind::kPreformatted) {
      return false;
    }
    if (In(block, kInFigure)) return true;
    return NamesPictureOwner(block.text);
  }

  bool IsLinkedSentence(std::size_t i) const {
    const PageBlock& block = blocks_[i];
    return facts_[i].native && block.ends_sentence && block.weight >= 30 &&
           block.kind == BlockKind::kParagraph;
  }

  // The heading of a section may be a link to what the section is about.
  bool IsLinkedHeading(std::size_t i) const {
    return facts_[i].native && blocks_[i].heading > 0 &&
           static_cast<int>(i) >= text_first_ &&
           static_cast<int>(i) <= text_last_;
  }

  // Between headline and text: what the head calls the description, or a
  // sentence that is neither byline nor caption.
  bool IsStandfirst(std::size_t i) const {
    const PageBlock& block = blocks_[i];
    if (static_cast<int>(i) < body_.title_block) return false;
    if (body_.title_block < 0 || block.LinkDensity() > 0.3) return false;
    if (block.weight < 30 || block.words < 5) return false;
    if (facts_[i].furniture != Furniture::kNone) return false;
    if (In(block, kInFigure | kInAuthor)) return false;
    if (BeginsText(i)) return true;
    if (In(block, kInListItem)) return false;
    const std::string text = FoldForMatch(block.text);
    return text.size() >= 20 && text.size() < 4000 && !description_.empty() &&
           (description_.find(text) != std::string::npos ||
            text.find(description_) != std::string::npos);
  }

  // A whole sentence between headline and text, where the language's custom is
  // that such a one is the text's first.
  bool BeginsText(std::size_t i) const {
    const PageBlock& block = blocks_[i];
    if (hints_.language.empty() || hints_.language.starts_with("en")) {
      return false;
    }
    return block.ends_sentence && block.weight >= 60 && block.words >= 8 &&
           block.LinkDensity() < 0.2 && !IsPictureText(i);
  }

  // A standfirst is part of the headline when byline, date or picture part it
  // from the text, on a page in English. (An English deck repeats the text; a
  // Vorspann or chapô begins it.) It goes with the title, which is no part of
  // the text either. See docs/decisions/article-standfirst.md.
  void FindDeck() {
    if (!English()) return;
    bool parted = false;
    for (int k = std::min(first_, static_cast<int>(blocks_.size())) - 1;
         k > body_.title_block; --k) {
      BodyVerdict& verdict = body_.verdicts[static_cast<std::size_t>(k)];
      if (!verdict.kept) {
        parted = true;
      } else if (parted && verdict.rule == "standfirst") {
        verdict.rule = "deck";
        verdict.kind = BlockKind::kStandfirst;
      }
    }
  }

  // What a paragraph of the text says as well: a pull quote, a picture's text,
  // a box. A paragraph of the text itself that is there twice was written
  // twice; a text may begin with what its first sentence says again, where
  // that is the language's custom.
  void DropRepeats() {
    std::string all;
    std::vector<std::size_t> begin(blocks_.size() + 1);
    const auto counts = [&](std::size_t i) {
      return body_.verdicts[i].kept &&
             body_.verdicts[i].kind != BlockKind::kTitle &&
             body_.verdicts[i].kind != BlockKind::kStandfirst;
    };
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      begin[i] = all.size();
      if (counts(i)) all += FoldForMatch(blocks_[i].text) + '\n';
    }
    begin[blocks_.size()] = all.size();
    if (all.size() > kLongestSearched) return;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const bool may = body_.verdicts[i].kind == BlockKind::kQuote ||
                       (body_.verdicts[i].kind == BlockKind::kParagraph &&
                        !facts_[i].native);
      if (!English() && body_.verdicts[i].rule == "standfirst") continue;
      if (!counts(i) || !may || begin[i + 1] - begin[i] < 40 ||
          begin[i + 1] - begin[i] > 600) {
        continue;
      }
      const std::string_view text =
          std::string_view(all).substr(begin[i], begin[i + 1] - begin[i] - 1);
      std::size_t at = all.find(text);
      if (at == begin[i]) at = all.find(text, begin[i + 1]);
      if (at == std::string::npos) continue;
      const bool whole = all.compare(at + text.size(), 1, "\n") == 0 &&
                         (at == 0 || all[at - 1] == '\n');
      if (whole && at > begin[i]) continue;  // the first stays
      body_.verdicts[i] = {false, "repeat", blocks_[i].kind};
    }
  }

  // "Jane Doe is a reporter in ..." where the text ends.
  void DropBiographies() {
    int seen = 0;
    for (std::size_t i = blocks_.size(); i-- > 0 && seen < 3;) {
      BodyVerdict& verdict = body_.verdicts[i];
      if (!verdict.kept || verdict.kind == BlockKind::kTitle) continue;
      ++seen;
      if (blocks_[i].weight < 700 && IsBiography(blocks_[i].text)) {
        verdict.kept = false;
        verdict.rule = "about-author";
      }
    }
  }

  // An author's name is near the beginning, or somebody's who "is a writer".
  bool IsBiography(const std::string& text) const {
    constexpr std::size_t kNear = 24;  // "The correspondent Jane Doe is ..."
    for (const std::string& author : hints_.authors) {
      if (ReadsLikeName(author) &&
          text.substr(0, kNear + author.size()).find(author) !=
              std::string::npos) {
        return true;
      }
    }
    return IntroducesAuthor(text);
  }

  // A heading goes when the next kept block is a heading of its rank or above,
  // or when there is none.
  void DropLoneHeadings() {
    std::vector<std::size_t> next_text(blocks_.size() + 1, blocks_.size());
    for (std::size_t i = blocks_.size(); i-- > 0;) {
      const BodyVerdict& verdict = body_.verdicts[i];
      const bool text = verdict.kept && verdict.kind != BlockKind::kHeading;
      next_text[i] = text ? i : next_text[i + 1];
    }
    int below = 0;  // rank of the heading that follows, 0: text follows
    bool any = false;
    for (std::size_t i = blocks_.size(); i-- > 0;) {
      BodyVerdict& verdict = body_.verdicts[i];
      if (!verdict.kept || verdict.kind == BlockKind::kTitle) continue;
      if (verdict.kind != BlockKind::kHeading) {
        below = 0;
        any = true;
        continue;
      }
      const int rank = blocks_[i].heading == 0 ? 6 : blocks_[i].heading;
      if (!any || (below != 0 && below <= rank) ||
          HeadsABox(i, next_text[i + 1])) {
        verdict = {false, "heading-alone", BlockKind::kHeading};
        continue;
      }
      below = rank;
    }
  }

  // A heading outside the text's own container needs kept text in its own.
  bool HeadsABox(std::size_t i, std::size_t next_text) const {
    if (facts_[i].native || next_text == i + 1) return false;
    return next_text >= blocks_.size() ||
           !Within(blocks_[next_text].node, facts_[i].container);
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
  std::vector<Facts> facts_;
  std::vector<Shape> shapes_;
  std::vector<std::uint64_t> paths_;  // by node
  std::vector<int> natives_before_;   // by block; one more than there are
  std::vector<double> told_behind_;   // weight of native sentences from here
  std::string description_;           // folded
  std::vector<bool> witnessed_;
  std::unordered_set<std::int32_t> edges_;          // containers
  std::unordered_set<std::int32_t> paragraphs_in_;  // containers
  bool has_paragraphs_ = false;
  int shape_ = -1, native_count_ = 0;
  std::int32_t root_ = -1;
  int first_ = -1, last_ = -1, cut_ = -1, comments_ = -1;
  int text_first_ = -1, text_last_ = -1;  // of native sentences
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
