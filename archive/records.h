// What the archive says about the things it keeps: where a record lies and
// what it is. Plain values shared by the writer, the reader and the index.
//
// Ids are written "urn:uuid:8-4-4-4-12". Bundle names are relative to the
// archive's root and without ".open": "bundles/NAME.warc.zst". Offsets and
// lengths count compressed bytes: a reader seeks before it inflates.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/digest.h"
#include "core/time.h"

namespace stemma {

struct RecordInfo {
  std::string id;
  std::string capture_id;  // empty for records of no capture (warcinfo)
  std::string bundle;
  std::uint64_t offset = 0, length = 0;
  std::string type;  // WARC-Type: "response", "request", "revisit", ...
  std::string uri;   // WARC-Target-URI, may be empty
  std::string date;  // WARC-Date as written
  int status = 0;    // HTTP status of a response or revisit, else 0
  std::string mime;  // of the payload, without parameters, lower case
  std::uint64_t block_bytes = 0;    // Content-Length of the record
  std::uint64_t payload_bytes = 0;  // of the body as stored, after HTTP head
  Sha256 block_sha256;
  std::optional<Sha256> payload_sha256;
  std::string refers_to;  // id of the record it stands on, may be empty
  std::string refers_to_uri, refers_to_date;  // of a revisit
  std::string truncated;                      // WARC-Truncated, empty if whole
};

struct CaptureInfo {
  std::string id;
  std::uint64_t seq = 0;  // of its event; meaningful once durable
  std::vector<RecordInfo> records;
};

}  // namespace stemma
