#include "trace/segment.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "hash/sha256.h"

namespace stemma {
namespace {

constexpr std::string_view kMagic = "STMSEG1\n";
constexpr std::size_t kHeader = 64;
constexpr std::size_t kDigest = 32;
constexpr std::uint64_t kPostingsPerBucket = 24;

void PutVarint(std::uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

void Put(std::uint64_t value, int bytes, std::string& out) {
  for (int i = 0; i < bytes; ++i) {
    out.push_back(static_cast<char>(value >> (8 * i)));
  }
}

std::uint64_t Get(const unsigned char* at, int bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value |= std::uint64_t{at[i]} << (8 * i);
  return value;
}

// The varint at `at`, which moves behind it; never reads past `end`.
std::uint64_t GetVarint(const unsigned char*& at, const unsigned char* end) {
  std::uint64_t value = 0;
  for (int shift = 0; at < end && shift < 64; shift += 7) {
    const unsigned char byte = *at++;
    value |= std::uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) break;
  }
  return value;
}

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
    Put(bytes.size() - kHeader, 4, directory);
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
  Put(bytes.size() - kHeader, 4, directory);
  const std::uint64_t directory_at = bytes.size();
  bytes += directory;
  const std::uint64_t rows_at = bytes.size();
  for (const DocumentRow& row : rows) {
    PutVarint(row.id.size(), bytes);
    bytes += row.id;
    PutVarint(row.site.size(), bytes);
    bytes += row.site;
    Put(row.text_hash, 8, bytes);
    PutVarint(row.sketch_size, bytes);
    PutVarint(row.mirror_of == DocumentRow::kNoMirror
                  ? 0
                  : std::uint64_t{row.mirror_of} + 1,
              bytes);
  }
  std::string header(kMagic);
  Put(static_cast<std::uint64_t>(bits), 4, header);
  Put(first_document, 4, header);
  Put(rows.size(), 8, header);
  Put(postings.size(), 8, header);
  Put(directory_at, 8, header);
  Put(rows_at, 8, header);
  Put(bytes.size() + kDigest, 8, header);
  std::ranges::copy(header, bytes.begin());
  const Sha256 digest = Sha256Of(bytes);
  bytes += BytesOf(digest);
  return bytes;
}

// Keeps the bytes: mapped from a file, or a string.
struct Segment::Mapping {
  std::string bytes;
  void* map = nullptr;
  std::size_t size = 0;
  ~Mapping() {
    if (map) ::munmap(map, size);
  }
};

Segment::Segment() : mapping_(std::make_unique<Mapping>()) {}
Segment::Segment(Segment&&) noexcept = default;
Segment& Segment::operator=(Segment&&) noexcept = default;
Segment::~Segment() = default;

Result<Segment> Segment::Open(const std::filesystem::path& file) {
  const auto trouble = [&](std::string_view what) {
    return Error(ErrorCode::kIo, fmt::format("{} {}: {}", what, file.string(),
                                             std::strerror(errno)));
  };
  const int descriptor =
      ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return trouble("opening segment");
  struct stat facts{};
  Segment segment;
  if (::fstat(descriptor, &facts) != 0) {
    const Error error = trouble("reading segment");
    ::close(descriptor);
    return error;
  }
  segment.mapping_->size = static_cast<std::size_t>(facts.st_size);
  if (facts.st_size > 0) {
    void* map = ::mmap(nullptr, segment.mapping_->size, PROT_READ, MAP_SHARED,
                       descriptor, 0);
    if (map == MAP_FAILED) {
      const Error error = trouble("mapping segment");
      ::close(descriptor);
      return error;
    }
    segment.mapping_->map = map;
    segment.data_ = static_cast<const unsigned char*>(map);
  }
  ::close(descriptor);
  segment.size_ = segment.mapping_->size;
  STEMMA_CHECK_OK(segment.Check(file.string()));
  return segment;
}

Result<Segment> Segment::FromBytes(std::string bytes) {
  Segment segment;
  segment.mapping_->bytes = std::move(bytes);
  segment.data_ =
      reinterpret_cast<const unsigned char*>(segment.mapping_->bytes.data());
  segment.size_ = segment.mapping_->bytes.size();
  STEMMA_CHECK_OK(segment.Check("in memory"));
  return segment;
}

Status Segment::Check(std::string_view name) {
  const auto corrupt = [&](std::string_view what) {
    return Error(ErrorCode::kCorrupt,
                 fmt::format("segment {}: {}; delete it and run stemma reindex",
                             name, what));
  };
  if (size_ < kHeader + kDigest) return corrupt("shorter than its header");
  const std::string_view all(reinterpret_cast<const char*>(data_), size_);
  if (!all.starts_with(kMagic)) return corrupt("not a segment of this version");
  const Sha256 digest = Sha256Of(all.substr(0, size_ - kDigest));
  if (BytesOf(digest) != all.substr(size_ - kDigest)) {
    return corrupt("its digest differs");
  }
  bits_ = static_cast<int>(Get(data_ + 8, 4));
  first_ = static_cast<std::uint32_t>(Get(data_ + 12, 4));
  documents_ = static_cast<std::uint32_t>(Get(data_ + 16, 8));
  postings_ = Get(data_ + 24, 8);
  directory_at_ = Get(data_ + 32, 8);
  rows_at_ = Get(data_ + 40, 8);
  const bool sound =
      bits_ >= 1 && bits_ <= 30 && Get(data_ + 48, 8) == size_ &&
      directory_at_ >= kHeader && rows_at_ <= size_ - kDigest &&
      directory_at_ <= rows_at_ &&
      rows_at_ - directory_at_ == 4 * ((std::uint64_t{1} << bits_) + 1);
  if (!sound) return corrupt("its header contradicts itself");
  std::uint64_t before = 0;
  for (std::uint64_t k = 0; k <= std::uint64_t{1} << bits_; ++k) {
    const std::uint64_t offset = Get(data_ + directory_at_ + 4 * k, 4);
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
  const unsigned char* at = data_ + kHeader + Get(entry, 4);
  const unsigned char* end = data_ + kHeader + Get(entry + 4, 4);
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
  const unsigned char* end = data_ + size_ - kDigest;
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
    row.text_hash = Get(at, 8);
    at += 8;
    row.sketch_size = static_cast<std::uint32_t>(GetVarint(at, end));
    const std::uint64_t mirror = GetVarint(at, end);
    if (mirror > 0) row.mirror_of = static_cast<std::uint32_t>(mirror - 1);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace stemma
