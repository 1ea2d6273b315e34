// A folder for what an external program needs, gone with its owner.
#pragma once

#include <filesystem>
#include <string_view>
#include <utility>

#include "core/result.h"

namespace stemma {

class TemporaryFolder {
 public:
  // In $TMPDIR, only for this user, named "stemma-PURPOSE-" and six letters.
  // kIo: there is no such place, or it takes no folder.
  static Result<TemporaryFolder> Make(std::string_view purpose);

  TemporaryFolder(TemporaryFolder&& other) noexcept
      : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder& operator=(TemporaryFolder&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  // Takes all that is in it away, also what a program that is just dying adds.
  ~TemporaryFolder();

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::filesystem::path path)
      : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace stemma
