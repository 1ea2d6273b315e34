#include "archive/record_places.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <system_error>

#include "archive/warc_record.h"
#include "archive/zstd_frames.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

std::uint64_t KeyOf(std::string_view id) {
  // FNV-1a: the ids are random, and a clash costs one look at a record.
  std::uint64_t key = 0xCBF29CE484222325U;
  for (const char c : id) {
    key = (key ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  }
  return key;
}

struct HeaderFacts {
  std::string id;
  std::uint64_t content = 0;  // of the whole record, inflated
};

// The header that begins `text`; nullopt if it does not end there.
std::optional<HeaderFacts> FactsOf(std::string_view text) {
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const Result<WarcHeader> header = ParseWarcHeader(text.substr(0, end + 4));
  if (!header || !header->content_length()) return std::nullopt;
  HeaderFacts facts;
  facts.id = InfoFromHeader(*header, "").id;
  facts.content = end + 4 + *header->content_length() + 4;
  return facts;
}

class PlaceWalk {
 public:
  explicit PlaceWalk(const Blob& file) : walker_(file) {}

  Status Run(
      const std::function<Status(std::string_view, RecordPlaceInFile)>& visit) {
    std::optional<FrameDecoder> decoder(std::in_place, nullptr);
    while (true) {
      const Result<std::optional<FrameInfo>> next = walker_.Next();
      if (!next && next.error().code() == ErrorCode::kIo) return next.error();
      if (!next || !*next) break;
      const FrameInfo& frame = **next;
      if (frame.kind == FrameInfo::Kind::kDictionary) {
        STEMMA_TRY(const std::string bytes, walker_.Read(frame));
        auto dictionary =
            ZstdDictionary::FromFrameContent(std::string_view(bytes).substr(8));
        if (!dictionary) break;
        decoder.emplace(*std::move(dictionary));
        continue;
      }
      if (frame.kind == FrameInfo::Kind::kExtension) {
        if (frame.magic == kSeekTableMagic && open_) {
          place_.length = frame.offset + frame.size - place_.offset;
        }
        continue;
      }
      const std::uint64_t content = frame.content_size.value_or(0);
      if (left_ > 0) {
        place_.length = frame.offset + frame.size - place_.offset;
        left_ -= std::min(left_, content);
        continue;
      }
      STEMMA_CHECK_OK(Flush(visit));
      STEMMA_TRY(const std::optional<HeaderFacts> facts,
                 ReadHeader(frame, *decoder));
      if (!facts) break;
      id_ = facts->id;
      place_ = {frame.offset, frame.size};
      left_ = facts->content - std::min(facts->content, content);
      open_ = true;
    }
    return left_ == 0 ? Flush(visit) : Status();
  }

 private:
  Status Flush(
      const std::function<Status(std::string_view, RecordPlaceInFile)>& visit) {
    if (!open_) return {};
    open_ = false;
    return visit(id_, place_);
  }

  Result<std::optional<HeaderFacts>> ReadHeader(const FrameInfo& frame,
                                                FrameDecoder& decoder) {
    // The first block is at most 128 KiB stored; few headers are longer.
    for (const auto& [stored, inflated] :
         {std::pair<std::uint64_t, std::size_t>{136 << 10, 4 << 10},
          {1 << 20, 256 << 10}}) {
      FrameInfo part = frame;
      part.size = std::min(frame.size, stored);
      STEMMA_CHECK_OK(walker_.ReadInto(part, bytes_));
      const auto text = decoder.DecodePrefix(bytes_, inflated);
      if (!text) return std::optional<HeaderFacts>();
      auto facts = FactsOf(*text);
      if (facts || part.size == frame.size) return facts;
    }
    return std::optional<HeaderFacts>();
  }

  FrameWalker walker_;
  std::string bytes_, id_;
  RecordPlaceInFile place_;
  std::uint64_t left_ = 0;  // of the record's content
  bool open_ = false;
};

}  // namespace

Status ForEachPlace(
    const Blob& file,
    const std::function<Status(std::string_view, RecordPlaceInFile)>& visit) {
  return PlaceWalk(file).Run(visit);
}

Result<RecordPlaces> RecordPlaces::Of(const Blob& file) {
  RecordPlaces places;
  STEMMA_CHECK_OK(ForEachPlace(
      file, [&places](std::string_view id, RecordPlaceInFile place) -> Status {
        places.entries_.push_back({KeyOf(id), place});
        return {};
      }));
  std::sort(places.entries_.begin(), places.entries_.end(),
            [](const Entry& a, const Entry& b) { return a.key < b.key; });
  return places;
}

std::vector<RecordPlaceInFile> RecordPlaces::Find(std::string_view id) const {
  const std::uint64_t key = KeyOf(id);
  auto at = std::lower_bound(
      entries_.begin(), entries_.end(), key,
      [](const Entry& e, std::uint64_t value) { return e.key < value; });
  std::vector<RecordPlaceInFile> found;
  for (; at != entries_.end() && at->key == key; ++at) {
    found.push_back(at->place);
  }
  return found;
}

fs::path FileOfSize(const fs::path& path, std::uint64_t bytes) {
  std::error_code failed;
  if (fs::file_size(path, failed) == bytes && !failed) return path;
  fs::path beside = path;
  beside += kRepackEnding;
  if (fs::file_size(beside, failed) == bytes && !failed) return beside;
  return {};
}

}  // namespace stemma
