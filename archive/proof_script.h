// verify.sh, the check that needs none of our software.
#pragma once

#include <string_view>

namespace stemma {

// A bash script for an evidence folder (or an archive): needs openssl,
// sha256sum and the other coreutils, sed, jq. Exit 0 intact, 1 altered or
// incomplete, 3 something could not be checked.
std::string_view VerifyScript();

// What README.txt in an evidence folder says.
std::string_view EvidenceReadme();

}  // namespace stemma
