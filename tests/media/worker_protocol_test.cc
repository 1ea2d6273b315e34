#include "media/worker_protocol.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace stemma {
namespace {

// A message as the parent gets it: header checked, payload in a buffer of
// exactly its size.
Status Give(WorkerAnswers& answers, const std::string& message) {
  const Result<WorkerHeader> header =
      DecodeHeader(message.substr(0, kWorkerHeaderBytes));
  if (!header) return header.error();
  const std::string payload = message.substr(kWorkerHeaderBytes);
  EXPECT_EQ(header->length, payload.size());
  RgbPicture picture;
  return answers.Take(header->type, payload, picture);
}

Keyframe SomeKeyframe() {
  Keyframe k;
  k.pts = -512;
  k.time_base = {1, 12800};
  k.seconds = 1.25;
  k.frame = 31;
  k.coded_frame = 33;
  k.reason = "sharpest-of-shot";
  k.width = 640;
  k.height = 360;
  k.pdq = {1, 2, 3, 4};
  k.pdq_quality = 88;
  k.picture_type = 'P';
  k.sharpness = 12.5;
  return k;
}

TEST(WorkerProtocol, AJobSurvivesTheTrip) {
  WorkerJob job;
  job.size = 123456789012;
  job.mode = "interval";
  job.interval = 2.5;
  job.depth = "adaptive";
  job.pictures = true;
  job.image_side = 640;
  job.hash_every = 0;
  job.max_frames = 77;
  job.max_pixels_per_byte = 3000;
  const std::string message = EncodeJob(job);
  const Result<WorkerJob> read =
      DecodeJob(std::string_view(message).substr(kWorkerHeaderBytes));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, job);
}

TEST(WorkerProtocol, AnswersBecomeAReport) {
  KeyframeOptions options;
  options.hash_every = 0;
  VideoReport report;
  WorkerAnswers answers(options, report);
  WorkerFact fact;
  fact.name = "title";
  fact.text = "T\xC3\xAAte \xFF<b>";
  ASSERT_TRUE(Give(answers, EncodeFact(fact)));
  ASSERT_TRUE(Give(answers, EncodeFrame({-512, 1.25, 31, {9, 8, 7, 6}, 50})));
  ASSERT_TRUE(Give(answers, EncodeShot({0, 2.5, 0, 61})));
  ASSERT_TRUE(Give(answers, EncodeKeyframe(SomeKeyframe())));
  ASSERT_TRUE(Give(answers, EncodeAlsoAt(0, 9.5)));
  WorkerSummary summary;
  summary.frames_decoded = 62;
  summary.width = 640;
  summary.height = 360;
  summary.rotation = 90;
  summary.duration = 2.48;
  ASSERT_TRUE(Give(answers, EncodeDone(summary)));
  EXPECT_TRUE(answers.done());
  EXPECT_EQ(report.status, "ok");
  EXPECT_EQ(report.facts["title"], "T\xC3\xAAte \\xff<b>");
  ASSERT_EQ(report.keyframes.size(), 1u);
  EXPECT_EQ(report.keyframes[0].pts, -512);
  EXPECT_EQ(report.keyframes[0].also_at, std::vector<double>{9.5});
  ASSERT_EQ(report.frames.size(), 1u);
  EXPECT_EQ(report.frames[0].pdq, (FrameHash{9, 8, 7, 6}));
  EXPECT_FALSE(Give(answers, EncodeWarning("more"))) << "after the end";
}

// Each of these is what a decoder in an attacker's hands could send.
TEST(WorkerProtocol, LiesAreRefused) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double far = 1e300;
  Keyframe wide = SomeKeyframe();
  wide.width = 1 << 20;
  Keyframe timeless = SomeKeyframe();
  timeless.time_base = {1, 0};
  Keyframe never = SomeKeyframe();
  never.seconds = nan;
  WorkerSummary negative;
  negative.frames_decoded = -1;
  FrameSample inside_out;
  inside_out.views.resize(1);
  inside_out.views[0].region = {0.9, 0, 0.1, 1};
  FrameSample many;
  many.views.resize(100);
  const std::string lies[] = {
      EncodeKeyframe(wide),
      EncodeKeyframe(timeless),
      EncodeKeyframe(never),
      EncodeFrame({0, far, 0, {}, 0}),
      EncodeFrame({0, 0, -5, {}, 0}),
      EncodeFrame({0, 0, 0, {}, 101}),
      EncodeShot({5, 1, 0, 3}),
      EncodeShot({0, 1, 9, 3}),
      EncodeSample(inside_out),
      EncodeSample(many),
      EncodeAlsoAt(7, 1),
      EncodePicture(4, 4, std::string(48, 'x')),
      EncodeDone(negative),
      EncodeMessage(WorkerMessage::kKeyframe, "short"),
      EncodeMessage(WorkerMessage::kJob, ""),
      EncodeMessage(WorkerMessage::kFact, std::string(9, '\xFF')),
  };
  for (const std::string& lie : lies) {
    KeyframeOptions options;
    options.hash_every = 0;
    VideoReport report;
    WorkerAnswers answers(options, report);
    EXPECT_FALSE(Give(answers, lie)) << int(lie[4]);
  }
}

TEST(WorkerProtocol, FramesAndShotsMustComeInOrder) {
  KeyframeOptions options;
  options.hash_every = 0;
  VideoReport report;
  WorkerAnswers answers(options, report);
  ASSERT_TRUE(Give(answers, EncodeFrame({0, 0, 5, {}, 0})));
  EXPECT_FALSE(Give(answers, EncodeFrame({0, 0, 5, {}, 0})));
  ASSERT_TRUE(Give(answers, EncodeShot({0, 1, 0, 10})));
  EXPECT_FALSE(Give(answers, EncodeShot({0.5, 2, 10, 20})));
}

TEST(WorkerProtocol, TextIsLimitedInAll) {
  KeyframeOptions options;
  VideoReport report;
  WorkerAnswers answers(options, report);
  WorkerFact fact;
  fact.name = "tag";
  fact.text.assign(60'000, 'a');
  int taken = 0;
  while (taken < 100 && Give(answers, EncodeFact(fact))) ++taken;
  EXPECT_GT(taken, 10);
  EXPECT_LT(taken, 20);
}

TEST(WorkerProtocol, AHeaderOfAnotherWorldIsRefused) {
  EXPECT_FALSE(DecodeHeader(std::string(5, '\xFF')));
  EXPECT_FALSE(DecodeHeader("abc"));
  std::string huge = EncodeMessage(WorkerMessage::kFact, "");
  huge[3] = '\x7F';
  EXPECT_FALSE(DecodeHeader(huge));
}

TEST(PrintableUtf8, KeepsTextAndEscapesBytes) {
  const struct {
    std::string_view in, out;
  } cases[] = {
      {"plain", "plain"},
      {"\xE6\x97\xA5\xE6\x9C\xAC", "\xE6\x97\xA5\xE6\x9C\xAC"},
      {"\xC0\xAF", "\\xc0\\xaf"},           // overlong
      {"\xED\xA0\x80", "\\xed\\xa0\\x80"},  // a surrogate
      {"\xE6\x97", "\\xe6\\x97"},           // cut off
      {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
      {"\xF5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},
  };
  for (const auto& c : cases) EXPECT_EQ(PrintableUtf8(c.in), c.out);
}

}  // namespace
}  // namespace stemma
