// Where a video's shots begin, from the 64x64 luma samples that PDQ already
// made of each frame.
//
// Three ways from one shot to the next are told apart. A cut is a change that
// stands out from its neighbours in time on at least one side (as in
// PySceneDetect's AdaptiveDetector, which asks for both and so misses a cut to
// a busy picture), takes most of the way from one picture to the other in a
// single step, and lasts. A fade passes through an even picture. A dissolve is
// a stretch whose frames are mixtures of the picture before and the one after,
// both of which hold still in comparison. Flashes, pans and zooms are none.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "core/media.h"
#include "hash/pdq.h"

namespace stemma {

struct ShotBoundary {
  Transition kind = Transition::kCut;
  std::int64_t frame = 0;  // the first of the new shot; of a dissolve, the
                           // first that shows more of the new picture
  // Where neither picture is shown by itself, both inside; seconds.
  double from = 0, to = 0;
};

class ShotDetector {
 public:
  // Takes the next frame; frames count from 0, `seconds` never fall. Returns
  // the boundaries that became certain, in order.
  std::vector<ShotBoundary> Add(const PdqSamples& samples, double seconds);
  // The frames are over: what can be said of the last few.
  std::vector<ShotBoundary> Finish();

  // No boundary will come at a frame before this one.
  std::int64_t settled() const { return settled_; }

 private:
  struct Frame {
    PdqSamples samples;
    std::int64_t number = 0;
    double seconds = 0;
    double mean = 0, deviation = 0;
    double change = 0;  // from the frame before, mean grey levels

    bool IsEven() const { return deviation < 3; }
  };

  static Frame Measured(const PdqSamples& samples);
  static double Likeness(const Frame& a, const Frame& b);
  static double ShiftedLikeness(const Frame& a, const Frame& b);

  bool IsCut(std::size_t at) const;
  bool IsFlash(std::size_t at) const;
  bool StandsOut(std::size_t at) const;
  void DecideCut(std::size_t at);
  void FollowFades(const Frame& frame);
  std::optional<std::size_t> MixedBetween(std::size_t a, std::size_t b) const;
  void FindDissolve();
  void Found(const ShotBoundary& boundary);
  std::vector<ShotBoundary> Settle(std::int64_t before);

  std::deque<Frame> recent_;  // every frame of the last moment
  std::deque<Frame> past_;    // some frames of the last seconds
  std::deque<ShotBoundary> found_;
  std::int64_t next_ = 0, settled_ = 0;
  std::int64_t last_found_ = 0;

  // An even stretch of picture, while one is going on or just over.
  struct Even {
    std::int64_t first = 0, end = 0;  // frames, half open; end 0: going on
    double start = 0, stop = 0;       // seconds
    std::optional<Frame> before;      // a picture shown before it
  };
  std::optional<Even> even_;
};

}  // namespace stemma
