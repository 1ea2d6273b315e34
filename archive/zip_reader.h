// ZIP files from strangers (WACZ), read without ever writing one of their
// names to disk. What readers disagree about is refused: a name twice, local
// and central headers that differ, names that climb or are absolute,
// encryption, and members that inflate beyond reason.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/blob.h"
#include "core/result.h"

namespace stemma {

struct ZipLimits {
  std::uint64_t max_members = 100'000;
  std::uint64_t max_total = std::uint64_t{1} << 40;  // inflated
  std::uint64_t max_ratio = 1100;  // DEFLATE cannot do more than 1032
};

struct ZipMember {
  std::string name;
  std::uint64_t index = 0;
  std::uint64_t size = 0, stored_size = 0;
  bool deflated = false;
};

class ZipReader {
 public:
  // kMalformed begins with a code: "zip-malformed", "duplicate-member",
  // "unsafe-name", "zip-bomb", then ": " and words.
  static Result<ZipReader> Open(const std::filesystem::path& path,
                                const ZipLimits& limits = {});
  // The same over bytes in memory.
  static Result<ZipReader> Over(std::string bytes,
                                const ZipLimits& limits = {});
  ZipReader(ZipReader&&) noexcept;
  ZipReader& operator=(ZipReader&&) noexcept;
  ~ZipReader();

  // In the order of the central directory, folders left out.
  const std::vector<ZipMember>& members() const { return members_; }
  const ZipMember* Find(std::string_view name) const;

  // The whole member; kLimit beyond `max_bytes`.
  Result<std::string> Read(const ZipMember& member, std::uint64_t max_bytes);
  // The member as a blob, read best from front to back: going back begins
  // again. Must not outlive this reader.
  Blob BlobOf(const ZipMember& member);
  // In pieces, front to back. kMalformed when its checksum or size is wrong.
  Status ReadPieces(const ZipMember& member,
                    const std::function<Status(std::string_view)>& take);

 private:
  struct State;
  explicit ZipReader(std::unique_ptr<State> state);
  Status ReadDirectory(const ZipLimits& limits);
  std::unique_ptr<State> state_;
  std::vector<ZipMember> members_;
};

// Whether a member's name is a plain relative path: no "..", no backslash, no
// drive, no control character, not absolute.
bool IsSafeMemberName(std::string_view name);

}  // namespace stemma
