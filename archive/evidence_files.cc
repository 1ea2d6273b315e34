#include "archive/evidence_files.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "archive/durable_file.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxManifestFile = std::size_t{4} << 20;

std::optional<std::uint64_t> ParseSizeName(std::string_view text) {
  std::uint64_t number = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (text.empty() || error != std::errc() || end != last ||
      (text.size() > 1 && text[0] == '0')) {
    return std::nullopt;
  }
  return number;
}

class FileCollector {
 public:
  FileCollector(ManifestFiles& files, FindingList& findings)
      : files_(files), findings_(findings) {}

  void Collect() {
    std::vector<fs::path> paths;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(files_.manifest, failed)) {
      paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    for (const fs::path& path : paths) Take(path);
    for (auto& [name, token] : tokens_) {
      token.name = name;
      files_.tokens.push_back(std::move(token));
    }
  }

 private:
  void Take(const fs::path& path) {
    const std::string name = path.filename().string();
    const bool ours = name == "events.jsonl" || name == "tile" ||
                      name.starts_with("checkpoint") || name.ends_with(".vkey");
    if (!ours) {
      // A hand-over has other files beside these; a manifest has none.
      if (files_.archive && name != "lock") Unexpected(name);
      return;
    }
    std::error_code failed;
    const fs::file_status status = fs::symlink_status(path, failed);
    const bool folder = name == "tile";
    if (folder ? !fs::is_directory(status) : !fs::is_regular_file(status)) {
      findings_.Add({"not-regular-file", Weight::kAltered, name,
                     "a link, a folder or a device stands in the place of a "
                     "file",
                     std::nullopt});
      return;
    }
    if (folder || name == "events.jsonl") return;
    Result<std::string> bytes = ReadRegularFile(path, kMaxManifestFile);
    if (!bytes) {
      findings_.Add({"not-regular-file", Weight::kAltered, name,
                     bytes.error().message(), std::nullopt});
      return;
    }
    Sort(name, *std::move(bytes));
  }

  void Unexpected(const std::string& name) {
    findings_.Add({"unexpected-file", Weight::kWarning, name,
                   "nothing of a manifest has this name", std::nullopt});
  }

  void Sort(const std::string& name, std::string bytes) {
    if (name.ends_with(".vkey")) {
      files_.key_files.push_back(std::move(bytes));
      return;
    }
    if (name == "checkpoint") {
      files_.copy = std::move(bytes);
      return;
    }
    const std::string_view rest = std::string_view(name).substr(
        std::min<std::size_t>(11, name.size()));  // after "checkpoint."
    const std::size_t dot = rest.find('.');
    const auto size = ParseSizeName(rest.substr(0, dot));
    const std::string_view kind =
        dot == std::string_view::npos ? "" : rest.substr(dot + 1);
    if (size && kind.empty()) {
      files_.checkpoints[*size] = std::move(bytes);
    } else if (size && kind == "cosigned") {
      files_.cosigned[*size] = std::move(bytes);
    } else if (size && kind.starts_with("tsa") &&
               (kind.ends_with(".tsr") || kind.ends_with(".tsq"))) {
      TokenFiles& token = tokens_[name.substr(0, name.size() - 4)];
      token.size = *size;
      const bool response = kind.ends_with(".tsr");
      (response ? token.response : token.query) = std::move(bytes);
      (response ? token.has_response : token.has_query) = true;
    } else if (size && kind.starts_with("ots") && kind.ends_with(".ots")) {
      files_.ots[name] = std::move(bytes);
    } else {
      files_.other_notes[name] = std::move(bytes);
    }
  }

  ManifestFiles& files_;
  FindingList& findings_;
  std::map<std::string, TokenFiles> tokens_;
};

}  // namespace

void CollectFiles(ManifestFiles& files, FindingList& findings) {
  FileCollector(files, findings).Collect();
}

Result<ManifestFiles> LocateManifest(const fs::path& dir) {
  ManifestFiles files;
  files.root = dir;
  std::error_code failed;
  // A log that is gone is a finding, as long as something speaks of it.
  if (fs::is_directory(dir / "manifest", failed)) {
    files.manifest = dir / "manifest";
    files.archive = true;
    return files;
  }
  files.manifest = dir;
  if (fs::exists(fs::symlink_status(dir / "events.jsonl", failed))) {
    return files;
  }
  for (const auto& entry : fs::directory_iterator(dir, failed)) {
    if (entry.path().filename().string().starts_with("checkpoint.")) {
      return files;
    }
  }
  return Error(ErrorCode::kNotFound,
               dir.string() +
                   ": no archive and no evidence folder (no "
                   "events.jsonl)");
}

}  // namespace stemma
