// The JSON forms of a comparison ("stemma.verdict.v1", design republication.md
// 5.4 with the contract's additions) and of a family tree.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/comparison.h"
#include "core/media.h"
#include "core/publication.h"
#include "trace/tree.h"

namespace stemma {

struct VerdictSide {
  const Publication* publication = nullptr;
  std::string_view text_method;  // "stemma-text/1", "as-imported", "as-given"
};

nlohmann::ordered_json VerdictToJson(const Comparison& comparison,
                                     const VerdictSide& reference,
                                     const VerdictSide& suspect,
                                     const VideoComparison& video,
                                     std::string_view version);

// {"qid","verdict","flags","spans":[...]}: one line of `verify --batch`.
nlohmann::ordered_json BatchVerdict(std::string_view qid,
                                    const Comparison& comparison);

// One republication: a line of relations.jsonl.
nlohmann::ordered_json RelationToJson(const Republication& relation);
// {"family","parents":{ID:PARENT|null},"edges":[...],"hidden":[...]}: a line of
// trees.jsonl.
nlohmann::ordered_json TreeToJson(std::string_view family,
                                  const StemmaTree& tree);

}  // namespace stemma
