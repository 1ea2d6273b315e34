#include "article/charset.h"

#include <fmt/format.h>
#include <unicode/ucnv.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstring>
#include <memory>

#include "core/ascii.h"
#include "core/utf8.h"

namespace stemma {
namespace {

// encoding.spec.whatwg.org 4.2: each encoding with its labels, and the name of
// ICU's converter for it ("" where the decoder is our own).
struct Encoding {
  std::string_view name;
  const char* converter;
  std::string_view labels;  // parted by blanks
};

constexpr Encoding kEncodings[] = {
    {"UTF-8", "",
     "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 "
     "x-unicode20utf8"},
    {"IBM866", "IBM866", "866 cp866 csibm866 ibm866"},
    {"ISO-8859-2", "ISO-8859-2",
     "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 "
     "iso_8859-2:1987 l2 latin2"},
    {"ISO-8859-3", "ISO-8859-3",
     "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 "
     "iso_8859-3:1988 l3 latin3"},
    {"ISO-8859-4", "ISO-8859-4",
     "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 "
     "iso_8859-4:1988 l4 latin4"},
    {"ISO-8859-5", "ISO-8859-5",
     "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 "
     "iso_8859-5 iso_8859-5:1988"},
    {"ISO-8859-6", "ISO-8859-6",
     "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 "
     "iso-8859-6 iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 "
     "iso_8859-6 iso_8859-6:1987"},
    {"ISO-8859-7", "ISO-8859-7",
     "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 "
     "iso8859-7 iso88597 iso_8859-7 iso_8859-7:1987 sun_eu_greek"},
    {"ISO-8859-8", "ISO-8859-8",
     "csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 "
     "iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 visual"},
    {"ISO-8859-8-I", "ISO-8859-8", "csiso88598i iso-8859-8-i logical"},
    {"ISO-8859-10", "ISO-8859-10",
     "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6"},
    {"ISO-8859-13", "ISO-8859-13", "iso-8859-13 iso8859-13 iso885913"},
    {"ISO-8859-14", "ISO-8859-14", "iso-8859-14 iso8859-14 iso885914"},
    {"ISO-8859-15", "ISO-8859-15",
     "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9"},
    {"ISO-8859-16", "", "iso-8859-16"},
    {"KOI8-R", "KOI8-R", "cskoi8r koi koi8 koi8-r koi8_r"},
    {"KOI8-U", "KOI8-U", "koi8-ru koi8-u"},
    {"macintosh", "macintosh", "csmacintosh mac macintosh x-mac-roman"},
    {"windows-874", "windows-874",
     "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874"},
    {"windows-1250", "windows-1250", "cp1250 windows-1250 x-cp1250"},
    {"windows-1251", "windows-1251", "cp1251 windows-1251 x-cp1251"},
    {"windows-1252", "",
     "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 "
     "iso-ir-100 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 "
     "us-ascii windows-1252 x-cp1252"},
    {"windows-1253", "windows-1253", "cp1253 windows-1253 x-cp1253"},
    {"windows-1254", "windows-1254",
     "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 "
     "iso_8859-9:1989 l5 latin5 windows-1254 x-cp1254"},
    {"windows-1255", "windows-1255", "cp1255 windows-1255 x-cp1255"},
    {"windows-1256", "windows-1256", "cp1256 windows-1256 x-cp1256"},
    {"windows-1257", "windows-1257", "cp1257 windows-1257 x-cp1257"},
    {"windows-1258", "windows-1258", "cp1258 windows-1258 x-cp1258"},
    {"x-mac-cyrillic", "x-mac-cyrillic", "x-mac-cyrillic x-mac-ukrainian"},
    {"GBK", "gb18030",
     "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk "
     "iso-ir-58 x-gbk"},
    {"gb18030", "gb18030", "gb18030"},
    {"Big5", "Big5-HKSCS", "big5 big5-hkscs cn-big5 csbig5 x-x-big5"},
    {"EUC-JP", "EUC-JP", "cseucpkdfmtjapanese euc-jp x-euc-jp"},
    {"ISO-2022-JP", "ISO-2022-JP", "csiso2022jp iso-2022-jp"},
    {"Shift_JIS", "ibm-943_P15A-2003",
     "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis"},
    {"EUC-KR", "windows-949",
     "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 "
     "ks_c_5601-1989 ksc5601 ksc_5601 windows-949"},
    {"replacement", "",
     "csiso2022kr hz-gb-2312 iso-2022-cn iso-2022-cn-ext iso-2022-kr "
     "replacement"},
    {"UTF-16BE", "UTF-16BE", "unicodefffe utf-16be"},
    {"UTF-16LE", "UTF-16LE",
     "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le"},
    {"x-user-defined", "", "x-user-defined"},
};

constexpr std::size_t kPrescanBytes = 1024;
constexpr std::size_t kLatePrescanBytes = 65536;

constexpr std::array<char16_t, 32> kWindows1252 = {
    0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
    0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,   0x017D, 0x8F,
    0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
    0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

// The upper half of ISO-8859-16 from 0xA0; ICU as Debian builds it lacks it.
constexpr std::array<char16_t, 96> kIso885916 = {
    0xa0,  0x104,  0x105, 0x141, 0x20ac, 0x201e, 0x160, 0xa7,  0x161, 0xa9,
    0x218, 0xab,   0x179, 0xad,  0x17a,  0x17b,  0xb0,  0xb1,  0x10c, 0x142,
    0x17d, 0x201d, 0xb6,  0xb7,  0x17e,  0x10d,  0x219, 0xbb,  0x152, 0x153,
    0x178, 0x17c,  0xc0,  0xc1,  0xc2,   0x102,  0xc4,  0x106, 0xc6,  0xc7,
    0xc8,  0xc9,   0xca,  0xcb,  0xcc,   0xcd,   0xce,  0xcf,  0x110, 0x143,
    0xd2,  0xd3,   0xd4,  0x150, 0xd6,   0x15a,  0x170, 0xd9,  0xda,  0xdb,
    0xdc,  0x118,  0x21a, 0xdf,  0xe0,   0xe1,   0xe2,  0x103, 0xe4,  0x107,
    0xe6,  0xe7,   0xe8,  0xe9,  0xea,   0xeb,   0xec,  0xed,  0xee,  0xef,
    0x111, 0x144,  0xf2,  0xf3,  0xf4,   0x151,  0xf6,  0x15b, 0x171, 0xf9,
    0xfa,  0xfb,   0xfc,  0x119, 0x21b,  0xff};

const Encoding* Named(std::string_view name) {
  for (const Encoding& encoding : kEncodings) {
    if (encoding.name == name) return &encoding;
  }
  return nullptr;
}

// The length of the well-formed sequence at `p`, or minus the length of the
// maximal malformed subpart (Unicode 3.9, table 3-7).
int SequenceLength(const unsigned char* p, const unsigned char* end) {
  const unsigned char c = *p;
  if (c < 0x80) return 1;
  int length = 0;
  unsigned char low = 0x80, high = 0xBF;
  if (c >= 0xC2 && c <= 0xDF) {
    length = 2;
  } else if (c >= 0xE0 && c <= 0xEF) {
    length = 3;
    if (c == 0xE0) low = 0xA0;
    if (c == 0xED) high = 0x9F;
  } else if (c >= 0xF0 && c <= 0xF4) {
    length = 4;
    if (c == 0xF0) low = 0x90;
    if (c == 0xF4) high = 0x8F;
  } else {
    return -1;
  }
  for (int i = 1; i < length; ++i) {
    if (p + i == end || p[i] < low || p[i] > high) return -i;
    low = 0x80;
    high = 0xBF;
  }
  return length;
}

struct Utf8Facts {
  std::size_t multi_byte = 0, malformed = 0;
};

Utf8Facts InspectUtf8(std::string_view bytes) {
  Utf8Facts facts;
  const auto* p = reinterpret_cast<const unsigned char*>(bytes.data());
  const auto* end = p + bytes.size();
  while (p < end) {
    std::uint64_t eight = 0;
    while (end - p >= 8) {
      std::memcpy(&eight, p, 8);
      if ((eight & 0x8080808080808080U) != 0) break;
      p += 8;
    }
    if (p == end) break;
    const int length = SequenceLength(p, end);
    if (length > 1) ++facts.multi_byte;
    if (length < 0) ++facts.malformed;
    p += length < 0 ? -length : length;
  }
  return facts;
}

void DecodeUtf8(std::string_view bytes, std::size_t limit, OffsetSteps* steps,
                DecodedText& out) {
  const auto* p = reinterpret_cast<const unsigned char*>(bytes.data());
  const auto* end = p + bytes.size();
  out.utf8.reserve(bytes.size());
  const auto* run = p;
  const auto flush = [&](const unsigned char* to) {
    out.utf8.append(reinterpret_cast<const char*>(run),
                    static_cast<std::size_t>(to - run));
  };
  while (p < end) {
    if (*p != 0 && *p < 0x80) {
      ++p;
      continue;
    }
    const int length = *p == 0 ? -1 : SequenceLength(p, end);
    if (length > 0) {
      p += length;
      continue;
    }
    flush(p);
    out.utf8 += "\xEF\xBF\xBD";
    if (*p != 0) ++out.replacements;
    p -= length;
    run = p;
    if (steps != nullptr) {
      AddStep(*steps, out.utf8.size(),
              static_cast<std::size_t>(reinterpret_cast<const char*>(p) -
                                       bytes.data()));
    }
    if (out.utf8.size() > limit) break;  // DecodePage cuts it and says so
  }
  flush(out.utf8.size() > limit ? run : end);
}

template <class ToChar>
void DecodeSingleByte(std::string_view bytes, OffsetSteps* steps,
                      DecodedText& out, ToChar to_char) {
  out.utf8.reserve(bytes.size() + bytes.size() / 8);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (steps != nullptr) AddStep(*steps, out.utf8.size(), i);
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0) {
      out.utf8 += "\xEF\xBF\xBD";
    } else if (byte < 0x80) {
      out.utf8 += c;
    } else {
      AppendUtf8(to_char(byte), &out.utf8);
    }
  }
}

struct CloseConverter {
  void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, CloseConverter>;

// `offsets` and `steps` are both null or both not; `base` goes with offset 0.
void AppendUtf16(const char16_t* from, const char16_t* to,
                 const std::int32_t* offsets, std::size_t base,
                 OffsetSteps* steps, DecodedText& out) {
  const char16_t* const begin = from;
  for (; from < to; ++from) {
    if (steps != nullptr && offsets[from - begin] >= 0) {
      AddStep(*steps, out.utf8.size(),
              base + static_cast<std::size_t>(offsets[from - begin]));
    }
    char32_t c = *from;
    if (c >= 0xD800 && c <= 0xDBFF && from + 1 < to && from[1] >= 0xDC00 &&
        from[1] <= 0xDFFF) {
      c = 0x10000 + ((c - 0xD800) << 10) + (from[1] - 0xDC00U);
      ++from;
    } else if (c >= 0xD800 && c <= 0xDFFF) {
      c = 0xFFFD;
    }
    if (c == 0xFFFD) ++out.replacements;
    AppendUtf8(c == 0 ? 0xFFFD : c, &out.utf8);
  }
}

void DecodeByIcu(const char* name, std::string_view bytes, OffsetSteps* steps,
                 DecodedText& out) {
  UErrorCode status = U_ZERO_ERROR;
  const Converter converter(ucnv_open(name, &status));
  if (U_FAILURE(status)) {
    out.notes.push_back(
        fmt::format("charset: no converter for {}, read as windows-1252",
                    out.charset.encoding));
    DecodeSingleByte(bytes, steps, out, [](unsigned char b) {
      return b < 0xA0 ? char32_t{kWindows1252[b - 0x80U]} : char32_t{b};
    });
    return;
  }
  out.utf8.reserve(bytes.size() + bytes.size() / 2);
  std::array<char16_t, 4096> buffer;
  std::array<std::int32_t, 4096> offsets{};
  // A surrogate pair split between two buffers waits here.
  std::size_t kept = 0;
  const char* source = bytes.data();
  const char* const end = source + bytes.size();
  do {
    status = U_ZERO_ERROR;
    char16_t* target = buffer.data() + kept;
    const auto base = static_cast<std::size_t>(source - bytes.data());
    if (kept == 1) offsets[0] = -1;  // told with the call before
    ucnv_toUnicode(
        converter.get(), &target, buffer.data() + buffer.size(), &source, end,
        steps == nullptr ? nullptr : offsets.data() + kept, true, &status);
    kept = 0;
    char16_t* stop = target;
    const bool more = status == U_BUFFER_OVERFLOW_ERROR;
    if (more && stop > buffer.data() && stop[-1] >= 0xD800 &&
        stop[-1] <= 0xDBFF) {
      --stop;
      kept = 1;
    }
    AppendUtf16(buffer.data(), stop, offsets.data(), base, steps, out);
    if (kept == 1) buffer[0] = *stop;
  } while (status == U_BUFFER_OVERFLOW_ERROR);
}

void DecodeAs(const Encoding& encoding, std::string_view bytes,
              std::size_t limit, OffsetSteps* steps, DecodedText& out) {
  if (encoding.name == "UTF-8") {
    DecodeUtf8(bytes, limit, steps, out);
  } else if (encoding.name == "windows-1252") {
    DecodeSingleByte(bytes, steps, out, [](unsigned char b) {
      return b < 0xA0 ? char32_t{kWindows1252[b - 0x80U]} : char32_t{b};
    });
  } else if (encoding.name == "ISO-8859-16") {
    DecodeSingleByte(bytes, steps, out, [](unsigned char b) {
      return b < 0xA0 ? char32_t{b} : char32_t{kIso885916[b - 0xA0U]};
    });
  } else if (encoding.name == "x-user-defined") {
    DecodeSingleByte(bytes, steps, out, [](unsigned char b) {
      return static_cast<char32_t>(0xF780 + (b - 0x80));
    });
  } else if (encoding.name == "replacement") {
    out.utf8 = bytes.empty() ? "" : "\xEF\xBF\xBD";
    out.replacements = 1;
    out.notes.emplace_back("charset: the label names no safe encoding");
  } else {
    DecodeByIcu(encoding.converter, bytes, steps, out);
  }
}

// HTML Standard 13.2.3.3 "get an attribute". Advances `at`; false at the end
// of the tag.
bool NextAttribute(std::string_view s, std::size_t& at, std::string& name,
                   std::string& value) {
  name.clear();
  value.clear();
  while (at < s.size() && (IsHtmlSpace(s[at]) || s[at] == '/')) ++at;
  if (at >= s.size() || s[at] == '>') return false;
  while (at < s.size()) {
    const char c = s[at];
    if (c == '=' && !name.empty()) break;
    if (IsHtmlSpace(c)) {
      while (at < s.size() && IsHtmlSpace(s[at])) ++at;
      if (at >= s.size() || s[at] != '=') return true;
      break;
    }
    if (c == '/' || c == '>') return true;
    name += c;
    ++at;
  }
  if (at >= s.size()) return false;
  ++at;  // "="
  while (at < s.size() && IsHtmlSpace(s[at])) ++at;
  if (at >= s.size()) return false;
  if (s[at] == '"' || s[at] == '\'') {
    const std::size_t end = s.find(s[at], at + 1);
    if (end == std::string_view::npos) return false;
    value = s.substr(at + 1, end - at - 1);
    at = end + 1;
  } else {
    while (at < s.size() && !IsHtmlSpace(s[at]) && s[at] != '>')
      value += s[at++];
    if (at >= s.size()) return false;
  }
  name = Lowered(name);
  value = Lowered(value);
  return true;
}

// HTML Standard 2.6.6: the encoding inside "text/html; charset=...".
std::optional<std::string_view> EncodingOfContent(std::string_view content) {
  const std::string lower = Lowered(content);
  std::size_t at = 0;
  while ((at = lower.find("charset", at)) != std::string::npos) {
    at += 7;
    std::size_t p = at;
    while (p < lower.size() && IsHtmlSpace(lower[p])) ++p;
    if (p >= lower.size() || lower[p] != '=') continue;
    ++p;
    while (p < lower.size() && IsHtmlSpace(lower[p])) ++p;
    if (p >= lower.size()) return std::nullopt;
    if (lower[p] == '"' || lower[p] == '\'') {
      const std::size_t end = lower.find(lower[p], p + 1);
      if (end == std::string::npos) return std::nullopt;
      return EncodingForLabel(
          std::string_view(lower).substr(p + 1, end - p - 1));
    }
    std::size_t end = p;
    while (end < lower.size() && !IsHtmlSpace(lower[end]) &&
           lower[end] != ';') {
      ++end;
    }
    return EncodingForLabel(std::string_view(lower).substr(p, end - p));
  }
  return std::nullopt;
}

// One <meta> tag, `at` behind its name; "" when it declares nothing.
std::string_view MetaEncoding(std::string_view s, std::size_t& at) {
  bool got_pragma = false, saw_http_equiv = false, saw_content = false;
  bool saw_charset = false;
  std::optional<bool> need_pragma;
  std::optional<std::string_view> charset;
  std::string name, value;
  while (NextAttribute(s, at, name, value)) {
    if (name == "http-equiv" && !saw_http_equiv) {
      saw_http_equiv = true;
      got_pragma = value == "content-type";
    } else if (name == "content" && !saw_content) {
      saw_content = true;
      if (charset) continue;
      if (const auto found = EncodingOfContent(value)) {
        charset = found;
        need_pragma = true;
      }
    } else if (name == "charset" && !saw_charset) {
      saw_charset = true;
      charset = EncodingForLabel(value);
      need_pragma = false;
    }
  }
  if (at >= s.size()) return {};  // the tag is cut: it declares nothing
  if (!need_pragma || (*need_pragma && !got_pragma) || !charset) return {};
  if (charset->starts_with("UTF-16")) return "UTF-8";
  if (*charset == "x-user-defined") return "windows-1252";
  return *charset;
}

std::string_view PrescanMeta(std::string_view bytes, std::size_t reach) {
  const std::string_view s = bytes.substr(0, reach);
  std::string name, value;
  std::size_t at = 0;
  while ((at = s.find('<', at)) != std::string_view::npos) {
    const std::string_view rest = s.substr(at);
    if (rest.starts_with("<!--")) {
      const std::size_t end = s.find("-->", at + 2);
      if (end == std::string_view::npos) return {};
      at = end + 3;
    } else if (StartsWithIgnoringCase(rest, "<meta") && rest.size() > 5 &&
               (IsHtmlSpace(rest[5]) || rest[5] == '/')) {
      at += 5;
      const std::string_view found = MetaEncoding(s, at);
      if (!found.empty()) return found;
    } else if (rest.size() > 1 &&
               (std::isalpha(static_cast<unsigned char>(rest[1])) != 0 ||
                (rest[1] == '/' && rest.size() > 2 &&
                 std::isalpha(static_cast<unsigned char>(rest[2])) != 0))) {
      while (at < s.size() && !IsHtmlSpace(s[at]) && s[at] != '>') ++at;
      while (NextAttribute(s, at, name, value)) {
      }
    } else if (rest.starts_with("<!") || rest.starts_with("</") ||
               rest.starts_with("<?")) {
      at = s.find('>', at);
      if (at == std::string_view::npos) return {};
    } else {
      ++at;
    }
  }
  return {};
}

std::string_view ByBom(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) return "UTF-8";
  if (bytes.starts_with("\xFE\xFF")) return "UTF-16BE";
  if (bytes.starts_with("\xFF\xFE")) return "UTF-16LE";
  return {};
}

// UTF-16 without a mark: markup is mostly ASCII, so every other byte is zero.
std::string_view ByZeroPattern(std::string_view bytes) {
  const std::size_t n = std::min<std::size_t>(bytes.size(), 512) & ~1UL;
  if (n < 8) return {};
  std::size_t even = 0, odd = 0;
  for (std::size_t i = 0; i < n; i += 2) {
    even += bytes[i] == 0 ? 1 : 0;
    odd += bytes[i + 1] == 0 ? 1 : 0;
  }
  const std::size_t most = n / 2 * 4 / 5, few = n / 2 / 20;
  if (odd >= most && even <= few) return "UTF-16LE";
  if (even >= most && odd <= few) return "UTF-16BE";
  return {};
}

// Where browsers guess by locale, and where the bytes plainly contradict what
// the page (not the server) says about itself.
void Reconsider(std::string_view bytes, DecodedText& out) {
  CharsetDecision& charset = out.charset;
  if (charset.source == "bom" || charset.source == "header") return;
  if (const std::string_view utf16 = ByZeroPattern(bytes); !utf16.empty()) {
    if (charset.source == "meta") {
      out.notes.push_back(fmt::format("charset: meta says {}, the bytes are {}",
                                      charset.encoding, utf16));
    }
    charset = {std::string(utf16), "utf-16-pattern"};
    return;
  }
  const Utf8Facts facts = InspectUtf8(bytes);
  const bool valid = facts.malformed == 0;
  if (charset.source == "fallback") {
    // One stray byte in a page of good multi-byte sequences is damage, not
    // another encoding.
    if (valid || facts.multi_byte > 20 * facts.malformed) {
      charset = {"UTF-8", "utf-8-valid"};
    }
  } else if (charset.encoding == "UTF-8" && !valid &&
             facts.malformed > facts.multi_byte) {
    out.notes.emplace_back(
        "charset: meta says UTF-8, the bytes are not: read as windows-1252");
    charset = {"windows-1252", "fallback"};
  } else if (charset.encoding != "UTF-8" && valid && facts.multi_byte >= 3 &&
             charset.encoding != "ISO-2022-JP") {
    out.notes.push_back(fmt::format(
        "charset: meta says {}, the bytes are valid UTF-8 with {} multi-byte "
        "characters: read as UTF-8",
        charset.encoding, facts.multi_byte));
    charset = {"UTF-8", "utf-8-valid"};
  }
}

}  // namespace

