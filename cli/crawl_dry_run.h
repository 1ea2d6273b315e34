// stemma crawl --dry-run: what a run would fetch, from where it knows it, and
// what robots.txt says. Contacts nobody but for robots.txt and sitemaps, keeps
// nothing, takes no lock.
#pragma once

#include <filesystem>

#include "cli/crawl_run.h"
#include "cli/session.h"
#include "fetch/job.h"

namespace stemma::cli {

// Prints to session.out; the exit code.
int DryRun(Session& session, const Job& job, const CrawlOptions& options,
           const std::filesystem::path& archive);

}  // namespace stemma::cli
