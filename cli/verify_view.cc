#include "cli/verify_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>

#include "archive/archive_reader.h"
#include "cli/report_sides.h"
#include "cli/session.h"
#include "media/keyframes.h"
#include "review/family_svg.h"
#include "trace/normal_form.h"

namespace stemma::cli {

VerifyView GatherView(const Session& session, ArchiveReader* reader,
                      const VerifiedPair& pair) {
  VerifyView view;
  view.reference = GatherSide(reader, pair.reference, pair.reference_videos);
  view.suspect = GatherSide(reader, pair.suspect, pair.suspect_videos);
  view.comparison = pair.comparison;
  view.video = pair.video;
  if (reader && !pair.reference_videos.empty() &&
      !pair.suspect_videos.empty()) {
    view.frames = PairFrames(StoredPictures(*reader, *pair.reference_videos[0]),
                             StoredPictures(*reader, *pair.suspect_videos[0]),
                             pair.video);
  }
  view.tool = "stemma " STEMMA_VERSION;
  view.normal_form = kNormalForm;
  view.made = session.clock();
  return view;
}

void AddFamily(const StemmaTree& tree,
               std::span<const Publication> publications, VerifyView& view) {
  view.family_svg =
      RenderFamilySvg(tree, publications, view.suspect.publication.id);
  const auto name = [&](const std::string& id) {
    for (const Publication& p : publications) {
      if (p.id == id) return p.site.empty() ? p.id : p.site;
    }
    return id.starts_with("*") ? std::string("a lost copy") : id;
  };
  for (const StemmaEdge& edge : tree.edges) {
    view.family_notes.push_back(fmt::format(
        "{} {} {} ({:.0f} %{}): {}", name(edge.child),
        edge.directed ? "copies" : "is tied to", name(edge.parent),
        edge.confidence * 100,
        edge.directed ? "" : ", undirected: nothing decides who was first",
        fmt::join(edge.evidence, "; ")));
  }
}

}  // namespace stemma::cli
