// data: URLs (Fetch Standard, "data: URL processor") and the base64 that
// browsers forgive (Infra Standard).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/mime_type.h"
#include "core/url.h"

namespace stemma {

struct DataUrl {
  MimeType mime;
  std::string body;
};

// kMalformed when `url` is no data: URL, has no comma, or its base64 is broken.
// The body is never longer than the URL.
Result<DataUrl> ReadDataUrl(const Url& url);

// White space is skipped, padding may be missing; nullopt for anything else
// that base64 does not have.
std::optional<std::string> ForgivingBase64Decode(std::string_view text);

}  // namespace stemma
