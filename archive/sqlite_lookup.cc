#include <fmt/format.h>

#include <utility>

#include "archive/event_log.h"
#include "archive/sqlite_index.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

constexpr const char* kCaptureColumns =
    "id, seq, type, t, started, target, final_url, status, mime, error, "
    "page_record, line_at, line_size";
constexpr const char* kRecordColumns =
    "r.id, r.capture, b.name, r.offset, r.length, r.type, r.uri, r.date, "
    "r.status, r.mime, r.block_bytes, r.payload_bytes, r.block, r.payload, "
    "r.refers_to, r.refers_uri, r.refers_date, r.truncated";
constexpr const char* kPublicationColumns =
    "id, seq, url, site, title, byline, language, canonical, published_at, "
    "fetched_at, text_sha256, method, record";
constexpr const char* kMediaColumns =
    "payload, capture, record, url, mime, bytes, reference, page";
constexpr const char* kDerivedColumns =
    "capture, seq, kind, method, record, refers_to, of_sha256, output_sha256, "
    "facts";
constexpr const char* kComparisonColumns =
    "seq, a, b, verdict, video, line_at, line_size";

}  // namespace

Result<CaptureRow> SqliteIndex::ReadCapture(const SqlStatement& row) {
  CaptureRow c;
  c.id = row.Text(0);
  c.seq = row.Number(1);
  c.type = row.Text(2);
  c.t = row.Text(3);
  c.started = row.Text(4);
  c.target = row.Text(5);
  c.final_url = row.Text(6);
  c.status = static_cast<int>(row.Number(7));
  c.mime = row.Text(8);
  c.error = row.Text(9);
  c.page_record = row.Text(10);
  STEMMA_TRY(c.event, LineAt(row.Number(11), row.Number(12)));
  return c;
}

Result<std::optional<CaptureRow>> SqliteIndex::Capture(std::string_view id) {
  SqlStatement row(
      db_.get(),
      fmt::format("SELECT {} FROM captures WHERE id = ?", kCaptureColumns));
  row.Bind(id);
  STEMMA_TRY(const bool found, row.Step());
  if (!found) return std::optional<CaptureRow>();
  STEMMA_TRY(CaptureRow capture, ReadCapture(row));
  return std::optional<CaptureRow>(std::move(capture));
}

Result<std::vector<CaptureRow>> SqliteIndex::Captures(const CaptureQuery& q) {
  std::string sql =
      fmt::format("SELECT {} FROM captures WHERE 1", kCaptureColumns);
  if (!q.url.empty()) sql += " AND (target = ?1 OR final_url = ?1)";
  if (!q.url_prefix.empty()) {
    sql +=
        " AND (substr(target, 1, length(?2)) = ?2 OR "
        "substr(final_url, 1, length(?2)) = ?2)";
  }
  if (!q.type.empty()) sql += " AND type = ?3";
  sql += q.newest_first ? " ORDER BY seq DESC" : " ORDER BY seq";
  sql += fmt::format(" LIMIT {} OFFSET {}",
                     q.limit == 0 ? std::string("-1") : std::to_string(q.limit),
                     q.offset);
  SqlStatement rows(db_.get(), sql);
  rows.Bind(q.url).Bind(q.url_prefix).Bind(q.type);
  std::vector<CaptureRow> found;
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return found;
    STEMMA_TRY(CaptureRow capture, ReadCapture(rows));
    found.push_back(std::move(capture));
  }
}

Result<std::vector<RecordInfo>> SqliteIndex::ReadRecords(SqlStatement& rows) {
  std::vector<RecordInfo> found;
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return found;
    RecordInfo r;
    r.id = rows.Text(0);
    r.capture_id = rows.Text(1);
    r.bundle = rows.Text(2);
    r.offset = rows.Number(3);
    r.length = rows.Number(4);
    r.type = rows.Text(5);
    r.uri = rows.Text(6);
    r.date = rows.Text(7);
    r.status = static_cast<int>(rows.Number(8));
    r.mime = rows.Text(9);
    r.block_bytes = rows.Number(10);
    r.payload_bytes = rows.Number(11);
    r.block_sha256 = rows.Digest(12).value_or(Sha256());
    r.payload_sha256 = rows.Digest(13);
    r.refers_to = rows.Text(14);
    r.refers_to_uri = rows.Text(15);
    r.refers_to_date = rows.Text(16);
    r.truncated = rows.Text(17);
    found.push_back(std::move(r));
  }
}

Result<std::optional<RecordInfo>> SqliteIndex::Record(std::string_view id) {
  SqlStatement rows(db_.get(),
                    fmt::format("SELECT {} FROM records r JOIN bundles b ON "
                                "b.number = r.bundle WHERE r.id = ?",
                                kRecordColumns));
  rows.Bind(id);
  STEMMA_TRY(std::vector<RecordInfo> found, ReadRecords(rows));
  if (found.empty()) return std::optional<RecordInfo>();
  return std::optional<RecordInfo>(std::move(found.front()));
}

