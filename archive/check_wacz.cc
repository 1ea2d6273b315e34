#include "archive/check_wacz.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "archive/bundle_seal.h"
#include "archive/cdxj.h"
#include "archive/durable_file.h"
#include "archive/event_log.h"
#include "archive/record_scan.h"
#include "archive/stored_record.h"
#include "archive/zip_reader.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

bool IsWarcName(std::string_view name) {
  return name.ends_with(".warc") || name.ends_with(".warc.gz") ||
         name.ends_with(".warc.zst");
}

class WaczCheck {
 public:
  WaczCheck(const CheckOptions& options, CheckReport& report)
      : options_(options), report_(&report) {}
  Status Run(ZipReader& zip);

 private:
  void Add(std::string_view code, const std::string& member, std::string text) {
    report_->findings.push_back({std::string(code), WeightOf(code), member,
                                 std::nullopt, "", std::move(text)});
  }
  Status CheckWarcs(ZipReader& zip);
  void CheckIndexes(ZipReader& zip);
  void CheckPages(ZipReader& zip);

  const CheckOptions& options_;
  CheckReport* report_;
  std::map<std::string, std::uint64_t> sizes_;  // of WARC members by file name
};

Status WaczCheck::CheckWarcs(ZipReader& zip) {
  for (const ZipMember& member : zip.members()) {
    if (!member.name.starts_with("archive/")) continue;
    if (!IsWarcName(member.name)) {
      Add("wacz-member", member.name, "no WARC file in archive/");
      continue;
    }
    if (member.name.ends_with(".zst")) {
      Add("wacz-zstd", member.name, "WACZ 1.1.1 allows .warc and .warc.gz");
    }
    if (member.deflated) {
      Add("wacz-deflated-warc", member.name, "a WARC must be stored");
    }
    sizes_[member.name.substr(8)] = member.size;
    Result<CheckReport> inner =
        CheckWarcBlob(zip.BlobOf(member), member.name, options_);
    if (!inner) {
      Add("no-record", member.name, inner.error().message());
      continue;
    }
    report_->records += inner->records;
    report_->bytes += inner->bytes;
    report_->block_bytes += inner->block_bytes;
    ++report_->bundles;
    for (CheckFinding& finding : inner->findings) {
      report_->findings.push_back(std::move(finding));
    }
  }
  if (sizes_.empty()) Add("wacz-empty", "archive/", "no WARC file inside");
  return {};
}

void WaczCheck::CheckIndexes(ZipReader& zip) {
  bool any = false;
  for (const ZipMember& member : zip.members()) {
    if (!member.name.starts_with("indexes/")) continue;
    any = true;
    if (!member.name.ends_with(".cdx") && !member.name.ends_with(".cdxj")) {
      continue;  // compressed ones are covered by their digest
    }
    const Result<std::string> text = zip.Read(member, 512 << 20);
    if (!text) {
      Add("cdxj-form", member.name, text.error().message());
      continue;
    }
    std::string_view rest = *text, last;
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      if (line < last) {
        Add("cdxj-unsorted", member.name, "lines are not sorted");
        break;
      }
      last = line;
      const Result<CdxjLine> parsed = ParseCdxjLine(line);
      if (!parsed) {
        Add("cdxj-form", member.name, parsed.error().message());
        break;
      }
      const auto warc = sizes_.find(parsed->filename);
      if (warc == sizes_.end() || parsed->offset > warc->second ||
          parsed->length > warc->second - parsed->offset) {
        Add("cdxj-offset", member.name,
            fmt::format("a line points outside of {}", parsed->filename));
        break;
      }
    }
  }
  if (!any) Add("wacz-no-index", "indexes/", "no index inside");
}

void WaczCheck::CheckPages(ZipReader& zip) {
  const ZipMember* member = zip.Find("pages/pages.jsonl");
  if (member == nullptr) {
    Add("wacz-no-pages", "pages/pages.jsonl", "the list of pages is missing");
    return;
  }
  const Result<std::string> text = zip.Read(*member, 512 << 20);
  if (!text) {
    Add("wacz-pages", member->name, text.error().message());
    return;
  }
  std::string_view rest = *text;
  bool first = true;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.find_first_not_of(" \r\t") == std::string_view::npos) continue;
    const Json json = Json::parse(line, nullptr, false);
    const bool good =
        json.is_object() &&
        (first ? json.contains("format")
               : json.contains("url") && json["url"].is_string() &&
                     json.contains("ts") && json["ts"].is_string() &&
                     ParseTime(json["ts"].get<std::string>()));
    if (!good) {
      Add("wacz-pages", member->name,
          first ? "the first line is no header" : "a page without url or ts");
      return;
    }
    first = false;
  }
}

