#include <algorithm>

#include "core/chunked.h"
#include "core/http_head.h"
#include "tests/fuzz/fuzz_target.h"

namespace stemma::fuzz {
namespace {

struct Walked {
  std::size_t taken = 0;
  std::string payload;
  bool done = false, broken = false;
};

// Feeds `body` in pieces of `piece` bytes.
Walked WalkIn(std::string_view body, std::size_t piece) {
  Walked walked;
  ChunkWalker walker;
  while (!body.empty() && !walker.done() && !walker.broken()) {
    const std::string_view next = body.substr(0, piece);
    const std::size_t taken = walker.Feed(next, &walked.payload);
    Require(taken <= next.size(), "no more is taken than was given");
    walked.taken += taken;
    body.remove_prefix(std::min(taken, next.size()));
    if (taken < next.size()) break;
  }
  walked.done = walker.done();
  walked.broken = walker.broken();
  return walked;
}

}  // namespace

FUZZ_TARGET(http) {
  const std::size_t end = EndOfHttpHead(bytes);
  Require(end == std::string_view::npos || end <= bytes.size(),
          "a head ends inside the bytes");
  const std::size_t split = end == std::string_view::npos ? 0 : end;
  if (const auto head = ParseHttpHead(bytes.substr(0, split)); head) {
    (void)FramingOf(*head);
    for (const auto& [name, value] : head->fields) {
      Require(head->Find(name) != nullptr, "a field is found by its name");
    }
  }
  const std::string_view body = bytes.substr(split);
  const Walked whole = WalkIn(body, body.size());
  const Walked pieces = WalkIn(body, 1);
  Require(whole.payload == pieces.payload && whole.done == pieces.done &&
              whole.broken == pieces.broken && whole.taken == pieces.taken,
          "chunks mean the same in any pieces");
}

}  // namespace stemma::fuzz
