// check: a WARC file by itself, of any dress, ours or not.
#include <algorithm>
#include <future>

#include "archive/bundle_seal.h"
#include "archive/cdxj_check.h"
#include "archive/check.h"
#include "archive/check_book.h"
#include "archive/record_judge.h"
#include "archive/stored_record.h"

namespace stemma {

namespace fs = std::filesystem;

namespace {

// Whether the first record says that we wrote the file.
bool IsOurs(const Blob& file, const RecordInfo& first) {
  if (first.type != "warcinfo") return false;
  const auto bundle = BundleView::Over(file);
  if (!bundle) return false;
  const auto record = OpenRecord(*bundle, first.offset, first.length);
  const auto text =
      record ? record->block.ReadPrefix(4096) : Result<std::string>("");
  return text && text->starts_with("software: stemma/");
}

// `footer` is asked for once the records are judged.
Result<CheckReport> CheckWarc(
    const Blob& blob, const std::string& name, const CheckOptions& options,
    const std::function<Result<FooterState>()>& check_footer,
    ListedRecords* listed) {
  CheckReport report;
  CheckReporter reporter(report, options.max_findings);
  RecordBook book;
  report.bundles = 1;
  report.bytes = blob.size();
  std::uint64_t weak = 0, strong = 0;
  RecordInfo first;
  JudgeVisitor visitor;
  visitor.problem = [&](std::uint64_t offset, std::string_view code,
                        std::string text) {
    reporter.Add(code, name, offset, "", std::move(text));
  };
  visitor.record = [&](JudgedRecord record) {
    const bool digests = record.block != DigestState::kNone ||
                         record.payload != DigestState::kNone;
    if (record.weak)
      ++weak;
    else if (digests)
      ++strong;
    if (listed != nullptr && record.whole) listed->Add(record.info);
    if (report.records == 0) first = record.info;
    book.Take(record, name, reporter, report);
  };
  JudgeOptions judge;
  judge.threads = options.threads;
  const Status judged = JudgeWarc(blob, judge, visitor);
  if (!judged) return judged.error();
  STEMMA_TRY(const FooterState footer, check_footer());
  if (footer == FooterState::kMismatch) {
    reporter.Add("bundle-digest-mismatch", name, std::nullopt, "",
                 "the digest at its end is not that of the bytes before");
  }
  STEMMA_TRY(const std::string begin, blob.ReadPrefix(4));
  if (footer == FooterState::kNone &&
      DetectContainer(begin) == WarcContainer::kZstd && IsOurs(blob, first)) {
    reporter.Add("footer-missing", name, blob.size(), "",
                 "a bundle of ours that is closed ends with a footer: this one "
                 "is still open, or its end was cut off");
  }
  book.Resolve(reporter);
  report.weak = weak > 0 && strong == 0;
  if (report.weak) {
    reporter.Add("sha1-only", name, std::nullopt, "",
                 "no digest is stronger than SHA-1");
  }
  if (report.records == 0) {
    reporter.Add("no-record", name, 0, "", "the file holds no whole record");
  } else if (weak == 0 && strong == 0) {
    reporter.Add("no-digest", name, std::nullopt, "",
                 "no record has a digest: nothing was verified");
  }
  return report;
}

}  // namespace

Result<CheckReport> CheckWarcFile(const fs::path& file,
                                  const CheckOptions& options) {
  STEMMA_TRY(const Blob blob, BlobOfFile(file.string()));
  // The footer's digest is one more pass over the stored bytes; beside the
  // others, with a reader of its own.
  STEMMA_TRY(const Blob again, BlobOfFile(file.string()));
  auto footer =
      std::async(std::launch::async, [&again] { return CheckFooter(again); });
  return CheckWarc(
      blob, file.string(), options, [&footer] { return footer.get(); },
      nullptr);
}

Result<CheckReport> CheckWarcBlob(const Blob& blob, const std::string& name,
                                  const CheckOptions& options,
                                  ListedRecords* listed) {
  return CheckWarc(
      blob, name, options, [&blob] { return CheckFooter(blob); }, listed);
}

std::string WarcFileVerdict(const CheckReport& report) {
  const std::vector<std::string> codes = report.Codes();
  const bool digest_lies = std::find(codes.begin(), codes.end(),
                                     "payload-digest-mismatch") != codes.end();
  bool damaged = false;
  for (const CheckFinding& finding : report.findings) {
    damaged |= finding.weight > Weight::kWarning &&
               finding.code != "payload-digest-mismatch";
  }
  if (damaged) return "reject";
  if (digest_lies) return "flag";
  if (codes.empty()) return "accept";
  if (codes.size() == 1 && codes[0] == "sha1-only") return "accept-weak";
  if (codes.size() == 1 && codes[0] == "payload-digest-chunked") {
    return "flag-known-variant";
  }
  if (codes.size() == 1 && codes[0] == "no-digest") return "accept";
  return "flag";
}

}  // namespace stemma
