#include "article/dates.h"

#include <fmt/format.h>
#include <unicode/uchar.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>

#include "core/utf8.h"

namespace stemma {
namespace {

using std::chrono::day;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::month;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

struct MonthName {
  std::string_view word;
  int month;
};

// Lower case; forms as they stand beside a day.
constexpr MonthName kMonths[] = {
    // English, German, French, Spanish, Italian, Portuguese, Dutch
    {"january", 1},
    {"jan", 1},
    {"januar", 1},
    {"jänner", 1},
    {"jän", 1},
    {"janvier", 1},
    {"janv", 1},
    {"enero", 1},
    {"ene", 1},
    {"gennaio", 1},
    {"gen", 1},
    {"janeiro", 1},
    {"januari", 1},
    {"january", 1},
    {"february", 2},
    {"feb", 2},
    {"febr", 2},
    {"februar", 2},
    {"feber", 2},
    {"février", 2},
    {"fevrier", 2},
    {"févr", 2},
    {"fév", 2},
    {"febrero", 2},
    {"febbraio", 2},
    {"fevereiro", 2},
    {"fev", 2},
    {"februari", 2},
    {"march", 3},
    {"mar", 3},
    {"märz", 3},
    {"maerz", 3},
    {"mär", 3},
    {"mrz", 3},
    {"mars", 3},
    {"marzo", 3},
    {"março", 3},
    {"marco", 3},
    {"maart", 3},
    {"mrt", 3},
    {"april", 4},
    {"apr", 4},
    {"avril", 4},
    {"avr", 4},
    {"abril", 4},
    {"abr", 4},
    {"aprile", 4},
    {"may", 5},
    {"mai", 5},
    {"mayo", 5},
    {"maggio", 5},
    {"mag", 5},
    {"maio", 5},
    {"mei", 5},
    {"june", 6},
    {"jun", 6},
    {"juni", 6},
    {"juin", 6},
    {"junio", 6},
    {"giugno", 6},
    {"giu", 6},
    {"junho", 6},
    {"july", 7},
    {"jul", 7},
    {"juli", 7},
    {"juillet", 7},
    {"juil", 7},
    {"julio", 7},
    {"luglio", 7},
    {"lug", 7},
    {"julho", 7},
    {"august", 8},
    {"aug", 8},
    {"août", 8},
    {"aout", 8},
    {"agosto", 8},
    {"ago", 8},
    {"augustus", 8},
    {"augusti", 8},
    {"september", 9},
    {"sep", 9},
    {"sept", 9},
    {"septembre", 9},
    {"septiembre", 9},
    {"setiembre", 9},
    {"settembre", 9},
    {"set", 9},
    {"setembro", 9},
    {"october", 10},
    {"oct", 10},
    {"oktober", 10},
    {"okt", 10},
    {"octobre", 10},
    {"octubre", 10},
    {"ottobre", 10},
    {"ott", 10},
    {"outubro", 10},
    {"out", 10},
    {"november", 11},
    {"nov", 11},
    {"novembre", 11},
    {"noviembre", 11},
    {"novembro", 11},
    {"december", 12},
    {"dec", 12},
    {"dezember", 12},
    {"dez", 12},
    {"décembre", 12},
    {"decembre", 12},
    {"déc", 12},
    {"diciembre", 12},
    {"dic", 12},
    {"dicembre", 12},
    {"dezembro", 12},
    // Nordic, Finnish, Estonian
    {"marts", 3},
    {"maj", 5},
    {"desember", 12},
    {"des", 12},
    {"tammikuuta", 1},
    {"helmikuuta", 2},
    {"maaliskuuta", 3},
    {"huhtikuuta", 4},
    {"toukokuuta", 5},
    {"kesäkuuta", 6},
    {"heinäkuuta", 7},
    {"elokuuta", 8},
    {"syyskuuta", 9},
    {"lokakuuta", 10},
    {"marraskuuta", 11},
    {"joulukuuta", 12},
    // Polish, Czech, Slovak, Hungarian, Romanian, Croatian
    {"stycznia", 1},
    {"styczeń", 1},
    {"sty", 1},
    {"lutego", 2},
    {"luty", 2},
    {"lut", 2},
    {"marca", 3},
    {"marzec", 3},
    {"kwietnia", 4},
    {"kwiecień", 4},
    {"kwi", 4},
    {"maja", 5},
    {"czerwca", 6},
    {"czerwiec", 6},
    {"cze", 6},
    {"lipca", 7},
    {"lipiec", 7},
    {"lip", 7},
    {"sierpnia", 8},
    {"sierpień", 8},
    {"sie", 8},
    {"września", 9},
    {"wrzesień", 9},
    {"wrz", 9},
    {"października", 10},
    {"październik", 10},
    {"paź", 10},
    {"listopada", 11},
    {"lis", 11},
    {"listopad", 11},
    {"grudnia", 12},
    {"grudzień", 12},
    {"gru", 12},
    {"ledna", 1},
    {"února", 2},
    {"března", 3},
    {"dubna", 4},
    {"května", 5},
    {"června", 6},
    {"července", 7},
    {"srpna", 8},
    {"září", 9},
    {"října", 10},
    {"prosince", 12},
    {"januára", 1},
    {"februára", 2},
    {"apríla", 4},
    {"mája", 5},
    {"júna", 6},
    {"júla", 7},
    {"augusta", 8},
    {"septembra", 9},
    {"októbra", 10},
    {"novembra", 11},
    {"decembra", 12},
    {"január", 1},
    {"február", 2},
    {"március", 3},
    {"április", 4},
    {"május", 5},
    {"június", 6},
    {"július", 7},
    {"augusztus", 8},
    {"szeptember", 9},
    {"október", 10},
    {"ianuarie", 1},
    {"februarie", 2},
    {"martie", 3},
    {"aprilie", 4},
    {"iunie", 6},
    {"iulie", 7},
    {"septembrie", 9},
    {"octombrie", 10},
    {"noiembrie", 11},
    {"decembrie", 12},
    {"siječnja", 1},
    {"veljače", 2},
    {"ožujka", 3},
    {"travnja", 4},
    {"svibnja", 5},
    {"lipnja", 6},
    {"srpnja", 7},
    {"kolovoza", 8},
    {"rujna", 9},
    {"studenoga", 11},
    {"studenog", 11},
    {"prosinca", 12},
    // Russian, Ukrainian, Bulgarian
    {"января", 1},
    {"январь", 1},
    {"янв", 1},
    {"февраля", 2},
    {"февраль", 2},
    {"фев", 2},
    {"февр", 2},
    {"марта", 3},
    {"март", 3},
    {"мар", 3},
    {"апреля", 4},
    {"апрель", 4},
    {"апр", 4},
    {"мая", 5},
    {"май", 5},
    {"июня", 6},
    {"июнь", 6},
    {"июн", 6},
    {"июля", 7},
    {"июль", 7},
    {"июл", 7},
    {"августа", 8},
    {"август", 8},
    {"авг", 8},
    {"сентября", 9},
    {"сентябрь", 9},
    {"сен", 9},
    {"сент", 9},
    {"октября", 10},
    {"октябрь", 10},
    {"окт", 10},
    {"ноября", 11},
    {"ноябрь", 11},
    {"ноя", 11},
    {"нояб", 11},
    {"декабря", 12},
    {"декабрь", 12},
    {"дек", 12},
    {"січня", 1},
    {"січ", 1},
    {"лютого", 2},
    {"лют", 2},
    {"березня", 3},
    {"бер", 3},
    {"квітня", 4},
    {"кві", 4},
    {"травня", 5},
    {"тра", 5},
    {"червня", 6},
    {"чер", 6},
    {"липня", 7},
    {"лип", 7},
    {"серпня", 8},
    {"сер", 8},
    {"вересня", 9},
    {"вер", 9},
    {"жовтня", 10},
    {"жов", 10},
    {"листопада", 11},
    {"лис", 11},
    {"грудня", 12},
    {"гру", 12},
    {"януари", 1},
    {"февруари", 2},
    {"април", 4},
    {"юни", 6},
    {"юли", 7},
    {"септември", 9},
    {"октомври", 10},
    {"ноември", 11},
    {"декември", 12},
    // Greek
    {"ιανουαρίου", 1},
    {"ιανουάριος", 1},
    {"ιαν", 1},
    {"φεβρουαρίου", 2},
    {"φεβρουάριος", 2},
    {"φεβ", 2},
    {"μαρτίου", 3},
    {"μάρτιος", 3},
    {"μαρ", 3},
    {"μάρ", 3},
    {"απριλίου", 4},
    {"απρίλιος", 4},
    {"απρ", 4},
    {"μαΐου", 5},
    {"μαίου", 5},
    {"μάιος", 5},
    {"μαι", 5},
    {"μάι", 5},
    {"μαϊ", 5},
    {"ιουνίου", 6},
    {"ιούνιος", 6},
    {"ιουν", 6},
    {"ιούν", 6},
    {"ιουλίου", 7},
    {"ιούλιος", 7},
    {"ιουλ", 7},
    {"ιούλ", 7},
    {"αυγούστου", 8},
    {"αύγουστος", 8},
    {"αυγ", 8},
    {"αύγ", 8},
    {"σεπτεμβρίου", 9},
    {"σεπτέμβριος", 9},
    {"σεπ", 9},
    {"σεπτ", 9},
    {"οκτωβρίου", 10},
    {"οκτώβριος", 10},
    {"οκτ", 10},
    {"νοεμβρίου", 11},
    {"νοέμβριος", 11},
    {"νοε", 11},
    {"νοέ", 11},
    {"δεκεμβρίου", 12},
    {"δεκέμβριος", 12},
    {"δεκ", 12},
    // Turkish
    {"ocak", 1},
    {"oca", 1},
    {"şubat", 2},
    {"şub", 2},
    {"mart", 3},
    {"nisan", 4},
    {"nis", 4},
    {"mayıs", 5},
    {"haziran", 6},
    {"haz", 6},
    {"temmuz", 7},
    {"tem", 7},
    {"ağustos", 8},
    {"ağu", 8},
    {"eylül", 9},
    {"eyl", 9},
    {"ekim", 10},
    {"eki", 10},
    {"kasım", 11},
    {"kas", 11},
    {"aralık", 12},
    {"ara", 12},
    // Arabic, both sets of names
    {"يناير", 1},
    {"فبراير", 2},
    {"مارس", 3},
    {"أبريل", 4},
    {"ابريل", 4},
    {"إبريل", 4},
    {"مايو", 5},
    {"يونيو", 6},
    {"يونيه", 6},
    {"يوليو", 7},
    {"يوليه", 7},
    {"أغسطس", 8},
    {"اغسطس", 8},
    {"سبتمبر", 9},
    {"أكتوبر", 10},
    {"اكتوبر", 10},
    {"نوفمبر", 11},
    {"ديسمبر", 12},
    {"شباط", 2},
    {"آذار", 3},
    {"نيسان", 4},
    {"أيار", 5},
    {"حزيران", 6},
    {"تموز", 7},
    {"آب", 8},
    {"أيلول", 9},
    // Indonesian, Malay
    {"mei", 5},
    {"agustus", 8},
    {"agu", 8},
    {"desember", 12},
    {"maret", 3},
    {"ogos", 8},
    {"disember", 12},
    {"mac", 3},
    // Catalan, Basque is left out
    {"gener", 1},
    {"febrer", 2},
    {"març", 3},
    {"maig", 5},
    {"juny", 6},
    {"juliol", 7},
    {"agost", 8},
    {"setembre", 9},
    {"desembre", 12},
};

int MonthOf(std::string_view word) {
  static const auto by_word = [] {
    std::unordered_map<std::string_view, int> months;
    for (const MonthName& name : kMonths) months.emplace(name.word, name.month);
    return months;
  }();
  const auto it = by_word.find(word);
  return it == by_word.end() ? 0 : it->second;
}

struct Token {
  bool number = false;
  int value = -1;  // of a number of at most 8 digits
  int digits = 0;
  std::string word;  // lower case
  std::size_t begin = 0, end = 0;
};

constexpr std::size_t kMaxTokens = 400;

// Digits of any script count; CJK date signs are words of their own.
std::vector<Token> Tokenize(std::string_view text) {
  std::vector<Token> tokens;
  std::size_t at = 0;
  bool joins = false;
  while (at < text.size() && tokens.size() < kMaxTokens) {
    const std::size_t begin = at;
    const auto c = static_cast<UChar32>(NextCodePoint(text, &at));
    const int digit =
        c < 0x80 ? (c >= '0' && c <= '9' ? c - '0' : -1) : u_charDigitValue(c);
    const bool alpha = c < 0x80
                           ? (c | 32) >= 'a' && (c | 32) <= 'z'
                           : u_isalpha(c) != 0 || u_getCombiningClass(c) != 0;
    if (digit >= 0) {
      if (joins && tokens.back().number) {
        Token& token = tokens.back();
        ++token.digits;
        token.value = token.digits <= 8 ? token.value * 10 + digit : -1;
        token.end = at;
      } else {
        Token token;
        token.number = true;
        token.value = digit;
        token.digits = 1;
        token.begin = begin;
        token.end = at;
        tokens.push_back(std::move(token));
      }
      joins = true;
    } else if (alpha) {
      const bool sign = c >= 0x3000;
      const auto lower = static_cast<char32_t>(u_tolower(c));
      if (joins && !sign && !tokens.back().number) {
        AppendUtf8(lower, &tokens.back().word);
        tokens.back().end = at;
      } else {
        Token token;
        AppendUtf8(lower, &token.word);
        token.begin = begin;
        token.end = at;
        tokens.push_back(std::move(token));
      }
      joins = !sign;
    } else {
      joins = false;
    }
  }
  return tokens;
}

struct Civil {
  int year = 0, month = 0, day = 0;
  int hour = -1, minute = 0, second = 0;
  bool has_second = false;
  std::optional<int> offset;  // minutes east
};

bool IsYear(const Token& t) {
  return t.number && t.digits == 4 && t.value >= 1970 && t.value <= 2100;
}
bool IsDay(const Token& t) {
  return t.number && t.digits <= 2 && t.value >= 1 && t.value <= 31;
}

std::optional<TimePoint> TimeOf(const Civil& c) {
  const year_month_day date{year{c.year}, month{static_cast<unsigned>(c.month)},
                            day{static_cast<unsigned>(c.day)}};
  if (!date.ok()) return std::nullopt;
  TimePoint time = sys_days{date};
  if (c.hour >= 0) {
    time += hours{c.hour} + minutes{c.minute} + seconds{c.second};
  }
  if (c.offset) time -= minutes{*c.offset};
  return time;
}

std::optional<DateClaim> ClaimOf(const Civil& c, std::string_view raw) {
  const std::optional<TimePoint> time = TimeOf(c);
  if (!time) return std::nullopt;
  DateClaim claim;
  claim.time = *time;
  claim.precision = c.hour < 0     ? Precision::kDay
                    : c.has_second ? Precision::kSecond
                                   : Precision::kMinute;
  claim.has_zone = c.offset.has_value();
  claim.raw = std::string(raw);
  return claim;
}

struct Zone {
  std::string_view name;
  int minutes;
};
constexpr Zone kZones[] = {
    {"utc", 0},    {"gmt", 0},    {"z", 0},      {"est", -300}, {"edt", -240},
    {"cst", -360}, {"cdt", -300}, {"mst", -420}, {"mdt", -360}, {"pst", -480},
    {"pdt", -420}, {"bst", 60},   {"cet", 60},   {"cest", 120}, {"eet", 120},
    {"eest", 180}, {"msk", 180},  {"jst", 540},  {"aest", 600}, {"aedt", 660},
    {"mez", 60},   {"mesz", 120}};

char Between(std::string_view text, const Token& a, const Token& b) {
  return b.begin == a.end + 1 ? text[a.end] : '\0';
}

// "10:30", "10:30:15", "10.30 Uhr", "5:07 pm", up to four words behind the
// date.
void ReadClock(std::string_view text, const std::vector<Token>& tokens,
               std::size_t i, Civil& civil, std::size_t& end) {
  const std::size_t last = std::min(tokens.size(), i + 5);
  for (std::size_t k = i; k + 1 < last; ++k) {
    const Token& h = tokens[k];
    const Token& m = tokens[k + 1];
    if (!h.number || !m.number || h.digits > 2 || m.digits != 2) continue;
    if (h.value > 23 || m.value > 59) continue;
    const char sep = Between(text, h, m);
    if (sep != ':' && sep != '.' && sep != 'h') continue;
    civil.hour = h.value;
    civil.minute = m.value;
    end = m.end;
    std::size_t n = k + 2;
    if (n < tokens.size() && tokens[n].number && tokens[n].digits == 2 &&
        tokens[n].value < 60 && Between(text, m, tokens[n]) == ':') {
      civil.second = tokens[n].value;
      civil.has_second = true;
      end = tokens[n].end;
      ++n;
    }
    if (n < tokens.size() && !tokens[n].number) {
      const std::string& word = tokens[n].word;
      const bool dotted = n + 1 < tokens.size() && tokens[n + 1].word == "m";
      if ((word == "pm" || (word == "p" && dotted)) && civil.hour < 12) {
        civil.hour += 12;
      } else if ((word == "am" || (word == "a" && dotted)) &&
                 civil.hour == 12) {
        civil.hour = 0;
      }
      if (word == "pm" || word == "am") ++n;
      if ((word == "p" || word == "a") && dotted) n += 2;
    }
    if (n < tokens.size() && !tokens[n].number) {
      for (const Zone& zone : kZones) {
        if (tokens[n].word == zone.name) civil.offset = zone.minutes;
      }
    }
    return;
  }
}

// Words that stand between the parts of a date: "30 de enero de 2020",
// "30th of January, 2020".
bool IsDateFiller(const std::string& word) {
  return word == "de" || word == "of" || word == "del" || word == "do" ||
         word == "st" || word == "nd" || word == "rd" || word == "th" ||
         word == "er" || word == "the" || word == "º" || word == "d" ||
         word == "ª" || word == "ου" || word == "ης" || word == "η";
}

std::size_t SkipFiller(const std::vector<Token>& t, std::size_t i) {
  while (i < t.size() && !t[i].number && IsDateFiller(t[i].word)) ++i;
  return i;
}

class DateFinder {
 public:
  DateFinder(std::string_view text, std::string_view language)
      : text_(text),
        month_first_(language == "en-US" || language == "en-us"),
        year_first_(language.starts_with("ja") || language.starts_with("zh") ||
                    language.starts_with("ko")),
        tokens_(Tokenize(text)) {}

