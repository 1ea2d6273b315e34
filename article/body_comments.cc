#include "article/body_comments.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace stemma {
namespace {

class CommentFinder {
 public:
  explicit CommentFinder(const BodyDraft& draft)
      : draft_(draft),
        blocks_(draft.blocks),
        facts_(draft.facts),
        body_(draft.body) {}

  // Where readers begin to speak: "34 responses to ...", "Comments (2)".
  int Find() const {
    double before = 0;
    int tries = 0;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const PageBlock& block = blocks_[i];
      if (static_cast<int>(i) <= body_.title_block) continue;
      if (before >= 150 && OpensComments(block.text) &&
          !draft_.In(block, kInHidden | kInButton | kInNav) &&
          (block.kind == BlockKind::kHeading || block.words <= 5) &&
          ++tries <= 20 && !HeadsASection(i) && MayBeComments(i)) {
        return static_cast<int>(i);
      }
      if (facts_[i].prose) before += block.weight;
    }
    return -1;
  }

 private:
  // "Discussion" may be a section of the text: a heading that stands where two
  // others stood before it.
  bool HeadsASection(std::size_t i) const {
    if (blocks_[i].heading < 2) return false;
    const auto path = [&](std::size_t k) {
      return draft_
          .paths[static_cast<std::size_t>(std::max(blocks_[k].node, 0))];
    };
    if (blocks_[i].text.find_first_of("0123456789(") != std::string::npos) {
      return false;
    }
    int alike = 0;
    for (std::size_t k = 0; k < i; ++k) {
      if (static_cast<int>(k) <= body_.title_block || !draft_.Open(k)) continue;
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

  const BodyDraft& draft_;
  const std::vector<PageBlock>& blocks_;
  const std::vector<BlockFacts>& facts_;
  const Body& body_;
};

}  // namespace

int FindComments(const BodyDraft& draft) { return CommentFinder(draft).Find(); }

}  // namespace stemma
