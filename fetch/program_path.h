// Where an external program is: Chromium, c2patool, WeasyPrint.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace stemma {

// `program` as it stands when it names a folder, else the first of that name
// that may be executed on $PATH (empty entries, which would mean the working
// folder, are passed over); nothing when there is none.
std::optional<std::filesystem::path> FindProgram(std::string_view program);

}  // namespace stemma
