#include "trace/compare.h"

#include <algorithm>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "trace/change_kinds.h"
#include "trace/compared_side.h"
#include "trace/site_model.h"
#include "trace/word_lists.h"
#include "trace/word_matching.h"

namespace stemma {
namespace {

using Side = ComparedSide;
using Gap = WordGap;
using Run = MatchedRun;

constexpr std::uint32_t kNone = ComparedSide::kNone;

class Comparer {
 public:
  Comparer(const ComparedText& reference, const ComparedText& suspect,
           const CompareOptions& options)
      : options_(options), lists_(Words()) {
    same_site_ = !reference.site.empty() && reference.site == suspect.site &&
                 reference.title != suspect.title;
    site_ = reference.site;
    PrepareSides(reference, suspect, options, a_, b_);
  }

  Comparison Solve() {
    matching_ = MatchWords(options_, a_, b_);
    for (const Gap& gap : GapsBetween(a_, b_)) Explain(gap);
    FindMovedBlocks();
    Measure();
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
  // ---- gaps ----

  // One side of a gap: the rest of the block before, whole blocks, and the
  // beginning of the block behind.
  struct Parts {
    std::uint32_t from = 0, head = 0, tail = 0, to = 0;
    bool inner = false;  // all inside one block: [from, to) is one piece
    bool HasHead() const { return from < head; }
    bool HasWhole() const { return head < tail; }
    bool HasTail() const { return tail < to; }
  };
  static Parts Split(const Side& side, std::uint32_t from, std::uint32_t to) {
    Parts parts{from, from, to, to, false};
    const bool after = from > 0 && from < side.size() && side.Matched(from - 1);
    const bool before = to < side.size() && to > 0 && side.Matched(to);
    if (from > 0 && to < side.size() &&
        side.block[from - 1] == side.block[to]) {
      parts.inner = true;
      parts.head = parts.tail = to;
      return parts;
    }
    if (after) {
      while (parts.head < to &&
             side.block[parts.head] == side.block[from - 1]) {
        ++parts.head;
      }
    }
    if (before) {
      while (parts.tail > parts.head &&
             side.block[parts.tail - 1] == side.block[to]) {
        --parts.tail;
      }
    }
    return parts;
  }

  void Explain(const Gap& gap) {
    const Parts a = Split(a_, gap.a0, gap.a1);
    const Parts b = Split(b_, gap.b0, gap.b1);
    if (a.inner || b.inner) {
      ExplainInner(a, b);
      return;
    }
    if (a.HasHead() && CutOff(a_, a) &&
        (!b.HasHead() || CutWord(b_, b, a_, a))) {
      Lost(a.from, a.head);
    } else if (b.HasHead() && CutOff(b_, b) &&
               (!a.HasHead() || CutWord(a_, a, b_, b))) {
      Gained(b.from, b.head);
    } else {
      ExplainPair({a.from, a.head, b.from, b.head});
    }
    Lost(a.head, a.tail);
    Gained(b.head, b.tail);
    ExplainPair({a.tail, a.to, b.tail, b.to});
  }

  // A gap inside one block of at least one side.
  void ExplainInner(const Parts& a, const Parts& b) {
    // Whole blocks against a place between two sentences of a joined block are
    // blocks come or gone; anything else is an edit.
    if (a.inner && a.from == a.to && b.HasWhole() && a_.Opens(a.to)) {
      ExplainPair({a.from, a.from, b.from, b.head});
      Gained(b.head, b.tail);
      ExplainPair({a.to, a.to, b.tail, b.to});
      return;
    }
    if (b.inner && b.from == b.to && a.HasWhole() && b_.Opens(b.to)) {
      ExplainPair({a.from, a.head, b.from, b.from});
      Lost(a.head, a.tail);
      ExplainPair({a.tail, a.to, b.to, b.to});
      return;
    }
    ExplainPair({a.from, a.to, b.from, b.to});
  }

  // Whether the rest of a block is missing because the text was cut there, as
  // before a "read more" line: in the middle of a sentence, or with everything
  // that follows.
  bool CutOff(const Side& side, const Parts& parts) const {
    const bool to_the_end = parts.to == side.size();
    const bool middle = !side.Opens(parts.from);
    if (middle && parts.head - parts.from >= kCutWords) return true;
    return to_the_end && (middle || parts.HasWhole());
  }

  // Whether the last thing of a block is the beginning of the word that the
  // other side has there: a text cut at a number of characters.
  static bool CutWord(const Side& cut, const Parts& rest, const Side& whole,
                      const Parts& parts) {
    if (rest.head - rest.from != 1) return false;
    const std::string_view word = whole.text->TextOf(whole.At(parts.from));
    const std::string_view stump = cut.text->TextOf(cut.At(rest.from));
    return stump.size() < word.size() && word.starts_with(stump);
  }

  // Whole blocks of the reference that the suspect lacks, or the reverse.
  void Lost(std::uint32_t from, std::uint32_t to) {
    if (from >= to) return;
    lost_words_ += to - from;
    for (std::uint32_t i = from; i < to; ++i) {
      lost_blocks_ += i == from || a_.block[i] != a_.block[i - 1];
    }
  }
  void Gained(std::uint32_t from, std::uint32_t to) {
    if (from >= to) return;
    gained_words_ += to - from;
    for (std::uint32_t j = from; j < to; ++j) {
      gained_blocks_ += j == from || b_.block[j] != b_.block[j - 1];
    }
  }

  // ---- changes ----

  // Sentences that lie wholly in a range.
  static std::vector<std::pair<std::uint32_t, std::uint32_t>> WholeSentences(
      const Side& side, std::uint32_t from, std::uint32_t to) {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> whole;
    for (std::uint32_t i = from; i < to;) {
      std::uint32_t end = i + 1;
      while (end < to && side.sentence[end] == side.sentence[i]) ++end;
      if (side.Opens(i) && side.Opens(end)) whole.emplace_back(i, end);
      i = end;
    }
    return whole;
  }

  // Whether so many whole sentences come or gone inside a block were blocks of
  // their own before a house style ran blocks together. `joins`: how often
  // this side is seen to do so; `edge`: the other side parts blocks here.
  static bool AreBlocks(std::size_t sentences, std::int64_t joins, bool edge) {
    if (sentences == 0) return false;
    if (sentences >= 3) return true;
    return joins > 0 && (sentences == 2 || edge);
  }

  void ExplainPair(const Gap& gap) {
    if (gap.a0 >= gap.a1 && gap.b0 >= gap.b1) return;
    const auto gone = WholeSentences(a_, gap.a0, gap.a1);
    const auto come = WholeSentences(b_, gap.b0, gap.b1);
    // Short whole "sentences" on both sides are one wording for another.
    const bool swapped =
        gap.a1 - gap.a0 <= kShortSentence && gap.b1 - gap.b0 <= kShortSentence;
    if ((gone.empty() && come.empty()) ||
        (swapped && gap.a0 < gap.a1 && gap.b0 < gap.b1)) {
      AddChange(gap, {});
      return;
    }
    std::uint32_t a = gap.a0;
    std::uint32_t b = gap.b0;
    // A sentence lost at a paragraph's end is an edit of that paragraph.
    if (AreBlocks(gone.size(), matching_.joins_a, false)) {
      Lost(gone.front().first, gone.back().second);
    } else {
      for (const auto& [from, to] : gone) {
        AddChange({from, to, b, b}, "del_sentence");
      }
    }
    const bool edges_a = gap.a0 == gap.a1 ? a_.OpensBlock(a) : false;
    if (AreBlocks(come.size(), matching_.joins_b, edges_a)) {
      Gained(come.front().first, come.back().second);
    } else {
      for (const auto& [from, to] : come) {
        AddChange({a, a, from, to}, "ins_sentence");
      }
    }
    // What is left at the edges belongs together.
    const auto rest = [](const auto& whole, std::uint32_t from,
                         std::uint32_t to) {
      if (whole.empty())
        return std::pair(std::pair(from, to), std::pair(to, to));
      return std::pair(std::pair(from, whole.front().first),
                       std::pair(whole.back().second, to));
    };
    const auto [a_head, a_tail] = rest(gone, gap.a0, gap.a1);
    const auto [b_head, b_tail] = rest(come, gap.b0, gap.b1);
    AddChange({a_head.first, a_head.second, b_head.first, b_head.second}, {});
    AddChange({a_tail.first, a_tail.second, b_tail.first, b_tail.second}, {});
  }

  TokenRange Range(const Side& side, std::uint32_t from,
                   std::uint32_t to) const {
    TokenRange range{side.text, {}};
    for (std::uint32_t i = from; i < to; ++i) {
      range.tokens.push_back(side.token[i]);
    }
    return range;
  }

  Span SpanOf(const Side& side, std::uint32_t from, std::uint32_t to) const {
    if (from < to) return {side.At(from).begin, side.At(to - 1).end};
    std::size_t at = 0;
    if (from > 0) {
      at = side.At(from - 1).end;
    } else if (from < side.size()) {
      at = side.At(from).begin;
    }
    // Behind the space, where the next word would begin.
    if (from > 0 && from < side.size() && side.At(from).begin == at + 1) ++at;
    return {at, at};
  }

  // "February 2, 2006" for "December 9, 2106" is three changes, not one: each
  // figure and date word against its own.
  bool SplitNumbers(const Gap& gap, std::string_view kind) {
    const std::uint32_t size = gap.a1 - gap.a0;
    if (!kind.empty() || size < 2 || size > 8 || size != gap.b1 - gap.b0) {
      return false;
    }
    for (std::uint32_t k = 0; k < size; ++k) {
      const bool equal = a_.word[gap.a0 + k] == b_.word[gap.b0 + k];
      if (!equal && KindHere(a_, gap.a0 + k) != KindHere(b_, gap.b0 + k)) {
        return false;
      }
    }
    for (std::uint32_t k = 0; k < size; ++k) {
      AddChange({gap.a0 + k, gap.a0 + k + 1, gap.b0 + k, gap.b0 + k + 1}, {});
    }
    return true;
  }
  // 1: a figure, 2: a date word; others are all different.
  std::uint64_t KindHere(const Side& side, std::uint32_t i) const {
    if (side.At(i).kind == TokenKind::kNumber) return 1;
    if (lists_.dates.contains(side.word[i])) return 2;
    return side.word[i] | 4;
  }

  void AddChange(const Gap& gap, std::string_view kind) {
    if (gap.a0 >= gap.a1 && gap.b0 >= gap.b1) return;
    if (std::ranges::equal(Hashes(gap.a0, gap.a1, a_),
                           Hashes(gap.b0, gap.b1, b_))) {
      return;
    }
    if (SplitNumbers(gap, kind)) return;
    Change change;
    change.op = gap.a0 >= gap.a1   ? ChangeOp::kInsert
                : gap.b0 >= gap.b1 ? ChangeOp::kDelete
                                   : ChangeOp::kReplace;
    if (kind.empty()) {
      change.kinds =
          KindsOf(Range(a_, gap.a0, gap.a1), Range(b_, gap.b0, gap.b1));
    } else {
      change.kinds = {std::string(kind)};
    }
    change.severity = SeverityOf(change.kinds);
    change.reference = SpanOf(a_, gap.a0, gap.a1);
    change.suspect = SpanOf(b_, gap.b0, gap.b1);
    if (options_.with_text) {
      change.reference_text = TextBetween(a_, gap.a0, gap.a1);
      change.suspect_text = TextBetween(b_, gap.b0, gap.b1);
      change.reference_context =
          Around(a_, gap.a0, gap.a1, change.reference_context_at);
      change.suspect_context =
          Around(b_, gap.b0, gap.b1, change.suspect_context_at);
    }
    result_.changes.push_back(std::move(change));
  }

  // The text from one content word to another, as given.
  static std::string TextBetween(const Side& side, std::uint32_t from,
                                 std::uint32_t to) {
    if (from >= to) return {};
    const std::uint32_t begin = side.At(from).byte_begin;
    const std::uint32_t end = side.At(to - 1).byte_end;
    return std::string(side.text->text.substr(begin, end - begin));
  }
  // The words around, and where in them the change begins.
  std::string Around(const Side& side, std::uint32_t from, std::uint32_t to,
                     std::size_t& at) const {
    const auto more = static_cast<std::uint32_t>(options_.context_words);
    const std::uint32_t begin = from > more ? from - more : 0;
    const std::uint32_t end = std::min(side.size(), to + more);
    const std::string context = TextBetween(side, begin, end);
    at = context.size();
    if (begin < end && from < side.size()) {
      at = std::min<std::size_t>(
          context.size(), side.At(from).byte_begin - side.At(begin).byte_begin);
    }
    return context;
  }

  // ---- moves ----

  void FindMovedBlocks() {
    std::vector<std::uint32_t> size = BlockSizes(a_);
    std::vector<std::uint32_t> moved(size.size(), 0);
    std::vector<std::pair<std::uint32_t, std::uint32_t>> extent(size.size(),
                                                                {kNone, 0});
    for (std::uint32_t i = 0; i < a_.size(); ++i) {
      if (!a_.Matched(i) || !a_.moved[i]) continue;
      ++moved[a_.block[i]];
      auto& [first, last] = extent[a_.block[i]];
      first = std::min(first, i);
      last = std::max(last, i);
    }
    for (std::size_t block = 0; block < size.size(); ++block) {
      if (moved[block] == 0) continue;
      ++moved_blocks_;
      moved_a_.insert(static_cast<std::uint32_t>(block));
    }
  }

  // ---- the verdict ----

  // A sentence that is common property of many unrelated texts. Copies of one
  // text share all their phrases, so what they all hold is not more frequent
  // than the rest of them; a formula is.
  bool IsFormula(const Side& side, std::uint32_t sentence) {
    if (!options_.sites) return false;
    const Sentence& words = side.text->sentences[sentence];
    if (options_.sites->IsFormula(*side.text, words)) return true;
    if (same_site_ && options_.sites->IsSeriesText(site_, words)) return true;
    if (usual_ == 0) {
      for (const Side* each : {&a_, &b_}) {
        usual_ = std::max(
            usual_, options_.sites->Frequency(
                        *each->text, 0,
                        static_cast<std::uint32_t>(each->text->tokens.size())));
      }
      usual_ = std::max(usual_, 1u);
    }
    return options_.sites->Frequency(*side.text, words.first_token,
                                     words.end_token) >
           usual_ + usual_ / 2 + kFormulaMargin;
  }

  // Formulas are looked for only where they could decide: when less than this
  // share of either text is in the other.
  static constexpr double kPlainlyShared = 0.8;

  void Measure() {
    const auto share = [](std::uint32_t part, std::uint32_t whole) {
      return whole == 0 ? 0.0 : static_cast<double>(part) / whole;
    };
    for (const Run& run : RunsOf(a_, b_)) {
      longest_run_ = std::max(longest_run_, run.size);
      shared_ += run.size;
    }
    std::uint32_t shared_b = 0;
    for (std::uint32_t j = 0; j < b_.size(); ++j) shared_b += b_.Matched(j);
    result_.coverage_reference = share(shared_, a_.size());
    result_.coverage_suspect = share(shared_b, b_.size());
    result_.longest_run_words = static_cast<int>(longest_run_);
    telling_share_ =
        std::max(result_.coverage_reference, result_.coverage_suspect);
    if (telling_share_ < kPlainlyShared) {
      telling_share_ = std::max(MeasureSentences(a_), MeasureSentences(b_));
    } else {
      longest_sentence_ = longest_telling_ = longest_run_;
    }
  }

  // The longest sentence that stands (nearly) whole on the other side and is no
  // formula: phrases are common property, sentences are not. Gives the share of
  // the side's own words, formulas left out, that the other side has.
  double MeasureSentences(const Side& side) {
    std::uint32_t own = 0;
    std::uint32_t shared = 0;
    std::uint32_t run = 0;
    for (std::uint32_t i = 0; i < side.size();) {
      std::uint32_t end = i;
      std::uint32_t matched = 0;
      const bool formula = IsFormula(side, side.sentence[i]);
      for (; end < side.size() && side.sentence[end] == side.sentence[i];
           ++end) {
        const bool here = side.Matched(end);
        matched += here;
        const bool goes_on = here && end > 0 && side.Matched(end - 1) &&
                             side.partner[end] == side.partner[end - 1] + 1;
        run = !here || formula ? 0 : goes_on ? run + 1 : 1;
        longest_telling_ = std::max(longest_telling_, run);
      }
      if (!formula) {
        own += end - i;
        if (matched * 10 >= (end - i) * 8) {
          shared += matched;
        } else {
          shared += LongRuns(side, i, end);
        }
        if (matched * 10 >= (end - i) * 9) {
          longest_sentence_ = std::max(longest_sentence_, end - i);
        }
      }
      i = end;
    }
    // A text of little but formulas does not count as copied for the rest.
    const auto least = static_cast<std::uint32_t>(0.3 * side.size()) + 1;
    return static_cast<double>(shared) / std::max(own, least);
  }

  // Words of a sentence in matched runs too long to be a turn of phrase.
  std::uint32_t LongRuns(const Side& side, std::uint32_t from,
                         std::uint32_t to) const {
    std::uint32_t words = 0;
    for (std::uint32_t i = from; i < to;) {
      std::uint32_t end = i;
      while (end < to && side.Matched(end) &&
             (end == i || side.partner[end] == side.partner[end - 1] + 1)) {
        ++end;
      }
      if (end - i >= static_cast<std::uint32_t>(options_.min_run_words)) {
        words += end - i;
      }
      i = std::max(end, i + 1);
    }
    return words;
  }

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
    const bool excerpt = lost_words_ > 0;
    const bool extended = gained_words_ > 0;
    const bool boilerplate = FurnitureDiffers();
    const bool cosmetic = TypographyDiffers() || matching_.respelled > 0;
    const bool noisy = matching_.misread >= kNoisyWords &&
                       static_cast<double>(matching_.misread) >=
                           options_.noisy_share * 0.5 * std::max(1u, shared_);

    const bool any_content = a_.size() > 0 || b_.size() > 0;
    const double coverage = telling_share_;
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
    if (shared_ == 0) return false;
    const auto needed = static_cast<std::uint32_t>(options_.min_run_words);
    if (longest_sentence_ >= kTellingSentence) return true;
    if (longest_telling_ >= 2 * needed) return true;
    // Short texts have no long runs; most of one must be in the other.
    return coverage >= 0.5 && longest_run_ >= std::min(needed, 4u);
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
    result_.counts["shared_words"] = shared_;
    result_.counts["critical"] = critical;
    result_.counts["minor"] =
        static_cast<std::int64_t>(result_.changes.size()) - critical;
    result_.counts["missing_blocks"] = lost_blocks_;
    result_.counts["missing_words"] = lost_words_;
    result_.counts["added_blocks"] = gained_blocks_;
    result_.counts["added_words"] = gained_words_;
    result_.counts["moved_blocks"] = moved_blocks_;
    result_.counts["furniture"] = furniture;
    result_.counts["misread_words"] = matching_.misread;
  }

