// The archive against its peers, in one run: bundles against gzip -6 a record
// (bytes and CPU), check against inflating and hashing alone.
//
//   archive_bench FOLDER [HOST-DEPTH]
//
// FOLDER holds pages (*.html, *.html.gz), say the site that
// ../shared/bench/archiving/gen_site.py makes; each becomes one capture.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "archive/archive_writer.h"
#include "archive/check.h"
#include "archive/gzip_lines.h"
#include "archive/record_judge.h"
#include "archive/record_scan.h"
#include "archive/zstd_frames.h"
#include "hash/labelled_digest.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

double Cpu() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& t) {
    return double(t.tv_sec) + double(t.tv_usec) / 1e6;
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

struct Page {
  std::string url, body;
};

std::vector<Page> ReadPages(const fs::path& folder) {
  std::vector<Page> pages;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || name.find(".html") == std::string::npos) {
      continue;
    }
    Page page;
    page.url = "http://" + fs::relative(entry.path(), folder).string();
    const Status read =
        ForEachLineOf(entry.path(), [&page](std::string_view line) -> Status {
          page.body += line;
          page.body += '\n';
          return {};
        });
    if (read) pages.push_back(std::move(page));
  }
  std::sort(pages.begin(), pages.end(),
            [](const Page& a, const Page& b) { return a.url < b.url; });
  return pages;
}

std::size_t Gzip6(const std::string& record) {
  z_stream z{};
  deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, record.size()) + 32, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(record.data()));
  z.avail_in = static_cast<uInt>(record.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  const std::size_t size = z.total_out;
  deflateEnd(&z);
  return size;
}

// Every record of a bundle, to compress again.
class Keep : public RecordSink {
 public:
  void OnRecord(std::uint64_t, const WarcHeader&, std::string_view text,
                const std::vector<std::string>&) override {
    records.emplace_back(text);
  }
  void OnBlock(std::string_view bytes) override { records.back() += bytes; }
  void OnEnd(std::uint64_t, bool) override { records.back() += "\r\n\r\n"; }
  void OnProblem(std::uint64_t, std::string_view, std::string) override {}
  std::vector<std::string> records;
};

int Run(const fs::path& folder) {
  const std::vector<Page> pages = ReadPages(folder);
  std::string name = (fs::temp_directory_path() / "benchXXXXXX").string();
  const fs::path dir = ::mkdtemp(name.data());
  ArchiveOptions options;
  options.free_space_floor = 0;
  std::uint64_t pages_bytes = 0;
  double start = Cpu();
  {
    auto writer = ArchiveWriter::Open(dir / "a", options);
    for (std::size_t i = 0; i < pages.size(); ++i) {
      auto draft = (*writer)->BeginCapture(pages[i].url, SystemNow());
      Exchange e;
      e.url = pages[i].url;
      e.request = "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n";
      e.response_head =
          "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\n\r\n";
      e.status = 200;
      e.started = SystemNow();
      if (!draft->AddExchange(e, pages[i].body)) return 3;
      if (!draft->Stage({{"status", 200}})) return 3;
      if (i % 32 == 0 && !(*writer)->Sync()) return 3;
      pages_bytes += pages[i].body.size();
    }
  }
  const double write_cpu = Cpu() - start;

  std::uint64_t stored = 0, plain = 0, packed = 0, with_dictionary = 0,
                packed_beside = 0;
  double gzip_cpu = 0, zstd_cpu = 0;
  std::vector<fs::path> bundles;
  for (const auto& entry : fs::directory_iterator(dir / "a" / "bundles")) {
    if (entry.path().extension() == ".zst") bundles.push_back(entry);
  }
  for (const fs::path& path : bundles) {
    auto file = BlobOfFile(path.string());
    const std::string first = *file->ReadPrefix(4);
    const bool dictionary = first == "\x5D\x2A\x4D\x18";
    Keep keep;
    if (!ScanWarc(*file, keep)) return 3;
    std::uint64_t gz = 0;
    start = Cpu();
    for (const std::string& record : keep.records) gz += Gzip6(record);
    gzip_cpu += Cpu() - start;
    FrameEncoder encoder(3, nullptr);
    start = Cpu();
    for (const std::string& record : keep.records) {
      packed += encoder.Encode(record)->size();
      plain += record.size();
    }
    zstd_cpu += Cpu() - start;
    packed_beside += gz;
    stored += file->size();
    if (dictionary) with_dictionary += file->size();
    fmt::print("{}: {} bytes, {:.3f} of gzip -6{}\n", path.filename().string(),
               file->size(), double(file->size()) / double(gz),
               dictionary ? ", with dictionary" : "");
  }
  fmt::print(
      "{} pages, {} bytes; stored {}; {:.3f} of gzip -6 a record, "
      "{:.3f} of zstd -3 without dictionary\n",
      pages.size(), pages_bytes, stored, double(stored) / double(packed_beside),
      double(stored) / double(packed));
  fmt::print(
      "CPU: capture {:.2f} s in all (digests, log, index, seal "
      "included), gzip -6 {:.2f} s, zstd -3 {:.2f} s\n",
      write_cpu, gzip_cpu, zstd_cpu);

  // Check, and what it cannot do without.
  double inflate_cpu = 0, hash_cpu = 0;
  for (const fs::path& path : bundles) {
    Keep keep;
    start = Cpu();
    if (!ScanWarc(*BlobOfFile(path.string()), keep)) return 3;
    inflate_cpu += Cpu() - start;
    start = Cpu();
    for (const std::string& record : keep.records) {
      Sha256Of(record);
      Sha256Of(record);
    }
    hash_cpu += Cpu() - start;
  }
  const auto wall = std::chrono::steady_clock::now();
  start = Cpu();
  std::uint64_t blocks = 0;
  for (const fs::path& path : bundles) {
    JudgeVisitor visitor;
    visitor.record = [&](JudgedRecord r) { blocks += r.info.block_bytes; };
    visitor.problem = [](std::uint64_t, std::string_view, std::string) {};
    if (!JudgeWarc(*BlobOfFile(path.string()), {}, visitor)) return 3;
  }
  const double check_cpu = Cpu() - start;
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - wall)
          .count();
  fmt::print(
      "check: {:.0f} MB/s of blocks by the clock; CPU {:.2f} s against "
      "{:.2f} s to inflate and {:.2f} s for two SHA-256 passes: {:.2f} "
      "of the sum\n",
      double(blocks) / 1e6 / seconds, check_cpu, inflate_cpu, hash_cpu,
      (inflate_cpu + hash_cpu) / check_cpu);
  std::error_code ignored;
  fs::remove_all(dir, ignored);
  return 0;
}

}  // namespace
}  // namespace stemma

int main(int argc, char** argv) { return argc < 2 ? 2 : stemma::Run(argv[1]); }
