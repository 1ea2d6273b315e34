// The family of a publication: whatever in the archive shares its text or
// video, and what shares theirs.
#pragma once

#include <memory>
#include <vector>

#include "cli/memory.h"
#include "core/publication.h"
#include "core/result.h"
#include "trace/families.h"

namespace stemma {
class ArchiveReader;
}

namespace stemma::cli {

struct Session;

struct Family {
  std::unique_ptr<Memory> memory;
  std::vector<Publication> members;  // the one asked for first
  std::vector<Publication> quoting;  // share a passage, not the text
};

// At most `limit` members; an archive that is not there gives a family of one.
Result<Family> FamilyOf(Session& session, const Publication& publication,
                        std::size_t limit = 200);

// Every publication with its text.
Result<std::vector<Publication>> ReadPublications(ArchiveReader& reader);

}  // namespace stemma::cli
