// robots.txt cases of Google's parser and of crawler-commons.

#include "fetch/robots.h"

#include "tests/conform/conform.h"

namespace stemma::conform {
namespace {

// What there is to compare of a URL of a test; some are no URL at all.
std::string PathOf(const std::string& text) {
  const Result<Url> url = Url::Parse(text);
  if (!url) return "/";
  return url->path() + (url->has_query() ? "?" + url->query() : "");
}

json RunRobots(const json& input, const json&) {
  const Robots robots = Robots::Parse(Base64Member(input, "robots_b64"));
  const std::string agent = input.at("user_agent");
  const auto delay = robots.CrawlDelay(agent);
  return {{"allowed",
           robots.AllowedPath(agent, PathOf(input.value("url", ""))).allowed},
          {"crawl_delay_ms", delay ? json(delay->count()) : json()},
          {"sitemaps", robots.sitemaps()}};
}

json RunHelpers(const json& input, const json&) {
  const std::string function = input.at("fn");
  const std::string argument = input.at("arg");
  if (function == "is_valid_product_token") {
    return {{"result", IsProductToken(argument)}};
  }
  if (function == "escape_pattern") {
    return {{"result", NormalizeRobotsPattern(argument)}};
  }
  // Google takes paths and scheme-less names for URLs, too.
  if (argument.starts_with("/") && !argument.starts_with("//")) {
    return {{"result", PathOf("http://host" + argument)}};
  }
  const bool has_scheme = argument.find("://") != std::string::npos;
  const std::string prefix = argument.starts_with("//") ? "http:" : "http://";
  return {{"result", PathOf(has_scheme ? argument : prefix + argument)}};
}

// Real files: the promise is that nothing depends on line ends.
json RunFile(const json& input, const json&) {
  const std::string bytes = Base64Member(input, "robots_b64");
  std::string crlf;
  for (const char c : bytes) {
    if (c == '\r') continue;
    if (c == '\n') crlf += '\r';
    crlf += c;
  }
  const Robots one = Robots::Parse(bytes);
  const Robots two = Robots::Parse(crlf);
  bool same = one.sitemaps() == two.sitemaps();
  for (const char* agent : {"bot1", "bot3", "Googlebot", "anybot"}) {
    for (const char* path : {"/", "/a/b.gif?x", "/example/page.html",
                             "/desallow/", "/login.aspx", "/gp/x"}) {
      same = same && one.AllowedPath(agent, path).rule ==
                         two.AllowedPath(agent, path).rule;
    }
    same = same && one.CrawlDelay(agent) == two.CrawlDelay(agent);
  }
  return {{"must", same ? "parse without crash/hang; deterministic; same "
                          "result for CRLF/LF"
                        : "differs"}};
}

const bool registered = Register({
    {.name = "robots_google", .run = RunRobots},
    {.name = "robots_crawlercommons", .run = RunRobots},
    {.name = "robots_google_helpers", .run = RunHelpers},
    {.name = "robots_files", .run = RunFile},
});

}  // namespace
}  // namespace stemma::conform
