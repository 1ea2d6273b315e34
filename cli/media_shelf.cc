#include "cli/media_shelf.h"

#include <chrono>

namespace stemma::cli {
namespace {

// Beyond so many the oldest by name are forgotten: they are asked for whole.
constexpr std::size_t kMostKnown = 20'000;

}  // namespace

Result<MediaShelf::Fields> MediaShelf::Take(
    const std::string& url, const std::function<bool()>& go_on) {
  constexpr std::chrono::milliseconds kGlance(200);
  std::unique_lock lock(mutex_);
  for (;;) {
    Known& known = known_[url];
    if (!known.busy) {
      known.busy = true;
      Fields fields;
      if (!known.etag.empty()) fields.emplace_back("If-None-Match", known.etag);
      if (!known.last_modified.empty()) {
        fields.emplace_back("If-Modified-Since", known.last_modified);
      }
      return fields;
    }
    changed_.wait_for(lock, kGlance);
    lock.unlock();
    const bool on = go_on();
    lock.lock();
    if (!on) return Error(ErrorCode::kInterrupted, "told to stop");
  }
}

void MediaShelf::Put(const std::string& url, std::string etag,
                     std::string last_modified) {
  {
    const std::lock_guard lock(mutex_);
    Known& known = known_[url];
    known.busy = false;
    if (!etag.empty() || !last_modified.empty()) {
      known.etag = std::move(etag);
      known.last_modified = std::move(last_modified);
    }
    if (known_.size() > kMostKnown) {
      for (auto it = known_.begin(); it != known_.end();) {
        if (known_.size() <= kMostKnown) break;
        it = it->second.busy ? std::next(it) : known_.erase(it);
      }
    }
  }
  changed_.notify_all();
}

}  // namespace stemma::cli
