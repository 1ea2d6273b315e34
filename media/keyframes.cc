#include "media/keyframes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <optional>

#include "hash/sha256.h"
#include "media/c2pa.h"
#include "media/mp4_boxes.h"
#include "media/picture_file.h"
#include "media/worker_process.h"
#include "media/worker_protocol.h"

namespace stemma {
namespace {

constexpr std::size_t kPrefixBytes = 4096;

// ---- options ----

struct Mode {
  std::string name;
  double interval = 0;
};

Result<Mode> ParseMode(std::string_view text) {
  for (const std::string_view name : {"scene", "iframe", "all", "none"}) {
    if (text == name) return Mode{std::string(name), 0};
  }
  constexpr std::string_view kInterval = "interval:";
  if (text.starts_with(kInterval)) {
    std::string_view number = text.substr(kInterval.size());
    if (number.ends_with("s")) number.remove_suffix(1);
    double seconds = 0;
    const char* end = number.data() + number.size();
    const auto [rest, errc] = std::from_chars(number.data(), end, seconds);
    if (errc == std::errc() && rest == end && seconds >= 0.001 &&
        seconds <= 1e6) {
      return Mode{"interval", seconds};
    }
  }
  return Error(ErrorCode::kInvalidArgument,
               fmt::format("keyframes: no mode '{}'; there are scene, iframe, "
                           "interval:5s, all and none",
                           text));
}

Status CheckOptions(const KeyframeOptions& options) {
  const std::string& depth = options.depth;
  if (depth != "key" && depth != "adaptive" && depth != "full") {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("keyframes: no depth '{}'; there are key, "
                             "adaptive and full",
                             depth));
  }
  const std::string& format = options.image_format;
  if (format != "jpeg" && format != "png" && format != "webp") {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("keyframes: no image format '{}'; there are "
                             "jpeg, png and webp",
                             format));
  }
  if (options.image_side < 0 || options.image_side > 16384) {
    return Error(ErrorCode::kInvalidArgument,
                 "keyframes: pictures may have up to 16384 pixels a side");
  }
  return {};
}

WorkerJob JobOf(const KeyframeOptions& options, const Mode& mode,
                std::uint64_t size) {
  WorkerJob job;
  job.size = size;
  job.mode = mode.name;
  job.interval = mode.interval;
  job.depth = mode.name == "iframe" ? "key" : options.depth;
  job.pictures = !options.out_dir.empty() || options.images_in_memory;
  job.image_side = options.image_side;
  job.hash_every = options.hash_every;
  job.samples = options.samples;
  job.bare = options.bare;
  job.cpu_seconds = options.limits.cpu_seconds;
  job.memory_bytes = options.limits.memory_bytes;
  job.max_frames = options.limits.max_frames;
  job.max_pixels = options.limits.max_pixels;
  job.max_frame_pixels = options.limits.max_frame_pixels;
  job.free_pixels = options.limits.free_pixels;
  job.max_pixels_per_byte = options.limits.max_pixels_per_byte;
  job.max_keyframes = options.limits.max_keyframes;
  return job;
}

// ---- what the first bytes say ----

// Why a file is no video, for people.
std::string WhatItIs(std::string_view prefix) {
  if (prefix.empty()) return "the file is empty";
  std::string_view text = prefix;
  while (!text.empty() && (text[0] == ' ' || text[0] == '\n' ||
                           text[0] == '\r' || text[0] == '\t')) {
    text.remove_prefix(1);
  }
  if (text.starts_with("#EXTM3U")) return "a playlist (M3U), not a video";
  if (text.starts_with("ffconcat")) return "a list of files, not a video";
  if (text.starts_with("v=0")) return "a session description, not a video";
  if (text.starts_with("<")) return "markup (HTML, XML or SVG), not a video";
  if (prefix.starts_with("RIFF") && prefix.size() >= 12 &&
      prefix.substr(8, 4) == "WAVE") {
    return "sound (WAVE), not a video";
  }
  return "no container we know by its first bytes";
}

// ---- digests ----

