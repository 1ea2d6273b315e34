#include "archive/stored_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "archive/http_block.h"
#include "archive/record_scan.h"
#include "archive/warc_record.h"
#include "core/ascii.h"

namespace stemma {
namespace {

struct Piece {
  std::uint64_t offset = 0, size = 0;           // stored
  std::uint64_t content = 0, content_size = 0;  // inflated
};

std::uint32_t Le32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

// A record's content over its frames, one inflated frame kept.
class FramedContent {
 public:
  FramedContent(std::shared_ptr<const BundleView> bundle,
                std::vector<Piece> pieces)
      : bundle_(std::move(bundle)),
        pieces_(std::move(pieces)),
        decoder_(bundle_->dictionary()) {}

  std::uint64_t size() const {
    return pieces_.empty()
               ? 0
               : pieces_.back().content + pieces_.back().content_size;
  }

  Result<std::size_t> ReadAt(std::uint64_t at, std::span<char> out) {
    const std::lock_guard lock(mutex_);
    auto piece = std::upper_bound(
        pieces_.begin(), pieces_.end(), at,
        [](std::uint64_t value, const Piece& p) { return value < p.content; });
    if (piece == pieces_.begin() || out.empty()) return std::size_t{0};
    --piece;
    if (at >= piece->content + piece->content_size) return std::size_t{0};
    const std::size_t index = piece - pieces_.begin();
    if (index != loaded_) STEMMA_CHECK_OK(Load(index));
    const std::size_t n = std::min<std::uint64_t>(
        out.size(), piece->content + piece->content_size - at);
    std::memcpy(out.data(), content_.data() + (at - piece->content), n);
    return n;
  }

 private:
  Status Load(std::size_t index) {
    loaded_ = static_cast<std::size_t>(-1);
    const Piece& piece = pieces_[index];
    STEMMA_TRY(
        const std::string frame,
        SubBlob(bundle_->file(), piece.offset, piece.size).ReadAll(piece.size));
    const Result<std::string_view> decoded = decoder_.DecodeHere(frame);
    if (!decoded) {
      return Error(ErrorCode::kCorrupt,
                   fmt::format("frame at {}: {}", piece.offset,
                               decoded.error().message()));
    }
    content_ = *decoded;
    if (content_.size() != piece.content_size) {
      return Error(
          ErrorCode::kCorrupt,
          fmt::format("frame at {}: holds {} bytes, the seek table "
                      "says {}",
                      piece.offset, content_.size(), piece.content_size));
    }
    loaded_ = index;
    return {};
  }

  std::mutex mutex_;
  std::shared_ptr<const BundleView> bundle_;
  std::vector<Piece> pieces_;
  FrameDecoder decoder_;
  std::string_view content_;  // in the decoder's memory
  std::size_t loaded_ = static_cast<std::size_t>(-1);
};

// The frames of a record by the seek table at its end (the layout of zstd's
// seekable format); empty if there is none.
Result<std::vector<Piece>> FromSeekTable(const Blob& file, std::uint64_t offset,
                                         std::uint64_t length) {
  std::vector<Piece> pieces;
  if (length < 17 + 8) return pieces;
  STEMMA_TRY(const std::string footer,
             SubBlob(file, offset + length - 9, 9).ReadAll(9));
  if (footer.size() != 9 ||
      Le32(std::string_view(footer).substr(5)) != kSeekableMagic ||
      footer[4] != 0) {
    return pieces;
  }
  const std::uint64_t count = Le32(footer);
  const std::uint64_t table = 8 + count * 8 + 9;
  if (count == 0 || table >= length) return pieces;
  const std::uint64_t begin = offset + length - table;
  STEMMA_TRY(const std::string bytes,
             SubBlob(file, begin, table).ReadAll(table));
  if (Le32(bytes) != kSeekTableMagic ||
      Le32(std::string_view(bytes).substr(4)) != table - 8) {
    return pieces;
  }
  std::uint64_t at = offset, content = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string_view entry = std::string_view(bytes).substr(8 + i * 8, 8);
    Piece piece{at, Le32(entry), content, Le32(entry.substr(4))};
    at += piece.size;
    content += piece.content_size;
    if (piece.content_size != 0) pieces.push_back(piece);
  }
  if (at != begin) {
    return Error(
        ErrorCode::kCorrupt,
        fmt::format("seek table at {} does not fit its record", begin));
  }
  return pieces;
}

Result<std::vector<Piece>> FromWalk(const Blob& file, std::uint64_t offset,
                                    std::uint64_t length,
                                    const BundleView& bundle) {
  std::vector<Piece> pieces;
  FrameWalker walker(SubBlob(file, 0, offset + length), offset);
  std::uint64_t content = 0;
  while (walker.offset() < offset + length) {
    Result<std::optional<FrameInfo>> frame = walker.Next();
    if (!frame) {
      return Error(frame.error().code() == ErrorCode::kIo ? ErrorCode::kIo
                                                          : ErrorCode::kCorrupt,
                   frame.error().message());
    }
    if ((*frame)->kind != FrameInfo::Kind::kData) continue;
    std::uint64_t size = 0;
    if ((*frame)->content_size) {
      size = *(*frame)->content_size;
    } else {
      STEMMA_TRY(const std::string bytes, walker.Read(**frame));
      FrameDecoder decoder(bundle.dictionary());
      STEMMA_TRY(const std::string inflated, decoder.Decode(bytes));
      size = inflated.size();
    }
    pieces.push_back({(*frame)->offset, (*frame)->size, content, size});
    content += size;
  }
  return pieces;
}

}  // namespace

