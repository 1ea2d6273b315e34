// A read-only view of an archive; takes no lock. What is being written while
// we look is seen up to the last whole event.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/records.h"
#include "core/blob.h"
#include "core/publication.h"
#include "core/result.h"

namespace stemma {

class Index;
struct CaptureRow;

// A record as stored: its header fields in order, its block, and for HTTP
// messages the head and the payload.
struct StoredRecord {
  RecordInfo info;
  std::string header;     // the WARC header, with version line and blank line
  Blob block;             // as stored
  std::string http_head;  // of an HTTP message, up to and with the blank line
  Blob payload;           // transfer coding removed, content coding kept; the
                          // whole block if it is no HTTP message
};

class ArchiveReader {
 public:
  // kNotFound: there is no archive in `dir`. A missing or stale index is
  // brought up to date; where the folder is not writable, in memory.
  static Result<std::unique_ptr<ArchiveReader>> Open(
      const std::filesystem::path& dir);
  ~ArchiveReader();

  const std::filesystem::path& dir() const;
  Index& index();

  // Accepts ids with or without "urn:uuid:".
  Result<CaptureRow> CaptureById(std::string_view id);
  // The newest capture of `url` that has a response; kNotFound if none.
  Result<CaptureRow> NewestCaptureOf(std::string_view url);

  // One record. Revisits are given as stored; ResolveRevisit finds the record
  // that holds the payload. Reading inside a streamed record inflates only the
  // frames that are touched.
  Result<StoredRecord> RecordById(std::string_view id);
  Result<StoredRecord> RecordAt(const RecordInfo& where);
  Result<StoredRecord> ResolveRevisit(const StoredRecord& revisit);

  // The record's WARC bytes, uncompressed: what records_root is made of.
  Result<Blob> RecordBytes(const RecordInfo& where);

  // The event with this number, parsed. kNotFound beyond the end.
  Result<nlohmann::json> Event(std::uint64_t seq);
  // All events in order, each as its line without LF and parsed.
  Status ForEachEvent(
      const std::function<Status(std::string_view line,
                                 const nlohmann::json& event)>& visit);

  // Every publication with its text, in the order of the log, from the event
  // numbered `from_seq` on.
  Status ForEachPublication(
      const std::function<Status(const Publication&)>& visit,
      std::uint64_t from_seq = 0);
  Result<Publication> PublicationById(std::string_view id);

 private:
  struct Inside;
  explicit ArchiveReader(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

}  // namespace stemma
