#include "cli/trace_view.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "archive/archive_reader.h"
#include "cli/memory.h"
#include "cli/report_sides.h"
#include "cli/session.h"
#include "trace/compare.h"
#include "trace/normal_form.h"

namespace stemma::cli {
namespace {

std::string DateSource(const LoadedPublication& loaded) {
  if (!loaded.publication.published_at) return {};
  if (!loaded.article) return loaded.method;
  return loaded.article->published ? loaded.article->published->source
                                   : std::string();
}

}  // namespace

Result<TraceView> GatherTrace(Session& session, const TracedFamily& traced) {
  TraceView view;
  view.tree = traced.tree;
  view.quoting = traced.family.quoting;
  view.asked = traced.asked.publication.id;
  view.tool = "stemma " STEMMA_VERSION;
  view.normal_form = kNormalForm;
  view.made = session.clock();

  STEMMA_TRY(const auto reader, ArchiveReader::Open(session.ArchiveDir()));
  Memory& memory = *traced.family.memory;
  std::map<std::string, const Publication*, std::less<>> by_id;
  std::map<std::string, Videos, std::less<>> videos;
  for (const Publication& member : traced.family.members) {
    by_id.emplace(member.id, &member);
    STEMMA_TRY(videos[member.id], memory.VideosOf(member.id));
    const LoadedPublication loaded =
        member.id == view.asked ? traced.asked : LoadKnown(session, member);
    view.members.push_back({GatherSide(reader.get(), loaded, videos[member.id]),
                            DateSource(loaded)});
  }
  CompareOptions options;
  options.sites = &memory.sites();
  for (const StemmaEdge& edge : traced.tree.edges) {
    const auto parent = by_id.find(edge.parent);
    const auto child = by_id.find(edge.child);
    FamilyEdge seen;
    seen.edge = edge;
    if (parent != by_id.end() && child != by_id.end()) {
      seen.comparison = Compare(*parent->second, *child->second, options);
      seen.video = CompareVideoSets(videos[edge.parent], videos[edge.child]);
    }
    view.edges.push_back(std::move(seen));
  }
  return view;
}

}  // namespace stemma::cli
