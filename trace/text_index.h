// The candidate index: which texts share a passage with this one?
//
// 8-word shingles over compare forms, winnowed (Schleimer, Wilkerson, Aiken
// 2003) with window 7: any shared run of 14 words is certain to be hit. Answers
// by containment, not Jaccard, because a republication is often an excerpt.
//
// On disk, postings lie in immutable sorted segment files (trace/segment.h),
// mapped, found through a directory of hash prefixes, merged eight at a time. A
// segment becomes real by rename; a damaged one is refused by its digest and
// built again from the rows. In memory the same code runs over buffers, for
// batches. Texts equal in normal form are indexed once, so that a million
// mirrors cost a row each and no posting.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/publication.h"
#include "core/result.h"

namespace stemma {

struct TextIndexParameters {
  int shingle_words = 8;
  int window = 7;
  // Texts of fewer words keep every shingle, and every text those of its
  // opening: a quarter of few is none, and excerpts keep the opening.
  std::size_t short_text = 64;
  std::size_t opening_words = 24;
  // A shingle on more documents than this finds nothing any more.
  std::size_t max_document_frequency = 64;
  // On this many documents of one site a shingle is likely that site's
  // furniture: it takes `weak_hits` such hits to make a candidate.
  std::size_t site_furniture = 4;
  std::size_t weak_hits = 16;
  // Different shingles that make a candidate; one is enough where a sketch is
  // no larger than short_sketch.
  std::size_t min_hits = 2;
  std::size_t short_sketch = 16;
  std::size_t max_candidates = 64;
  std::size_t flush_postings = 1u << 20;  // in memory, before a segment
  std::size_t merge_factor = 8;
};

struct TextCandidate {
  std::string id;
  std::uint32_t document = 0;  // number in the index; mirrors share one text
  double containment = 0;      // share of the smaller sketch found in the other
  double of_query = 0;  // share of the query's sketch found in the document
  double of_document = 0;
  std::size_t hits = 0;  // different shingles in common
};

struct TextIndexStats {
  std::size_t documents = 0;  // all, mirrors too
  std::size_t texts = 0;      // different ones
  std::size_t postings = 0, segments = 0;
  std::uint64_t posting_bytes = 0, row_bytes = 0;  // of segments
};

class TextIndex {
 public:
  // In memory only.
  static TextIndex InMemory(const TextIndexParameters& parameters = {});
  // In `directory` (an archive's segments/), made if absent, for one process at
  // a time. kCorrupt names the damaged file; deleting the directory is the
  // cure.
  static Result<TextIndex> Open(const std::filesystem::path& directory,
                                const TextIndexParameters& parameters = {});
  // The same beside a process that writes: what is added stays in memory.
  static Result<TextIndex> OpenToRead(
      const std::filesystem::path& directory,
      const TextIndexParameters& parameters = {});
  TextIndex(TextIndex&&) noexcept;
  TextIndex& operator=(TextIndex&&) noexcept;
  ~TextIndex();

  // Adds a text; the same id again replaces nothing and is ignored.
  Status Add(const Publication& publication);
  Status Add(std::string_view id, std::string_view site, std::string_view text);
  // The same with the words already made, without furniture if the caller can
  // tell it.
  Status AddWords(std::string_view id, std::string_view site,
                  std::span<const std::uint64_t> words);
  // Makes everything added durable. Add alone may be lost by a crash, the
  // caller's rows are the truth (contract: segments/ is a cache).
  Status Flush();

  // Texts that share passages with this one, best containment first; mirrors
  // are all named, up to 1024 answers.
  std::vector<TextCandidate> Query(std::string_view text) const;
  // The same for words already made.
  std::vector<TextCandidate> QueryAll(
      std::span<const std::uint64_t> words) const;
  // The same; of mirrors the first added stands for all.
  std::vector<TextCandidate> QueryWords(
      std::span<const std::uint64_t> words) const;
  // The ids with the same text in normal form as document `number`, its own
  // among them, in the order they were added: the first `most` of them.
  std::vector<std::string> Mirrors(
      std::uint32_t number,
      std::size_t most = std::numeric_limits<std::size_t>::max()) const;
  bool Contains(std::string_view id) const;
  TextIndexStats Stats() const;

 private:
  struct State;
  explicit TextIndex(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The winnowed sketch of a text: sorted, without repeats. Pure.
std::vector<std::uint64_t> Sketch(std::span<const std::uint64_t> words,
                                  const TextIndexParameters& parameters = {});

}  // namespace stemma
