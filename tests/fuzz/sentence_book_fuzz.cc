#include <span>
#include <string>

#include "tests/fuzz/fuzz_target.h"
#include "trace/sentence_book.h"

namespace stemma::fuzz {

FUZZ_TARGET(sentence_book) {
  const std::span<const unsigned char> raw(
      reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  const auto epoch = [](std::uint32_t) { return 1U; };
  const Result<SentenceBook> book = SentenceBook::Over(raw);
  if (!book) return;
  Sightings seen;
  for (const std::uint64_t sentence : {0ULL, 77ULL, ~0ULL}) {
    if (!book->Find(sentence, seen)) continue;
    Require(seen.before.size() <= Sightings::kNeighbours &&
                seen.after.size() <= Sightings::kNeighbours,
            "neighbours are few");
  }
  const std::string again = book->Encode(epoch);
  const Result<SentenceBook> copy = SentenceBook::Over(
      {reinterpret_cast<const unsigned char*>(again.data()), again.size()});
  Require(copy.has_value(), "what is written can be read");
}

}  // namespace stemma::fuzz
