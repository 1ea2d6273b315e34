#include "article/html_entities.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/ascii.h"
#include "core/utf8.h"

namespace stemma {
namespace {

struct NamedReference {
  std::string_view name;  // with its semicolon, where it has one
  std::string_view utf8;
};

constexpr NamedReference kNamed[] = {
#include "article/html_entities.inc"
};
// "CounterClockwiseContourIntegral;" and "thetasym" without semicolon.
constexpr std::size_t kLongestName = 33;
constexpr std::size_t kLongestBareName = 6;

// Numeric references 0x80 to 0x9F mean windows-1252 (the Standard's table).
constexpr std::array<std::uint16_t, 32> kC1 = {
    0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
    0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,   0x017D, 0x8F,
    0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
    0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

const NamedReference* Find(std::string_view name) {
  const auto* it = std::lower_bound(
      std::begin(kNamed), std::end(kNamed), name,
      [](const NamedReference& r, std::string_view n) { return r.name < n; });
  return it != std::end(kNamed) && it->name == name ? it : nullptr;
}

std::size_t DecodeNumeric(std::string_view text, std::size_t at,
                          std::string& out) {
  std::size_t i = at + 2;
  const bool hex = i < text.size() && (text[i] == 'x' || text[i] == 'X');
  if (hex) ++i;
  const std::size_t digits = i;
  char32_t code = 0;
  for (; i < text.size(); ++i) {
    const int value = HexValue(text[i]);
    if (value < 0 || (!hex && value > 9)) break;
    if (code <= 0x10FFFF) {
      code = code * (hex ? 16 : 10) + static_cast<char32_t>(value);
    }
  }
  if (i == digits) return 0;
  if (i < text.size() && text[i] == ';') ++i;
  if (code >= 0x80 && code <= 0x9F) code = kC1[code - 0x80];
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
    code = 0xFFFD;
  }
  AppendUtf8(code, &out);
  return i - at;
}

std::size_t DecodeNamed(std::string_view text, std::size_t at,
                        bool in_attribute, std::string& out) {
  std::size_t end = at + 1;
  while (end < text.size() && end - at <= kLongestName && IsAlnum(text[end])) {
    ++end;
  }
  if (end < text.size() && text[end] == ';') {
    const auto* full = Find(text.substr(at + 1, end - at));
    if (full != nullptr) {
      out += full->utf8;
      return end + 1 - at;
    }
  }
  const std::size_t longest = std::min(end - at - 1, kLongestBareName);
  for (std::size_t length = longest; length >= 2; --length) {
    const auto* bare = Find(text.substr(at + 1, length));
    if (bare == nullptr) continue;
    const std::size_t next = at + 1 + length;
    if (in_attribute && next < text.size() &&
        (text[next] == '=' || IsAlnum(text[next]))) {
      return 0;
    }
    out += bare->utf8;
    return length + 1;
  }
  return 0;
}

}  // namespace

std::size_t DecodeReference(std::string_view text, std::size_t at,
                            bool in_attribute, std::string& out) {
  if (at + 1 >= text.size()) return 0;
  if (text[at + 1] == '#') return DecodeNumeric(text, at, out);
  if (!IsAlnum(text[at + 1])) return 0;
  return DecodeNamed(text, at, in_attribute, out);
}

std::string DecodeReferences(std::string_view text, bool in_attribute) {
  std::string out;
  out.reserve(text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t amp = text.find('&', at);
    if (amp == std::string_view::npos) break;
    out.append(text, at, amp - at);
    const std::size_t taken = DecodeReference(text, amp, in_attribute, out);
    if (taken == 0) out += '&';
    at = amp + std::max<std::size_t>(taken, 1);
  }
  out.append(text.substr(std::min(at, text.size())));
  return out;
}

}  // namespace stemma
