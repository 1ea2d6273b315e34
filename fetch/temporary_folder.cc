#include "fetch/temporary_folder.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string>
#include <system_error>
#include <thread>

namespace stemma {

namespace fs = std::filesystem;

Result<TemporaryFolder> TemporaryFolder::Make(std::string_view purpose) {
  std::error_code failed;
  const fs::path above = fs::temp_directory_path(failed);
  std::string name =
      (above / fmt::format("stemma-{}-XXXXXX", purpose)).string();
  if (failed || ::mkdtemp(name.data()) == nullptr) {
    if (!failed) failed.assign(errno, std::generic_category());
    return Error(ErrorCode::kIo, fmt::format("making a temporary folder: {}",
                                             failed.message()));
  }
  return TemporaryFolder(name);
}

TemporaryFolder::~TemporaryFolder() {
  constexpr int kAttempts = 20;
  std::error_code failed;
  for (int i = 0; i < kAttempts && !path_.empty(); ++i) {
    fs::remove_all(path_, failed);
    if (!failed && !fs::exists(path_, failed)) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace stemma
