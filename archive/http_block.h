// The HTTP message in a record's block: where its head ends, what it says of
// the payload, and the payload without its transfer coding. What is stored is
// never changed by this.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/blob.h"
#include "core/chunked.h"
#include "core/http_head.h"
#include "core/result.h"

namespace stemma {

struct HttpBlockHead {
  int status = 0;        // of a response
  std::string mime;      // Content-Type without parameters, lower case
  bool chunked = false;  // the last transfer coding is chunked
};

// The position behind the blank line that ends the head; npos if there is
// none in `bytes`. Accepts bare LF.
inline std::size_t HttpHeadEnd(std::string_view bytes) {
  return EndOfHttpHead(bytes);
}

HttpBlockHead ReadHttpHead(std::string_view head);

// The first value of a field, trimmed; "" when absent.
std::string HttpField(std::string_view head, std::string_view name);

// Whether bytes of this type are compressed by themselves.
bool IsPackedType(std::string_view mime);

// Takes a chunked body in pieces and gives the payload.
using ChunkStripper = ChunkWalker;

// A chunked body as its payload, read where it lies. Bytes that break the
// coding, and all after them, are left out. Walks the body once; keeps at most
// 1 MiB of marks, however many chunks there are.
Result<Blob> WithoutChunks(const Blob& body);

}  // namespace stemma