Result<std::vector<RecordInfo>> SqliteIndex::RecordsOf(
    std::string_view capture) {
  SqlStatement rows(
      db_.get(), fmt::format("SELECT {} FROM records r JOIN bundles b ON "
                             "b.number = r.bundle WHERE r.capture = ? ORDER BY "
                             "r.seq, r.ord",
                             kRecordColumns));
  rows.Bind(capture);
  return ReadRecords(rows);
}

Result<std::vector<RecordInfo>> SqliteIndex::RecordsWithPayload(
    const Sha256& payload) {
  SqlStatement rows(
      db_.get(),
      fmt::format("SELECT {} FROM records r JOIN bundles b ON b.number = "
                  "r.bundle WHERE r.payload = ? AND r.type IN ('response', "
                  "'resource') ORDER BY r.seq, r.ord",
                  kRecordColumns));
  rows.BindBytes(BytesOf(payload));
  return ReadRecords(rows);
}

Result<std::vector<RecordInfo>> SqliteIndex::ResponsesOf(std::string_view uri,
                                                         bool with_revisits,
                                                         std::size_t limit) {
  SqlStatement rows(
      db_.get(),
      fmt::format("SELECT {} FROM records r JOIN bundles b ON b.number = "
                  "r.bundle WHERE r.uri = ? AND (r.type = 'response'{}) ORDER "
                  "BY r.seq DESC, r.ord DESC LIMIT {}",
                  kRecordColumns, with_revisits ? " OR r.type = 'revisit'" : "",
                  limit == 0 ? std::string("-1") : std::to_string(limit)));
  rows.Bind(uri);
  return ReadRecords(rows);
}

PublicationRow SqliteIndex::ReadPublication(const SqlStatement& row) {
  PublicationRow p;
  p.id = row.Text(0);
  p.seq = row.Number(1);
  p.url = row.Text(2);
  p.site = row.Text(3);
  p.title = row.Text(4);
  p.byline = row.Text(5);
  p.language = row.Text(6);
  p.canonical = row.Text(7);
  p.published_at = row.Text(8);
  p.fetched_at = row.Text(9);
  p.text_sha256 = row.Text(10);
  p.method = row.Text(11);
  p.record_id = row.Text(12);
  return p;
}

Result<std::optional<PublicationRow>> SqliteIndex::PublicationById(
    std::string_view id) {
  SqlStatement row(db_.get(),
                   fmt::format("SELECT {} FROM publications WHERE id = ?",
                               kPublicationColumns));
  row.Bind(id);
  STEMMA_TRY(const bool found, row.Step());
  if (!found) return std::optional<PublicationRow>();
  return std::optional<PublicationRow>(ReadPublication(row));
}

Result<std::vector<PublicationRow>> SqliteIndex::PublicationsOf(
    std::string_view url) {
  SqlStatement rows(
      db_.get(), fmt::format("SELECT {} FROM publications WHERE url = ? ORDER "
                             "BY seq DESC, ord DESC",
                             kPublicationColumns));
  rows.Bind(url);
  std::vector<PublicationRow> found;
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return found;
    found.push_back(ReadPublication(rows));
  }
}

Status SqliteIndex::ForEachPublication(
    std::uint64_t from_seq,
    const std::function<Status(const PublicationRow&)>& visit) {
  SqlStatement rows(db_.get(),
                    fmt::format("SELECT {} FROM publications WHERE seq >= ? "
                                "ORDER BY seq, ord",
                                kPublicationColumns));
  rows.Bind(from_seq);
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return {};
    STEMMA_CHECK_OK(visit(ReadPublication(rows)));
  }
}

MediaRow SqliteIndex::ReadMedia(const SqlStatement& row) {
  MediaRow m;
  m.payload_sha256 = row.Text(0);
  m.capture_id = row.Text(1);
  m.record_id = row.Text(2);
  m.url = row.Text(3);
  m.mime = row.Text(4);
  m.bytes = row.Number(5);
  m.reference = row.Text(6);
  m.page = row.Text(7);
  return m;
}

Result<std::vector<MediaRow>> SqliteIndex::MediaOf(std::string_view capture) {
  SqlStatement rows(db_.get(),
                    fmt::format("SELECT {} FROM media WHERE capture = ?1 OR "
                                "(page = ?1 AND page != '') ORDER BY seq, ord",
                                kMediaColumns));
  rows.Bind(capture);
  std::vector<MediaRow> found;
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return found;
    found.push_back(ReadMedia(rows));
  }
}

Result<std::vector<MediaRow>> SqliteIndex::MediaWithPayload(
    std::string_view hex) {
  SqlStatement rows(db_.get(),
                    fmt::format("SELECT {} FROM media WHERE payload = "
                                "? ORDER BY seq, ord",
                                kMediaColumns));
  rows.Bind(hex);
  std::vector<MediaRow> found;
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return found;
    found.push_back(ReadMedia(rows));
  }
}

