#include "trace/explain_gaps.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "trace/change_kinds.h"
#include "trace/word_lists.h"

namespace stemma {
namespace {

using Side = ComparedSide;
using Gap = WordGap;

class Explainer {
 public:
  Explainer(const Side& a, const Side& b, const MatchCounts& matching,
            const CompareOptions& options)
      : options_(options), lists_(Words()), a_(a), b_(b), matching_(matching) {}

  GapsExplained Solve() {
    for (const Gap& gap : GapsBetween(a_, b_)) Explain(gap);
    return std::move(found_);
  }

 private:
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
    found_.lost_words += to - from;
    for (std::uint32_t i = from; i < to; ++i) {
      found_.lost_blocks += i == from || a_.block[i] != a_.block[i - 1];
    }
  }
  void Gained(std::uint32_t from, std::uint32_t to) {
    if (from >= to) return;
    found_.gained_words += to - from;
    for (std::uint32_t j = from; j < to; ++j) {
      found_.gained_blocks += j == from || b_.block[j] != b_.block[j - 1];
    }
  }

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
    found_.changes.push_back(std::move(change));
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

  static constexpr std::uint32_t kCutWords = 3;
  static constexpr std::uint32_t kShortSentence = 3;

  const CompareOptions& options_;
  const WordLists& lists_;
  const Side& a_;
  const Side& b_;
  const MatchCounts& matching_;
  GapsExplained found_;
};

}  // namespace

GapsExplained ExplainGaps(const ComparedSide& a, const ComparedSide& b,
                          const MatchCounts& matching,
                          const CompareOptions& options) {
  return Explainer(a, b, matching, options).Solve();
}

}  // namespace stemma
