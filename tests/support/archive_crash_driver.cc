// A small crawl without a network, to be killed: archive_crash_driver DIR N
// captures N pages (some large, some concurrent) that are not in the archive
// yet and prints "ACK <url>" once each is durable. With ../shared/tools:
//
//   crashloop.py --crawl 'DRIVER {state}/a 200' --resume 'DRIVER {state}/a 200'
//                --check 'warc_have.py {state}' -n 50
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "archive/archive_writer.h"
#include "archive/index.h"
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
  std::vector<std::string> waiting;
  const auto acknowledge = [&]() -> Status {
    STEMMA_CHECK_OK(writer->Sync());
    for (const std::string& url : waiting) std::printf("ACK %s\n", url.c_str());
    std::fflush(stdout);
    waiting.clear();
    return {};
  };
  // The early one of a pair is finished after the later one was committed, so
  // that a kill leaves records between committed ones.
  std::optional<CaptureDraft> early;
  std::string early_url;
  for (int i = 0; i < pages; ++i) {
    const std::string url = "https://example.org/" + std::to_string(i);
    CaptureQuery query;
    query.url = url;
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

}  // namespace
}  // namespace stemma

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const stemma::Status done = stemma::Crawl(argv[1], std::atoi(argv[2]));
  if (!done) std::fprintf(stderr, "%s\n", done.error().message().c_str());
  return done ? 0 : 3;
}
