#include "archive/http_block.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace stemma {
namespace {

TEST(HttpBlock, HeadsAsTheWebWritesThem) {
  const struct {
    std::string head;
    int status;
    std::string mime;
    bool chunked;
  } cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Type: Text/HTML; charset=x\r\n\r\n", 200,
       "text/html", false},
      {"HTTP/1.0 404\ncontent-type:text/plain\n\n", 404, "text/plain", false},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n", 200, "",
       true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", 200, "",
       false},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip,\r\n chunked\r\n\r\n", 200,
       "", true},
      {"GET / HTTP/1.1\r\nContent-Type: a/b\r\n\r\n", 0, "a/b", false},
      {"\nContent-Type: image/png\n", 0, "image/png", false},
      {"", 0, "", false},
  };
  for (const auto& c : cases) {
    const HttpBlockHead read = ReadHttpHead(c.head);
    EXPECT_EQ(read.status, c.status) << c.head;
    EXPECT_EQ(read.mime, c.mime) << c.head;
    EXPECT_EQ(read.chunked, c.chunked) << c.head;
  }
  EXPECT_EQ(HttpField("HTTP/1.1 200\r\nA: 1\r\na: 2\r\n\r\n", "A"), "1");
}

std::string Chunked(const std::string& payload, std::size_t most,
                    std::mt19937& chance) {
  std::string body;
  char size[32];
  for (std::size_t at = 0; at < payload.size();) {
    const std::size_t n = std::min(1 + chance() % most, payload.size() - at);
    std::snprintf(size, sizeof size,
                  chance() % 5 == 0 ? "%zX;x=y\r\n" : "%zx\r\n", n);
    body += size + payload.substr(at, n) + "\r\n";
    at += n;
  }
  return body + "0\r\nA-Trailer: x\r\n\r\n";
}

TEST(HttpBlock, APayloadIsReadWithoutItsChunks) {
  std::mt19937 chance(1);
  for (const std::size_t most : {1u, 3u, 70u, 5000u, 900'000u}) {
    std::string payload(most < 10 ? 200'000 : 1'000'000, '\0');
    for (char& c : payload) c = static_cast<char>(chance());
    const Result<Blob> blob =
        WithoutChunks(Blob(Chunked(payload, most, chance)));
    ASSERT_TRUE(blob);
    ASSERT_EQ(blob->size(), payload.size());
    EXPECT_EQ(*blob->ReadAll(payload.size()), payload) << most;
    for (int i = 0; i < 200; ++i) {
      const std::size_t at = chance() % (payload.size() + 10);
      std::string out(1 + chance() % 3000, '\0');
      const Result<std::size_t> got = blob->ReadAt(at, out);
      ASSERT_TRUE(got);
      const std::size_t left = at < payload.size() ? payload.size() - at : 0;
      ASSERT_EQ(*got, std::min(left, out.size())) << most << " at " << at;
      if (*got > 0) {
        EXPECT_EQ(out.substr(0, *got), payload.substr(at, *got));
      }
    }
  }
}

TEST(HttpBlock, WhatBreaksTheCodingEndsThePayload) {
  const struct {
    std::string body, payload;
  } cases[] = {
      {"", ""},
      {"0\r\n\r\n", ""},
      {"3\r\nabc\r\n", "abc"},
      {"3\r\nab", "ab"},
      {"3\r\nabcd\r\n0\r\n\r\n", "abc"},
      {"3\r\nabc\r\nx", "abc"},
      {"3\nabc\n2\nde\n0\n\n", "abcde"},
      {"FFFFFFFFFFFFFFFF\r\nabc", "abc"},
      {"10000000000000000\r\nabc", ""},
      {"3\r\nabc\r\n0\r\n\r\nbehind", "abc"},
  };
  for (const auto& c : cases) {
    const Result<Blob> blob = WithoutChunks(Blob(c.body));
    ASSERT_TRUE(blob);
    EXPECT_EQ(*blob->ReadAll(100), c.payload) << c.body;
  }
}

}  // namespace
}  // namespace stemma
