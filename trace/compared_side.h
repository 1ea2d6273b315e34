// Two texts under comparison: their words without furniture, and which word of
// one is which of the other.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "trace/alignment.h"
#include "trace/compare.h"
#include "trace/normal_form.h"
#include "trace/site_model.h"

namespace stemma {

// One text under comparison. "Content" is its tokens without furniture; most
// indices below count content words.
struct ComparedSide {
  static constexpr std::uint32_t kNone = Alignment::kNone;

  const NormalText* text = nullptr;
  std::vector<bool> furniture;  // by token
  std::vector<FurnitureRun> runs;
  std::vector<std::uint32_t> token;     // by content word
  std::vector<std::uint64_t> word;      // its hash, or of what it is read as
  std::vector<bool> read_as;            // misread from a word of the other side
  std::vector<std::uint32_t> block;     // its block
  std::vector<std::uint32_t> sentence;  // its sentence
  std::vector<std::uint32_t> partner;   // on the other side, or kNone
  std::vector<bool> moved;

  std::uint32_t size() const { return static_cast<std::uint32_t>(word.size()); }
  bool Opens(std::uint32_t i) const {
    return i >= size() || i == 0 || sentence[i] != sentence[i - 1];
  }
  bool OpensBlock(std::uint32_t i) const {
    return i >= size() || i == 0 || block[i] != block[i - 1];
  }
  bool Matched(std::uint32_t i) const { return partner[i] != kNone; }
  const Token& At(std::uint32_t i) const { return text->tokens[token[i]]; }
};

// Words without a partner between two pairs of partners; half open, content
// words. One side may be empty.
struct WordGap {
  std::uint32_t a0 = 0, a1 = 0, b0 = 0, b1 = 0;
};

// Fills both sides but for the partners: tokens, furniture, words.
void PrepareSides(const ComparedText& reference, const ComparedText& suspect,
                  const CompareOptions& options, ComparedSide& a,
                  ComparedSide& b);

// Matched words in a row inside one pair of blocks, in words of the reference.
struct MatchedRun {
  std::uint32_t i = 0, size = 0;
};
std::vector<MatchedRun> RunsOf(const ComparedSide& a, const ComparedSide& b);
// Which pair of blocks a run lies in.
std::uint64_t BlockPairOf(const MatchedRun& run, const ComparedSide& a,
                          const ComparedSide& b);

// Content words by block.
std::vector<std::uint32_t> BlockSizes(const ComparedSide& side);

// Every stretch without partners, in order of the reference.
std::vector<WordGap> GapsBetween(const ComparedSide& a, const ComparedSide& b);

// The hashes of the words from `from` to `to`.
inline std::span<const std::uint64_t> Hashes(std::uint32_t from,
                                             std::uint32_t to,
                                             const ComparedSide& side) {
  return std::span(side.word).subspan(from, to - from);
}

}  // namespace stemma
