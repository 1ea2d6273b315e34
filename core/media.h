// Frames and what is known of them. media/ makes these values from a video in a
// sandboxed worker; trace/ and review/ read them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/digest.h"

namespace stemma {

// PDQ, 256 bits. Bit i of the hash is bit (i % 64) of word (i / 64); the hex
// form (hash/pdq.h) is that of Meta's reference, most significant word first.
using FrameHash = std::array<std::uint64_t, 4>;

struct Rational {
  std::int64_t num = 0;
  std::int64_t den = 1;
  bool operator==(const Rational&) const = default;
};

// A frame a reviewer should see, at its exact place.
struct Keyframe {
  std::int64_t pts = 0;  // in time_base units, as the container has it
  Rational time_base;
  double seconds = 0;      // presentation time from the start of the video
  std::int64_t frame = 0;  // number among the decoded frames, from 0
  std::string reason;      // "scene-start", "sharpest-of-shot", "interval", ...
  int shot = 0;            // index into VideoFacts::shots
  int width = 0, height = 0;
  Sha256 pixels;  // of the decoded picture (media/keyframes.h: layout)
  FrameHash pdq{};
  int pdq_quality = 0;  // 0 to 100
  std::string file;     // the image written, relative to the output folder
  std::int64_t coded_frame = -1;  // number in decoding order, -1: unknown
  char picture_type = 'X';        // 'I', 'P', 'B'; 'X': unknown
  bool sync = false;              // decodable by itself, says the container
  bool damaged = false;           // the decoder reported errors in it
  double sharpness = 0;           // variance of the Laplacian of its luma
  std::vector<double> also_at;    // seconds of near-equal frames left out
};

// A part of a picture, in fractions of its shown width and height.
struct Region {
  double left = 0, top = 0, right = 1, bottom = 1;
  bool operator==(const Region&) const = default;
};

// A small copy of a part of a frame, all that matching needs of it.
struct FrameView {
  static constexpr int kSide = 32;         // luma is kSide x kSide
  static constexpr int kTextureSide = 16;  // texture is kTextureSide squared
  enum class Kind : std::uint8_t { kPicture, kInset };
  Kind kind = Kind::kPicture;  // the picture without bars, or one inset in it
  Region region;               // of the shown picture
  std::array<std::uint8_t, kSide * kSide> luma{};
  // 16 * log2(1 + mean absolute Laplacian) of each tile.
  std::array<std::uint8_t, kTextureSide * kTextureSide> texture{};
};

// One sampled frame of a video, for matching.
struct FrameSample {
  double seconds = 0;
  FrameHash pdq{};  // of the whole frame as decoded
  int quality = 0;
  int shot = 0;
  std::vector<FrameView> views;  // the first is the picture; may be empty
};

// The hash of one decoded frame.
struct FrameRecord {
  std::int64_t pts = 0;
  double seconds = 0;
  std::int64_t frame = 0;
  FrameHash pdq{};
  int quality = 0;
};

// How a shot begins: with the video, at once, out of an even picture (black as
// a rule), or mixed with the end of the shot before.
enum class Transition : std::uint8_t { kStart, kCut, kFade, kDissolve };
std::string_view NameOf(Transition transition);  // "start", "cut", ...

struct Shot {
  double start = 0, end = 0;         // seconds
  std::int64_t first = 0, last = 0;  // frame numbers, both inside
  Transition begins = Transition::kStart;
};

// What was said about copy B of video A.
enum class VideoVerdict {
  kSame,
  kReencoded,
  kSegment,
  kAltered,
  kDifferent,
  kNotCompared,
};
std::string_view NameOf(VideoVerdict verdict);

struct VideoComparison {
  VideoVerdict verdict = VideoVerdict::kNotCompared;
  struct Segment {
    double a0 = 0, a1 = 0, b0 = 0, b1 = 0;
  };  // seconds
  struct Alteration {
    std::string kind;  // "removed", "inserted", "replaced", "painted", ...
    double start = 0, end = 0;  // seconds, in B; in A for "removed"
    double at = 0;              // "removed": where in B it is missing
  };
  std::vector<Segment> segments;
  std::vector<Alteration> altered;
  std::string reason;  // why not compared, or what the verdict rests on
};

}  // namespace stemma
