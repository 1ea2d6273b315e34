// Gathers what the report of a search shows.
#pragma once

#include <string>

#include "cli/found.h"
#include "core/result.h"
#include "review/find_report.h"

namespace stemma::cli {

struct Session;

// `query` as it was asked. A source that cannot be read any more is shown by
// what the match says of it.
Result<FindView> GatherFind(Session& session, const std::string& query,
                            const Found& found);

}  // namespace stemma::cli
