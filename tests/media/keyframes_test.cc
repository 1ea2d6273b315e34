// The whole way: a clip made here, the worker in its sandbox, the report.
#include "media/keyframes.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "media/contact_sheet.h"
#include "media/match.h"
#include "media/worker_process.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

std::string Slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

class Keyframes : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ::setenv("STEMMA_MEDIA_WORKER",
             (fs::path(STEMMA_BINARY_DIR) / "bin/stemma-media-worker").c_str(),
             0);
    dir_ = fs::temp_directory_path() /
           ("stemma-keyframes-" + std::to_string(::getpid()));
    fs::create_directories(dir_);
  }
  static void TearDownTestSuite() { fs::remove_all(dir_); }

  // Runs the ffmpeg program, the tests' only use of it.
  static std::string Make(const std::string& name,
                          const std::string& arguments) {
    const fs::path out = dir_ / name;
    const std::string command =
        "ffmpeg -nostdin -hide_banner -loglevel error -y " + arguments + " '" +
        out.string() + "'";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return Slurp(out);
  }
  // Three shots of two seconds each.
  static const std::string& Clip() {
    static const std::string clip = Make(
        "clip.mp4",
        "-f lavfi -i testsrc2=s=320x180:r=25:d=2 "
        "-f lavfi -i mandelbrot=s=320x180:r=25 "
        "-f lavfi -i testsrc=s=320x180:r=25:d=2 "
        "-filter_complex '[1:v]trim=end_frame=50[m];[0:v]format=yuv420p[a];"
        "[m]format=yuv420p[b];[2:v]format=yuv420p[c];"
        "[a][b][c]concat=n=3:v=1:a=0' "
        "-c:v libx264 -preset ultrafast -movflags +faststart");
    return clip;
  }
  static VideoReport Read(const std::string& bytes,
                          KeyframeOptions options = {}) {
    Result<VideoReport> report = ReadVideo(Blob(bytes), options);
    EXPECT_TRUE(report) << report.error().message();
    return report ? *std::move(report) : VideoReport{};
  }
  static inline fs::path dir_;
};

TEST_F(Keyframes, ShotsAndFramesAtExactTimes) {
  const VideoReport report = Read(Clip());
  EXPECT_EQ(report.status, "ok") << report.reason;
  EXPECT_EQ(report.frames_decoded, 150);
  EXPECT_EQ(report.width, 320);
  ASSERT_EQ(report.shots.size(), 3u);
  EXPECT_EQ(report.shots[1].first, 50);
  EXPECT_EQ(report.shots[2].first, 100);
  EXPECT_GE(report.keyframes.size(), 3u);
  for (const Keyframe& key : report.keyframes) {
    EXPECT_NEAR(
        key.seconds,
        double(key.pts) * double(key.time_base.num) / double(key.time_base.den),
        1e-6);
    EXPECT_EQ(key.frame, std::llround(key.seconds * 25));
  }
  EXPECT_NEAR(report.duration, 6, 0.01);
}

TEST_F(Keyframes, EveryWallStandsOrIsReported) {
  const VideoReport report = Read(Clip());
  const std::string walls = report.facts["walls"];
  EXPECT_NE(walls.find("seccomp"), std::string::npos) << walls;
  EXPECT_NE(walls.find("no-new-privs"), std::string::npos) << walls;
  EXPECT_TRUE(walls.find("landlock") != std::string::npos ||
              !report.warnings.empty());
}

TEST_F(Keyframes, ModesChooseWhatTheySay) {
  KeyframeOptions options;
  options.mode = "interval:1s";
  VideoReport report = Read(Clip(), options);
  ASSERT_EQ(report.keyframes.size(), 6u);
  EXPECT_NEAR(report.keyframes[3].seconds, 3, 1e-6);
  options.mode = "all";
  EXPECT_EQ(Read(Clip(), options).keyframes.size(), 150u);
  options.mode = "iframe";
  for (const Keyframe& key : Read(Clip(), options).keyframes) {
    EXPECT_TRUE(key.sync);
  }
  options.mode = "sometimes";
  EXPECT_FALSE(ReadVideo(Blob(Clip()), options));
}

TEST_F(Keyframes, ADamagedFileGivesWhatItHas) {
  const std::string& clip = Clip();
  const VideoReport half = Read(clip.substr(0, clip.size() / 2));
  EXPECT_EQ(half.status, "partial");
  EXPECT_GT(half.frames_decoded, 20);
  EXPECT_FALSE(half.reason.empty());
}

TEST_F(Keyframes, WhatIsNoVideoIsRejectedWithTheReason) {
  for (const std::string& text :
       {std::string(), std::string("#EXTM3U\nfile:///etc/passwd\n"),
        std::string("<html></html>"), Clip().substr(0, 32)}) {
    const VideoReport report = Read(text);
    EXPECT_EQ(report.status, "rejected") << text;
    EXPECT_FALSE(report.reason.empty());
    EXPECT_EQ(report.frames_decoded, 0);
  }
}

TEST_F(Keyframes, BudgetsEndDecodingAndSaySo) {
  KeyframeOptions options;
  options.limits.max_frames = 40;
  const VideoReport report = Read(Clip(), options);
  EXPECT_EQ(report.status, "partial");
  EXPECT_EQ(report.frames_decoded, 40);
  EXPECT_NE(report.reason.find("budget"), std::string::npos);
}

TEST_F(Keyframes, AWorkerThatAnswersGarbageIsAClearResult) {
  const fs::path fake = dir_ / "fake-worker";
  std::ofstream(fake) << "#!/bin/sh\nexec cat /dev/zero >&3\n";
  fs::permissions(fake, fs::perms::owner_all);
  const std::string real = std::getenv("STEMMA_MEDIA_WORKER");
  // A pooled worker may still serve one job, so look at the finder only.
  ::setenv("STEMMA_MEDIA_WORKER", "/nonexistent/worker", 1);
  EXPECT_FALSE(FindWorkerProgram());
  ::setenv("STEMMA_MEDIA_WORKER", real.c_str(), 1);
  EXPECT_TRUE(FindWorkerProgram());
}

TEST_F(Keyframes, ARemuxAndAReencodeAreToldApart) {
  fs::path clip = dir_ / "clip.mp4";
  Clip();
  const std::string remux =
      Make("remux.mkv", "-i '" + clip.string() + "' -c copy");
  const std::string small =
      Make("small.mp4",
           "-i '" + clip.string() +
               "' -vf scale=240:-2 -c:v libx264 -crf 32 -preset veryfast");
  const VideoReport original = Read(Clip());
  const VideoReport copy = Read(remux);
  EXPECT_EQ(original.keyframes.front().pixels, copy.keyframes.front().pixels);
  const VideoComparison again = CompareVideos(original, Read(small));
  EXPECT_EQ(again.verdict, VideoVerdict::kReencoded) << again.reason;
}

TEST_F(Keyframes, TheContactSheetIsTheSameEachTimeAndEscapesItsTitle) {
  KeyframeOptions options;
  options.images_in_memory = true;
  const VideoReport report = Read(Clip(), options);
  ASSERT_EQ(report.images.size(), report.keyframes.size());
  SheetOptions sheet;
  sheet.title = "<script>alert(1)</script>";
  const Result<std::string> png = ContactSheetPng(report, sheet);
  ASSERT_TRUE(png);
  EXPECT_EQ(*png, *ContactSheetPng(report, sheet));
  EXPECT_TRUE(png->starts_with("\x89PNG"));
  const std::string html = ContactSheetHtml(report, sheet);
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_EQ(html.find("http://"), std::string::npos);
}

}  // namespace
}  // namespace stemma
