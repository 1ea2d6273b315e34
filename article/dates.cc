#include "article/dates.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "article/civil_time.h"
#include "article/month_names.h"
#include "core/utf8.h"

namespace stemma {
namespace {

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

bool IsYear(const Token& t) {
  return t.number && t.digits == 4 && t.value >= 1970 && t.value <= 2100;
}

bool IsDay(const Token& t) {
  return t.number && t.digits <= 2 && t.value >= 1 && t.value <= 31;
}

char Between(std::string_view text, const Token& a, const Token& b) {
  return b.begin == a.end + 1 ? text[a.end] : '\0';
}

// "10:30", "10:30:15", "10.30 Uhr", "5:07 pm", up to four words behind the
// date.
void ReadClock(std::string_view text, const std::vector<Token>& tokens,
               std::size_t i, CivilTime& civil, std::size_t& end) {
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
      if (const auto zone = ZoneNamed(tokens[n].word)) civil.offset = zone;
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
      CivilTime civil;
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

  bool At(std::size_t i, CivilTime& c, std::size_t& next) const {
    const Token& t = tokens_[i];
    if (t.number) {
      return YearFirst(i, c, next) || Cjk(i, c, next) || Numeric(i, c, next) ||
             DayMonthYear(i, c, next);
    }
    return MonthDayYear(i, c, next);
  }

  // 2020-01-30, 2020/01/30, 2020.1.30, 2020 January 30
  bool YearFirst(std::size_t i, CivilTime& c, std::size_t& next) const {
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
  bool Cjk(std::size_t i, CivilTime& c, std::size_t& next) const {
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
  bool Numeric(std::size_t i, CivilTime& c, std::size_t& next) const {
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
  bool DayMonthYear(std::size_t i, CivilTime& c, std::size_t& next) const {
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
  bool MonthDayYear(std::size_t i, CivilTime& c, std::size_t& next) const {
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

}  // namespace

std::optional<DateReading> FindDate(std::string_view text,
                                    std::string_view language) {
  return DateFinder(text.substr(0, 4000), language).Run();
}

}  // namespace stemma
