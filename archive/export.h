// Gives an archive, or some of its captures, to other programs: one .warc.gz
// whose inflated bytes are exactly our records, a WACZ 1.1.1 that stands alone,
// a CDXJ over the bundles.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/archive_reader.h"
#include "archive/cdxj.h"
#include "core/result.h"
#include "core/time.h"

namespace stemma {

struct ExportOptions {
  // Captures to give, by id; empty: all of the archive. The originals of
  // revisits come along, so that the result stands alone.
  std::vector<std::string> captures;
  std::string software = "stemma";
  std::string title;
  TimePoint now{};  // of the package
  // Signs the WACZ: takes datapackage.json, gives datapackage-digest.json.
  // Empty: unsigned.
  std::function<Result<std::string>(std::string_view datapackage)> sign;
};

struct ExportReport {
  std::uint64_t records = 0, pages = 0, bytes = 0;
  std::vector<std::string> missing;  // originals that are not in the archive
};

// Writes the file durably or not at all; refuses to replace one (kRefused).
Result<ExportReport> ExportWarcGz(ArchiveReader& reader,
                                  const std::filesystem::path& to,
                                  const ExportOptions& options);
Result<ExportReport> ExportWacz(ArchiveReader& reader,
                                const std::filesystem::path& to,
                                const ExportOptions& options);
Result<ExportReport> ExportCdxj(ArchiveReader& reader,
                                const std::filesystem::path& to);

// The two forms of an index in a WACZ: plain, or in blocks of gzip members with
// an index over the blocks (py-wacz's layout). `lines` are sorted.
struct CompressedCdx {
  std::string gz, idx;
};
CompressedCdx CompressCdx(const std::vector<std::string>& lines,
                          std::string_view filename,
                          std::size_t lines_a_block = 1024);

}  // namespace stemma
