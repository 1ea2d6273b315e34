#include "cli/site_rules_files.h"

#include <algorithm>
#include <cstdlib>
#include <system_error>

#include "cli/file_blob.h"
#include "cli/session.h"

namespace stemma::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxRuleBytes = 1 << 20;

std::vector<fs::path> OwnFolders() {
  std::vector<fs::path> folders = {fs::path(STEMMA_DATA) / "sites"};
  if (const char* xdg = std::getenv("XDG_CONFIG_HOME");
      xdg != nullptr && *xdg != '\0') {
    folders.push_back(fs::path(xdg) / "stemma/sites");
  } else if (const char* home = std::getenv("HOME"); home != nullptr) {
    folders.push_back(fs::path(home) / ".config/stemma/sites");
  }
  return folders;
}

Result<SiteRules> ReadFile(const fs::path& path) {
  STEMMA_TRY(const Blob blob, FileBlob(path.string()));
  STEMMA_TRY(const std::string text, blob.ReadAll(kMaxRuleBytes));
  return SiteRules::Parse(text, path.string());
}

}  // namespace

Result<SiteRules> ReadSiteRules(const fs::path& folder) {
  SiteRules rules;
  std::error_code error;
  if (!fs::is_directory(folder, error)) return rules;
  std::vector<fs::path> files;
  for (fs::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() == ".toml") files.push_back(it->path());
  }
  if (error) {
    return Error(ErrorCode::kIo, folder.string() + ": " + error.message());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    STEMMA_TRY(SiteRules more, ReadFile(file));
    rules.Add(std::move(more));
  }
  return rules;
}

Result<SiteRules> SiteRulesOf(Session& session, const std::string& given) {
  SiteRules rules;
  for (const fs::path& folder : OwnFolders()) {
    Result<SiteRules> own = ReadSiteRules(folder);
    if (own) {
      rules.Add(*std::move(own));
    } else {
      session.Note("site rules left out: " + own.error().message());
    }
  }
  if (given.empty()) return rules;
  std::error_code error;
  if (!fs::is_directory(given, error)) {
    return Error(ErrorCode::kIo, given + ": no such folder");
  }
  STEMMA_TRY(SiteRules more, ReadSiteRules(given));
  rules.Add(std::move(more));
  return rules;
}

}  // namespace stemma::cli
