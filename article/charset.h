// Bytes of a page to UTF-8: WHATWG encoding labels (encoding.spec.whatwg.org
// 4.2), the HTML Standard's order of evidence (13.2.3.2): byte order mark, HTTP
// header, <meta> in the first 1,024 bytes; then, where browsers guess by
// locale, valid UTF-8, UTF-16 without a mark (by its zero bytes), windows-1252.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "article/offsets.h"

namespace stemma {

// The name ("UTF-8", "windows-1252", "GBK", ...) of the encoding a label names;
// nullopt for an unknown label. ASCII white space around it and case ignored.
std::optional<std::string_view> EncodingForLabel(std::string_view label);

struct CharsetDecision {
  std::string encoding;  // WHATWG name
  std::string source;    // "bom", "header", "meta", "utf-8-valid",
                         // "utf-16-pattern", "fallback"
};

// The prescan of the HTML Standard 13.2.3.3 over the first 1,024 bytes:
// the encoding a <meta> declares, "" for none. UTF-16 is read as UTF-8 and
// x-user-defined as windows-1252, as the Standard says.
std::string_view PrescanMetaEncoding(std::string_view bytes);

// What a browser would take these bytes for, with no guess about UTF-8: BOM,
// header, meta (also one behind the first 1,024 bytes, up to 64 KiB), else
// windows-1252.
CharsetDecision SniffEncoding(std::string_view bytes,
                              std::string_view content_type);

struct DecodedText {
  std::string utf8;  // no byte order mark, no NUL (each is U+FFFD)
  CharsetDecision charset;
  std::size_t replacements = 0;  // malformed sequences that became U+FFFD
  bool cut = false;              // `max_bytes` reached
  std::vector<std::string> notes;
};
// Never fails: what can't be read is U+FFFD and counted. Linear time; the
// result is at most max_bytes long. A declared encoding that the bytes
// contradict (a legacy label over valid multi-byte UTF-8) stays in force and is
// noted, but for "iso-8859-1"-like labels over UTF-8, see
// docs/decisions/article-charset.md. `steps`, if given, becomes the way from
// the result back to `bytes`.
DecodedText DecodePage(std::string_view bytes, std::string_view content_type,
                       std::size_t max_bytes, OffsetSteps* steps = nullptr);

// What the bytes are, when they are neither markup nor text: "PDF", "PNG",
// "ZIP", ..., "binary data"; "" for anything that may be a page.
std::string_view BinaryKind(std::string_view bytes);

// Whether `text` is well-formed UTF-8.
bool IsUtf8(std::string_view text);

}  // namespace stemma
