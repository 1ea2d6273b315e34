// robots.txt, the Robots Exclusion Protocol of RFC 9309.
//
// Beyond the RFC, as everybody does: Crawl-delay and Sitemap lines, "\r" alone
// as a line end, and the spelling mistakes of directives that Google's parser
// forgives. Where Google and the RFC differ about percent-encoding, the RFC
// decides; docs/decisions/fetch-robots.md lists every such place.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/url.h"

namespace stemma {

struct RobotsLimits {
  std::size_t max_bytes = 500 << 10;    // RFC 9309 2.5; the rest is not read
  std::size_t max_line_bytes = 16'663;  // longer lines are cut, as Google does
  std::size_t max_sitemaps = 1'000;
};

// The answer for one URL, and the line that gave it.
struct RobotsDecision {
  bool allowed = true;
  int line = 0;      // of the file, from 1; 0: no rule matched
  std::string rule;  // "Disallow: /private/", as the value was written
};

// What an answer to GET /robots.txt means (RFC 9309 2.3.1; 429 as 5xx, since
// a server that is overloaded has not said yes).
enum class RobotsAnswer { kParse, kAllowAll, kDisallowAll };
// `status` 0 means unreachable. Redirects are the caller's (at most five).
RobotsAnswer RobotsAnswerFor(int status);

class Robots {
 public:
  // Any bytes are a robots.txt; lines that say nothing are skipped.
  static Robots Parse(std::string_view bytes, const RobotsLimits& limits = {});
  static Robots AllowAll() { return {}; }
  static Robots DisallowAll();

  // Whether `user_agent` may fetch `url`. Of the groups that name its product
  // token (all merged), else of those for "*", the longest matching pattern
  // decides, allow on a tie. /robots.txt itself is always allowed.
  RobotsDecision Allowed(std::string_view user_agent, const Url& url) const;
  // The same for a path with query, "/a?b".
  RobotsDecision AllowedPath(std::string_view user_agent,
                             std::string_view path) const;

  // The longest Crawl-delay of the groups that apply; at most a day.
  std::optional<std::chrono::milliseconds> CrawlDelay(
      std::string_view user_agent) const;

  // Values of Sitemap lines in order, as written, without repeats; may be
  // relative or nonsense.
  const std::vector<std::string>& sitemaps() const { return sitemaps_; }
  bool cut() const { return cut_; }  // max_bytes was reached

 private:
  friend class RobotsParser;
  struct Rule {
    bool allow;
    int line;
    std::string written;
    std::string pattern;  // normalized
  };
  struct Group {
    std::vector<std::string> agents;  // lower case, as written
    std::vector<Rule> rules;
    std::optional<std::chrono::milliseconds> delay;
  };
  std::vector<const Group*> GroupsFor(std::string_view user_agent) const;

  std::vector<Group> groups_;
  std::vector<std::string> sitemaps_;
  bool cut_ = false;
};

// "stemma/1.0 (+https://...)" -> "stemma".
std::string_view ProductToken(std::string_view user_agent);
// RFC 9309 2.2.1: letters, "_" and "-", at least one.
bool IsProductToken(std::string_view text);

// The path and query of a URL in the form in which rules and URLs are compared
// (RFC 9309 2.2.2): unreserved characters decoded, everything beyond ASCII
// encoded, upper-case hexadecimal digits.
std::string NormalizeRobotsPattern(std::string_view pattern);

}  // namespace stemma