  std::optional<DateReading> Run() {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      Civil civil;
      std::size_t next = 0;
      if (!At(i, civil, next)) continue;
      std::size_t end = tokens_[next - 1].end;
      ReadClock(text_, tokens_, next, civil, end);
      auto claim = ClaimOf(
          civil, text_.substr(tokens_[i].begin, end - tokens_[i].begin));
      if (!claim) continue;
      return DateReading{*std::move(claim), tokens_[i].begin, end};
    }
    return std::nullopt;
  }

 private:
  bool Near(std::size_t a, std::size_t b) const {
    return tokens_[b].begin - tokens_[a].end <= 4;
  }

  bool At(std::size_t i, Civil& c, std::size_t& next) const {
    const Token& t = tokens_[i];
    if (t.number) {
      return YearFirst(i, c, next) || Cjk(i, c, next) || Numeric(i, c, next) ||
             DayMonthYear(i, c, next);
    }
    return MonthDayYear(i, c, next);
  }

  // 2020-01-30, 2020/01/30, 2020.1.30, 2020 January 30
  bool YearFirst(std::size_t i, Civil& c, std::size_t& next) const {
    if (!IsYear(tokens_[i]) || i + 2 >= tokens_.size()) return false;
    const Token& m = tokens_[i + 1];
    const Token& d = tokens_[i + 2];
    if (!IsDay(d) || !Near(i, i + 1) || !Near(i + 1, i + 2)) return false;
    if (m.number) {
      if (m.digits > 2 || m.value < 1 || m.value > 12) return false;
      const char sep = text_[tokens_[i].end];
      if (sep != '-' && sep != '/' && sep != '.') return false;
      if (text_[m.end] != sep) return false;
      c.month = m.value;
    } else {
      c.month = MonthOf(m.word);
      if (c.month == 0) return false;
    }
    c.year = tokens_[i].value;
    c.day = d.value;
    next = i + 3;
    return true;
  }

