// What video work costs, as ratios: PDQ of a 1080p frame against the plain
// full-frame form, a hash query against a million, and, given a VIDEO, each
// depth against bare decoding (CPU seconds of the worker).
//
//   media_bench [VIDEO]
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "hash/pdq.h"
#include "media/frame_index.h"
#include "media/keyframes.h"

namespace stemma {
namespace {

double Cpu() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

void BenchPdq() {
  constexpr int kWidth = 1920, kHeight = 1080;
  std::mt19937 random(1);
  std::vector<std::uint8_t> luma(kWidth * kHeight);
  for (auto& v : luma) v = std::uint8_t(random());
  std::vector<std::uint8_t> rgb(3 * luma.size());
  for (std::size_t i = 0; i < rgb.size(); ++i) rgb[i] = luma[i / 3];

  LumaReducer reducer(kWidth, kHeight);
  PdqSamples samples;
  constexpr int kFast = 200, kPlain = 5;
  double began = Cpu();
  unsigned sink = 0;
  for (int i = 0; i < kFast; ++i) {
    reducer.Reduce(luma.data(), kWidth, 16, 255.0f / 219, samples);
    sink += unsigned(PdqOf(samples).bits[0]);
  }
  const double fast = (Cpu() - began) / kFast;
  began = Cpu();
  for (int i = 0; i < kPlain; ++i) {
    sink += unsigned(PdqOfRgb(rgb, kWidth, kHeight, kPdqRuleFull).hash.bits[0]);
  }
  const double plain = (Cpu() - began) / kPlain;
  fmt::print(
      "PDQ of a 1080p frame: {:.3f} ms; plain full-frame float form "
      "{:.1f} ms; ratio {:.0f} ({})\n",
      1e3 * fast, 1e3 * plain, plain / fast, sink & 1);
}

void BenchQuery() {
  std::mt19937_64 random(2);
  FrameIndex index;
  constexpr int kEntries = 1'000'000;
  for (int i = 0; i < kEntries; ++i) {
    index.Add({random(), random(), random(), random()});
  }
  const FrameHash query[] = {{1, 2, 3, 4}};
  constexpr int kTimes = 20;
  std::size_t hits = 0;
  const double began = Cpu();
  for (int i = 0; i < kTimes; ++i) hits += index.Find(query, 72).size();
  fmt::print("query of a million hashes: {:.1f} ms ({} hits)\n",
             1e3 * (Cpu() - began) / kTimes, hits);
}

double Decode(const Blob& video, KeyframeOptions options) {
  options.mode = "none";
  const Result<VideoReport> report = ReadVideo(video, options);
  return report ? report->facts.value("decode_cpu_seconds", 0.0) : 0;
}

void BenchVideo(const char* path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream bytes;
  bytes << in.rdbuf();
  const Blob video(bytes.str());
  const auto run = [&](const char* name, KeyframeOptions options,
                       double yardstick) {
    const double seconds = Decode(video, options);
    fmt::print("{:<34}{:8.3f} CPU s", name, seconds);
    if (yardstick > 0) fmt::print("  {:.2f} of bare", yardstick / seconds);
    fmt::print("\n");
    return seconds;
  };
  KeyframeOptions bare;
  bare.samples = false;
  bare.bare = true;
  const double all = run("every frame, bare decoding", bare, 0);
  KeyframeOptions second;
  second.samples = false;
  second.hash_every = 1;
  run("every frame, one hash a second", second, all);
  KeyframeOptions each = second;
  each.hash_every = 0;
  run("every frame, each hashed", each, all);
  run("every frame, shots and samples", {}, all);
  bare.depth = "key";
  const double key = run("sync frames, bare decoding", bare, 0);
  each.depth = "key";
  run("sync frames, each hashed", each, key);
}

}  // namespace
}  // namespace stemma

int main(int argc, char** argv) {
  stemma::BenchPdq();
  stemma::BenchQuery();
  if (argc > 1) stemma::BenchVideo(argv[1]);
}
