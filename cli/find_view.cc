#include "cli/find_view.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/archive_reader.h"
#include "cli/report_sides.h"
#include "cli/session.h"
#include "trace/normal_form.h"

namespace stemma::cli {
namespace {

// Code points of a passage that are shown; matches with pictures.
constexpr std::size_t kMostShown = 320;
constexpr std::size_t kMostWithFrames = 10;
// How far from a found still a kept frame may lie and still show it.
constexpr double kNearSeconds = 1.0;

std::string Shown(std::string_view text, Span span) {
  const Span shown{span.begin, std::min(span.end, span.begin + kMostShown)};
  return std::string(CodePoints(text, shown)) +
         (shown.end < span.end ? " …" : "");
}

FoundText TextOf(const Relative& relative, const Publication& asked) {
  FoundText text;
  text.comparison = relative.comparison;
  text.archived_first = relative.earlier;
  text.of_query = CoverageOfQuery(relative);
  text.of_archived = CoverageOfArchived(relative);
  for (const SharedPassage& passage : PassagesOf(relative)) {
    text.passages.push_back({passage.paragraph,
                             Shown(relative.publication.text, passage.archived),
                             Shown(asked.text, passage.query)});
  }
  return text;
}

// The frames that came with the video that is looked for.
std::vector<TimedPicture> OwnPictures(const VideoReport& report) {
  std::vector<TimedPicture> pictures;
  for (const KeyframeImage& image : report.images) {
    if (image.keyframe >= report.keyframes.size()) continue;
    pictures.push_back(
        {report.keyframes[image.keyframe].seconds, image.mime, image.bytes});
  }
  return pictures;
}

FoundStill StillOf(const PictureMatch& match,
                   const std::vector<TimedPicture>& pictures) {
  FoundStill still;
  still.seconds = match.seconds;
  still.score = match.score;
  still.mirrored = match.mirrored;
  still.region = match.region;
  double nearest = kNearSeconds;
  for (const TimedPicture& picture : pictures) {
    const double distance = std::abs(picture.seconds - match.seconds);
    if (distance > nearest) continue;
    nearest = distance;
    still.frame = picture.bytes;
    still.mime = picture.mime;
    still.frame_seconds = picture.seconds;
  }
  return still;
}

// The page that shows a medium, where the archive knows one.
ReportSide SideOfMedium(Session& session, ArchiveReader& reader,
                        const Match& match) {
  Publication page;
  page.id =
      match.place.page.empty() ? match.place.capture_id : match.place.page;
  page.url = match.place.url;
  Result<Publication> known = reader.PublicationById(page.id);
  LoadedPublication loaded;
  if (known) {
    loaded = LoadKnown(session, *known);
  } else {
    loaded.publication = page;
  }
  Videos videos;
  if (match.known) videos.push_back(match.known);
  ReportSide side = GatherSide(&reader, loaded, videos);
  side.video_name = match.place.url;
  return side;
}

class Gatherer {
 public:
  Gatherer(Session& session, ArchiveReader& reader, const Found& found)
      : session_(session), reader_(reader), found_(found) {
    if (found.medium) own_ = OwnPictures(*found.medium);
  }

  FindMatch Gather(const Match& match) {
    FindMatch seen;
    seen.name = match.place.reference;
    if (match.text) {
      seen.side = GatherSide(&reader_,
                             LoadKnown(session_, match.text->publication), {});
      seen.text = TextOf(*match.text, found_.text->publication);
      return seen;
    }
    seen.side = SideOfMedium(session_, reader_, match);
    std::vector<TimedPicture> pictures;
    if (match.known && with_frames_ < kMostWithFrames) {
      ++with_frames_;
      pictures = StoredPictures(reader_, *match.known);
    }
    if (match.picture) seen.still = StillOf(*match.picture, pictures);
    if (match.video) {
      seen.video = FoundVideo{match.video->comparison,
                              match.video->score,
                              match.video->mirrored,
                              match.video->speed,
                              {}};
      if (!pictures.empty()) {
        seen.video->frames =
            PairFrames(pictures, own_, match.video->comparison);
      }
    }
    return seen;
  }

 private:
  Session& session_;
  ArchiveReader& reader_;
  const Found& found_;
  std::vector<TimedPicture> own_;
  std::size_t with_frames_ = 0;
};

}  // namespace

Result<FindView> GatherFind(Session& session, const std::string& query,
                            const Found& found) {
  FindView view;
  view.query = query;
  view.searched = found.searched;
  view.tool = "stemma " STEMMA_VERSION;
  view.normal_form = kNormalForm;
  view.made = session.clock();
  if (found.text) {
    view.kind = "text";
    view.asked = GatherSide(nullptr, *found.text, {});
  } else if (found.medium) {
    view.kind = found.medium->facts.contains("kind") ? "picture" : "video";
    view.asked.video_sha256 = found.medium->payload.Hex();
    view.asked.video_seconds = found.medium->duration;
  }
  if (found.matches.empty()) return view;
  STEMMA_TRY(const auto reader, ArchiveReader::Open(session.ArchiveDir()));
  Gatherer gatherer(session, *reader, found);
  for (const Match& match : found.matches) {
    view.matches.push_back(gatherer.Gather(match));
  }
  return view;
}

}  // namespace stemma::cli
