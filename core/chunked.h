// The chunked transfer coding (RFC 9112 7.1), looked at or undone.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace stemma {

// Walks a chunked body (RFC 9112 7.1) as it arrives, in any pieces, without
// changing it. Lenient in what is common (bare LF, extensions, blanks round the
// size), strict in what would make the end uncertain.
class ChunkWalker {
 public:
  explicit ChunkWalker(std::size_t max_trailer_bytes = 64 << 10)
      : max_trailer_bytes_(max_trailer_bytes) {}
  // One that stands inside a chunk of which `left` bytes, more than none, are
  // still to come.
  static ChunkWalker InChunk(std::uint64_t left);

  // Takes the next bytes; returns how many of them belong to the body: fewer
  // than given once it ended or broke. Payload bytes are appended to `payload`
  // unless that is null.
  std::size_t Feed(std::string_view bytes, std::string* payload);
  // The same; payload bytes are shown to `see` as they stand in `bytes`. While
  // it looks they still count as left in their chunk.
  template <std::invocable<std::string_view> See>
  std::size_t Feed(std::string_view bytes, const See& see) {
    return Walk(bytes, [&see](std::string_view payload) { see(payload); });
  }
  std::uint64_t left_in_chunk() const { return left_; }
  // Passes over `size` payload bytes, at most those left in the chunk.
  void Skip(std::uint64_t size);

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
  std::size_t Walk(std::string_view bytes,
                   const std::function<void(std::string_view)>& see);
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

}  // namespace stemma
