#include "article/names.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include <algorithm>
#include <array>

#include "core/utf8.h"

namespace stemma {
namespace {

std::string Lower(std::string_view text) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const char32_t c = NextCodePoint(text, &at);
    AppendUtf8(static_cast<char32_t>(u_tolower(static_cast<UChar32>(c))), &out);
  }
  return out;
}

std::string_view Trim(std::string_view text) {
  static constexpr std::string_view kEdge = " \t\r\n.,;:|/-*";
  const std::size_t begin = text.find_first_not_of(kEdge);
  if (begin == std::string_view::npos) return {};
  const std::size_t end = text.find_last_not_of(" \t\r\n,;:|/-*");
  return text.substr(begin, end - begin + 1);
}

// Lower case; each followed by a blank or a colon. Longer ones first.
constexpr std::string_view kOpeners[] = {"this post was written by",
                                         "this article was written by",
                                         "written by",
                                         "alles von",
                                         "alle artikel von",
                                         "alle beiträge von",
                                         "beiträge von",
                                         "articles by",
                                         "posts by",
                                         "more by",
                                         "view all posts by",
                                         "view all articles by",
                                         "more from",
                                         "article by",
                                         "about the author",
                                         "posted by",
                                         "published by",
                                         "story by",
                                         "words by",
                                         "reported by",
                                         "article by",
                                         "submitted by",
                                         "created by",
                                         "text by",
                                         "analysis by",
                                         "by",
                                         "geschrieben von",
                                         "veröffentlicht von",
                                         "von",
                                         "écrit par",
                                         "publié par",
                                         "par",
                                         "escrito por",
                                         "publicado por",
                                         "por",
                                         "scritto da",
                                         "pubblicato da",
                                         "di",
                                         "da",
                                         "door",
                                         "geschreven door",
                                         "af",
                                         "av",
                                         "autor",
                                         "autorin",
                                         "autora",
                                         "autore",
                                         "author",
                                         "authors",
                                         "auteur",
                                         "auteurs",
                                         "autoři",
                                         "autoren",
                                         "text & fotos",
                                         "text und fotos",
                                         "text und bilder",
                                         "text & photos",
                                         "words & photos",
                                         "contributors",
                                         "contributor",
                                         "thread starter",
                                         "text von",
                                         "texte de",
                                         "edited by",
                                         "eingestellt von",
                                         "投稿者",
                                         "投稿者:",
                                         "text",
                                         "texte",
                                         "texto",
                                         "testo",
                                         "tekst",
                                         "skriven av",
                                         "skrevet av",
                                         "автор",
                                         "автор статьи",
                                         "текст",
                                         "автори",
                                         "του",
                                         "της",
                                         "γράφει ο",
                                         "γράφει η",
                                         "γράφει",
                                         "yazan",
                                         "yazar",
                                         "autorzy",
                                         "opracował",
                                         "opracowała",
                                         "开发者",
                                         "作者",
                                         "记者",
                                         "文",
                                         "文/",
                                         "記者",
                                         "执笔",
                                         "بقلم",
                                         "كتب",
                                         "كتبت"};

bool CutOpener(std::string_view& text) {
  const std::string lower = Lower(text.substr(0, 60));
  for (const std::string_view opener : kOpeners) {
    if (!lower.starts_with(opener)) continue;
    const std::size_t size = opener.size();
    if (size >= lower.size()) continue;
    const char next = lower[size];
    // "Text size" is no byline, "Text: Jane Doe" is.
    if (opener.starts_with("te") && size <= 5 && next != ':') continue;
    if (opener.starts_with("contributor") && next != ':') continue;
    const bool cjk = static_cast<unsigned char>(opener.back()) >= 0x80 &&
                     static_cast<unsigned char>(opener[0]) >= 0xE3;
    if (next != ' ' && next != ':' && next != '/' && next != '\n' &&
        !(cjk && opener.size() >= 6) && lower.compare(size, 3, "：") != 0 &&
        lower.compare(size, 2, "\xC2\xA0") != 0) {
      continue;
    }
    text.remove_prefix(size);
    while (!text.empty() && (text.front() == ' ' || text.front() == ':' ||
                             text.front() == '/' || text.front() == '\n')) {
      text.remove_prefix(1);
    }
    if (text.starts_with("：")) text.remove_prefix(3);
    return true;
  }
  return false;
}

