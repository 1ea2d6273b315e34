#include "fetch/playlist.h"

#include <gtest/gtest.h>

namespace stemma {
namespace {

using Strings = std::vector<std::string>;

Url At(std::string_view text) { return *Url::Parse(text); }

Strings Hrefs(const std::vector<Url>& urls) {
  Strings hrefs;
  for (const Url& url : urls) hrefs.push_back(url.Href());
  return hrefs;
}

TEST(Hls, TheBestVariantAndItsSoundComeNext) {
  const auto list = ReadHls(
      "#EXTM3U\r\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"fr, x\",URI=\"fr.m3u8\"\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",DEFAULT=YES,URI=\"en.m3u8\"\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=100,AUDIO=\"a\"\nlow.m3u8\n"
      "#EXT-X-STREAM-INF:CODECS=\"avc1,mp4a\",BANDWIDTH=900,RESOLUTION=8x6,"
      "AUDIO=\"a\"\n/high.m3u8?x=1\n",
      At("http://e.test/v/master.m3u8"));
  ASSERT_TRUE(list);
  EXPECT_EQ(Hrefs(list->next), (Strings{"http://e.test/high.m3u8?x=1",
                                        "http://e.test/v/en.m3u8"}));
  EXPECT_TRUE(list->files.empty());
  EXPECT_FALSE(list->live);
  EXPECT_EQ(list->choice, "8x6, 900 bit/s, of 2");
}

TEST(Hls, FilesComeInPlayingOrderEachOnce) {
  const auto list = ReadHls(
      "#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n"
      "#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:4,\n1.m4s\n"
      "#EXT-X-BYTERANGE:100@0\nall.m4s\n#EXT-X-BYTERANGE:100@100\nall.m4s\n"
      "#EXTINF:4,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
      At("https://e.test/v/a.m3u8"));
  ASSERT_TRUE(list);
  EXPECT_EQ(Hrefs(list->files),
            (Strings{"https://e.test/v/k", "https://e.test/v/init.mp4",
                     "https://e.test/v/1.m4s", "https://e.test/v/all.m4s"}));
  EXPECT_EQ(list->notes.size(), 1U);
  EXPECT_FALSE(list->live);
}

TEST(Hls, WithoutAnEndItIsLiveAndLimitsHold) {
  std::string text = "#EXTM3U\n";
  for (int i = 0; i < 100; ++i) text += std::to_string(i) + ".ts\n";
  PlaylistLimits limits;
  limits.max_files = 10;
  const auto list = ReadHls(text, At("http://e.test/"), limits);
  ASSERT_TRUE(list);
  EXPECT_TRUE(list->live);
  EXPECT_EQ(list->files.size(), 10U);
  EXPECT_EQ(list->left_out, 90U);
  limits.max_bytes = 20;
  EXPECT_FALSE(ReadHls(text, At("http://e.test/"), limits));
  EXPECT_FALSE(ReadHls("<html>", At("http://e.test/")));
}

std::string Mpd(std::string_view inside) {
  return "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" "
         "type=\"static\" mediaPresentationDuration=\"PT10.5S\"><Period>" +
         std::string(inside) + "</Period></MPD>";
}

TEST(Dash, NumbersAreCountedFromTheDuration) {
  const auto list = ReadDash(
      Mpd("<AdaptationSet><SegmentTemplate timescale=\"2\" duration=\"8\" "
          "startNumber=\"5\" initialization=\"$RepresentationID$/i.mp4\" "
          "media=\"$RepresentationID$/$Number%03d$-$Bandwidth$.m4s\"/>"
          "<Representation id=\"lo\" bandwidth=\"1\"/>"
          "<Representation id=\"hi\" bandwidth=\"9\" width=\"4\" "
          "height=\"3\"/></AdaptationSet>"),
      At("http://e.test/d/m.mpd"));
  ASSERT_TRUE(list);
  EXPECT_EQ(Hrefs(list->files),
            (Strings{"http://e.test/d/hi/i.mp4", "http://e.test/d/hi/005-9.m4s",
                     "http://e.test/d/hi/006-9.m4s",
                     "http://e.test/d/hi/007-9.m4s"}));
  EXPECT_EQ(list->choice, "4x3, 9 bit/s, of 2");
}

TEST(Dash, TimelinesRepeatAndRunToTheEnd) {
  const auto list =
      ReadDash(Mpd("<AdaptationSet><Representation id=\"v\" bandwidth=\"1\">"
                   "<SegmentTemplate media=\"$Time$.m4s\"><SegmentTimeline>"
                   "<S t=\"0\" d=\"2\" r=\"1\"/><S d=\"3\" r=\"-1\"/>"
                   "</SegmentTimeline></SegmentTemplate></Representation>"
                   "</AdaptationSet>"),
               At("http://e.test/m.mpd"));
  ASSERT_TRUE(list);
  EXPECT_EQ(Hrefs(list->files),
            (Strings{"http://e.test/0.m4s", "http://e.test/2.m4s",
                     "http://e.test/4.m4s", "http://e.test/7.m4s"}));
}

TEST(Dash, ListsAndLoneFiles) {
  const auto list = ReadDash(
      Mpd("<BaseURL>x/</BaseURL><AdaptationSet><Representation><SegmentList>"
          "<Initialization sourceURL=\"i\"/><SegmentURL media=\"1\"/>"
          "</SegmentList></Representation></AdaptationSet>"
          "<AdaptationSet><Representation><BaseURL>whole.mp4</BaseURL>"
          "<SegmentBase indexRange=\"1-2\"/></Representation></AdaptationSet>"),
      At("http://e.test/m.mpd"));
  ASSERT_TRUE(list);
  EXPECT_EQ(Hrefs(list->files),
            (Strings{"http://e.test/x/i", "http://e.test/x/1",
                     "http://e.test/x/whole.mp4"}));
}

TEST(Dash, HostileNumbersStayBounded) {
  const auto list = ReadDash(
      Mpd("<AdaptationSet><Representation><SegmentTemplate "
          "media=\"$Number%0999999999d$\"><SegmentTimeline>"
          "<S d=\"0\" r=\"18446744073709551615\"/><S d=\"1\" r=\"-1\"/>"
          "</SegmentTimeline></SegmentTemplate></Representation>"
          "</AdaptationSet>"),
      At("http://e.test/m.mpd"));
  ASSERT_TRUE(list);
  EXPECT_LE(list->files.size(), 10'000U);
  const auto same = ReadDash(
      Mpd("<AdaptationSet><Representation><SegmentTemplate media=\"x\">"
          "<SegmentTimeline><S d=\"1\" r=\"18446744073709551615\"/>"
          "</SegmentTimeline></SegmentTemplate></Representation>"
          "</AdaptationSet>"),
      At("http://e.test/m.mpd"));
  ASSERT_TRUE(same);
  EXPECT_EQ(same->files.size(), 1U);
  EXPECT_FALSE(ReadDash("<html/>", At("http://e.test/")));
}

}  // namespace
}  // namespace stemma
