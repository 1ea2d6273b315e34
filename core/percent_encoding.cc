#include "core/percent_encoding.h"

#include <unicode/ucnv.h>
#include <unicode/utf16.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "core/ascii.h"
#include "core/utf8.h"

namespace stemma {
namespace {

constexpr PercentEncodeSet Extend(PercentEncodeSet set,
                                  std::string_view bytes) {
  for (const char c : bytes) set[static_cast<unsigned char>(c)] = true;
  return set;
}

constexpr PercentEncodeSet ControlsAndNonAscii() {
  PercentEncodeSet set{};
  for (std::size_t i = 0; i < set.size(); ++i) set[i] = i < 0x20 || i > 0x7e;
  return set;
}

constexpr PercentEncodeSet AllBut(std::string_view bytes) {
  PercentEncodeSet set{};
  set.fill(true);
  for (const char c : bytes) set[static_cast<unsigned char>(c)] = false;
  return set;
}

constexpr char kUpperHex[] = "0123456789ABCDEF";

bool IsUnreserved(char c) {
  return IsAlnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

std::string DecodeWhere(std::string_view text, bool (*wanted)(char)) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = HexDigitValue(text[i + 1]);
      const int low = HexDigitValue(text[i + 2]);
      const auto byte = static_cast<char>(high * 16 + low);
      if (high >= 0 && low >= 0 && wanted(byte)) {
        out.push_back(byte);
        i += 2;
        continue;
      }
    }
    out.push_back(text[i]);
  }
  return out;
}

using Converter = std::unique_ptr<UConverter, decltype(&ucnv_close)>;

// WHATWG encoding names whose ICU converter is called something else, or whose
// plain ICU name means another table.
constexpr std::pair<std::string_view, const char*> kConverterNames[] = {
    {"big5", "ibm-1375_P100-2008"},
    {"euc-jp", "ibm-33722_P12A_P12A-2009_U2"},
    {"euc-kr", "windows-949-2000"},
    {"gbk", "gb18030"},
    {"gb18030", "gb18030"},
    {"ibm866", "ibm-866_P100-1995"},
    {"iso-2022-jp", "ISO-2022-JP"},
    {"iso-8859-8-i", "ISO-8859-8"},
    {"koi8-r", "KOI8-R"},
    {"koi8-u", "KOI8-U"},
    {"macintosh", "macintosh"},
    {"shift_jis", "ibm-943_P15A-2003"},
    {"windows-874", "windows-874-2000"},
    {"x-mac-cyrillic", "x-mac-cyrillic"},
};

std::optional<std::string> ConverterName(const std::string& charset) {
  for (const auto& [whatwg, icu] : kConverterNames) {
    if (charset == whatwg) return icu;
  }
  if (charset.starts_with("windows-125") || charset.starts_with("iso-8859-")) {
    return charset;
  }
  return std::nullopt;
}

// Characters that ICU's tables encode and the Encoding Standard's encoders
// write otherwise or refuse.
enum class Quirk { kNone, kRefuse, kReplacement };
Quirk QuirkOf(std::string_view charset, char32_t c) {
  if (charset == "iso-2022-jp" && (c == 0x0e || c == 0x0f || c == 0x1b)) {
    return Quirk::kReplacement;
  }
  if ((charset == "gb18030" || charset == "gbk") && c == 0xe5e5) {
    return Quirk::kRefuse;
  }
  return Quirk::kNone;
}

// One converter fed a character at a time, so that the escape of a missing
// character can be told from the same letters in the text.
class QueryEncoder {
 public:
  QueryEncoder(UConverter* converter, std::string_view charset,
               const PercentEncodeSet& set, std::string* out)
      : converter_(converter), charset_(charset), set_(set), out_(out) {}

  void Add(char32_t c) {
    if (c == 0x2212 && IsJapanese()) c = 0xff0d;  // as the encoders ask
    switch (QuirkOf(charset_, c)) {
      case Quirk::kReplacement:
        return AddEscape(0xfffd);
      case Quirk::kRefuse:
        return AddEscape(c);
      case Quirk::kNone:
        break;
    }
    const std::optional<std::string> bytes = Convert(c);
    if (!bytes) return AddEscape(c);
    AppendPercentEncoded(*bytes, set_, out_);
  }

