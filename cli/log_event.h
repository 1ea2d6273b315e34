// Events that commands log about the archive itself: what was found at an
// audit, what was handed out, who took charge of what.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "cli/session.h"
#include "core/result.h"

namespace stemma::cli {

// Opens the archive for writing and appends one event; gives its number.
// kInvalidArgument when there is no archive, kLocked when somebody writes.
Result<std::uint64_t> LogEvent(const Session& session,
                               const std::filesystem::path& archive,
                               std::string_view type,
                               const nlohmann::json& fields);

// {"file", "bytes", "sha256"} of a file that was made; the name alone, no
// folder: a log is for others.
Result<nlohmann::json> FileFacts(const std::string& path);

// The state of this machine's clock as the kernel tells it: whether it is
// synchronised, its estimated and largest error in microseconds (adjtimex).
nlohmann::json ClockFacts();

}  // namespace stemma::cli