// Between two names. With blanks around where a name could hold the letters.
constexpr std::string_view kParters[] = {" and ",
                                         " und ",
                                         " et ",
                                         " y ",
                                         " e ",
                                         " en ",
                                         " och ",
                                         " og ",
                                         " i ",
                                         " и ",
                                         " та ",
                                         " και ",
                                         " ve ",
                                         " & ",
                                         ";",
                                         "|",
                                         "/",
                                         "\n",
                                         "、",
                                         "，",
                                         " with ",
                                         " im gespräch mit ",
                                         " im Gespräch mit ",
                                         " mit ",
                                         " con ",
                                         " • ",
                                         " · ",
                                         " – ",
                                         " — ",
                                         " - "};

// A part that holds one of these is a role, a place or a service, not a name.
constexpr std::string_view kNoName[] = {"staff",         "editor",
                                        "reporter",      "correspondent",
                                        "writer",        "redaktion",
                                        "redacción",     "redazione",
                                        "redação",       "rédaction",
                                        "redactie",      "admin",
                                        "contributor",   "columnist",
                                        "producer",      "http",
                                        "www.",          "@",
                                        "follow",        "twitter",
                                        "facebook",      "updated",
                                        "published",     "posted",
                                        "minute",        "read",
                                        "comment",       "share",
                                        "view all",      "more from",
                                        "special to",    "for the",
                                        "senior",        "chief",
                                        "bureau",        "photograph",
                                        "subscribe",     "email",
                                        "guest",         "журналист",
                                        "редакция",      "корреспондент",
                                        "webmaster",     "unknown",
                                        "anonymous",     "datum",
                                        "author",        "journalist",
                                        "autor:",        ".com",
                                        ".org",          ".net",
                                        "attorney",      "professor",
                                        "director",      "manager",
                                        "founder",       "ceo",
                                        "analyst",       "specialist",
                                        "expert",        "engineer",
                                        "president",     "officer",
                                        "strategist",    "consultant",
                                        "coordinator",   "university",
                                        "institute",     "geschäftsführer",
                                        "projektleiter", "leiter"};

bool HoldsWord(std::string_view lower, std::string_view word) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80;
  };
  const bool bounded = letter(word.front());
  std::size_t at = 0;
  while ((at = lower.find(word, at)) != std::string_view::npos) {
    const std::size_t end = at + word.size();
    if (!bounded || ((at == 0 || !letter(lower[at - 1])) &&
                     (end == lower.size() || !letter(lower[end]) ||
                      (lower[end] == 's' && end + 1 == lower.size())))) {
      return true;
    }
    at = end;
  }
  return false;
}

bool LooksLikeName(std::string_view part) {
  if (part.size() < 2 || part.size() > 70) return false;
  const std::string lower = Lower(part);
  for (const std::string_view word : kNoName) {
    if (HoldsWord(lower, word)) return false;
  }
  int words = 1, digits = 0, letters = 0;
  std::size_t at = 0;
  while (at < part.size()) {
    const auto c = static_cast<UChar32>(NextCodePoint(part, &at));
    if (c == ' ') ++words;
    if (u_isdigit(c)) ++digits;
    if (u_isalpha(c)) ++letters;
  }
  return words <= 6 && digits <= 2 && letters >= 2;
}

bool IsAnd(std::string_view parter) {
  static constexpr std::string_view kAnds[] = {" and ", " und ", " et ", " & ",
                                               " y ",   " og ",  " och "};
  return std::ranges::find(kAnds, parter) != std::end(kAnds);
}

// Whether a joint parts two names. It does not in "Jane & John" (one name that
// two go by), "Mac & i", "Justice et faits divers".
bool PartsNames(std::string_view before, std::string_view after) {
  const auto small = [](std::string_view name) {
    std::size_t at = 0;
    return !name.empty() &&
           u_islower(static_cast<UChar32>(NextCodePoint(name, &at))) != 0;
  };
  before = Trim(before.substr(before.find_last_of(",;|\n") + 1));
  after = Trim(after.substr(0, after.find_first_of(",;|\n")));
  if (small(after) && !small(before) && !ReadsLikeName(after)) return false;
  const auto single = [](std::string_view name) {
    return name.find(' ') == std::string_view::npos;
  };
  return !single(before) || (!single(after) && ReadsLikeName(after));
}

std::vector<std::string> Part(std::string_view text) {
  std::vector<std::string> parts;
  std::string rest(text);
  std::size_t begin = 0, at = 0;
  const auto cut = [&](std::size_t end, std::size_t skip) {
    parts.push_back(rest.substr(begin, end - begin));
    begin = at = end + skip;
  };
  while (at < rest.size()) {
    bool hit = false;
    for (const std::string_view parter : kParters) {
      if (rest.compare(at, parter.size(), parter) == 0) {
        const std::string_view all(rest);
        if (IsAnd(parter) && !PartsNames(all.substr(begin, at - begin),
                                         all.substr(at + parter.size()))) {
          continue;
        }
        cut(at, parter.size());
        hit = true;
        break;
      }
    }
    if (hit) continue;
    if (rest[at] == ',') {
      cut(at, 1);
    } else {
      ++at;
    }
  }
  parts.push_back(rest.substr(begin));
  return parts;
}