  // Returns a stateful encoding to its initial state.
  void Finish() {
    char buffer[16];
    char* target = buffer;
    const UChar* source = nullptr;
    UErrorCode status = U_ZERO_ERROR;
    ucnv_fromUnicode(converter_, &target, buffer + sizeof buffer, &source,
                     source, nullptr, true, &status);
    AppendPercentEncoded({buffer, target}, set_, out_);
  }

 private:
  bool IsJapanese() const {
    return charset_ == "shift_jis" || charset_ == "euc-jp" ||
           charset_ == "iso-2022-jp";
  }

  std::optional<std::string> Convert(char32_t c) {
    UChar units[2] = {};
    int length = 0;
    U16_APPEND_UNSAFE(units, length, c);
    char buffer[32];
    char* target = buffer;
    const UChar* source = units;
    UErrorCode status = U_ZERO_ERROR;
    ucnv_fromUnicode(converter_, &target, buffer + sizeof buffer, &source,
                     units + length, nullptr, false, &status);
    if (U_FAILURE(status)) return std::nullopt;
    return std::string(buffer, target);
  }

  void AddEscape(char32_t c) {
    // A stateful encoder must be back in ASCII before the "&".
    if (std::optional<std::string> ampersand = Convert('&')) {
      ampersand->pop_back();
      AppendPercentEncoded(*ampersand, set_, out_);
    }
    *out_ += "%26%23" + std::to_string(c) + "%3B";
  }

  UConverter* converter_;
  std::string_view charset_;
  const PercentEncodeSet& set_;
  std::string* out_;
};

}  // namespace

constinit const PercentEncodeSet kC0ControlSet = ControlsAndNonAscii();
constinit const PercentEncodeSet kFragmentSet =
    Extend(ControlsAndNonAscii(), " \"<>`");
constinit const PercentEncodeSet kQuerySet =
    Extend(ControlsAndNonAscii(), " \"#<>");
constinit const PercentEncodeSet kSpecialQuerySet =
    Extend(ControlsAndNonAscii(), " \"#<>'");
constinit const PercentEncodeSet kPathSet =
    Extend(ControlsAndNonAscii(), " \"#<>?^`{}");
constinit const PercentEncodeSet kUserinfoSet =
    Extend(ControlsAndNonAscii(), " \"#<>?^`{}/:;=@[\\]|");
constinit const PercentEncodeSet kFormUrlencodedSet = AllBut(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz*-._");

void AppendPercentEncoded(std::string_view bytes, const PercentEncodeSet& set,
                          std::string* out) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (!set[byte]) {
      out->push_back(c);
      continue;
    }
    out->push_back('%');
    out->push_back(kUpperHex[byte >> 4]);
    out->push_back(kUpperHex[byte & 15]);
  }
}

std::string PercentEncode(std::string_view bytes, const PercentEncodeSet& set) {
  std::string out;
  out.reserve(bytes.size());
  AppendPercentEncoded(bytes, set, &out);
  return out;
}

std::string PercentDecode(std::string_view text) {
  return DecodeWhere(text, [](char) { return true; });
}

std::string PercentDecodeUnreserved(std::string_view text) {
  return DecodeWhere(text, IsUnreserved);
}

std::string PercentEncodeInCharset(std::string_view utf8,
                                   std::string_view charset,
                                   const PercentEncodeSet& set) {
  const std::string name = Lowered(charset);
  const std::optional<std::string> converter_name = ConverterName(name);
  if (!converter_name) return PercentEncode(utf8, set);
  UErrorCode status = U_ZERO_ERROR;
  const Converter converter(ucnv_open(converter_name->c_str(), &status),
                            &ucnv_close);
  if (U_FAILURE(status)) return PercentEncode(utf8, set);
  ucnv_setFromUCallBack(converter.get(), UCNV_FROM_U_CALLBACK_STOP, nullptr,
                        nullptr, nullptr, &status);
  std::string out;
  QueryEncoder encoder(converter.get(), name, set, &out);
  for (std::size_t i = 0; i < utf8.size();) {
    encoder.Add(NextCodePoint(utf8, &i));
  }
  encoder.Finish();
  return out;
}

}  // namespace stemma
