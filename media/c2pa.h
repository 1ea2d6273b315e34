// Content Credentials (C2PA) in a file, found and digested without believing
// them: a `uuid` box of MP4 (media/mp4_boxes.h), a JUMBF box in the APP11
// segments of JPEG (ISO/IEC 19566-5; C2PA 2.1 A.3). A copy without them, or
// with others, is a finding: most re-encoding drops them.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "core/digest.h"

namespace stemma {

struct C2paBox {
  std::uint64_t bytes = 0;  // of the box, put together where it is in pieces
  Sha256 sha256;
};

// The manifest store of a JPEG; nothing when there is none or it is broken off.
std::optional<C2paBox> FindC2paInJpeg(std::string_view jpeg);

// The facts of a file with such a box: "c2pa", "c2pa_bytes", "c2pa_sha256",
// and "c2pa_state", which is "present, not verified" until somebody does.
void AddC2paFacts(const C2paBox& box, nlohmann::json& facts);

}  // namespace stemma
