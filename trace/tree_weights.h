// The weights of trace/tree.h: nats for each unit of a feature, higher is
// likelier. Fitted by softmax regression with an L2 penalty over the children
// of the DEV families (docs/decisions/trace-tree-weights.md).
#pragma once

#include "trace/tree_evidence.h"

namespace stemma {

constexpr EdgeFeatures kEdgeWeights = {
    0.36,   // kAdds
    -0.29,  // kDrops
    -0.08,  // kChanges
    -0.05,  // kRespelled
    -0.65,  // kRegrouped
    -0.21,  // kRepointed
    -0.12,  // kRewrapped
    -0.49,  // kReparted
    -0.96,  // kRegained
    0.02,   // kShared
    0.06,   // kLink
    -1.49,  // kSiteLink
    0.17,   // kCanonical
    2.58,   // kCredits
    0.59,   // kNames
    0.83,   // kLeftover
    -0.26,  // kCommonCredit
    -1.31,  // kOtherCredit
    0.92,   // kCommonLeftover
    -0.39,  // kOtherLeftover
    -0.67,  // kLinkBack
    -1.85,  // kCreditsBack
    -1.25,  // kLeftoverBack
    -1.23,  // kDatedAfter
    0.12,   // kSameDate
    -0.94,  // kUndated
    -0.42,  // kBornLater
    -0.83,  // kFetchedAfter
    0.07,   // kDelay
    1.34,   // kSameTitle
    -0.05,  // kSameByline
    0.00,   // kSharedVideo
};
constexpr RootFeatures kRootWeights = {
    -3.28,  // kBias
    -1.80,  // kCredits
    -0.78,  // kLinks
    -1.01,  // kLeftover
    1.85,   // kEarliest
    -0.70,  // kUndated
    -0.67,  // kShortness
    4.84,   // kCreditedBy
    2.19,   // kLinkedBy
    1.71,   // kFirstFetched
};

}  // namespace stemma
