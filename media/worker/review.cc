#include "media/worker/review.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace stemma::worker {
namespace {

constexpr double kSampleEvery = 0.25;  // seconds
constexpr std::size_t kRun = 64;       // samples that share their regions
constexpr double kHeldEvery = 0.5;     // seconds; of the same picture
constexpr double kBucket = 3;          // seconds; one candidate is held each
constexpr double kPiece = 10;          // of a long shot: one frame for each
constexpr double kLongShot = 15;
constexpr double kShortShot = 4;
constexpr double kNearCut = 0.2;   // seconds in which nothing is chosen
constexpr int kSamePicture = 24;   // bits: shown once
constexpr int kOtherPicture = 40;  // bits: worth another look in a shot
constexpr int kCoarseCut = 80;     // bits between frames far apart
constexpr int kFlat = 20;          // quality below which hashes are noise

// The next multiple of `step` after `t`: sampling goes over frames that exist,
// never over clock time.
double NextAfter(double t, double step) {
  return (std::floor(t / step + 1e-6) + 1) * step;
}

}  // namespace

Review::Review(Channel& channel, const WorkerJob& job, AVRational time_base,
               AVRational sample_aspect, int turn, bool every_frame)
    : channel_(channel),
      job_(job),
      time_base_(time_base),
      sample_aspect_(sample_aspect),
      turn_(turn),
      every_frame_(every_frame) {}

void Review::Add(const DecodedFrame& decoded) {
  const bool hash_due = job_.hash_every >= 0 && decoded.seconds >= next_hash_;
  const bool wants_shots = job_.mode == "scene" || job_.samples;
  const bool picks =
      job_.mode == "iframe" || job_.mode == "all" ||
      (job_.mode == "interval" && decoded.seconds >= next_interval_ - 1e-9);
  if (!hash_due && !wants_shots && !picks) return;
  if (!Measure(decoded)) return;

  if (hash_due) {
    next_hash_ = job_.hash_every > 0
                     ? NextAfter(decoded.seconds, job_.hash_every)
                     : decoded.seconds - 1;
    channel_.Send(EncodeFrame({decoded.pts, decoded.seconds, decoded.number,
                               Hash().bits, Hash().quality}));
  }
  if (wants_shots) FollowShots(decoded);
  if (picks && (job_.mode != "iframe" || decoded.frame->key_frame)) {
    if (job_.mode == "interval") {
      next_interval_ = NextAfter(decoded.seconds, job_.interval);
    }
    Emit(MakeCandidate(decoded, job_.mode == "all" ? "every-frame" : job_.mode,
                       0));
  }
  last_number_ = decoded.number;
}

// Luma, 64x64 samples and hash of this frame; false when it has none.
bool Review::Measure(const DecodedFrame& decoded) {
  const AVFrame& frame = *decoded.frame;
  plane_ = luma_reader_.Of(frame);
  if (plane_.data == nullptr) return false;
  if (reducer_ == nullptr || reducer_->width() != frame.width ||
      reducer_->height() != frame.height) {
    reducer_ = std::make_unique<LumaReducer>(frame.width, frame.height);
  }
  previous_ = samples_;
  const auto stride = plane_.stride / plane_.bytes;
  switch (plane_.bytes) {
    case 1:
      reducer_->Reduce(static_cast<const std::uint8_t*>(plane_.data), stride,
                       plane_.black, plane_.scale, samples_);
      break;
    case 2:
      reducer_->Reduce(static_cast<const std::uint16_t*>(plane_.data), stride,
                       plane_.black, plane_.scale, samples_);
      break;
    default:
      reducer_->Reduce(static_cast<const float*>(plane_.data), stride,
                       plane_.black, plane_.scale, samples_);
      break;
  }
  hash_.reset();
  if (frame.width < 5 || frame.height < 5) hash_ = PdqHash{};
  double change = 0, sum = 0;
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    change += std::abs(samples_[i] - previous_[i]);
    sum += samples_[i];
  }
  change_ = first_ ? 0 : change / static_cast<double>(samples_.size());
  mean_ = sum / static_cast<double>(samples_.size());
  return true;
}

const PdqHash& Review::Hash() {
  if (!hash_) hash_ = PdqOf(samples_);
  return *hash_;
}

// A shot may be too short to hold a regular sample: whatever might turn out to
// be a cut is worth a look of its own.
bool Review::MightBeCut() {
  return change_ > 4 &&
         HammingDistance(Hash().bits, PdqOf(previous_).bits) > 40;
}

