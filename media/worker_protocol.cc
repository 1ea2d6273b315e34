#include "media/worker_protocol.h"

#include <fmt/format.h>

#include <bit>

#include "media/message_reader.h"

namespace stemma {
namespace {

constexpr double kMaxSeconds = 1e9;
constexpr int kMaxSide = 65535;

class Writer {
 public:
  template <class T>
  Writer& Number(T value) {
    static_assert(std::endian::native == std::endian::little);
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Writer& Flag(bool value) { return Number<std::uint8_t>(value ? 1 : 0); }
  Writer& Text(std::string_view text) {
    Number(static_cast<std::uint32_t>(text.size()));
    out_ += text;
    return *this;
  }
  Writer& Bytes(std::string_view bytes) {
    out_ += bytes;
    return *this;
  }
  Writer& Hash(const FrameHash& hash) {
    for (const std::uint64_t word : hash) Number(word);
    return *this;
  }
  std::string Message(WorkerMessage type) const {
    return EncodeMessage(type, out_);
  }

 private:
  std::string out_;
};

}  // namespace

std::string EncodeMessage(WorkerMessage type, std::string_view payload) {
  std::string message;
  const auto length = static_cast<std::uint32_t>(payload.size());
  message.reserve(kWorkerHeaderBytes + payload.size());
  message.append(reinterpret_cast<const char*>(&length), sizeof length);
  message += static_cast<char>(type);
  message += payload;
  return message;
}

std::string EncodeJob(const WorkerJob& job) {
  return Writer()
      .Number(job.size)
      .Text(job.mode)
      .Number(job.interval)
      .Text(job.depth)
      .Flag(job.pictures)
      .Number(static_cast<std::int32_t>(job.image_side))
      .Number(job.hash_every)
      .Flag(job.samples)
      .Flag(job.bare)
      .Number(job.cpu_seconds)
      .Number(job.memory_bytes)
      .Number(job.max_frames)
      .Number(job.max_pixels)
      .Number(job.max_frame_pixels)
      .Number(job.free_pixels)
      .Number(job.max_pixels_per_byte)
      .Number(job.max_keyframes)
      .Message(WorkerMessage::kJob);
}

Result<WorkerJob> DecodeJob(std::string_view payload) {
  MessageReader in(payload);
  WorkerJob job;
  std::int32_t side = 0;
  in.Number(job.size);
  in.Text(job.mode);
  in.Real(job.interval, 0, kMaxSeconds);
  in.Text(job.depth);
  in.Flag(job.pictures);
  in.Within(side, 0, kMaxSide);
  in.Real(job.hash_every, -1e9, kMaxSeconds);
  in.Flag(job.samples);
  in.Flag(job.bare);
  in.Real(job.cpu_seconds, 0, kMaxSeconds);
  in.Number(job.memory_bytes);
  in.Number(job.max_frames);
  in.Number(job.max_pixels);
  in.Number(job.max_frame_pixels);
  in.Number(job.free_pixels);
  in.Number(job.max_pixels_per_byte);
  in.Number(job.max_keyframes);
  if (!in.Whole()) return BrokenAnswer("job");
  job.image_side = side;
  return job;
}

std::string EncodeRead(std::uint64_t offset, std::uint32_t length) {
  return Writer().Number(offset).Number(length).Message(WorkerMessage::kRead);
}

Result<ReadRequest> DecodeRead(std::string_view payload) {
  MessageReader in(payload);
  ReadRequest request;
  in.Number(request.offset);
  in.Within(request.length, 1, kMaxReadBytes);
  if (!in.Whole()) return BrokenAnswer("read request");
  return request;
}

std::string EncodeFact(const WorkerFact& fact) {
  Writer out;
  out.Number(fact.stream)
      .Text(fact.name)
      .Number(static_cast<std::uint8_t>(fact.kind));
  switch (fact.kind) {
    case WorkerFact::Kind::kText:
      out.Text(fact.text);
      break;
    case WorkerFact::Kind::kReal:
      out.Number(fact.real);
      break;
    case WorkerFact::Kind::kNumber:
    case WorkerFact::Kind::kFlag:
      out.Number(fact.number);
      break;
  }
  return out.Message(WorkerMessage::kFact);
}

std::string EncodeFrame(const FrameRecord& frame) {
  return Writer()
      .Number(frame.pts)
      .Number(frame.seconds)
      .Number(frame.frame)
      .Hash(frame.pdq)
      .Number(static_cast<std::int32_t>(frame.quality))
      .Message(WorkerMessage::kFrame);
}

std::string EncodeSample(const FrameSample& sample) {
  Writer out;
  out.Number(sample.seconds)
      .Hash(sample.pdq)
      .Number(static_cast<std::int32_t>(sample.quality))
      .Number(static_cast<std::int32_t>(sample.shot))
      .Number(static_cast<std::uint32_t>(sample.views.size()));
  for (const FrameView& view : sample.views) {
    const Region& r = view.region;
    out.Number(static_cast<std::uint8_t>(view.kind));
    out.Number(r.left).Number(r.top).Number(r.right).Number(r.bottom);
    out.Bytes(
        {reinterpret_cast<const char*>(view.luma.data()), view.luma.size()});
    out.Bytes({reinterpret_cast<const char*>(view.texture.data()),
               view.texture.size()});
  }
  return out.Message(WorkerMessage::kSample);
}

std::string EncodeShot(const Shot& shot) {
  return Writer()
      .Number(shot.start)
      .Number(shot.end)
      .Number(shot.first)
      .Number(shot.last)
      .Number(static_cast<std::uint8_t>(shot.begins))
      .Message(WorkerMessage::kShot);
}

std::string EncodeKeyframe(const Keyframe& k) {
  return Writer()
      .Number(k.pts)
      .Number(k.time_base.num)
      .Number(k.time_base.den)
      .Number(k.seconds)
      .Number(k.frame)
      .Number(k.coded_frame)
      .Text(k.reason)
      .Number(static_cast<std::int32_t>(k.shot))
      .Number(static_cast<std::int32_t>(k.width))
      .Number(static_cast<std::int32_t>(k.height))
      .Bytes({reinterpret_cast<const char*>(k.pixels.bytes.data()),
              k.pixels.bytes.size()})
      .Hash(k.pdq)
      .Number(static_cast<std::int32_t>(k.pdq_quality))
      .Number(static_cast<std::uint8_t>(k.picture_type))
      .Flag(k.sync)
      .Flag(k.damaged)
      .Number(k.sharpness)
      .Message(WorkerMessage::kKeyframe);
}

std::string EncodePicture(int width, int height, std::string_view rgb) {
  return Writer()
      .Number(static_cast<std::uint32_t>(width))
      .Number(static_cast<std::uint32_t>(height))
      .Bytes(rgb)
      .Message(WorkerMessage::kPicture);
}

std::string EncodeAlsoAt(std::uint32_t keyframe, double seconds) {
  return Writer().Number(keyframe).Number(seconds).Message(
      WorkerMessage::kAlsoAt);
}

std::string EncodeWarning(std::string_view text) {
  return Writer()
      .Text(text.substr(0, kMaxMessageText))
      .Message(WorkerMessage::kWarning);
}

std::string EncodeDone(const WorkerSummary& s) {
  return Writer()
      .Flag(s.partial)
      .Text(s.reason)
      .Number(s.frames_decoded)
      .Number(static_cast<std::int32_t>(s.width))
      .Number(static_cast<std::int32_t>(s.height))
      .Number(static_cast<std::int32_t>(s.rotation))
      .Number(s.duration)
      .Number(s.cpu_seconds)
      .Number(s.peak_bytes)
      .Message(WorkerMessage::kDone);
}

Result<WorkerHeader> DecodeHeader(std::string_view bytes) {
  MessageReader in(bytes);
  WorkerHeader header;
  std::uint8_t type = 0;
  in.Number(header.length);
  in.Number(type);
  const bool known = type == static_cast<std::uint8_t>(WorkerMessage::kJob) ||
                     type == static_cast<std::uint8_t>(WorkerMessage::kData) ||
                     (type >= static_cast<std::uint8_t>(WorkerMessage::kRead) &&
                      type <= static_cast<std::uint8_t>(WorkerMessage::kDone));
  if (!in.Whole() || !known) return BrokenAnswer("unknown message");
  header.type = static_cast<WorkerMessage>(type);
  const std::uint32_t limit =
      header.type == WorkerMessage::kPicture ? kMaxMessageBytes : kMaxReadBytes;
  if (header.length > limit) {
    return BrokenAnswer(fmt::format("message of {} bytes", header.length));
  }
  return header;
}

}  // namespace stemma
