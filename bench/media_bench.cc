// What video work costs, as ratios: PDQ of a 1080p frame against the plain
// full-frame form, a hash query against a million, each depth against bare
// decoding (CPU seconds of the worker), and sync frames against FFmpeg's own
// program. Without VIDEO it makes one, if there is an ffmpeg.
//
//   media_bench [VIDEO]
#include <fmt/format.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <filesystem>
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

struct Cost {
  double seconds = 0;  // CPU, of the worker
  double peak = 0;     // bytes
  int width = 0, height = 0;
};

// The least of three runs: other work on the machine only ever adds.
Cost Decode(const Blob& video, KeyframeOptions options) {
  if (options.mode == "scene") options.mode = "none";
  Cost best;
  for (int run = 0; run < 3; ++run) {
    const Result<VideoReport> report = ReadVideo(video, options);
    if (!report || report->status == "rejected") {
      // A figure of nothing is no figure.
      fmt::print(stderr, "media_bench: cannot decode: {}\n",
                 report ? report->reason : report.error().message());
      std::exit(1);
    }
    const double seconds = report->facts.value("decode_cpu_seconds", 0.0);
    if (run > 0 && seconds >= best.seconds) continue;
    best = {seconds, report->facts.value("decode_peak_bytes", 0.0),
            report->width, report->height};
  }
  return best;
}

// CPU seconds of another program, the least of three runs; 0 if it fails.
double Peer(std::vector<std::string> arguments) {
  std::vector<char*> argv;
  for (std::string& a : arguments) argv.push_back(a.data());
  argv.push_back(nullptr);
  double best = 0;
  for (int run = 0; run < 3; ++run) {
    pid_t pid = 0;
    if (::posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ) !=
        0) {
      return 0;
    }
    int status = 0;
    rusage usage{};
    if (::wait4(pid, &status, 0, &usage) != pid || status != 0) return 0;
    const auto of = [](const timeval& t) {
      return double(t.tv_sec) + 1e-6 * double(t.tv_usec);
    };
    const double seconds = of(usage.ru_utime) + of(usage.ru_stime);
    if (run == 0 || seconds < best) best = seconds;
  }
  return best;
}

// Twenty seconds of 1080p H.264 with movement everywhere and a sync frame
// every 2.6 s; empty without the ffmpeg program.
std::string MakeVideo() {
  const std::string path =
      (std::filesystem::temp_directory_path() / "stemma-media-bench.mp4")
          .string();
  const std::string command =
      "ffmpeg -v error -nostdin -y -f lavfi -i "
      "testsrc2=s=1920x1080:r=30:d=20 -f lavfi -i "
      "life=s=120x68:r=30:mold=40:ratio=0.3:seed=4 -filter_complex "
      "'[1:v]scale=1920:1080:flags=bilinear[l];[0:v][l]blend=all_mode=average:"
      "shortest=1,format=yuv420p' -c:v libx264 -preset veryfast -b:v 3800k "
      "-g 78 -threads 1 -movflags +faststart '" +
      path + "'";
  return std::system(command.c_str()) == 0 ? path : std::string();
}

void BenchVideo(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream bytes;
  bytes << in.rdbuf();
  const Blob video(bytes.str());
  const auto run = [&](const char* name, KeyframeOptions options,
                       double yardstick, const char* goal) {
    const Cost cost = Decode(video, options);
    fmt::print("{:<36}{:8.3f} CPU s {:6.0f} MB", name, cost.seconds,
               cost.peak / 1e6);
    if (yardstick > 0) {
      fmt::print("  {:.3f} of bare (goal {})", yardstick / cost.seconds, goal);
    }
    fmt::print("\n");
    return cost;
  };
  KeyframeOptions bare;
  bare.samples = false;
  bare.bare = true;
  const Cost all = run("every frame, bare decoding", bare, 0, "");
  KeyframeOptions second;
  second.samples = false;
  second.hash_every = 1;
  run("every frame, one hash a second", second, all.seconds, "0.97");
  KeyframeOptions each = second;
  each.hash_every = 0;
  run("every frame, each hashed", each, all.seconds, "0.80");
  const Cost samples =
      run("every frame, shots and samples", {}, all.seconds, "none");
  bare.depth = "key";
  const Cost key = run("sync frames, bare decoding", bare, 0, "");
  each.depth = "key";
  const Cost hashed =
      run("sync frames, each hashed", each, key.seconds, "0.90");
  KeyframeOptions digests;
  digests.mode = "iframe";
  digests.samples = false;
  const Cost digested = run("sync frames, hashed and digested", digests, 0, "");
  fmt::print("SHA-256 of their pixels: {:.3f} CPU s\n",
             digested.seconds - hashed.seconds);
  const double frame = 1.5 * samples.width * samples.height;
  fmt::print("peak memory {:.0f} MB; 64 MB + 12 frames are {:.0f} MB\n",
             samples.peak / 1e6, 64 * 1.048576 + 12 * frame / 1e6);

  const double peer =
      Peer({"ffmpeg", "-v", "error", "-nostdin", "-threads", "1", "-skip_frame",
            "nokey", "-i", path, "-an", "-f", "null", "-"});
  const double start =
      Peer({"ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i",
            "nullsrc=s=16x16:d=0.04", "-f", "null", "-"});
  if (peer > 0) {
    fmt::print(
        "ffmpeg -skip_frame nokey -f null: {:.3f} CPU s (its start {:.3f}); "
        "key depth with hashing is {:.2f} times as fast (goal 1.05)\n",
        peer, start, peer / hashed.seconds);
  } else {
    fmt::print("no ffmpeg program: no peer to compare with\n");
  }
}

}  // namespace
}  // namespace stemma

int main(int argc, char** argv) {
  stemma::BenchPdq();
  stemma::BenchQuery();
  const std::string video = argc > 1 ? argv[1] : stemma::MakeVideo();
  if (!video.empty()) stemma::BenchVideo(video);
}
