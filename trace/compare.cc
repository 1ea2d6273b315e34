#include "trace/compare.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "trace/change_kinds.h"
#include "trace/compared_side.h"
#include "trace/explain_gaps.h"
#include "trace/shared_text.h"
#include "trace/word_matching.h"

namespace stemma {
namespace {

using Side = ComparedSide;

class Comparer {
 public:
  Comparer(const ComparedText& reference, const ComparedText& suspect,
           const CompareOptions& options)
      : options_(options) {
    PrepareSides(reference, suspect, options, a_, b_);
    matching_ = MatchWords(options, a_, b_);
    gaps_ = ExplainGaps(a_, b_, matching_, options);
    shared_ = MeasureShared(reference, suspect, a_, b_, options);
  }

  Comparison Solve() {
    result_.changes = std::move(gaps_.changes);
    result_.coverage_reference = shared_.coverage_reference;
    result_.coverage_suspect = shared_.coverage_suspect;
    result_.longest_run_words = static_cast<int>(shared_.longest_run);
    CountMovedBlocks();
    Decide();
    DescribeBlocks();
    std::ranges::stable_sort(
        result_.changes, [](const Change& x, const Change& y) {
          if (x.severity != y.severity) return x.severity > y.severity;
          const int rank_x = RankOf(x.kinds.front());
          const int rank_y = RankOf(y.kinds.front());
          return rank_x != rank_y ? rank_x < rank_y
                                  : x.suspect.begin < y.suspect.begin;
        });
    return std::move(result_);
  }

 private:
  // Blocks of the reference of which something stands in another order.
  void CountMovedBlocks() {
    std::vector<bool> moved(a_.text->blocks.size(), false);
    for (std::uint32_t i = 0; i < a_.size(); ++i) {
      if (a_.Matched(i) && a_.moved[i]) moved[a_.block[i]] = true;
    }
    moved_blocks_ = std::ranges::count(moved, true);
  }

  // ---- the verdict ----

  bool FurnitureDiffers() const {
    const auto hashes = [](const Side& side) {
      std::vector<std::uint64_t> all;
      for (std::uint32_t i = 0; i < side.furniture.size(); ++i) {
        if (side.furniture[i]) all.push_back(side.text->tokens[i].hash);
      }
      return all;
    };
    return hashes(a_) != hashes(b_);
  }

  // Whether anything but words differs around the words both have, and how
  // often in which way.
  bool TypographyDiffers() {
    std::int64_t respelled = 0;  // letters, accents, invisible characters
    std::int64_t regrouped = 0;  // figures
    std::int64_t repointed = 0;  // quotation marks, dashes, spaces
    std::int64_t rewrapped = 0;  // line ends
    std::int64_t reparted = 0;   // paragraphs
    for (std::uint32_t i = 0; i < a_.size(); ++i) {
      if (!a_.Matched(i)) continue;
      const std::uint32_t j = a_.partner[i];
      if (a_.text->TextOf(a_.At(i)) != b_.text->TextOf(b_.At(j))) {
        ++(a_.At(i).kind == TokenKind::kNumber ? regrouped : respelled);
      }
      if (i + 1 >= a_.size() || j + 1 >= b_.size() ||
          a_.partner[i + 1] != j + 1 || a_.token[i + 1] != a_.token[i] + 1 ||
          b_.token[j + 1] != b_.token[j] + 1) {
        continue;
      }
      const std::string_view left = Between(a_, i);
      const std::string_view right = Between(b_, j);
      if (left == right) continue;
      const bool parts =
          (a_.block[i] != a_.block[i + 1]) != (b_.block[j] != b_.block[j + 1]);
      const bool wraps = left.contains('\n') != right.contains('\n');
      ++(parts ? reparted : wraps ? rewrapped : repointed);
    }
    result_.counts["respelled"] = respelled;
    result_.counts["regrouped"] = regrouped;
    result_.counts["repointed"] = repointed;
    result_.counts["rewrapped"] = rewrapped;
    result_.counts["reparagraphed"] = reparted;
    const std::int64_t all =
        respelled + regrouped + repointed + rewrapped + reparted;
    result_.counts["cosmetic"] = all;
    return all > 0;
  }
  static std::string_view Between(const Side& side, std::uint32_t i) {
    const std::uint32_t from = side.At(i).byte_end;
    const std::uint32_t to = side.At(i + 1).byte_begin;
    return side.text->text.substr(from, to - from);
  }

