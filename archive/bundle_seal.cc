#include "archive/bundle_seal.h"

#include <fmt/format.h>

#include <algorithm>

#include "archive/http_block.h"
#include "archive/merkle.h"
#include "hash/labelled_digest.h"
#include "hash/sha256.h"

namespace stemma {

void RecordInfoSink::OnRecord(std::uint64_t offset, const WarcHeader& header,
                              std::string_view,
                              const std::vector<std::string>&) {
  header_ = header;
  offset_ = offset;
  head_.clear();
  want_head_ = HoldsHttp(header);
}

void RecordInfoSink::OnBlock(std::string_view bytes) {
  if (!want_head_) return;
  const std::size_t from = head_.size() < 3 ? 0 : head_.size() - 3;
  head_ += bytes.substr(0, kMaxHead - head_.size());
  const std::size_t end = HttpHeadEnd(std::string_view(head_).substr(from));
  if (end != std::string_view::npos) {
    head_.resize(from + end);
    want_head_ = false;
  } else if (head_.size() >= kMaxHead) {
    want_head_ = false;
  }
}

void RecordInfoSink::OnEnd(std::uint64_t length, bool whole) {
  RecordInfo info = InfoFromHeader(header_, head_);
  info.offset = offset_;
  info.length = length;
  OnInfo(header_, info, head_, whole);
}

void RecordInfoSink::OnProblem(std::uint64_t, std::string_view, std::string) {}

namespace {

class FactsSink : public RecordInfoSink {
 public:
  FactsSink(BundleFacts& facts, std::string_view filename)
      : facts_(facts), filename_(filename) {}

  void OnRecord(std::uint64_t offset, const WarcHeader& header,
                std::string_view text,
                const std::vector<std::string>& oddities) override {
    RecordInfoSink::OnRecord(offset, header, text, oddities);
    leaf_.Update(std::string_view("\0", 1));
    leaf_.Update(text);
  }
  void OnBlock(std::string_view bytes) override {
    RecordInfoSink::OnBlock(bytes);
    leaf_.Update(bytes);
  }
  void OnProblem(std::uint64_t offset, std::string_view code,
                 std::string text) override {
    facts_.problems.push_back(fmt::format("{} at {}: {}", code, offset, text));
  }
  Sha256 Root() const { return range_.Root(); }

 protected:
  void OnInfo(const WarcHeader&, const RecordInfo& info, std::string_view,
              bool whole) override {
    leaf_.Update("\r\n\r\n");
    const Sha256 leaf = leaf_.Finish();
    if (!whole) return;
    range_.Append(leaf);
    ++facts_.records;
    if (auto line = CdxjOf(info, filename_)) {
      facts_.cdxj.push_back(*std::move(line));
    }
  }

 private:
  BundleFacts& facts_;
  std::string filename_;
  Sha256Hasher leaf_;
  CompactRange range_;
};

}  // namespace

Result<BundleFacts> ReadBundleFacts(const Blob& file,
                                    std::string_view filename) {
  BundleFacts facts;
  facts.bytes = file.size();
  FactsSink sink(facts, filename);
  DigestHasher sha256(DigestAlgorithm::kSha256);
  DigestHasher sha512(DigestAlgorithm::kSha512);
  std::string piece(1 << 20, '\0');
  for (std::uint64_t at = 0; at < file.size();) {
    STEMMA_TRY(const std::size_t n, file.ReadAt(at, piece));
    if (n == 0) return Error(ErrorCode::kIo, "the bundle shrank while read");
    sha256.Update(std::string_view(piece).substr(0, n));
    sha512.Update(std::string_view(piece).substr(0, n));
    at += n;
  }
  facts.sha256 = sha256.Finish().Hex();
  facts.sha512 = sha512.Finish().Hex();
  STEMMA_CHECK_OK(ScanWarc(file, sink));
  facts.records_root = sink.Root();
  return facts;
}

}  // namespace stemma
