#include "cli/capture_view.h"

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "archive/archive_reader.h"
#include "archive/index.h"
#include "core/article_json.h"
#include "media/keyframes.h"
#include "media/video_json.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kMaxJsonBytes = std::uint64_t{256} << 20;
constexpr std::uint64_t kMaxPictureBytes = 8 << 20;

Result<std::optional<Article>> ArticleOf(ArchiveReader& reader,
                                         const std::string& capture_id) {
  STEMMA_TRY(const std::vector<DerivedRow> rows,
             reader.index().DerivedOf(capture_id, "article"));
  if (rows.empty()) return std::optional<Article>();
  STEMMA_TRY(const StoredRecord record,
             reader.RecordById(rows.back().record_id));
  STEMMA_TRY(const std::string json, record.payload.ReadAll(kMaxJsonBytes));
  STEMMA_TRY(Article article,
             ArticleFromJson(Json::parse(json, nullptr, false)));
  return std::optional<Article>(std::move(article));
}

Result<KeyframeView> PictureOf(ArchiveReader& reader, const DerivedRow& row,
                               double seconds, Pictures pictures) {
  KeyframeView view{row.record_id, seconds, "", ""};
  if (pictures == Pictures::kByAddress) return view;
  STEMMA_TRY(const StoredRecord record, reader.RecordById(row.record_id));
  STEMMA_TRY(view.bytes, record.payload.ReadAll(kMaxPictureBytes));
  view.mime = record.info.mime;
  return view;
}

Result<MediumView> MediumOf(ArchiveReader& reader, const MediaRow& row,
                            Pictures pictures) {
  MediumView view;
  view.media = row;
  Index& index = reader.index();
  STEMMA_TRY(const std::vector<DerivedRow> reports,
             index.DerivedFromPayload(row.payload_sha256, "video"));
  if (reports.empty()) return view;
  STEMMA_TRY(const StoredRecord record,
             reader.RecordById(reports.front().record_id));
  STEMMA_TRY(const std::string json, record.payload.ReadAll(kMaxJsonBytes));
  STEMMA_TRY(const VideoReport report, VideoReportFromJson(json));
  view.duration = report.duration;
  view.status = report.status;
  std::map<std::int64_t, double> seconds_of;
  for (const Keyframe& frame : report.keyframes) {
    seconds_of[frame.frame] = frame.seconds;
  }
  STEMMA_TRY(const std::vector<DerivedRow> frames,
             index.DerivedFromPayload(row.payload_sha256, "keyframe"));
  for (const DerivedRow& frame : frames) {
    const Json facts = Json::parse(frame.facts, nullptr, false);
    if (!facts.is_object()) continue;
    const auto number = facts.find("frame");
    if (number == facts.end() || !number->is_number_integer()) continue;
    const auto at = seconds_of.find(number->get<std::int64_t>());
    if (at == seconds_of.end()) continue;
    STEMMA_TRY(KeyframeView picture,
               PictureOf(reader, frame, at->second, pictures));
    view.frames.push_back(std::move(picture));
    seconds_of.erase(at);
  }
  return view;
}

std::string TextOf(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>()
                                                   : std::string();
}

}  // namespace

Result<CaptureView> GatherCapture(ArchiveReader& reader, const std::string& id,
                                  Pictures pictures) {
  Index& index = reader.index();
  CaptureView view;
  STEMMA_TRY(view.capture, reader.CaptureById(id));
  STEMMA_TRY(view.records, index.RecordsOf(view.capture.id));
  STEMMA_TRY(view.article, ArticleOf(reader, view.capture.id));
  STEMMA_TRY(const std::vector<MediaRow> media, index.MediaOf(view.capture.id));
  for (const MediaRow& row : media) {
    STEMMA_TRY(MediumView medium, MediumOf(reader, row, pictures));
    view.media.push_back(std::move(medium));
  }
  STEMMA_TRY(view.comparisons, index.ComparisonsWith(view.capture.id));
  return view;
}

Result<std::vector<ListedBundle>> GatherBundles(
    ArchiveReader& reader, const std::vector<CaptureView>& captures) {
  std::map<std::string, ListedBundle> bundles;
  for (const CaptureView& capture : captures) {
    for (const RecordInfo& record : capture.records) {
      bundles[record.bundle].name = record.bundle;
    }
  }
  STEMMA_CHECK_OK(
      reader.ForEachEvent([&](std::string_view, const Json& event) -> Status {
        if (TextOf(event, "type") != "seal") return {};
        const auto facts = event.find("bundle");
        if (facts == event.end() || !facts->is_object()) return {};
        const auto bundle = bundles.find(TextOf(*facts, "name"));
        if (bundle == bundles.end()) return {};
        const auto bytes = facts->find("bytes");
        if (bytes != facts->end() && bytes->is_number_unsigned()) {
          bundle->second.bytes = bytes->get<std::uint64_t>();
        }
        bundle->second.sha256 = TextOf(*facts, "sha256");
        bundle->second.sha512 = TextOf(*facts, "sha512");
        bundle->second.records_root = TextOf(*facts, "records_root");
        return {};
      }));
  std::vector<ListedBundle> list;
  for (auto& [name, bundle] : bundles) list.push_back(std::move(bundle));
  return list;
}

}  // namespace stemma::cli