std::optional<std::string_view> EncodingForLabel(std::string_view label) {
  while (!label.empty() && IsHtmlSpace(label.front())) label.remove_prefix(1);
  while (!label.empty() && IsHtmlSpace(label.back())) label.remove_suffix(1);
  const std::string lower = Lowered(label);
  if (lower.empty() || lower.find(' ') != std::string::npos) {
    return std::nullopt;
  }
  for (const Encoding& encoding : kEncodings) {
    std::size_t at = 0;
    while ((at = encoding.labels.find(lower, at)) != std::string_view::npos) {
      const std::size_t end = at + lower.size();
      const bool starts = at == 0 || encoding.labels[at - 1] == ' ';
      const bool ends =
          end == encoding.labels.size() || encoding.labels[end] == ' ';
      if (starts && ends) return encoding.name;
      at = end;
    }
  }
  return std::nullopt;
}

std::string_view PrescanMetaEncoding(std::string_view bytes) {
  return PrescanMeta(bytes, kPrescanBytes);
}

CharsetDecision SniffEncoding(std::string_view bytes,
                              std::string_view content_type) {
  if (const std::string_view bom = ByBom(bytes); !bom.empty()) {
    return {std::string(bom), "bom"};
  }
  if (const auto header = EncodingOfContent(content_type)) {
    return {std::string(*header), "header"};
  }
  if (const std::string_view meta = PrescanMetaEncoding(bytes); !meta.empty()) {
    return {std::string(meta), "meta"};
  }
  // HTML Standard 13.2.3.5: a tag met later changes the encoding.
  if (const std::string_view late = PrescanMeta(bytes, kLatePrescanBytes);
      !late.empty()) {
    return {std::string(late), "meta"};
  }
  return {"windows-1252", "fallback"};
}

