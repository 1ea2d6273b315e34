#include "media/worker_protocol.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>

namespace stemma {
namespace {

constexpr std::size_t kMaxText = 64 << 10;    // one string
constexpr std::size_t kMaxAllText = 1 << 20;  // all strings of a file
constexpr std::int64_t kMaxFacts = 4096;
constexpr double kMaxSeconds = 1e9;
constexpr int kMaxSide = 65535;
constexpr std::size_t kMaxWarnings = 64;
constexpr std::size_t kMaxViews = 4;
constexpr std::size_t kMaxAlsoAt = 1000;

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

// Reads fields; after the first that is not there everything fails.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <class T>
  bool Number(T& value) {
    if (rest_.size() < sizeof value) return Fail();
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return ok_;
  }
  bool Flag(bool& value) {
    std::uint8_t byte = 0;
    if (!Number(byte) || byte > 1) return Fail();
    value = byte == 1;
    return ok_;
  }
  // Finite, and within [low, high].
  bool Real(double& value, double low, double high) {
    if (!Number(value)) return false;
    if (!std::isfinite(value) || value < low || value > high) return Fail();
    return ok_;
  }
  template <class T>
  bool Within(T& value, std::int64_t low, std::int64_t high) {
    if (!Number(value)) return false;
    if (static_cast<std::int64_t>(value) < low ||
        static_cast<std::int64_t>(value) > high) {
      return Fail();
    }
    return ok_;
  }
  bool Text(std::string& text, std::size_t limit = kMaxText) {
    std::uint32_t length = 0;
    if (!Number(length) || length > limit || length > rest_.size()) {
      return Fail();
    }
    text = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return ok_;
  }
  bool Bytes(std::span<std::uint8_t> out) {
    if (rest_.size() < out.size()) return Fail();
    std::memcpy(out.data(), rest_.data(), out.size());
    rest_.remove_prefix(out.size());
    return ok_;
  }
  bool Hash(FrameHash& hash) {
    for (std::uint64_t& word : hash) {
      if (!Number(word)) return false;
    }
    return ok_;
  }
  std::string_view rest() const { return rest_; }
  // Everything was there and nothing is left.
  bool Whole() const { return ok_ && rest_.empty(); }
  bool ok() const { return ok_; }

 private:
  bool Fail() {
    ok_ = false;
    return false;
  }
  std::string_view rest_;
  bool ok_ = true;
};

Error Broken(std::string_view what) {
  return Error(ErrorCode::kMalformed,
               fmt::format("media worker: broken answer: {}", what));
}

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
  Reader in(payload);
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
  if (!in.Whole()) return Broken("job");
  job.image_side = side;
  return job;
}

std::string EncodeRead(std::uint64_t offset, std::uint32_t length) {
  return Writer().Number(offset).Number(length).Message(WorkerMessage::kRead);
}

Result<ReadRequest> DecodeRead(std::string_view payload) {
  Reader in(payload);
  ReadRequest request;
  in.Number(request.offset);
  in.Within(request.length, 1, kMaxReadBytes);
  if (!in.Whole()) return Broken("read request");
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
      .Text(text.substr(0, kMaxText))
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
  Reader in(bytes);
  WorkerHeader header;
  std::uint8_t type = 0;
  in.Number(header.length);
  in.Number(type);
  const bool known = type == static_cast<std::uint8_t>(WorkerMessage::kJob) ||
                     type == static_cast<std::uint8_t>(WorkerMessage::kData) ||
                     (type >= static_cast<std::uint8_t>(WorkerMessage::kRead) &&
                      type <= static_cast<std::uint8_t>(WorkerMessage::kDone));
  if (!in.Whole() || !known) return Broken("unknown message");
  header.type = static_cast<WorkerMessage>(type);
  const std::uint32_t limit =
      header.type == WorkerMessage::kPicture ? kMaxMessageBytes : kMaxReadBytes;
  if (header.length > limit) {
    return Broken(fmt::format("message of {} bytes", header.length));
  }
  return header;
}

