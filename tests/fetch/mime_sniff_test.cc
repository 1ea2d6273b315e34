#include "fetch/mime_sniff.h"

#include <gtest/gtest.h>

namespace stemma {
namespace {

using namespace std::string_view_literals;

std::string Sniff(std::string_view body, std::string_view type = "") {
  return SniffMimeType({.body = body, .content_type = type}).Essence();
}

TEST(SniffMimeType, NamesBodiesWithoutAType) {
  const struct {
    std::string_view body, essence;
  } cases[] = {
      {"\n <!doctype html><p>", "text/html"},
      {"<P>", "text/html"},
      {"<pre>", "text/plain"},
      {"<!-- x", "text/html"},
      {"<?xml version", "text/xml"},
      {"%PDF-1.7", "application/pdf"},
      {"\x89PNG\r\n\x1a\n", "image/png"},
      {"\xff\xd8\xff\xe0", "image/jpeg"},
      {"RIFFabcdWEBPVP8 ", "image/webp"},
      {"\0\0\0\x18"
       "ftypisom\0\0\0\0mp41...."sv,
       "video/mp4"},
      {"\0\0\0\x17"
       "ftypisom\0\0\0\0mp41...."sv,
       "application/octet-stream"},
      {"\0\0\0\x08"
       "ftypmp42"sv,
       "video/mp4"},
      {"PK\3\4rest", "application/zip"},
      {"just words", "text/plain"},
      {"\1\2\3", "application/octet-stream"},
      {"", "text/plain"},
  };
  for (const auto& c : cases) EXPECT_EQ(Sniff(c.body), c.essence) << c.body;
}

TEST(SniffMimeType, BelievesServersOnlyWhereBrowsersDo) {
  EXPECT_EQ(Sniff("\x89PNG\r\n\x1a\n", "image/gif"), "image/png");
  EXPECT_EQ(Sniff("<html>", "text/plain"), "text/plain");
  EXPECT_EQ(Sniff("\1\2", "text/plain"), "application/octet-stream");
  EXPECT_EQ(Sniff("\1\2", "text/plain; charset=utf-8"), "text/plain");
  EXPECT_EQ(Sniff("<html>", "application/json"), "application/json");
  EXPECT_EQ(
      SniffMimeType({.body = "<html>", .content_type = "", .no_sniff = true})
          .Essence(),
      "text/plain");
}

// Each prefix of a film's head: nothing reads past the end.
TEST(SniffMimeType, ReadsShortBodies) {
  for (const std::string_view body :
       {"\x1a\x45\xdf\xa3\x42\x82\x84webm"sv, "\xff\xfb\x90\0\0\0"sv,
        "\0\0\0\x14"
        "ftypabcd\0\0\0\0mp42"sv,
        "RIFF____WAVEfmt "sv}) {
    for (std::size_t n = 0; n <= body.size(); ++n) {
      const std::string exact(body.substr(0, n));
      EXPECT_FALSE(Sniff(exact).empty());
      EXPECT_FALSE(Sniff(exact, "video/x").empty());
    }
  }
}

}  // namespace
}  // namespace stemma
