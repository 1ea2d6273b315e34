#include <algorithm>

#include "archive/stored_record.h"
#include "archive/zstd_frames.h"
#include "tests/fuzz/fuzz_target.h"

namespace stemma::fuzz {
namespace {

constexpr std::uint64_t kMost = 4 << 20;

FrameLimits Limits() {
  FrameLimits limits;
  limits.max_dictionary = 1 << 20;
  limits.max_content = kMost;
  return limits;
}

void Inflate(FrameWalker& walker, const FrameInfo& frame,
             FrameDecoder& decoder) {
  const Result<std::string> stored = walker.Read(frame);
  Require(stored.has_value(), "a frame that was walked can be read");
  const Result<std::string> content = decoder.Decode(*stored, Limits());
  if (!content) return;
  Require(content->size() <= kMost, "a limit holds");
  if (frame.content_size) {
    Require(content->size() == *frame.content_size, "a claim is kept");
  }
  const Result<std::string> prefix = decoder.DecodePrefix(*stored, 100);
  Require(prefix && content->starts_with(*prefix), "a prefix is a prefix");
}

void WalkAll(const Blob& file) {
  FrameWalker walker(file, 0, Limits());
  std::shared_ptr<const ZstdDictionary> dictionary;
  std::optional<FrameDecoder> decoder(std::in_place, nullptr);
  while (walker.offset() < walker.size()) {
    const std::uint64_t at = walker.offset();
    const Result<std::optional<FrameInfo>> frame = walker.Next();
    if (!frame) {
      Require(walker.Resync(at + 1).has_value(), "memory can be read");
      Require(walker.offset() > at, "the walk goes on");
      continue;
    }
    Require((*frame)->offset == at, "frames follow each other");
    Require(walker.offset() == at + (*frame)->size, "by their sizes");
    Require(walker.offset() <= file.size(), "inside the file");
    if ((*frame)->kind == FrameInfo::Kind::kDictionary) {
      const Result<std::string> bytes = walker.Read(**frame);
      Require(bytes.has_value(), "a frame that was walked can be read");
      auto read = ZstdDictionary::FromFrameContent(
          std::string_view(*bytes).substr(8), Limits());
      if (read) decoder.emplace(*read);
    } else if ((*frame)->kind == FrameInfo::Kind::kData) {
      Inflate(walker, **frame, *decoder);
    }
  }
}

// The whole file as one record, the way a reader comes to it: through the seek
// table if there is one.
void OpenAsRecord(const Blob& file) {
  const auto bundle = BundleView::Over(file);
  if (!bundle) return;
  const Result<Blob> content = RecordContent(*bundle, 0, file.size());
  if (content) {
    std::string piece(1000, '\0');
    for (const std::uint64_t at : {std::uint64_t{0}, content->size() / 2}) {
      const Result<std::size_t> got = content->ReadAt(at, piece);
      if (got) Require(*got <= piece.size(), "no more than asked for");
    }
  }
  const Result<StoredRecord> record = OpenRecord(*bundle, 0, file.size());
  if (record) {
    Require(record->block.size() <= content->size(), "a block fits its record");
    static_cast<void>(record->payload.ReadPrefix(1000));
  }
}

}  // namespace

FUZZ_TARGET(frames) {
  const Blob file{std::string(bytes)};
  WalkAll(file);
  OpenAsRecord(file);
}

}  // namespace stemma::fuzz
