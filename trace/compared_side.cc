#include "trace/compared_side.h"

#include <string_view>
#include <unordered_set>

namespace stemma {
namespace {

void MarkFurniture(ComparedSide& side, std::string_view site,
                   const SiteModels* models) {
  side.furniture.assign(side.text->tokens.size(), false);
  if (!models) return;
  side.runs = models->Furniture(site, *side.text);
  for (const FurnitureRun& run : side.runs) {
    for (std::uint32_t i = run.first_token; i < run.end_token; ++i) {
      side.furniture[i] = true;
    }
  }
}

// A sentence that is furniture on one side is so on the other: a copy that left
// it standing did not write it.
void MarkAlike(const ComparedSide& known, ComparedSide& other) {
  std::unordered_set<std::uint64_t> hashes;
  for (const Sentence& sentence : known.text->sentences) {
    if (known.furniture[sentence.first_token]) hashes.insert(sentence.hash);
  }
  for (const Sentence& sentence : other.text->sentences) {
    if (!hashes.contains(sentence.hash)) continue;
    for (std::uint32_t i = sentence.first_token; i < sentence.end_token; ++i) {
      other.furniture[i] = true;
    }
  }
}

void CollectContent(ComparedSide& side) {
  const NormalText& text = *side.text;
  std::uint32_t sentence = 0;
  std::uint32_t block = 0;
  for (std::uint32_t i = 0; i < text.tokens.size(); ++i) {
    while (text.sentences[sentence].end_token <= i) ++sentence;
    while (text.blocks[block].end_token <= i) ++block;
    if (side.furniture[i]) continue;
    side.token.push_back(i);
    side.word.push_back(text.tokens[i].hash);
    side.block.push_back(block);
    side.sentence.push_back(sentence);
  }
  side.read_as.assign(side.word.size(), false);
}

}  // namespace

void PrepareSides(const ComparedText& reference, const ComparedText& suspect,
                  const CompareOptions& options, ComparedSide& a,
                  ComparedSide& b) {
  a.text = reference.normal;
  b.text = suspect.normal;
  MarkFurniture(a, reference.site, options.sites);
  MarkFurniture(b, suspect.site, options.sites);
  MarkAlike(a, b);
  MarkAlike(b, a);
  CollectContent(a);
  CollectContent(b);
}

std::uint64_t BlockPairOf(const MatchedRun& run, const ComparedSide& a,
                          const ComparedSide& b) {
  return std::uint64_t{a.block[run.i]} << 32 | b.block[a.partner[run.i]];
}

std::vector<MatchedRun> RunsOf(const ComparedSide& a, const ComparedSide& b) {
  std::vector<MatchedRun> runs;
  for (std::uint32_t i = 0; i < a.size(); ++i) {
    if (!a.Matched(i)) continue;
    const bool goes_on =
        !runs.empty() && runs.back().i + runs.back().size == i &&
        a.partner[i] == a.partner[i - 1] + 1 &&
        BlockPairOf({i, 1}, a, b) == BlockPairOf(runs.back(), a, b);
    if (goes_on) {
      ++runs.back().size;
    } else {
      runs.push_back({i, 1});
    }
  }
  return runs;
}

std::vector<std::uint32_t> BlockSizes(const ComparedSide& side) {
  std::vector<std::uint32_t> sizes(side.text->blocks.size(), 0);
  for (const std::uint32_t block : side.block) ++sizes[block];
  return sizes;
}

std::vector<WordGap> GapsBetween(const ComparedSide& a, const ComparedSide& b) {
  std::vector<WordGap> gaps;
  std::vector<bool> covered(b.size(), false);
  for (std::uint32_t i = 0;;) {
    // [i, i1) stands without partners behind a word that has one.
    std::uint32_t i1 = i;
    while (i1 < a.size() && !a.Matched(i1)) ++i1;
    const std::uint32_t j0 = i == 0 ? 0 : a.partner[i - 1] + 1;
    const std::uint32_t j1 = i1 == a.size() ? b.size() : a.partner[i1];
    bool free = j0 <= j1;
    for (std::uint32_t j = j0; free && j < j1; ++j) {
      free = !b.Matched(j) && !covered[j];
    }
    const WordGap gap{i, i1, j0, free ? j1 : j0};
    for (std::uint32_t j = gap.b0; j < gap.b1; ++j) covered[j] = true;
    if (gap.a0 < gap.a1 || gap.b0 < gap.b1) gaps.push_back(gap);
    if (i1 == a.size()) break;
    i = i1 + 1;
  }
  // What the suspect has at places the reference never reaches.
  for (std::uint32_t j = 0; j < b.size();) {
    if (b.Matched(j) || covered[j]) {
      ++j;
      continue;
    }
    std::uint32_t j1 = j;
    while (j1 < b.size() && !b.Matched(j1) && !covered[j1]) ++j1;
    const std::uint32_t at = j == 0 ? 0 : b.partner[j - 1] + 1;
    gaps.push_back({std::min(at, a.size()), std::min(at, a.size()), j, j1});
    j = j1;
  }
  return gaps;
}

}  // namespace stemma
