// The HTTP message in a record's block: where its head ends, what it says of
// the payload, and the payload without its transfer coding. What is stored is
// never changed by this.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace stemma {

struct HttpBlockHead {
  int status = 0;        // of a response
  std::string mime;      // Content-Type without parameters, lower case
  bool chunked = false;  // the last transfer coding is chunked
};

// The position behind the blank line that ends the head; npos if there is
// none in `bytes`. Accepts bare LF.
std::size_t HttpHeadEnd(std::string_view bytes);

HttpBlockHead ReadHttpHead(std::string_view head);

// The first value of a field, trimmed; "" when absent.
std::string HttpField(std::string_view head, std::string_view name);

// Whether bytes of this type are compressed by themselves.
bool IsPackedType(std::string_view mime);

// Takes a chunked body (RFC 9112 7.1) in pieces and gives the payload. Bytes
// that break the coding, and all after them, count as not decodable.
class ChunkStripper {
 public:
  using Sink = std::function<void(std::string_view payload)>;
  // Hands payload bytes of `bytes` to `sink`.
  void Feed(std::string_view bytes, const Sink& sink);
  bool done() const { return state_ == State::kDone; }
  bool broken() const { return state_ == State::kBroken; }
  std::uint64_t left_in_chunk() const { return left_; }

 private:
  enum class State {
    kSize,
    kExtension,
    kData,
    kDataEnd,
    kTrailer,
    kDone,
    kBroken,
  };
  State state_ = State::kSize;
  std::uint64_t left_ = 0;
  int digits_ = 0;
  bool line_empty_ = true;
};

}  // namespace stemma
