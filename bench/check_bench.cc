// `check` against the work that it cannot do without: inflating every frame,
// and one bare OpenSSL pass for each digest, on as many cores.
//
//   check_bench FOLDER [THREADS [ROUNDS]]     [one per core, 5]
//
// FOLDER holds pages (*.html), say the site that
// ../shared/bench/archiving/gen_site.py makes; each becomes one capture of a
// bundle with a dictionary. The best of the rounds counts on either side.
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "archive/archive_writer.h"
#include "archive/cdxj.h"
#include "archive/check.h"
#include "archive/record_judge.h"
#include "archive/record_scan.h"
#include "archive/stored_record.h"
#include "archive/zstd_frames.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

struct Cost {
  double wall = 1e9, cpu = 1e9;
};

double CpuNow() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& t) {
    return double(t.tv_sec) + double(t.tv_usec) / 1e6;
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

void Measure(Cost& best, const std::function<void()>& work) {
  const double cpu = CpuNow();
  const auto wall = std::chrono::steady_clock::now();
  work();
  best.cpu = std::min(best.cpu, CpuNow() - cpu);
  best.wall = std::min(best.wall, std::chrono::duration<double>(
                                      std::chrono::steady_clock::now() - wall)
                                      .count());
}

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// Captures every page below `folder`; the largest sealed bundle comes back.
fs::path MakeBundle(const fs::path& folder, const fs::path& dir) {
  ArchiveOptions options;
  options.free_space_floor = 0;
  {
    auto writer = ArchiveWriter::Open(dir, options);
    if (!writer) std::exit(3);
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (!entry.is_regular_file() || entry.path().extension() != ".html") {
        continue;
      }
      const std::string url =
          "http://" + fs::relative(entry.path(), folder).string();
      auto draft = (*writer)->BeginCapture(url, SystemNow());
      Exchange e;
      e.url = url;
      e.request = "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n";
      e.response_head =
          "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\n\r\n";
      e.status = 200;
      e.started = SystemNow();
      if (!draft->AddExchange(e, ReadFile(entry.path())) ||
          !draft->Stage({{"status", 200}})) {
        std::exit(3);
      }
      if (++count % 32 == 0 && !(*writer)->Sync()) std::exit(3);
    }
  }
  fs::path largest;
  for (const auto& entry : fs::directory_iterator(dir / "bundles")) {
    if (entry.path().extension() != ".zst") continue;
    if (largest.empty() || fs::file_size(entry) > fs::file_size(largest)) {
      largest = entry;
    }
  }
  return largest;
}

// The frames of a bundle, and what each holds, in memory.
struct Material {
  std::shared_ptr<const ZstdDictionary> dictionary;
  std::vector<std::string> frames, blocks, payloads;
  std::uint64_t block_bytes = 0;

  explicit Material(const fs::path& path) {
    const auto bundle = *BundleView::Open(path);
    dictionary = bundle->dictionary();
    FrameWalker walker(bundle->file());
    while (walker.offset() < walker.size()) {
      const FrameInfo frame = **walker.Next();
      if (frame.kind != FrameInfo::Kind::kData) continue;
      frames.push_back(*walker.Read(frame));
      const StoredRecord record = *OpenRecord(bundle, frame.offset, frame.size);
      blocks.push_back(*record.block.ReadAll(64 << 20));
      // What has a payload digest of its own needs a pass of its own.
      if (!record.http_head.empty() && record.info.payload_sha256) {
        payloads.push_back(*record.payload.ReadAll(64 << 20));
      }
      block_bytes += blocks.back().size();
    }
  }
};

// Runs `work` on so many threads, which take numbers from one counter.
void Share(int threads,
           const std::function<void(std::atomic<std::size_t>&)>& work) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i) {
    all.emplace_back([&] { work(next); });
  }
  for (std::thread& thread : all) thread.join();
}

void InflateAll(const Material& m, int threads) {
  ZSTD_DDict* dict = m.dictionary
                         ? ZSTD_createDDict(m.dictionary->bytes().data(),
                                            m.dictionary->bytes().size())
                         : nullptr;
  Share(threads, [&](std::atomic<std::size_t>& next) {
    ZSTD_DCtx* context = ZSTD_createDCtx();
    const auto room = std::make_unique_for_overwrite<char[]>(64 << 20);
    for (std::size_t i; (i = next.fetch_add(1)) < m.frames.size();) {
      const std::string& f = m.frames[i];
      const std::size_t got =
          dict == nullptr
              ? ZSTD_decompressDCtx(context, room.get(), 64 << 20, f.data(),
                                    f.size())
              : ZSTD_decompress_usingDDict(context, room.get(), 64 << 20,
                                           f.data(), f.size(), dict);
      if (ZSTD_isError(got)) std::exit(3);
    }
    ZSTD_freeDCtx(context);
  });
  ZSTD_freeDDict(dict);
}

