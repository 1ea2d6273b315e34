#include "media/match.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "media/frame_index.h"
#include "media/frame_views.h"
#include "media/video_json.h"

namespace stemma {
namespace {

// A picture that only `scene` and a little motion decide.
WorkImage Picture(int scene, double seconds) {
  WorkImage image;
  image.luma.resize(WorkImage::kSide * WorkImage::kSide);
  // Every other pixel, doubled: sines are what this costs.
  for (int y = 0; y < WorkImage::kSide; y += 2) {
    for (int x = 0; x < WorkImage::kSide; x += 2) {
      const double u = x / 256.0 + 0.02 * seconds, v = y / 256.0;
      double sum = 0;
      for (int k = 1; k <= 4; ++k) {
        const double a = std::fmod(scene * 2.399 + k * 1.7, 6.283);
        const double f = 6 + 6.3 * k + std::fmod(scene * 3.1, 4.0);
        sum += std::sin(f * (u * std::cos(a) + v * std::sin(a)) + scene * k);
      }
      const auto value = std::uint8_t(std::clamp(128 + 28 * sum, 0.0, 255.0));
      for (const int at : {0, 1, 256, 257}) {
        image.luma[y * WorkImage::kSide + x + at] = value;
      }
    }
  }
  return image;
}

struct Change {
  bool mirror = false;
  // A grey box over the middle of the picture between these seconds.
  double paint_from = 0, paint_to = 0;
};

// A video of scenes, three seconds each, sampled four times a second.
VideoReport Film(const std::vector<int>& scenes, const Change& change = {}) {
  VideoReport report;
  report.status = "ok";
  report.duration = 3.0 * double(scenes.size());
  // Copies are never the same bytes here.
  static std::uint8_t serial = 0;
  report.payload.bytes[0] = ++serial;
  report.payload_bytes = 1000;
  for (std::size_t s = 0; s < scenes.size(); ++s) {
    report.shots.push_back({3.0 * double(s), 3.0 * double(s + 1),
                            std::int64_t(75 * s), std::int64_t(75 * s + 74)});
  }
  for (int k = 0; k < int(12 * scenes.size()); ++k) {
    const double t = 0.25 * k;
    WorkImage image = Picture(scenes[std::size_t(k / 12)], std::fmod(t, 3.0));
    if (t >= change.paint_from && t < change.paint_to) {
      for (int y = 90; y < 170; ++y) {
        for (int x = 100; x < 165; ++x) image.luma[y * 256 + x] = 40;
      }
    }
    if (change.mirror) {
      for (int y = 0; y < 256; ++y) {
        std::reverse(image.luma.begin() + y * 256,
                     image.luma.begin() + (y + 1) * 256);
      }
    }
    FrameSample sample;
    sample.seconds = t;
    sample.shot = k / 12;
    sample.quality = 100;
    sample.views.push_back(MakeView(image, FrameView::Kind::kPicture, {}));
    report.samples.push_back(std::move(sample));
  }
  return report;
}

TEST(CompareVideos, TheSameBytesAreTheSame) {
  const VideoReport a = Film({1, 2, 3});
  EXPECT_EQ(CompareVideos(a, a).verdict, VideoVerdict::kSame);
}

TEST(CompareVideos, TheSamePicturesInOtherBytesAreReencoded) {
  const VideoComparison c = CompareVideos(Film({1, 2, 3}), Film({1, 2, 3}));
  EXPECT_EQ(c.verdict, VideoVerdict::kReencoded) << c.reason;
  EXPECT_TRUE(c.altered.empty());
}

TEST(CompareVideos, AMirroredCopyIsFound) {
  const VideoComparison c =
      CompareVideos(Film({1, 2, 3}), Film({1, 2, 3}, {.mirror = true}));
  EXPECT_EQ(c.verdict, VideoVerdict::kReencoded) << c.reason;
  EXPECT_NE(c.reason.find("mirrored"), std::string::npos);
}

TEST(CompareVideos, AShotCutOutIsNamedWithItsTimes) {
  const VideoComparison c = CompareVideos(Film({1, 2, 3, 4}), Film({1, 2, 4}));
  EXPECT_EQ(c.verdict, VideoVerdict::kAltered) << c.reason;
  ASSERT_EQ(c.altered.size(), 1u);
  EXPECT_EQ(c.altered[0].kind, "removed");
  EXPECT_NEAR(c.altered[0].start, 6, 0.3);
  EXPECT_NEAR(c.altered[0].end, 9, 0.3);
  EXPECT_NEAR(c.altered[0].at, 6, 0.3);
}

TEST(CompareVideos, AForeignShotIsNamedWithItsTimes) {
  const struct {
    std::vector<int> copy;
    const char* kind;
  } cases[] = {
      {{1, 2, 9, 3, 4}, "inserted"},
      {{1, 2, 9, 4}, "replaced"},
  };
  for (const auto& c : cases) {
    const VideoComparison got = CompareVideos(Film({1, 2, 3, 4}), Film(c.copy));
    ASSERT_EQ(got.altered.size(), 1u) << c.kind << " " << got.reason;
    EXPECT_EQ(got.altered[0].kind, c.kind);
    EXPECT_NEAR(got.altered[0].start, 6, 0.3);
    EXPECT_NEAR(got.altered[0].end, 9, 0.3);
  }
}

TEST(CompareVideos, APaintedPartIsNamedWithItsTimes) {
  const VideoComparison c =
      CompareVideos(Film({1, 2, 3, 4}),
                    Film({1, 2, 3, 4}, {.paint_from = 3.6, .paint_to = 5.6}));
  ASSERT_EQ(c.altered.size(), 1u) << c.reason;
  EXPECT_EQ(c.altered[0].kind, "painted");
  EXPECT_NEAR(c.altered[0].start, 3.6, 0.3);
  EXPECT_NEAR(c.altered[0].end, 5.6, 0.3);
}

TEST(CompareVideos, AnExcerptIsASegment) {
  const VideoComparison c = CompareVideos(Film({1, 2, 3, 4}), Film({2, 3}));
  EXPECT_EQ(c.verdict, VideoVerdict::kSegment) << c.reason;
  ASSERT_EQ(c.segments.size(), 1u);
  EXPECT_NEAR(c.segments[0].a0, 3, 0.2);
  EXPECT_NEAR(c.segments[0].a1, 9, 0.2);
}

TEST(CompareVideos, OtherPicturesAreDifferent) {
  EXPECT_EQ(CompareVideos(Film({1, 2, 3}), Film({5, 6, 7})).verdict,
            VideoVerdict::kDifferent);
}

TEST(CompareVideos, WhatWasNotDecodedIsNotCompared) {
  VideoReport rejected;
  rejected.reason = "the file is empty";
  const VideoComparison c = CompareVideos(Film({1, 2}), rejected);
  EXPECT_EQ(c.verdict, VideoVerdict::kNotCompared);
  EXPECT_NE(c.reason.find("the file is empty"), std::string::npos);
}

TEST(VideoIndex, FindsTheRightOneAmongMany) {
  VideoIndex index;
  for (int v = 0; v < 6; ++v) {
    index.Add("v" + std::to_string(v),
              std::make_shared<VideoReport>(
                  Film({10 * v + 11, 10 * v + 12, 10 * v + 13})));
  }
  const auto found = index.Find(Film({32, 33, 99}));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].id, "v2");
}

