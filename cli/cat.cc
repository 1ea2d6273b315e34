// stemma cat: the bytes of one record.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "archive/archive_reader.h"
#include "archive/index.h"
#include "cli/commands.h"
#include "cli/session.h"

namespace stemma::cli {
namespace {

struct CatOptions {
  std::string id;
  bool warc = false, head = false;
};

Status CopyOut(const Blob& blob, std::ostream& out) {
  return blob.ForEachPiece([&out](std::string_view piece) -> Status {
    out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
    if (!out) return Error(ErrorCode::kIo, "writing to standard output");
    return {};
  });
}

Result<StoredRecord> Find(ArchiveReader& reader, const std::string& id) {
  Result<StoredRecord> record = reader.RecordById(id);
  if (record || record.error().code() != ErrorCode::kNotFound) return record;
  if (const auto capture = reader.CaptureById(id)) {
    if (capture->page_record.empty()) {
      return Error(ErrorCode::kNotFound,
                   fmt::format("capture {} stored no response", id));
    }
    return reader.RecordById(capture->page_record);
  }
  const auto publication = reader.index().PublicationById(id);
  if (publication && *publication) {
    return reader.RecordById((*publication)->record_id);
  }
  if (id.starts_with("http://") || id.starts_with("https://")) {
    STEMMA_TRY(const CaptureRow capture, reader.NewestCaptureOf(id));
    return reader.RecordById(capture.page_record);
  }
  return Error(ErrorCode::kNotFound,
               fmt::format("no record, capture or article has the id {}", id));
}

Status Cat(const Session& session, const CatOptions& options) {
  STEMMA_TRY(const auto reader, ArchiveReader::Open(session.ArchiveDir()));
  STEMMA_TRY(StoredRecord record, Find(*reader, options.id));
  if (options.warc) {
    STEMMA_TRY(const Blob bytes, reader->RecordBytes(record.info));
    return CopyOut(bytes, *session.out);
  }
  if (options.head) {
    *session.out << record.header << record.http_head;
    return {};
  }
  if (record.info.type == "revisit") {
    STEMMA_TRY(record, reader->ResolveRevisit(record));
  }
  return CopyOut(record.payload, *session.out);
}

}  // namespace

void AddCat(CLI::App& root, Session& session) {
  CLI::App* command = root.add_subcommand(
      "cat", "the bytes of one record: its payload as the server sent it");
  auto options = std::make_shared<CatOptions>();
  command->add_option("ID", options->id, "a record, capture, article or URL")
      ->required();
  command->add_flag("--warc", options->warc, "the whole WARC record");
  command->add_flag("--head", options->head, "WARC and HTTP headers only");
  command->footer(
      "Transfer coding is removed, content coding kept.\n"
      "examples:\n"
      "  stemma cat 1d929c1e-46a5-4d41-add8-ac1720c3349e > page.html\n"
      "  stemma cat --head https://example.org/report");
  command->callback([&session, options] {
    const Status done = Cat(session, *options);
    session.exit_code = done ? kDone : session.Fail(done.error());
  });
}

}  // namespace stemma::cli
