#include "archive/archive_reader.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "archive/event_log.h"
#include "archive/index.h"
#include "archive/index_rows.h"
#include "archive/log_file.h"
#include "archive/stored_record.h"
#include "hash/sha256.h"

namespace stemma {

using Json = nlohmann::json;

struct ArchiveReader::Inside {
  explicit Inside(std::filesystem::path where)
      : dir(std::move(where)), shelf(dir) {}
  std::filesystem::path dir;
  std::unique_ptr<Index> index;
  BundleShelf shelf;
};

namespace {

// "urn:uuid:..." as events write it; ids of imported rows stay as they are.
std::string WithUrn(std::string_view id) {
  const bool uuid = id.size() == 36 && id[8] == '-' && id[13] == '-' &&
                    id[18] == '-' && id[23] == '-';
  return uuid ? "urn:uuid:" + std::string(id) : std::string(id);
}

}  // namespace

ArchiveReader::ArchiveReader(std::unique_ptr<Inside> inside)
    : inside_(std::move(inside)) {}
ArchiveReader::~ArchiveReader() = default;

Result<std::unique_ptr<ArchiveReader>> ArchiveReader::Open(
    const std::filesystem::path& dir) {
  auto inside = std::make_unique<Inside>(dir);
  STEMMA_TRY(inside->index, OpenIndex(dir));
  return std::unique_ptr<ArchiveReader>(new ArchiveReader(std::move(inside)));
}

const std::filesystem::path& ArchiveReader::dir() const { return inside_->dir; }
Index& ArchiveReader::index() { return *inside_->index; }

Result<CaptureRow> ArchiveReader::CaptureById(std::string_view id) {
  STEMMA_TRY(std::optional<CaptureRow> row,
             inside_->index->Capture(WithUrn(id)));
  if (!row) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("no capture has the id {}", id));
  }
  return *std::move(row);
}

Result<CaptureRow> ArchiveReader::NewestCaptureOf(std::string_view url) {
  CaptureQuery query;
  query.url = std::string(url);
  STEMMA_TRY(std::vector<CaptureRow> rows, inside_->index->Captures(query));
  // A failed visit never hides the last good one, nor does an error page.
  const CaptureRow* second = nullptr;
  for (const CaptureRow& row : rows) {
    if (row.type == "capture.failed" || row.page_record.empty()) continue;
    if (row.status < 400) return row;
    if (second == nullptr) second = &row;
  }
  if (second != nullptr) return *second;
  return Error(ErrorCode::kNotFound,
               fmt::format("the archive holds no capture of {}", url));
}

Result<StoredRecord> ArchiveReader::RecordById(std::string_view id) {
  STEMMA_TRY(const std::optional<RecordInfo> info,
             inside_->index->Record(WithUrn(id)));
  if (!info) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("no record has the id {}", id));
  }
  return RecordAt(*info);
}

Result<StoredRecord> ArchiveReader::RecordAt(const RecordInfo& where) {
  auto record = inside_->shelf.Record(where);
  if (!record) {
    return std::move(record).error().Context("bundle " + where.bundle);
  }
  record->info.bundle = where.bundle;
  record->info.capture_id = where.capture_id;
  return record;
}

Result<StoredRecord> ArchiveReader::ResolveRevisit(
    const StoredRecord& revisit) {
  if (revisit.info.type != "revisit") {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("{} is no revisit", revisit.info.id));
  }
  if (!revisit.info.refers_to.empty()) {
    Result<StoredRecord> original = RecordById(revisit.info.refers_to);
    if (original || original.error().code() != ErrorCode::kNotFound) {
      return original;
    }
  }
  STEMMA_TRY(const std::vector<RecordInfo> same_url,
             inside_->index->ResponsesOf(revisit.info.refers_to_uri, false, 0));
  for (const RecordInfo& record : same_url) {
    if (record.date == revisit.info.refers_to_date) return RecordAt(record);
  }
  if (revisit.info.payload_sha256) {
    STEMMA_TRY(
        const std::vector<RecordInfo> same,
        inside_->index->RecordsWithPayload(*revisit.info.payload_sha256));
    if (!same.empty()) return RecordAt(same.front());
  }
  return Error(ErrorCode::kNotFound,
               fmt::format("the original of revisit {} is not in the archive",
                           revisit.info.id));
}

Result<Blob> ArchiveReader::RecordBytes(const RecordInfo& where) {
  STEMMA_TRY(const StoredRecord record, RecordAt(where));
  STEMMA_TRY(const auto bundle, inside_->shelf.Find(where.bundle));
  return RecordContent(bundle, record.info.offset, record.info.length);
}

Status ArchiveReader::ForEachEvent(
    const std::function<Status(std::string_view, const Json&)>& visit) {
  STEMMA_TRY(
      const std::uint64_t end,
      ForEachLogLine(inside_->dir / "manifest" / "events.jsonl", 0,
                     [&visit](std::uint64_t, std::string_view line) -> Status {
                       const Json event = Json::parse(line, nullptr, false);
                       return visit(line, event);
                     }));
  static_cast<void>(end);
  return {};
}

Result<Json> ArchiveReader::Event(std::uint64_t seq) {
  STEMMA_TRY(LogFile log,
             LogFile::Open(inside_->dir / "manifest" / "events.jsonl"));
  STEMMA_TRY(const std::string line, log.Line(seq));
  Json event = Json::parse(line, nullptr, false);
  if (event.is_discarded()) {
    return Error(ErrorCode::kCorrupt,
                 fmt::format("event {} is not readable as JSON", seq));
  }
  return event;
}

namespace {

Result<Publication> Load(ArchiveReader& reader, const PublicationRow& row) {
  STEMMA_TRY(const StoredRecord record, reader.RecordById(row.record_id));
  STEMMA_TRY(const std::string block, record.block.ReadAll(64 << 20));
  STEMMA_TRY(Publication publication, PublicationFromBlock(row, block));
  STEMMA_TRY(const std::vector<MediaRow> media, reader.index().MediaOf(row.id));
  for (const MediaRow& medium : media) {
    if (medium.mime.starts_with("image/")) continue;
    if (!medium.payload_sha256.empty()) {
      publication.media.push_back(medium.payload_sha256);
    }
  }
  return publication;
}

}  // namespace

Status ArchiveReader::ForEachPublication(
    const std::function<Status(const Publication&)>& visit,
    std::uint64_t from_seq) {
  return inside_->index->ForEachPublication(
      from_seq, [&](const PublicationRow& row) -> Status {
        STEMMA_TRY(const Publication publication, Load(*this, row));
        return visit(publication);
      });
}

Result<Publication> ArchiveReader::PublicationById(std::string_view id) {
  STEMMA_TRY(const std::optional<PublicationRow> row,
             inside_->index->PublicationById(WithUrn(id)));
  if (!row) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("no publication has the id {}", id));
  }
  return Load(*this, *row);
}

}  // namespace stemma
