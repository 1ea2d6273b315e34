#include "fetch/data_url.h"

#include <algorithm>
#include <cstdint>

#include "core/ascii.h"
#include "core/percent_encoding.h"
#include "core/trim.h"

namespace stemma {
namespace {

constexpr std::string_view kSpaces = "\t\n\f\r ";

int SixBits(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

bool EndsWithIgnoringCase(std::string_view text, std::string_view lower) {
  if (text.size() < lower.size()) return false;
  return EqualsIgnoringCase(text.substr(text.size() - lower.size()), lower);
}

// Removes "; base64" from the end; false, unchanged, when it is not there.
bool RemoveBase64Mark(std::string_view* mime) {
  constexpr std::string_view kMark = "base64";
  if (!EndsWithIgnoringCase(*mime, kMark)) return false;
  std::string_view rest = mime->substr(0, mime->size() - kMark.size());
  rest = rest.substr(0, rest.find_last_not_of(' ') + 1);
  if (!rest.ends_with(';')) return false;
  rest.remove_suffix(1);
  *mime = rest;
  return true;
}

MimeType MimeOf(std::string_view text) {
  std::string full(text);
  if (full.starts_with(';')) full.insert(0, "text/plain");
  if (auto mime = ParseMimeType(full)) return *std::move(mime);
  return {.type = "text",
          .subtype = "plain",
          .parameters = {{"charset", "US-ASCII"}}};
}

}  // namespace

std::optional<std::string> ForgivingBase64Decode(std::string_view text) {
  std::string digits(text);
  std::erase_if(
      digits, [](char c) { return kSpaces.find(c) != std::string_view::npos; });
  if (digits.size() % 4 == 0) {
    for (int i = 0; i < 2 && digits.ends_with('='); ++i) digits.pop_back();
  }
  if (digits.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(digits.size() * 3 / 4);
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char c : digits) {
    const int value = SixBits(c);
    if (value < 0) return std::nullopt;
    buffer = (buffer << 6 | static_cast<std::uint32_t>(value)) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(static_cast<unsigned char>(buffer >> bits));
    }
  }
  return bytes;
}

Result<DataUrl> ReadDataUrl(const Url& url) {
  if (url.scheme() != "data") {
    return Error(ErrorCode::kMalformed, "not a data: URL: " + url.scheme());
  }
  const std::string href = url.HrefWithoutFragment();
  const std::string_view text = std::string_view(href).substr(5);
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos) {
    return Error(ErrorCode::kMalformed, "data: URL without a comma");
  }
  std::string_view mime = TrimOf(text.substr(0, comma), kSpaces);
  std::string body = PercentDecode(text.substr(comma + 1));
  if (RemoveBase64Mark(&mime)) {
    auto decoded = ForgivingBase64Decode(body);
    if (!decoded) {
      return Error(ErrorCode::kMalformed, "data: URL with broken base64");
    }
    body = *std::move(decoded);
  }
  return DataUrl{.mime = MimeOf(mime), .body = std::move(body)};
}

}  // namespace stemma
