// The fields of one message between worker and parent, read as what a stranger
// sent: nothing is there until it was found there.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "core/media.h"
#include "core/result.h"

namespace stemma {

inline constexpr std::size_t kMaxMessageText = 64 << 10;  // one string

// Reads fields; after the first that is not there everything fails.
class MessageReader {
 public:
  explicit MessageReader(std::string_view bytes) : rest_(bytes) {}

  template <class T>
  bool Number(T& value) {
    if (rest_.size() < sizeof value) return Fail();
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return ok_;
  }
  bool Flag(bool& value) {
    std::uint8_t byte = 0;
    if (!Number(byte) || byte > 1) return Fail();
    value = byte == 1;
    return ok_;
  }
  // Finite, and within [low, high].
  bool Real(double& value, double low, double high) {
    if (!Number(value)) return false;
    if (!std::isfinite(value) || value < low || value > high) return Fail();
    return ok_;
  }
  template <class T>
  bool Within(T& value, std::int64_t low, std::int64_t high) {
    if (!Number(value)) return false;
    if (static_cast<std::int64_t>(value) < low ||
        static_cast<std::int64_t>(value) > high) {
      return Fail();
    }
    return ok_;
  }
  bool Text(std::string& text, std::size_t limit = kMaxMessageText) {
    std::uint32_t length = 0;
    if (!Number(length) || length > limit || length > rest_.size()) {
      return Fail();
    }
    text = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return ok_;
  }
  bool Bytes(std::span<std::uint8_t> out) {
    if (rest_.size() < out.size()) return Fail();
    std::memcpy(out.data(), rest_.data(), out.size());
    rest_.remove_prefix(out.size());
    return ok_;
  }
  bool Hash(FrameHash& hash) {
    for (std::uint64_t& word : hash) {
      if (!Number(word)) return false;
    }
    return ok_;
  }
  std::string_view rest() const { return rest_; }
  // Everything was there and nothing is left.
  bool Whole() const { return ok_ && rest_.empty(); }
  bool ok() const { return ok_; }

 private:
  bool Fail() {
    ok_ = false;
    return false;
  }
  std::string_view rest_;
  bool ok_ = true;
};

inline Error BrokenAnswer(std::string_view what) {
  return Error(ErrorCode::kMalformed,
               fmt::format("media worker: broken answer: {}", what));
}

}  // namespace stemma
