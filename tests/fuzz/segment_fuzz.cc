#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.h"
#include "trace/cache_file.h"
#include "trace/segment.h"

namespace stemma::fuzz {

// A segment whose digest fits can still hold anything: whoever changed it may
// have made a new one.
FUZZ_TARGET(segment) {
  const Result<Segment> segment =
      Segment::FromBytes(WithDigest(std::string(bytes)));
  if (!segment) return;
  std::vector<std::uint32_t> documents;
  for (const std::uint64_t hash : {0ULL, 77ULL, (1ULL << 40) - 1}) {
    documents.clear();
    segment->Find(hash, 10, documents);
    Require(documents.size() <= 10, "the limit holds");
    static_cast<void>(segment->Holds(hash, segment->first_document()));
  }
  std::vector<Posting> postings;
  segment->Read(postings);
  Require(postings.size() <= bytes.size(), "a posting takes a byte or more");
  const auto rows = segment->Rows();
  Require(!rows || rows->size() == segment->documents(), "a row a document");
}

}  // namespace stemma::fuzz