void Review::FollowShots(const DecodedFrame& decoded) {
  moments_.push_back({decoded.number, decoded.seconds});
  if (first_) StartShot(decoded.number, decoded.seconds, Transition::kStart);

  if (every_frame_) {
    if (!first_ && MightBeCut()) force_sample_at_ = decoded.number + 2;
    for (const ShotBoundary& boundary :
         detector_.Add(samples_, decoded.seconds)) {
      TakeBoundary(boundary);
    }
  } else {
    if (!first_ && Hash().quality >= kFlat &&
        HammingDistance(Hash().bits, last_hash_) > kCoarseCut) {
      TakeBoundary(
          {Transition::kCut, decoded.number, decoded.seconds, decoded.seconds});
    }
    last_hash_ = Hash().bits;
  }
  first_ = false;
  if (SampleIsDue(decoded)) Sample(decoded);
  const std::int64_t settled =
      every_frame_ ? detector_.settled() : decoded.number + 1;
  AssignPending(settled);
  while (moments_.size() > 1 && moments_.front().number < settled) {
    moments_.pop_front();
  }
}

void Review::Thin() {
  if (!every_frame_) return;
  for (const ShotBoundary& boundary : detector_.Finish()) {
    TakeBoundary(boundary);
  }
  every_frame_ = false;
}

void Review::TakeBoundary(const ShotBoundary& boundary) {
  AssignPending(boundary.frame);
  clear_to_ = boundary.from;
  const double at = SecondsOf(boundary.frame);
  EndShot(boundary.frame, at);
  StartShot(boundary.frame, at, boundary.kind);
  clear_from_ = boundary.to;
}

double Review::SecondsOf(std::int64_t number) const {
  for (const Moment& moment : moments_) {
    if (moment.number >= number) return moment.seconds;
  }
  return moments_.back().seconds;
}

bool Review::SampleIsDue(const DecodedFrame& decoded) {
  return decoded.seconds >= next_sample_ - 1e-9 ||
         decoded.number == force_sample_at_;
}

void Review::Sample(const DecodedFrame& decoded) {
  if (decoded.seconds >= next_sample_ - 1e-9) {
    next_sample_ = NextAfter(decoded.seconds, kSampleEvery);
    ++sampled_frames_;
    if (Hash().quality < kFlat) ++flat_frames_;
  }
  WorkImage work = MakeWorkImage(plane_, turn_);
  if (job_.mode == "scene") {
    Hold(MakeCandidate(decoded, "sharpest-of-shot", Sharpness(work)));
  }
  if (!job_.samples) return;
  FrameSample sample;
  sample.seconds = decoded.seconds;
  sample.pdq = Hash().bits;
  sample.quality = Hash().quality;
  waiting_.push_back(std::move(sample));
  work_.push_back(std::move(work));
  if (waiting_.size() >= kRun) FlushSamples();
}

void Review::FlushSamples() {
  if (waiting_.empty()) return;
  const ShownRegions shown = FindRegions(work_);
  const Region whole;
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    std::vector<FrameView>& views = waiting_[i].views;
    views.push_back(
        MakeView(work_[i], FrameView::Kind::kPicture, shown.picture));
    if (shown.picture != whole) {
      views.push_back(MakeView(work_[i], FrameView::Kind::kPicture, whole));
    }
    if (shown.inset) {
      views.push_back(
          MakeView(work_[i], FrameView::Kind::kInset, *shown.inset));
    }
    channel_.Send(EncodeSample(waiting_[i]));
  }
  waiting_.clear();
  work_.clear();
}

Review::Candidate Review::MakeCandidate(const DecodedFrame& decoded,
                                        std::string reason, double sharpness) {
  const AVFrame& frame = *decoded.frame;
  Candidate c;
  c.frame.reset(av_frame_clone(&frame));
  Keyframe& k = c.key;
  k.pts = decoded.pts;
  k.time_base = {time_base_.num, time_base_.den};
  k.seconds = decoded.seconds;
  k.frame = decoded.number;
  k.coded_frame = decoded.coded_number;
  k.reason = std::move(reason);
  k.width = frame.width;
  k.height = frame.height;
  k.pdq = Hash().bits;
  k.pdq_quality = Hash().quality;
  const char type = av_get_picture_type_char(frame.pict_type);
  k.picture_type = (type >= 'A' && type <= 'Z') ? type : 'X';
  k.sync = frame.key_frame != 0;
  k.damaged = decoded.damaged;
  k.sharpness = sharpness;
  c.mean = mean_;
  const double motion = std::min(change_ / 30, 0.9);
  c.score = (sharpness + 1) * (0.02 + Hash().quality / 100.0) * (1 - motion) *
            (decoded.damaged ? 0.02 : 1);
  return c;
}

// Frames are large: of two that show the same, the better one waits.
void Review::Hold(Candidate candidate) {
  if (!pending_.empty()) {
    Candidate& last = pending_.back();
    if (candidate.key.seconds - last.key.seconds < kHeldEvery &&
        HammingDistance(candidate.key.pdq, last.key.pdq) <= kSamePicture) {
      if (candidate.score > last.score) last = std::move(candidate);
      return;
    }
  }
  pending_.push_back(std::move(candidate));
}

