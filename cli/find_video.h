// Which videos of an archive show what a video or a still shows.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/blob.h"
#include "core/result.h"
#include "media/match.h"

namespace stemma::cli {

// Where the archive has a video: one payload may have come several times.
struct KnownPlace {
  std::string capture_id, url;
  std::string reference;  // the name given at import, may be empty
  std::string page;       // capture of the page that shows it, may be empty
};

// All videos and stills of an archive that were decoded, ready to be searched.
class VideoLibrary {
 public:
  // An archive that is not there is an empty library.
  static Result<VideoLibrary> Open(const std::filesystem::path& dir);

  std::size_t size() const { return index_.size(); }
  std::vector<VideoMatch> Find(const VideoReport& query) const {
    return index_.Find(query);
  }
  std::vector<PictureMatch> FindPicture(const FrameSample& query) const {
    return index_.FindPicture(query);
  }
  // `id` as in a match.
  const std::vector<KnownPlace>& PlacesOf(const std::string& id) const;
  // Null for an id that is in no match.
  std::shared_ptr<const VideoReport> ReportOf(const std::string& id) const;

 private:
  VideoIndex index_;
  // By payload.
  std::map<std::string, std::vector<KnownPlace>> places_;
  std::map<std::string, std::shared_ptr<const VideoReport>> reports_;
};

// The report that `find` and `import --media` make of a file: a video by the
// worker, a still directly. kUnsupported when it is neither. With `pictures`
// the frames of a video that a reviewer should see come along.
Result<VideoReport> ReadMedium(const Blob& bytes, bool pictures = false);
// Whether a file's first bytes are those of a video or a still.
bool IsMedium(std::string_view prefix);

// A match as the batch lines of `find` have it (the contract): segments as
// [q0, q1, r0, r1], alterations by query time.
nlohmann::ordered_json LineOf(std::string_view query, const VideoMatch& match,
                              std::string_view reference);

}  // namespace stemma::cli
