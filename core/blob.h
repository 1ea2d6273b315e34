// A Blob is a body of known size that can be read at any place: bytes in
// memory, or a reader over a file or a stored record. Bodies may be larger than
// memory, so nobody may ask for all of one without stating a limit.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/result.h"

namespace stemma {

class Blob {
 public:
  // Fills `out` from `offset` on; returns how many bytes were read, fewer than
  // asked only at the end. May be called from one thread at a time.
  using ReadAtFn = std::function<Result<std::size_t>(std::uint64_t offset,
                                                     std::span<char> out)>;

  Blob() : Blob(std::string()) {}
  explicit Blob(std::string bytes);
  Blob(std::uint64_t size, ReadAtFn read_at)
      : size_(size), read_at_(std::move(read_at)) {}

  std::uint64_t size() const { return size_; }
  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<char> out) const {
    return read_at_(offset, out);
  }
  // All bytes, or kLimit when there are more than `max_bytes`.
  Result<std::string> ReadAll(std::uint64_t max_bytes) const;
  // The first `max_bytes` bytes, fewer if there are fewer.
  Result<std::string> ReadPrefix(std::uint64_t max_bytes) const;
  // All bytes from the first to the last, a piece (at most 1 MiB) at a time;
  // a piece lives as long as the call. Ends with the first error of `take`, or
  // kIo when the body ends before its size.
  Status ForEachPiece(
      const std::function<Status(std::string_view piece)>& take) const;

 private:
  std::uint64_t size_;
  ReadAtFn read_at_;
};

}  // namespace stemma
