// What the steps of FindBody know of a page: each step reads what those before
// it found and adds its own. article/body.cc names the steps in their order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "article/body.h"
#include "article/furniture.h"

namespace stemma {

// What is known of a block before it is judged.
struct BlockFacts {
  std::int32_t container = 0;  // node: the element that its neighbours share
  int shape = -1;              // number of the container's path of tags
  bool prose = false;
  bool native = false;     // of the shape of the text
  bool accepted = false;   // of another shape that is text as well
  bool witnessed = false;  // schema.org's copy of the text has it
  Furniture furniture = Furniture::kNone;
};

// From where to where the text goes, in blocks.
struct TextExtent {
  int first = -1, last = -1;
  int text_first = -1, text_last = -1;  // of the text's own sentences
  int cut = -1;                         // a marker ends the text here, or -1
  std::string cut_by;
};

struct BodyDraft {
  const PageTree& tree;
  const std::vector<PageBlock>& blocks;
  const std::vector<std::vector<MarkerHit>>& markers;
  const BodyHints& hints;

  Body body{};
  std::uint32_t ignored = 0;           // contexts that hold most of the page
  std::vector<BlockFacts> facts{};     // by block
  std::vector<std::uint64_t> paths{};  // tags from the root down, by node
  int comments = -1;                   // block where readers begin to speak
  std::int32_t root = -1;              // the element around the text
  double mass = 0;                     // weight of the text's shape
  TextExtent extent{};
  std::vector<int> natives_before{};  // by block; one more than there are
  std::unordered_set<std::int32_t> edges{};  // containers of prose at the ends

  const Node& NodeAt(std::int32_t node) const {
    return tree.nodes[static_cast<std::size_t>(node)];
  }
  bool Within(std::int32_t node, std::int32_t ancestor) const {
    return node >= ancestor && node < NodeAt(ancestor).end;
  }
  bool In(const PageBlock& block, std::uint32_t contexts) const {
    return (block.context & contexts & ~ignored) != 0;
  }
  // No rule has spoken against the block yet.
  bool Open(std::size_t i) const { return body.verdicts[i].rule.empty(); }
  bool IsTitle(std::size_t i) const {
    return static_cast<int>(i) == body.title_block;
  }
  // Customs of the language decide on the line between headline and text.
  bool English() const { return hints.language.starts_with("en"); }

  // Blocks of the text's shape before block `before`.
  int Natives(int before) const;
  // Whether a marker found in block `i` counts there (Marker::needs).
  bool Counts(const MarkerHit& hit, std::size_t i) const;
  // The marker by which a block is no text; null without one.
  const MarkerHit* DropHit(std::size_t i) const;
  // Prose that nothing speaks against.
  bool IsPlainProse(std::size_t i) const;
  // Who wrote it, or when: the article's data, not its text.
  bool IsCredit(std::string_view text) const;
};

// A text that is long enough, and whole enough, to prove something by itself.
bool LooksLikeProse(const PageBlock& block);

// A text of this weight is prose even without a sentence's end; one below
// kProseWeight never is. Counted in letters.
inline constexpr std::uint32_t kProseWeight = 60;
inline constexpr std::uint32_t kLongWeight = 140;

// The draft by its parts, for a step's own class.
class BodyStep {
 protected:
  explicit BodyStep(BodyDraft& draft)
      : draft_(draft),
        tree_(draft.tree),
        blocks_(draft.blocks),
        markers_(draft.markers),
        hints_(draft.hints),
        body_(draft.body),
        facts_(draft.facts),
        extent_(draft.extent) {}

  BodyDraft& draft_;
  const PageTree& tree_;
  const std::vector<PageBlock>& blocks_;
  const std::vector<std::vector<MarkerHit>>& markers_;
  const BodyHints& hints_;
  Body& body_;
  std::vector<BlockFacts>& facts_;
  TextExtent& extent_;
};

}  // namespace stemma
