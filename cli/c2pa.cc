#include "cli/c2pa.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "archive/jcs.h"
#include "cli/extractor.h"
#include "core/ascii.h"
#include "core/result.h"
#include "fetch/program_path.h"
#include "fetch/temporary_folder.h"

namespace stemma::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::size_t kMaxStore = std::size_t{16} << 20;
constexpr std::size_t kMostCodes = 16;
constexpr const char* kStore = "manifest-store.json";

Status CopyTo(const Blob& file, const fs::path& path) {
  std::ofstream out(path, std::ios::binary);
  STEMMA_CHECK_OK(file.ForEachPiece([&out](std::string_view piece) {
    out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
    return Status();
  }));
  out.close();
  if (out) return {};
  return Error(ErrorCode::kIo, "copying for c2patool: " + path.string());
}

// The tool goes by a file's ending.
std::string NameFor(const Blob& file) {
  const Result<std::string> prefix = file.ReadPrefix(2);
  return prefix && *prefix == "\xFF\xD8" ? "file.jpg" : "file.mp4";
}

Result<C2paVerdict> Ask(const Blob& file) {
  // A folder of its own for a program that reads hostile bytes.
  STEMMA_TRY(const TemporaryFolder folder, TemporaryFolder::Make("c2pa"));
  const fs::path copy = folder.path() / NameFor(file);
  STEMMA_CHECK_OK(CopyTo(file, copy));
  ExtractorLimits limits;
  limits.max_bytes = kMaxStore;
  limits.time = std::chrono::seconds(60);
  STEMMA_TRY(
      const Extracted ran,
      RunExtractor(std::string("sh -c 'exec c2patool \"$0\" > ") + kStore + "'",
                   copy.string(), folder.path(), limits, [] { return true; }));
  std::ifstream in(folder.path() / kStore, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (ran.exit_code != 0 && text.str().empty()) {
    return Error(ErrorCode::kMalformed,
                 "c2patool ended with " + std::to_string(ran.exit_code));
  }
  return ReadC2paVerdict(text.str());
}

bool IsMismatch(const std::string& code) {
  return code.starts_with("assertion.") && code.ends_with(".mismatch");
}

// Codes are words and dots; what else a file may make a tool say is not.
bool IsCode(const std::string& text) {
  return !text.empty() && text.size() <= 80 &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return IsAlnum(c) || c == '.' || c == '_' || c == '-';
         });
}

// Older tools list what failed at the top; newer ones in the results of the
// active manifest, beside what succeeded.
void CollectFailures(const Json& store, std::vector<std::string>& codes) {
  const auto take = [&codes](const Json& list) {
    if (!list.is_array()) return;
    for (const Json& item : list) {
      if (!item.is_object() || !item.contains("code") ||
          !item["code"].is_string()) {
        continue;
      }
      std::string code = item["code"].get<std::string>();
      if (IsCode(code) && codes.size() < kMostCodes) {
        codes.push_back(std::move(code));
      }
    }
  };
  if (const auto status = store.find("validation_status");
      status != store.end()) {
    take(*status);
    return;
  }
  const auto failures =
      Json::json_pointer("/validation_results/activeManifest/failure");
  if (store.contains(failures)) take(store[failures]);
}

}  // namespace

C2paVerdict ReadC2paVerdict(std::string_view manifest_store) {
  const Result<Json> store =
      ParseStrict(manifest_store, {.max_bytes = kMaxStore, .max_depth = 64});
  if (!store || !store->is_object() || !store->contains("active_manifest")) {
    return {"present, c2patool could not read it", {}};
  }
  C2paVerdict verdict;
  CollectFailures(*store, verdict.codes);
  const auto state = store->find("validation_state");
  const std::string said = state != store->end() && state->is_string()
                               ? state->get<std::string>()
                               : std::string();
  if (std::any_of(verdict.codes.begin(), verdict.codes.end(), IsMismatch)) {
    verdict.state = "mismatch";
  } else if (said == "Invalid" || (said.empty() && !verdict.codes.empty())) {
    verdict.state = "invalid";
  } else {
    verdict.state = said == "Trusted" ? "valid, trusted" : "valid";
  }
  return verdict;
}

bool HasC2paTool() { return FindProgram("c2patool").has_value(); }

void JudgeC2pa(const Blob& file, VideoReport& report) {
  if (!report.facts.contains("c2pa") || !HasC2paTool()) return;
  const Result<C2paVerdict> verdict = Ask(file);
  report.facts["c2pa_tool"] = "c2patool";
  if (!verdict) {
    report.facts["c2pa_state"] = "present, not verified";
    report.warnings.push_back("c2patool: " + verdict.error().message());
    return;
  }
  report.facts["c2pa_state"] = verdict->state;
  if (!verdict->codes.empty()) report.facts["c2pa_codes"] = verdict->codes;
}

}  // namespace stemma::cli
