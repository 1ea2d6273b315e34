// Where the rules for single sites lie: configs/sites as installed, then
// $XDG_CONFIG_HOME/stemma/sites (~/.config without it), then --sites.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "article/site_rules.h"
#include "core/result.h"

namespace stemma::cli {

struct Session;

// Every *.toml of `folder` in the order of names; none when there is no such
// folder. kMalformed and kIo name the file.
Result<SiteRules> ReadSiteRules(const std::filesystem::path& folder);

// All rules; `given` is the folder of --sites, or empty. A file that cannot be
// used is an error where the user named the folder, else a note on `err`.
Result<SiteRules> SiteRulesOf(Session& session, const std::string& given);

}  // namespace stemma::cli
