// Which media a run has fetched already. Pages of one site embed the same
// video again and again: the first visit brings it, the later ones ask with
// its validators, so that each page gets a record of its own and the bytes
// cross the network once.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/result.h"

namespace stemma::cli {

class MediaShelf {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  // Request fields for `url`, empty the first time. While another worker is
  // fetching it, waits as long as `go_on` says; kInterrupted when that ends
  // it. Afterwards the address is the caller's until Put.
  Result<Fields> Take(const std::string& url,
                      const std::function<bool()>& go_on);
  // Ends what Take began; `etag` and `last_modified` are those of a whole
  // answer, empty otherwise.
  void Put(const std::string& url, std::string etag, std::string last_modified);

 private:
  struct Known {
    bool busy = false;
    std::string etag, last_modified;
  };
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Known> known_;
};

}  // namespace stemma::cli
