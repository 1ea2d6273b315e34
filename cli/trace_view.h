// Gathers what the report of a family shows: each member with its sources and
// digests, and each edge with what the copy changed.
#pragma once

#include "cli/family_of.h"
#include "cli/page_source.h"
#include "review/trace_report.h"
#include "trace/tree.h"

namespace stemma::cli {

struct Session;

struct TracedFamily {
  LoadedPublication asked;
  Family family;
  StemmaTree tree;
};

// A member whose page cannot be read any more is shown by what is known of it.
Result<TraceView> GatherTrace(Session& session, const TracedFamily& traced);

}  // namespace stemma::cli