Status WorkerAnswers::Take(WorkerMessage type, std::string_view payload,
                           RgbPicture& picture) {
  if (done_) return Broken("more after the end");
  if (picture_due_ && type != WorkerMessage::kPicture) {
    return Broken("a picture is missing");
  }
  switch (type) {
    case WorkerMessage::kFact:
      return TakeFact(payload);
    case WorkerMessage::kFrame:
      return TakeFrame(payload);
    case WorkerMessage::kSample:
      return TakeSample(payload);
    case WorkerMessage::kShot:
      return TakeShot(payload);
    case WorkerMessage::kKeyframe:
      return TakeKeyframe(payload);
    case WorkerMessage::kPicture:
      return TakePicture(payload, picture);
    case WorkerMessage::kAlsoAt:
      return TakeAlsoAt(payload);
    case WorkerMessage::kWarning:
      return TakeWarning(payload);
    case WorkerMessage::kDone:
      return TakeDone(payload);
    case WorkerMessage::kJob:
    case WorkerMessage::kData:
    case WorkerMessage::kRead:
      break;
  }
  return Broken("a message only the parent may send");
}

bool WorkerAnswers::SpendText(std::size_t bytes) {
  text_bytes_ += bytes;
  return text_bytes_ <= kMaxAllText;
}

Status WorkerAnswers::TakeFact(std::string_view payload) {
  Reader in(payload);
  WorkerFact fact;
  std::uint8_t kind = 0;
  in.Within(fact.stream, -2, 255);
  in.Text(fact.name, 256);
  in.Within(kind, 0, 3);
  fact.kind = static_cast<WorkerFact::Kind>(kind);
  nlohmann::json value;
  switch (fact.kind) {
    case WorkerFact::Kind::kText:
      if (in.Text(fact.text)) value = PrintableUtf8(fact.text);
      break;
    case WorkerFact::Kind::kReal:
      in.Real(fact.real, -1e18, 1e18);
      value = fact.real;
      break;
    case WorkerFact::Kind::kNumber:
      in.Number(fact.number);
      value = fact.number;
      break;
    case WorkerFact::Kind::kFlag:
      in.Within(fact.number, 0, 1);
      value = fact.number == 1;
      break;
  }
  if (!in.Whole() || fact.name.empty() || ++facts_ > kMaxFacts ||
      !SpendText(fact.name.size() + fact.text.size())) {
    return Broken("fact");
  }
  nlohmann::json& facts = report_.facts;
  const std::string name = PrintableUtf8(fact.name);
  if (fact.stream == -1) {
    facts[name] = std::move(value);
  } else if (fact.stream == -2) {
    facts["metadata"][name] = std::move(value);
  } else {
    nlohmann::json& streams = facts["streams"];
    if (streams.is_null()) streams = nlohmann::json::array();
    while (streams.size() <= static_cast<std::size_t>(fact.stream)) {
      streams.push_back(nlohmann::json::object());
    }
    streams[static_cast<std::size_t>(fact.stream)][name] = std::move(value);
  }
  return {};
}

Status WorkerAnswers::TakeFrame(std::string_view payload) {
  Reader in(payload);
  FrameRecord frame;
  std::int32_t quality = 0;
  in.Number(frame.pts);
  in.Real(frame.seconds, -kMaxSeconds, kMaxSeconds);
  in.Within(frame.frame, 0, options_.limits.max_frames);
  in.Hash(frame.pdq);
  in.Within(quality, 0, 100);
  frame.quality = quality;
  const bool ordered =
      report_.frames.empty() || frame.frame > report_.frames.back().frame;
  if (!in.Whole() || !ordered || options_.hash_every < 0) {
    return Broken("frame hash");
  }
  report_.frames.push_back(frame);
  return {};
}

