#include "media/mp4_boxes.h"

#include <gtest/gtest.h>

namespace stemma {
namespace {

std::string U32(std::uint32_t v) {
  return {char(v >> 24), char(v >> 16), char(v >> 8), char(v)};
}
std::string Box(std::string_view type, std::string_view content) {
  return U32(std::uint32_t(8 + content.size())) + std::string(type) +
         std::string(content);
}
std::string Full(std::string_view type, std::string_view content) {
  return Box(type, U32(0) + std::string(content));
}

std::string Track(std::string_view stbl, std::string_view dref_flags) {
  return Box(
      "trak",
      Box("mdia",
          Full("hdlr", U32(0) + "vide" + std::string(12, 0)) +
              Box("minf",
                  Box("dinf", Full("dref", U32(1) + Box("url ", dref_flags))) +
                      Box("stbl", stbl))));
}
const std::string kHere = U32(1);

std::string Movie(std::string_view moov) {
  return Box("ftyp", "isom") + Box("moov", moov) + Box("mdat", "0123456789");
}
BoxWalk Walk(std::string bytes) {
  Result<BoxWalk> walk = WalkBoxes(Blob(std::move(bytes)));
  EXPECT_TRUE(walk);
  return *walk;
}

TEST(Mp4Boxes, AWholeFileIsSeenBoxByBox) {
  const BoxWalk walk = Walk(Movie(Track("", kHere)));
  EXPECT_TRUE(walk.is_mp4);
  ASSERT_EQ(walk.boxes.size(), 3u);
  EXPECT_EQ(walk.boxes[2].type, "mdat");
  EXPECT_EQ(walk.boxes[2].size, 18u);
  EXPECT_EQ(walk.major_brand, "isom");
  EXPECT_TRUE(walk.moov_first);
  EXPECT_EQ(walk.video_tracks, 1);
  EXPECT_EQ(walk.refusal, "");
  EXPECT_TRUE(walk.damage.empty());
}

TEST(Mp4Boxes, WhatADecoderMustNotSeeIsRefused) {
  std::string nest;
  for (int i = 0; i < 40; ++i) nest = Box("udta", nest);
  std::string tracks;
  for (int i = 0; i < 40; ++i) tracks += Track("", kHere);
  const std::string entry =
      std::string(24, 0) + "\xFF\xFF\xFF\xFF" + std::string(50, 0);
  const struct {
    const char* why;
    std::string moov;
  } cases[] = {
      {"another file", Track("", U32(0))},
      {"cmov", Box("cmov", "x")},
      {"deeper", nest},
      {"tracks", tracks},
      {"samples", Track(Full("stsz", U32(1) + U32(900'000'000)), kHere)},
      {"entries", Track(Full("stts", U32(0x1fffffff)), kHere)},
      {"limit is 8192",
       Track(Full("stsd", U32(1) + Box("avc1", entry)), kHere)},
  };
  for (const auto& c : cases) {
    const BoxWalk walk = Walk(Movie(c.moov));
    EXPECT_NE(walk.refusal.find(c.why), std::string::npos)
        << c.why << " against '" << walk.refusal << "'";
  }
}

TEST(Mp4Boxes, AMissingEndIsDamageAndJunkAfterItIsNot) {
  const std::string whole = Movie(Track("", kHere));
  const BoxWalk cut = Walk(whole.substr(0, whole.size() - 4));
  EXPECT_FALSE(cut.media_complete);
  ASSERT_FALSE(cut.damage.empty());
  EXPECT_NE(cut.damage[0].find("lacks its last 4 bytes"), std::string::npos);
  const BoxWalk junk = Walk(whole + std::string(100, '\x01'));
  EXPECT_TRUE(junk.damage.empty());
  EXPECT_EQ(junk.trailing_bytes, 100u);
}

// A track of `handler` whose first picture is shown `delay` ticks after it is
// decoded, with an edit that begins at `media_time`.
std::string Edited(const std::string& handler, std::uint32_t delay,
                   std::uint32_t media_time) {
  return Box(
      "trak",
      Box("edts",
          Full("elst", U32(1) + U32(1000) + U32(media_time) + U32(65536))) +
          Box("mdia",
              Full("hdlr", U32(0) + handler + std::string(12, '\0')) +
                  Box("minf", Box("stbl", Full("ctts", U32(1) + U32(9) +
                                                           U32(delay))))));
}

TEST(Mp4Boxes, AnEditIsOneThatLeavesPicturesOut) {
  EXPECT_TRUE(Walk(Movie(Edited("vide", 0, 900))).edit_list);
  EXPECT_TRUE(Walk(Movie(Edited("vide", 80, 90))).edit_list);
  EXPECT_TRUE(Walk(Movie(Edited("vide", 80, 0xffffffff))).edit_list)
      << "a wait";
  EXPECT_FALSE(Walk(Movie(Edited("vide", 80, 80))).edit_list)
      << "only undoes the delay of reordered pictures";
  EXPECT_FALSE(Walk(Movie(Edited("soun", 0, 1024))).edit_list)
      << "an encoder's lead-in";
}

TEST(Mp4Boxes, FindsManifests) {
  const BoxWalk walk = Walk(
      Movie("") + Box("uuid",
                      "\xd8\xfe\xc3\xd6\x1b\x0e\x48\x3c\x92\x97\x58\x28\x87\x7e"
                      "\xc4\x81manifest"));
  EXPECT_EQ(walk.c2pa, Movie("").size());
}

// Every truncation and every broken size must end, in bounds.
TEST(Mp4Boxes, AnyPrefixAndAnyBrokenSizeIsSurvived) {
  const std::string whole =
      Movie(Track(Full("stsz", U32(0) + U32(2) + U32(5) + U32(5)), kHere));
  for (std::size_t n = 0; n <= whole.size(); ++n) Walk(whole.substr(0, n));
  for (std::size_t at = 0; at + 4 <= whole.size(); ++at) {
    for (const std::uint32_t v : {0u, 1u, 7u, 0x7fffffffu, 0xffffffffu}) {
      std::string broken = whole;
      broken.replace(at, 4, U32(v));
      Walk(std::move(broken));
    }
  }
}

TEST(LooksLikeVideo, GoesByTheFirstBytes) {
  std::string ts(600, 'x');
  ts[0] = ts[188] = ts[376] = 'G';
  EXPECT_TRUE(LooksLikeVideo(ts));
  EXPECT_TRUE(LooksLikeVideo(Movie("")));
  EXPECT_TRUE(LooksLikeVideo("\x1A\x45\xDF\xA3...."));
  for (const char* text : {"", "#EXTM3U\n", "ffconcat version 1.0", "v=0\r\n",
                           "<html>", "RIFF....WAVE", "GIF"}) {
    EXPECT_FALSE(LooksLikeVideo(text)) << text;
  }
}

}  // namespace
}  // namespace stemma