  // 2020年1月30日, 2020년 1월 30일
  bool Cjk(std::size_t i, Civil& c, std::size_t& next) const {
    if (!IsYear(tokens_[i]) || i + 4 >= tokens_.size()) return false;
    const auto sign = [&](std::size_t k, std::string_view han,
                          std::string_view hangul) {
      return tokens_[k].word == han || tokens_[k].word == hangul;
    };
    if (!sign(i + 1, "年", "년") || !sign(i + 3, "月", "월")) return false;
    if (!tokens_[i + 2].number || !IsDay(tokens_[i + 4])) return false;
    c.year = tokens_[i].value;
    c.month = tokens_[i + 2].value;
    c.day = tokens_[i + 4].value;
    next = i + 5;
    if (next < tokens_.size() && sign(next, "日", "일")) ++next;
    return c.month >= 1 && c.month <= 12;
  }

  // 30.01.2020, 30/1/2020, 1/30/2020, 30.1.20
  bool Numeric(std::size_t i, Civil& c, std::size_t& next) const {
    if (i + 2 >= tokens_.size()) return false;
    const Token& a = tokens_[i];
    const Token& b = tokens_[i + 1];
    const Token& y = tokens_[i + 2];
    if (!IsDay(a) || !IsDay(b) || !y.number) return false;
    const char sep = text_[a.end];
    if ((sep != '.' && sep != '/' && sep != '-') || text_[b.end] != sep) {
      return false;
    }
    if (!Near(i, i + 1) || !Near(i + 1, i + 2)) return false;
    if (IsYear(y)) {
      c.year = y.value;
    } else if (y.digits == 2 && y.begin == b.end + 1 && sep != '-' &&
               (y.end == text_.size() ||
                (text_[y.end] != sep && text_[y.end] != '%'))) {
      c.year = y.value + (y.value < 70 ? 2000 : 1900);
      if (year_first_ && a.digits == 2 && IsDay(y)) {
        c.year = 2000 + a.value;
        c.month = b.value;
        c.day = y.value;
        next = i + 3;
        return c.month <= 12;
      }
    } else {
      return false;
    }
    c.day = a.value;
    c.month = b.value;
    const bool swap =
        c.month > 12 || (month_first_ && sep != '.' && c.day <= 12);
    if (swap) std::swap(c.day, c.month);
    next = i + 3;
    return c.month <= 12;
  }

