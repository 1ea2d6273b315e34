#include "archive/bundle_seal.h"

#include <fmt/format.h>

#include <algorithm>

#include "archive/append_file.h"
#include "archive/cdxj.h"
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
  FactsSink(BundleFacts& facts, std::string_view filename, SortedLines* cdxj,
            const Redactions& redactions)
      : facts_(facts), filename_(filename), cdxj_(cdxj), range_(redactions) {}

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
  void Finish() {
    range_.Finish();
    facts_.records = range_.size();
    facts_.records_root = range_.Root();
  }
  const Status& status() const { return status_; }

 protected:
  void OnInfo(const WarcHeader&, const RecordInfo& info, std::string_view,
              bool whole) override {
    leaf_.Update("\r\n\r\n");
    const Sha256 leaf = leaf_.Finish();
    if (!whole) return;
    range_.Append(leaf);
    if (cdxj_ == nullptr || !status_) return;
    if (const auto line = CdxjOf(info, filename_)) {
      status_ = cdxj_->Add(line->Text());
    }
  }

 private:
  BundleFacts& facts_;
  std::string filename_;
  SortedLines* cdxj_;  // may be null
  Status status_;
  Sha256Hasher leaf_;
  RedactedRange range_;
};

Result<BundleFacts> ReadFacts(const Blob& file, std::string_view filename,
                              SortedLines* cdxj, const Redactions& redactions) {
  BundleFacts facts;
  facts.bytes = file.size();
  FactsSink sink(facts, filename, cdxj, redactions);
  DigestHasher sha256(DigestAlgorithm::kSha256);
  DigestHasher sha512(DigestAlgorithm::kSha512);
  STEMMA_CHECK_OK(file.ForEachPiece([&](std::string_view piece) {
    sha256.Update(piece);
    sha512.Update(piece);
    return Status();
  }));
  facts.sha256 = sha256.Finish().Hex();
  facts.sha512 = sha512.Finish().Hex();
  // A video's frames need not be in memory as a whole.
  ScanLimits limits;
  limits.frames.max_content = 1 << 20;
  STEMMA_CHECK_OK(ScanWarc(file, sink, limits));
  STEMMA_CHECK_OK(sink.status());
  sink.Finish();
  return facts;
}

}  // namespace

Result<BundleFacts> ReadBundleFacts(const Blob& file,
                                    const Redactions& redactions) {
  return ReadFacts(file, {}, nullptr, redactions);
}

Result<BundleFacts> ReadBundleFacts(const Blob& file, std::string_view filename,
                                    SortedLines& cdxj,
                                    const Redactions& redactions) {
  return ReadFacts(file, filename, &cdxj, redactions);
}

namespace {

// Magic, size (LE32), "stemma-1", digest.
constexpr std::string_view kFooterMagic = "\x5B\x2A\x4D\x18";
constexpr std::string_view kFooterMark("\x28\0\0\0stemma-1", 12);
constexpr std::size_t kFooterSize = 4 + 12 + 32;

}  // namespace

Result<Sha256> Sha256OfPrefix(const Blob& file, std::uint64_t size) {
  Sha256Hasher hasher;
  std::string piece(1 << 20, '\0');
  for (std::uint64_t at = 0; at < size;) {
    const std::size_t want = std::min<std::uint64_t>(piece.size(), size - at);
    STEMMA_TRY(const std::size_t n,
               file.ReadAt(at, std::span(piece).first(want)));
    if (n == 0) return Error(ErrorCode::kIo, "the bundle shrank while read");
    hasher.Update(std::string_view(piece).substr(0, n));
    at += n;
  }
  return hasher.Finish();
}

namespace {

std::string FooterFor(const Sha256& digest) {
  std::string footer(kFooterMagic);
  footer += kFooterMark;
  footer += BytesOf(digest);
  return footer;
}

}  // namespace

Result<std::string> BundleFooter(const Blob& file) {
  STEMMA_TRY(const Sha256 digest, Sha256OfBlob(file));
  return FooterFor(digest);
}

Result<BundleFacts> AppendFooter(const std::filesystem::path& path) {
  Sha256Hasher sha256;
  DigestHasher sha512(DigestAlgorithm::kSha512);
  const auto take = [&](std::string_view bytes) {
    sha256.Update(bytes);
    sha512.Update(bytes);
    return Status();
  };
  STEMMA_TRY(const Blob file, BlobOfFile(path.string()));
  STEMMA_CHECK_OK(file.ForEachPiece(take));
  const std::string footer = FooterFor(sha256.SoFar());
  STEMMA_CHECK_OK(take(footer));
  STEMMA_TRY(AppendFile end, AppendFile::OpenExisting(path));
  STEMMA_TRY(const std::uint64_t at, end.Append(footer));
  if (at != file.size()) {
    return Error(ErrorCode::kIo, "the bundle grew while it was sealed");
  }
  STEMMA_CHECK_OK(end.Sync());
  BundleFacts facts;
  facts.bytes = at + footer.size();
  facts.sha256 = sha256.Finish().Hex();
  facts.sha512 = sha512.Finish().Hex();
  return facts;
}

Result<FooterState> CheckFooter(const Blob& file) {
  if (file.size() < kFooterSize) return FooterState::kNone;
  const std::uint64_t at = file.size() - kFooterSize;
  std::string footer(kFooterSize, '\0');
  STEMMA_TRY(const std::size_t n, file.ReadAt(at, footer));
  if (n != kFooterSize) return FooterState::kNone;
  // One changed byte in the frame's own head must not make it vanish: it is a
  // footer when either half of its head is there.
  const std::string_view view = footer;
  if (!view.starts_with(kFooterMagic) && view.substr(4, 12) != kFooterMark) {
    return FooterState::kNone;
  }
  STEMMA_TRY(const Sha256 digest, Sha256OfPrefix(file, at));
  const bool good = view.starts_with(kFooterMagic) &&
                    view.substr(4, 12) == kFooterMark &&
                    view.substr(16) == BytesOf(digest);
  return good ? FooterState::kMatch : FooterState::kMismatch;
}

}  // namespace stemma
