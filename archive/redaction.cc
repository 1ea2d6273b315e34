#include "archive/redaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "archive/append_file.h"
#include "archive/bundle_seal.h"
#include "archive/record_scan.h"
#include "archive/warc_record.h"
#include "archive/zstd_frames.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = 1 << 20;

// The leaf of each record of a file, and where it begins and ends.
class LeafSink : public RecordSink {
 public:
  struct Leaf {
    std::uint64_t offset = 0, length = 0;
    std::string id;
    Sha256 hash;
  };
  std::vector<Leaf> leaves;

  void OnRecord(std::uint64_t offset, const WarcHeader& header,
                std::string_view text,
                const std::vector<std::string>&) override {
    leaf_ = {offset, 0, InfoFromHeader(header, "").id, {}};
    hasher_.Update(std::string_view("\0", 1));
    hasher_.Update(text);
  }
  void OnBlock(std::string_view bytes) override { hasher_.Update(bytes); }
  void OnEnd(std::uint64_t length, bool whole) override {
    hasher_.Update("\r\n\r\n");
    leaf_.hash = hasher_.Finish();
    leaf_.length = length;
    if (whole) leaves.push_back(leaf_);
  }
  void OnProblem(std::uint64_t, std::string_view, std::string) override {}

 private:
  Leaf leaf_;
  Sha256Hasher hasher_;
};

Status CopyPrefix(const Blob& from, std::uint64_t size, AppendFile& to) {
  std::string piece(kPiece, '\0');
  for (std::uint64_t at = 0; at < size;) {
    const auto want = std::min<std::uint64_t>(piece.size(), size - at);
    STEMMA_TRY(const std::size_t n,
               from.ReadAt(at, std::span(piece).first(want)));
    if (n == 0) return Error(ErrorCode::kIo, "the bundle shrank while read");
    STEMMA_TRY(const std::uint64_t written,
               to.Append(std::string_view(piece).substr(0, n)));
    static_cast<void>(written);
    at += n;
  }
  return {};
}

// Skippable frames of zeros over [at, at + length); a frame holds below 4 GiB.
Status Blank(AppendFile& file, std::uint64_t at, std::uint64_t length) {
  constexpr std::uint64_t kMostOfFrame = std::uint64_t{1} << 30;
  const std::string zeros(kPiece, '\0');
  while (length > 0) {
    // What is left over must still hold a frame's head.
    std::uint64_t size = std::min(length, kMostOfFrame);
    if (length - size > 0 && length - size < 8) size -= 8;
    const std::string head = VoidFrame(8);
    std::string first = head.substr(0, 4);
    for (int i = 0; i < 4; ++i) {
      first += static_cast<char>((size - 8) >> (8 * i) & 0xFF);
    }
    STEMMA_CHECK_OK(file.Overwrite(at, first));
    for (std::uint64_t done = 8; done < size;) {
      const auto n = std::min<std::uint64_t>(zeros.size(), size - done);
      STEMMA_CHECK_OK(
          file.Overwrite(at + done, std::string_view(zeros).substr(0, n)));
      done += n;
    }
    at += size;
    length -= size;
  }
  return {};
}

Status AppendFooter(const fs::path& path, AppendFile& file) {
  // One more frame, so that the new file's size is never the old one's.
  STEMMA_TRY(const std::uint64_t more, file.Append(VoidFrame(8)));
  STEMMA_TRY(const Blob written, BlobOfFile(path.string()));
  STEMMA_TRY(const std::string footer, BundleFooter(written));
  STEMMA_TRY(const std::uint64_t at, file.Append(footer));
  static_cast<void>(more);
  static_cast<void>(at);
  return file.Sync();
}

}  // namespace

bool TakeRedactions(const nlohmann::json& event, Redactions& redactions,
                    std::vector<std::string>* ids) {
  const auto list = event.find("redacted");
  if (list == event.end() || !list->is_array()) return false;
  for (const nlohmann::json& entry : *list) {
    if (!entry.is_object()) return false;
    const auto index = entry.find("index"), leaf = entry.find("leaf_sha256"),
               id = entry.find("id");
    if (index == entry.end() || !index->is_number_unsigned() ||
        leaf == entry.end() || !leaf->is_string() || id == entry.end() ||
        !id->is_string()) {
      return false;
    }
    const auto hash = Sha256::Parse(leaf->get_ref<const std::string&>());
    if (!hash) return false;
    redactions[index->get<std::uint64_t>()] = *hash;
    if (ids != nullptr) ids->push_back(id->get<std::string>());
  }
  return true;
}

std::uint64_t RedactedRange::Append(const Sha256& leaf) {
  Finish();
  range_.Append(leaf);
  return range_.size() - 1;
}

void RedactedRange::Finish() {
  for (auto gone = redactions_->find(range_.size()); gone != redactions_->end();
       gone = redactions_->find(range_.size())) {
    range_.Append(gone->second);
  }
}

Result<RedactedFile> WriteRedacted(const fs::path& from, const fs::path& to,
                                   const Redactions& before,
                                   std::span<const RecordToRedact> records) {
  STEMMA_TRY(const Blob old, BlobOfFile(from.string()));
  LeafSink sink;
  STEMMA_CHECK_OK(ScanWarc(old, sink));
  STEMMA_TRY(const FooterState footer, CheckFooter(old));
  if (footer == FooterState::kMismatch) {
    return Error(ErrorCode::kCorrupt, from.string() + ": it is damaged");
  }
  std::error_code ignored;
  fs::remove(to, ignored);
  STEMMA_TRY(AppendFile file, AppendFile::Create(to));
  STEMMA_TRY(const std::string end, BundleFooter(old));
  const std::uint64_t body =
      footer == FooterState::kMatch ? old.size() - end.size() : old.size();
  STEMMA_CHECK_OK(CopyPrefix(old, body, file));

  RedactedFile made;
  made.leaves = before;
  made.indices.resize(records.size());
  RedactedRange places(before);
  std::size_t found = 0;
  for (const LeafSink::Leaf& leaf : sink.leaves) {
    const std::uint64_t index = places.Append(leaf.hash);
    for (std::size_t i = 0; i < records.size(); ++i) {
      if (records[i].id != leaf.id || records[i].offset != leaf.offset)
        continue;
      STEMMA_CHECK_OK(Blank(file, leaf.offset, leaf.length));
      made.leaves[index] = leaf.hash;
      made.indices[i] = index;
      ++found;
    }
  }
  if (found != records.size()) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("{}: {} of {} records are where the log has them",
                             from.string(), found, records.size()));
  }
  STEMMA_CHECK_OK(AppendFooter(to, file));
  return made;
}

}  // namespace stemma