// One pass: the whole file and each top-level box. The boxes follow each other
// without gaps.
Status Digest(const Blob& video, VideoReport& report) {
  Sha256Hasher whole, part;
  std::size_t box = 0;
  std::string buffer(256 << 10, '\0');
  for (std::uint64_t at = 0; at < video.size();) {
    std::uint64_t want =
        std::min<std::uint64_t>(buffer.size(), video.size() - at);
    if (box < report.boxes.size()) {
      const BoxDigest& b = report.boxes[box];
      want = std::min(want, b.offset + b.size - at);
    }
    STEMMA_TRY(const std::size_t n,
               video.ReadAt(at, std::span(buffer).first(want)));
    if (n == 0) {
      return Error(ErrorCode::kIo,
                   fmt::format("digest a video: it ended at {} of {} bytes", at,
                               video.size()));
    }
    const std::string_view bytes(buffer.data(), n);
    whole.Update(bytes);
    at += n;
    if (box < report.boxes.size()) {
      part.Update(bytes);
      BoxDigest& b = report.boxes[box];
      if (at == b.offset + b.size) {
        b.sha256 = part.Finish();
        ++box;
      }
    }
  }
  report.payload_bytes = video.size();
  report.payload = whole.Finish();
  return {};
}

void TakeBoxFacts(const BoxWalk& walk, VideoReport& report) {
  nlohmann::json& facts = report.facts;
  if (!walk.major_brand.empty()) facts["major_brand"] = walk.major_brand;
  facts["moov_first"] = walk.moov_first;
  if (walk.fragments > 0) facts["fragments"] = walk.fragments;
  if (walk.edit_list) facts["edit_list"] = true;
  if (walk.samples > 0) facts["samples_claimed"] = walk.samples;
  if (walk.trailing_bytes > 0) {
    facts["trailing_bytes"] = walk.trailing_bytes;
    report.warnings.push_back(fmt::format(
        "{} bytes follow the video's last box", walk.trailing_bytes));
  }
  if (walk.external_data) facts["external_data"] = true;
}

// After the digests.
void TakeC2pa(const BoxWalk& walk, VideoReport& report) {
  for (const BoxDigest& box : report.boxes) {
    if (walk.c2pa == box.offset) {
      AddC2paFacts({box.size, box.sha256}, report.facts);
    }
  }
}

// ---- pictures ----

std::string FileNameOf(const Keyframe& key, std::string_view format) {
  return fmt::format("frame-{:06}{}", key.frame, SuffixOfFormat(format));
}

Status WriteFile(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) {
    return Error(ErrorCode::kIo,
                 fmt::format("write {}: failed (disk full, or no permission)",
                             path.string()));
  }
  return {};
}

class Pictures {
 public:
  Pictures(const KeyframeOptions& options, VideoReport& report)
      : options_(options), report_(report) {}

  Status Take(const RgbPicture& picture) {
    Keyframe& key = report_.keyframes.back();
    STEMMA_TRY(std::string bytes,
               EncodePictureFile(picture.rgb, picture.width, picture.height,
                                 options_.image_format));
    spent_ += bytes.size();
    if (spent_ > options_.limits.max_image_bytes) {
      return Error(ErrorCode::kLimit,
                   fmt::format("keyframes: the pictures exceed {} bytes",
                               options_.limits.max_image_bytes));
    }
    if (!options_.out_dir.empty()) {
      key.file = FileNameOf(key, options_.image_format);
      STEMMA_CHECK_OK(WriteFile(options_.out_dir / key.file, bytes));
    }
    if (options_.images_in_memory) {
      report_.images.push_back(
          {report_.keyframes.size() - 1,
           std::string(MimeOfFormat(options_.image_format)), std::move(bytes),
           picture.width, picture.height});
    }
    return {};
  }

 private:
  const KeyframeOptions& options_;
  VideoReport& report_;
  std::uint64_t spent_ = 0;
};

// ---- afterwards ----

// The shot that shows at `seconds`.
int ShotAt(const std::vector<Shot>& shots, double seconds) {
  const auto next = std::upper_bound(
      shots.begin(), shots.end(), seconds,
      [](double t, const Shot& shot) { return t < shot.start; });
  return next == shots.begin()
             ? 0
             : static_cast<int>(std::distance(shots.begin(), next)) - 1;
}

