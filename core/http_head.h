// The head of an HTTP/1 message, read as archives must read it: every byte is
// already stored, so this only looks. RFC 9112, lenient where the web is: bare
// LF, obsolete line folding, spaces before the colon, lines without a colon
// (skipped), any byte in a value.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace stemma {

struct HttpHead {
  std::string start_line;  // without its line end
  int status = 0;          // 0 for a request
  std::string version;     // "HTTP/1.1", as written
  std::string reason;      // of a response; may be empty, any bytes
  std::vector<std::pair<std::string, std::string>> fields;  // trimmed, in order

  // The first field of this name (any case), or nullptr.
  const std::string* Find(std::string_view name) const;
  std::vector<std::string> FindAll(std::string_view name) const;
  // All fields of this name joined with ", " (RFC 9110 5.3); empty if none.
  std::string Joined(std::string_view name) const;
};

// The position behind the blank line that ends the head, or npos when `bytes`
// hold none yet. Bare LF counts.
std::size_t EndOfHttpHead(std::string_view bytes);

// Calls `see` for each field of `head` in order, trimmed; a folded line goes on
// with the value before it (RFC 9112 5.2). The first line is no field.
void ForEachHttpField(std::string_view head,
                      const std::function<void(std::string_view name,
                                               std::string_view value)>& see);

// The status in the first line of `head`; 0 when it is no status line.
int HttpStatusOf(std::string_view head);

// Reads a head with or without its closing blank line. kMalformed when the
// first line is neither a status line nor a request line.
Result<HttpHead> ParseHttpHead(std::string_view head);

// All fields of this name in `head`, joined; empty when there is none or the
// head is unreadable.
std::string FieldOf(std::string_view head, std::string_view name);

// How a response body is delimited (RFC 9112 6.3).
struct Framing {
  enum class Kind {
    kNone,
    kChunked,
    kLength,
    kUntilClose
  } kind = Kind::kUntilClose;
  std::uint64_t length = 0;    // with kLength
  std::optional<Error> fatal;  // unusable: two different lengths
  std::vector<std::string> oddities;
};
Framing FramingOf(const HttpHead& head);

// Field values split at commas, trimmed, empty members left out.
std::vector<std::string> SplitList(std::string_view value);

// The bytes of a field as valid UTF-8: as they are, or read as Latin-1.
std::string FieldToUtf8(std::string_view raw);

}  // namespace stemma
