#include "core/url_host.h"

#include <fmt/format.h>
#include <unicode/uidna.h>
#include <unicode/uvernum.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/ascii.h"
#include "core/percent_encoding.h"
#include "core/url.h"
#include "core/utf8.h"

namespace stemma {
namespace {

// DNS stops at 253 bytes. The standard knows no limit, but ICU's punycode is
// quadratic, so non-ASCII names far beyond any real one are refused.
constexpr std::size_t kMaxUnicodeDomainBytes = 4096;

constexpr std::string_view kForbiddenHostCharacters("\0\t\n\r #/:<>?@[\\]^|",
                                                    17);

bool IsForbiddenInHost(char c) {
  return kForbiddenHostCharacters.find(c) != std::string_view::npos;
}

bool IsForbiddenInDomain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return IsForbiddenInHost(c) || byte <= 0x1f || c == '%' || byte == 0x7f;
}

Error BadHost(std::string_view host, std::string_view why) {
  constexpr std::size_t kShown = 80;
  return Error(ErrorCode::kMalformed,
               fmt::format("host '{}'{}: {}", host.substr(0, kShown),
                           host.size() > kShown ? "..." : "", why));
}

// A number of an IPv4 address: decimal, 0x hexadecimal or 0 octal. Values that
// cannot matter any more stop growing.
std::optional<std::uint64_t> ParseIpv4Number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t radix = 10;
  if (text.size() >= 2 && text[0] == '0' &&
      (text[1] == 'x' || text[1] == 'X')) {
    text.remove_prefix(2);
    radix = 16;
  } else if (text.size() >= 2 && text[0] == '0') {
    text.remove_prefix(1);
    radix = 8;
  }
  std::uint64_t value = 0;
  for (const char c : text) {
    const int digit = HexDigitValue(c);
    if (digit < 0 || static_cast<std::uint64_t>(digit) >= radix) {
      return std::nullopt;
    }
    value = std::min<std::uint64_t>(value * radix + digit, 1ULL << 40);
  }
  return value;
}

bool EndsInNumber(std::string_view domain) {
  if (domain.ends_with('.')) domain.remove_suffix(1);
  const std::string_view last = domain.substr(domain.rfind('.') + 1);
  if (last.empty()) return false;
  return std::ranges::all_of(last, IsDigit) || ParseIpv4Number(last);
}

std::vector<std::string_view> SplitOnDots(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t dot = text.find('.');
    parts.push_back(text.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    text.remove_prefix(dot + 1);
  }
}

Result<std::string> ParseIpv4(std::string_view domain) {
  std::vector<std::string_view> parts = SplitOnDots(domain);
  if (parts.size() > 1 && parts.back().empty()) parts.pop_back();
  if (parts.size() > 4)
    return BadHost(domain, "IPv4 address of too many parts");
  std::uint64_t address = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto number = ParseIpv4Number(parts[i]);
    if (!number) return BadHost(domain, "part of an IPv4 address is no number");
    const bool last = i + 1 == parts.size();
    const std::uint64_t limit = last ? 1ULL << (8 * (4 - i)) : 256;
    if (*number >= limit) return BadHost(domain, "IPv4 address out of range");
    address += last ? *number : *number << (8 * (3 - i));
  }
  return fmt::format("{}.{}.{}.{}", address >> 24, (address >> 16) & 255,
                     (address >> 8) & 255, address & 255);
}

using Ipv6Pieces = std::array<std::uint16_t, 8>;

// The IPv6 parser of the standard; `text` without brackets.
class Ipv6Parser {
 public:
  explicit Ipv6Parser(std::string_view text) : text_(text) {}

  std::optional<Ipv6Pieces> Parse() {
    if (Peek() == ':') {
      if (!rest().starts_with("::")) return std::nullopt;
      position_ += 2;
      compress_ = ++piece_;
    }
    while (!AtEnd()) {
      if (piece_ == 8) return std::nullopt;
      if (Peek() == ':') {
        if (compress_) return std::nullopt;
        ++position_;
        compress_ = ++piece_;
        continue;
      }
      if (!ParsePiece()) return std::nullopt;
      if (done_) break;
    }
    return Expanded();
  }

 private:
  bool AtEnd() const { return position_ >= text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[position_]; }
  std::string_view rest() const { return text_.substr(position_); }