TEST(VideoIndex, FindsAStill) {
  VideoIndex index;
  index.Add("film", std::make_shared<VideoReport>(Film({1, 2, 3})));
  FrameSample still;
  still.views.push_back(
      MakeView(Picture(2, 1.0), FrameView::Kind::kPicture, {}));
  const auto found = index.FindPicture(still);
  ASSERT_FALSE(found.empty());
  EXPECT_NEAR(found[0].seconds, 4, 1.1);
  EXPECT_TRUE(
      index
          .FindPicture({.views = {MakeView(Picture(77, 0),
                                           FrameView::Kind::kPicture, {})}})
          .empty());
}

TEST(VideoJson, AReportSurvivesTheTrip) {
  VideoReport report = Film({1, 2});
  report.facts["title"] = "x";
  report.boxes.push_back({"mdat", 8, 100, {}});
  Keyframe key;
  key.pts = -7;
  key.time_base = {1, 90000};
  key.reason = "interval";
  key.width = key.height = 8;
  key.also_at = {1.5};
  report.keyframes.push_back(key);
  const std::string text = ToJson(report, {.samples = true}).dump();
  const Result<VideoReport> read = VideoReportFromJson(text);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(ToJson(*read, {.samples = true}).dump(), text);
  EXPECT_EQ(read->samples[3].views[0].luma, report.samples[3].views[0].luma);
}

TEST(VideoJson, BrokenReportsAreRefused) {
  nlohmann::json good = ToJson(Film({1}), {.samples = true});
  for (const char* field : {"status", "sha256", "duration", "warnings"}) {
    nlohmann::json broken = good;
    broken[field] = nlohmann::json::object();
    EXPECT_FALSE(VideoReportFromJson(broken.dump())) << field;
  }
  nlohmann::json broken = good;
  broken["samples"][0]["views"][0]["luma"] = "AAAA";
  EXPECT_FALSE(VideoReportFromJson(broken.dump()));
  EXPECT_FALSE(VideoReportFromJson("[1,2"));
}

TEST(FrameIndex, FindsExactlyWhatIsNear) {
  FrameIndex index;
  index.Add({0, 0, 0, 0});
  index.Add({0xFF, 0, 0, 0});
  index.Add({~0ull, ~0ull, 0, 0});
  const FrameHash query[] = {{1, 0, 0, 0}};
  const auto hits = index.Find(query, 7);
  ASSERT_EQ(hits.size(), 2u);
  EXPECT_EQ(hits[0].distance, 1);
  EXPECT_EQ(hits[1].distance, 7);
}

TEST(FindRegions, TakesBarsOffAndFindsAnInset) {
  std::vector<WorkImage> boxed, inset;
  for (int k = 0; k < 12; ++k) {
    const WorkImage inner = Picture(3 + k / 4, 0.25 * k);
    WorkImage bars = inner;
    for (int y = 0; y < 256; ++y) {
      for (int x = 0; x < 256; ++x) {
        if (y < 40 || y >= 216) bars.luma[y * 256 + x] = 16;
      }
    }
    boxed.push_back(bars);
    WorkImage outer = Picture(40 + k / 3, 0.25 * k);
    for (int y = 60; y < 210; ++y) {
      for (int x = 30; x < 180; ++x) {
        outer.luma[y * 256 + x] =
            inner.luma[(y - 60) * 256 / 150 * 256 + (x - 30) * 256 / 150];
      }
    }
    inset.push_back(outer);
  }
  const ShownRegions without_bars = FindRegions(boxed);
  EXPECT_NEAR(without_bars.picture.top, 40 / 256.0, 0.01);
  EXPECT_NEAR(without_bars.picture.bottom, 216 / 256.0, 0.01);
  const ShownRegions with_inset = FindRegions(inset);
  ASSERT_TRUE(with_inset.inset);
  EXPECT_NEAR(with_inset.inset->left, 30 / 256.0, 0.015);
  EXPECT_NEAR(with_inset.inset->right, 180 / 256.0, 0.015);
  EXPECT_NEAR(with_inset.inset->top, 60 / 256.0, 0.015);
}

}  // namespace
}  // namespace stemma