Status WorkerAnswers::TakeSample(std::string_view payload) {
  Reader in(payload);
  FrameSample sample;
  std::int32_t quality = 0, shot = 0;
  std::uint32_t views = 0;
  in.Real(sample.seconds, -kMaxSeconds, kMaxSeconds);
  in.Hash(sample.pdq);
  in.Within(quality, 0, 100);
  in.Within(shot, 0, options_.limits.max_frames);
  in.Within(views, 0, kMaxViews);
  sample.quality = quality;
  sample.shot = shot;
  for (std::uint32_t i = 0; in.ok() && i < views; ++i) {
    FrameView view;
    Region& r = view.region;
    std::uint8_t kind = 0;
    in.Within(kind, 0, 1);
    in.Real(r.left, 0, 1);
    in.Real(r.top, 0, 1);
    in.Real(r.right, 0, 1);
    in.Real(r.bottom, 0, 1);
    in.Bytes(view.luma);
    in.Bytes(view.texture);
    if (r.left >= r.right || r.top >= r.bottom) return Broken("region");
    view.kind = static_cast<FrameView::Kind>(kind);
    sample.views.push_back(view);
  }
  const bool ordered = report_.samples.empty() ||
                       sample.seconds >= report_.samples.back().seconds;
  if (!in.Whole() || !ordered || !options_.samples ||
      static_cast<std::int64_t>(report_.samples.size()) >=
          options_.limits.max_frames) {
    return Broken("sample");
  }
  report_.samples.push_back(std::move(sample));
  return {};
}

Status WorkerAnswers::TakeShot(std::string_view payload) {
  Reader in(payload);
  Shot shot;
  in.Real(shot.start, -kMaxSeconds, kMaxSeconds);
  in.Real(shot.end, -kMaxSeconds, kMaxSeconds);
  in.Within(shot.first, 0, options_.limits.max_frames);
  in.Within(shot.last, shot.first, options_.limits.max_frames);
  std::uint8_t begins = 0;
  in.Within(begins, 0, static_cast<std::uint8_t>(Transition::kDissolve));
  shot.begins = static_cast<Transition>(begins);
  const bool ordered =
      report_.shots.empty() || (shot.first > report_.shots.back().last &&
                                shot.start >= report_.shots.back().start);
  if (!in.Whole() || !ordered || shot.end < shot.start) return Broken("shot");
  report_.shots.push_back(shot);
  return {};
}

Status WorkerAnswers::TakeKeyframe(std::string_view payload) {
  Reader in(payload);
  Keyframe k;
  std::int32_t shot = 0, width = 0, height = 0, quality = 0;
  std::uint8_t type = 0;
  in.Number(k.pts);
  in.Within(k.time_base.num, 1, 1 << 30);
  in.Within(k.time_base.den, 1, std::int64_t{1} << 31);
  in.Real(k.seconds, -kMaxSeconds, kMaxSeconds);
  in.Within(k.frame, 0, options_.limits.max_frames);
  in.Within(k.coded_frame, -1, options_.limits.max_frames);
  in.Text(k.reason, 64);
  in.Within(shot, 0, options_.limits.max_frames);
  in.Within(width, 1, kMaxSide);
  in.Within(height, 1, kMaxSide);
  in.Bytes(k.pixels.bytes);
  in.Hash(k.pdq);
  in.Within(quality, 0, 100);
  in.Within(type, 'A', 'z');
  in.Flag(k.sync);
  in.Flag(k.damaged);
  in.Real(k.sharpness, 0, 1e12);
  k.reason = PrintableUtf8(k.reason);
  k.shot = shot;
  k.width = width;
  k.height = height;
  k.pdq_quality = quality;
  k.picture_type = static_cast<char>(type);
  if (!in.Whole() || static_cast<std::int64_t>(report_.keyframes.size()) >=
                         options_.limits.max_keyframes) {
    return Broken("keyframe");
  }
  report_.keyframes.push_back(std::move(k));
  picture_due_ = !options_.out_dir.empty() || options_.images_in_memory;
  return {};
}

