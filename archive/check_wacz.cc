#include "archive/check_wacz.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "archive/bundle_name.h"
#include "archive/bundle_seal.h"
#include "archive/cdxj.h"
#include "archive/cdxj_check.h"
#include "archive/durable_file.h"
#include "archive/record_scan.h"
#include "archive/repack.h"
#include "archive/stored_record.h"
#include "archive/zip_reader.h"
#include "hash/labelled_digest.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

bool IsWarcName(std::string_view name) {
  return name.ends_with(".warc") || name.ends_with(".warc.gz") ||
         name.ends_with(".warc.zst");
}

// Gzip members in pieces, as many as follow each other.
class GzipStream {
 public:
  using Take = std::function<Status(std::string_view)>;
  explicit GzipStream(Take take) : take_(std::move(take)) {
    ready_ = inflateInit2(&z_, 15 + 16) == Z_OK;
  }
  ~GzipStream() {
    if (ready_) inflateEnd(&z_);
  }
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  Status Feed(std::string_view bytes) {
    std::string piece = std::string(bytes);  // zlib wants it writable
    z_.next_in = reinterpret_cast<Bytef*>(piece.data());
    z_.avail_in = static_cast<uInt>(piece.size());
    while (ready_ && z_.avail_in > 0) {
      if (between_) inflateReset(&z_);
      between_ = false;
      int outcome = Z_OK;
      do {
        z_.next_out = reinterpret_cast<Bytef*>(out_.data());
        z_.avail_out = static_cast<uInt>(out_.size());
        outcome = inflate(&z_, Z_NO_FLUSH);
        STEMMA_CHECK_OK(take_({out_.data(), out_.size() - z_.avail_out}));
      } while (outcome == Z_OK && z_.avail_out == 0);
      between_ = outcome == Z_STREAM_END;
      if (outcome != Z_OK && outcome != Z_BUF_ERROR && !between_) {
        return Error(ErrorCode::kMalformed, "its gzip data is damaged");
      }
    }
    return {};
  }
  Status Finish() const {
    if (between_) return {};
    return Error(ErrorCode::kMalformed, "its gzip data is cut short");
  }

 private:
  Take take_;
  z_stream z_{};
  std::array<char, 64 << 10> out_{};
  bool ready_ = false, between_ = true;
};

class WaczCheck {
 public:
  WaczCheck(const CheckOptions& options, CheckReport& report)
      : options_(options), report_(&report) {}
  Status Run(ZipReader& zip);

 private:
  void Add(std::string_view code, const std::string& member, std::string text,
           std::optional<std::uint64_t> at = std::nullopt) {
    if (report_->findings.size() >= options_.max_findings) {
      ++report_->findings_left_out;
      return;
    }
    report_->findings.push_back(
        {std::string(code), WeightOf(code), member, at, "", std::move(text)});
  }
  Status CheckWarcs(ZipReader& zip);
  void CheckIndexes(ZipReader& zip);
  void CheckIndex(ZipReader& zip, const ZipMember& member);
  void CheckBlocks(ZipReader& zip, const ZipMember& member);
  bool HasCapture(const std::string& url, TimePoint when) const;
  void CheckPages(ZipReader& zip);

  const CheckOptions& options_;
  CheckReport* report_;
  std::map<std::string, ListedRecords, std::less<>> listed_;  // by file name
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
    ListedRecords& listed = listed_[member.name.substr(8)];
    Result<CheckReport> inner =
        CheckWarcBlob(zip.BlobOf(member), member.name, options_, &listed);
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
  if (listed_.empty()) Add("wacz-empty", "archive/", "no WARC file inside");
  return {};
}

// Plain indexes, and compressed ones with the table of their blocks.
void WaczCheck::CheckIndexes(ZipReader& zip) {
  bool any = false;
  for (const ZipMember& member : zip.members()) {
    if (!member.name.starts_with("indexes/")) continue;
    any = true;
    if (member.name.ends_with(".idx")) {
      CheckBlocks(zip, member);
    } else {
      CheckIndex(zip, member);
    }
  }
  if (!any) Add("wacz-no-index", "indexes/", "no index inside");
  for (const auto& [name, listed] : listed_) {
    if (any && listed.hits() < listed.all().size()) {
      Add("wacz-index-incomplete", "archive/" + name,
          fmt::format("{} of {} records are in an index", listed.hits(),
                      listed.all().size()));
    }
  }
}

