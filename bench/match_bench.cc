// Matching alone, without decoding: every query of a set that
// make_video_variants.py made against every reference, on reports that were
// made once.
//
//   match_bench SET REPORTS [PREDICTIONS]
//
// REPORTS is a folder that keeps the videos' reports as JSON from one run to
// the next. PREDICTIONS gets lines as ../shared/corpus/score_videos.py reads.
// Printed: CPU seconds of adding the references, and of all queries.
#include <fmt/format.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/file_blob.h"
#include "cli/find_video.h"
#include "media/match.h"
#include "media/video_json.h"

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

[[noreturn]] void Fail(const std::string& why) {
  std::cerr << why << '\n';
  std::exit(1);
}

std::string ReadAll(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) Fail("cannot read " + path.string());
  std::ostringstream all;
  all << in.rdbuf();
  return all.str();
}

std::vector<json> Lines(const fs::path& path) {
  std::istringstream in(ReadAll(path));
  std::vector<json> lines;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) lines.push_back(json::parse(line));
  }
  return lines;
}

std::shared_ptr<const stemma::VideoReport> ReportOf(const fs::path& video,
                                                    const fs::path& kept) {
  if (!fs::exists(kept)) {
    stemma::Result<stemma::Blob> bytes = stemma::cli::FileBlob(video.string());
    if (!bytes) Fail(bytes.error().message());
    const auto report = stemma::cli::ReadMedium(*bytes);
    if (!report) Fail(report.error().message());
    stemma::VideoJsonOptions how;
    how.samples = true;
    std::ofstream(kept) << stemma::ToJson(*report, how).dump();
  }
  auto report = stemma::VideoReportFromJson(ReadAll(kept));
  if (!report) Fail(kept.string() + ": " + report.error().message());
  return std::make_shared<const stemma::VideoReport>(*std::move(report));
}

double CpuSeconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) Fail("usage: match_bench SET REPORTS [PREDICTIONS]");
  const fs::path set = argv[1], reports = argv[2];
  fs::create_directories(reports);
  std::ofstream out;
  if (argc > 3) out.open(argv[3]);

  stemma::VideoIndex index;
  double adding = 0, finding = 0;
  for (const json& line : Lines(set / "refs.jsonl")) {
    const std::string id = line.at("reference");
    const auto report =
        ReportOf(set / line.at("file").get<std::string>(), reports / id);
    const double before = CpuSeconds();
    index.Add(id, report);
    adding += CpuSeconds() - before;
  }
  std::size_t queries = 0;
  for (const json& line : Lines(set / "queries.jsonl")) {
    const std::string id = line.at("query");
    const auto report =
        ReportOf(set / line.at("file").get<std::string>(), reports / id);
    const double before = CpuSeconds();
    const std::vector<stemma::VideoMatch> matches = index.Find(*report);
    finding += CpuSeconds() - before;
    ++queries;
    if (matches.empty()) {
      out << json{{"query", id}, {"reference", nullptr}}.dump() << '\n';
    }
    for (const stemma::VideoMatch& match : matches) {
      out << stemma::cli::LineOf(id, match, match.id).dump() << '\n';
    }
  }
  fmt::print(
      "{} references added in {:.2f} s, {} queries in {:.2f} s ({:.1f} "
      "ms each), CPU\n",
      index.size(), adding, queries, finding,
      1000 * finding / static_cast<double>(queries));
  return 0;
}
