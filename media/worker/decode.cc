#include "media/worker/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "media/worker/av.h"
#include "media/worker/budget.h"
#include "media/worker/demuxer.h"
#include "media/worker/facts.h"
#include "media/worker/pixels.h"
#include "media/worker/review.h"

namespace stemma::worker {
namespace {

// Sync frames this close together are enough for "adaptive".
constexpr double kWideGap = 2.0;
constexpr std::size_t kMostBuffered = 600;  // packets between two sync frames
constexpr std::int64_t kMostBufferedBytes = 32 << 20;
// A video may end a little before its container says.
constexpr double kMissingSeconds = 1.0;
constexpr double kMissingShare = 0.05;

enum class Depth { kFull, kAdaptive, kKey };

Depth DepthOf(const WorkerJob& job) {
  if (job.depth == "key") return Depth::kKey;
  return job.depth == "adaptive" ? Depth::kAdaptive : Depth::kFull;
}

class VideoRun {
 public:
  VideoRun(Channel& channel, const WorkerJob& job)
      : channel_(channel),
        job_(job),
        depth_(DepthOf(job)),
        budget_(job),
        demuxer_(channel, budget_, job.size),
        facts_(channel) {}

  void Run();

 private:
  bool Open();
  void DecodeAll();
  void DecodeAdaptively(AVPacket* packet);
  void DecodeGroup(std::deque<Av<AVPacket>>& group, double end);
  bool IsWanted(const AVPacket& packet) const;
  void Feed(const AVPacket* packet);
  void Drain();
  void TakeFrame(AVFrame& frame);
  void NoteFrame(const AVFrame& frame);
  void ThinOut();
  double SecondsOf(std::int64_t pts) const;
  std::int64_t Unwrapped(std::int64_t pts);
  void Report();
  std::string Damage() const;

  Channel& channel_;
  const WorkerJob& job_;
  Depth depth_;
  Budget budget_;
  Demuxer demuxer_;
  Facts facts_;
  Av<AVCodecContext> decoder_;
  Av<AVFrame> frame_;
  std::optional<Review> review_;
  std::string failed_;   // why nothing can be decoded
  std::string stopped_;  // why decoding ended early
  bool thinned_ = false;

