// What the suites of evidence vectors share.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/conform/conform.h"

namespace stemma::conform {

using PartRunner =
    std::function<std::vector<Outcome>(const std::filesystem::path& file)>;

// Runs the parts of a suite: all whose file is in the folder `path`, or the
// one named by it.
Result<std::vector<Outcome>> RunParts(
    const std::filesystem::path& path,
    const std::vector<std::pair<std::string_view, PartRunner>>& parts);

Outcome Compare(std::string id, json got, const json& expect);
std::string FileBytes(const std::filesystem::path& path);
json FileJson(const std::filesystem::path& path);

}  // namespace stemma::conform
