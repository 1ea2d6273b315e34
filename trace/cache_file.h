// A file of the segments folder: a magic of eight bytes, content, and the
// SHA-256 of all before it. Read whole or not at all, through a mapping.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

namespace stemma {

class CacheFile {
 public:
  static constexpr std::size_t kMagic = 8;
  static constexpr std::size_t kDigest = 32;

  // kNotFound; kCorrupt names the file and what is wrong with it; kIo.
  static Result<CacheFile> Open(const std::filesystem::path& file,
                                std::string_view magic);
  // Over bytes in memory, which it keeps.
  static Result<CacheFile> FromBytes(std::string bytes, std::string_view magic);
  CacheFile(CacheFile&&) noexcept;
  CacheFile& operator=(CacheFile&&) noexcept;
  ~CacheFile();

  // Magic and content, without the digest; where they lie does not change.
  const unsigned char* data() const;
  std::uint64_t size() const;
  // Where from, for messages.
  const std::string& name() const;

 private:
  struct Bytes;
  explicit CacheFile(std::unique_ptr<Bytes> bytes);
  Status Check(std::string_view magic) const;
  std::unique_ptr<Bytes> bytes_;
};

// `bytes`, which begin with the magic, with their digest.
std::string WithDigest(std::string bytes);

}  // namespace stemma
