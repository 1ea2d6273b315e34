#include "cli/capture_compare.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/memory.h"
#include "core/comparison.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::json;

Json PermilleOf(double share) { return std::lround(share * 1000); }

Status LogComparison(const Relative& relative, const Publication& publication,
                     CaptureTools& tools) {
  const std::string& reference =
      relative.earlier ? relative.publication.id : publication.id;
  const std::string& suspect =
      relative.earlier ? publication.id : relative.publication.id;
  const Comparison& c = relative.comparison;
  int critical = 0;
  for (const Change& change : c.changes) {
    critical += change.severity == Severity::kCritical;
  }
  Json event = {
      {"a", reference},
      {"b", suspect},
      {"verdict", NameOf(c.verdict)},
      {"flags", c.flags},
      {"headline", c.headline},
      {"coverage_permille",
       {PermilleOf(c.coverage_reference), PermilleOf(c.coverage_suspect)}},
      {"critical", critical},
      {"minor", c.changes.size() - static_cast<std::size_t>(critical)},
      {"method", "stemma-norm/1"},
      {"video", {{"verdict", NameOf(relative.video.verdict)}}}};
  STEMMA_TRY(const auto seq, tools.archive.StageEvent("compare", event));
  (void)seq;
  return {};
}

}  // namespace

Status CompareWithMemory(CaptureTools& tools, CaptureReport& report) {
  if (!tools.memory || !report.publication) return {};
  std::vector<std::shared_ptr<const VideoReport>> videos;
  for (const CapturedMedia& media : report.media) {
    if (media.report) videos.push_back(media.report);
  }
  std::unique_lock<std::mutex> lock;
  if (tools.memory_lock) lock = std::unique_lock(*tools.memory_lock);
  STEMMA_TRY(report.relatives,
             tools.memory->RelativesOf(*report.publication, videos, 3));
  STEMMA_CHECK_OK(tools.memory->Add(*report.publication, videos));
  lock = {};
  for (const Relative& relative : report.relatives) {
    STEMMA_CHECK_OK(LogComparison(relative, *report.publication, tools));
  }
  return {};
}

}  // namespace stemma::cli
