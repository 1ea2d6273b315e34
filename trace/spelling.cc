#include "trace/spelling.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace stemma {
namespace {

struct Pair {
  std::string_view from, to;
};

// Words no rule covers, sorted.
constexpr auto kWords = std::to_array<Pair>({
    {"aeroplane", "airplane"},
    {"aeroplanes", "airplanes"},
    {"afterwards", "afterward"},
    {"ageing", "aging"},
    {"aluminium", "aluminum"},
    {"amongst", "among"},
    {"artefact", "artifact"},
    {"artefacts", "artifacts"},
    {"backwards", "backward"},
    {"calibre", "caliber"},
    {"cheque", "check"},
    {"cheques", "checks"},
    {"cosy", "cozy"},
    {"defence", "defense"},
    {"defences", "defenses"},
    {"draught", "draft"},
    {"enquiries", "inquiries"},
    {"enquiry", "inquiry"},
    {"enrol", "enroll"},
    {"enrolment", "enrollment"},
    {"enrols", "enrolls"},
    {"fibre", "fiber"},
    {"fibres", "fibers"},
    {"foetal", "fetal"},
    {"foetus", "fetus"},
    {"forwards", "forward"},
    {"fuelled", "fueled"},
    {"fuelling", "fueling"},
    {"fulfil", "fulfill"},
    {"fulfilment", "fulfillment"},
    {"fulfils", "fulfills"},
    {"gaol", "jail"},
    {"grey", "gray"},
    {"haemorrhage", "hemorrhage"},
    {"instalment", "installment"},
    {"instalments", "installments"},
    {"jewellery", "jewelry"},
    {"judgement", "judgment"},
    {"judgements", "judgments"},
    {"kerb", "curb"},
    {"learnt", "learned"},
    {"licence", "license"},
    {"licences", "licenses"},
    {"manoeuvre", "maneuver"},
    {"manoeuvres", "maneuvers"},
    {"mould", "mold"},
    {"moustache", "mustache"},
    {"offence", "offense"},
    {"offences", "offenses"},
    {"omelette", "omelet"},
    {"paediatric", "pediatric"},
    {"plough", "plow"},
    {"practise", "practice"},
    {"practised", "practiced"},
    {"practising", "practicing"},
    {"pretence", "pretense"},
    {"programme", "program"},
    {"programmes", "programs"},
    {"pyjamas", "pajamas"},
    {"sceptic", "skeptic"},
    {"sceptical", "skeptical"},
    {"sceptics", "skeptics"},
    {"skilful", "skillful"},
    {"spelt", "spelled"},
    {"storeys", "stories"},
    {"sulphur", "sulfur"},
    {"towards", "toward"},
    {"tyre", "tire"},
    {"tyres", "tires"},
    {"upwards", "upward"},
    {"whilst", "while"},
    {"wilful", "willful"},
    {"woollen", "woolen"},
    {"acknowledgement", "acknowledgment"},
});

bool IsVowel(char c) {
  return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u';
}

// Which first and last letters the words of the table have: most words are
// none of them, and this is asked for every word of every text.
struct Edges {
  std::array<std::uint32_t, 26> last_of_first{};
  constexpr Edges() {
    for (const Pair& pair : kWords) {
      last_of_first[static_cast<std::size_t>(pair.from.front() - 'a')] |=
          1u << (pair.from.back() - 'a');
    }
  }
  bool Hold(std::string_view word) const {
    const auto first = static_cast<unsigned>(word.front() - 'a');
    const auto last = static_cast<unsigned>(word.back() - 'a');
    return first < 26 && last < 26 && (last_of_first[first] >> last & 1) != 0;
  }
};
constexpr Edges kEdges;

bool FoldWord(std::string& form) {
  if (!kEdges.Hold(form)) return false;
  const auto at =
      std::ranges::lower_bound(kWords, std::string_view(form), {}, &Pair::from);
  if (at == kWords.end() || at->from != form) return false;
  form = at->to;
  return true;
}

// colour, favourite, neighbourhood: "our" before one of these endings.
bool FoldOur(std::string& form) {
  static constexpr std::array<std::string_view, 18> kEndings = {
      "",    "s",  "ed",   "ing",  "able",  "ably", "ite", "ites", "er",
      "ers", "al", "ally", "hood", "hoods", "less", "ful", "ly",   "itism"};
  std::size_t at = 2;
  while (at + 2 < form.size() &&
         (form[at + 1] != 'u' || form[at] != 'o' || form[at + 2] != 'r')) {
    ++at;
  }
  if (at + 2 >= form.size()) return false;
  const std::string_view rest = std::string_view(form).substr(at + 3);
  if (std::ranges::find(kEndings, rest) == kEndings.end()) return false;
  form.erase(at + 1, 1);
  return true;
}

// organise, analysed, privatisation: s becomes z.
bool FoldIse(std::string& form) {
  static constexpr std::array<std::string_view, 7> kEndings = {
      "e", "es", "ed", "er", "ers", "ing", "ation"};
  for (const std::string_view ending : kEndings) {
    if (form.size() < ending.size() + 4 || !form.ends_with(ending)) continue;
    const std::size_t s = form.size() - ending.size() - 1;
    if (form[s] == 's' && (form[s - 1] == 'i' || form[s - 1] == 'y') &&
        (form[s - 1] == 'i' || form[s - 2] == 'l')) {
      form[s] = 'z';
      return true;
    }
  }
  return false;
}

// travelled, cancelling, counsellor: one l, where the stem has two syllables
// ("filled" must not become "filed").
bool FoldDoubleL(std::string& form) {
  const std::size_t at = form.rfind("ll");
  if (at == std::string::npos || at < 3) return false;
  const std::string_view rest = std::string_view(form).substr(at + 2);
  if (rest != "ed" && rest != "ing" && rest != "er" && rest != "ers" &&
      rest != "or" && rest != "ors") {
    return false;
  }
  int groups = 0;
  for (std::size_t i = 0; i < at; ++i) {
    if (IsVowel(form[i]) && (i == 0 || !IsVowel(form[i - 1]))) ++groups;
  }
  if (groups < 2) return false;
  form.erase(at, 1);
  return true;
}

// centre, theatres; catalogue, dialogues.
bool FoldEndings(std::string& form) {
  const bool plural = form.ends_with('s');
  const std::size_t end = form.size() - (plural ? 1 : 0);
  const std::string_view stem = std::string_view(form).substr(0, end);
  if (stem.size() > 4 && stem.ends_with("tre")) {
    std::swap(form[end - 1], form[end - 2]);
    return true;
  }
  if (stem.size() > 6 && stem.ends_with("logue")) {
    form.erase(end - 2, 2);
    return true;
  }
  return false;
}

}  // namespace

void FoldSpelling(std::string& form) {
  if (form.size() < 4 || FoldWord(form) || form.size() < 5) return;
  // All other rules end in one of these letters.
  switch (form.back()) {
    case 'r':
    case 's':
    case 'd':
    case 'g':
    case 'n':
      if (FoldOur(form) || FoldIse(form) || FoldDoubleL(form)) return;
      if (form.back() == 's') FoldEndings(form);
      return;
    case 'e':
      if (FoldOur(form) || FoldIse(form)) return;
      FoldEndings(form);
      return;
    default:
      FoldOur(form);
      return;
  }
}

}  // namespace stemma
