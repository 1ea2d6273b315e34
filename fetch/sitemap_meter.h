// Counts the entries of a sitemap while it arrives, so that one that goes on
// beyond what sitemaps.org allows, or for ever, need not be received for
// entries that nobody reads.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace stemma {

class SitemapMeter {
 public:
  // sitemaps.org: 50,000 entries.
  explicit SitemapMeter(std::size_t most = 50'000) : most_(most) {}

  // Takes the next bytes of the body; chunk framing may be among them. Once one
  // entry more than allowed is there: how many of `bytes` it took. Nothing
  // until then, and for a body that is no sitemap.
  std::optional<std::size_t> Feed(std::string_view bytes);

 private:
  enum class Kind { kUnknown, kSitemap, kOther };
  Kind kind_ = Kind::kUnknown;
  std::string start_;  // of the body, until it says what it is
  std::string carry_;  // an end tag may lie across two calls
  std::size_t most_, entries_ = 0;
};

}  // namespace stemma
