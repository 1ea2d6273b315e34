// How a command erases: caches are dropped first and made anew afterwards, so
// that at no moment, killed or not, one of them tells what is gone.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "archive/erase.h"
#include "cli/session.h"
#include "core/result.h"

namespace stemma::cli {

using Eraser =
    std::function<Result<std::vector<ErasedFromBundle>>(ArchiveWriter&)>;

// Takes the archive's lock, seals what is open, lets `erase` do it, and builds
// index and matching memory again. kRefused, with nothing touched, when `why`
// is not approved by two roles.
Result<std::vector<ErasedFromBundle>> EraseFrom(
    const std::filesystem::path& archive, const Session& session,
    const Erasure& why, const Eraser& erase);

nlohmann::json ToJson(const ErasedFromBundle& erased);

}  // namespace stemma::cli
