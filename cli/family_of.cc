#include "cli/family_of.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "archive/archive_reader.h"
#include "cli/session.h"

namespace stemma::cli {
namespace {

// A segment alone may be a round-up's: it does not make a family.
bool SharesVideo(const VideoComparison& video) {
  return SharesPictures(video.verdict) &&
         video.verdict != VideoVerdict::kSegment;
}

bool IsCopy(const Relative& relative) {
  const Comparison& c = relative.comparison;
  const bool text = c.verdict != Verdict::kUnrelated &&
                    c.verdict != Verdict::kQuoting &&
                    std::max(c.coverage_reference, c.coverage_suspect) >=
                        kRepublicationCoverage;
  return text || SharesVideo(relative.video);
}

}  // namespace

Result<Family> FamilyOf(Session& session, const Publication& publication,
                        std::size_t limit) {
  Family family;
  STEMMA_TRY(family.memory, Memory::Open(session.ArchiveDir()));
  family.members.push_back(publication);
  std::set<std::string> seen = {publication.id};
  // Copies of copies: a chain A, B, C where C shares little with A.
  for (std::size_t next = 0;
       next < family.members.size() && family.members.size() < limit; ++next) {
    const Publication member = family.members[next];
    STEMMA_TRY(const auto videos, family.memory->VideosOf(member.id));
    STEMMA_TRY(const std::vector<Relative> relatives,
               family.memory->RelativesOf(member, videos, limit));
    for (const Relative& relative : relatives) {
      if (family.members.size() >= limit) break;
      const bool copy = IsCopy(relative);
      // What only quotes a copy is told, but does not bring its own family.
      if (!copy && next > 0) continue;
      if (!seen.insert(relative.publication.id).second) continue;
      STEMMA_TRY(const bool again,
                 family.memory->IsSeenAgain(publication, relative.publication));
      if (again) continue;
      (copy ? family.members : family.quoting).push_back(relative.publication);
    }
  }
  return family;
}

Result<std::vector<Publication>> ReadPublications(ArchiveReader& reader) {
  std::vector<Publication> publications;
  STEMMA_CHECK_OK(
      reader.ForEachPublication([&](const Publication& publication) -> Status {
        publications.push_back(publication);
        return {};
      }));
  return publications;
}

}  // namespace stemma::cli
