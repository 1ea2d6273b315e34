#include "core/blob.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace stemma {
namespace {

constexpr std::uint64_t kPiece = std::uint64_t{1} << 20;

Error EndedAt(std::uint64_t at, std::uint64_t size) {
  return Error(ErrorCode::kIo,
               fmt::format("body ended at {} of {} bytes", at, size));
}

}  // namespace

Blob::Blob(std::string bytes) : size_(bytes.size()) {
  const auto shared = std::make_shared<const std::string>(std::move(bytes));
  read_at_ = [shared](std::uint64_t offset,
                      std::span<char> out) -> Result<std::size_t> {
    if (offset >= shared->size()) return std::size_t{0};
    const std::size_t n =
        std::min<std::size_t>(out.size(), shared->size() - offset);
    std::memcpy(out.data(), shared->data() + offset, n);
    return n;
  };
}

Result<std::string> Blob::ReadAll(std::uint64_t max_bytes) const {
  if (size_ > max_bytes) {
    return Error(
        ErrorCode::kLimit,
        fmt::format("body has {} bytes, limit is {}", size_, max_bytes));
  }
  return ReadPrefix(size_);
}

Result<std::string> Blob::ReadPrefix(std::uint64_t max_bytes) const {
  std::string bytes(std::min(size_, max_bytes), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    STEMMA_TRY(const std::size_t n,
               ReadAt(done, std::span(bytes).subspan(done)));
    if (n == 0) return EndedAt(done, bytes.size());
    done += n;
  }
  return bytes;
}

Status Blob::ForEachPiece(
    const std::function<Status(std::string_view)>& take) const {
  std::string piece(std::min(size_, kPiece), '\0');
  for (std::uint64_t at = 0; at < size_;) {
    STEMMA_TRY(const std::size_t n, ReadAt(at, piece));
    if (n == 0) return EndedAt(at, size_);
    STEMMA_CHECK_OK(take(std::string_view(piece).substr(0, n)));
    at += n;
  }
  return {};
}

}  // namespace stemma