Status WaczCheck::Run(ZipReader& zip) {
  STEMMA_CHECK_OK(CheckWarcs(zip));
  CheckIndexes(zip);
  CheckPages(zip);
  return {};
}

}  // namespace

Result<CheckReport> CheckWaczContents(ZipReader& zip,
                                      const CheckOptions& options) {
  CheckReport report;
  STEMMA_CHECK_OK(WaczCheck(options, report).Run(zip));
  return report;
}

Result<WaczReport> CheckWacz(const fs::path& path, const WaczTrust& trust,
                             TimePoint now, const CheckOptions& options) {
  STEMMA_TRY(const WaczVerdict verdict, VerifyWacz(path, trust, now));
  WaczReport wacz;
  wacz.verdict = verdict.state;
  wacz.why = verdict.why;
  std::set<std::string> codes;
  if (!verdict.code.empty()) codes.insert(verdict.code);
  if (verdict.state != "reject") {
    Result<CheckReport> inside = [&]() -> Result<CheckReport> {
      STEMMA_TRY(ZipReader zip, ZipReader::Open(path));
      return CheckWaczContents(zip, options);
    }();
    if (inside) {
      wacz.report = *std::move(inside);
    } else if (inside.error().code() == ErrorCode::kIo) {
      return inside.error();
    } else {
      wacz.verdict = "reject";
      wacz.why = inside.error().message();
      codes.insert("wacz-unreadable");
    }
    for (std::string& code : wacz.report.Codes()) codes.insert(code);
    if (wacz.report.Worst() >= Weight::kIncomplete) {
      const std::string lies = "payload-digest-mismatch";
      const auto hard = std::find_if(
          wacz.report.findings.begin(), wacz.report.findings.end(),
          [&](const CheckFinding& f) {
            return f.weight >= Weight::kIncomplete && f.code != lies;
          });
      if (hard != wacz.report.findings.end()) {
        wacz.verdict = "reject";
        wacz.why = hard->file + ": " + hard->text;
      }
    }
  }
  wacz.codes.assign(codes.begin(), codes.end());
  return wacz;
}

Result<std::size_t> RepairCdxj(const fs::path& dir) {
  std::map<std::string, std::string> sealed;  // bundle -> digest of its CDXJ
  STEMMA_TRY(
      const std::uint64_t end,
      ForEachLogLine(
          dir / "manifest" / "events.jsonl", 0,
          [&](std::uint64_t, std::string_view line) -> Status {
            if (line.find("\"cdxj_sha256\":\"") == std::string_view::npos) {
              return {};
            }
            const Json event = Json::parse(line, nullptr, false);
            if (!event.is_object()) return {};
            const auto bundle = event.find("bundle");
            if (bundle == event.end()) return {};
            sealed[bundle->value("name", "")] = event.value("cdxj_sha256", "");
            return {};
          }));
  static_cast<void>(end);
  std::size_t made = 0;
  for (const auto& [name, digest] : sealed) {
    if (!IsBundleName(name) || !fs::exists(dir / name)) continue;
    const fs::path beside = dir / (name.substr(0, name.size() - 9) + ".cdxj");
    const Result<std::string> there =
        ReadRegularFile(beside, std::size_t{4} << 30);
    if (there && Sha256Of(*there).Hex() == digest) continue;
    STEMMA_TRY(const Blob bundle, BlobOfFile((dir / name).string()));
    STEMMA_TRY(const BundleFacts facts,
               ReadBundleFacts(bundle, fs::path(name).filename().string()));
    const std::string text = CdxjText(facts.cdxj);
    // A damaged bundle gives another index; then the seal is no help here.
    if (Sha256Of(text).Hex() != digest) continue;
    if (there) {
      std::error_code failed;
      fs::create_directories(dir / "quarantine", failed);
      fs::rename(beside, dir / "quarantine" / beside.filename(), failed);
      if (failed) return Error(ErrorCode::kIo, failed.message());
    }
    STEMMA_CHECK_OK(WriteDurably(beside, text, 0444));
    ++made;
  }
  return made;
}

}  // namespace stemma