// What stands behind a name and is none.
bool IsSuffix(std::string_view part) {
  static constexpr std::string_view kTitles[] = {
      "jr",   "sr",   "md",  "phd",       "esq",  "rn",   "rd",   "rdn",
      "mba",  "iii",  "ii",  "mph",       "cfp",  "cfp®", "cpa",  "jd",
      "dvm",  "vmd",  "dpt", "msn",       "mscn", "facp", "cscs", "dacvb",
      "lvt",  "ms",   "ma",  "msc",       "bsc",  "ba",   "mfa",  "edd",
      "psyd", "lcsw", "np",  "fnp",       "crnp", "ldn",  "ld",   "pharmd",
      "do",   "dds",  "cfa", "e-ryt 200", "foma"};
  std::string lower = Lower(part);
  std::erase(lower, '.');
  for (const std::string_view title : kTitles) {
    if (lower == title) return true;
  }
  return false;
}

// "By", with nothing behind it.
bool IsOpener(std::string_view part) {
  const std::string lower = Lower(part);
  for (const std::string_view opener : kOpeners) {
    if (lower == opener) return true;
  }
  return false;
}

}  // namespace

bool OpensByline(std::string_view text) {
  std::string_view copy = Trim(text);
  return CutOpener(copy) && !copy.empty();
}

bool ReadsLikeName(std::string_view text) {
  if (!LooksLikeName(text)) return false;
  int words = 0, capitals = 0;
  bool start = true;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto c = static_cast<UChar32>(NextCodePoint(text, &at));
    if (c == ' ') {
      start = true;
      continue;
    }
    if (start) {
      ++words;
      if (!u_isalpha(c)) return false;
      if (!u_islower(c)) ++capitals;
      start = false;
    }
    if (u_isdigit(c) || c == ':' || c == '!' || c == '?') return false;
  }
  // "von", "de", "bin" keep their small letter.
  return words >= 2 && words <= 5 && capitals >= 2 && words - capitals <= 2;
}

bool IsIdeographicName(std::string_view text) {
  std::size_t at = 0;
  int letters = 0;
  while (at < text.size()) {
    const auto c = static_cast<UChar32>(NextCodePoint(text, &at));
    UErrorCode status = U_ZERO_ERROR;
    const UScriptCode script = uscript_getScript(c, &status);
    if (script != USCRIPT_HAN && script != USCRIPT_HIRAGANA &&
        script != USCRIPT_KATAKANA && script != USCRIPT_HANGUL) {
      return false;
    }
    ++letters;
  }
  return letters >= 2 && letters <= 6;
}

bool IntroducesAuthor(std::string_view text) {
  constexpr std::size_t kLongestName = 60, kFirstSentence = 240;
  static constexpr std::string_view kAre[] = {
      " is a ", " is an ", " is the ", " ist ",    " est ",     " es ",
      " è ",    " é ",     " to ",     " jest ",   " har ",     " är ",
      " er ",   " was a ", " writes ", " covers ", " has been "};
  static constexpr std::string_view kTrades[] = {
      "writer",        "journalist",    "editor",       "reporter",
      "author",        "correspondent", "contributor",  "columnist",
      "freelance",     "blogger",       "newsletter",   "redakteur",
      "korrespondent", "autor",         "reporterin",   "journaliste",
      "periodista",    "giornalista",   "jornalista",   "dziennikar",
      "redaktor",      "skribent",      "writes about", "covers "};
  while (!text.empty() && (text.front() == '(' || text.front() == '*')) {
    text.remove_prefix(1);
  }
  const std::string_view opening = text.substr(0, kFirstSentence);
  std::size_t is = std::string_view::npos;
  for (const std::string_view word : kAre)
    is = std::min(is, opening.find(word));
  if (is > kLongestName) return false;
  const std::size_t name_end = std::min(is, opening.find(','));
  if (!ReadsLikeName(opening.substr(0, name_end))) return false;
  const std::string rest = Lower(opening.substr(is));
  return std::ranges::any_of(kTrades, [&rest](std::string_view trade) {
    return rest.find(trade) != std::string::npos;
  });
}

