#include "media/worker/demuxer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <tuple>

namespace stemma::worker {
namespace {

constexpr char kFormats[] =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,avi,flv,gif,ogg";
// Decoders, not codecs: these are the ones looked at and fuzzed most.
constexpr char kDecoders[] =
    "h264,hevc,vp8,vp9,libdav1d,mpeg4,mpeg2video,mpeg1video,mjpeg,theora,gif,"
    "png";
constexpr int kIoBuffer = 64 << 10;
constexpr int kMostErrorsInARow = 1000;

struct Options {
  AVDictionary* value = nullptr;
  ~Options() { av_dict_free(&value); }
  void Set(const char* name, const char* text) {
    av_dict_set(&value, name, text, 0);
  }
};

std::string AvError(int code) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, text, sizeof text);
  return text;
}

}  // namespace

Demuxer::Demuxer(Channel& channel, Budget& budget, std::uint64_t size)
    : channel_(channel), budget_(budget), size_(size) {}

int Demuxer::Read(void* self, std::uint8_t* out, int size) {
  auto* demuxer = static_cast<Demuxer*>(self);
  if (size <= 0 || demuxer->position_ >= demuxer->size_) return AVERROR_EOF;
  const std::size_t n = demuxer->channel_.ReadAt(
      demuxer->position_, {out, static_cast<std::size_t>(size)});
  if (n == 0) return AVERROR_EOF;
  demuxer->position_ += n;
  return static_cast<int>(n);
}

std::int64_t Demuxer::Seek(void* self, std::int64_t offset, int whence) {
  auto* demuxer = static_cast<Demuxer*>(self);
  const auto size = static_cast<std::int64_t>(demuxer->size_);
  std::int64_t target = offset;
  switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
      return size;
    case SEEK_SET:
      break;
    case SEEK_CUR:
      target = static_cast<std::int64_t>(demuxer->position_) + offset;
      break;
    case SEEK_END:
      target = size + offset;
      break;
    default:
      return AVERROR(EINVAL);
  }
  if (target < 0) return AVERROR(EINVAL);
  demuxer->position_ = static_cast<std::uint64_t>(target);
  return target;
}

int Demuxer::RefuseOpen(AVFormatContext* context, AVIOContext**, const char*,
                        int, AVDictionary**) {
  ++static_cast<Demuxer*>(context->opaque)->refused_opens_;
  return AVERROR(EPERM);
}

int Demuxer::Interrupted(void* self) {
  return static_cast<Demuxer*>(self)->budget_.OutOfTime() ? 1 : 0;
}

std::string Demuxer::Open() {
  auto* buffer = static_cast<std::uint8_t*>(av_malloc(kIoBuffer));
  io_.reset(
      avio_alloc_context(buffer, kIoBuffer, 0, this, Read, nullptr, Seek));
  AVFormatContext* raw = avformat_alloc_context();
  if (raw == nullptr || io_ == nullptr) return "out of memory";
  raw->pb = io_.get();
  raw->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
  raw->opaque = this;
  raw->io_open = RefuseOpen;
  raw->interrupt_callback = {Interrupted, this};

  Options options;
  options.Set("protocol_whitelist", "");
  options.Set("format_whitelist", kFormats);
  options.Set("codec_whitelist", kDecoders);
  options.Set("max_streams", "32");
  options.Set("probesize", "5000000");
  options.Set("analyzeduration", "5000000");
  options.Set("indexmem", "67108864");
  options.Set("enable_drefs", "0");
  options.Set("use_absolute_path", "0");
  int result = avformat_open_input(&raw, nullptr, nullptr, &options.value);
  if (result < 0) return "open the container: " + AvError(result);
  context_.reset(raw);

  // Only pictures are of interest; sound is listed, never decoded.
  for (unsigned i = 0; i < raw->nb_streams; ++i) {
    if (raw->streams[i]->codecpar->codec_type != AVMEDIA_TYPE_VIDEO) {
      raw->streams[i]->discard = AVDISCARD_ALL;
    }
  }
  result = avformat_find_stream_info(raw, nullptr);
  if (result < 0) return "look at the streams: " + AvError(result);
  ChooseStream();
  if (video_ == nullptr) return "no video stream";
  return {};
}

void Demuxer::ChooseStream() {
  AVFormatContext* c = context_.get();
  std::tuple<bool, std::int64_t> best{false, -1};
  for (unsigned i = 0; i < c->nb_streams; ++i) {
    AVStream* stream = c->streams[i];
    const AVCodecParameters* p = stream->codecpar;
    stream->discard = AVDISCARD_ALL;
    if (p->codec_type != AVMEDIA_TYPE_VIDEO) continue;
    if (stream->disposition &
        (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS)) {
      continue;
    }
    const std::tuple<bool, std::int64_t> rank{
        (stream->disposition & AV_DISPOSITION_DEFAULT) != 0,
        static_cast<std::int64_t>(p->width) * p->height};
    if (video_ == nullptr || rank > best) {
      best = rank;
      video_ = stream;
    }
  }
  if (video_ != nullptr) video_->discard = AVDISCARD_DEFAULT;
}

bool Demuxer::Next(AVPacket* packet) {
  for (int row = 0; row < kMostErrorsInARow;) {
    const int result = av_read_frame(context_.get(), packet);
    if (result == AVERROR_EOF || result == AVERROR_EXIT) return false;
    if (result < 0) {
      ++read_errors_;
      ++row;
      if (io_->eof_reached || budget_.OutOfTime()) return false;
      continue;
    }
    if (packet->stream_index == video_->index) return true;
    av_packet_unref(packet);
  }
  return false;
}

Av<AVCodecContext> OpenDecoder(const AVStream& stream,
                               std::uint64_t max_frame_pixels,
                               std::string& reason) {
  const AVCodecParameters* p = stream.codecpar;
  const AVCodec* codec = avcodec_find_decoder(p->codec_id);
  const char* name = avcodec_get_name(p->codec_id);
  if (codec == nullptr) {
    reason = fmt::format("no decoder for {}", name);
    return nullptr;
  }
  Av<AVCodecContext> decoder(avcodec_alloc_context3(codec));
  if (decoder == nullptr ||
      avcodec_parameters_to_context(decoder.get(), p) < 0) {
    reason = "out of memory";
    return nullptr;
  }
  decoder->thread_count = 1;
  decoder->flags |= AV_CODEC_FLAG_BITEXACT;
  decoder->max_pixels = static_cast<std::int64_t>(max_frame_pixels);
  decoder->pkt_timebase = stream.time_base;
  Options options;
  options.Set("codec_whitelist", kDecoders);
  const int result = avcodec_open2(decoder.get(), codec, &options.value);
  if (result < 0) {
    reason = fmt::format("open the {} decoder: {}", name, AvError(result));
    return nullptr;
  }
  return decoder;
}

}  // namespace stemma::worker
