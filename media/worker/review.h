// Decoded frames come in, in order of showing; shots, frames worth a
// reviewer's look, samples and hashes go out to the parent. Holds a handful of
// frames, however long the video is.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "hash/pdq.h"
#include "media/frame_views.h"
#include "media/shots.h"
#include "media/worker/av.h"
#include "media/worker/channel.h"
#include "media/worker/pixels.h"

namespace stemma::worker {

struct DecodedFrame {
  const AVFrame* frame = nullptr;
  std::int64_t pts = 0;
  double seconds = 0;
  std::int64_t number = 0;        // in order of showing
  std::int64_t coded_number = 0;  // in order of decoding
  bool damaged = false;
};

class Review {
 public:
  // `turn`: degrees clockwise to show the video upright.
  Review(Channel& channel, const WorkerJob& job, AVRational time_base,
         AVRational sample_aspect, int turn, bool every_frame);

  void Add(const DecodedFrame& decoded);
  // Some frames will be passed over from here on: cuts are no longer exact.
  void Thin();
  // `end`: when the last frame stops being shown, seconds.
  void Finish(double end);

  std::int64_t flat_frames() const { return flat_frames_; }
  std::int64_t sampled_frames() const { return sampled_frames_; }

 private:
  // A frame that may be shown to a reviewer, with what is known of it.
  struct Candidate {
    Av<AVFrame> frame;
    Keyframe key;     // all but the picture and its digest
    double mean = 0;  // luma, 0 to 255
    double score = 0;
  };
  struct Kept {
    FrameHash hash;
    int quality;
    double mean;
  };
  struct Moment {
    std::int64_t number;
    double seconds;
  };

  bool Measure(const DecodedFrame& decoded);
  const PdqHash& Hash();
  bool MightBeCut();
  bool SampleIsDue(const DecodedFrame& decoded);
  void Sample(const DecodedFrame& decoded);
  void FlushSamples();
  Candidate MakeCandidate(const DecodedFrame& decoded, std::string reason,
                          double sharpness);
  void FollowShots(const DecodedFrame& decoded);
  void AssignPending(std::int64_t before);
  void Hold(Candidate candidate);
  void Consider(Candidate candidate);
  void StartShot(std::int64_t first, double start, Transition begins);
  void EndShot(std::int64_t next_first, double end);
  void TakeBoundary(const ShotBoundary& boundary);
  void EmitBest(double from, double to, double end, int apart);
  void Emit(const Candidate& candidate);
  bool IsDuplicate(const Candidate& candidate, int apart);
  double SecondsOf(std::int64_t number) const;

  Channel& channel_;
  const WorkerJob job_;
  const AVRational time_base_, sample_aspect_;
  const int turn_;
  bool every_frame_;

  LumaReader luma_reader_;
  LumaPlane plane_;
  std::unique_ptr<LumaReducer> reducer_;
  PdqSamples samples_{}, previous_{};
  std::optional<PdqHash> hash_;  // of `samples_`, once asked for
  double change_ = 0, mean_ = 0;
  bool first_ = true;

  ShotDetector detector_;
  FrameHash last_hash_{};  // of the frame before, without `every_frame_`
  std::deque<Moment> moments_;
  std::int64_t shot_first_ = 0, last_number_ = -1;
  Transition shot_begins_ = Transition::kStart;
  double shot_start_ = 0, piece_start_ = 0;
  // Until then frames show a mixture with the shot before; from then on (if
  // known), with the one after.
  double clear_from_ = -1e18, clear_to_ = 1e18;
  bool piece_is_first_ = true;

  std::vector<Candidate> pending_;  // not yet known to be before a cut
  std::vector<Candidate> held_;     // of the current shot, best per bucket
  std::vector<Kept> kept_;
  std::int64_t force_sample_at_ = -1;
  double next_sample_ = -1e18, next_hash_ = -1e18, next_interval_ = -1e18;

  std::vector<WorkImage> work_;  // the samples waiting for their regions
  std::vector<FrameSample> waiting_;
  std::int64_t flat_frames_ = 0, sampled_frames_ = 0, keyframes_ = 0;
};

}  // namespace stemma::worker
