// A small crawl without a network, to be killed:
//
//   archive-crash-driver DIR N      captures N pages (some large, some
//                                   concurrent) that are not in the archive
//                                   yet; "ACK <url>" once each is durable
//   archive-crash-driver DIR have   "HAVE <url>" for each capture, then
//                                   "CORRUPT <finding>" for each thing that
//                                   the checker finds; opens it as a writer
//                                   does, so that it recovers; "GONE <url>"
//                                   for one of which a record was erased
//   archive-crash-driver DIR erase  erases all but every third page, as
//                                   retention does; then builds the index
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "archive/archive_reader.h"
#include "archive/archive_writer.h"
#include "archive/check.h"
#include "archive/index.h"
#include "archive/retention.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

std::string BodyOf(int number) {
  std::string body = "<p>page " + std::to_string(number) + "</p>";
  const std::size_t size = number % 40 == 7 ? 600'000 : 4'000;
  for (int i = 0; body.size() < size; ++i) {
    body += Sha256Of(std::to_string(number * 1000 + i)).Hex() + "\n";
  }
  return body;
}

Exchange ExchangeFor(const std::string& url) {
  Exchange e;
  e.url = url;
  e.request = "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n";
  e.response_head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n";
  e.status = 200;
  e.connection.certificates = {"leaf", "issuer"};
  e.started = SystemNow();
  return e;
}

Status Crawl(const char* dir, int pages) {
  ArchiveOptions options;
  options.free_space_floor = 0;
  options.buffer_bytes = options.frame_bytes = 64 << 10;
  options.rotate_bytes = 300 << 10;
  options.dictionary_after = 200 << 10;
  STEMMA_TRY(const auto writer, ArchiveWriter::Open(dir, options));
  if (writer->index() == nullptr) {
    return Error(ErrorCode::kIo, "no index: cannot tell what is there");
  }
  std::vector<std::string> waiting;
  const auto acknowledge = [&]() -> Status {
    STEMMA_CHECK_OK(writer->Sync());
    // One write, so that it stands among the writes to disk.
    std::string lines;
    for (const std::string& url : waiting) lines += "ACK " + url + "\n";
    waiting.clear();
    const ssize_t said = ::write(STDOUT_FILENO, lines.data(), lines.size());
    if (said == static_cast<ssize_t>(lines.size())) return {};
    return Error(ErrorCode::kIo, "standard output");
  };
  // The early one of a pair is finished after the later one was committed, so
  // that a kill leaves records between committed ones.
  std::optional<CaptureDraft> early;
  std::string early_url;
  for (int i = 0; i < pages; ++i) {
    const std::string url = "https://example.org/" + std::to_string(i);
    CaptureQuery query;
    query.url = url;
    if (writer->index() == nullptr) break;  // it broke; what is done is done
    STEMMA_TRY(const auto known, writer->index()->Captures(query));
    bool there = false;
    for (const CaptureRow& row : known) there |= row.type == "capture";
    if (there) continue;
    STEMMA_TRY(CaptureDraft draft, writer->BeginCapture(url, SystemNow()));
    STEMMA_TRY(const RecordInfo record,
               draft.AddExchange(ExchangeFor(url), BodyOf(i)));
    static_cast<void>(record);
    if (!early) {
      early.emplace(std::move(draft));
      early_url = url;
      continue;
    }
    STEMMA_TRY(const CaptureInfo info, draft.Stage({{"status", 200}}));
    waiting.push_back(url);
    if (i % 3 == 0) STEMMA_CHECK_OK(acknowledge());
    STEMMA_TRY(const CaptureInfo late, early->Stage({{"status", 200}}));
    waiting.push_back(early_url);
    early.reset();
    if (i % 5 == 0) STEMMA_CHECK_OK(acknowledge());
  }
  if (early) {
    STEMMA_TRY(const CaptureInfo late, early->Stage({{"status", 200}}));
    waiting.push_back(early_url);
    early.reset();
  }
  STEMMA_CHECK_OK(acknowledge());
  return writer->Seal();
}

bool IsHeld(const CaptureRow& capture) {
  const std::size_t slash = capture.target.rfind('/');
  return std::stoi(capture.target.substr(slash + 1)) % 3 == 0;
}

Status Erase(const char* dir) {
  RetentionPlan plan;
  {
    STEMMA_TRY(const auto reader, ArchiveReader::Open(dir));
    RetentionRules rules;
    rules.cutoff = SystemNow() + std::chrono::hours(1);
    rules.job = ArchiveOptions().job;
    rules.hold = IsHeld;
    STEMMA_TRY(plan, PlanRetention(*reader, rules));
  }
  // As cli/erasing.cc: no cache outlives what it tells.
  for (const char* file : {"index.sqlite", "index.sqlite-wal",
                           "index.sqlite-shm", "index.sqlite-journal"}) {
    std::error_code ignored;
    std::filesystem::remove(std::filesystem::path(dir) / file, ignored);
  }
  {
    ArchiveOptions options;
    options.free_space_floor = 0;
    options.index = false;
    STEMMA_TRY(const auto writer, ArchiveWriter::Open(dir, options));
    STEMMA_TRY(const auto erased,
               Retain(*writer, plan, {"policy", {"archivist", "editor"}}));
    static_cast<void>(erased);
  }
  STEMMA_TRY(const auto totals, Reindex(dir));
  static_cast<void>(totals);
  return {};
}

Status Have(const char* dir) {
  {
    ArchiveOptions options;
    options.free_space_floor = 0;
    STEMMA_TRY(const auto writer, ArchiveWriter::Open(dir, options));
  }
  STEMMA_TRY(const auto reader, ArchiveReader::Open(dir));
  STEMMA_TRY(const std::vector<CaptureRow> captures,
             reader->index().Captures({}));
  for (const CaptureRow& capture : captures) {
    if (capture.type != "capture") continue;
    STEMMA_TRY(const auto records, reader->index().RecordsOf(capture.id));
    bool gone = false;
    for (const RecordInfo& record : records) {
      // Of what was erased by decision the index knows the place only.
      const auto found = reader->RecordAt(record);
      gone |= !found && found.error().code() == ErrorCode::kNotFound;
      if (gone) continue;
      STEMMA_TRY(const StoredRecord stored, found);
      STEMMA_TRY(const std::string block, stored.block.ReadAll(4 << 20));
      if (Sha256Of(block) != record.block_sha256) {
        std::printf("CORRUPT %s\n", record.id.c_str());
      }
    }
    std::printf("%s %s\n", gone ? "GONE" : "HAVE", capture.target.c_str());
  }
  STEMMA_TRY(const CheckReport report, CheckArchive(dir));
  for (const CheckFinding& finding : report.findings) {
    if (finding.weight <= Weight::kWarning) continue;
    std::printf("CORRUPT %s %s\n", finding.code.c_str(), finding.text.c_str());
  }
  return {};
}

}  // namespace
}  // namespace stemma

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string what = argv[2];
  const stemma::Status done = what == "have" ? stemma::Have(argv[1])
                              : what == "erase"
                                  ? stemma::Erase(argv[1])
                                  : stemma::Crawl(argv[1], std::atoi(argv[2]));
  if (!done) std::fprintf(stderr, "%s\n", done.error().message().c_str());
  return done ? 0 : 3;
}