  bool ParsePiece() {
    unsigned value = 0;
    int length = 0;
    while (length < 4 && !AtEnd() && HexDigitValue(Peek()) >= 0) {
      value = value * 16 + static_cast<unsigned>(HexDigitValue(Peek()));
      ++position_;
      ++length;
    }
    if (!AtEnd() && Peek() == '.') {
      if (length == 0) return false;
      position_ -= length;
      done_ = true;
      return ParseTrailingIpv4();
    }
    if (!AtEnd() && Peek() == ':') {
      ++position_;
      if (AtEnd()) return false;
    } else if (!AtEnd()) {
      return false;
    }
    pieces_[piece_++] = static_cast<std::uint16_t>(value);
    return true;
  }

  bool ParseTrailingIpv4() {
    if (piece_ > 6) return false;
    int numbers = 0;
    while (!AtEnd()) {
      if (numbers > 0) {
        if (Peek() != '.' || numbers == 4) return false;
        ++position_;
      }
      const std::optional<unsigned> value = ParseIpv4Piece();
      if (!value) return false;
      pieces_[piece_] =
          static_cast<std::uint16_t>(pieces_[piece_] * 256 + *value);
      ++numbers;
      if (numbers == 2 || numbers == 4) ++piece_;
    }
    return numbers == 4;
  }

  std::optional<unsigned> ParseIpv4Piece() {
    if (AtEnd() || !IsDigit(Peek())) return std::nullopt;
    std::optional<unsigned> value;
    while (!AtEnd() && IsDigit(Peek())) {
      const auto digit = static_cast<unsigned>(Peek() - '0');
      if (value == 0U) return std::nullopt;  // leading zero
      value = value.value_or(0) * 10 + digit;
      if (*value > 255) return std::nullopt;
      ++position_;
    }
    return value;
  }

  std::optional<Ipv6Pieces> Expanded() {
    if (!compress_) {
      return piece_ == 8 ? std::optional(pieces_) : std::nullopt;
    }
    // The pieces behind "::" move to the end.
    const auto from = pieces_.begin() + *compress_;
    std::rotate(from, pieces_.begin() + piece_, pieces_.end());
    return pieces_;
  }

  std::string_view text_;
  std::size_t position_ = 0;
  Ipv6Pieces pieces_{};
  int piece_ = 0;
  std::optional<int> compress_;
  bool done_ = false;
};

// The longest run of two or more zeros, the first of equals: [begin, end).
std::pair<int, int> LongestZeroRun(const Ipv6Pieces& pieces) {
  std::pair<int, int> best{0, 0};
  for (int i = 0; i < 8; ++i) {
    int end = i;
    while (end < 8 && pieces[end] == 0) ++end;
    if (end - i > 1 && end - i > best.second - best.first) best = {i, end};
    if (end > i) i = end - 1;
  }
  return best;
}

std::string SerializeIpv6(const Ipv6Pieces& pieces) {
  const auto [begin, end] = LongestZeroRun(pieces);
  std::string out = "[";
  for (int i = 0; i < 8; ++i) {
    if (i == begin && end > begin) {
      out += i == 0 ? "::" : ":";
      i = end - 1;
      continue;
    }
    fmt::format_to(std::back_inserter(out), "{:x}", pieces[i]);
    if (i < 7) out += ':';
  }
  return out + "]";
}

Result<std::string> ParseBracketed(std::string_view text) {
  if (!text.ends_with(']')) return BadHost(text, "IPv6 address is not closed");
  const auto pieces = Ipv6Parser(text.substr(1, text.size() - 2)).Parse();
  if (!pieces) return BadHost(text, "not an IPv6 address");
  return SerializeIpv6(*pieces);
}

using Idna = std::unique_ptr<UIDNA, decltype(&uidna_close)>;

const UIDNA* OpenUts46() {
  static const Idna idna = [] {
    UErrorCode status = U_ZERO_ERROR;
    return Idna(uidna_openUTS46(UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ |
                                    UIDNA_NONTRANSITIONAL_TO_ASCII |
                                    UIDNA_NONTRANSITIONAL_TO_UNICODE,
                                &status),
                &uidna_close);
  }();
  return idna.get();
}