void WaczCheck::CheckIndex(ZipReader& zip, const ZipMember& member) {
  CdxjCheck check(
      [this](std::string_view filename) {
        const auto found = listed_.find(filename);
        return found == listed_.end() ? nullptr : &found->second;
      },
      [&](std::string_view code, std::uint64_t at, std::string text) {
        Add(code, member.name, std::move(text), at);
      });
  const auto feed = [&check](std::string_view piece) -> Status {
    check.Feed(piece);
    return {};
  };
  const bool packed = member.name.ends_with(".gz");
  GzipStream inflate(feed);
  const Status read = zip.ReadPieces(member, [&](std::string_view piece) {
    return packed ? inflate.Feed(piece) : feed(piece);
  });
  check.Finish();
  const Status ended = packed && read ? inflate.Finish() : Status();
  if (!read || !ended) {
    Add("cdxj-form", member.name, (read ? ended : read).error().message());
  }
}

// An .idx file: `!meta 0 {"filename": ...}`, then for each block of the
// compressed index `KEY TIMESTAMP {"offset","length","digest"}`.
void WaczCheck::CheckBlocks(ZipReader& zip, const ZipMember& member) {
  const auto bad = [&](std::string text) {
    Add("wacz-idx", member.name, std::move(text));
  };
  const Result<std::string> text = zip.Read(member, 64 << 20);
  if (!text) return bad(text.error().message());
  std::string_view rest = *text;
  const auto next_line = [&rest] {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    return line;
  };
  const std::string_view meta = next_line();
  const Json facts = Json::parse(
      meta.substr(std::min(meta.size(), meta.find('{'))), nullptr, false);
  if (!meta.starts_with("!meta ") || !facts.is_object() ||
      !facts.contains("filename") || !facts["filename"].is_string()) {
    return bad("the first line does not name the index");
  }
  const ZipMember* index =
      zip.Find("indexes/" + facts["filename"].get<std::string>());
  if (index == nullptr) return bad("the index it names is not there");
  const Blob blocks = zip.BlobOf(*index);
  std::uint64_t end = 0;
  while (!rest.empty()) {
    const std::string_view line = next_line();
    const Json block = Json::parse(
        line.substr(std::min(line.size(), line.find('{'))), nullptr, false);
    const auto number = [&block](const char* key) {
      return block.is_object() && block.contains(key) &&
                     block[key].is_number_unsigned()
                 ? block[key].get<std::uint64_t>()
                 : ~std::uint64_t{0};
    };
    const std::uint64_t offset = number("offset"), length = number("length");
    if (offset != end || length > index->size - std::min(index->size, end) ||
        length > (64 << 20)) {
      return bad("its blocks do not cover the index from front to back");
    }
    const Result<std::string> bytes =
        SubBlob(blocks, offset, length).ReadAll(length);
    if (!bytes) return bad(bytes.error().message());
    end += length;
    if (block.contains("digest") && block["digest"].is_string() &&
        !SameDigest(block["digest"].get<std::string>(),
                    Sha256Of(*bytes).Labelled())) {
      return bad(fmt::format("the block at {} has another digest", offset));
    }
  }
  if (end != index->size) bad("its blocks leave the end of the index out");
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
    // The player looks a page up by its URL and time.
    if (!first && !HasCapture(json["url"].get<std::string>(),
                              *ParseTime(json["ts"].get<std::string>()))) {
      Add("wacz-page-unknown", member->name,
          fmt::format("no capture of {} at that time",
                      json["url"].get<std::string>()));
    }
    first = false;
  }
}

bool WaczCheck::HasCapture(const std::string& url, TimePoint when) const {
  return std::any_of(listed_.begin(), listed_.end(), [&](const auto& file) {
    return file.second.Has(url, when);
  });
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
  STEMMA_TRY(const std::vector<SealedBundle> sealed, SealedBundles(dir));
  std::size_t made = 0;
  for (const SealedBundle& claim : sealed) {
    const fs::path file = dir / claim.name;
    if (claim.cdxj_sha256.empty() || !fs::exists(file)) continue;
    const fs::path beside = CdxjBeside(file);
    const Result<Blob> there = BlobOfFile(beside.string());
    if (there) {
      STEMMA_TRY(const Sha256 found, Sha256OfPrefix(*there, there->size()));
      if (found.Hex() == claim.cdxj_sha256) continue;
    }
    STEMMA_TRY(const Blob bundle, BlobOfFile(file.string()));
    SortedLines lines(beside.parent_path());
    STEMMA_TRY(const BundleFacts facts,
               ReadBundleFacts(bundle, file.filename().string(), lines));
    STEMMA_TRY(DurableFile fresh, DurableFile::Begin(beside, 0444));
    STEMMA_TRY(const CdxjFacts cdxj, WriteCdxj(lines, fresh));
    // A damaged bundle gives another index; then the seal is no help here.
    if (cdxj.sha256.Hex() != claim.cdxj_sha256) continue;
    if (there) {
      std::error_code failed;
      fs::create_directories(dir / "quarantine", failed);
      fs::rename(beside, dir / "quarantine" / beside.filename(), failed);
      if (failed) return Error(ErrorCode::kIo, failed.message());
    }
    STEMMA_CHECK_OK(fresh.Commit());
    ++made;
  }
  return made;
}

}  // namespace stemma
