// Compare: was the suspect altered against the reference? A pure function.
//
// The texts are brought to normal form, parted in blocks, furniture is marked,
// blocks are paired by the words they share, and inside paired blocks words are
// aligned (patience anchors, Myers between). Each difference becomes a Change
// with exact code point spans, kinds and a severity; the verdict follows from
// what kinds of differences there are (design: contract "Verdicts").
#pragma once

#include <cstddef>

#include "core/comparison.h"
#include "core/publication.h"
#include "trace/normal_form.h"

namespace stemma {

class SiteModels;  // trace/site_model.h

struct CompareOptions {
  // Furniture learned from the archive; without it only the shape of a block
  // can speak.
  const SiteModels* sites = nullptr;

  // Two blocks are a pair when they share this part of the smaller one's words.
  double pair_share = 0.5;
  // A shared run shorter than this many words proves nothing.
  int min_run_words = 12;
  // Share of letter-garbled words from which a text counts as noisy.
  double noisy_share = 0.01;
  // Words of context on each side of a change.
  int context_words = 6;
  // Myers gives up beyond this many differing words in one stretch and reports
  // the stretch as one change: bounds the work on hostile input.
  std::size_t max_differences = 2000;
  // Contexts and texts of changes are filled in; false for speed.
  bool with_text = true;
};

Comparison Compare(const Publication& reference, const Publication& suspect,
                   const CompareOptions& options = {});

// The same over texts that are already normalised; titles as given.
struct ComparedText {
  const NormalText* normal = nullptr;
  std::string_view title;  // the caller keeps the bytes alive
  std::string_view site;
};
Comparison Compare(const ComparedText& reference, const ComparedText& suspect,
                   const CompareOptions& options = {});

}  // namespace stemma
