// Records on their way into one bundle: headers completed, digests made, frames
// compressed. Where they come to lie is decided later, so that all of this
// needs no lock.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/records.h"
#include "archive/warc_record.h"
#include "archive/zstd_frames.h"
#include "core/digest.h"
#include "core/result.h"

namespace stemma {

// WARC-zstd: frames of one record in pieces of 4 to 8 MiB.
inline constexpr std::size_t kLargestFrame = 8 << 20;

// Header fields and block of a record about to be written.
struct RecordDraft {
  WarcHeader header;      // without digests and length
  std::string_view head;  // HTTP head, or empty
  std::string_view body;
  bool payload_digest = false;    // of the body, transfer coding removed
  std::optional<Sha256> payload;  // known already
  bool incompressible = false;
};

struct PressedRecord {
  RecordInfo info;      // without its place
  std::string content;  // as WARC has it; of what compresses only
  std::string frames;   // the same, compressed
  Sha256 leaf;          // of the content: archive/merkle.h
};

// Thread-safe: as many threads press at once as there are processors; others
// wait.
class RecordPress {
 public:
  // All records but the warcinfo itself name `warcinfo_id`. Records longer than
  // a frame may be are cut into frames of `frame_bytes`.
  RecordPress(std::string warcinfo_id, int level,
              std::shared_ptr<const ZstdDictionary> dictionary,
              std::size_t frame_bytes);

  const std::string& warcinfo_id() const { return warcinfo_id_; }

  Result<PressedRecord> Press(const RecordDraft& draft);
  // One frame.
  Result<std::string> Encode(std::string_view content);

 private:
  struct Encoders {
    std::optional<FrameEncoder> text, packed;  // made when first used
  };
  class Loan;

  Result<std::string> Frames(std::string_view content,
                             FrameEncoder& encoder) const;

  std::string warcinfo_id_;
  int level_;
  std::shared_ptr<const ZstdDictionary> dictionary_;
  std::size_t frame_bytes_, most_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Encoders>> free_;
  std::size_t made_ = 0;
};

}  // namespace stemma
