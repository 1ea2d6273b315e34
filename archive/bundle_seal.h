// What sealing a bundle states about it: digests of the file, the root over
// its records, and the CDXJ beside it; all read from the bytes on disk, but for
// what its writer tells of the records (archive/bundle_tally.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "archive/record_scan.h"
#include "archive/records.h"
#include "archive/redaction.h"
#include "archive/sorted_lines.h"
#include "core/blob.h"
#include "core/digest.h"
#include "core/result.h"

namespace stemma {

// A sink that turns each record into a RecordInfo: header, HTTP head, place.
class RecordInfoSink : public RecordSink {
 public:
  void OnRecord(std::uint64_t offset, const WarcHeader& header,
                std::string_view text,
                const std::vector<std::string>& oddities) override;
  void OnBlock(std::string_view bytes) override;
  void OnEnd(std::uint64_t length, bool whole) override;
  void OnProblem(std::uint64_t offset, std::string_view code,
                 std::string text) override;

 protected:
  // A record is complete. `http_head` is empty for other blocks.
  virtual void OnInfo(const WarcHeader& header, const RecordInfo& info,
                      std::string_view http_head, bool whole) = 0;
  // The HTTP head is read, or there is none.
  bool head_known() const { return !want_head_; }

 private:
  static constexpr std::size_t kMaxHead = 256 << 10;
  WarcHeader header_;
  std::uint64_t offset_ = 0;
  std::string head_;
  bool want_head_ = false;
};

// The last frame of a sealed bundle: an extension frame with the SHA-256 of
// everything before it, so that a bundle alone shows any changed byte, also
// one that zstd does not mind.
Result<std::string> BundleFooter(const Blob& file);
// Appends it to the file at `path`, which is read once for it, and syncs. Gives
// size and digests of the whole; nothing of its records.
struct BundleFacts;
Result<BundleFacts> AppendFooter(const std::filesystem::path& path);
enum class FooterState { kNone, kMatch, kMismatch };
Result<FooterState> CheckFooter(const Blob& file);

// Of the first `size` bytes of the file.
Result<Sha256> Sha256OfPrefix(const Blob& file, std::uint64_t size);

struct BundleFacts {
  std::uint64_t bytes = 0;
  std::string sha256, sha512;  // hex, of the file
  std::uint64_t records = 0;
  Sha256 records_root;  // RFC 9162 root over the records' WARC bytes
  std::vector<std::string> problems;  // "code at offset: words"
};

// `redactions` are counted and stand in the root where they stood.
Result<BundleFacts> ReadBundleFacts(const Blob& file,
                                    const Redactions& redactions = {});

// The same, and adds the lines of its CDXJ to `cdxj`; `filename` is what they
// name, without folder.
Result<BundleFacts> ReadBundleFacts(const Blob& file, std::string_view filename,
                                    SortedLines& cdxj,
                                    const Redactions& redactions = {});

}  // namespace stemma
