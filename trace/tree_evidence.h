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
  kAdds,       // ln(1 + words of v that u lacks)
  kDrops,      // ln(1 + words of u that v lacks)
  kChanges,    // ln(1 + changed passages)
  kRespelled,  // ln(1 + shared words with other letters or accents)
  kRegrouped,  // ln(1 + figures written differently)
  kRepointed,  // ln(1 + other quotation marks, dashes, spaces)
  kRewrapped,  // ln(1 + line ends elsewhere)
  kReparted,   // ln(1 + paragraphs joined or split)
  kRegained,   // ln(1 + phrases of v that u lacks and a third member has):
               // what is lost does not come back
  kShared,     // ln(1 + phrases that few members but u and v have): common
               // errors
  kRefers,     // v says that it is from u: names u's site in a source line
               // or other furniture, links to u, is canonically u
  kLink,       // it does so by u's address
  kOtherPage,  // v links to a page of u's site that is not u
  kNames,      // v names u's site elsewhere, or links to its front page
  kLeftover,   // v carries furniture of u's site
  kCommonReference,  // both refer to the same third member
  kOtherReference,   // v refers to a third member that u does not
  kCommonLeftover,   // both carry furniture of the same third site
  kOtherLeftover,    // v carries furniture of a third site that u does not
  kDatedAfter,       // u is dated more than an hour after v
  kSameDate,         // u and v claim the same moment
  kUndated,          // one of them claims none
  kBornLater,        // v was fetched before u claims to have been published
  kFetchedAfter,     // u was fetched more than an hour after v
  kDelay,            // ln(1 + hours from u's date to v's)
  kSameTitle,
  kSharedVideo,
  kParentCopies,    // u refers to a third member: it is a copy itself
  kParentCited,     // share of the third members that refer to u
  kParentEarliest,  // of the others, none claims an earlier date than u
  kTitleLost,       // ln(1 + words of u's headline that v's lacks)
  kTitleRegained,   // ln(1 + words of v's headline that u's lacks and a third
                    // member's has)
  kTitleUncapped,   // u's headline is in capitals, v's is not: which letters
                    // were small cannot be known from it
  kTitleNames,      // v's headline names u's site
  kCount,
};

// Features of "v is the root".
enum class RootFeature : std::size_t {
  kRefers,    // v says that it is from another member
  kCredits,   // v names any other publisher in a source line or furniture
  kLeftover,  // v carries another site's furniture
  kEarliest,  // no member claims an earlier date
  kUndated,
  kShortness,     // ln(words of the longest member / words of v)
  kNamedBy,       // share of the members that name v's site
  kReferredToBy,  // share of the members that say that they are from v
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

// How v says that it is from u.
struct Reference {
  bool named = false;      // in a source line or other furniture, or a claim
  bool linked = false;     // its address is among v's links or claims
  bool canonical = false;  // its address is v's canonical one
  bool any() const { return named || linked || canonical; }
};

struct TreeEvidence {
  std::size_t size = 0;
  std::vector<EdgeFeatures> edges;       // [u * size + v]
  std::vector<PairComparison> compared;  // [u * size + v]
  std::vector<Reference> references;     // [u * size + v]: v refers to u
  std::vector<RootFeatures> roots;
  // Each member's 3-word phrases without furniture: sorted hashes.
  std::vector<std::vector<std::uint64_t>> phrases;
  const EdgeFeatures& Edge(std::size_t u, std::size_t v) const {
    return edges[u * size + v];
  }
  const PairComparison& Compared(std::size_t u, std::size_t v) const {
    return compared[u * size + v];
  }
  const Reference& Refers(std::size_t v, std::size_t u) const {
    return references[u * size + v];
  }
};

// O(n^2) comparisons. `sites` may be null.
TreeEvidence GatherEvidence(std::span<const Publication> members,
                            const SiteModels* sites);

}  // namespace stemma
