#include "cli/robots_book.h"

namespace stemma::cli {

Robots RobotsOf(const RobotsRow& row) {
  switch (RobotsAnswerFor(row.status)) {
    case RobotsAnswer::kParse:
      return Robots::Parse(row.body);
    case RobotsAnswer::kAllowAll:
      return Robots::AllowAll();
    case RobotsAnswer::kDisallowAll:
      return Robots::DisallowAll();
  }
  return Robots::DisallowAll();
}

Result<std::shared_ptr<const Robots>> RobotsBook::Of(const Url& url,
                                                     const Fetch& fetch) {
  const std::string origin = url.Origin();
  std::unique_lock lock(mutex_);
  for (;;) {
    if (const auto found = known_.find(origin); found != known_.end()) {
      return found->second;
    }
    if (!fetching_[origin]) break;
    arrived_.wait(lock);
  }
  fetching_[origin] = true;
  lock.unlock();

  std::optional<RobotsRow> row = load_(origin);
  std::optional<Error> trouble;
  if (!row) {
    const Result<Url> address = Url::Parse(origin + "/robots.txt");
    Result<RobotsRow> fetched =
        address ? fetch(*address) : Result<RobotsRow>(address.error());
    if (fetched) {
      row = *std::move(fetched);
      keep_(origin, *row);
    } else {
      trouble = std::move(fetched).error();
    }
  }

  lock.lock();
  fetching_.erase(origin);
  if (row) {
    known_[origin] = std::make_shared<const Robots>(RobotsOf(*row));
  }
  arrived_.notify_all();
  if (trouble) return *std::move(trouble);
  return known_[origin];
}

Result<RobotsDecision> RobotsBook::Decide(const Url& url, const Fetch& fetch) {
  STEMMA_TRY(const auto robots, Of(url, fetch));
  return robots->Allowed(user_agent_, url);
}

std::optional<std::chrono::milliseconds> RobotsBook::CrawlDelay(
    const Url& url) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(url.Origin());
  if (found == known_.end()) return std::nullopt;
  return found->second->CrawlDelay(user_agent_);
}

}  // namespace stemma::cli
