// What a report of the evidence says at a glance: its verdict's name, the
// finding that matters most, the time bracket of an event.
#include <algorithm>
#include <array>

#include "archive/evidence.h"

namespace stemma {
namespace {

// Causes before what follows from them.
constexpr std::array<std::string_view, 34> kOrder = {
    "not-regular-file",
    "bad-json",
    "not-canonical",
    "line-too-long",
    "bad-event",
    "checkpoint-malformed",
    "wrong-origin",
    "signature-invalid",
    "equivocation",
    "root-mismatch",
    "log-shorter-than-checkpoint",
    "rollback",
    "seq-mismatch",
    "prev-mismatch",
    "unsafe-name",
    "bundle-truncated",
    "bundle-repackaged",
    "bundle-digest-mismatch",
    "records-mismatch",
    "cdxj-mismatch",
    "certificate-mismatch",
    "tile-mismatch",
    "time-bracket",
    "anchor-mismatch",
    "timestamp-invalid",
    "ots-invalid",
    "checkpoint-mismatch",
    "bundle-missing",
    "timestamp-missing",
    "checkpoint-missing",
};

std::size_t RankOf(std::string_view code) {
  const auto at = std::find(kOrder.begin(), kOrder.end(), code);
  return static_cast<std::size_t>(at - kOrder.begin());
}

}  // namespace

std::string_view NameOf(EvidenceVerdict verdict) {
  switch (verdict) {
    case EvidenceVerdict::kIntact:
      return "intact";
    case EvidenceVerdict::kIntactWithWarnings:
      return "intact-with-warnings";
    case EvidenceVerdict::kCannotCheck:
      return "cannot-check";
    case EvidenceVerdict::kIncomplete:
      return "incomplete";
    case EvidenceVerdict::kAltered:
      return "altered";
  }
  return "";
}

const Finding* EvidenceReport::Foremost() const {
  const Finding* first = nullptr;
  for (const Finding& finding : findings) {
    if (finding.weight == Weight::kNote) continue;
    if (first == nullptr || finding.weight > first->weight ||
        (finding.weight == first->weight &&
         RankOf(finding.code) < RankOf(first->code))) {
      first = &finding;
    }
  }
  return first;
}

TimeBracket EvidenceReport::BracketOf(std::uint64_t seq) const {
  TimeBracket bracket;
  for (const TimeProof& proof : times) {
    // The anchor event itself holds bytes nobody could know before genTime.
    if (proof.anchor_seq && *proof.anchor_seq <= seq &&
        (!bracket.not_before || proof.gen_time > *bracket.not_before)) {
      bracket.not_before = proof.gen_time;
      bracket.not_before_by = proof.tsa;
    }
    if (proof.size > seq &&
        (!bracket.not_after || proof.gen_time < *bracket.not_after)) {
      bracket.not_after = proof.gen_time;
      bracket.not_after_by = proof.tsa;
    }
  }
  return bracket;
}

}  // namespace stemma
