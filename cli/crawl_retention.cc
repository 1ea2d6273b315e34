#include "cli/crawl_retention.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "archive/archive_reader.h"
#include "archive/archive_writer.h"
#include "archive/index.h"
#include "cli/erasing.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::json;

bool IsHeld(const Job::Retention& rules, const CaptureRow& capture) {
  for (const std::string& address : {capture.target, capture.final_url}) {
    const Result<Url> url = Url::Parse(address);
    if (url && !MatchOf(rules.hold, *url).empty()) return true;
  }
  return false;
}

RetentionRules RulesFor(const Job& job, TimePoint now) {
  RetentionRules rules;
  rules.cutoff = now - *job.retention.keep;
  rules.job = job.name;
  rules.media_only = job.retention.media_only;
  rules.keep_copies = job.retention.keep_copies;
  if (!job.retention.hold.empty()) {
    rules.hold = [&job](const CaptureRow& capture) {
      return IsHeld(job.retention, capture);
    };
  }
  return rules;
}

}  // namespace

Result<RetentionPlan> PlanRetentionOf(const Job& job,
                                      const std::filesystem::path& archive,
                                      TimePoint now) {
  if (!job.retention.keep) return RetentionPlan();
  Result<std::unique_ptr<ArchiveReader>> reader = ArchiveReader::Open(archive);
  if (!reader && reader.error().code() == ErrorCode::kNotFound) {
    return RetentionPlan();
  }
  if (!reader) return std::move(reader).error();
  return PlanRetention(**reader, RulesFor(job, now));
}

Result<Json> RetainFor(const Session& session, const Job& job,
                       const std::filesystem::path& archive) {
  STEMMA_TRY(const RetentionPlan plan,
             PlanRetentionOf(job, archive, session.clock()));
  Json report = ToJson(plan);
  report["erased"] = Json::array();
  if (plan.bundles.empty()) return report;
  const Erasure why{job.retention.basis, job.retention.approved_by};
  STEMMA_TRY(const std::vector<ErasedFromBundle> erased,
             EraseFrom(archive, session, why, [&](ArchiveWriter& writer) {
               return Retain(writer, plan, why);
             }));
  for (const ErasedFromBundle& one : erased) {
    report["erased"].push_back(ToJson(one));
  }
  return report;
}

Json ToJson(const RetentionPlan& plan) {
  std::uint64_t whole = 0;
  for (const RetentionPlan::Bundle& bundle : plan.bundles) {
    whole += bundle.whole ? 1 : 0;
  }
  return {{"records", plan.Records()},
          {"bytes", plan.Bytes()},
          {"bundles", plan.bundles.size()},
          {"whole_bundles", whole},
          {"kept",
           {{"for_copies", plan.kept_for_copies},
            {"for_revisits", plan.kept_for_revisits},
            {"held", plan.held}}}};
}

std::string Sentence(const Json& plan) {
  const auto number = [](const Json& value) {
    return value.get<std::uint64_t>();
  };
  return fmt::format(
      "{} records ({} bytes) of {} bundles, {} of them whole; kept though old: "
      "{} captures that copies rest on, {} that revisits stand on, {} held",
      number(plan["records"]), number(plan["bytes"]), number(plan["bundles"]),
      number(plan["whole_bundles"]), number(plan["kept"]["for_copies"]),
      number(plan["kept"]["for_revisits"]), number(plan["kept"]["held"]));
}

}  // namespace stemma::cli
