// A Digest names bytes by what they are. hash/ computes them; this is the
// value.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stemma {

// SHA-256, 32 bytes. The digest everything of ours is named by.
struct Sha256 {
  std::array<std::uint8_t, 32> bytes{};

  // 64 lowercase hex digits, the form used in events and JSON.
  std::string Hex() const;
  // "sha256:" + hex, the form used in WARC fields (design: lowercase hex).
  std::string Labelled() const { return "sha256:" + Hex(); }
  // Reads 64 hex digits of either case, with or without "sha256:".
  static std::optional<Sha256> Parse(std::string_view text);

  auto operator<=>(const Sha256&) const = default;
};

// Lowercase hex of any bytes, and back; nullopt for odd or foreign digits.
std::string HexOf(std::string_view bytes);
std::optional<std::string> BytesOfHex(std::string_view hex);

}  // namespace stemma
