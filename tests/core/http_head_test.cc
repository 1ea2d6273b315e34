#include "core/http_head.h"

#include <gtest/gtest.h>

#include "core/chunked.h"

namespace stemma {
namespace {

TEST(ParseHttpHead, ReadsStatusLines) {
  const struct {
    std::string_view line;
    int status;
    std::string_view version, reason;
  } cases[] = {
      {"HTTP/1.1 200 OK", 200, "HTTP/1.1", "OK"},
      {"HTTP/1.1 404 Not  Found ", 404, "HTTP/1.1", "Not  Found"},
      {"HTTP/1.0 200", 200, "HTTP/1.0", ""},
      {"HTTP/2 301 ", 301, "HTTP/2", ""},
      {"http/1.1   200\tfine", 200, "http/1.1", "fine"},
  };
  for (const auto& c : cases) {
    const auto head = ParseHttpHead(std::string(c.line) + "\r\n\r\n");
    ASSERT_TRUE(head) << c.line;
    EXPECT_EQ(head->status, c.status) << c.line;
    EXPECT_EQ(head->version, c.version) << c.line;
    EXPECT_EQ(head->reason, c.reason) << c.line;
  }
}

TEST(ParseHttpHead, RefusesWhatIsNoHead) {
  for (const std::string_view text :
       {"", "\r\n", "SSH-2.0-x\r\n", "{\"json\":1}", "\x15\x03\x01", "OK"}) {
    EXPECT_FALSE(ParseHttpHead(text)) << text;
  }
}

TEST(ParseHttpHead, KeepsFieldsAsTheyCame) {
  const auto head = ParseHttpHead(
      "HTTP/1.1 200 OK\n"
      "Set-Cookie: a=1\r\n"
      "set-cookie:b=2\n"
      "X-Folded: one\r\n"
      "\t two\r\n"
      "Spaced : v\r\n"
      "no colon here\r\n"
      "X-Latin: caf\xe9\r\n"
      "\r\n"
      "Not-A-Field: body\r\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->fields.size(), 5U);
  EXPECT_EQ(head->FindAll("SET-COOKIE"),
            (std::vector<std::string>{"a=1", "b=2"}));
  EXPECT_EQ(*head->Find("x-folded"), "one two");
  EXPECT_EQ(*head->Find("spaced"), "v");
  EXPECT_EQ(FieldToUtf8(*head->Find("x-latin")), "caf\u00e9");
  EXPECT_EQ(head->Find("not-a-field"), nullptr);
}

TEST(EndOfHttpHead, IsBehindTheBlankLine) {
  EXPECT_EQ(EndOfHttpHead("HTTP/1.1 200 OK\r\n\r\nbody"), 19U);
  EXPECT_EQ(EndOfHttpHead("HTTP/1.1 200 OK\nA: b\n\nbody"), 22U);
  EXPECT_EQ(EndOfHttpHead("HTTP/1.1 200 OK\r\nA: b\r\n"),
            std::string_view::npos);
}

TEST(FramingOf, FollowsRfc9112) {
  using Kind = Framing::Kind;
  const struct {
    std::string_view head;
    Kind kind;
    std::size_t oddities;
    bool fatal;
  } cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", Kind::kLength, 0, false},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n", Kind::kLength, 1, false},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n",
       Kind::kUntilClose, 0, true},
      {"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n", Kind::kUntilClose, 1,
       false},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", Kind::kChunked, 0,
       false},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n",
       Kind::kChunked, 1, false},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n", Kind::kNone, 0,
       false},
      {"HTTP/1.1 200 OK\r\n", Kind::kUntilClose, 0, false},
  };
  for (const auto& c : cases) {
    const Framing framing = FramingOf(ParseHttpHead(c.head).value());
    EXPECT_EQ(framing.kind, c.kind) << c.head;
    EXPECT_EQ(framing.oddities.size(), c.oddities) << c.head;
    EXPECT_EQ(framing.fatal.has_value(), c.fatal) << c.head;
  }
}

TEST(ChunkWalker, GivesTheSameForAnyPieces) {
  const std::string body =
      "4;ext=1\r\nWiki\r\n5 \r\npedia\r\nE\r\n in\r\n\r\nchunks.\r\n"
      "0\r\nTrailer: x\r\n\r\nrest";
  for (std::size_t piece = 1; piece <= body.size(); ++piece) {
    ChunkWalker walker;
    std::string payload;
    std::size_t taken = 0;
    for (std::size_t at = 0; at < body.size(); at += piece) {
      taken += walker.Feed(std::string_view(body).substr(at, piece), &payload);
    }
    EXPECT_TRUE(walker.done());
    EXPECT_EQ(payload, "Wikipedia in\r\n\r\nchunks.");
    EXPECT_EQ(taken, body.size() - 4);
  }
}

TEST(ChunkWalker, SaysWhyABodyIsBroken) {
  for (const std::string_view body :
       {"xyz\r\n", "-1\r\n", "11111111111111111\r\n", "1\r\nab\r\n", "1\rX",
        "\r\n"}) {
    ChunkWalker walker;
    walker.Feed(body, nullptr);
    EXPECT_TRUE(walker.broken()) << body;
    EXPECT_FALSE(walker.why().empty()) << body;
  }
}

}  // namespace
}  // namespace stemma
