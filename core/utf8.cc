#include "core/utf8.h"

#include <algorithm>

namespace stemma {
namespace {

constexpr char32_t kReplacement = 0xfffd;

// What a lead byte promises: how many bytes follow, and the range of the first
// of them (which is what shuts out overlong forms and surrogates).
struct Lead {
  int following = 0;
  unsigned char lower = 0x80;
  unsigned char upper = 0xbf;
};

Lead LeadOf(unsigned char byte) {
  if (byte >= 0xc2 && byte <= 0xdf) return {1};
  if (byte == 0xe0) return {2, 0xa0, 0xbf};
  if (byte == 0xed) return {2, 0x80, 0x9f};
  if (byte >= 0xe1 && byte <= 0xef) return {2};
  if (byte == 0xf0) return {3, 0x90, 0xbf};
  if (byte >= 0xf1 && byte <= 0xf3) return {3};
  if (byte == 0xf4) return {3, 0x80, 0x8f};
  return {};
}

}  // namespace

char32_t NextCodePoint(std::string_view text, std::size_t* position) {
  const auto first = static_cast<unsigned char>(text[(*position)++]);
  if (first < 0x80) return first;
  Lead lead = LeadOf(first);
  if (lead.following == 0) return kReplacement;
  char32_t point = first & (0x3fU >> lead.following);
  for (int i = 0; i < lead.following; ++i) {
    if (*position == text.size()) return kReplacement;
    const auto byte = static_cast<unsigned char>(text[*position]);
    if (byte < lead.lower || byte > lead.upper) return kReplacement;
    point = (point << 6) | (byte & 0x3fU);
    ++*position;
    lead.lower = 0x80;
    lead.upper = 0xbf;
  }
  return point;
}

void AppendUtf8(char32_t point, std::string* out) {
  const auto push = [out](char32_t byte) {
    out->push_back(static_cast<char>(static_cast<unsigned char>(byte)));
  };
  if (point < 0x80) return push(point);
  if (point < 0x800) {
    push(0xc0 | (point >> 6));
  } else if (point < 0x10000) {
    push(0xe0 | (point >> 12));
    push(0x80 | ((point >> 6) & 0x3f));
  } else {
    push(0xf0 | (point >> 18));
    push(0x80 | ((point >> 12) & 0x3f));
    push(0x80 | ((point >> 6) & 0x3f));
  }
  push(0x80 | (point & 0x3f));
}

std::string ValidUtf8(std::string_view text) {
  if (IsAscii(text)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    AppendUtf8(NextCodePoint(text, &i), &out);
  }
  return out;
}

bool IsAscii(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace stemma