  // 30 January 2020, 30. Januar 2020, 30 de enero de 2020
  bool DayMonthYear(std::size_t i, Civil& c, std::size_t& next) const {
    if (!IsDay(tokens_[i])) return false;
    const std::size_t m = SkipFiller(tokens_, i + 1);
    if (m >= tokens_.size() || tokens_[m].number) return false;
    std::size_t y = 0;
    c.month = MonthOf(tokens_[m].word);
    if (c.month == 0) return false;
    y = SkipFiller(tokens_, m + 1);
    if (y >= tokens_.size() || !Near(m, m + 1)) return false;
    // Arabic pages give both names of a month: "30 كانون الثاني / يناير 2020".
    if (!IsYear(tokens_[y]) && !tokens_[y].number && y + 1 < tokens_.size() &&
        MonthOf(tokens_[y].word) != 0) {
      ++y;
    }
    if (!IsYear(tokens_[y])) return false;
    c.year = tokens_[y].value;
    c.day = tokens_[i].value;
    next = y + 1;
    return true;
  }

  // January 30, 2020; Jan. 30th 2020
  bool MonthDayYear(std::size_t i, Civil& c, std::size_t& next) const {
    c.month = MonthOf(tokens_[i].word);
    if (c.month == 0 || i + 2 >= tokens_.size()) return false;
    if (!IsDay(tokens_[i + 1]) || !Near(i, i + 1)) return false;
    const std::size_t y = SkipFiller(tokens_, i + 2);
    if (y >= tokens_.size() || !IsYear(tokens_[y])) return false;
    if (tokens_[y].begin - tokens_[i + 1].end > 8) return false;
    c.year = tokens_[y].value;
    c.day = tokens_[i + 1].value;
    next = y + 1;
    return true;
  }

