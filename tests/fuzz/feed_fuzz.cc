#include "core/utf8.h"
#include "fetch/feed.h"
#include "fetch/feed_html.h"
#include "tests/fuzz/fuzz_target.h"

namespace stemma::fuzz {
namespace {

void RequireText(const std::optional<FeedText>& text) {
  if (!text) return;
  Require(ValidUtf8(text->value) == text->value, "text is UTF-8");
  if (text->type != "text/html") return;
  for (const char* tag : {"<script>", "<script ", "<script/"}) {
    Require(text->value.find(tag) == std::string::npos, "no script survives");
  }
}

}  // namespace

FUZZ_TARGET(feed) {
  constexpr FeedLimits kLimits{
      .max_bytes = 1 << 20, .max_entries = 50, .max_per_entry = 20};
  const auto feed = ParseFeed(
      {.bytes = bytes, .charset = {}, .url = "https://a.example/f"}, kLimits);
  if (feed) {
    Require(!feed->version.empty(), "a feed is of some kind");
    Require(feed->entries.size() <= 50, "the limit of entries holds");
    RequireText(feed->head.title);
    for (const FeedItem& entry : feed->entries) {
      RequireText(entry.title);
      RequireText(entry.summary);
      Require(entry.links.size() <= 20 && entry.media.size() <= 20,
              "the limits of an entry hold");
    }
  }
  const std::string once =
      CleanFeedHtml(ValidUtf8(bytes), "https://a.example/");
  Require(CleanFeedHtml(once, "https://a.example/") == once,
          "what is clean stays as it is");
}

}  // namespace stemma::fuzz
