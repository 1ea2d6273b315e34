#include "core/digest.h"

#include <algorithm>

namespace stemma {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

int ValueOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string HexOf(std::string_view bytes) {
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

std::optional<std::string> BytesOfHex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = ValueOf(hex[i]);
    const int low = ValueOf(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::string Sha256::Hex() const {
  return HexOf({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::optional<Sha256> Sha256::Parse(std::string_view text) {
  if (text.starts_with("sha256:")) text.remove_prefix(7);
  const std::optional<std::string> raw = BytesOfHex(text);
  if (!raw || raw->size() != 32) return std::nullopt;
  Sha256 digest;
  std::copy(raw->begin(), raw->end(), digest.bytes.begin());
  return digest;
}

}  // namespace stemma
