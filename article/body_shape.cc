#include "article/body_shape.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "article/body_comments.h"
#include "article/dates.h"

namespace stemma {
namespace {

class ShapeFinder : private BodyStep {
 public:
  explicit ShapeFinder(BodyDraft& draft) : BodyStep(draft) {}

  bool Run() {
    ReadBlocks();
    WeighWitness();
    ChooseShape();
    return native_count_ > 0;
  }

 private:
  // Blocks whose containers stand at the end of the same path of tags: the
  // paragraphs of one text, whatever the classes are called.
  struct Shape {
    double mass = 0;     // of prose
    double biggest = 0;  // of it, in one container
    int first = -1;      // block
    std::unordered_map<std::int32_t, double> containers;
  };

  // The element whose child the block is: paragraphs of one text share it.
  std::int32_t ContainerOf(const PageBlock& block) const {
    std::int32_t node = std::max(block.node, 0);
    const Tag tag = draft_.NodeAt(node).tag;
    if (block.split && tag != Tag::kP) return node;
    // A cell with prose is a column of a laid-out page; one without is data.
    if ((tag == Tag::kTd || tag == Tag::kTh) && block.weight >= kLongWeight) {
      return node;
    }
    std::int32_t up = std::max(draft_.NodeAt(node).parent, 0);
    // Lists and quotations stand in the text, not around it.
    while (up > 0) {
      const Tag around = draft_.NodeAt(up).tag;
      if (around != Tag::kLi && around != Tag::kUl && around != Tag::kOl &&
          around != Tag::kBlockquote && around != Tag::kDl &&
          around != Tag::kDd && around != Tag::kP && IsBlockTag(around) &&
          !(block.kind == BlockKind::kTableRow && IsTablePart(around))) {
        break;
      }
      up = draft_.NodeAt(up).parent;
    }
    return std::max(up, 0);
  }

  static bool IsTablePart(Tag tag) {
    return tag == Tag::kTable || tag == Tag::kTr || tag == Tag::kTbody ||
           tag == Tag::kThead || tag == Tag::kTfoot;
  }

  // A number for the tags from the root of the page down to each node.
  void NumberPaths() {
    draft_.paths.assign(tree_.nodes.size(), 0);
    for (std::size_t i = 0; i < tree_.nodes.size(); ++i) {
      const Node& node = tree_.nodes[i];
      const std::uint64_t above =
          node.parent < 0 ? 14695981039346656037ULL
                          : draft_.paths[static_cast<std::size_t>(node.parent)];
      // FNV-1a over the path's tags.
      draft_.paths[i] = (above ^ (static_cast<std::uint64_t>(node.tag) + 1)) *
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
      BlockFacts& facts = facts_[i];
      facts.container = ContainerOf(block);
      facts.furniture = FurnitureOf(block.text);
      facts.prose = draft_.Open(i) && !draft_.IsTitle(i) &&
                    LooksLikeProse(block) &&
                    facts.furniture == Furniture::kNone &&
                    block.kind != BlockKind::kHeading;
      const auto known = by_container.find(facts.container);
      if (known != by_container.end()) {
        facts.shape = known->second;
      } else {
        const auto [it, added] = by_path.emplace(
            draft_.paths[static_cast<std::size_t>(facts.container)],
            static_cast<int>(shapes_.size()));
        if (added) shapes_.emplace_back();
        facts.shape = it->second;
        by_container.emplace(facts.container, facts.shape);
      }
    }
    draft_.comments = FindComments(draft_);
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

  void Weigh(std::size_t i) {
    const PageBlock& block = blocks_[i];
    Shape& shape = shapes_[static_cast<std::size_t>(facts_[i].shape)];
    double mass = block.weight * (1 - block.LinkDensity());
    if (static_cast<int>(i) < body_.title_block) mass *= 0.3;
    if (draft_.comments >= 0 && static_cast<int>(i) > draft_.comments) {
      mass *= 0.05;
    }
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
    if (i == 0 || !draft_.Open(i - 1) || draft_.IsTitle(i - 1)) return false;
    return blocks_[i - 1].LinkDensity() > 0.8 && blocks_[i - 1].words >= 3;
  }

  // schema.org's articleBody is a witness: which blocks does it repeat?
  void WeighWitness() {
    const std::string body =
        FoldForMatch(std::string_view(hints_.article_body).substr(0, 200'000));
    if (body.size() < 200) return;
    for (std::size_t i = 0; i < std::min<std::size_t>(blocks_.size(), 3000);
         ++i) {
      if (!draft_.Open(i)) continue;
      const std::string text = FoldForMatch(blocks_[i].text);
      if (text.size() < 20 || text.size() > 20'000) continue;
      if (body.find(text) == std::string::npos) continue;
      facts_[i].witnessed = true;
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
      facts_[i].native =
          facts_[i].shape == shape_ && draft_.Open(i) && !draft_.IsTitle(i);
      if (facts_[i].native) ++native_count_;
    }
    // The smallest element around all prose of the shape.
    const Shape& shape = shapes_[static_cast<std::size_t>(shape_)];
    draft_.mass = shape.mass;
    for (const auto& [container, mass] : shape.containers) {
      // A text may be in very many pieces: then none is a good part of it.
      if (mass < 0.02 * shape.mass && mass < 0.25 * shape.biggest) continue;
      draft_.root =
          draft_.root < 0 ? container : Around(draft_.root, container);
    }
    if (draft_.root < 0) draft_.root = 0;
  }

  std::int32_t Around(std::int32_t a, std::int32_t b) const {
    while (a > 0 && !draft_.Within(b, a)) a = draft_.NodeAt(a).parent;
    return std::max(a, 0);
  }

  std::vector<Shape> shapes_;
  int shape_ = -1, native_count_ = 0;
};

}  // namespace

bool FindTextShape(BodyDraft& draft) { return ShapeFinder(draft).Run(); }

}  // namespace stemma
