// The weights of trace/tree.h: nats for each unit of a feature, higher is
// likelier. Fitted to the likelihood of the true trees of the DEV families with
// an L2 penalty (docs/decisions/trace-tree-weights.md); kSharedVideo is set by
// hand, because those families show no video.
#pragma once

#include "trace/tree_evidence.h"

namespace stemma {

constexpr EdgeFeatures kEdgeWeights = {
    -0.21,  // kAdds
    -0.45,  // kDrops
    -1.79,  // kChanges
    -0.30,  // kRespelled
    -1.25,  // kRegrouped
    -0.27,  // kRepointed
    -0.09,  // kRewrapped
    -0.51,  // kReparted
    -0.52,  // kRegained
    0.16,   // kShared
    2.29,   // kRefers
    0.20,   // kLink
    -1.30,  // kOtherPage
    0.28,   // kNames
    0.81,   // kLeftover
    -0.51,  // kCommonReference
    -1.16,  // kOtherReference
    0.94,   // kCommonLeftover
    -0.60,  // kOtherLeftover
    -1.13,  // kDatedAfter
    -0.31,  // kSameDate
    -0.30,  // kUndated
    -2.07,  // kBornLater
    -0.55,  // kFetchedAfter
    -0.06,  // kDelay
    0.87,   // kSameTitle
    0.50,   // kSharedVideo
    -0.61,  // kParentCopies
    2.44,   // kParentCited
    0.36,   // kParentEarliest
    -1.73,  // kTitleLost
    -1.20,  // kTitleRegained
    -1.39,  // kTitleUncapped
    1.52,   // kTitleNames
};
constexpr RootFeatures kRootWeights = {
    -0.69,  // kRefers
    -0.77,  // kCredits
    -0.50,  // kLeftover
    1.23,   // kEarliest
    0.21,   // kUndated
    0.19,   // kShortness
    1.47,   // kNamedBy
    1.51,   // kReferredToBy
    1.10,   // kFirstFetched
};

}  // namespace stemma