  std::string_view text_;
  bool month_first_, year_first_;
  std::vector<Token> tokens_;
};

std::optional<int> Number(std::string_view text) {
  int value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') {
    text.remove_prefix(1);
  }
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') {
    text.remove_suffix(1);
  }
  return text;
}

// "+0100", "+01:00", "-5", "Z", "UTC" and what may stand before them.
std::optional<int> OffsetOf(std::string_view text) {
  text = Trim(text);
  if (text.empty()) return std::nullopt;
  if (text == "Z" || text == "z") return 0;
  if (text.front() == '+' || text.front() == '-') {
    const int sign = text.front() == '-' ? -1 : 1;
    std::string digits;
    for (const char c : text.substr(1)) {
      if (c >= '0' && c <= '9')
        digits += c;
      else if (c != ':')
        break;
    }
    if (digits.size() > 4 || digits.empty()) return std::nullopt;
    if (digits.size() <= 2) digits += "00";
    if (digits.size() == 3) digits.insert(0, "0");
    const int hour = *Number(digits.substr(0, 2));
    const int minute = *Number(digits.substr(2));
    if (hour > 15 || minute > 59) return std::nullopt;
    return sign * (hour * 60 + minute);
  }
  std::string lower(text.substr(0, 5));
  for (char& c : lower) c = static_cast<char>(c | 32);
  for (const Zone& zone : kZones) {
    if (lower == zone.name || lower.starts_with(std::string(zone.name) + " ")) {
      return zone.minutes;
    }
  }
  return std::nullopt;
}