bool IsBundleName(std::string_view name) {
  constexpr std::string_view kFolder = "bundles/";
  if (!name.starts_with(kFolder)) return false;
  name.remove_prefix(kFolder.size());
  return !name.empty() && name.size() <= 120 && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return IsAlnum(c) || c == '.' || c == '_' || c == '-';
         });
}

Blob SubBlob(Blob whole, std::uint64_t begin, std::uint64_t size) {
  begin = std::min(begin, whole.size());
  size = std::min(size, whole.size() - begin);
  return Blob(
      size,
      [whole = std::move(whole), begin, size](
          std::uint64_t at, std::span<char> out) -> Result<std::size_t> {
        if (at >= size) return std::size_t{0};
        return whole.ReadAt(begin + at, out.first(std::min<std::uint64_t>(
                                            out.size(), size - at)));
      });
}

Result<std::shared_ptr<const BundleView>> BundleView::Open(
    const std::filesystem::path& path) {
  STEMMA_TRY(Blob file, BlobOfFile(path.string()));
  auto view = Over(std::move(file));
  if (!view) return std::move(view).error().Context(path.filename().string());
  return view;
}

Result<std::shared_ptr<const BundleView>> BundleView::Over(Blob file) {
  auto view = std::make_shared<BundleView>();
  view->file_ = std::move(file);
  STEMMA_TRY(const std::string head, view->file_.ReadPrefix(8));
  if (head.size() == 8 && Le32(head) == kDictionaryFrameMagic) {
    const FrameLimits limits;
    const std::uint64_t size = Le32(std::string_view(head).substr(4));
    if (size > limits.max_dictionary) {
      return Error(ErrorCode::kLimit,
                   fmt::format("dictionary of {} bytes, limit is {}", size,
                               limits.max_dictionary));
    }
    STEMMA_TRY(const std::string content,
               SubBlob(view->file_, 8, size).ReadAll(size));
    STEMMA_TRY(view->dictionary_, ZstdDictionary::FromFrameContent(content));
  }
  return std::shared_ptr<const BundleView>(std::move(view));
}

Result<Blob> RecordContent(std::shared_ptr<const BundleView> bundle,
                           std::uint64_t offset, std::uint64_t length) {
  const Blob& file = bundle->file();
  if (offset > file.size() || length > file.size() - offset) {
    return Error(ErrorCode::kCorrupt,
                 fmt::format("record at {} of {} bytes lies beyond the end of "
                             "its bundle ({} bytes)",
                             offset, length, file.size()));
  }
  STEMMA_TRY(std::vector<Piece> pieces, FromSeekTable(file, offset, length));
  if (pieces.empty()) {
    STEMMA_TRY(pieces, FromWalk(file, offset, length, *bundle));
  }
  auto content =
      std::make_shared<FramedContent>(std::move(bundle), std::move(pieces));
  const std::uint64_t size = content->size();
  return Blob(size, [content](std::uint64_t at, std::span<char> out) {
    return content->ReadAt(at, out);
  });
}

namespace {

// The beginning of `content` up to where `end_of` finds an end in it, or
// `max_bytes` of it. A read gives no more than is left of one frame, so that
// the head of a large record is had without the first frames of its body.
Result<std::string> ReadThrough(
    const Blob& content, std::size_t max_bytes,
    const std::function<std::size_t(std::string_view)>& end_of) {
  std::string text, piece(64 << 10, '\0');
  while (text.size() < max_bytes) {
    STEMMA_TRY(const std::size_t n, content.ReadAt(text.size(), piece));
    text.append(piece, 0, n);
    if (n == 0 || end_of(text) != std::string_view::npos) break;
  }
  return text;
}

}  // namespace

