// What the HTML reports of verify, trace and find show of a publication and of
// its video, gathered from the archive; and the writing of the file.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/page_source.h"
#include "core/media.h"
#include "core/result.h"
#include "review/verify_report.h"

namespace stemma {
class ArchiveReader;
struct VideoReport;
}  // namespace stemma

namespace stemma::cli {

struct Session;

using Videos = std::vector<std::shared_ptr<const VideoReport>>;

// A frame of a video.
struct TimedPicture {
  double seconds = 0;
  std::string mime, bytes;
};

// The keyframe pictures of a video, as stored when it was captured, in order.
// One that cannot be read is left out: the report is for people, the archive is
// what is checked.
std::vector<TimedPicture> StoredPictures(ArchiveReader& reader,
                                         const VideoReport& video);

// Pictures of the same moment beside each other, and moments that only one side
// has; altered ones are kept where there is no room for all.
std::vector<FramePair> PairFrames(const std::vector<TimedPicture>& reference,
                                  const std::vector<TimedPicture>& copy,
                                  const VideoComparison& video);

// What is known of a publication beside its text; one whose page cannot be read
// any more is as it was given.
LoadedPublication LoadKnown(Session& session, const Publication& known);

// `reader` may be null: then there is no capture and no bundle to name.
ReportSide GatherSide(ArchiveReader* reader, const LoadedPublication& loaded,
                      const Videos& videos);

// Writes the file that --report names, and says so.
Status WriteReport(const std::string& path, std::string_view html,
                   const Session& session);

}  // namespace stemma::cli
