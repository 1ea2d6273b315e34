#include "trace/shared_text.h"

#include <algorithm>
#include <string_view>

#include "trace/site_model.h"

namespace stemma {
namespace {

using Side = ComparedSide;

class Measurer {
 public:
  Measurer(const ComparedText& reference, const ComparedText& suspect,
           const Side& a, const Side& b, const CompareOptions& options)
      : options_(options),
        a_(a),
        b_(b),
        same_site_(!reference.site.empty() && reference.site == suspect.site &&
                   reference.title != suspect.title),
        site_(reference.site) {}

  SharedText Measure() {
    const auto share = [](std::uint32_t part, std::uint32_t whole) {
      return whole == 0 ? 0.0 : static_cast<double>(part) / whole;
    };
    for (const MatchedRun& run : RunsOf(a_, b_)) {
      shared_.longest_run = std::max(shared_.longest_run, run.size);
      shared_.words += run.size;
    }
    std::uint32_t shared_b = 0;
    for (std::uint32_t j = 0; j < b_.size(); ++j) shared_b += b_.Matched(j);
    shared_.coverage_reference = share(shared_.words, a_.size());
    shared_.coverage_suspect = share(shared_b, b_.size());
    shared_.telling_share =
        std::max(shared_.coverage_reference, shared_.coverage_suspect);
    if (shared_.telling_share < kPlainlyShared) {
      shared_.telling_share =
          std::max(MeasureSentences(a_), MeasureSentences(b_));
    } else {
      shared_.longest_sentence = shared_.longest_telling = shared_.longest_run;
    }
    return shared_;
  }

 private:
  // Formulas are looked for only where they could decide: when less than this
  // share of either text is in the other.
  static constexpr double kPlainlyShared = 0.8;
  static constexpr std::uint32_t kFormulaMargin = 4;

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
        shared_.longest_telling = std::max(shared_.longest_telling, run);
      }
      if (!formula) {
        own += end - i;
        if (matched * 10 >= (end - i) * 8) {
          shared += matched;
        } else {
          shared += LongRuns(side, i, end);
        }
        if (matched * 10 >= (end - i) * 9) {
          shared_.longest_sentence =
              std::max(shared_.longest_sentence, end - i);
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

  const CompareOptions& options_;
  const Side& a_;
  const Side& b_;
  bool same_site_;  // and different titles
  std::string_view site_;
  std::uint32_t usual_ = 0;  // 0: not known yet
  SharedText shared_;
};

}  // namespace

SharedText MeasureShared(const ComparedText& reference,
                         const ComparedText& suspect, const ComparedSide& a,
                         const ComparedSide& b, const CompareOptions& options) {
  return Measurer(reference, suspect, a, b, options).Measure();
}

}  // namespace stemma