std::optional<DateClaim> ReadEpoch(std::string_view text) {
  if (text.size() != 10 && text.size() != 13) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value <= 0) {
    return std::nullopt;
  }
  DateClaim claim;
  if (text.size() == 10) value *= 1000;
  claim.time = TimePoint{std::chrono::milliseconds{value}};
  claim.precision = Precision::kSecond;
  claim.has_zone = true;
  claim.raw = std::string(text);
  return claim;
}

// YYYY-MM-DD with any of -/. or none between, then perhaps a time and a zone.
std::optional<DateClaim> ReadIso(std::string_view text) {
  Civil c;
  std::size_t at = 0;
  const auto two = [&](std::size_t from) -> std::optional<int> {
    if (from + 2 > text.size()) return std::nullopt;
    return Number(text.substr(from, 2));
  };
  if (text.size() < 8) return std::nullopt;
  const auto y = Number(text.substr(0, 4));
  if (!y || *y < 1900 || *y > 2100) return std::nullopt;
  c.year = *y;
  const char sep = text[4];
  if (sep == '-' || sep == '/' || sep == '.') {
    std::size_t m_end = text.find(sep, 5);
    if (m_end == std::string_view::npos || m_end > 7) return std::nullopt;
    const auto m = Number(text.substr(5, m_end - 5));
    std::size_t d_end = m_end + 1;
    while (d_end < text.size() && d_end < m_end + 3 && text[d_end] >= '0' &&
           text[d_end] <= '9') {
      ++d_end;
    }
    const auto d = Number(text.substr(m_end + 1, d_end - m_end - 1));
    if (!m || !d) return std::nullopt;
    c.month = *m;
    c.day = *d;
    at = d_end;
  } else {
    const auto m = two(4), d = two(6);
    if (!m || !d) return std::nullopt;
    c.month = *m;
    c.day = *d;
    at = 8;
  }
  const std::size_t date_end = at;
  while (at < text.size() && (text[at] == ' ' || text[at] == 'T' ||
                              text[at] == 't' || text[at] == ',')) {
    ++at;
  }
  if (at > date_end || (sep >= '0' && sep <= '9')) {
    const auto h = two(at);
    std::size_t m_at = at + 2;
    if (m_at < text.size() && text[m_at] == ':') ++m_at;
    const auto m = two(m_at);
    if (h && m && *h < 24 && *m < 60) {
      c.hour = *h;
      c.minute = *m;
      at = m_at + 2;
      std::size_t s_at = at;
      if (s_at < text.size() && text[s_at] == ':') ++s_at;
      const auto s = two(s_at);
      if (s && *s < 61 &&
          (s_at > at || (text.size() > s_at + 1 && text[s_at] >= '0' &&
                         text[s_at] <= '9'))) {
        c.second = std::min(*s, 59);
        c.has_second = true;
        at = s_at + 2;
        if (at < text.size() && (text[at] == '.' || text[at] == ',')) {
          ++at;
          while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
        }
      }
      if (at < text.size()) c.offset = OffsetOf(text.substr(at));
    }
  }
  return ClaimOf(c, text);
}

}  // namespace

