// A video becomes a VideoReport: frames a reviewer should see, at exact times;
// shots; small samples for matching; and facts about the file.
//
// Decoding happens in another process, stemma-media-worker, without network,
// files or new privileges (docs/decisions/media-worker.md). What it answers is
// checked like any input.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/blob.h"
#include "core/digest.h"
#include "core/media.h"
#include "core/result.h"

namespace stemma {

struct VideoLimits {
  double wall_seconds = 900;
  double cpu_seconds = 600;
  std::uint64_t memory_bytes = 400u << 20;       // written by the worker
  std::int64_t max_frames = 2'000'000;           // decoded
  std::uint64_t max_pixels = 8'000'000'000'000;  // decoded, all frames together
  std::uint64_t max_frame_pixels = 36u << 20;    // of one frame (8K)
  // A small file that unpacks to hours of large pictures: past `free_pixels`
  // a video may cost this many pixels for each byte it has; then only sync
  // frames are looked at, and the report is "partial".
  std::uint64_t free_pixels = 1'000'000'000;
  std::uint64_t max_pixels_per_byte = 2'000;
  std::int64_t max_keyframes = 20'000;
  std::uint64_t max_image_bytes = std::uint64_t{4} << 30;  // all together
  // Nothing new decoded for so long: the file is spinning the decoder.
  double stall_seconds = 60;
};

struct KeyframeOptions {
  // "scene": the sharpest frames of each shot; "iframe": every sync frame;
  // "interval:SECONDS"; "all"; "none": facts and samples only.
  std::string mode = "scene";
  // How much is decoded. "full": every frame; "key": sync frames only (scene
  // mode then works on those); "adaptive": sync frames, and all frames where
  // these lie more than 2 s apart.
  std::string depth = "full";
  std::filesystem::path out_dir;      // where images go; empty: no files
  bool images_in_memory = false;      // fill VideoReport::images
  std::string image_format = "jpeg";  // "jpeg", "png" or "webp"
  int image_side = 1280;              // longer side at most; 0: as it is
  // Fill VideoReport::frames with a hash every so many seconds; 0: every
  // frame; negative: not at all.
  double hash_every = -1;
  bool samples = true;  // fill VideoReport::samples
  bool bare = false;    // decode and do nothing: the benchmark
  VideoLimits limits;
};

struct KeyframeImage {
  std::size_t keyframe = 0;  // index into VideoReport::keyframes
  std::string mime;
  std::string bytes;
  int width = 0, height = 0;
};

// A top-level box of an MP4 file, digested without decoding. Equal mdat
// digests mean equal media data, whatever the metadata says.
struct BoxDigest {
  std::string type;  // four characters, others than printable ASCII as \xNN
  std::uint64_t offset = 0, size = 0;
  Sha256 sha256;
};

struct VideoReport {
  std::string status = "rejected";  // "ok", "partial", "rejected"
  std::string reason;               // why not "ok"; empty when it is
  std::string mode, depth;
  std::int64_t frames_decoded = 0;
  int width = 0, height = 0;  // as coded, before rotation
  double duration = 0;        // seconds
  int rotation = 0;  // the container's angle, degrees counter-clockwise
  // Claims of the container and measurements; names in docs/FORMAT.md.
  nlohmann::json facts = nlohmann::json::object();
  std::vector<Keyframe> keyframes;
  std::vector<Shot> shots;
  std::vector<FrameSample> samples;
  std::vector<FrameRecord> frames;  // see KeyframeOptions::hash_every
  std::vector<BoxDigest> boxes;
  std::uint64_t payload_bytes = 0;
  Sha256 payload;  // of the whole file
  std::vector<KeyframeImage> images;
  std::vector<std::string> warnings;  // a wall the kernel lacks, and the like
};

// The method label of these reports in events.
inline constexpr std::string_view kVideoMethod = "pdq/1";

// Reads a video. A file that is no video, or a damaged one, is a report with
// status "rejected" or "partial"; an error means that the machine failed (no
// worker, disk full), or that the options make no sense.
Result<VideoReport> ReadVideo(const Blob& video,
                              const KeyframeOptions& options);

// Whether the first bytes (64 or more, if there are so many) begin a container
// we decode.
bool LooksLikeVideo(std::string_view prefix);

}  // namespace stemma