void AssignShots(VideoReport& report) {
  for (Keyframe& key : report.keyframes) {
    key.shot = ShotAt(report.shots, key.seconds);
  }
  for (FrameSample& sample : report.samples) {
    sample.shot = ShotAt(report.shots, sample.seconds);
  }
  std::stable_sort(report.frames.begin(), report.frames.end(),
                   [](const FrameRecord& a, const FrameRecord& b) {
                     return a.frame < b.frame;
                   });
}

// A worker that died left what it had said before.
void TakeBrokenEnd(const WorkerEnd& end, VideoReport& report) {
  std::int64_t frames = 0;
  if (!report.keyframes.empty()) frames = report.keyframes.back().frame + 1;
  if (!report.shots.empty()) {
    frames = std::max(frames, report.shots.back().last + 1);
  }
  if (!report.frames.empty()) {
    frames = std::max(frames, report.frames.back().frame + 1);
  }
  if (!report.samples.empty()) {
    report.duration = report.samples.back().seconds;
    frames = std::max<std::int64_t>(frames, std::ssize(report.samples));
  }
  if (!report.keyframes.empty()) {
    report.width = report.keyframes.back().width;
    report.height = report.keyframes.back().height;
  }
  report.frames_decoded = frames;
  report.status = frames > 0 ? "partial" : "rejected";
  report.reason = end.trouble;
}

void TakeBoxDamage(const BoxWalk& walk, VideoReport& report) {
  for (const std::string& damage : walk.damage) {
    report.warnings.push_back(damage);
  }
  if (walk.damage.empty() || report.status == "rejected") return;
  report.status = "partial";
  if (report.reason.empty()) report.reason = walk.damage.front();
}

}  // namespace

bool LooksLikeVideo(std::string_view p) {
  const auto at = [&](std::size_t i, std::string_view text) {
    return p.size() >= i + text.size() && p.substr(i, text.size()) == text;
  };
  if (LooksLikeMp4(p)) return true;
  if (at(0, "\x1A\x45\xDF\xA3")) return true;  // Matroska, WebM
  if (at(0, "RIFF") && at(8, "AVI ")) return true;
  if (at(0, "FLV\x01") || at(0, "GIF8") || at(0, "OggS")) return true;
  // MPEG-TS: a sync byte every 188 bytes, or every 192 after four more.
  for (const auto& [first, step] :
       {std::pair<std::size_t, std::size_t>{0, 188}, {4, 192}}) {
    if (at(first, "G") && at(first + step, "G") && at(first + 2 * step, "G")) {
      return true;
    }
  }
  return false;
}

Result<VideoReport> ReadVideo(const Blob& video,
                              const KeyframeOptions& options) {
  STEMMA_TRY(const Mode mode, ParseMode(options.mode));
  STEMMA_CHECK_OK(CheckOptions(options));
  VideoReport report;
  report.mode = options.mode;
  report.depth = mode.name == "iframe" ? "key" : options.depth;

  STEMMA_TRY(const std::string prefix, video.ReadPrefix(kPrefixBytes));
  BoxWalk walk;
  if (LooksLikeMp4(prefix)) {
    STEMMA_TRY(walk, WalkBoxes(video));
    report.boxes = walk.boxes;
    TakeBoxFacts(walk, report);
  }
  STEMMA_CHECK_OK(Digest(video, report));
  TakeC2pa(walk, report);
  if (!LooksLikeVideo(prefix)) {
    report.reason = WhatItIs(prefix);
    return report;
  }
  if (!walk.refusal.empty()) {
    report.reason = "refused before decoding: " + walk.refusal;
    return report;
  }

  WorkerAnswers answers(options, report);
  Pictures pictures(options, report);
  const auto take = [&](WorkerMessage type,
                        std::string_view payload) -> Status {
    RgbPicture picture;
    STEMMA_CHECK_OK(answers.Take(type, payload, picture));
    if (type == WorkerMessage::kPicture) return pictures.Take(picture);
    return {};
  };
  STEMMA_TRY(
      const WorkerEnd end,
      RunWorker(JobOf(options, mode, video.size()), video,
                {options.limits.wall_seconds, options.limits.stall_seconds},
                take));
  if (!end.finished) TakeBrokenEnd(end, report);
  AssignShots(report);
  if (walk.is_mp4) TakeBoxDamage(walk, report);
  return report;
}

}  // namespace stemma
