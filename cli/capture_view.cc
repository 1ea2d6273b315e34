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

Result<MediumView> MediumOf(ArchiveReader& reader, const MediaRow& row) {
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
    view.frames.push_back({frame.record_id, at->second});
    seconds_of.erase(at);
  }
  return view;
}

}  // namespace

Result<CaptureView> GatherCapture(ArchiveReader& reader,
                                  const std::string& id) {
  Index& index = reader.index();
  CaptureView view;
  STEMMA_TRY(view.capture, reader.CaptureById(id));
  STEMMA_TRY(view.records, index.RecordsOf(view.capture.id));
  STEMMA_TRY(view.article, ArticleOf(reader, view.capture.id));
  STEMMA_TRY(const std::vector<MediaRow> media, index.MediaOf(view.capture.id));
  for (const MediaRow& row : media) {
    STEMMA_TRY(MediumView medium, MediumOf(reader, row));
    view.media.push_back(std::move(medium));
  }
  STEMMA_TRY(view.comparisons, index.ComparisonsWith(view.capture.id));
  return view;
}

}  // namespace stemma::cli
