#include <nlohmann/json.hpp>

#include "archive/check_wacz.h"
#include "archive/zip_reader.h"
#include "tests/fuzz/fuzz_target.h"

namespace stemma::fuzz {

FUZZ_TARGET(wacz) {
  ZipLimits limits;
  limits.max_total = 16 << 20;
  Result<ZipReader> zip = ZipReader::Over(std::string(bytes), limits);
  if (!zip) return;
  for (const ZipMember& member : zip->members()) {
    Require(IsSafeMemberName(member.name), "no name climbs");
    Require(zip->Find(member.name) == &member, "a name is there once");
    const Result<std::string> whole = zip->Read(member, 1 << 20);
    if (whole) Require(whole->size() == member.size, "a size is kept");
    const Result<std::string> begin = zip->BlobOf(member).ReadPrefix(100);
    if (whole && begin) {
      Require(whole->starts_with(*begin), "both ways read the same");
    }
  }
  CheckOptions options;
  options.threads = 1;
  const Result<CheckReport> report = CheckWaczContents(*zip, options);
  if (report) Require(!ToJson(*report).empty(), "a report can be told");
}

}  // namespace stemma::fuzz