  // How far the evidence is from the next verdict's threshold: an honest
  // number, not a probability.
  double Confidence(double coverage) const {
    switch (result_.verdict) {
      case Verdict::kUnrelated:
        return shared_ == 0 ? 1.0
                            : std::clamp(1.0 - longest_run_ / 24.0, 0.5, 0.99);
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
    std::vector<std::size_t> first_of_a = AddBlocks(a_, b_, false);
    std::vector<std::size_t> first_of_b = AddBlocks(b_, a_, true);
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

  std::vector<std::size_t> AddBlocks(const Side& side, const Side& other,
                                     bool on_suspect) {
    (void)other;
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
  static constexpr std::uint32_t kFormulaMargin = 4;
  static constexpr std::uint32_t kCutWords = 3;
  static constexpr std::uint32_t kShortSentence = 3;
  static constexpr std::int64_t kNoisyWords = 3;

  const CompareOptions& options_;
  const WordLists& lists_;
  Side a_, b_;
  bool same_site_ = false;  // and different titles
  std::string_view site_;
  Comparison result_;
  std::int64_t lost_words_ = 0, gained_words_ = 0;
  std::int64_t lost_blocks_ = 0, gained_blocks_ = 0, moved_blocks_ = 0;
  MatchCounts matching_;
  std::uint32_t longest_run_ = 0, longest_telling_ = 0, shared_ = 0;
  std::uint32_t longest_sentence_ = 0, usual_ = 0;
  double telling_share_ = 0;
  std::unordered_set<std::uint32_t> moved_a_;
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
