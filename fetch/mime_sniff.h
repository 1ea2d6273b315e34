// What a body is, by its first bytes and what the server called it
// (mimesniff.spec.whatwg.org 7). Both are kept: one is a claim, the other ours.
#pragma once

#include <string>
#include <string_view>

#include "core/mime_type.h"

namespace stemma {

// The standard looks at no more than this.
inline constexpr std::size_t kSniffBytes = 1445;

struct SniffInput {
  std::string_view body;  // its first kSniffBytes at least, or all of it
  // The last Content-Type value as received; empty when there was none.
  std::string_view content_type;
  bool no_sniff = false;  // X-Content-Type-Options: nosniff
  // The type came from a server: Apache once called everything text/plain.
  bool from_http = true;
  // The caller has no use for images, sound and films of the supplied type.
  bool media_supported = true;
};

// The computed MIME type.
MimeType SniffMimeType(const SniffInput& input);

}  // namespace stemma
