// What a visit means for the frontier: its outcome and when to come back.
// Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/capture_url.h"
#include "cli/crawl_run.h"
#include "core/comparison.h"
#include "core/media.h"
#include "fetch/frontier.h"
#include "fetch/job.h"

namespace stemma::cli {

VisitRecord JudgeVisit(const Job& job, const Address& address,
                       const CaptureReport& report, TimePoint now);

// If-None-Match and If-Modified-Since for a page we have, but for every tenth
// visit (fetch/revisit.h).
std::vector<std::pair<std::string, std::string>> ConditionsFor(
    const Address& address);

// The relatives of a page worth telling: not `unrelated`, not mere quotations
// unless the video is the same.
std::vector<FoundCopy> CopiesIn(const CaptureReport& report);

// Whether one of them differs where it matters: words, or pictures.
bool IsAltered(Verdict verdict, VideoVerdict video);

}  // namespace stemma::cli
