// Reads every record of a WARC file from front to back in bounded memory:
// plain, gzip (a member a record) or zstd (one or more frames a record). Used
// to seal, to index, to check and to import; hostile until proven dull.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/seek_table_check.h"
#include "archive/warc_record.h"
#include "archive/zstd_frames.h"
#include "core/blob.h"
#include "core/result.h"

namespace stemma {

enum class WarcContainer { kPlain, kGzip, kZstd };
std::string_view NameOf(WarcContainer container);

// By the first bytes; nullopt for what is no WARC file in any dress.
std::optional<WarcContainer> DetectContainer(std::string_view first_bytes);

// What a scan tells. Offsets count stored bytes of the file.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  // A record begins. `text` is its header as found, with the blank line.
  virtual void OnRecord(std::uint64_t offset, const WarcHeader& header,
                        std::string_view text,
                        const std::vector<std::string>& oddities) = 0;
  // The next bytes of its block.
  virtual void OnBlock(std::string_view bytes) = 0;
  // The record ends; `length` stored bytes belong to it. Not whole: the file
  // or the frame ended before the block did.
  virtual void OnEnd(std::uint64_t length, bool whole) = 0;
  // Something is wrong at `offset`; the scan goes on where it can.
  virtual void OnProblem(std::uint64_t offset, std::string_view code,
                         std::string text) = 0;
  // Enough of this record is known: what is left of its block may stay
  // compressed. OnEnd then trusts the lengths that header and frame state.
  virtual bool HasEnough() const { return false; }
  // The dictionary frame of a zstd file.
  virtual void OnDictionary(const ZstdDictionary& /*dictionary*/) {}
};

// Takes a file's bytes in units: frames, gzip members, or the whole file.
class UnitTaker {
 public:
  virtual ~UnitTaker() = default;
  virtual void UnitBegin(std::uint64_t offset) = 0;
  virtual void Feed(std::string_view bytes) = 0;
  // `end` is where the unit's stored bytes end.
  virtual void UnitEnd(std::uint64_t end) = 0;
  // Bytes are missing here: what is open is closed as not whole.
  virtual void Gap(std::uint64_t end) = 0;
  // End of file.
  virtual void Finish(std::uint64_t end) = 0;
};

// Puts records together from pieces. `kZstd` and `kGzip` sources announce
// their units (frames, members); plain ones are one unit.
class RecordAssembler : public UnitTaker {
 public:
  RecordAssembler(WarcContainer container, RecordSink& sink)
      : container_(container), sink_(sink) {}

  void UnitBegin(std::uint64_t offset) override;
  void Feed(std::string_view bytes) override;
  void UnitEnd(std::uint64_t end) override;
  // As if the next `size` bytes, the rest of this unit, had been fed, all of
  // them of the open block or its end. False, and nothing done, if they can
  // not be that or the sink wants them.
  bool Skip(std::uint64_t size);
  // A seek table or other frame that belongs to the record before it.
  void Trailing(std::uint64_t end) { record_end_ = end; }
  // Tells of a record that is complete, without waiting for the next.
  void Settle();
  void Gap(std::uint64_t end) override;
  void Finish(std::uint64_t end) override;
  // Between two records: the next byte starts a record.
  bool between() const { return state_ == State::kBetween; }
  bool ended() const { return state_ == State::kEnded; }

 private:
  enum class State { kBetween, kHeader, kBlock, kTrailer, kEnded, kSkip };
  void TakeBetween(std::string_view& bytes);
  void TakeHeader(std::string_view& bytes);
  void TakeTrailer(std::string_view& bytes);
  void TakeSkip(std::string_view& bytes);
  void Close(bool whole);
  std::uint64_t Here() const;

  WarcContainer container_;
  RecordSink& sink_;
  State state_ = State::kBetween;
  std::string text_;          // header, trailer or skip window so far
  std::uint64_t left_ = 0;    // of the block
  std::uint64_t unit_ = 0;    // where this unit begins
  std::uint64_t fed_ = 0;     // bytes of this unit already taken
  std::uint64_t record_ = 0;  // where this record begins
  std::uint64_t record_end_ = 0;
  int records_in_unit_ = 0;
  bool open_ = false;  // OnRecord without OnEnd
};

struct ScanLimits {
  FrameLimits frames;
  // A gzip member may inflate to this many times its size plus the slack.
  std::uint64_t max_ratio = 1100;  // DEFLATE cannot do more than 1032
  std::uint64_t slack = 16 << 20;
};

// Scans the whole file, or an ARC file as if it were one (archive/arc_scan.h).
// kIo if it cannot be read, kMalformed if it is no WARC file at all; everything
// else goes to the sink.
Status ScanWarc(const Blob& file, RecordSink& sink,
                const ScanLimits& limits = {});

// What WARC-zstd 1.0 asks of a data frame and this one does not keep.
void JudgeFrameForm(const FrameInfo& frame, const ZstdDictionary* dictionary,
                    const FrameLimits& limits, RecordSink& sink);

// An extension frame between or inside records: judges a seek table and lets
// it belong to the record before it.
Status TakeExtension(const Blob& file, const FrameInfo& frame,
                     SeekTableCheck& tables, RecordAssembler& assembler,
                     RecordSink& sink);

// Feeds a frame too large for one piece to `assembler`, inflated as a stream.
Status StreamFrame(const Blob& file, const FrameInfo& frame,
                   const std::shared_ptr<const ZstdDictionary>& dictionary,
                   RecordAssembler& assembler, RecordSink& sink);

// The file as a Blob; it may be read from one thread at a time.
Result<Blob> BlobOfFile(const std::string& path);

}  // namespace stemma