  void Decide() {
    const bool reordered = moved_blocks_ > 0;
    const bool edited = !result_.changes.empty() || reordered;
    const bool excerpt = gaps_.lost_words > 0;
    const bool extended = gaps_.gained_words > 0;
    const bool boilerplate = FurnitureDiffers();
    const bool cosmetic = TypographyDiffers() || matching_.respelled > 0;
    const bool noisy =
        matching_.misread >= kNoisyWords &&
        static_cast<double>(matching_.misread) >=
            options_.noisy_share * 0.5 * std::max(1u, shared_.words);

    const bool any_content = a_.size() > 0 || b_.size() > 0;
    const double coverage = shared_.telling_share;
    const bool empty_sides = a_.size() == 0 && b_.size() == 0;
    if (any_content && !Related(coverage)) {
      result_.verdict = Verdict::kUnrelated;
      result_.changes.clear();
    } else if (!empty_sides && coverage < 0.5) {
      result_.verdict = Verdict::kQuoting;
    } else if (edited) {
      result_.verdict = Verdict::kEdited;
    } else if (extended) {
      result_.verdict = Verdict::kExtended;
    } else if (excerpt) {
      result_.verdict = Verdict::kExcerpt;
    } else if (boilerplate) {
      result_.verdict = Verdict::kBoilerplateOnly;
    } else {
      result_.verdict = Verdict::kCosmeticOnly;
    }
    if (result_.verdict != Verdict::kUnrelated) {
      const auto flag = [&](bool is, const char* name) {
        if (is) result_.flags.emplace_back(name);
      };
      flag(edited, "edited");
      flag(reordered, "reordered");
      flag(extended, "extended");
      flag(excerpt, "excerpt");
      flag(boilerplate, "boilerplate");
      flag(cosmetic || matching_.misread > 0, "cosmetic");
      flag(result_.verdict == Verdict::kQuoting, "quoting");
      flag(noisy, "noisy");
    }
    Count();
    result_.confidence = Confidence(coverage);
  }

  // Whether what is shared says that one text knew the other.
  bool Related(double coverage) const {
    if (shared_.words == 0) return false;
    const auto needed = static_cast<std::uint32_t>(options_.min_run_words);
    if (shared_.longest_sentence >= kTellingSentence) return true;
    if (shared_.longest_telling >= 2 * needed) return true;
    // Short texts have no long runs; most of one must be in the other.
    return coverage >= 0.5 && shared_.longest_run >= std::min(needed, 4u);
  }

  void Count() {
    std::int64_t critical = 0;
    for (const Change& change : result_.changes) {
      critical += change.severity == Severity::kCritical;
    }
    std::int64_t furniture = 0;
    for (const Side* side : {&a_, &b_}) {
      for (std::uint32_t i = 0; i < side->furniture.size(); ++i) {
        furniture += side->furniture[i] && (i == 0 || !side->furniture[i - 1]);
      }
    }
    result_.counts["reference_words"] = a_.size();
    result_.counts["suspect_words"] = b_.size();
    result_.counts["shared_words"] = shared_.words;
    result_.counts["critical"] = critical;
    result_.counts["minor"] =
        static_cast<std::int64_t>(result_.changes.size()) - critical;
    result_.counts["missing_blocks"] = gaps_.lost_blocks;
    result_.counts["missing_words"] = gaps_.lost_words;
    result_.counts["added_blocks"] = gaps_.gained_blocks;
    result_.counts["added_words"] = gaps_.gained_words;
    result_.counts["moved_blocks"] = moved_blocks_;
    result_.counts["furniture"] = furniture;
    result_.counts["misread_words"] = matching_.misread;
  }

  // How far the evidence is from the next verdict's threshold: an honest
  // number, not a probability.
  double Confidence(double coverage) const {
    switch (result_.verdict) {
      case Verdict::kUnrelated:
        return shared_.words == 0
                   ? 1.0
                   : std::clamp(1.0 - shared_.longest_run / 24.0, 0.5, 0.99);
      case Verdict::kQuoting:
        return std::clamp(0.5 + (0.5 - coverage), 0.5, 0.99);
      default: {
        double confidence = 0.99;
        if (coverage < 0.6) confidence -= 0.6 - coverage;
        if (matching_.misread >= kNoisyWords) confidence -= 0.05;
        return confidence;
      }
    }
  }

  // ---- blocks, for people ----

