// Transfer codings and content codings undone, for readers. What is stored
// stays as it came; nothing here is for storage.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace stemma {

// Walks a chunked body (RFC 9112 7.1) as it arrives, in any pieces, without
// changing it. Lenient in what is common (bare LF, extensions, blanks round the
// size), strict in what would make the end uncertain.
class ChunkWalker {
 public:
  explicit ChunkWalker(std::size_t max_trailer_bytes = 64 << 10)
      : max_trailer_bytes_(max_trailer_bytes) {}

  // Takes the next bytes; returns how many of them belong to the body: fewer
  // than given once it ended or broke. Payload bytes are appended to `payload`
  // unless that is null.
  std::size_t Feed(std::string_view bytes, std::string* payload);

  bool done() const { return state_ == State::kDone; }
  bool broken() const { return state_ == State::kBroken; }
  const std::string& why() const { return why_; }  // when broken
  bool has_trailers() const { return trailer_bytes_ > 2; }

 private:
  enum class State {
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailer,
    kDone,
    kBroken
  };
  void Break(std::string why);
  bool TakeSizeByte(char c);
  void TakeTrailerByte(char c);

  std::size_t max_trailer_bytes_;
  State state_ = State::kSize;
  std::uint64_t size_ = 0, left_ = 0;
  int digits_ = 0;
  bool size_ended_ = false;
  std::size_t trailer_bytes_ = 0, trailer_line_ = 0;
  std::string why_;
};

// The payload of `body` under `head`: chunk framing removed when the head says
// chunked, else the body as it is. A body that breaks off gives what came.
// `head` is the stored response head.
std::string DecodeTransfer(std::string_view head, std::string_view body,
                           std::vector<std::string>* notes = nullptr);

struct DecodeLimits {
  std::uint64_t max_bytes = std::uint64_t{64} << 20;  // decoded
  // Decoded size beyond ratio x coded size + slack is a bomb.
  std::uint64_t max_ratio = 1'000;
  std::uint64_t slack_bytes = std::uint64_t{10} << 20;
  int max_codings = 3;
  int max_window_log = 27;  // zstd
};

// The text behind the content codings of `head` (gzip, x-gzip, deflate, br,
// zstd, identity). `body` is the payload, transfer coding already removed.
//
// A body that breaks off, or grows beyond the limits, gives what was decoded
// so far with a note. One that is not coded as it says gives the body itself
// with a note, as browsers do not but archives must. kUnsupported for a coding
// we do not know, kLimit for more codings than allowed.
Result<std::string> DecodeContent(std::string_view head, std::string_view body,
                                  const DecodeLimits& limits = {},
                                  std::vector<std::string>* notes = nullptr);

}  // namespace stemma
