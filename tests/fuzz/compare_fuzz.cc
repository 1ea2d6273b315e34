#include <algorithm>

#include "core/utf8.h"
#include "hash/sha256.h"
#include "tests/fuzz/fuzz_target.h"
#include "trace/compare.h"

namespace stemma::fuzz {
namespace {

Publication Of(std::string_view text) {
  Publication publication;
  publication.text = ValidUtf8(text);
  publication.text_sha256 = Sha256Of(publication.text);
  return publication;
}

std::size_t CodePoints(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

void RequireSpans(const Comparison& comparison, std::size_t a, std::size_t b) {
  for (const Change& change : comparison.changes) {
    Require(change.reference.begin <= change.reference.end &&
                change.reference.end <= a,
            "a span lies in the reference");
    Require(
        change.suspect.begin <= change.suspect.end && change.suspect.end <= b,
        "a span lies in the suspect");
    Require(!change.kinds.empty(), "a change has a kind");
  }
}

}  // namespace

// The two texts are parted by the first NUL.
FUZZ_TARGET(compare) {
  const std::size_t nul = bytes.find('\0');
  const Publication a = Of(bytes.substr(0, nul));
  const Publication b =
      Of(nul == std::string_view::npos ? std::string_view()
                                       : bytes.substr(nul + 1));
  RequireSpans(Compare(a, b), CodePoints(a.text), CodePoints(b.text));
  const Comparison self = Compare(a, a);
  Require(self.verdict == Verdict::kIdentical || a.text.empty(),
          "a text is identical to itself");
  Require(self.changes.empty(), "... and nothing changed in it");
}

}  // namespace stemma::fuzz