  void DescribeBlocks() {
    std::vector<std::size_t> first_of_a = AddBlocks(a_, false);
    std::vector<std::size_t> first_of_b = AddBlocks(b_, true);
    // Partners: the block that shares most words.
    std::unordered_map<std::uint64_t, std::uint32_t> shared;
    for (std::uint32_t i = 0; i < a_.size(); ++i) {
      if (!a_.Matched(i)) continue;
      ++shared[std::uint64_t{a_.block[i]} << 32 | b_.block[a_.partner[i]]];
    }
    std::vector<std::uint32_t> best_a(a_.text->blocks.size(), 0);
    std::vector<std::uint32_t> best_b(b_.text->blocks.size(), 0);
    std::vector<std::pair<std::uint64_t, std::uint32_t>> pairs(shared.begin(),
                                                               shared.end());
    std::ranges::sort(pairs);
    for (const auto& [key, words] : pairs) {
      const auto x = static_cast<std::uint32_t>(key >> 32);
      const auto y = static_cast<std::uint32_t>(key);
      BlockRole& left = result_.blocks[first_of_a[x]];
      BlockRole& right = result_.blocks[first_of_b[y]];
      if (words > best_a[x]) {
        best_a[x] = words;
        left.pair = static_cast<int>(first_of_b[y]);
      }
      if (words > best_b[y]) {
        best_b[y] = words;
        right.pair = static_cast<int>(first_of_a[x]);
      }
    }
  }

  std::vector<std::size_t> AddBlocks(const Side& side, bool on_suspect) {
    const std::size_t count = side.text->blocks.size();
    std::vector<std::uint32_t> matched(count, 0), moved(count, 0);
    const std::vector<std::uint32_t> sizes = BlockSizes(side);
    for (std::uint32_t i = 0; i < side.size(); ++i) {
      matched[side.block[i]] += side.Matched(i);
      moved[side.block[i]] += side.Matched(i) && side.moved[i];
    }
    std::vector<std::size_t> at;
    for (std::size_t k = 0; k < count; ++k) {
      BlockRole role;
      role.on_suspect = on_suspect;
      role.span = side.text->blocks[k].span;
      if (sizes[k] == 0) {
        role.role = "furniture";
      } else if (matched[k] == 0) {
        role.role = on_suspect ? "added" : "missing";
      } else {
        role.role = moved[k] * 2 > matched[k] ? "moved" : "shared";
      }
      at.push_back(result_.blocks.size());
      result_.blocks.push_back(std::move(role));
    }
    return at;
  }

  static constexpr std::uint32_t kTellingSentence = 8;
  static constexpr std::int64_t kNoisyWords = 3;

  const CompareOptions& options_;
  Side a_, b_;
  MatchCounts matching_;
  GapsExplained gaps_;
  SharedText shared_;
  std::int64_t moved_blocks_ = 0;
  Comparison result_;
};

std::string Headline(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return "absent";
  if (a == b) return "same";
  std::vector<std::uint64_t> left, right;
  TokenHashes(a, left);
  TokenHashes(b, right);
  return left == right ? "cosmetic" : "changed";
}

Comparison Identical(const NormalText& text) {
  Comparison result;
  result.verdict = Verdict::kIdentical;
  result.coverage_reference = result.coverage_suspect = 1;
  result.longest_run_words = static_cast<int>(text.tokens.size());
  result.confidence = 1;
  const auto words = static_cast<std::int64_t>(text.tokens.size());
  for (const char* name :
       {"reference_words", "suspect_words", "shared_words"}) {
    result.counts[name] = words;
  }
  const std::size_t count = text.blocks.size();
  for (const bool on_suspect : {false, true}) {
    for (std::size_t k = 0; k < count; ++k) {
      result.blocks.push_back({on_suspect, text.blocks[k].span, "shared",
                               static_cast<int>(on_suspect ? k : k + count)});
    }
  }
  return result;
}

}  // namespace

Comparison Compare(const ComparedText& reference, const ComparedText& suspect,
                   const CompareOptions& options) {
  Comparison result = reference.normal->text == suspect.normal->text
                          ? Identical(*reference.normal)
                          : Comparer(reference, suspect, options).Solve();
  result.headline = Headline(reference.title, suspect.title);
  return result;
}

Comparison Compare(const Publication& reference, const Publication& suspect,
                   const CompareOptions& options) {
  const NormalText left = Normalise(reference.text);
  const NormalText right = Normalise(suspect.text);
  return Compare({&left, reference.title, reference.site},
                 {&right, suspect.title, suspect.site}, options);
}

}  // namespace stemma
