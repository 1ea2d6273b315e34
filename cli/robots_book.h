// The robots answers of one run: fetched once per origin, kept as captures,
// remembered in the frontier for a day (RFC 9309 2.4). Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/time.h"
#include "core/url.h"
#include "fetch/frontier.h"
#include "fetch/robots.h"

namespace stemma::cli {

class RobotsBook {
 public:
  // Fetches the robots.txt at this URL: its status (0: none came) and its
  // body. An error is our own, or a refusal by the address policy.
  using Fetch = std::function<Result<RobotsRow>(const Url&)>;
  // Looks up and keeps rows; both may be called from several threads.
  using Load = std::function<std::optional<RobotsRow>(std::string_view origin)>;
  using Keep = std::function<void(std::string_view origin, const RobotsRow&)>;

  RobotsBook(std::string user_agent, Load load, Keep keep)
      : user_agent_(std::move(user_agent)),
        load_(std::move(load)),
        keep_(std::move(keep)) {}

  // The rule for `url`. The first to ask for an origin fetches, with `fetch`;
  // others wait for it.
  Result<RobotsDecision> Decide(const Url& url, const Fetch& fetch);

  // What the origin's robots.txt asks for between requests, if it is known.
  std::optional<std::chrono::milliseconds> CrawlDelay(const Url& url);

 private:
  Result<std::shared_ptr<const Robots>> Of(const Url& url, const Fetch& fetch);

  const std::string user_agent_;
  const Load load_;
  const Keep keep_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::map<std::string, std::shared_ptr<const Robots>, std::less<>> known_;
  std::map<std::string, bool, std::less<>> fetching_;
};

// The rules a stored answer stands for.
Robots RobotsOf(const RobotsRow& row);

}  // namespace stemma::cli
