#include "cli/seen_links.h"

#include <algorithm>

namespace stemma::cli {
namespace {

constexpr std::size_t kMostLinks = 32'768;

}  // namespace

bool SeenLinks::Has(std::string_view url, int depth, int priority) const {
  const std::lock_guard lock(mutex_);
  const auto seen = links_.find(url);
  return seen != links_.end() && seen->depth <= depth &&
         seen->priority <= priority;
}

void SeenLinks::Note(std::string_view url, int depth, int priority) {
  const std::lock_guard lock(mutex_);
  if (links_.size() >= kMostLinks) links_.clear();
  const auto seen = links_.find(url);
  if (seen == links_.end()) {
    links_.insert(Link{std::string(url), depth, priority});
    return;
  }
  seen->depth = std::min(seen->depth, depth);
  seen->priority = std::min(seen->priority, priority);
}

}  // namespace stemma::cli
