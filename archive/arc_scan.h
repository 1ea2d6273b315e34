// ARC files, the Internet Archive's format before WARC (file format versions 1
// and 2): read as if they were WARC, so that what they hold can be taken in.
// A record becomes a `response` when its block begins like one, else a
// `resource` of the type it states; the version block becomes a `warcinfo`.
// ARC has no digests and no ids: an id is made from what the file is called,
// the record's line and its place, so that the same file gives the same ids.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "archive/record_scan.h"
#include "core/blob.h"
#include "core/result.h"

namespace stemma {

// The line before each block:
//   1: URL IP DATE TYPE LENGTH
//   2: URL IP DATE TYPE STATUS CHECKSUM LOCATION OFFSET FILE LENGTH
struct ArcLine {
  std::string url;  // may hold blanks, as some writers left them
  std::string ip, date, type;
  std::uint64_t length = 0;
};
// `version` is 1 or 2, or 0 when the file did not say.
std::optional<ArcLine> ParseArcLine(std::string_view line, int version);

// Whether the file begins with an ARC version block, plain or in gzip.
Result<bool> IsArc(const Blob& file);

// Puts ARC records together. What makes a line no header of a record goes to
// the sink as a problem, and the scan goes on at the next line that is one. A
// block that lacks just the line end its length counts is whole, with the
// problem `arc-length`.
class ArcAssembler : public UnitTaker {
 public:
  ArcAssembler(WarcContainer container, RecordSink& sink)
      : container_(container), sink_(sink) {}

  void UnitBegin(std::uint64_t offset) override;
  void Feed(std::string_view bytes) override;
  void UnitEnd(std::uint64_t end) override;
  void Gap(std::uint64_t end) override;
  void Finish(std::uint64_t end) override;

 private:
  enum class State { kBetween, kLine, kStart, kBlock, kSkip };
  void TakeLine();
  void TakeStart(std::string_view& bytes);
  void TakeBlock(std::string_view& bytes);
  void Begin(std::string_view start);
  void BlockCut(std::string_view where);
  void Close(bool whole);
  std::uint64_t Here() const;
  WarcHeader HeaderOf(std::string_view start) const;

  WarcContainer container_;
  RecordSink& sink_;
  State state_ = State::kBetween;
  std::string text_;  // a line, or the first bytes of a block
  std::string line_, file_line_;
  ArcLine arc_;
  std::string version_block_;
  int version_ = 0;
  std::uint64_t left_ = 0, unit_ = 0, fed_ = 0, record_ = 0;
  bool open_ = false;     // OnRecord without OnEnd
  bool is_file_ = false;  // the record is the version block
};

}  // namespace stemma
