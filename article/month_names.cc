#include "article/month_names.h"

#include <array>
#include <unordered_map>

namespace stemma {
namespace {

// Lower case, from January on; the first language that has a word decides.
using Year = std::array<std::string_view, 12>;
constexpr Year kMonths[] = {
    // English, German, French, Spanish, Italian, Portuguese, Dutch
    {"january jan januar jänner jän janvier janv enero ene gennaio gen janeiro "
     "januari",
     "february feb febr februar feber février fevrier févr fév febrero "
     "febbraio fevereiro fev februari",
     "march mar märz maerz mär mrz mars marzo março marco maart mrt",
     "april apr avril avr abril abr aprile", "may mai mayo maggio mag maio mei",
     "june jun juni juin junio giugno giu junho",
     "july jul juli juillet juil julio luglio lug julho",
     "august aug août aout agosto ago augustus augusti",
     "september sep sept septembre septiembre setiembre settembre set setembro",
     "october oct oktober okt octobre octubre ottobre ott outubro out",
     "november nov novembre noviembre novembro",
     "december dec dezember dez décembre decembre déc diciembre dic dicembre "
     "dezembro"},
    // Nordic, Finnish, Estonian
    {"tammikuuta", "helmikuuta", "marts maaliskuuta", "huhtikuuta",
     "maj toukokuuta", "kesäkuuta", "heinäkuuta", "elokuuta", "syyskuuta",
     "lokakuuta", "marraskuuta", "desember des joulukuuta"},
    // Polish, Czech, Slovak, Hungarian, Romanian, Croatian
    {"stycznia styczeń sty ledna januára január ianuarie siječnja",
     "lutego luty lut února februára február februarie veljače",
     "marca marzec března március martie ožujka",
     "kwietnia kwiecień kwi dubna apríla április aprilie travnja",
     "maja května mája május svibnja",
     "czerwca czerwiec cze června júna június iunie lipnja",
     "lipca lipiec lip července júla július iulie srpnja",
     "sierpnia sierpień sie srpna augusta augusztus kolovoza",
     "września wrzesień wrz září septembra szeptember septembrie rujna",
     "października październik paź října októbra október octombrie",
     "listopada lis listopad novembra noiembrie studenoga studenog",
     "grudnia grudzień gru prosince decembra decembrie prosinca"},
    // Russian, Ukrainian, Bulgarian
    {"января январь янв січня січ януари",
     "февраля февраль фев февр лютого лют февруари",
     "марта март мар березня бер", "апреля апрель апр квітня кві април",
     "мая май травня тра", "июня июнь июн червня чер юни",
     "июля июль июл липня лип юли", "августа август авг серпня сер",
     "сентября сентябрь сен сент вересня вер септември",
     "октября октябрь окт жовтня жов октомври",
     "ноября ноябрь ноя нояб листопада лис ноември",
     "декабря декабрь дек грудня гру декември"},
    // Greek
    {"ιανουαρίου ιανουάριος ιαν", "φεβρουαρίου φεβρουάριος φεβ",
     "μαρτίου μάρτιος μαρ μάρ", "απριλίου απρίλιος απρ",
     "μαΐου μαίου μάιος μαι μάι μαϊ", "ιουνίου ιούνιος ιουν ιούν",
     "ιουλίου ιούλιος ιουλ ιούλ", "αυγούστου αύγουστος αυγ αύγ",
     "σεπτεμβρίου σεπτέμβριος σεπ σεπτ", "οκτωβρίου οκτώβριος οκτ",
     "νοεμβρίου νοέμβριος νοε νοέ", "δεκεμβρίου δεκέμβριος δεκ"},
    // Turkish
    {"ocak oca", "şubat şub", "mart", "nisan nis", "mayıs", "haziran haz",
     "temmuz tem", "ağustos ağu", "eylül eyl", "ekim eki", "kasım kas",
     "aralık ara"},
    // Arabic, both sets of names
    {"يناير", "فبراير شباط", "مارس آذار", "أبريل ابريل إبريل نيسان",
     "مايو أيار", "يونيو يونيه حزيران", "يوليو يوليه تموز", "أغسطس اغسطس آب",
     "سبتمبر أيلول", "أكتوبر اكتوبر", "نوفمبر", "ديسمبر"},
    // Indonesian, Malay
    {"", "", "maret mac", "", "", "", "", "agustus agu ogos", "", "", "",
     "disember"},
    // Catalan, Basque is left out
    {"gener", "febrer", "març", "", "maig", "juny", "juliol", "agost",
     "setembre", "", "", "desembre"},
};

std::unordered_map<std::string_view, int> MonthsByWord() {
  std::unordered_map<std::string_view, int> months;
  for (const Year& year : kMonths) {
    for (std::size_t month = 0; month < year.size(); ++month) {
      std::string_view words = year[month];
      while (!words.empty()) {
        const std::string_view word = words.substr(0, words.find(' '));
        months.emplace(word, static_cast<int>(month) + 1);
        words.remove_prefix(std::min(words.size(), word.size() + 1));
      }
    }
  }
  return months;
}

}  // namespace

int MonthOf(std::string_view word) {
  static const auto by_word = MonthsByWord();
  const auto it = by_word.find(word);
  return it == by_word.end() ? 0 : it->second;
}

}  // namespace stemma