Result<StoredRecord> OpenRecord(std::shared_ptr<const BundleView> bundle,
                                std::uint64_t offset, std::uint64_t length) {
  const auto corrupt = [offset](std::string_view why) {
    return Error(ErrorCode::kCorrupt,
                 fmt::format("record at {}: {}", offset, why));
  };
  STEMMA_TRY(const std::string magic,
             SubBlob(bundle->file(), offset, 4).ReadAll(4));
  if (magic == VoidFrame(8).substr(0, 4)) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("record at {}: it was redacted; the log says why "
                             "and by whose decision",
                             offset));
  }
  STEMMA_TRY(const Blob content,
             RecordContent(std::move(bundle), offset, length));
  STEMMA_TRY(const std::string text,
             ReadThrough(content, WarcHeaderLimits().max_bytes, WarcHeaderEnd));
  const std::size_t end = WarcHeaderEnd(text);
  if (end == std::string::npos) return corrupt("no header ends here");
  StoredRecord record;
  record.header = text.substr(0, end);
  const Result<WarcHeader> header = ParseWarcHeader(record.header);
  if (!header) return corrupt(header.error().message());
  const std::uint64_t block_size = *header->content_length();
  if (end + block_size > content.size()) return corrupt("the block is cut");
  record.block = SubBlob(content, end, block_size);
  record.payload = record.block;
  if (HoldsHttp(*header)) {
    STEMMA_TRY(const std::string start,
               ReadThrough(record.block, 256 << 10, HttpHeadEnd));
    const std::size_t head_end = HttpHeadEnd(start);
    if (head_end != std::string::npos) {
      record.http_head = start.substr(0, head_end);
      record.payload = SubBlob(record.block, head_end, block_size - head_end);
      if (ReadHttpHead(record.http_head).chunked) {
        STEMMA_TRY(record.payload, WithoutChunks(record.payload));
      }
    }
  }
  record.info = InfoFromHeader(*header, record.http_head);
  record.info.offset = offset;
  record.info.length = length;
  return record;
}

Result<std::shared_ptr<const BundleView>> BundleShelf::Find(
    const std::string& name) {
  if (!IsBundleName(name)) {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("'{}' is no name of a bundle", name));
  }
  for (const Open& open : open_) {
    if (open.name == name) return open.view;
  }
  auto view = BundleView::Open(dir_ / name);
  bool growing = false;
  if (!view && view.error().code() == ErrorCode::kNotFound) {
    growing = true;
    view = BundleView::Open(dir_ / (name + ".open"));
    // It may have been sealed between the two.
    if (!view && view.error().code() == ErrorCode::kNotFound) {
      growing = false;
      view = BundleView::Open(dir_ / name);
    }
  }
  if (!view) return std::move(view).error();
  // A growing file's size is taken when it is opened; do not keep it.
  if (!growing) {
    if (open_.size() >= 16) open_.erase(open_.begin());
    open_.push_back({name, *view, nullptr});
  }
  return view;
}

Result<StoredRecord> BundleShelf::Record(const RecordInfo& where) {
  STEMMA_TRY(auto view, Find(where.bundle));
  const auto is_it = [&where](const Result<StoredRecord>& record) {
    return record && (where.id.empty() || record->info.id == where.id);
  };
  Result<StoredRecord> record = OpenRecord(view, where.offset, where.length);
  if (is_it(record)) return record;
  const auto open = [this, &where] {
    return std::find_if(open_.begin(), open_.end(), [&where](const Open& o) {
      return o.name == where.bundle;
    });
  };
  // What is still being written has not been packed anew.
  if (open() != open_.end() && !where.id.empty()) {
    if (!open()->places) {
      // What is kept open may be the file of before.
      open_.erase(open());
      STEMMA_TRY(view, Find(where.bundle));
      Result<StoredRecord> again = OpenRecord(view, where.offset, where.length);
      if (is_it(again)) return again;
      STEMMA_TRY(RecordPlaces places, RecordPlaces::Of(view->file()));
      if (open() == open_.end()) return record;
      open()->places = std::make_shared<RecordPlaces>(std::move(places));
    }
    for (const RecordPlaceInFile& place : open()->places->Find(where.id)) {
      Result<StoredRecord> moved = OpenRecord(view, place.offset, place.length);
      if (is_it(moved)) return moved;
    }
  }
  if (record) {
    return Error(
        ErrorCode::kCorrupt,
        fmt::format("bundle {}: record at {} is {}, not {}", where.bundle,
                    where.offset, record->info.id, where.id));
  }
  return record;
}

}  // namespace stemma
