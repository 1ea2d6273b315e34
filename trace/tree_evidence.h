// What speaks for and against "u is the parent of v", for every pair of a
// family: the numbers that trace/tree.h weighs. Apart from it, so that the
// weights can be fitted and the evidence shown.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/comparison.h"
#include "core/publication.h"

namespace stemma {

class SiteModels;

// Features of an edge u -> v. All are 0 where nothing is known.
enum class EdgeFeature : std::size_t {
  kAdds,            // ln(1 + words of v that u lacks)
  kDrops,           // ln(1 + words of u that v lacks)
  kChanges,         // ln(1 + changed passages)
  kRespelled,       // ln(1 + shared words with other letters or accents)
  kRegrouped,       // ln(1 + figures written differently)
  kRepointed,       // ln(1 + other quotation marks, dashes, spaces)
  kRewrapped,       // ln(1 + line ends elsewhere)
  kReparted,        // ln(1 + paragraphs joined or split)
  kRegained,        // ln(1 + phrases of v that u lacks and a third member has):
                    // what is lost does not come back
  kShared,          // ln(1 + phrases that few members but u and v have): common
                    // errors
  kLink,            // v links to u's address
  kSiteLink,        // v links to u's site, not to u
  kCanonical,       // v's canonical address is u's
  kCredits,         // v names u's site in a source line or other furniture
  kNames,           // v names u's site elsewhere
  kLeftover,        // v carries furniture of u's site
  kCommonCredit,    // both name or link to the same third member
  kOtherCredit,     // v names or links to a third member that u does not
  kCommonLeftover,  // both carry furniture of the same third site
  kOtherLeftover,   // v carries furniture of a third site that u does not
  kLinkBack,        // u links to v or its site
  kCreditsBack,     // u names v's site in furniture
  kLeftoverBack,    // u carries furniture of v's site
  kDatedAfter,      // u is dated more than an hour after v
  kSameDate,        // u and v claim the same moment
  kUndated,         // one of them claims none
  kBornLater,       // v was fetched before u claims to have been published
  kFetchedAfter,    // u was fetched more than an hour after v
  kDelay,           // ln(1 + hours from u's date to v's)
  kSameTitle,
  kSameByline,
  kSharedVideo,
  kCount,
};

// Features of "v is the root".
enum class RootFeature : std::size_t {
  kBias,
  kCredits,   // v names another publisher in a source line or furniture
  kLinks,     // v links to another member
  kLeftover,  // v carries another site's furniture
  kEarliest,  // no member claims an earlier date
  kUndated,
  kShortness,   // ln(words of the longest member / words of v)
  kCreditedBy,  // share of the members that name v's site
  kLinkedBy,    // share of the members that link to v
  kFirstFetched,
  kCount,
};

using EdgeFeatures =
    std::array<double, static_cast<std::size_t>(EdgeFeature::kCount)>;
using RootFeatures =
    std::array<double, static_cast<std::size_t>(RootFeature::kCount)>;

struct PairComparison {
  Verdict verdict = Verdict::kUnrelated;
  double coverage_parent = 0, coverage_child = 0;  // u's words in v; v's in u
  long adds = 0, drops = 0, changes = 0;
  long respelled = 0, regrouped = 0, repointed = 0, rewrapped = 0, reparted = 0;
};

struct TreeEvidence {
  std::size_t size = 0;
  std::vector<EdgeFeatures> edges;       // [u * size + v]
  std::vector<PairComparison> compared;  // [u * size + v]
  std::vector<RootFeatures> roots;
  // Each member's 3-word phrases without furniture: sorted hashes.
  std::vector<std::vector<std::uint64_t>> phrases;
  const EdgeFeatures& Edge(std::size_t u, std::size_t v) const {
    return edges[u * size + v];
  }
  const PairComparison& Compared(std::size_t u, std::size_t v) const {
    return compared[u * size + v];
  }
};

// O(n^2) comparisons. `sites` may be null.
TreeEvidence GatherEvidence(std::span<const Publication> members,
                            const SiteModels* sites);

}  // namespace stemma