namespace {

// "Jane Doe (jd)", "신현주 기자", "Jane Doe, professor of something,
// a.example".
std::string_view WithoutRole(std::string_view name) {
  const std::size_t bracket = name.find(" (");
  if (bracket != std::string_view::npos && name.ends_with(")") &&
      name.size() - bracket <= 8) {
    name = Trim(name.substr(0, bracket));
  }
  for (const std::string_view role :
       {" 기자", " 특파원", " 논설위원", " 記者", "記者", " 记者"}) {
    if (name.size() > role.size() + 2 && name.ends_with(role)) {
      name = Trim(name.substr(0, name.size() - role.size()));
    }
  }
  const std::size_t comma = name.find(", ");
  if (comma != std::string_view::npos && name.size() > comma + 30 &&
      ReadsLikeName(name.substr(0, comma))) {
    name = name.substr(0, comma);
  }
  return name;
}

}  // namespace

std::vector<std::string> NamesOfValue(std::string_view text) {
  std::vector<std::string> names;
  text = Trim(text);
  if (text.size() > 300) return names;
  CutOpener(text);
  bool by_comma = text.find(',') != std::string_view::npos;
  std::size_t begin = 0;
  while (by_comma && begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view part = Trim(text.substr(begin, end - begin));
    // "Jane Doe, MD" is one, "Jane Doe, dpa" are two, "Doe, Jane" is one.
    if (part.find(' ') == std::string_view::npos &&
        (begin == 0 || end < text.size() || IsSuffix(part))) {
      by_comma = false;
    }
    begin = end + 1;
  }
  std::string current;
  const auto flush = [&] {
    std::string_view name = Trim(current);
    name = WithoutRole(name);
    // "Jane Doe, professor of the history of the sea at some university"
    const auto words = std::ranges::count(name, ' ') + 1;
    if (!names.empty() && words > 6) name = {};
    const std::string lower = Lower(name);
    const bool address = lower.find("http") != std::string::npos ||
                         lower.find("www.") != std::string::npos ||
                         lower.starts_with("@") || lower == "admin" ||
                         lower == "administrator" || lower == "null" ||
                         lower == "undefined" || lower == "none";
    if (name.size() >= 2 && name.size() <= 100 && !address &&
        std::find(names.begin(), names.end(), name) == names.end()) {
      names.emplace_back(name);
    }
    current.clear();
  };
  std::size_t at = 0;
  while (at < text.size()) {
    bool hit = false;
    for (const std::string_view parter :
         {" and ", " und ", " et ", " & ", ";", "|", "\n", "、", "，", " y ",
          " og ", " och ", " и ", " та ", " και ", " ve "}) {
      if (text.compare(at, parter.size(), parter) == 0) {
        if (IsAnd(parter) &&
            !PartsNames(current, text.substr(at + parter.size()))) {
          continue;
        }
        flush();
        at += parter.size();
        hit = true;
        break;
      }
    }
    if (hit) continue;
    if (by_comma && text[at] == ',') {
      flush();
    } else {
      current += text[at];
    }
    ++at;
  }
  flush();
  return names;
}

std::vector<std::string> NamesOf(std::string_view text) {
  std::vector<std::string> names;
  text = Trim(text);
  if (text.size() > 400 || text.find("://") != std::string_view::npos) {
    return names;
  }
  while (CutOpener(text)) text = Trim(text);
  for (const std::string& raw : Part(text)) {
    std::string_view part = Trim(raw);
    CutOpener(part);
    const std::size_t bracket = part.find_first_of("(<[");
    if (bracket != std::string_view::npos) part = Trim(part.substr(0, bracket));
    // "Jane Doe 3 min", "Jane Doe um 10:52"
    const std::size_t digit = part.find_first_of("0123456789");
    if (digit != std::string_view::npos && digit > 3 &&
        part[digit - 1] == ' ') {
      part = Trim(part.substr(0, digit));
    }
    for (const std::string_view joint :
         {" am ", " um ", " on ", " at ", " under ", " in ", " In ", " bei "}) {
      const std::size_t joint_at = part.find(joint);
      if (joint_at != std::string_view::npos && joint_at > 3) {
        part = Trim(part.substr(0, joint_at));
      }
    }
    for (const std::string_view tail :
         {" on", " am", " at", " in", " In", " um", " à"}) {
      if (part.ends_with(tail)) part.remove_suffix(tail.size());
    }
    if (part.empty() || IsSuffix(part) || IsOpener(part)) continue;
    if (!LooksLikeName(part)) continue;
    const std::string name(part);
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(name);
    }
  }
  return names;
}

}  // namespace stemma
