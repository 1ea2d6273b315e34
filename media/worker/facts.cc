#include "media/worker/facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include "core/ascii.h"

namespace stemma::worker {
namespace {

constexpr std::size_t kMaxTag = 60'000;  // of one tag
constexpr std::size_t kMaxAllTags = 400'000;
constexpr int kMaxTags = 400;
constexpr std::size_t kMostDistances = 64;
constexpr int kMetadata = -2;

const char* Or(const char* text, const char* other) {
  return text != nullptr ? text : other;
}

// An ISO 6709 place, "+31.3155-009.4366/", as plain signed numbers,
// "+31.3155-9.4366/": containers that store numbers have no padding, and the
// tag itself stays as it is under "metadata".
std::string WithoutPadding(std::string_view place) {
  std::string plain;
  for (std::size_t i = 0; i < place.size(); ++i) {
    const bool leads = !plain.empty() && !IsDigit(plain.back()) &&
                       plain.back() != '.' && place[i] == '0' &&
                       i + 1 < place.size() && IsDigit(place[i + 1]);
    if (!leads) plain += place[i];
  }
  return plain;
}

}  // namespace

void Facts::Text(std::string_view name, std::string_view value, int stream) {
  WorkerFact fact;
  fact.stream = stream;
  fact.name = name.substr(0, 200);
  fact.text = value.substr(0, kMaxTag);
  channel_.Send(EncodeFact(fact));
}

void Facts::Number(std::string_view name, std::int64_t value, int stream) {
  WorkerFact fact;
  fact.stream = stream;
  fact.name = name;
  fact.kind = WorkerFact::Kind::kNumber;
  fact.number = value;
  channel_.Send(EncodeFact(fact));
}

void Facts::Real(std::string_view name, double value, int stream) {
  WorkerFact fact;
  fact.stream = stream;
  fact.name = name;
  fact.kind = WorkerFact::Kind::kReal;
  fact.real = std::isfinite(value) ? value : 0;
  channel_.Send(EncodeFact(fact));
}

void Facts::Flag(std::string_view name, bool value, int stream) {
  WorkerFact fact;
  fact.stream = stream;
  fact.name = name;
  fact.kind = WorkerFact::Kind::kFlag;
  fact.number = value ? 1 : 0;
  channel_.Send(EncodeFact(fact));
}

void Facts::OfContainer(const AVFormatContext& context, const AVStream& video) {
  Text("container", Or(context.iformat ? context.iformat->name : nullptr, "?"));
  if (context.duration > 0) {
    Real("container_duration",
         static_cast<double>(context.duration) / AV_TIME_BASE);
  }
  std::size_t spent = 0;
  int count = 0;
  const AVDictionaryEntry* tag = nullptr;
  while (
      (tag = av_dict_get(context.metadata, "", tag, AV_DICT_IGNORE_SUFFIX))) {
    const std::string_view value = tag->value;
    if (++count > kMaxTags || spent > kMaxAllTags) {
      Flag("metadata_cut", true);
      break;
    }
    spent += std::min(value.size(), kMaxTag);
    if (value.size() > kMaxTag) Flag("metadata_cut", true);
    Text(tag->key, value, kMetadata);
    // Claims a reader looks for first.
    for (const char* name : {"creation_time", "title"}) {
      if (std::string_view(tag->key) == name) Text(name, value);
    }
    if (std::string_view(tag->key) == "location") {
      Text("location", WithoutPadding(value.substr(0, 200)));
    }
  }
  bool cover = false;
  for (unsigned i = 0; i < context.nb_streams; ++i) {
    OfStream(*context.streams[i], static_cast<int>(i));
    cover |=
        (context.streams[i]->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
  }
  Number("video_stream", video.index);
  if (cover) Flag("attached_pic", true);
  if (context.nb_chapters > 0) Number("chapters", context.nb_chapters);
}

void Facts::OfStream(const AVStream& stream, int index) {
  const AVCodecParameters& p = *stream.codecpar;
  Text("type", Or(av_get_media_type_string(p.codec_type), "unknown"), index);
  Text("codec", avcodec_get_name(p.codec_id), index);
  if (p.codec_type == AVMEDIA_TYPE_VIDEO) {
    Number("width", p.width, index);
    Number("height", p.height, index);
  }
  if (p.codec_type == AVMEDIA_TYPE_AUDIO) {
    Number("sample_rate", p.sample_rate, index);
    Number("channels", p.ch_layout.nb_channels, index);
  }
  if (stream.nb_frames > 0) Number("frames_claimed", stream.nb_frames, index);
  for (const char* name : {"language", "handler_name", "timecode"}) {
    const AVDictionaryEntry* tag =
        av_dict_get(stream.metadata, name, nullptr, 0);
    if (tag != nullptr) {
      Text(name, std::string_view(tag->value).substr(0, 1000), index);
    }
  }
}

void Facts::OfVideo(const AVStream& video, const AVCodecContext& decoder,
                    int turn) {
  const AVCodecParameters& p = *video.codecpar;
  Text("codec", avcodec_get_name(p.codec_id));
  Text("decoder",
       fmt::format("lavc {}.{}.{} {}", LIBAVCODEC_VERSION_MAJOR,
                   LIBAVCODEC_VERSION_MINOR, LIBAVCODEC_VERSION_MICRO,
                   Or(decoder.codec ? decoder.codec->name : nullptr, "?")));
  if (p.bit_rate > 0) Number("bit_rate", p.bit_rate);
  if (video.avg_frame_rate.num > 0 && video.avg_frame_rate.den > 0) {
    Text("frame_rate", fmt::format("{}/{}", video.avg_frame_rate.num,
                                   video.avg_frame_rate.den));
  }
  AVRational aspect = video.sample_aspect_ratio;
  if (aspect.num <= 0) aspect = p.sample_aspect_ratio;
  double width = p.width, height = p.height;
  if (aspect.num > 0 && aspect.den > 0 && aspect.num != aspect.den) {
    Text("sar", fmt::format("{}:{}", aspect.num, aspect.den));
    width *= av_q2d(aspect);
  }
  if (turn == 90 || turn == 270) std::swap(width, height);
  Number("display_width", std::lround(std::clamp(width, 0.0, 1e6)));
  Number("display_height", std::lround(std::clamp(height, 0.0, 1e6)));
  Text("time_base",
       fmt::format("{}/{}", video.time_base.num, video.time_base.den));
}

int TurnOf(const AVStream& stream) {
  // av_stream_get_side_data takes its own stream, unchanged, as non-const in
  // older versions only.
  const std::uint8_t* matrix =
      av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, nullptr);
  if (matrix == nullptr) return 0;
  // The angle is counter-clockwise, and not a number for a broken matrix.
  const double angle =
      -av_display_rotation_get(reinterpret_cast<const std::int32_t*>(matrix));
  if (!std::isfinite(angle)) return 0;
  const int quarters = static_cast<int>(std::lround(angle / 90)) % 4;
  return ((quarters + 4) % 4) * 90;
}

void Pace::Add(std::int64_t pts) {
  if (any_) {
    const std::int64_t distance = pts - last_;
    ++total_;
    if (counts_.size() < kMostDistances || counts_.contains(distance)) {
      ++counts_[distance];
    }
  }
  any_ = true;
  last_ = pts;
}

std::int64_t Pace::Usual() const {
  std::int64_t usual = 0, most = 0;
  for (const auto& [distance, count] : counts_) {
    if (count > most) {
      most = count;
      usual = distance;
    }
  }
  return usual;
}

bool Pace::IsVariable() const {
  const std::int64_t usual = Usual();
  std::int64_t near = 0;
  for (const auto& [distance, count] : counts_) {
    // Millisecond clocks give 33 and 34 for one rate.
    const std::int64_t slack = std::max<std::int64_t>(1, usual / 8);
    if (std::abs(distance - usual) <= slack) near += count;
  }
  return total_ >= 4 && (total_ - near) * 50 > total_;
}

}  // namespace stemma::worker
