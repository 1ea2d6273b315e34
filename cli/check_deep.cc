#include "cli/check_deep.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "archive/archive_reader.h"
#include "archive/index.h"
#include "article/extract.h"
#include "cli/find_video.h"
#include "cli/publication_of.h"
#include "core/article_json.h"
#include "core/http_head.h"
#include "fetch/coding.h"
#include "hash/sha256.h"
#include "media/keyframes.h"
#include "media/video_json.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kMaxPageBytes = std::uint64_t{64} << 20;
constexpr std::uint64_t kMaxReportBytes = std::uint64_t{1} << 30;
constexpr std::string_view kArticleMethod = "stemma-article/1";

// The response that has the payload of `id`.
Result<StoredRecord> HolderOf(ArchiveReader& reader, const std::string& id) {
  STEMMA_TRY(StoredRecord record, reader.RecordById(id));
  if (record.info.type != "revisit") return record;
  return reader.ResolveRevisit(record);
}

class DeepCheck {
 public:
  explicit DeepCheck(ArchiveReader& reader) : reader_(reader) {}
  Result<DeepReport> Run();

 private:
  // Each says what differs, or "". An error: it could not be derived again.
  Result<std::string> Article(const DerivedRow& row);
  Result<std::string> EventDiffers(const DerivedRow& row,
                                   const stemma::Article& article);
  Result<std::string> Video(const DerivedRow& row);
  void Count(const DerivedRow& row, const Result<std::string>& differs,
             DeepReport::Counts& counts);

  ArchiveReader& reader_;
  DeepReport report_;
};

Result<DeepReport> DeepCheck::Run() {
  Index& index = reader_.index();
  STEMMA_CHECK_OK(
      index.ForEachDerived("article", [this](const DerivedRow& row) -> Status {
        Count(row, Article(row), report_.articles);
        return {};
      }));
  STEMMA_CHECK_OK(
      index.ForEachDerived("video", [this](const DerivedRow& row) -> Status {
        Count(row, Video(row), report_.videos);
        return {};
      }));
  return std::move(report_);
}

void DeepCheck::Count(const DerivedRow& row, const Result<std::string>& differs,
                      DeepReport::Counts& counts) {
  if (differs && differs->empty()) {
    ++counts.same;
    return;
  }
  CheckFinding finding;
  finding.file = "manifest/events.jsonl";
  finding.record = row.record_id;
  if (differs) {
    ++counts.differ;
    finding.code = "derived-differs";
    finding.weight = Weight::kAltered;
    finding.text =
        fmt::format("{} of event {}: {}", row.kind, row.seq, *differs);
  } else {
    ++counts.not_checked;
    finding.code = "derived-not-checked";
    // What is not there was erased by decision, or `check` reports it already.
    finding.weight = differs.error().code() == ErrorCode::kNotFound
                         ? Weight::kWarning
                         : Weight::kCannotCheck;
    finding.text = fmt::format("{} of event {}: {}", row.kind, row.seq,
                               differs.error().message());
  }
  report_.findings.push_back(std::move(finding));
}

Error OtherMethod(const DerivedRow& row, std::string_view ours) {
  return Error(
      ErrorCode::kUnsupported,
      fmt::format("made by {}, this program knows {}", row.method, ours));
}

