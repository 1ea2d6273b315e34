// The HTML report of a family: who copied whom, as a tree with dates; each edge
// with how sure it is, why, and what the copy changed; all members with their
// sources and digests; how to check it. One file: no script, no outside loads.
#pragma once

#include <string>
#include <vector>

#include "core/comparison.h"
#include "core/media.h"
#include "core/publication.h"
#include "review/verify_report.h"
#include "trace/tree.h"

namespace stemma {

struct FamilyMember {
  ReportSide side;
  std::string date_source;  // where the claimed date stands; may be empty
};

// One edge of the tree, seen closely.
struct FamilyEdge {
  StemmaEdge edge;
  Comparison comparison;  // reference: the parent, suspect: the child
  VideoComparison video;  // likewise
};

struct TraceView {
  StemmaTree tree;
  std::vector<FamilyMember> members;
  std::vector<FamilyEdge> edges;     // those of the tree
  std::vector<Publication> quoting;  // share a passage, are no copies
  std::string asked;                 // the member's id
  std::string tool, normal_form;     // as in VerifyView
  TimePoint made;
};

// The whole page, UTF-8. Never fails; untrusted text is escaped.
std::string RenderTraceReport(const TraceView& view);

}  // namespace stemma