namespace {

// The C library's "Mon Aug 03 12:45:00 EDT 2015"; the zone's letters are
// ambiguous and so unread.
std::optional<DateClaim> ReadCtime(std::string_view text) {
  std::vector<std::string_view> words;
  std::size_t begin = 0;
  while (begin < text.size() && words.size() < 7) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    if (end > begin) words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (words.size() < 5 || words.size() > 6) return std::nullopt;
  if (words[3].size() < 5 || words[3].find(':') == std::string_view::npos ||
      words.back().size() != 4 || MonthOf(words[1]) == 0) {
    return std::nullopt;
  }
  const std::string ordered =
      fmt::format("{} {} {} {}", words[2], words[1], words.back(), words[3]);
  auto reading = FindDate(ordered, "");
  if (!reading) return std::nullopt;
  reading->claim.raw = std::string(text);
  return std::move(reading->claim);
}

}  // namespace

std::optional<DateClaim> ReadMachineDate(std::string_view text) {
  text = Trim(text);
  if (text.empty() || text.size() > 80) return std::nullopt;
  if (auto claim = ReadEpoch(text)) return claim;
  if (auto claim = ReadIso(text)) return claim;
  if (auto claim = ReadCtime(text)) return claim;
  auto reading = FindDate(text, "");
  if (!reading) return std::nullopt;
  DateClaim claim = std::move(reading->claim);
  if (!claim.has_zone) {
    // RFC 5322: the zone follows the time.
    const std::string_view tail = text.substr(reading->end);
    if (const auto offset = OffsetOf(tail);
        offset && claim.precision != Precision::kDay) {
      claim.time -= minutes{*offset};
      claim.has_zone = true;
    }
  }
  claim.raw = std::string(text);
  return claim;
}

std::optional<DateReading> FindDate(std::string_view text,
                                    std::string_view language) {
  return DateFinder(text.substr(0, 4000), language).Run();
}

