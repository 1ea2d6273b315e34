#include "trace/segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "trace/varint.h"

namespace stemma {
namespace {

constexpr std::string_view kMagic = "STMSEG1\n";
constexpr std::size_t kHeader = 64;
constexpr std::uint64_t kPostingsPerBucket = 24;

int BucketBits(std::size_t postings) {
  const std::uint64_t buckets =
      std::bit_ceil(postings / kPostingsPerBucket + 1);
  return std::clamp(std::countr_zero(buckets), 1, 30);
}

}  // namespace

std::string EncodeSegment(std::span<const Posting> postings,
                          std::uint32_t first_document,
                          std::span<const DocumentRow> rows) {
  const int bits = BucketBits(postings.size());
  std::string bytes(kHeader, '\0');
  bytes.reserve(kHeader + postings.size() * 7 + rows.size() * 64);
  std::string directory;
  std::size_t at = 0;
  for (std::uint64_t bucket = 0; bucket < std::uint64_t{1} << bits; ++bucket) {
    PutNumber(bytes.size() - kHeader, 4, directory);
    std::uint64_t hash = bucket << (kPostingHashBits - bits);
    std::uint32_t document = 0;
    bool first = true;
    for (; at < postings.size() &&
           postings[at].hash >> (kPostingHashBits - bits) == bucket;
         ++at) {
      const bool same = !first && postings[at].hash == hash;
      PutVarint(postings[at].hash - hash, bytes);
      const std::uint32_t local = postings[at].document - first_document;
      PutVarint(same ? local - document : local, bytes);
      hash = postings[at].hash;
      document = local;
      first = false;
    }
  }
  PutNumber(bytes.size() - kHeader, 4, directory);
  const std::uint64_t directory_at = bytes.size();
  bytes += directory;
  const std::uint64_t rows_at = bytes.size();
  for (const DocumentRow& row : rows) {
    PutVarint(row.id.size(), bytes);
    bytes += row.id;
    PutVarint(row.site.size(), bytes);
    bytes += row.site;
    PutNumber(row.text_hash, 8, bytes);
    PutVarint(row.sketch_size, bytes);
    PutVarint(row.mirror_of == DocumentRow::kNoMirror
                  ? 0
                  : std::uint64_t{row.mirror_of} + 1,
              bytes);
  }
  std::string header(kMagic);
  PutNumber(static_cast<std::uint64_t>(bits), 4, header);
  PutNumber(first_document, 4, header);
  PutNumber(rows.size(), 8, header);
  PutNumber(postings.size(), 8, header);
  PutNumber(directory_at, 8, header);
  PutNumber(rows_at, 8, header);
  PutNumber(bytes.size() + CacheFile::kDigest, 8, header);
  std::ranges::copy(header, bytes.begin());
  return WithDigest(std::move(bytes));
}

Result<Segment> Segment::Open(const std::filesystem::path& path) {
  STEMMA_TRY(CacheFile file, CacheFile::Open(path, kMagic));
  Segment segment(std::move(file));
  STEMMA_CHECK_OK(segment.Check());
  return segment;
}

Result<Segment> Segment::FromBytes(std::string bytes) {
  STEMMA_TRY(CacheFile file, CacheFile::FromBytes(std::move(bytes), kMagic));
  Segment segment(std::move(file));
  STEMMA_CHECK_OK(segment.Check());
  return segment;
}

Status Segment::Check() {
  constexpr std::uint64_t kLeastRow = 12;  // two empty texts, three numbers
  const auto corrupt = [&](std::string_view what) {
    return Error(ErrorCode::kCorrupt,
                 fmt::format("segment {}: {}; delete it and run stemma reindex",
                             file_.name(), what));
  };
  if (size_ < kHeader) return corrupt("shorter than its header");
  bits_ = static_cast<int>(GetNumber(data_ + 8, 4));
  first_ = static_cast<std::uint32_t>(GetNumber(data_ + 12, 4));
  const std::uint64_t documents = GetNumber(data_ + 16, 8);
  documents_ = static_cast<std::uint32_t>(documents);
  postings_ = GetNumber(data_ + 24, 8);
  directory_at_ = GetNumber(data_ + 32, 8);
  rows_at_ = GetNumber(data_ + 40, 8);
  const bool sound =
      bits_ >= 1 && bits_ <= 30 &&
      GetNumber(data_ + 48, 8) == size_ + CacheFile::kDigest &&
      directory_at_ >= kHeader && rows_at_ <= size_ &&
      directory_at_ <= rows_at_ &&
      documents <= (size_ - rows_at_) / kLeastRow &&
      rows_at_ - directory_at_ == 4 * ((std::uint64_t{1} << bits_) + 1);
  if (!sound) return corrupt("its header contradicts itself");
  std::uint64_t before = 0;
  for (std::uint64_t k = 0; k <= std::uint64_t{1} << bits_; ++k) {
    const std::uint64_t offset = GetNumber(data_ + directory_at_ + 4 * k, 4);
    if (offset < before || offset > directory_at_ - kHeader) {
      return corrupt("its directory is out of order");
    }
    before = offset;
  }
  return {};
}

// Calls f(hash, document) for a bucket's postings until it returns false.
template <class F>
void Segment::Walk(std::size_t bucket, const F& f) const {
  const unsigned char* entry = data_ + directory_at_ + 4 * bucket;
  const unsigned char* at = data_ + kHeader + GetNumber(entry, 4);
  const unsigned char* end = data_ + kHeader + GetNumber(entry + 4, 4);
  std::uint64_t hash = std::uint64_t{bucket} << (kPostingHashBits - bits_);
  std::uint64_t document = 0;
  for (bool first = true; at < end; first = false) {
    const std::uint64_t step = GetVarint(at, end);
    const std::uint64_t value = GetVarint(at, end);
    hash += step;
    document = !first && step == 0 ? document + value : value;
    if (!f(hash, first_ + static_cast<std::uint32_t>(document))) return;
  }
}

std::size_t Segment::Find(std::uint64_t hash, std::size_t limit,
                          std::vector<std::uint32_t>& documents) const {
  std::size_t count = 0;
  Walk(BucketOf(hash), [&](std::uint64_t here, std::uint32_t document) {
    if (here < hash) return true;
    if (here > hash) return false;
    if (count++ < limit) documents.push_back(document);
    return count <= limit;
  });
  return count;
}

bool Segment::Holds(std::uint64_t hash, std::uint32_t document) const {
  bool found = false;
  Walk(BucketOf(hash), [&](std::uint64_t here, std::uint32_t candidate) {
    if (here < hash) return true;
    found = here == hash && candidate == document;
    return here == hash && candidate < document;
  });
  return found;
}

void Segment::Read(std::vector<Posting>& postings) const {
  for (std::size_t bucket = 0; bucket < std::size_t{1} << bits_; ++bucket) {
    Walk(bucket, [&](std::uint64_t hash, std::uint32_t document) {
      postings.push_back({hash, document});
      return true;
    });
  }
}

Result<std::vector<DocumentRow>> Segment::Rows() const {
  std::vector<DocumentRow> rows;
  rows.reserve(documents_);
  const unsigned char* at = data_ + rows_at_;
  const unsigned char* end = data_ + size_;
  const auto text = [&]() {
    const std::uint64_t size = GetVarint(at, end);
    const auto left = static_cast<std::uint64_t>(end - at);
    std::string value(reinterpret_cast<const char*>(at),
                      static_cast<std::size_t>(std::min(size, left)));
    at += value.size();
    return value;
  };
  for (std::uint32_t k = 0; k < documents_; ++k) {
    DocumentRow row;
    row.id = text();
    row.site = text();
    if (end - at < 8) {
      return Error(ErrorCode::kCorrupt, "segment: rows end early");
    }
    row.text_hash = GetNumber(at, 8);
    at += 8;
    row.sketch_size = static_cast<std::uint32_t>(GetVarint(at, end));
    const std::uint64_t mirror = GetVarint(at, end);
    if (mirror > std::uint64_t{first_} + k) {
      return Error(ErrorCode::kCorrupt,
                   "segment: a text is said to mirror a later one");
    }
    if (mirror > 0) row.mirror_of = static_cast<std::uint32_t>(mirror - 1);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace stemma
