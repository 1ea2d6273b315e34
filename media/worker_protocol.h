// What the worker and its parent say to each other, over one stream socket.
//
// A message is a header of five bytes, u32 length of the payload and u8 type,
// then the payload. Numbers are little-endian; a string is u32 length and its
// bytes. The worker is assumed to be in an attacker's hands: the parent reads
// with limits (WorkerAnswers) and believes nothing else.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/media.h"
#include "core/result.h"
#include "media/keyframes.h"

namespace stemma {

enum class WorkerMessage : std::uint8_t {
  // parent to worker
  kJob = 1,   // WorkerJob
  kData = 2,  // the bytes asked for; fewer at the end of the file
  // worker to parent
  kRead = 16,      // u64 offset, u32 length: please send these bytes
  kFact = 17,      // WorkerFact
  kFrame = 18,     // FrameRecord
  kSample = 19,    // FrameSample
  kShot = 20,      // Shot
  kKeyframe = 21,  // Keyframe; its kPicture follows when pictures are wanted
  kPicture = 22,   // u32 width, u32 height, RGB bytes
  kAlsoAt = 23,    // u32 keyframe, f64 seconds
  kWarning = 24,   // string
  kDone = 25,      // WorkerSummary; the last message
};

inline constexpr std::size_t kWorkerHeaderBytes = 5;
inline constexpr std::uint32_t kMaxReadBytes = 1u << 20;
inline constexpr std::uint32_t kMaxMessageBytes = 256u << 20;  // a picture

struct WorkerJob {
  std::uint64_t size = 0;  // of the video, bytes
  std::string mode;        // "scene", "iframe", "interval", "all", "none"
  double interval = 0;     // seconds, for "interval"
  std::string depth;
  bool pictures = false;
  int image_side = 0;
  double hash_every = -1;
  bool samples = true;
  bool bare = false;  // decode only: the benchmark's yardstick
  double cpu_seconds = 0;
  std::uint64_t memory_bytes = 0;
  std::int64_t max_frames = 0;
  std::uint64_t max_pixels = 0, max_frame_pixels = 0;
  std::uint64_t free_pixels = 0, max_pixels_per_byte = 0;
  std::int64_t max_keyframes = 0;
  bool operator==(const WorkerJob&) const = default;
};

struct WorkerFact {
  enum class Kind : std::uint8_t { kText, kNumber, kReal, kFlag };
  std::int32_t stream = -1;  // -1: the whole file; -2: its metadata tags
  std::string name;
  Kind kind = Kind::kText;
  std::string text;
  std::int64_t number = 0;  // also 0 or 1 for kFlag
  double real = 0;
};

struct WorkerSummary {
  bool partial = false;
  std::string reason;
  std::int64_t frames_decoded = 0;
  int width = 0, height = 0, rotation = 0;
  double duration = 0;
  double cpu_seconds = 0;        // spent by the worker on this file
  std::uint64_t peak_bytes = 0;  // most memory it had resident
};

// Whole messages, header included.
std::string EncodeMessage(WorkerMessage type, std::string_view payload);
std::string EncodeJob(const WorkerJob& job);
std::string EncodeRead(std::uint64_t offset, std::uint32_t length);
std::string EncodeFact(const WorkerFact& fact);
std::string EncodeFrame(const FrameRecord& frame);
std::string EncodeSample(const FrameSample& sample);
std::string EncodeShot(const Shot& shot);
std::string EncodeKeyframe(const Keyframe& keyframe);
std::string EncodePicture(int width, int height, std::string_view rgb);
std::string EncodeAlsoAt(std::uint32_t keyframe, double seconds);
std::string EncodeWarning(std::string_view text);
std::string EncodeDone(const WorkerSummary& summary);

struct WorkerHeader {
  std::uint32_t length = 0;
  WorkerMessage type = WorkerMessage::kDone;
};
// `bytes` has kWorkerHeaderBytes. kMalformed for a type or length nobody uses.
Result<WorkerHeader> DecodeHeader(std::string_view bytes);
Result<WorkerJob> DecodeJob(std::string_view payload);
struct ReadRequest {
  std::uint64_t offset = 0;
  std::uint32_t length = 0;
};
Result<ReadRequest> DecodeRead(std::string_view payload);

struct RgbPicture {
  int width = 0, height = 0;
  std::string_view rgb;  // of the payload
};

// Collects a worker's answers into a report, and refuses what breaks the
// rules: numbers out of range, frames out of order, more than was asked for.
class WorkerAnswers {
 public:
  WorkerAnswers(const KeyframeOptions& options, VideoReport& report)
      : options_(options), report_(report) {}

  // Takes one message other than kRead. For kPicture, `picture` is filled;
  // it belongs to the last keyframe.
  Status Take(WorkerMessage type, std::string_view payload,
              RgbPicture& picture);
  bool done() const { return done_; }

 private:
  Status TakeFact(std::string_view payload);
  Status TakeFrame(std::string_view payload);
  Status TakeSample(std::string_view payload);
  Status TakeShot(std::string_view payload);
  Status TakeKeyframe(std::string_view payload);
  Status TakePicture(std::string_view payload, RgbPicture& picture);
  Status TakeAlsoAt(std::string_view payload);
  Status TakeWarning(std::string_view payload);
  Status TakeDone(std::string_view payload);
  bool SpendText(std::size_t bytes);

  const KeyframeOptions& options_;
  VideoReport& report_;
  std::size_t text_bytes_ = 0;
  std::int64_t facts_ = 0;
  bool picture_due_ = false;
  bool done_ = false;
};

// `text` as valid UTF-8: bytes that are not become \xNN.
std::string PrintableUtf8(std::string_view text);

}  // namespace stemma
