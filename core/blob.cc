#include "core/blob.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace stemma {

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
    if (n == 0) {
      return Error(ErrorCode::kIo, fmt::format("body ended at {} of {} bytes",
                                               done, bytes.size()));
    }
    done += n;
  }
  return bytes;
}

}  // namespace stemma
