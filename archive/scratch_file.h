// A file without a name, for what does not fit in memory: it takes room on the
// disk of its folder and is gone with the process, however that ends.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "core/result.h"

namespace stemma {

class ScratchFile {
 public:
  // Errors: kIo, kNoSpace.
  static Result<ScratchFile> Create(const std::filesystem::path& folder);
  ScratchFile(ScratchFile&& other) noexcept;
  ScratchFile& operator=(ScratchFile&& other) noexcept;
  ~ScratchFile();

  Status Append(std::string_view bytes);
  // All of `out`, or kIo.
  Status ReadAt(std::uint64_t at, std::span<char> out) const;
  std::uint64_t size() const { return size_; }

 private:
  ScratchFile(int descriptor, std::filesystem::path folder)
      : descriptor_(descriptor), folder_(std::move(folder)) {}
  Error Failed(std::string_view doing) const;

  int descriptor_ = -1;
  std::filesystem::path folder_;
  std::uint64_t size_ = 0;
};

}  // namespace stemma
