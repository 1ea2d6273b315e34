// What the worker answers, taken in with limits (media/worker_protocol.h).
#include <fmt/format.h>

#include <cmath>

#include "media/message_reader.h"
#include "media/worker_protocol.h"

namespace stemma {
namespace {

constexpr std::size_t kMaxAllText = 1 << 20;  // all strings of a file
constexpr std::int64_t kMaxFacts = 4096;
constexpr double kMaxSeconds = 1e9;
constexpr int kMaxSide = 65535;
constexpr std::size_t kMaxWarnings = 64;
constexpr std::size_t kMaxViews = 4;
constexpr std::size_t kMaxAlsoAt = 1000;

}  // namespace

Status WorkerAnswers::Take(WorkerMessage type, std::string_view payload,
                           RgbPicture& picture) {
  if (done_) return BrokenAnswer("more after the end");
  if (picture_due_ && type != WorkerMessage::kPicture) {
    return BrokenAnswer("a picture is missing");
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
  return BrokenAnswer("a message only the parent may send");
}

bool WorkerAnswers::SpendText(std::size_t bytes) {
  text_bytes_ += bytes;
  return text_bytes_ <= kMaxAllText;
}

Status WorkerAnswers::TakeFact(std::string_view payload) {
  MessageReader in(payload);
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
    return BrokenAnswer("fact");
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
  MessageReader in(payload);
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
    return BrokenAnswer("frame hash");
  }
  report_.frames.push_back(frame);
  return {};
}

Status WorkerAnswers::TakeSample(std::string_view payload) {
  MessageReader in(payload);
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
    if (r.left >= r.right || r.top >= r.bottom) return BrokenAnswer("region");
    view.kind = static_cast<FrameView::Kind>(kind);
    sample.views.push_back(view);
  }
  const bool ordered = report_.samples.empty() ||
                       sample.seconds >= report_.samples.back().seconds;
  if (!in.Whole() || !ordered || !options_.samples ||
      static_cast<std::int64_t>(report_.samples.size()) >=
          options_.limits.max_frames) {
    return BrokenAnswer("sample");
  }
  report_.samples.push_back(std::move(sample));
  return {};
}

Status WorkerAnswers::TakeShot(std::string_view payload) {
  MessageReader in(payload);
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
  if (!in.Whole() || !ordered || shot.end < shot.start)
    return BrokenAnswer("shot");
  report_.shots.push_back(shot);
  return {};
}

Status WorkerAnswers::TakeKeyframe(std::string_view payload) {
  MessageReader in(payload);
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
    return BrokenAnswer("keyframe");
  }
  report_.keyframes.push_back(std::move(k));
  picture_due_ = !options_.out_dir.empty() || options_.images_in_memory;
  return {};
}

Status WorkerAnswers::TakePicture(std::string_view payload,
                                  RgbPicture& picture) {
  MessageReader in(payload);
  std::uint32_t width = 0, height = 0;
  const int side = options_.image_side > 0 ? options_.image_side : kMaxSide;
  in.Within(width, 1, side);
  in.Within(height, 1, side);
  if (!in.ok() || !picture_due_ ||
      in.rest().size() != std::size_t{3} * width * height) {
    return BrokenAnswer("picture");
  }
  picture_due_ = false;
  picture = {static_cast<int>(width), static_cast<int>(height), in.rest()};
  return {};
}

Status WorkerAnswers::TakeAlsoAt(std::string_view payload) {
  MessageReader in(payload);
  std::uint32_t index = 0;
  double seconds = 0;
  in.Number(index);
  in.Real(seconds, -kMaxSeconds, kMaxSeconds);
  if (!in.Whole() || index >= report_.keyframes.size()) {
    return BrokenAnswer("duplicate note");
  }
  std::vector<double>& also = report_.keyframes[index].also_at;
  if (also.size() < kMaxAlsoAt) also.push_back(seconds);
  return {};
}

Status WorkerAnswers::TakeWarning(std::string_view payload) {
  MessageReader in(payload);
  std::string text;
  in.Text(text);
  if (!in.Whole() || !SpendText(text.size()) ||
      report_.warnings.size() >= kMaxWarnings) {
    return BrokenAnswer("warning");
  }
  report_.warnings.push_back(PrintableUtf8(text));
  return {};
}

Status WorkerAnswers::TakeDone(std::string_view payload) {
  MessageReader in(payload);
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
  if (!in.Whole()) return BrokenAnswer("summary");
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