Status WorkerAnswers::TakePicture(std::string_view payload,
                                  RgbPicture& picture) {
  Reader in(payload);
  std::uint32_t width = 0, height = 0;
  const int side = options_.image_side > 0 ? options_.image_side : kMaxSide;
  in.Within(width, 1, side);
  in.Within(height, 1, side);
  if (!in.ok() || !picture_due_ ||
      in.rest().size() != std::size_t{3} * width * height) {
    return Broken("picture");
  }
  picture_due_ = false;
  picture = {static_cast<int>(width), static_cast<int>(height), in.rest()};
  return {};
}

Status WorkerAnswers::TakeAlsoAt(std::string_view payload) {
  Reader in(payload);
  std::uint32_t index = 0;
  double seconds = 0;
  in.Number(index);
  in.Real(seconds, -kMaxSeconds, kMaxSeconds);
  if (!in.Whole() || index >= report_.keyframes.size()) {
    return Broken("duplicate note");
  }
  std::vector<double>& also = report_.keyframes[index].also_at;
  if (also.size() < kMaxAlsoAt) also.push_back(seconds);
  return {};
}

Status WorkerAnswers::TakeWarning(std::string_view payload) {
  Reader in(payload);
  std::string text;
  in.Text(text);
  if (!in.Whole() || !SpendText(text.size()) ||
      report_.warnings.size() >= kMaxWarnings) {
    return Broken("warning");
  }
  report_.warnings.push_back(PrintableUtf8(text));
  return {};
}

Status WorkerAnswers::TakeDone(std::string_view payload) {
  Reader in(payload);
  WorkerSummary s;
  std::int32_t width = 0, height = 0, rotation = 0;
  in.Flag(s.partial);
  in.Text(s.reason);
  in.Within(s.frames_decoded, 0, options_.limits.max_frames);
  in.Within(width, 0, kMaxSide);
  in.Within(height, 0, kMaxSide);
  in.Within(rotation, 0, 359);
  in.Real(s.duration, 0, kMaxSeconds);
  in.Real(s.cpu_seconds, 0, kMaxSeconds);
  in.Number(s.peak_bytes);
  if (!in.Whole()) return Broken("summary");
  report_.frames_decoded = s.frames_decoded;
  report_.width = width;
  report_.height = height;
  report_.rotation = rotation;
  report_.duration = s.duration;
  report_.reason = PrintableUtf8(s.reason);
  report_.status = s.frames_decoded == 0 ? "rejected"
                   : s.partial           ? "partial"
                                         : "ok";
  report_.facts["decode_cpu_seconds"] = s.cpu_seconds;
  report_.facts["decode_peak_bytes"] = s.peak_bytes;
  done_ = true;
  return {};
}

std::string PrintableUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    std::size_t length = lead < 0x80                   ? 1
                         : lead >= 0xC2 && lead < 0xE0 ? 2
                         : lead >= 0xE0 && lead < 0xF0 ? 3
                         : lead >= 0xF0 && lead < 0xF5 ? 4
                                                       : 0;
    if (i + length > text.size()) length = 0;
    std::uint32_t code = length == 0   ? 0
                         : length == 1 ? lead
                                       : lead & (0xFFu >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xC0) != 0x80) {
        length = 0;
        break;
      }
      code = code << 6 | (next & 0x3Fu);
    }
    const bool overlong = (length == 3 && code < 0x800) ||
                          (length == 4 && (code < 0x10000 || code > 0x10FFFF));
    const bool surrogate = code >= 0xD800 && code < 0xE000;
    if (length == 0 || overlong || surrogate) {
      out += fmt::format("\\x{:02x}", lead);
      ++i;
    } else {
      out += text.substr(i, length);
      i += length;
    }
  }
  return out;
}

}  // namespace stemma
