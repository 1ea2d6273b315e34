#include "archive/der.h"

#include <cstdint>

namespace stemma {
namespace {

struct Header {
  unsigned int tag_class = 0;
  bool constructed = false;
  std::uint64_t tag = 0;
  std::size_t header = 0;
  std::size_t content = 0;
};

std::optional<Header> ReadHeader(std::string_view bytes) {
  std::size_t at = 0;
  const auto next = [&]() -> std::optional<unsigned int> {
    if (at >= bytes.size()) return std::nullopt;
    return static_cast<unsigned char>(bytes[at++]);
  };
  const auto first = next();
  if (!first) return std::nullopt;
  Header header;
  header.tag_class = *first >> 6;
  header.constructed = (*first & 0x20U) != 0;
  header.tag = *first & 0x1FU;
  if (header.tag == 0x1F) {
    header.tag = 0;
    for (int i = 0;; ++i) {
      const auto more = next();
      if (!more || i == 4 || (i == 0 && *more == 0x80)) return std::nullopt;
      header.tag = (header.tag << 7) | (*more & 0x7FU);
      if ((*more & 0x80U) == 0) break;
    }
    if (header.tag < 0x1F) return std::nullopt;
  }
  const auto length = next();
  if (!length) return std::nullopt;
  header.content = *length;
  if (*length >= 0x80) {
    const unsigned int count = *length & 0x7FU;
    if (count == 0 || count > 4) return std::nullopt;
    header.content = 0;
    for (unsigned int i = 0; i < count; ++i) {
      const auto byte = next();
      if (!byte || (i == 0 && *byte == 0)) return std::nullopt;
      header.content = (header.content << 8) | *byte;
    }
    if (header.content < 0x80) return std::nullopt;
  }
  header.header = at;
  return header;
}

bool PrimitiveIsDer(const Header& header, std::string_view content) {
  if (header.tag_class != 0) return true;
  if (header.tag == 1) {
    return content.size() == 1 && (content[0] == 0 || content[0] == '\xFF');
  }
  if (header.tag == 2 || header.tag == 10) {
    if (content.empty()) return false;
    if (content.size() == 1) return true;
    const auto a = static_cast<unsigned char>(content[0]);
    const auto b = static_cast<unsigned char>(content[1]);
    return !((a == 0 && b < 0x80) || (a == 0xFF && b >= 0x80));
  }
  if (header.tag == 5) return content.empty();
  return true;
}

bool SequenceIsDer(std::string_view bytes, int depth) {
  while (!bytes.empty()) {
    const std::optional<Header> header = ReadHeader(bytes);
    if (!header || header->content > bytes.size() - header->header) {
      return false;
    }
    const std::string_view content =
        bytes.substr(header->header, header->content);
    if (header->constructed) {
      if (depth == 0 || !SequenceIsDer(content, depth - 1)) return false;
    } else if (!PrimitiveIsDer(*header, content)) {
      return false;
    }
    bytes.remove_prefix(header->header + header->content);
  }
  return true;
}

}  // namespace

std::optional<std::size_t> DerElementSize(std::string_view bytes) {
  const std::optional<Header> header = ReadHeader(bytes);
  if (!header) return std::nullopt;
  return header->header + header->content;
}

bool IsDer(std::string_view bytes) {
  const std::optional<std::size_t> size = DerElementSize(bytes);
  return size && *size == bytes.size() && SequenceIsDer(bytes, 64);
}

std::string DerElement(unsigned char tag, std::string_view content) {
  std::string out(1, static_cast<char>(tag));
  if (content.size() < 0x80) {
    out += static_cast<char>(content.size());
  } else {
    std::string length;
    for (std::size_t n = content.size(); n > 0; n >>= 8) {
      length.insert(length.begin(), static_cast<char>(n & 0xFFU));
    }
    out += static_cast<char>(0x80U | length.size());
    out += length;
  }
  return out.append(content);
}

std::string DerUnsigned(std::string_view big_endian) {
  while (big_endian.size() > 1 && big_endian.front() == '\0') {
    big_endian.remove_prefix(1);
  }
  std::string content(big_endian);
  if (content.empty() || (static_cast<unsigned char>(content[0]) & 0x80U)) {
    content.insert(content.begin(), '\0');
  }
  return DerElement(0x02, content);
}

}  // namespace stemma