DecodedText DecodePage(std::string_view bytes, std::string_view content_type,
                       std::size_t max_bytes, OffsetSteps* steps) {
  DecodedText out;
  if (bytes.size() > max_bytes) {
    out.notes.push_back(
        fmt::format("cut: {} of {} bytes read", max_bytes, bytes.size()));
    bytes = bytes.substr(0, max_bytes);
    out.cut = true;
  }
  out.charset = SniffEncoding(bytes, content_type);
  Reconsider(bytes, out);
  std::size_t mark = 0;
  if (out.charset.source == "bom") {
    mark = out.charset.encoding == "UTF-8" ? 3 : 2;
    bytes.remove_prefix(mark);
  }
  DecodeAs(*Named(out.charset.encoding), bytes, max_bytes, steps, out);
  if (steps != nullptr && mark > 0) {
    if (steps->empty() || steps->front().to > 0) {
      steps->insert(steps->begin(), OffsetStep{});
    }
    for (OffsetStep& step : *steps) step.from += static_cast<unsigned>(mark);
  }
  if (out.utf8.size() > max_bytes) {
    std::size_t end = max_bytes;  // a whole character
    while (end > 0 && (out.utf8[end] & 0xC0) == 0x80) --end;
    out.notes.push_back(
        fmt::format("cut: behind {} bytes, as UTF-8, the page goes on", end));
    out.utf8.resize(end);
    out.cut = true;
  }
  out.utf8.shrink_to_fit();
  if (out.replacements > 0 && out.charset.encoding != "replacement") {
    out.notes.push_back(fmt::format("charset: {} malformed sequences in {}",
                                    out.replacements, out.charset.encoding));
  }
  return out;
}

