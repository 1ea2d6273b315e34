// Takes in what others captured: WARC files of any dress, ARC files, WACZ
// packages, rows of articles. Everything is verified on the way in and each
// record says how that went; nothing inside a file is believed, neither lengths
// nor digests nor names. What cannot be trusted stays out and is named.
//
// An imported record keeps its type, URI, date, id and block. Digests are
// stated anew with SHA-256; a field that said something else is kept as
// "X-Stemma-Original-...". Events are `import`, never `capture`: this archive
// did not see the server.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/archive_writer.h"
#include "archive/check.h"
#include "core/result.h"

namespace stemma {

struct ImportOptions {
  bool reference = false;  // keep path and digest, not the records
  // Called once a record's event is durable; may be empty.
  std::function<void(const std::string& uri)> on_durable;
  // Whether to stop here; may be empty. What is whole by then is committed,
  // and the import ends with kInterrupted; done again, it goes on from there.
  std::function<bool()> stopped;
  std::size_t max_findings = 1000;
};

struct ImportReport {
  std::uint64_t records = 0, captures = 0, rows = 0;
  std::uint64_t already = 0;  // were in the archive, skipped
  // Kept out: no record by the grammar, a block that is not what its header
  // says, an id that another record has.
  std::uint64_t refused = 0;
  // The three states of the records taken in. A revisit matches when the
  // record it repeats is here and has the payload that it states.
  std::uint64_t match = 0, mismatch = 0, not_checked = 0;
  std::uint64_t weak = 0;  // verified by SHA-1 or MD5 alone
  std::vector<CheckFinding> findings;

  // Nothing was refused, nothing lies, nothing is damaged.
  bool Clean() const;
};

// A WARC file, or a WACZ by its first bytes. kMalformed when it is neither;
// errors of the writer end the import, what was acknowledged stays.
Result<ImportReport> ImportFile(ArchiveWriter& writer,
                                const std::filesystem::path& file,
                                const ImportOptions& options);

// JSON lines (also gzipped) of articles: id, url, site, title, byline, lang,
// published_at, fetched_at, links, canonical, text. Each becomes a record of
// its own, urn:stemma:import:sha256:<digest of the line>.
Result<ImportReport> ImportArticles(ArchiveWriter& writer,
                                    const std::filesystem::path& file,
                                    const ImportOptions& options);

}  // namespace stemma