  AVRational time_base_{1, 1};
  int turn_ = 0;
  std::optional<std::int64_t> start_, last_pts_;
  std::int64_t frames_ = 0, decode_errors_ = 0, damaged_ = 0;
  int width_ = 0, height_ = 0;
  bool resized_ = false, interlaced_ = false, hdr_ = false;
  int bit_depth_ = 0;
  AVColorTransferCharacteristic trc_ = AVCOL_TRC_UNSPECIFIED;
  double first_seconds_ = 0, last_seconds_ = 0;
  Pace pace_;
};

void VideoRun::Run() {
  if (Open()) DecodeAll();
  Report();
}

bool VideoRun::Open() {
  failed_ = demuxer_.Open();
  if (!failed_.empty()) return false;
  AVStream& video = *demuxer_.video();
  const AVCodecParameters& p = *video.codecpar;
  if (p.width > 0 && p.height > 0 &&
      static_cast<std::uint64_t>(p.width) *
              static_cast<std::uint64_t>(p.height) >
          job_.max_frame_pixels) {
    failed_ = fmt::format("frames of {}x{} pixels, limit is {}", p.width,
                          p.height, job_.max_frame_pixels);
    return false;
  }
  decoder_ = OpenDecoder(video, job_.max_frame_pixels, failed_);
  if (decoder_ == nullptr) return false;
  frame_.reset(av_frame_alloc());
  time_base_ = video.time_base;
  if (time_base_.num <= 0 || time_base_.den <= 0) {
    failed_ = "the video stream has no clock";
    return false;
  }
  turn_ = TurnOf(video);
  if (video.start_time != AV_NOPTS_VALUE) start_ = video.start_time;
  if (depth_ == Depth::kKey) {
    video.discard = AVDISCARD_NONKEY;
    decoder_->skip_frame = AVDISCARD_NONKEY;
  }
  facts_.OfContainer(*demuxer_.context(), video);
  facts_.OfVideo(video, *decoder_, turn_);
  AVRational aspect = video.sample_aspect_ratio;
  if (aspect.num <= 0) aspect = p.sample_aspect_ratio;
  review_.emplace(channel_, job_, time_base_, aspect, turn_,
                  depth_ == Depth::kFull);
  return true;
}

void VideoRun::DecodeAll() {
  Av<AVPacket> packet(av_packet_alloc());
  if (depth_ == Depth::kAdaptive) {
    DecodeAdaptively(packet.get());
  } else {
    while (stopped_.empty() && demuxer_.Next(packet.get())) {
      if (IsWanted(*packet)) Feed(packet.get());
      av_packet_unref(packet.get());
    }
  }
  if (stopped_.empty()) Feed(nullptr);
  const double distance =
      av_q2d(time_base_) * static_cast<double>(pace_.Usual());
  review_->Finish(last_seconds_ + std::clamp(distance, 0.0, 1.0));
}

// A sync frame and what depends on it is held until the next sync frame tells
// how far apart they are.
void VideoRun::DecodeAdaptively(AVPacket* packet) {
  std::deque<Av<AVPacket>> group;
  std::int64_t bytes = 0;
  while (stopped_.empty() && demuxer_.Next(packet)) {
    const bool sync = (packet->flags & AV_PKT_FLAG_KEY) != 0;
    const bool full =
        group.size() >= kMostBuffered || bytes > kMostBufferedBytes;
    if ((sync || full) && !group.empty()) {
      DecodeGroup(group, full ? 1e18 : SecondsOf(packet->dts));
      bytes = 0;
    }
    group.emplace_back(av_packet_clone(packet));
    bytes += packet->size;
    av_packet_unref(packet);
  }
  if (!group.empty()) DecodeGroup(group, last_seconds_ + 1e6);
}

void VideoRun::DecodeGroup(std::deque<Av<AVPacket>>& group, double end) {
  const bool wide = end - SecondsOf(group.front()->dts) > kWideGap;
  while (!group.empty() && stopped_.empty()) {
    const Av<AVPacket> packet = std::move(group.front());
    group.pop_front();
    if (packet == nullptr) continue;
    const bool sync = (packet->flags & AV_PKT_FLAG_KEY) != 0;
    if ((wide || sync) && IsWanted(*packet)) Feed(packet.get());
  }
  group.clear();
}

// Asked before a packet is decoded: its pixels are what costs.
bool VideoRun::IsWanted(const AVPacket& packet) const {
  if (!thinned_) return true;
  if ((packet.flags & AV_PKT_FLAG_KEY) == 0) return false;
  return SecondsOf(packet.dts) >= last_seconds_ + budget_.LeastSyncGap();
}

void VideoRun::Feed(const AVPacket* packet) {
  for (int tries = 0; tries < 3; ++tries) {
    const int result = avcodec_send_packet(decoder_.get(), packet);
    if (result == AVERROR(EAGAIN)) {
      Drain();
      continue;
    }
    // One bad packet costs itself, not the rest of the file.
    if (result < 0 && result != AVERROR_EOF) ++decode_errors_;
    break;
  }
  Drain();
  if (stopped_.empty() && budget_.OutOfTime()) stopped_ = budget_.Exhausted();
}

void VideoRun::Drain() {
  while (stopped_.empty()) {
    const int result = avcodec_receive_frame(decoder_.get(), frame_.get());
    if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return;
    if (result < 0) {
      ++decode_errors_;
      return;
    }
    TakeFrame(*frame_);
    av_frame_unref(frame_.get());
    stopped_ = budget_.Exhausted();
    if (!thinned_ && budget_.MustThin(channel_.bytes_read())) ThinOut();
  }
}

void VideoRun::ThinOut() {
  thinned_ = true;
  budget_.BeginThinning();
  decoder_->skip_frame = AVDISCARD_NONKEY;
  demuxer_.video()->discard = AVDISCARD_NONKEY;
  review_->Thin();
}

// Timestamps of MPEG-TS have 33 bits and start again from 0 after 26.5 hours.
std::int64_t VideoRun::Unwrapped(std::int64_t pts) {
  const int bits = demuxer_.video()->pts_wrap_bits;
  if (last_pts_ && bits > 0 && bits < 63) {
    const std::int64_t range = std::int64_t{1} << bits;
    // A wild timestamp is left as it is: it is evidence too.
    if (pts < *last_pts_ - range / 2 && pts > *last_pts_ - 2 * range) {
      pts += range;
    }
  }
  return pts;
}

double VideoRun::SecondsOf(std::int64_t pts) const {
  if (pts == AV_NOPTS_VALUE) return last_seconds_;
  const double seconds =
      (static_cast<double>(pts) - static_cast<double>(start_.value_or(pts))) *
      av_q2d(time_base_);
  return std::clamp(seconds, -1e8, 1e8);
}

void VideoRun::TakeFrame(AVFrame& frame) {
  if (!IsUsable(frame)) {
    ++decode_errors_;
    return;
  }
  budget_.Spend(static_cast<std::uint64_t>(frame.width) *
                static_cast<std::uint64_t>(frame.height));
  std::int64_t pts = frame.best_effort_timestamp;
  if (pts == AV_NOPTS_VALUE) {
    pts = last_pts_ ? *last_pts_ + std::max<std::int64_t>(pace_.Usual(), 1)
                    : start_.value_or(0);
  }
  pts = Unwrapped(pts);
  if (!start_) start_ = pts;
  NoteFrame(frame);

  DecodedFrame decoded;
  decoded.frame = &frame;
  decoded.pts = pts;
  // Frames come in the order of showing; a clock that runs back is held.
  decoded.seconds = SecondsOf(pts);
  if (frames_ > 0) decoded.seconds = std::max(decoded.seconds, last_seconds_);
  decoded.number = frames_;
  decoded.coded_number = frame.coded_picture_number;
  decoded.damaged = frame.decode_error_flags != 0 ||
                    (frame.flags & AV_FRAME_FLAG_CORRUPT) != 0;
  if (decoded.damaged) ++damaged_;
  if (frames_ == 0) first_seconds_ = decoded.seconds;
  pace_.Add(pts);
  last_pts_ = pts;
  last_seconds_ = decoded.seconds;
  ++frames_;
  if (!job_.bare) review_->Add(decoded);
}

void VideoRun::NoteFrame(const AVFrame& frame) {
  if (frames_ == 0) {
    width_ = frame.width;
    height_ = frame.height;
    trc_ = frame.color_trc;
    const AVPixFmtDescriptor* d =
        av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
    bit_depth_ = d->comp[0].depth;
    facts_.Text("pixel_format", d->name);
  }
  resized_ |= frame.width != width_ || frame.height != height_;
  interlaced_ |= frame.interlaced_frame != 0;
  hdr_ |= IsHdr(frame.color_trc);
}

std::string VideoRun::Damage() const {
  if (!stopped_.empty()) return stopped_;
  if (thinned_) {
    return "budget: many pixels come out of few bytes; after the first part "
           "only some sync frames were decoded";
  }
  if (demuxer_.read_errors() > 0) {
    return fmt::format("{} places of the file could not be read",
                       demuxer_.read_errors());
  }
  if (decode_errors_ > 0) {
    return fmt::format("{} packets could not be decoded", decode_errors_);
  }
  if (damaged_ > 0) return fmt::format("{} frames are damaged", damaged_);
  const AVStream* video = demuxer_.video();
  if (video != nullptr && video->duration > 0 && depth_ == Depth::kFull) {
    const double claimed =
        av_q2d(time_base_) * static_cast<double>(video->duration);
    const double shown =
        last_seconds_ + av_q2d(time_base_) * static_cast<double>(pace_.Usual());
    const double missing = claimed - shown;
    if (missing > kMissingSeconds && missing > kMissingShare * claimed) {
      return fmt::format("the last {:.1f} s of {:.1f} s are missing", missing,
                         claimed);
    }
  }
  return {};
}

void VideoRun::Report() {
  WorkerSummary summary;
  summary.frames_decoded = frames_;
  summary.width = width_;
  summary.height = height_;
  // The container's own angle, counter-clockwise, as ffprobe prints it.
  summary.rotation = (360 - turn_) % 360;
  if (frames_ > 0) {
    const double step =
        std::max(0.0, av_q2d(time_base_) * static_cast<double>(pace_.Usual()));
    summary.duration = std::clamp(
        last_seconds_ - first_seconds_ + std::min(step, 1e6), 0.0, 1e8);
    const AVStream* video = demuxer_.video();
    if (depth_ != Depth::kFull && video->duration > 0) {
      summary.duration = std::clamp(
          av_q2d(time_base_) * static_cast<double>(video->duration), 0.0, 1e8);
    }
    facts_.Number("bit_depth", bit_depth_);
    facts_.Flag("vfr", depth_ == Depth::kFull && pace_.IsVariable());
    facts_.Flag("interlaced", interlaced_);
    facts_.Flag("hdr", hdr_);
    facts_.Flag("resolution_change", resized_);
    if (const char* name = av_color_transfer_name(trc_)) {
      facts_.Text("trc", name);
    }
    if (review_->sampled_frames() > 0) {
      facts_.Flag("low_quality_frames",
                  2 * review_->flat_frames() > review_->sampled_frames());
    }
  }
  if (damaged_ > 0) facts_.Number("damaged_frames", damaged_);
  if (decode_errors_ > 0) facts_.Number("decode_errors", decode_errors_);
  if (demuxer_.refused_opens() > 0) {
    facts_.Number("refused_opens", demuxer_.refused_opens());
  }
  summary.reason = failed_.empty() ? Damage() : failed_;
  if (frames_ == 0 && summary.reason.empty()) {
    summary.reason = "no frame could be decoded";
  }
  summary.partial = !summary.reason.empty();
  summary.cpu_seconds = budget_.CpuSpent();
  summary.peak_bytes = PeakBytes();
  channel_.Send(EncodeDone(summary));
  channel_.Flush();
}

}  // namespace

void Decode(Channel& channel, const WorkerJob& job) {
  VideoRun(channel, job).Run();
}

}  // namespace stemma::worker