std::string_view BinaryKind(std::string_view bytes) {
  using namespace std::string_view_literals;
  // First bytes, from each format's specification.
  static constexpr struct {
    std::size_t at;
    std::string_view bytes, kind;
  } kSigns[] = {{0, "%PDF-"sv, "PDF"},
                {0, "\x89PNG\r\n"sv, "PNG"},
                {0, "\xFF\xD8\xFF"sv, "JPEG"},
                {0, "GIF8"sv, "GIF"},
                {0, "PK\x03\x04"sv, "ZIP"},
                {0, "\x1F\x8B\x08"sv, "gzip data"},
                {0, "\x28\xB5\x2F\xFD"sv, "Zstandard data"},
                {0, "7z\xBC\xAF"sv, "7z"},
                {0,
                 "\x7F"
                 "ELF"sv,
                 "ELF program"},
                {0, "OggS"sv, "Ogg"},
                {0, "ID3"sv, "MP3"},
                {4, "ftyp"sv, "MP4"},
                {8, "WEBP"sv, "WebP"},
                {8, "WAVEfmt"sv, "WAV"},
                {0, "\x1A\x45\xDF\xA3"sv, "Matroska"},
                {0, "wOF2"sv, "font"},
                {0, "wOFF"sv, "font"},
                {0, "BZh"sv, "bzip2 data"},
                {0, "SQLite format 3\0"sv, "SQLite"}};
  for (const auto& sign : kSigns) {
    if (bytes.size() > sign.at &&
        bytes.substr(sign.at).starts_with(sign.bytes)) {
      return sign.kind;
    }
  }
  if (!ByBom(bytes).empty() || !ByZeroPattern(bytes).empty()) return {};
  const std::string_view head = bytes.substr(0, 4096);
  std::size_t controls = 0;
  for (const char c : head) {
    const auto b = static_cast<unsigned char>(c);
    controls += b < 0x09 || (b > 0x0D && b < 0x20 && b != 0x1B) ? 1 : 0;
  }
  if (controls * 10 <= head.size()) return {};
  // A page that somebody filled up with NULs is still a page.
  const std::string lower = Lowered(head);
  for (const std::string_view tag : {"<html", "<head", "<body", "<title",
                                     "<!doctype", "<meta", "<div", "<p>"}) {
    if (lower.find(tag) != std::string::npos) return {};
  }
  return "binary data";
}

bool IsUtf8(std::string_view text) { return InspectUtf8(text).malformed == 0; }

}  // namespace stemma