// What ICU always reports and the standard asks for only when strict.
constexpr std::uint32_t kStrictOnlyErrors =
    UIDNA_ERROR_EMPTY_LABEL | UIDNA_ERROR_LABEL_TOO_LONG |
    UIDNA_ERROR_DOMAIN_NAME_TOO_LONG | UIDNA_ERROR_LEADING_HYPHEN |
    UIDNA_ERROR_TRAILING_HYPHEN | UIDNA_ERROR_HYPHEN_3_4;

// UTS 46 of Unicode 15.1 and 16 maps characters that ICU 72 (Unicode 15)
// refuses or maps otherwise. Doing it first gives today's result.
std::optional<char32_t> MappedSinceUnicode15(char32_t c) {
  if (c >= 0x10a0 && c <= 0x10c5) return c - 0x10a0 + 0x2d00;  // Asomtavruli
  switch (c) {
    case 0x04c0:
      return 0x04cf;
    case 0x1e9e:
      return 0x00df;
    case 0x2132:
      return 0x214e;
    case 0x2183:
      return 0x2184;
    case 0x2f868:
      return 0x36fc;
    case 0x2f874:
      return 0x5f53;
    case 0x2f91f:
      return 0x243ab;
    case 0x2f95f:
      return 0x7aee;
    case 0x2f9bf:
      return 0x45d7;
    default:
      return std::nullopt;
  }
}

bool IgnoredSinceUnicode15(char32_t c) {
  return c == 0x115f || c == 0x1160 || c == 0x17b4 || c == 0x17b5 ||
         c == 0x180e || c == 0x3164 || c == 0xffa0;
}

std::string MapToNewerUts46(std::string_view domain) {
  constexpr int kFirstIcuOfUnicode16 = 76;
  if constexpr (U_ICU_VERSION_MAJOR_NUM >= kFirstIcuOfUnicode16) {
    return ValidUtf8(domain);
  }
  std::string out;
  for (std::size_t i = 0; i < domain.size();) {
    const char32_t c = NextCodePoint(domain, &i);
    if (!IgnoredSinceUnicode15(c)) {
      AppendUtf8(MappedSinceUnicode15(c).value_or(c), &out);
    }
  }
  return out;
}

Result<std::string> IdnaToAscii(const std::string& domain, bool be_strict) {
  if (domain.size() > kMaxUnicodeDomainBytes) {
    return BadHost(domain, "name is longer than any domain");
  }
  std::string ascii(domain.size() * 4 + 64, '\0');
  UIDNAInfo info = UIDNA_INFO_INITIALIZER;
  UErrorCode status = U_ZERO_ERROR;
  const std::int32_t length = uidna_nameToASCII_UTF8(
      OpenUts46(), domain.data(), static_cast<std::int32_t>(domain.size()),
      ascii.data(), static_cast<std::int32_t>(ascii.size()), &info, &status);
  if (U_FAILURE(status)) return BadHost(domain, u_errorName(status));
  const std::uint32_t errors =
      be_strict ? info.errors : info.errors & ~kStrictOnlyErrors;
  if (errors != 0) {
    return BadHost(domain, fmt::format("refused by UTS 46 (0x{:x})", errors));
  }
  ascii.resize(static_cast<std::size_t>(length));
  return ascii;
}

}  // namespace

Result<std::string> DomainToAscii(std::string_view domain, bool be_strict) {
  std::string ascii;
  if (!be_strict && IsAscii(domain)) {
    ascii = Lowered(domain);
  } else {
    STEMMA_TRY(ascii, IdnaToAscii(MapToNewerUts46(domain), be_strict));
  }
  if (ascii.empty()) return BadHost(domain, "empty name");
  if (std::ranges::any_of(ascii, IsForbiddenInDomain)) {
    return BadHost(domain, "character that no domain may have");
  }
  return ascii;
}

Result<std::string> ParseSpecialHost(std::string_view text) {
  if (text.starts_with('[')) return ParseBracketed(text);
  STEMMA_TRY(std::string ascii,
             DomainToAscii(ValidUtf8(PercentDecode(text)), false));
  if (EndsInNumber(ascii)) return ParseIpv4(ascii);
  return ascii;
}

Result<std::string> ParseOpaqueHost(std::string_view text) {
  if (text.starts_with('[')) return ParseBracketed(text);
  if (std::ranges::any_of(text, IsForbiddenInHost)) {
    return BadHost(text, "character that no host may have");
  }
  return PercentEncode(text, kC0ControlSet);
}

}  // namespace stemma
