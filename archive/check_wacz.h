// The audit of a WACZ file: members, digests and signature (archive/
// wacz_auth.h), then every WARC inside, its index and its pages.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "archive/check.h"
#include "archive/wacz_auth.h"
#include "archive/zip_reader.h"
#include "core/result.h"

namespace stemma {

struct WaczReport {
  std::string verdict;  // "valid-signed", "valid-signed-anonymous",
                        // "valid-unsigned", "reject"
  std::vector<std::string> codes;
  std::string why;
  CheckReport report;  // of what is inside
};

Result<WaczReport> CheckWacz(const std::filesystem::path& path,
                             const WaczTrust& trust, TimePoint now,
                             const CheckOptions& options);

// What is inside alone, without digests and signature: WARCs, indexes, pages.
Result<CheckReport> CheckWaczContents(ZipReader& zip,
                                      const CheckOptions& options);

// Writes the CDXJ of every sealed bundle that has none, or one that differs
// from its seal; the old file goes to quarantine/. Returns how many.
Result<std::size_t> RepairCdxj(const std::filesystem::path& dir);

}  // namespace stemma
