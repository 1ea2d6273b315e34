// What the archive remembers, arranged for one question: have we seen this
// text or this video before? Stands on caches in segments/ (text index, site
// models), which are brought up to date from the log, so that opening costs
// what is new and not what is there. One process writes them, the one that
// holds segments/lock; others learn what is new in memory.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/comparison.h"
#include "core/media.h"
#include "core/publication.h"
#include "core/result.h"

namespace stemma {
class ArchiveReader;
class Index;
class SiteModels;
struct VideoReport;
}  // namespace stemma

namespace stemma::cli {

// A publication the archive holds that shares text or video with another.
struct Relative {
  Publication publication;
  Comparison comparison;  // reference: the relative; suspect: the one asked
  VideoComparison video;
  bool earlier = true;  // by the claimed date, else by our clock
};

class Memory {
 public:
  // An archive that is not there is an empty memory.
  static Result<std::unique_ptr<Memory>> Open(const std::filesystem::path& dir);
  // Learns all caches anew and saves them. kBusy: another process writes them.
  static Status Rebuild(const std::filesystem::path& dir);
  // Removes all caches; the next Open learns them anew. kBusy as above.
  static Status Forget(const std::filesystem::path& dir);
  ~Memory();

  // The relatives of `publication`, best first: most of its text covered, then
  // the earliest. `videos` are those bound to it. Itself and other captures of
  // the same URL are left out; of one that was seen again, the first capture
  // stands for all. At most `limit`.
  Result<std::vector<Relative>> RelativesOf(
      const Publication& publication,
      const std::vector<std::shared_ptr<const VideoReport>>& videos,
      std::size_t limit);

  // Whether one is the other captured once more: the same text, with the same
  // videos, at the same address. Another publication has another address.
  Result<bool> IsSeenAgain(const Publication& a, const Publication& b);

  // From now on `publication` is known too.
  Status Add(const Publication& publication,
             const std::vector<std::shared_ptr<const VideoReport>>& videos);

  // How many texts are known.
  std::size_t texts() const;

  // Furniture learned from all known publications.
  const SiteModels& sites() const;

  // The reports of the videos bound to a capture, in page order.
  Result<std::vector<std::shared_ptr<const VideoReport>>> VideosOf(
      const std::string& capture_id);

  // kNotFound where there is no archive: nothing in it is no answer then.
  Status NeedArchive() const;

  // What could not be read, and so was not compared with.
  const std::vector<std::string>& notes() const;

  // Saves the caches, if this process may.
  Status Flush();

 private:
  struct State;
  explicit Memory(std::unique_ptr<State> state);
  static Result<std::unique_ptr<Memory>> Open(const std::filesystem::path& dir,
                                              bool anew);
  Result<std::vector<Publication>> DistinctOf(
      const std::vector<std::string>& candidates);
  std::unique_ptr<State> state_;
};

// Whether a verdict says that one video holds pictures of the other.
bool SharesPictures(VideoVerdict verdict);

// What the best pair among two sets of videos says: kNotCompared with the
// reason when one side has none.
VideoComparison CompareVideoSets(
    const std::vector<std::shared_ptr<const VideoReport>>& reference,
    const std::vector<std::shared_ptr<const VideoReport>>& suspect);

}  // namespace stemma::cli
