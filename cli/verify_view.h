// Gathers what the comparison report shows: the two sides, the pictures of
// matched and missing moments, and the family.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "cli/page_source.h"
#include "core/comparison.h"
#include "core/media.h"
#include "review/verify_report.h"
#include "trace/tree.h"

namespace stemma {
class ArchiveReader;
struct VideoReport;
}  // namespace stemma

namespace stemma::cli {

struct Session;

struct VerifiedPair {
  const LoadedPublication& reference;
  const LoadedPublication& suspect;
  const Comparison& comparison;
  const VideoComparison& video;
  std::vector<std::shared_ptr<const VideoReport>> reference_videos;
  std::vector<std::shared_ptr<const VideoReport>> suspect_videos;
};

// `reader` may be null: then there are no pictures and no bundles to name. A
// picture that cannot be read is left out; the report is for people, the
// archive is what is checked.
VerifyView GatherView(const Session& session, ArchiveReader* reader,
                      const VerifiedPair& pair);

// Adds the family's picture and the evidence of its edges.
void AddFamily(const StemmaTree& tree,
               std::span<const Publication> publications, VerifyView& view);

}  // namespace stemma::cli
