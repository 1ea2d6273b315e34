// The candidate index: which texts share a passage with this one?
//
// 8-word shingles over compare forms, winnowed (Schleimer, Wilkerson, Aiken
// 2003) with window 7: any shared run of 14 words is certain to be hit. Answers
// by containment, not Jaccard, because a republication is often an excerpt.
//
// On disk a posting is (40-bit hash prefix, document number) in immutable
// sorted segment files, mapped, searched through fence pointers, merged eight
// at a time. A segment becomes real by rename; a torn one is refused by its
// checksum and rebuilt from the rows. In memory the same code runs over
// vectors, for batches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
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
  // A shingle on more documents than this finds nothing any more.
  std::size_t max_document_frequency = 64;
  // On this many documents of one site a shingle is that site's furniture.
  std::size_t site_furniture = 4;
  std::size_t min_hits = 2;  // different shingles that make a candidate
  std::size_t max_candidates = 64;
  std::size_t flush_postings = 1u << 20;  // in memory, before a segment
  std::size_t merge_factor = 8;
};

struct TextCandidate {
  std::string id;
  std::uint32_t document = 0;
  double containment = 0;  // share of the smaller sketch found in the other
  double of_query = 0;     // share of the query's sketch found in the document
  double of_document = 0;
  std::size_t hits = 0;  // different shingles in common
};

struct TextIndexStats {
  std::size_t documents = 0, postings = 0, segments = 0;
  std::uint64_t segment_bytes = 0, row_bytes = 0;
};

class TextIndex {
 public:
  // In memory only.
  static TextIndex InMemory(const TextIndexParameters& parameters = {});
  // In `directory` (an archive's segments/), made if absent. kCorrupt names the
  // damaged file; Rebuild or deleting the directory is the cure.
  static Result<TextIndex> Open(const std::filesystem::path& directory,
                                const TextIndexParameters& parameters = {});
  TextIndex(TextIndex&&) noexcept;
  TextIndex& operator=(TextIndex&&) noexcept;
  ~TextIndex();

  // Adds a text; the same id again replaces nothing and is ignored.
  Status Add(const Publication& publication);
  Status Add(std::string_view id, std::string_view site, std::string_view text);
  // Makes everything added durable. Add alone may be lost by a crash, the
  // caller's rows are the truth (contract: segments/ is a cache).
  Status Flush();

  // Texts that share passages with this one, best containment first.
  std::vector<TextCandidate> Query(std::string_view text,
                                   std::string_view site = {}) const;
  bool Contains(std::string_view id) const;
  TextIndexStats Stats() const;

 private:
  struct State;
  explicit TextIndex(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The winnowed sketch of a text: sorted, without repeats. Pure.
std::vector<std::uint64_t> Sketch(std::string_view text,
                                  const TextIndexParameters& parameters = {});

}  // namespace stemma
