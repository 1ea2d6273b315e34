#include "core/blob.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace stemma {
namespace {

TEST(Blob, ReadsFromMemory) {
  const Blob blob(std::string("0123456789"));
  EXPECT_EQ(blob.size(), 10u);
  EXPECT_EQ(*blob.ReadAll(10), "0123456789");
  EXPECT_EQ(*blob.ReadPrefix(4), "0123");
  EXPECT_EQ(*blob.ReadPrefix(99), "0123456789");
  char out[4];
  EXPECT_EQ(*blob.ReadAt(8, out), 2u);
  EXPECT_EQ(*blob.ReadAt(10, out), 0u);
  EXPECT_EQ(*blob.ReadAt(~0ull, out), 0u);
}

TEST(Blob, NeverReadsMoreThanItsLimit) {
  const auto result = Blob(std::string(11, 'x')).ReadAll(10);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kLimit);
}

// A reader that gives one byte at a time, and one that ends early.
TEST(Blob, ShortReadsAreContinuedAndEarlyEndsAreErrors) {
  const std::string text = "abcdef";
  const Blob slow(6, [&](std::uint64_t at, std::span<char> out) {
    if (out.empty() || at >= text.size()) return Result<std::size_t>(0u);
    out[0] = text[at];
    return Result<std::size_t>(1u);
  });
  EXPECT_EQ(*slow.ReadAll(6), text);
  const Blob cut(7, [&](std::uint64_t at, std::span<char> out) {
    const std::size_t n =
        at < text.size() ? std::min(out.size(), text.size() - at) : 0;
    std::memcpy(out.data(), text.data() + (n ? at : 0), n);
    return Result<std::size_t>(n);
  });
  const auto result = cut.ReadAll(7);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kIo);
}

}  // namespace
}  // namespace stemma
