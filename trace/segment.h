// A segment: the postings and rows of a range of documents, immutable.
//
//   header      64 bytes: "STMSEG1\n", u32 bucket bits, u32 first document,
//               u64 documents, u64 postings, u64 directory, u64 rows, u64 size
//               (offsets from the beginning), 8 bytes zero
//   buckets     for each value of the hash's top bits the postings in order of
//               (hash, document): varint of the hash's difference, varint of
//               the document (of its difference where the hash is the same)
//   directory   u32 offset of each bucket from byte 64, and of their end
//   rows        for each document varint-prefixed id and site, u64 text hash,
//               varint sketch size, varint 1 + the document it mirrors or 0
//   digest      SHA-256 of all before
//
// Integers are little-endian; a hash is the top 40 bits of the shingle's.
// Readers refuse what they do not know: the file is a cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/result.h"
#include "trace/cache_file.h"

namespace stemma {

inline constexpr int kPostingHashBits = 40;

struct Posting {
  std::uint64_t hash = 0;  // 40 bits
  std::uint32_t document = 0;
  auto operator<=>(const Posting&) const = default;
};

struct DocumentRow {
  static constexpr std::uint32_t kNoMirror = 0xFFFFFFFFu;
  std::string id, site;
  std::uint64_t text_hash = 0;    // of the words
  std::uint32_t sketch_size = 0;  // different shingles; 0 for a mirror
  std::uint32_t mirror_of = kNoMirror;
};

// Builds the file's bytes. `postings` sorted, without repeats; documents are
// numbered from `first_document`.
std::string EncodeSegment(std::span<const Posting> postings,
                          std::uint32_t first_document,
                          std::span<const DocumentRow> rows);

class Segment {
 public:
  // Maps a file and checks its digest. kCorrupt names the file and what is
  // wrong with it.
  static Result<Segment> Open(const std::filesystem::path& file);
  // Over bytes in memory, which it keeps.
  static Result<Segment> FromBytes(std::string bytes);

  // Appends the documents with this hash to `documents`, at most `limit`.
  // Returns how many there are, counted up to `limit` + 1.
  std::size_t Find(std::uint64_t hash, std::size_t limit,
                   std::vector<std::uint32_t>& documents) const;
  bool Holds(std::uint64_t hash, std::uint32_t document) const;
  // All postings in order.
  void Read(std::vector<Posting>& postings) const;
  Result<std::vector<DocumentRow>> Rows() const;

  std::uint32_t first_document() const { return first_; }
  std::uint32_t documents() const { return documents_; }
  std::uint64_t postings() const { return postings_; }
  std::uint64_t posting_bytes() const { return rows_at_ - 64; }
  std::uint64_t row_bytes() const { return size_ - rows_at_; }

 private:
  explicit Segment(CacheFile file)
      : file_(std::move(file)), data_(file_.data()), size_(file_.size()) {}
  Status Check();
  template <class F>
  void Walk(std::size_t bucket, const F& f) const;
  std::size_t BucketOf(std::uint64_t hash) const {
    return static_cast<std::size_t>(hash >> (kPostingHashBits - bits_));
  }

  CacheFile file_;
  const unsigned char* data_ = nullptr;
  std::uint64_t size_ = 0;  // without the digest
  std::uint64_t postings_ = 0, directory_at_ = 0, rows_at_ = 0;
  std::uint32_t first_ = 0, documents_ = 0;
  int bits_ = 0;
};

}  // namespace stemma
