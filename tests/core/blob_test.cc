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

// Pieces are at most 1 MiB and make the whole, however the reader cuts them;
// what the taker says ends the walk, and so does a body that is too short.
TEST(Blob, PiecesAreTheWholeInOrder) {
  std::string text(std::size_t{5} << 19, ' ');
  for (std::size_t i = 0; i < text.size(); ++i) {
    text[i] = static_cast<char>(i * 31 >> 3);
  }
  std::string seen;
  ASSERT_TRUE(Blob(text).ForEachPiece([&seen](std::string_view piece) {
    EXPECT_LE(piece.size(), std::size_t{1} << 20);
    seen += piece;
    return Status();
  }));
  EXPECT_EQ(seen, text);

  int pieces = 0;
  const Status stopped = Blob(text).ForEachPiece([&](std::string_view) {
    ++pieces;
    return Status(Error(ErrorCode::kLimit, "enough"));
  });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code(), ErrorCode::kLimit);
  EXPECT_EQ(pieces, 1);

  const Blob cut(4, [](std::uint64_t at, std::span<char>) {
    return Result<std::size_t>(at == 0 ? 3u : 0u);
  });
  const Status early =
      cut.ForEachPiece([](std::string_view) { return Status(); });
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code(), ErrorCode::kIo);
}

}  // namespace
}  // namespace stemma