Result<std::string> DeepCheck::Article(const DerivedRow& row) {
  if (row.method != kArticleMethod) return OtherMethod(row, kArticleMethod);
  STEMMA_TRY(const StoredRecord kept, reader_.RecordById(row.record_id));
  STEMMA_TRY(const std::string before, kept.block.ReadAll(kMaxPageBytes));
  STEMMA_TRY(const CaptureRow capture, reader_.CaptureById(row.capture_id));
  STEMMA_TRY(const StoredRecord page, reader_.RecordById(row.refers_to));
  STEMMA_TRY(const StoredRecord holder, HolderOf(reader_, row.refers_to));
  STEMMA_TRY(std::string coded, holder.payload.ReadAll(kMaxPageBytes));
  STEMMA_TRY(const std::string body,
             DecodeContent(page.http_head, std::move(coded)));
  const std::string type = FieldOf(page.http_head, "content-type");
  const std::string& url =
      capture.final_url.empty() ? capture.target : capture.final_url;
  STEMMA_TRY(const stemma::Article article, ExtractArticle({body, type, url}));
  const Json now = ToRecordJson(article);
  // Records were whole articles once, under the same label.
  if (now.dump() == before || ToJson(article).dump() == before) {
    return EventDiffers(row, article);
  }
  const Json then = Json::parse(before, nullptr, false);
  if (!then.is_object()) return std::string("what was kept is no article");
  std::string fields;
  for (const auto& [key, value] : now.items()) {
    if (then.contains(key) && then[key] == value) continue;
    fields += (fields.empty() ? "" : ", ") + key;
  }
  return fmt::format("read again, it differs in {}",
                     fields.empty() ? "its form" : fields);
}

// What the event told the index of the article must be what the article says.
Result<std::string> DeepCheck::EventDiffers(const DerivedRow& row,
                                            const stemma::Article& article) {
  STEMMA_TRY(const auto told, reader_.index().PublicationById(row.capture_id));
  if (!told || told->record_id != row.record_id) return std::string();
  const Publication p = PublicationOf(article, row.capture_id);
  const std::string published =
      p.published_at ? FormatSeconds(*p.published_at) : std::string();
  const std::pair<const char*, bool> same[] = {
      {"title", told->title == p.title},
      {"byline", told->byline == p.byline},
      {"language", told->language == p.language},
      {"canonical", told->canonical == p.canonical},
      {"published_at", told->published_at == published},
      {"text_sha256", told->text_sha256 == p.text_sha256.Hex()}};
  for (const auto& [key, equal] : same) {
    if (!equal) return fmt::format("its event differs in {}", key);
  }
  return std::string();
}

Result<std::string> DeepCheck::Video(const DerivedRow& row) {
  if (row.method != kVideoMethod) return OtherMethod(row, kVideoMethod);
  STEMMA_TRY(const StoredRecord kept, reader_.RecordById(row.record_id));
  STEMMA_TRY(const std::string json, kept.block.ReadAll(kMaxReportBytes));
  STEMMA_TRY(const VideoReport before, VideoReportFromJson(json));
  STEMMA_TRY(const StoredRecord holder, HolderOf(reader_, row.refers_to));
  if (holder.info.type == "metadata") {
    return Error(ErrorCode::kNotFound,
                 "the archive has its digest only, not the video");
  }
  KeyframeOptions how;
  how.mode = before.mode;
  how.depth = before.depth;
  STEMMA_TRY(const std::string prefix, holder.payload.ReadPrefix(4096));
  STEMMA_TRY(const VideoReport now, LooksLikeVideo(prefix)
                                        ? ReadVideo(holder.payload, how)
                                        : ReadMedium(holder.payload));
  if (now.payload != before.payload) return std::string("another payload");
  const VideoJsonOptions parts = {.samples = true, .frames = false};
  const Json then = ToJson(before, parts), again = ToJson(now, parts);
  for (const char* key : {"status", "frames_decoded", "width", "height",
                          "duration", "keyframes", "shots", "samples"}) {
    if (then.value(key, Json()) != again.value(key, Json())) {
      return fmt::format("decoded again, it differs in {}", key);
    }
  }
  return std::string();
}

}  // namespace

Result<DeepReport> CheckDeep(ArchiveReader& reader) {
  return DeepCheck(reader).Run();
}

Json ToJson(const DeepReport& report) {
  const auto counts = [](const DeepReport::Counts& c) {
    return Json{
        {"same", c.same}, {"differ", c.differ}, {"not_checked", c.not_checked}};
  };
  return {{"articles", counts(report.articles)},
          {"videos", counts(report.videos)}};
}

}  // namespace stemma::cli
