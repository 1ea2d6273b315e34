// What a page looks like once its scripts have run: the one interface behind
// which a browser stands. Everything it asks for comes through `RenderFetch`,
// so that the address policy, robots, politeness and the records are those of
// any other request; a browser that is not there is an error, never a crash.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/result.h"
#include "core/url.h"

namespace stemma {

struct RenderBudget {
  std::chrono::milliseconds time{45'000};  // start of the browser included
  std::uint64_t bytes = std::uint64_t{64} << 20;  // of answers, as received
  int requests = 300;
};

struct RenderRequest {
  Url url;
  // Of the browser's fields those that an answer may depend on: Accept,
  // Accept-Language, Origin, Referer.
  std::vector<std::pair<std::string, std::string>> headers;
  std::chrono::milliseconds time_left{0};
  std::uint64_t bytes_left = 0;
};

// An answer as the browser is to see it: no content or transfer coding.
struct RenderAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::uint64_t bytes = 0;  // received for it
};

// No answer: the request fails in the browser. An error ends the rendering.
using RenderFetch =
    std::function<Result<std::optional<RenderAnswer>>(const RenderRequest&)>;

struct RenderedPage {
  std::string html;       // the document after its scripts ran, UTF-8
  std::string picture;    // PNG, 1280 pixels wide, at most 8,000 high
  std::string browser;    // "Chrome/156.0.8078.79"
  std::string final_url;  // what the browser calls the page
  int requests = 0;       // that were answered
  int refused = 0;        // that were not: no GET, no http, beyond the budget
  std::uint64_t bytes = 0;
  bool loaded = false;  // the load event came within the budget
  bool walled = false;  // the browser had no network of its own at all
};

class PageRenderer {
 public:
  virtual ~PageRenderer() = default;
  // `go_on` is asked several times a second. kNotFound: no such browser;
  // kNetwork: it died or said nothing; kInterrupted: go_on said no.
  // Thread-safe: each call has a browser of its own.
  virtual Result<RenderedPage> Render(const Url& url,
                                      const RenderBudget& budget,
                                      const RenderFetch& fetch,
                                      const std::function<bool()>& go_on) = 0;
};

}  // namespace stemma
