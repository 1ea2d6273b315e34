// One visit, stored: hops until something that is no redirect, and what the
// event says of it. Nothing here reads what came.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/capture_hop.h"
#include "cli/capture_stream.h"
#include "cli/capture_url.h"
#include "cli/media_shelf.h"
#include "core/result.h"
#include "core/url.h"
#include "fetch/fetcher.h"

namespace stemma::cli {

struct Visit {
  Hop last;
  Url final_url;
  std::vector<std::string> redirects;
  std::vector<std::string> notes;
  std::optional<Error> stopped;       // why a redirect was not followed
  std::optional<StreamFacts> stream;  // when it is a playlist
};

// A medium's place on the shelf while it is being visited.
class ShelfPlace {
 public:
  // Adds to `options` the conditions under which it need not come again.
  static Result<ShelfPlace> Take(const Url& url, CaptureTools& tools,
                                 CaptureOptions& options);
  ShelfPlace(ShelfPlace&& other) noexcept;
  ShelfPlace& operator=(ShelfPlace&&) = delete;
  ~ShelfPlace();
  void Learn(const CaptureReport& report);

 private:
  ShelfPlace() = default;
  MediaShelf* shelf_ = nullptr;
  std::string url_, etag_, last_modified_;
};

// Visits and stores. The report has the facts of the visit and nothing derived.
Result<Visit> StoreVisit(const Url& url, const CaptureOptions& options,
                         const FetchLimits& limits, CaptureTools& tools,
                         CaptureReport& report);

}  // namespace stemma::cli
