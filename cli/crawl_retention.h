// What a job's [retention] erases: planned for a dry run, done at the end of a
// run that was complete.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "archive/retention.h"
#include "cli/session.h"
#include "core/result.h"
#include "core/time.h"
#include "fetch/job.h"

namespace stemma::cli {

// What would be erased now; nothing for a job without retention or an archive
// that is not there.
Result<RetentionPlan> PlanRetentionOf(const Job& job,
                                      const std::filesystem::path& archive,
                                      TimePoint now);

// Erases it and builds the caches again; for the run's report. Nobody may hold
// the archive.
Result<nlohmann::json> RetainFor(const Session& session, const Job& job,
                                 const std::filesystem::path& archive);

// {"records", "bytes", "kept": {...}} and its sentence.
nlohmann::json ToJson(const RetentionPlan& plan);
std::string Sentence(const nlohmann::json& plan);

}  // namespace stemma::cli
