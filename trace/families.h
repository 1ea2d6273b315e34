// Which publications belong together: pairs that share a text, and families of
// them.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/comparison.h"
#include "core/publication.h"
#include "trace/compare.h"

namespace stemma {

// "These two share text": an edge before anyone says who copied whom.
struct Republication {
  std::string a, b;  // publication ids
  Verdict verdict = Verdict::kUnrelated;
  std::vector<std::string> flags;
  double coverage_a = 0, coverage_b = 0;  // share of each side's content
  int longest_run_words = 0;
  bool shares_video = false;
};

// A pair is a republication when at least one side's content is covered to this
// share; below it is a partial overlap (a quotation).
inline constexpr double kRepublicationCoverage = 0.5;
bool IsRepublication(const Republication& relation);

// All related pairs among `publications`: candidates from an in-memory index,
// each verified by Compare. Bounded: identical texts are compared once.
// `progress` (may be empty) is told how many publications are done.
struct RelationLimits {
  std::size_t max_pairs_of_identical = 64;  // per text; the rest hang on one
};
std::vector<Republication> FindRelations(
    std::span<const Publication> publications, const CompareOptions& options,
    const RelationLimits& limits = {},
    const std::function<void(std::size_t)>& progress = {});

// Families by best parent: each publication joins the one it shares most with,
// not everything it touches, so that a weekly round-up does not weld unrelated
// stories together. Ids in input order; singletons are left out.
std::vector<std::vector<std::string>> Families(
    std::span<const Publication> publications,
    std::span<const Republication> relations);

}  // namespace stemma
