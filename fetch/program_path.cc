#include "fetch/program_path.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace stemma {

namespace fs = std::filesystem;

std::optional<fs::path> FindProgram(std::string_view program) {
  const auto runs = [](const fs::path& file) {
    return ::access(file.c_str(), X_OK) == 0;
  };
  if (program.find('/') != std::string_view::npos) {
    return runs(program) ? std::optional<fs::path>(program) : std::nullopt;
  }
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/bin:/bin" : path;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    fs::path file = fs::path(rest.substr(0, end)) / program;
    if (end > 0 && runs(file)) return file;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::nullopt;
}

}  // namespace stemma
