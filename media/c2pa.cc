#include "media/c2pa.h"

#include <nlohmann/json.hpp>
#include <string>

#include "hash/sha256.h"

namespace stemma {
namespace {

constexpr std::size_t kMaxStore = std::size_t{16} << 20;
constexpr std::size_t kSmallestStore = 20;

std::uint32_t U16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at]) << 8 |
                                    static_cast<unsigned char>(bytes[at + 1]));
}

std::uint32_t U32(std::string_view bytes, std::size_t at) {
  return U16(bytes, at) << 16 | U16(bytes, at + 2);
}

// A superbox whose description has C2PA's UUID, which begins with its name.
bool IsManifestStore(std::string_view box) {
  return box.size() >= kSmallestStore && box.substr(4, 4) == "jumb" &&
         box.substr(12, 4) == "jumd" && box.substr(16, 4) == "c2pa";
}

}  // namespace

std::optional<C2paBox> FindC2paInJpeg(std::string_view jpeg) {
  constexpr std::size_t kBefore = 8;  // "JP", instance, sequence number
  std::string store;
  std::uint32_t instance = 0;
  if (!jpeg.starts_with("\xFF\xD8")) return std::nullopt;
  for (std::size_t at = 2; at + 4 <= jpeg.size();) {
    const auto marker = static_cast<unsigned char>(jpeg[at + 1]);
    if (jpeg[at] != '\xFF' || marker == 0xDA || marker == 0xD9) break;
    const std::size_t size = U16(jpeg, at + 2);
    if (size < 2 || at + 2 + size > jpeg.size()) break;
    const std::string_view segment = jpeg.substr(at + 4, size - 2);
    at += 2 + size;
    if (marker != 0xEB || segment.size() < kBefore + 8 ||
        !segment.starts_with("JP")) {
      continue;
    }
    const std::string_view piece = segment.substr(kBefore);
    if (store.empty()) {
      if (!IsManifestStore(piece)) continue;
      instance = U16(segment, 2);
      store = piece;
    } else if (U16(segment, 2) == instance) {
      store += piece.substr(8);  // each piece repeats the box's header
    }
    if (store.size() > kMaxStore) return std::nullopt;
  }
  if (store.empty()) return std::nullopt;
  const std::size_t size = U32(store, 0);
  if (size < kSmallestStore || size > store.size()) return std::nullopt;
  store.resize(size);
  return C2paBox{store.size(), Sha256Of(store)};
}

void AddC2paFacts(const C2paBox& box, nlohmann::json& facts) {
  facts["c2pa"] = true;
  facts["c2pa_bytes"] = box.bytes;
  facts["c2pa_sha256"] = box.sha256.Hex();
  facts["c2pa_state"] = "present, not verified";
}

}  // namespace stemma
