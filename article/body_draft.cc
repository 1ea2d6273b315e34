#include "article/body_draft.h"

#include <algorithm>
#include <optional>

#include "article/dates.h"
#include "article/names.h"

namespace stemma {
namespace {

// In code points.
std::ptrdiff_t LengthOf(std::string_view text) {
  return std::ranges::count_if(text, [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  });
}

}  // namespace

bool LooksLikeProse(const PageBlock& block) {
  if (block.weight < kProseWeight || block.LinkDensity() > 0.4) return false;
  return block.ends_sentence || block.sentences > 0 ||
         block.weight >= kLongWeight;
}

int BodyDraft::Natives(int before) const {
  const auto last = static_cast<int>(blocks.size());
  return natives_before[static_cast<std::size_t>(std::clamp(before, 0, last))];
}

bool BodyDraft::Counts(const MarkerHit& hit, std::size_t i) const {
  if (hit.marker->needs.empty() || hit.foreign_link) return true;
  if (hit.marker->needs == "link") return false;
  const int at = static_cast<int>(i);
  if (at < extent.first || at > extent.last) return true;
  const int before = natives_before[i] - Natives(extent.first);
  const int behind = Natives(extent.last + 1) - natives_before[i + 1];
  return before < 3 || behind < 3;
}

const MarkerHit* BodyDraft::DropHit(std::size_t i) const {
  for (const MarkerHit& hit : markers[i]) {
    if (hit.marker->drop && Counts(hit, i)) return &hit;
  }
  return nullptr;
}

bool BodyDraft::IsPlainProse(std::size_t i) const {
  const PageBlock& block = blocks[i];
  return facts[i].prose && block.ends_sentence && block.sentences >= 1 &&
         block.weight >= 80 && block.LinkDensity() < 0.2 &&
         !In(block, kInFigure | kInAuthor | kInListItem) &&
         DropHit(i) == nullptr;
}

bool BodyDraft::IsCredit(std::string_view text) const {
  constexpr std::ptrdiff_t kLabel = 24;  // "Published on", "10:30 GMT"
  if (OpensByline(text)) return true;
  const std::optional<DateReading> date = FindDate(text, hints.language);
  return date && LengthOf(text.substr(0, date->begin)) +
                         LengthOf(text.substr(date->end)) <=
                     kLabel;
}

}  // namespace stemma
