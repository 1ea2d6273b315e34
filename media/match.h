// Which videos share pictures, where, and what was altered.
//
// Frames are compared through the small views in FrameSample: hashes of the
// views vote for (offset, speed) lines, the lines are verified on the pictures
// themselves, and what does not fit is named (docs/decisions/media-match.md).
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/media.h"
#include "core/result.h"
#include "media/keyframes.h"

namespace stemma {

// What is said about copy `b` of video `a`. Pure; reports without samples or
// that were rejected give kNotCompared with the reason.
VideoComparison CompareVideos(const VideoReport& a, const VideoReport& b);

struct VideoMatch {
  std::string id;    // as given to Add
  double score = 0;  // 0 to 1: confidence from independent seconds
  bool mirrored = false;
  double speed = 1;  // seconds of the known video per second of the query
  VideoComparison comparison;  // a: the known video, b: the query
};

// A still found in a known video.
struct PictureMatch {
  std::string id;
  double seconds = 0;  // where in the video
  double score = 0;    // share of the picture that agrees, 0 to 1
  bool mirrored = false;
  Region region;  // the part of the frame that shows the still
};

// An index over the videos of an archive. Not thread-safe.
class VideoIndex {
 public:
  VideoIndex();
  ~VideoIndex();
  VideoIndex(VideoIndex&&) noexcept;
  VideoIndex& operator=(VideoIndex&&) noexcept;

  // Adds a known video; `report` is shared, not copied. A report without
  // samples adds nothing.
  void Add(std::string id, std::shared_ptr<const VideoReport> report);
  std::size_t size() const;

  // The known videos that share pictures with `query`, best first. Only the
  // `most` likeliest are looked at closely: that is what takes time.
  std::vector<VideoMatch> Find(
      const VideoReport& query,
      std::size_t most = std::numeric_limits<std::size_t>::max()) const;

  // The places in known videos that show the still `query`, best first; one
  // for each stretch of two seconds.
  std::vector<PictureMatch> FindPicture(const FrameSample& query) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stemma
