// Characters as the web's grammars see them: ASCII alone, whatever the locale;
// every other byte is itself. Text in a language goes through ICU instead.
// Source: WHATWG Infra 4.6 "code points" and 4.7 "strings".
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace stemma {

constexpr char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsAlpha(char c) { return Lower(c) >= 'a' && Lower(c) <= 'z'; }
constexpr bool IsAlnum(char c) { return IsDigit(c) || IsAlpha(c); }

// What HTML calls white space: no vertical tab.
constexpr bool IsHtmlSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

inline std::string Lowered(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), Lower);
  return lower;
}

inline bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, Lower, Lower);
}

inline bool StartsWithIgnoringCase(std::string_view text,
                                   std::string_view prefix) {
  return EqualsIgnoringCase(text.substr(0, prefix.size()), prefix);
}

}  // namespace stemma
