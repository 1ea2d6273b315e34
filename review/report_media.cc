#include <fmt/format.h>

#include <map>
#include <utility>

#include "core/utf8.h"
#include "review/json_facts.h"
#include "review/report_capture.h"

namespace stemma {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kMaxVideoJson = std::uint64_t{256} << 20;
constexpr std::uint64_t kMaxPictureBytes = 8 << 20;
constexpr std::size_t kMaxPictures = 48;  // of one capture

std::string Seconds(const Json& number) {
  return number.is_number() ? fmt::format("{:.3f}", number.get<double>())
                            : std::string();
}

// What the container and its decoder said, as far as a reader asks for it.
void AddVideoFacts(const Json& video, Json& medium) {
  SetText(medium, "read", TextIn(video, "status"));
  SetText(medium, "read_reason", TextIn(video, "reason"));
  SetText(medium, "method", TextIn(video, "method"));
  SetText(medium, "keyframe_rule", TextIn(video, "mode"));
  SetText(medium, "duration", Seconds(MemberIn(video, "duration")));
  medium["width"] = CountIn(video, "width");
  medium["height"] = CountIn(video, "height");
  medium["frames_decoded"] = CountIn(video, "frames_decoded");
  const Json& facts = MemberIn(video, "facts");
  SetText(medium, "codec", TextIn(facts, "codec"));
  SetText(medium, "container", TextIn(facts, "container"));
  SetText(medium, "c2pa_state", TextIn(facts, "c2pa_state"));
  SetText(medium, "c2pa_sha256", TextIn(facts, "c2pa_sha256"));
  const Json& c2pa = MemberIn(facts, "c2pa");
  medium["c2pa"] = c2pa.is_null() ? Json("none found") : WithoutFractions(c2pa);
}

// Every picture that was kept of a medium, with its place in it.
Result<Json> Keyframes(ArchiveReader& reader, const std::string& payload,
                       const Json& video,
                       std::map<std::string, ReportPicture>* pictures) {
  std::map<std::uint64_t, const Json*> by_frame;
  for (const Json& frame : MemberIn(video, "keyframes")) {
    by_frame[CountIn(frame, "frame")] = &frame;
  }
  Json list = Json::array();
  STEMMA_TRY(const std::vector<DerivedRow> rows,
             reader.index().DerivedFromPayload(payload, "keyframe"));
  std::map<std::uint64_t, bool> seen;
  for (const DerivedRow& row : rows) {
    const Json facts = Json::parse(row.facts, nullptr, false);
    const std::uint64_t number = CountIn(facts, "frame");
    if (seen[number]) continue;  // derived more than once
    seen[number] = true;
    Json frame = {{"frame", number},
                  {"record", row.record_id},
                  {"image_sha256", row.output_sha256},
                  {"pts", MemberIn(facts, "pts")},
                  {"time_base", MemberIn(facts, "time_base")}};
    SetText(frame, "pixels_sha256", TextIn(facts, "pixels_sha256"));
    if (const auto at = by_frame.find(number); at != by_frame.end()) {
      SetText(frame, "seconds", Seconds(MemberIn(*at->second, "seconds")));
      SetText(frame, "pdq", TextIn(*at->second, "pdq"));
      SetText(frame, "rule", TextIn(*at->second, "reason"));
    }
    if (pictures && pictures->size() < kMaxPictures) {
      const Result<StoredRecord> record = reader.RecordById(row.record_id);
      Result<std::string> bytes =
          record ? record->payload.ReadAll(kMaxPictureBytes)
                 : Result<std::string>(record.error());
      if (bytes) {
        (*pictures)[row.record_id] = {record->info.mime, *std::move(bytes)};
      }
    }
    list.push_back(std::move(frame));
  }
  return list;
}

}  // namespace

Result<Json> MediaOfCapture(ArchiveReader& reader, const CaptureRow& capture,
                            std::map<std::string, ReportPicture>* pictures) {
  Json list = Json::array();
  STEMMA_TRY(const std::vector<MediaRow> rows,
             reader.index().MediaOf(capture.id));
  for (const MediaRow& row : rows) {
    Json medium = {{"url", ValidUtf8(row.url)},
                   {"capture", row.capture_id},
                   {"media_type", ValidUtf8(row.mime)},
                   {"bytes", row.bytes},
                   {"sha256", row.payload_sha256}};
    STEMMA_TRY(const std::vector<DerivedRow> reports,
               reader.index().DerivedFromPayload(row.payload_sha256, "video"));
    Json video;
    if (!reports.empty()) {
      STEMMA_TRY(const StoredRecord record,
                 reader.RecordById(reports.front().record_id));
      STEMMA_TRY(const std::string text, record.payload.ReadAll(kMaxVideoJson));
      video = Json::parse(text, nullptr, false);
      AddVideoFacts(video, medium);
    }
    STEMMA_TRY(medium["keyframes"],
               Keyframes(reader, row.payload_sha256, video, pictures));
    list.push_back(std::move(medium));
  }
  return list;
}

}  // namespace stemma
