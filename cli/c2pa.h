// Full validation of Content Credentials by the c2patool program, where it is
// installed; without it they are "present, not verified".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/blob.h"
#include "media/keyframes.h"

namespace stemma::cli {

struct C2paVerdict {
  std::string state;               // "valid", "mismatch", "invalid", ...
  std::vector<std::string> codes;  // of C2PA, for what failed
};

// What c2patool printed: `manifest_store` is its JSON. "mismatch": the content
// is not what was signed; "invalid": the claim itself does not hold.
C2paVerdict ReadC2paVerdict(std::string_view manifest_store);

// Whether $PATH has a c2patool.
bool HasC2paTool();

// Lets c2patool judge `file` when the report says it has such a box, and
// writes "c2pa_state", "c2pa_codes" and "c2pa_tool" into the facts. What goes
// wrong with the tool is in the state: the box is present, and not verified.
void JudgeC2pa(const Blob& file, VideoReport& report);

}  // namespace stemma::cli
