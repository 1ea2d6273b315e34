// Walks the boxes of an MP4 or MOV file (ISO/IEC 14496-12) without a decoder,
// before FFmpeg may see it: refuses what a report video never needs and an
// attacker does, and digests each top-level box.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/blob.h"
#include "core/result.h"
#include "media/keyframes.h"

namespace stemma {

struct BoxLimits {
  int max_depth = 16;
  std::uint64_t max_moov_bytes = 64u << 20;
  std::uint64_t max_boxes = 200'000;
  std::uint64_t max_samples = 5'000'000;  // of all tracks together
  std::uint32_t max_side = 8192;          // width or height in a sample entry
  int max_tracks = 32;
};

// What the walk found. `refusal` says why a decoder must not get the file;
// `damage` lists what is broken but bearable.
struct BoxWalk {
  bool is_mp4 = false;
  std::vector<BoxDigest> boxes;  // top level, in file order; without digests
                                 // unless asked for
  std::string major_brand;
  std::string refusal;
  std::vector<std::string> damage;
  bool has_moov = false, moov_first = false;  // before the first mdat
  int tracks = 0, video_tracks = 0, fragments = 0;
  bool edit_list = false;  // one that does more than start at 0
  // Where a C2PA manifest box begins, the first one; not verified.
  std::optional<std::uint64_t> c2pa;
  bool external_data = false;  // a data reference to another file
  bool media_complete = true;  // the last box ends inside the file
  std::uint64_t trailing_bytes = 0;
  std::uint64_t samples = 0;
  std::optional<std::uint32_t> creation_1904;  // mvhd, seconds since 1904
};

// Whether `prefix` (8 bytes or more) begins with a box of MP4 or MOV.
bool LooksLikeMp4(std::string_view prefix);

// Walks `video`. kIo when it cannot be read; damage is no error.
Result<BoxWalk> WalkBoxes(const Blob& video, const BoxLimits& limits = {});

// Walks bytes of a `moov` box's content; the testable core of WalkBoxes.
void WalkMoov(std::string_view moov, std::uint64_t file_size,
              const BoxLimits& limits, BoxWalk& walk);

}  // namespace stemma
