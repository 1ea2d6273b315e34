// CDXJ 0.1.0: one line a capture, `<SURT> <14 digits> <JSON>`, sorted by
// bytes. Keys as Python's surt makes them (core/surt.h), numbers as strings,
// "warc/revisit" as the mime of revisits: what pywb and py-wacz look up with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "archive/durable_file.h"
#include "archive/records.h"
#include "archive/sorted_lines.h"
#include "core/digest.h"
#include "core/result.h"

namespace stemma {

struct CdxjLine {
  std::string key;        // SURT
  std::string timestamp;  // 14 or 17 digits
  std::string url, digest, mime, filename, status, record_digest;
  std::uint64_t offset = 0, length = 0;

  std::string Text() const;  // without LF
};

// Whether an index lists this record: it has the type and a URI that somebody
// looks up, and a date.
bool IsListedInCdxj(const RecordInfo& record);

// The line of a response, revisit or resource; nullopt for other records and
// for URIs that nobody looks up (urn:, dns:, metadata:).
std::optional<CdxjLine> CdxjOf(const RecordInfo& record,
                               std::string_view filename);

// kMalformed says what is wrong with the line.
Result<CdxjLine> ParseCdxjLine(std::string_view line);

struct CdxjFacts {
  std::uint64_t lines = 0, bytes = 0;
  Sha256 sha256;  // of the whole index
};
// Puts the lines into `file`, sorted, each with LF; `lines` is empty then. The
// caller commits.
Result<CdxjFacts> WriteCdxj(SortedLines& lines, DurableFile& file);

}  // namespace stemma
