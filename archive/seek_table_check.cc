#include "archive/seek_table_check.h"

#include <fmt/format.h>

#include <span>
#include <string_view>

namespace stemma {
namespace {

std::uint32_t Le32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

}  // namespace

void SeekTableCheck::Data(const FrameInfo& frame, std::uint64_t content,
                          bool begins) {
  constexpr std::size_t kMost = 1 << 20;
  if (frames_.size() >= kMost && begins) {
    frames_.clear();
    trimmed_ = true;
  } else if (frames_.size() >= 2 * kMost) {
    frames_.clear();
    record_ = 0;
    trimmed_ = muted_ = true;
  }
  if (begins) {
    record_ = frames_.size();
    muted_ = false;
  }
  frames_.push_back({static_cast<std::uint32_t>(frame.size),
                     static_cast<std::uint32_t>(content)});
}

void SeekTableCheck::Other(const FrameInfo& frame) {
  if (frames_.size() > record_) {
    frames_.push_back({static_cast<std::uint32_t>(frame.size), 0});
  }
}

Result<std::string> SeekTableCheck::Judge(const Blob& file,
                                          const FrameInfo& table,
                                          bool open) const {
  if (muted_) return std::string();
  if (open) return std::string("it stands inside a record");
  if (table.size < 8 + 9) return std::string("it is too short to be one");
  std::string end(9, '\0');
  STEMMA_TRY(std::size_t got,
             file.ReadAt(table.offset + table.size - end.size(), end));
  const std::string_view tail = std::string_view(end).substr(0, got);
  if (tail.size() != 9 || Le32(tail.substr(5)) != kSeekableMagic) {
    return std::string("it does not end like one");
  }
  // The seekable format: bit 7, each entry has a checksum; the rest is 0.
  const auto descriptor = static_cast<unsigned char>(tail[4]);
  const std::uint64_t entry = (descriptor & 0x80) != 0 ? 12 : 8;
  const std::uint64_t count = Le32(tail);
  if ((descriptor & 0x7F) != 0 || table.size != 8 + count * entry + 9) {
    return std::string("its size is not that of its entries");
  }
  const std::size_t own = frames_.size() - record_;
  std::size_t first = record_;
  if (count != own || own < 2 || entry != 8) {
    if (trimmed_ && count > own) return std::string();
    if (count != frames_.size()) {
      return fmt::format("it has {} entries, the record {} frames", count, own);
    }
    first = 0;
  }
  std::string entries(count * entry, '\0');
  for (std::size_t done = 0; done < entries.size(); done += got) {
    STEMMA_TRY(got, file.ReadAt(table.offset + 8 + done,
                                std::span(entries).subspan(done)));
    if (got == 0) return std::string("the file ends inside it");
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view at = std::string_view(entries).substr(i * entry);
    const FrameSizes& frame = frames_[first + i];
    if (Le32(at) != frame.stored || Le32(at.substr(4)) != frame.content) {
      return fmt::format(
          "entry {} says {} and {} bytes, the frame has {} and "
          "{}",
          i, Le32(at), Le32(at.substr(4)), frame.stored, frame.content);
    }
  }
  return std::string();
}

}  // namespace stemma