// Gives the pending candidates before frame `before` to the current shot.
void Review::AssignPending(std::int64_t before) {
  std::size_t done = 0;
  while (done < pending_.size() && pending_[done].key.frame < before) {
    Consider(std::move(pending_[done++]));
  }
  pending_.erase(pending_.begin(),
                 pending_.begin() + static_cast<std::ptrdiff_t>(done));
}

void Review::Consider(Candidate candidate) {
  const double at = candidate.key.seconds;
  if (at - shot_start_ < kNearCut) candidate.score *= 0.3;
  const auto bucket = [&](double t) {
    return std::floor((t - shot_start_) / kBucket);
  };
  if (!held_.empty() && bucket(held_.back().key.seconds) == bucket(at)) {
    if (candidate.score > held_.back().score) {
      held_.back() = std::move(candidate);
    }
  } else {
    held_.push_back(std::move(candidate));
  }
  if (at - piece_start_ > kLongShot) {
    EmitBest(piece_start_, piece_start_ + kPiece, 1e18,
             piece_is_first_ ? kSamePicture : kOtherPicture);
    piece_start_ += kPiece;
    // After a jump in time there may be nothing for many pieces.
    if (at - piece_start_ > kLongShot) piece_start_ = at - kPiece;
    piece_is_first_ = false;
  }
}

void Review::StartShot(std::int64_t first, double start, Transition begins) {
  shot_first_ = first;
  shot_begins_ = begins;
  clear_from_ = -1e18;
  clear_to_ = 1e18;
  shot_start_ = piece_start_ = start;
  piece_is_first_ = true;
}

void Review::EndShot(std::int64_t next_first, double end) {
  channel_.Send(EncodeShot(
      {shot_start_, end, shot_first_, next_first - 1, shot_begins_}));
  const double length = end - piece_start_;
  if (!piece_is_first_) {
    if (length >= kPiece / 2) EmitBest(piece_start_, end, end, kOtherPicture);
  } else if (length < kShortShot) {
    EmitBest(piece_start_, end, end, kSamePicture);
  } else {
    const double middle = piece_start_ + length / 2;
    EmitBest(piece_start_, middle, end, kSamePicture);
    EmitBest(middle, end, end, kSamePicture);
  }
  held_.clear();
}

// Emits the best held candidate within [from, to) and lets go of the others.
// `end`: where the shot ends, as far as is known.
void Review::EmitBest(double from, double to, double end, int apart) {
  const Candidate* best = nullptr;
  double best_score = -1;
  for (const Candidate& c : held_) {
    const double at = c.key.seconds;
    if (at < from || at >= to) continue;
    const double margin = std::min(0.15 * (end - shot_start_), kNearCut);
    const bool mixed = at < clear_from_ || at > clear_to_;
    const double score =
        c.score * (end - at < margin ? 0.3 : 1) * (mixed ? 0.1 : 1);
    if (score > best_score) {
      best = &c;
      best_score = score;
    }
  }
  if (best != nullptr && !IsDuplicate(*best, apart)) Emit(*best);
  std::erase_if(held_, [&](const Candidate& c) { return c.key.seconds < to; });
}

// Whether a frame much like it was kept before; then that one gets a note.
bool Review::IsDuplicate(const Candidate& candidate, int apart) {
  for (std::size_t i = kept_.size(); i-- > 0;) {
    const Kept& kept = kept_[i];
    const bool flat = kept.quality < kFlat && candidate.key.pdq_quality < kFlat;
    const bool same =
        flat ? std::abs(kept.mean - candidate.mean) < 12
             : HammingDistance(kept.hash, candidate.key.pdq) <= apart;
    if (!same) continue;
    channel_.Send(
        EncodeAlsoAt(static_cast<std::uint32_t>(i), candidate.key.seconds));
    return true;
  }
  return false;
}

void Review::Emit(const Candidate& candidate) {
  if (keyframes_ >= job_.max_keyframes || candidate.frame == nullptr) return;
  Keyframe key = candidate.key;
  key.pixels = PixelDigest(*candidate.frame);
  ShownPicture picture;
  if (job_.pictures) {
    picture =
        RenderPicture(*candidate.frame, sample_aspect_, turn_, job_.image_side);
    if (picture.rgb.empty()) return;
  }
  ++keyframes_;
  kept_.push_back({key.pdq, key.pdq_quality, candidate.mean});
  channel_.Send(EncodeKeyframe(key));
  if (job_.pictures) {
    channel_.Send(EncodePicture(picture.width, picture.height, picture.rgb));
  }
}

void Review::Finish(double end) {
  if (first_) return;
  if (every_frame_) {
    for (const ShotBoundary& boundary : detector_.Finish()) {
      TakeBoundary(boundary);
    }
  }
  AssignPending(last_number_ + 1);
  if (last_number_ >= shot_first_) {
    EndShot(last_number_ + 1, std::max(end, shot_start_));
  }
  FlushSamples();
}

}  // namespace stemma::worker
