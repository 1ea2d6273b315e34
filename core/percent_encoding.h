// Percent-encoding as the URL Standard defines it (url.spec.whatwg.org 1.3).
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace stemma {

// Which bytes must be written as "%XX"; indexed by byte. Every set contains
// the C0 controls and all bytes from 0x7F on.
using PercentEncodeSet = std::array<bool, 256>;

extern const PercentEncodeSet kC0ControlSet;
extern const PercentEncodeSet kFragmentSet;
extern const PercentEncodeSet kQuerySet;
extern const PercentEncodeSet kSpecialQuerySet;
extern const PercentEncodeSet kPathSet;
extern const PercentEncodeSet kUserinfoSet;
// Everything but ASCII letters and digits and "*-._".
extern const PercentEncodeSet kFormUrlencodedSet;

// Appends `bytes` to `*out`, those in `set` as "%XX" with upper-case digits.
void AppendPercentEncoded(std::string_view bytes, const PercentEncodeSet& set,
                          std::string* out);
std::string PercentEncode(std::string_view bytes, const PercentEncodeSet& set);

// Replaces each "%XX"; a percent sign that starts none stays as it is.
std::string PercentDecode(std::string_view text);

// Replaces only "%XX" of unreserved characters (RFC 3986 6.2.2.2), which mean
// the same either way.
std::string PercentDecodeUnreserved(std::string_view text);

// "Percent-encode after encoding": `utf8` is valid UTF-8 and is written in the
// legacy `charset` (a WHATWG encoding name, any case) first; characters it
// lacks become "%26%23<decimal>%3B". Unknown charsets, "replacement" and
// UTF-16 count as UTF-8.
std::string PercentEncodeInCharset(std::string_view utf8,
                                   std::string_view charset,
                                   const PercentEncodeSet& set);

// The value of a hexadecimal digit, or -1.
constexpr int HexDigitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace stemma
