#include "fetch/coding.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

namespace stemma {
namespace {

std::string Deflate(std::string_view text, int window_bits) {
  z_stream z{};
  EXPECT_EQ(deflateInit2(&z, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY),
            Z_OK);
  std::string out(deflateBound(&z, text.size()) + 64, '\0');
  std::string in(text);
  z.next_in = reinterpret_cast<Bytef*>(in.data());
  z.avail_in = static_cast<uInt>(in.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}
std::string Gzip(std::string_view text) { return Deflate(text, 31); }
std::string Zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(
      ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}
// Made with brotli 1.0.9, quality 5; only the decoder is a library of ours.
const std::string kBrotliOfText(
    "\x8B\x13\x80"
    "Nine ships, not seven, left the harbour.\x03",
    44);
const std::string kBrotliOfXs(
    "\x5B\x9F\x86\x01\x40\x02\x2F\x1E\x0B\x24\xCB\x2F\x00", 13);

std::string Head(std::string_view codings) {
  return "HTTP/1.1 200 OK\r\nContent-Encoding: " + std::string(codings) +
         "\r\n\r\n";
}

TEST(DecodeContent, UndoesEveryCoding) {
  const std::string text = "Nine ships, not seven, left the harbour.";
  const struct {
    std::string_view name;
    std::string body;
  } cases[] = {
      {"gzip", Gzip(text)},
      {"GZip", Gzip(text)},
      {"x-gzip", Gzip(text)},
      {"deflate", Deflate(text, 15)},
      {"deflate", Deflate(text, -15)},
      {"br", kBrotliOfText},
      {"zstd", Zstd(text)},
      {"identity", text},
      {"", text},
      {"br, gzip", Gzip(kBrotliOfText)},
      {"gzip", Gzip(text.substr(0, 10)) + Gzip(text.substr(10))},
  };
  for (const auto& c : cases) {
    std::vector<std::string> notes;
    const auto decoded = DecodeContent(Head(c.name), c.body, {}, &notes);
    ASSERT_TRUE(decoded) << c.name;
    EXPECT_EQ(*decoded, text) << c.name;
    EXPECT_TRUE(notes.empty()) << c.name;
  }
}

TEST(DecodeContent, SaysWhatIsNotWhole) {
  const std::string text(100'000, 'x');
  const struct {
    std::string what, name, body;
    std::size_t at_least;
  } cases[] = {
      {"cut", "gzip", Gzip(text).substr(0, 60), 1},
      {"tail", "gzip", Gzip(text) + "junk", text.size()},
      {"lie", "gzip", text, text.size()},
      {"cut br", "br", kBrotliOfXs.substr(0, 10), 0},
      {"lie zstd", "zstd", text, text.size()},
      {"crc", "gzip",
       [&] {
         std::string bad = Gzip(text);
         bad[bad.size() - 6] = static_cast<char>(bad[bad.size() - 6] ^ 1);
         return bad;
       }(),
       text.size()},
  };
  for (const auto& c : cases) {
    std::vector<std::string> notes;
    const auto decoded = DecodeContent(Head(c.name), c.body, {}, &notes);
    ASSERT_TRUE(decoded) << c.what;
    EXPECT_GE(decoded->size(), c.at_least) << c.what;
    EXPECT_FALSE(notes.empty()) << c.what;
  }
}

TEST(DecodeContent, StopsAtABomb) {
  const std::string bomb = Gzip(std::string(64 << 20, '\0'));
  DecodeLimits limits;
  limits.max_bytes = 1 << 20;
  std::vector<std::string> notes;
  const auto decoded = DecodeContent(Head("gzip"), bomb, limits, &notes);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->size(), 1u << 20);
  EXPECT_EQ(notes.size(), 1u);

  limits.max_bytes = 1 << 30;
  limits.max_ratio = 1;
  limits.slack_bytes = 5'000;
  EXPECT_LE(DecodeContent(Head("gzip"), bomb, limits)->size(),
            bomb.size() + 5'000);
}

TEST(DecodeContent, RefusesAZstdWindowBeyondTheLimit) {
  // Frame header: single segment off, window descriptor for 2 TiB.
  const std::string frame("\x28\xB5\x2F\xFD\x00\xF8\x01\x00\x00", 9);
  std::vector<std::string> notes;
  const auto decoded = DecodeContent(Head("zstd"), frame, {}, &notes);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(notes.size(), 1u);
}

TEST(DecodeContent, RefusesChainsAndStrangers) {
  EXPECT_EQ(DecodeContent(Head("gzip,gzip,gzip,gzip"), "x").error().code(),
            ErrorCode::kLimit);
  EXPECT_EQ(DecodeContent(Head("x-foo"), "x").error().code(),
            ErrorCode::kUnsupported);
}

constexpr std::string_view kChunkedHead =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(DecodeTransfer, RemovesChunks) {
  const struct {
    std::string_view body, payload;
    bool whole;
  } cases[] = {
      {"5\r\nhello\r\n0\r\n\r\n", "hello", true},
      {"5;a=b\r\nhello\r\n1 \r\n!\r\n0\r\nT: 1\r\n\r\n", "hello!", true},
      {"5\nhello\n0\n\n", "hello", true},
      {"0\r\n\r\n", "", true},
      {"5\r\nhel", "hel", false},
      {"5\r\nhello\r\n", "hello", false},
      {"5\r\nhello0\r\n\r\n", "hello", false},
      {"5\r\nhello\r\nzz\r\n", "hello", false},
      {"-1\r\nhello\r\n0\r\n\r\n", "", false},
      {"11111111111111111\r\nhello", "", false},
      {"FFFFFFFFFFFFFFFF\r\nhello", "hello", false},
      {"\r\nhello", "", false},
      {"", "", false},
  };
  for (const auto& c : cases) {
    std::vector<std::string> notes;
    EXPECT_EQ(DecodeTransfer(kChunkedHead, std::string(c.body), &notes),
              c.payload)
        << c.body;
    EXPECT_EQ(notes.empty(), c.whole) << c.body;
  }
  EXPECT_EQ(DecodeTransfer("HTTP/1.1 200 OK\r\n\r\n", "5\r\nhello"),
            "5\r\nhello");
}

TEST(ChunkWalker, DoesNotCareHowTheBytesArrive) {
  const std::string body =
      "5\r\nhello\r\n3;x=\"y\"\r\nabc\r\n0\r\nA: b\r\n\r\nHTTP/1.1 200 OK";
  for (std::size_t piece = 1; piece <= body.size(); ++piece) {
    ChunkWalker walker;
    std::string payload;
    std::size_t taken = 0;
    for (std::size_t i = 0; i < body.size(); i += piece) {
      taken += walker.Feed(std::string_view(body).substr(i, piece), &payload);
    }
    EXPECT_EQ(payload, "helloabc") << piece;
    EXPECT_TRUE(walker.done()) << piece;
    EXPECT_TRUE(walker.has_trailers()) << piece;
    EXPECT_EQ(taken, body.size() - 15) << piece;
  }
}

TEST(ChunkWalker, BoundsTrailers) {
  ChunkWalker walker(100);
  const std::string body = "0\r\n" + std::string(200, 'x');
  EXPECT_EQ(walker.Feed(body, nullptr), 103u);
  EXPECT_TRUE(walker.broken());
}

}  // namespace
}  // namespace stemma