void HashAll(const std::vector<std::string>& all, int threads) {
  Share(threads, [&](std::atomic<std::size_t>& next) {
    EVP_MD* method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    unsigned char out[EVP_MAX_MD_SIZE];
    for (std::size_t i; (i = next.fetch_add(1)) < all.size();) {
      EVP_DigestInit_ex2(context, method, nullptr);
      EVP_DigestUpdate(context, all[i].data(), all[i].size());
      EVP_DigestFinal_ex(context, out, nullptr);
    }
    EVP_MD_CTX_free(context);
    EVP_MD_free(method);
  });
}

void HashFile(const std::string& bytes, const char* name) {
  EVP_MD* method = EVP_MD_fetch(nullptr, name, nullptr);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  unsigned char out[EVP_MAX_MD_SIZE];
  EVP_DigestInit_ex2(context, method, nullptr);
  EVP_DigestUpdate(context, bytes.data(), bytes.size());
  EVP_DigestFinal_ex(context, out, nullptr);
  EVP_MD_CTX_free(context);
  EVP_MD_free(method);
}

void Judge(const fs::path& path, int threads, bool leaves) {
  JudgeOptions options;
  options.threads = threads;
  options.leaves = leaves;
  JudgeVisitor visitor;
  visitor.record = [](JudgedRecord r) {
    if (!r.findings.empty()) std::exit(3);
  };
  visitor.problem = [](std::uint64_t, std::string_view, std::string) {
    std::exit(3);
  };
  if (!JudgeWarc(*BlobOfFile(path.string()), options, visitor)) std::exit(3);
}

int Run(const fs::path& folder, int threads, int rounds) {
  std::string name = (fs::temp_directory_path() / "checkXXXXXX").string();
  const fs::path dir = ::mkdtemp(name.data());
  const fs::path bundle = MakeBundle(folder, dir / "a");
  const Material m(bundle);
  const std::string file = ReadFile(bundle);

  Cost inflate, blocks, payloads, sha256, sha512, judge, leaves, whole;
  for (int round = 0; round < rounds; ++round) {
    Measure(inflate, [&] { InflateAll(m, threads); });
    Measure(blocks, [&] { HashAll(m.blocks, threads); });
    Measure(payloads, [&] { HashAll(m.payloads, threads); });
    Measure(judge, [&] { Judge(bundle, threads, false); });
    Measure(leaves, [&] { Judge(bundle, threads, true); });
    Measure(sha256, [&] { HashFile(file, "SHA256"); });
    Measure(sha512, [&] { HashFile(file, "SHA512"); });
    Measure(whole, [&] {
      if (!DigestsOfFile(bundle)) std::exit(3);
    });
  }
  const double mb = double(m.block_bytes) / 1e6;
  const auto line = [&](const char* what, const Cost& cost) {
    fmt::print("{:<34} {:7.1f} ms by the clock, {:7.1f} ms CPU, {:6.0f} MB/s\n",
               what, cost.wall * 1e3, cost.cpu * 1e3, mb / cost.wall);
  };
  fmt::print("{} frames, {:.1f} MB of blocks, {:.1f} MB stored, {} threads\n",
             m.frames.size(), mb, double(file.size()) / 1e6, threads);
  line("inflate alone", inflate);
  line("SHA-256 of blocks alone", blocks);
  line("SHA-256 of payloads alone", payloads);
  line("check, both digests", judge);
  line("check, and the records' leaf hash", leaves);
  const double least_wall = inflate.wall + blocks.wall + payloads.wall;
  const double least_cpu = inflate.cpu + blocks.cpu + payloads.cpu;
  fmt::print("ratio to the sum: {:.2f} by the clock, {:.2f} of CPU\n",
             least_wall / judge.wall, least_cpu / judge.cpu);
  fmt::print(
      "with leaf hashes (a third pass): {:.2f} by the clock, {:.2f} of CPU\n",
      (least_wall + blocks.wall) / leaves.wall,
      (least_cpu + blocks.cpu) / leaves.cpu);
  fmt::print(
      "whole file: sha256 + sha512 alone {:.1f} ms CPU, ours {:.1f} ms CPU and "
      "{:.1f} ms by the clock: {:.2f} of CPU\n",
      (sha256.cpu + sha512.cpu) * 1e3, whole.cpu * 1e3, whole.wall * 1e3,
      (sha256.cpu + sha512.cpu) / whole.cpu);
  std::error_code ignored;
  fs::remove_all(dir, ignored);
  return 0;
}

}  // namespace
}  // namespace stemma

int main(int argc, char** argv) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  return argc < 2 ? 2
                  : stemma::Run(argv[1], argc > 2 ? std::atoi(argv[2]) : cores,
                                argc > 3 ? std::atoi(argv[3]) : 5);
}
