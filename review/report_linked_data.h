// A report as JSON-LD for other people's programs: W3C PROV for archives, and
// ClaimReview with MediaReview (schema.org) for fact-checkers.
#pragma once

#include <nlohmann/json.hpp>

#include "review/report.h"

namespace stemma {

// PROV-O (W3C Recommendation 2013): captures, derivations and comparisons are
// activities; pages, records, articles, media and bundles entities; the
// software and the operator agents.
nlohmann::json ReportProv(const ReportDocument& report);

// A form for a person to fill in: what was published where, when it was
// captured, and what differs from which earlier copy. Ratings are left out;
// members that only a person can know hold "<fill in: ...>".
nlohmann::json ReportClaimReview(const ReportDocument& report);

}  // namespace stemma
