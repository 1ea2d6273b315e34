// The log against its limits, each figure beside what it is measured by:
//   verification of a log against `openssl dgst -sha256` over the same file in
//   the same run (goal 0.4 at events of 1.2 KB; 300,000 events/s at 300 bytes)
//   proof and check of one event from tiles (goal: 10 ms at 10,000,000)
//   appending with group commit (goal: 20,000 events/s)
// Usage: evidence_bench [EVENTS] [FOLDER]; 200,000 in a new folder of $TMPDIR.
//        evidence_bench scale [EVENTS] [FOLDER]; the proofs alone, of
//        10,000,000 (2 GB of log and 320 MB of tiles)
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "archive/event_log.h"
#include "archive/evidence_log.h"
#include "archive/log_file.h"
#include "archive/merkle.h"
#include "hash/sha256.h"

namespace {

namespace fs = std::filesystem;
using namespace stemma;

double Seconds() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// A log of `count` lines of about `size` bytes; gives the leaf hashes.
std::vector<Sha256> WriteLog(const fs::path& path, std::uint64_t count,
                             std::size_t size) {
  std::ofstream out(path, std::ios::binary);
  std::vector<Sha256> leaves;
  std::string prev(64, '0');
  for (std::uint64_t seq = 0; seq < count; ++seq) {
    std::string line = fmt::format(
        R"({{"prev":"{}","seq":{},"t":"2026-03-01T12:00:00.000Z","text":")",
        prev, seq);
    line +=
        std::string(size > line.size() + 22 ? size - line.size() - 22 : 1, 'x');
    line += R"(","type":"note","v":1})";
    leaves.push_back(LeafHash(line));
    prev = leaves.back().Hex();
    out << line << '\n';
  }
  return leaves;
}

// What `openssl dgst -sha256 FILE` does, in this process.
double DigestSeconds(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string buffer(1 << 16, '\0');
  Sha256Hasher hasher;
  const double begin = Seconds();
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) ||
         in.gcount() > 0) {
    hasher.Update({buffer.data(), static_cast<std::size_t>(in.gcount())});
  }
  static_cast<void>(hasher.Finish());
  return Seconds() - begin;
}

double VerifySeconds(const fs::path& manifest, std::uint64_t count,
                     const Sha256& root) {
  LogScan scan;
  scan.manifest = manifest;
  scan.sizes = {count};
  FindingList findings;
  const double begin = Seconds();
  const Result<LogFacts> facts = ScanLog(scan, findings);
  const double took = Seconds() - begin;
  if (!facts || !findings.Take().empty() || facts->roots.at(count) != root) {
    fmt::print("the log does not verify\n");
    std::exit(1);
  }
  return took;
}

void Verification(const fs::path& folder, std::uint64_t count,
                  std::size_t size) {
  const fs::path log = folder / "events.jsonl";
  const std::vector<Sha256> leaves = WriteLog(log, count, size);
  const Sha256 root = RootOf(leaves);
  double digest = 1e9;
  double verify = 1e9;
  for (int i = 0; i < 5; ++i) {
    digest = std::min(digest, DigestSeconds(log));
    verify = std::min(verify, VerifySeconds(folder, count, root));
  }
  const double bytes = static_cast<double>(fs::file_size(log));
  fmt::print(
      "verify, {} B an event: {:.0f} events/s, {:.0f} MB/s; digest alone "
      "{:.0f} "
      "MB/s; ratio {:.2f}\n",
      size, static_cast<double>(count) / verify, bytes / verify / 1e6,
      bytes / digest / 1e6, digest / verify);
}

// A log of `count` lines and its tiles, written by the writer's own tile code.
Sha256 WriteLogAndTiles(const fs::path& folder, std::uint64_t count,
                        std::size_t size) {
  const std::vector<Sha256> leaves =
      WriteLog(folder / "events.jsonl", count, size);
  if (!WriteTiles(folder, 0, count,
                  [&](std::uint64_t i) { return leaves.at(i); })) {
    std::exit(1);
  }
  return RootOf(leaves);
}

// Line, proof and check of events spread over the log, each with files opened
// anew; and what memory this process has taken at most.
void Proofs(const fs::path& folder, std::uint64_t count, const Sha256& root) {
  double worst = 0;
  double sum = 0;
  constexpr int kProofs = 200;
  for (int i = 0; i < kProofs; ++i) {
    const std::uint64_t seq =
        static_cast<std::uint64_t>(i) * 7919 * 104729 % count;
    const double begin = Seconds();
    Result<LogFile> file = LogFile::Open(folder / "events.jsonl");
    TileReader tiles(folder, count);
    const auto line = file->Line(seq);
    const auto proof = InclusionProof(tiles.Source(), seq, count);
    const bool good =
        line && proof &&
        VerifyInclusion(LeafHash(*line), seq, count, *proof, root).has_value();
    const double took = Seconds() - begin;
    if (!good) std::exit(1);
    worst = std::max(worst, took);
    sum += took;
  }
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  fmt::print(
      "line, proof and check of one of {}: {:.3f} ms, worst {:.3f} ms, memory "
      "at most {:.1f} MiB\n",
      count, sum / kProofs * 1e3, worst * 1e3,
      static_cast<double>(used.ru_maxrss) / 1024);
}

// The proofs in a process of their own, so that its memory is theirs.
void ProofsApart(const char* self, const fs::path& folder, std::uint64_t count,
                 std::size_t size) {
  const std::string root = WriteLogAndTiles(folder, count, size).Hex();
  const std::string command =
      fmt::format("'{}' prove {} '{}' {}", self, count, folder.string(), root);
  std::fflush(stdout);
  if (std::system(command.c_str()) != 0) std::exit(1);
}

// Group commit: a sync for every thousand events.
void Appends(const fs::path& folder, std::uint64_t count) {
  fs::remove_all(folder / "append");
  fs::create_directories(folder / "append");
  auto log = EventLog::Open(folder / "append", folder / "append-quarantine");
  if (!log) std::exit(1);
  const nlohmann::json fields = {
      {"target", "https://www.herald.example/2026/03/report.html"},
      {"status", 200},
      {"note", std::string(120, 'x')}};
  const double begin = Seconds();
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!log->Add("note", fields, SystemNow())) std::exit(1);
    if (i % 1000 == 999 && !log->Sync()) std::exit(1);
  }
  if (!log->Sync()) std::exit(1);
  fmt::print("append, a sync a thousand: {:.0f} events/s\n",
             static_cast<double>(count) / (Seconds() - begin));
  fs::remove_all(folder / "append");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "prove" && argc == 5) {
    Proofs(argv[3], std::stoull(argv[2]), *Sha256::Parse(argv[4]));
    return 0;
  }
  const bool scale = mode == "scale";
  const int first = scale ? 2 : 1;
  const std::uint64_t count = argc > first ? std::stoull(argv[first])
                              : scale      ? 10'000'000
                                           : 200'000;
  const fs::path folder =
      argc > first + 1 ? fs::path(argv[first + 1])
                       : fs::temp_directory_path() / "stemma-evidence-bench";
  fs::create_directories(folder);
  if (!scale) {
    Verification(folder, count, 1200);
    Verification(folder, count, 300);
    Appends(folder, std::min<std::uint64_t>(count, 200'000));
  }
  ProofsApart(argv[0], folder, count, 200);
  fs::remove_all(folder);
}
