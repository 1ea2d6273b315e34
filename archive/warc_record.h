// The header of a WARC record (ISO 28500:2017, WARC 1.1): written strictly,
// read with every departure named.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/records.h"
#include "core/result.h"

namespace stemma {

struct WarcHeader {
  std::string version = "WARC/1.1";
  std::vector<std::pair<std::string, std::string>> fields;  // in order

  void Add(std::string_view name, std::string_view value);
  // The first field of this name (any case), or nullptr.
  const std::string* Find(std::string_view name) const;
  std::vector<std::string_view> FindAll(std::string_view name) const;
  // "" when absent.
  std::string_view Get(std::string_view name) const;

  std::string type() const { return std::string(Get("WARC-Type")); }
  // "urn:uuid:..." without angle brackets.
  std::string id() const;
  // WARC-Target-URI; brackets as WARC 1.0 writers put them are taken off.
  std::string target_uri() const;
  std::optional<std::uint64_t> content_length() const;

  // Version line, fields, blank line. REQUIRES: no CR, LF or NUL in any value.
  std::string Serialize() const;
};

struct WarcHeaderLimits {
  std::size_t max_bytes = 256 << 10;
  std::size_t max_fields = 1000;
};

// Reads a header; `text` ends with its blank line. kMalformed for what makes
// the record untrustworthy: NUL, folded lines, lines without a colon, a field
// repeated that may not be, no usable Content-Length, no type or id. What is
// merely wrong goes into `oddities` as "code: words".
Result<WarcHeader> ParseWarcHeader(
    std::string_view text, std::vector<std::string>* oddities = nullptr);

// Where the header ends in `bytes`: the position behind its blank line, or
// npos if it is not there.
std::size_t WarcHeaderEnd(std::string_view bytes);

// Which fields a record must, may and must not have (tables of 5.1 to 5.19
// and 6 of the standard); one "code: words" per departure.
std::vector<std::string> WarcRuleBreaks(const WarcHeader& header);

// The values of RecordInfo that the header and, for HTTP messages, the head of
// the block tell. Bundle, offset and length are left to the caller.
RecordInfo InfoFromHeader(const WarcHeader& header, std::string_view http_head);

// Whether the block is an HTTP message with a head of its own.
bool HoldsHttp(const WarcHeader& header);

// An http(s) URL as it may stand in a header: control characters, spaces and
// other bytes no URI has are percent-encoded.
std::string UriForHeader(std::string_view uri);

}  // namespace stemma