Status SqliteIndex::ForEachMedia(
    const std::function<Status(const MediaRow&)>& visit) {
  SqlStatement rows(
      db_.get(),
      fmt::format("SELECT {} FROM media ORDER BY seq, ord", kMediaColumns));
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return {};
    STEMMA_CHECK_OK(visit(ReadMedia(rows)));
  }
}

DerivedRow SqliteIndex::ReadDerived(const SqlStatement& row) {
  DerivedRow d;
  d.capture_id = row.Text(0);
  d.seq = row.Number(1);
  d.kind = row.Text(2);
  d.method = row.Text(3);
  d.record_id = row.Text(4);
  d.refers_to = row.Text(5);
  d.of_sha256 = row.Text(6);
  d.output_sha256 = row.Text(7);
  d.facts = row.Text(8);
  return d;
}

Result<std::vector<DerivedRow>> SqliteIndex::DerivedOf(std::string_view capture,
                                                       std::string_view kind) {
  SqlStatement rows(db_.get(),
                    fmt::format("SELECT {} FROM derived WHERE capture = ?1 AND "
                                "(?2 = '' OR kind = ?2) ORDER BY seq, ord",
                                kDerivedColumns));
  rows.Bind(capture).Bind(kind);
  std::vector<DerivedRow> found;
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return found;
    found.push_back(ReadDerived(rows));
  }
}

Result<std::vector<DerivedRow>> SqliteIndex::DerivedFromPayload(
    std::string_view hex, std::string_view kind) {
  SqlStatement rows(
      db_.get(), fmt::format("SELECT {} FROM derived WHERE of_sha256 = ?1 AND "
                             "(?2 = '' OR kind = ?2) ORDER BY seq, ord",
                             kDerivedColumns));
  rows.Bind(hex).Bind(kind);
  std::vector<DerivedRow> found;
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return found;
    found.push_back(ReadDerived(rows));
  }
}

Status SqliteIndex::ForEachDerived(
    std::string_view kind,
    const std::function<Status(const DerivedRow&)>& visit) {
  SqlStatement rows(db_.get(),
                    fmt::format("SELECT {} FROM derived WHERE kind = ? "
                                "ORDER BY seq, ord",
                                kDerivedColumns));
  rows.Bind(kind);
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return {};
    STEMMA_CHECK_OK(visit(ReadDerived(rows)));
  }
}

Result<ComparisonRow> SqliteIndex::ReadComparison(const SqlStatement& row) {
  ComparisonRow c;
  c.seq = row.Number(0);
  c.a = row.Text(1);
  c.b = row.Text(2);
  c.verdict = row.Text(3);
  c.video_verdict = row.Text(4);
  STEMMA_TRY(c.event, LineAt(row.Number(5), row.Number(6)));
  return c;
}

Result<std::vector<ComparisonRow>> SqliteIndex::ComparisonsWith(
    std::string_view id) {
  SqlStatement rows(
      db_.get(), fmt::format("SELECT {} FROM comparisons WHERE a = ?1 OR b = "
                             "?1 ORDER BY seq",
                             kComparisonColumns));
  rows.Bind(id);
  std::vector<ComparisonRow> found;
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return found;
    STEMMA_TRY(ComparisonRow comparison, ReadComparison(rows));
    found.push_back(std::move(comparison));
  }
}

Status SqliteIndex::ForEachComparison(
    const std::function<Status(const ComparisonRow&)>& visit) {
  SqlStatement rows(db_.get(),
                    fmt::format("SELECT {} FROM comparisons ORDER BY "
                                "seq",
                                kComparisonColumns));
  while (true) {
    STEMMA_TRY(const bool row, rows.Step());
    if (!row) return {};
    STEMMA_TRY(const ComparisonRow comparison, ReadComparison(rows));
    STEMMA_CHECK_OK(visit(comparison));
  }
}

Result<Index::Totals> SqliteIndex::Count() {
  SqlStatement row(
      db_.get(),
      "SELECT (SELECT count(*) FROM captures WHERE type != 'capture.failed'), "
      "(SELECT count(*) FROM captures WHERE type = 'capture.failed'), "
      "(SELECT count(*) FROM records), (SELECT count(*) FROM publications), "
      "(SELECT count(*) FROM media), (SELECT count(*) FROM comparisons)");
  STEMMA_TRY(const bool found, row.Step());
  static_cast<void>(found);
  Totals totals;
  totals.captures = row.Number(0);
  totals.failed = row.Number(1);
  totals.records = row.Number(2);
  totals.publications = row.Number(3);
  totals.media = row.Number(4);
  totals.comparisons = row.Number(5);
  STEMMA_TRY(const std::uint64_t end,
             ForEachLogLine(
                 log_, 0, [&totals](std::uint64_t, std::string_view) -> Status {
                   ++totals.events;
                   return {};
                 }));
  static_cast<void>(end);
  return totals;
}

// The rows of all tables as text, one after the other, in one order.

}  // namespace stemma
