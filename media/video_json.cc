#include "media/video_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <utility>

#include "core/base64.h"
#include "hash/pdq.h"

namespace stemma {
namespace {

using nlohmann::json;

// ---- the samples' pictures ----

std::string Base64(std::span<const std::uint8_t> bytes) {
  return Base64Of({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

// Fills `out` exactly; false for anything else.
bool FromBase64(std::string_view text, std::span<std::uint8_t> out) {
  const std::optional<std::string> bytes = BytesOfBase64(text);
  if (!bytes || bytes->size() != out.size()) return false;
  std::ranges::copy(*bytes, out.begin());
  return true;
}

// ---- writing ----

// Seconds are for people and for comparing; pts and time base are the truth.
double Rounded(double seconds) { return std::round(seconds * 1e6) / 1e6; }

std::string Ratio(const Rational& r) {
  return fmt::format("{}/{}", r.num, r.den);
}

json ToJson(const Keyframe& k) {
  json j = {
      {"pts", k.pts},
      {"time_base", Ratio(k.time_base)},
      {"seconds", Rounded(k.seconds)},
      {"frame", k.frame},
      {"coded_frame", k.coded_frame},
      {"shot", k.shot},
      {"reason", k.reason},
      {"picture_type", std::string(1, k.picture_type)},
      {"sync", k.sync},
      {"width", k.width},
      {"height", k.height},
      {"sha256", k.pixels.Hex()},
      {"pdq", PdqHex(k.pdq)},
      {"pdq_quality", k.pdq_quality},
      {"pdq_rule", std::string(kPdqRuleFull)},
      {"sharpness", std::round(k.sharpness * 10) / 10},
  };
  if (!k.file.empty()) j["file"] = k.file;
  if (k.damaged) j["damaged"] = true;
  if (!k.also_at.empty()) {
    json times = json::array();
    for (const double t : k.also_at) times.push_back(Rounded(t));
    j["also_at"] = std::move(times);
  }
  return j;
}

json ToJson(const Region& r) {
  return json::array(
      {Rounded(r.left), Rounded(r.top), Rounded(r.right), Rounded(r.bottom)});
}

json ToJson(const FrameSample& s) {
  json views = json::array();
  for (const FrameView& view : s.views) {
    views.push_back(
        {{"kind", view.kind == FrameView::Kind::kInset ? "inset" : "picture"},
         {"region", ToJson(view.region)},
         {"luma", Base64(view.luma)},
         {"texture", Base64(view.texture)}});
  }
  return {{"seconds", Rounded(s.seconds)},
          {"pdq", PdqHex(s.pdq)},
          {"pdq_quality", s.quality},
          {"shot", s.shot},
          {"views", std::move(views)}};
}

json ToJson(const Shot& s) {
  return {{"start", Rounded(s.start)},
          {"end", Rounded(s.end)},
          {"first", s.first},
          {"last", s.last},
          {"begins", NameOf(s.begins)}};
}

// ---- reading: any missing or misshapen field fails the whole ----

class JsonReader {
 public:
  explicit JsonReader(const json& j) : j_(j) {}

  bool ok() const { return ok_; }
  std::string Text(const char* name) { return Get<std::string>(name, {}); }
  double Real(const char* name, double low = -1e9, double high = 1e9) {
    const double v = Get<double>(name, low);
    if (!std::isfinite(v) || v < low || v > high) ok_ = false;
    return v;
  }
  std::int64_t Number(const char* name, std::int64_t low, std::int64_t high) {
    const auto v = Get<std::int64_t>(name, low);
    if (v < low || v > high) ok_ = false;
    return v;
  }
  int Small(const char* name, int low, int high) {
    return static_cast<int>(Number(name, low, high));
  }
  FrameHash Hash(const char* name) {
    const auto hash = ParsePdqHex(Text(name));
    if (!hash) ok_ = false;
    return hash.value_or(FrameHash{});
  }
  Sha256 Digest(const char* name) {
    const auto digest = Sha256::Parse(Text(name));
    if (!digest) ok_ = false;
    return digest.value_or(Sha256{});
  }
  const json& Array(const char* name) {
    static const json kNone = json::array();
    const auto found = j_.find(name);
    if (found == j_.end() || !found->is_array()) {
      ok_ = false;
      return kNone;
    }
    return *found;
  }
  bool Has(const char* name) const { return j_.contains(name); }
  void Fail() { ok_ = false; }

 private:
  template <class T>
  T Get(const char* name, T otherwise) {
    if (!j_.is_object()) {
      ok_ = false;
      return otherwise;
    }
    const auto found = j_.find(name);
    const bool fits =
        found != j_.end() &&
        (std::is_same_v<T, std::string> ? found->is_string()
         : std::is_same_v<T, double>    ? found->is_number()
                                        : found->is_number_integer());
    if (!fits) {
      ok_ = false;
      return otherwise;
    }
    return found->template get<T>();
  }
  const json& j_;
  bool ok_ = true;
};

constexpr std::int64_t kMost = std::int64_t{1} << 53;

bool Read(const json& j, Keyframe& k) {
  JsonReader in(j);
  k.pts = in.Number("pts", std::numeric_limits<std::int64_t>::min(),
                    std::numeric_limits<std::int64_t>::max());
  const std::string base = in.Text("time_base");
  if (std::sscanf(base.c_str(), "%ld/%ld", &k.time_base.num,
                  &k.time_base.den) != 2 ||
      k.time_base.den <= 0) {
    in.Fail();
  }
  k.seconds = in.Real("seconds");
  k.frame = in.Number("frame", 0, kMost);
  k.coded_frame = in.Number("coded_frame", -1, kMost);
  k.shot = in.Small("shot", 0, 1 << 30);
  k.reason = in.Text("reason");
  const std::string type = in.Text("picture_type");
  k.picture_type = type.empty() ? 'X' : type[0];
  k.sync = j.value("sync", false);
  k.damaged = j.value("damaged", false);
  k.width = in.Small("width", 1, 65535);
  k.height = in.Small("height", 1, 65535);
  k.pixels = in.Digest("sha256");
  k.pdq = in.Hash("pdq");
  k.pdq_quality = in.Small("pdq_quality", 0, 100);
  k.sharpness = in.Real("sharpness", 0, 1e12);
  if (in.Has("file")) k.file = in.Text("file");
  if (in.Has("also_at")) {
    for (const json& t : in.Array("also_at")) {
      if (!t.is_number()) return false;
      k.also_at.push_back(t.get<double>());
    }
  }
  return in.ok();
}

bool Read(const json& j, FrameView& view) {
  JsonReader in(j);
  view.kind = in.Text("kind") == "inset" ? FrameView::Kind::kInset
                                         : FrameView::Kind::kPicture;
  const json& r = in.Array("region");
  if (r.size() != 4) return false;
  for (const json& v : r) {
    if (!v.is_number() || v.get<double>() < 0 || v.get<double>() > 1) {
      return false;
    }
  }
  view.region = {r[0].get<double>(), r[1].get<double>(), r[2].get<double>(),
                 r[3].get<double>()};
  return in.ok() && view.region.left < view.region.right &&
         view.region.top < view.region.bottom &&
         FromBase64(in.Text("luma"), view.luma) &&
         FromBase64(in.Text("texture"), view.texture);
}

bool Read(const json& j, FrameSample& s) {
  JsonReader in(j);
  s.seconds = in.Real("seconds");
  s.pdq = in.Hash("pdq");
  s.quality = in.Small("pdq_quality", 0, 100);
  s.shot = in.Small("shot", 0, 1 << 30);
  const json& views = in.Array("views");
  if (views.size() > 8) return false;
  for (const json& v : views) {
    FrameView view;
    if (!Read(v, view)) return false;
    s.views.push_back(view);
  }
  return in.ok();
}

bool Read(const json& j, Shot& s) {
  JsonReader in(j);
  s.start = in.Real("start");
  s.end = in.Real("end");
  s.first = in.Number("first", 0, kMost);
  s.last = in.Number("last", 0, kMost);
  // Reports from before transitions were told apart have none.
  s.begins = Transition::kCut;
  const auto begins = j.find("begins");
  if (begins != j.end()) {
    bool known = false;
    for (const Transition t : {Transition::kStart, Transition::kCut,
                               Transition::kFade, Transition::kDissolve}) {
      if (*begins != NameOf(t)) continue;
      s.begins = t;
      known = true;
    }
    if (!known) return false;
  }
  return in.ok() && s.start <= s.end && s.first <= s.last;
}

bool Read(const json& j, FrameRecord& f) {
  JsonReader in(j);
  f.pts = in.Number("pts", std::numeric_limits<std::int64_t>::min(),
                    std::numeric_limits<std::int64_t>::max());
  f.seconds = in.Real("seconds");
  f.frame = in.Number("frame", 0, kMost);
  f.pdq = in.Hash("pdq");
  f.quality = in.Small("pdq_quality", 0, 100);
  return in.ok();
}

bool Read(const json& j, BoxDigest& b) {
  JsonReader in(j);
  b.type = in.Text("type");
  b.offset = static_cast<std::uint64_t>(in.Number("offset", 0, kMost));
  b.size = static_cast<std::uint64_t>(in.Number("size", 0, kMost));
  b.sha256 = in.Digest("sha256");
  return in.ok();
}

template <class T>
bool ReadAll(const json& report, const char* name, std::vector<T>& out) {
  const auto found = report.find(name);
  if (found == report.end()) return true;
  if (!found->is_array()) return false;
  for (const json& j : *found) {
    T value;
    if (!j.is_object() || !Read(j, value)) return false;
    out.push_back(std::move(value));
  }
  return true;
}

}  // namespace

json ToJson(const VideoReport& r, const VideoJsonOptions& options) {
  json j = {
      {"method", std::string(kVideoMethod)},
      {"status", r.status},
      {"reason", r.reason},
      {"mode", r.mode},
      {"depth", r.depth},
      {"frames_decoded", r.frames_decoded},
      {"width", r.width},
      {"height", r.height},
      {"duration", Rounded(r.duration)},
      {"rotation", r.rotation},
      {"bytes", r.payload_bytes},
      {"sha256", r.payload.Hex()},
      {"facts", r.facts},
      {"warnings", r.warnings},
  };
  json& keyframes = j["keyframes"] = json::array();
  for (const Keyframe& k : r.keyframes) keyframes.push_back(ToJson(k));
  json& shots = j["shots"] = json::array();
  for (const Shot& s : r.shots) shots.push_back(ToJson(s));
  json& boxes = j["boxes"] = json::array();
  for (const BoxDigest& b : r.boxes) {
    boxes.push_back({{"type", b.type},
                     {"offset", b.offset},
                     {"size", b.size},
                     {"sha256", b.sha256.Hex()}});
  }
  if (options.frames && !r.frames.empty()) {
    json& frames = j["frames"] = json::array();
    for (const FrameRecord& f : r.frames) {
      frames.push_back({{"pts", f.pts},
                        {"seconds", Rounded(f.seconds)},
                        {"frame", f.frame},
                        {"pdq", PdqHex(f.pdq)},
                        {"pdq_quality", f.quality}});
    }
  }
  if (options.samples) {
    json& samples = j["samples"] = json::array();
    for (const FrameSample& s : r.samples) samples.push_back(ToJson(s));
  }
  return j;
}

Result<VideoReport> VideoReportFromJson(std::string_view json_text) {
  const auto malformed = [](std::string_view what) {
    return Error(ErrorCode::kMalformed,
                 fmt::format("read a video report: {}", what));
  };
  json j = json::parse(json_text, nullptr, false);
  if (!j.is_object()) return malformed("not a JSON object");
  VideoReport r;
  JsonReader in(j);
  r.status = in.Text("status");
  r.reason = in.Text("reason");
  r.mode = in.Text("mode");
  r.depth = in.Text("depth");
  r.frames_decoded = in.Number("frames_decoded", 0, kMost);
  r.width = in.Small("width", 0, 65535);
  r.height = in.Small("height", 0, 65535);
  r.duration = in.Real("duration", 0);
  r.rotation = in.Small("rotation", 0, 359);
  r.payload_bytes = static_cast<std::uint64_t>(in.Number("bytes", 0, kMost));
  r.payload = in.Digest("sha256");
  if (!in.ok()) return malformed("a field is missing or out of range");
  if (r.status != "ok" && r.status != "partial" && r.status != "rejected") {
    return malformed("status is none of ok, partial, rejected");
  }
  r.facts = j.value("facts", json::object());
  for (const json& w : in.Array("warnings")) {
    if (w.is_string()) r.warnings.push_back(w.get<std::string>());
  }
  if (!in.ok()) return malformed("warnings are no list");
  for (const auto& [name, read] :
       {std::pair{"keyframes", ReadAll(j, "keyframes", r.keyframes)},
        {"shots", ReadAll(j, "shots", r.shots)},
        {"samples", ReadAll(j, "samples", r.samples)},
        {"frames", ReadAll(j, "frames", r.frames)},
        {"boxes", ReadAll(j, "boxes", r.boxes)}}) {
    if (!read) return malformed(fmt::format("an entry of {} is broken", name));
  }
  return r;
}

json ToJson(const VideoComparison& c) {
  json segments = json::array();
  for (const auto& s : c.segments) {
    segments.push_back(
        {Rounded(s.a0), Rounded(s.a1), Rounded(s.b0), Rounded(s.b1)});
  }
  json altered = json::array();
  for (const auto& a : c.altered) {
    altered.push_back({{"kind", a.kind},
                       {"start", Rounded(a.start)},
                       {"end", Rounded(a.end)}});
  }
  return {{"verdict", std::string(NameOf(c.verdict))},
          {"segments", std::move(segments)},
          {"altered", std::move(altered)},
          {"reason", c.reason}};
}

}  // namespace stemma