std::optional<DateClaim> DateOfUrl(std::string_view url) {
  const std::size_t host = url.find("://");
  const std::size_t path =
      host == std::string_view::npos ? 0 : url.find('/', host + 3);
  if (path == std::string_view::npos) return std::nullopt;
  const std::string_view p =
      url.substr(path, url.find_first_of("?#", path) - path);
  for (std::size_t i = 0; i + 9 < p.size() + 1; ++i) {
    const bool edge = i > 0 && (p[i - 1] == '/' || p[i - 1] == '-' ||
                                p[i - 1] == '_' || p[i - 1] == '.');
    if (!edge || i + 8 > p.size()) continue;
    const auto y = Number(p.substr(i, 4));
    if (!y || *y < 1990 || *y > 2100) continue;
    Civil c;
    c.year = *y;
    const char sep = p[i + 4];
    std::size_t end = 0;
    if (sep == '/' || sep == '-' || sep == '_') {
      std::size_t m_end = i + 5;
      while (m_end < p.size() && p[m_end] >= '0' && p[m_end] <= '9') ++m_end;
      const auto m = Number(p.substr(i + 5, m_end - i - 5));
      if (!m || m_end - i - 5 > 2) continue;
      c.month = *m;
      if (m_end >= p.size() || p[m_end] != sep) continue;
      end = m_end + 1;
      while (end < p.size() && p[end] >= '0' && p[end] <= '9') ++end;
      const auto d = Number(p.substr(m_end + 1, end - m_end - 1));
      if (!d || end - m_end - 1 > 2) continue;
      c.day = *d;
    } else {
      const auto m = Number(p.substr(i + 4, 2));
      const auto d = Number(p.substr(i + 6, 2));
      end = i + 8;
      if (!m || !d || (end < p.size() && p[end] >= '0' && p[end] <= '9')) {
        continue;
      }
      c.month = *m;
      c.day = *d;
    }
    if (auto claim = ClaimOf(c, p.substr(i, end - i))) return claim;
  }
  return std::nullopt;
}

std::string DayAsWritten(const DateClaim& claim) {
  if (!claim.has_zone) return FormatSeconds(claim.time).substr(0, 10);
  // The offset is not kept apart, but the raw text says the day.
  if (const auto iso = ReadIso(Trim(claim.raw)); iso && !ReadEpoch(claim.raw)) {
    // Read again without the zone: the day on the publisher's own clock.
    std::string_view raw = Trim(claim.raw);
    std::size_t end = 4;
    while (end < raw.size() && raw[end] != 'T' && raw[end] != 't' &&
           raw[end] != ' ') {
      ++end;
    }
    if (const auto day_only = ReadIso(raw.substr(0, end))) {
      return FormatSeconds(day_only->time).substr(0, 10);
    }
  }
  if (const auto text = FindDate(claim.raw, ""); text) {
    DateClaim without = text->claim;
    if (without.precision == Precision::kDay || !without.has_zone) {
      return FormatSeconds(without.time).substr(0, 10);
    }
  }
  return FormatSeconds(claim.time).substr(0, 10);
}

namespace {

bool IsShown(const DateClaim& claim) {
  return claim.source.starts_with("text") || claim.source == "publisher-line";
}

}  // namespace

std::string DayShown(const DateClaim& published,
                     const std::vector<DateClaim>& claims) {
  const std::string day = DayAsWritten(published);
  if (IsShown(published)) return day;
  const std::string_view raw = Trim(published.raw);
  const bool utc =
      published.has_zone && (raw.ends_with("Z") || raw.ends_with("+00:00") ||
                             raw.ends_with("+0000") || raw.ends_with("GMT"));
  std::string modified;
  const DateClaim* shown = nullptr;
  for (const DateClaim& claim : claims) {
    // "Published 3 May" is what the page itself says of the day.
    if (claim.source == "text:published") return DayAsWritten(claim);
  }
  for (const DateClaim& claim : claims) {
    if (shown == nullptr && IsShown(claim)) shown = &claim;
    const std::string other = DayAsWritten(claim);
    if (utc && claim.has_zone && claim.time == published.time && other != day) {
      return other;
    }
    if (modified.empty() &&
        (claim.source.find("odified") != std::string::npos ||
         claim.source.find("updated") != std::string::npos)) {
      modified = other;
    }
  }
  if (shown == nullptr) return day;
  const std::string seen = DayAsWritten(*shown);
  if (seen == day) return day;
  const auto apart = shown->time - published.time;
  // A day by itself may lie as far off as its own length and the zone's.
  const bool day_only = shown->precision == Precision::kDay;
  if (utc && apart > -std::chrono::hours{day_only ? 38 : 14} &&
      apart < std::chrono::hours{day_only ? 24 : 15}) {
    return seen;
  }
  const bool schema = published.source.starts_with("json-ld") ||
                      published.source.starts_with("itemprop");
  return seen == modified && schema ? seen : day;
}

}  // namespace stemma
