// Shot cuts from the 64x64 luma samples that PDQ already made of each frame.
//
// A cut is a change that stands out from its neighbours in time, as in
// PySceneDetect's AdaptiveDetector, and that lasts: after a flash the picture
// is back within a few frames.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "hash/pdq.h"

namespace stemma {

class ShotDetector {
 public:
  // A cut at frame n is certain when frame n + kLookahead has been seen.
  static constexpr int kLookahead = 5;

  // Takes the next frame. Returns the number of a frame that begins a new
  // shot, as soon as that is certain. Frames count from 0; `hash` is theirs.
  std::optional<std::int64_t> Add(const PdqSamples& samples,
                                  const FrameHash& hash);
  // The frames are over: what can be said of the last few.
  std::vector<std::int64_t> Finish();

 private:
  struct Entry {
    PdqSamples samples;
    double change = 0;  // from the frame before, 0 to 255
    int bits = 0;       // PDQ bits that differ from the frame before
  };
  bool IsCut(std::size_t at) const;
  std::optional<std::int64_t> Decide(std::size_t at);

  std::deque<Entry> recent_;
  std::int64_t next_ = 0;  // number of the next frame
  std::int64_t last_cut_ = 0;
  FrameHash last_hash_{};
};

}  // namespace stemma
