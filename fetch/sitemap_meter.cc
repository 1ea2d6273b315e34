#include "fetch/sitemap_meter.h"

#include <algorithm>

namespace stemma {
namespace {

constexpr std::size_t kStart = 4096;  // the root element is named within these
constexpr std::string_view kEndTags[] = {"</url>", "</sitemap>"};
constexpr std::size_t kLongestTag = 10;

// Where the next end tag of an entry ends.
std::size_t EndOfEntry(std::string_view text, std::size_t from) {
  for (std::size_t at = text.find("</", from); at != std::string_view::npos;
       at = text.find("</", at + 1)) {
    for (const std::string_view tag : kEndTags) {
      if (text.substr(at).starts_with(tag)) return at + tag.size();
    }
  }
  return std::string_view::npos;
}

}  // namespace

std::optional<std::size_t> SitemapMeter::Feed(std::string_view bytes) {
  if (kind_ == Kind::kUnknown) {
    start_ += bytes.substr(0, kStart - std::min(kStart, start_.size()));
    if (start_.find("<urlset") != std::string::npos ||
        start_.find("<sitemapindex") != std::string::npos) {
      kind_ = Kind::kSitemap;
    } else if (start_.size() >= kStart) {
      kind_ = Kind::kOther;
    }
  }
  if (kind_ == Kind::kOther) return std::nullopt;
  // What was carried is too short for a whole tag: each is counted once.
  const std::size_t carried = carry_.size();
  const std::string text = carry_ + std::string(bytes);
  std::size_t last = 0;
  for (std::size_t end = EndOfEntry(text, 0); end != std::string::npos;
       end = EndOfEntry(text, end)) {
    last = end;
    if (++entries_ > most_ && kind_ == Kind::kSitemap) {
      return end - std::min(end, carried);
    }
  }
  const std::size_t keep = std::min(kLongestTag - 1, text.size() - last);
  carry_.assign(text, text.size() - keep);
  return std::nullopt;
}

}  // namespace stemma
