// CaptureUrl: one visit to one URL, from robots to verdict. The pipeline of the
// whole product, read top to bottom; `capture` and `crawl` both call it.
//
// Evidence first: the page is durable before anything parses it, and a parser
// that fails costs nothing but its own result.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/archive_writer.h"
#include "article/discover.h"
#include "core/article.h"
#include "core/publication.h"
#include "core/result.h"
#include "core/url.h"
#include "fetch/fetcher.h"
#include "fetch/page_renderer.h"
#include "fetch/retry.h"
#include "media/keyframes.h"

namespace stemma {
class ArchiveReader;
}  // namespace stemma

namespace stemma::cli {

class MediaShelf;
class Memory;
struct Relative;

struct CaptureOptions {
  FetchLimits limits;
  FetchLimits media_limits;  // of embedded media
  RetryPolicy retry;
  int max_redirects = 20;
  bool derive = true;   // false: evidence only, `stemma derive` later
  bool media = true;    // fetch embedded videos
  bool streams = true;  // fetch what HLS and DASH playlists name
  // Durable before anything tries to understand it. Else with the archive's
  // next Sync, which the caller sees to before it acknowledges.
  bool durable_first = true;
  std::string keyframes = "scene";  // KeyframeOptions::mode, or "none"
  // A command that brings the film of a player's page; empty: none.
  std::string extractor;
  // What a browser may spend on this page; nullopt: none is asked.
  std::optional<RenderBudget> render;
  int max_media = 50;  // per page; the rest are listed in the event
  // More fields for the request: If-None-Match, Referer, ...
  std::vector<std::pair<std::string, std::string>> headers;
  // More keys for the capture event: "job", "depth", "via", "robots", ...
  std::string facts_json = "{}";
};

// Everything a visit needs. The callbacks may be empty.
struct CaptureTools {
  ArchiveWriter& archive;
  Fetcher& fetcher;
  Memory* memory = nullptr;  // null: nothing is compared
  Clock clock;
  // Waits; returns false when the run is being stopped.
  std::function<bool(std::chrono::milliseconds)> wait;
  // Asked before each request, redirects and media included: robots, scope,
  // politeness. An error (kRefused) ends that hop and is recorded.
  std::function<Status(const Url&)> may_fetch;
  // Told when no request is under way for a while: the host's turn may pass to
  // others until the next may_fetch.
  std::function<void()> between_requests;
  // Told once a capture is durable, with the URL asked for.
  std::function<void(std::string_view url)> acknowledge;
  // Told what is being done, in words.
  std::function<void(std::string_view)> progress;
  void Say(std::string_view words) const {
    if (progress) progress(words);
  }
  // May several threads use one tools.memory? Then this guards it.
  std::mutex* memory_lock = nullptr;
  // What this run has fetched of media; null: nobody else fetches.
  MediaShelf* shelf = nullptr;
  // Shows pages as a browser does; null: nobody does.
  PageRenderer* renderer = nullptr;
};

struct CapturedMedia {
  MediaLink link;
  std::string capture_id;  // empty: not fetched, see error
  std::string sha256;      // hex, of the payload
  std::uint64_t bytes = 0;
  std::string error;  // why it was not fetched or not read
  std::shared_ptr<const VideoReport> report;  // null without keyframes
};

struct CaptureReport {
  CaptureInfo info;
  Url final_url;
  int status = 0;                // of the final response, 0: none
  std::optional<Error> failure;  // no usable response; recorded all the same
  // A redirect that was captured but not followed: refused, a loop, broken.
  std::optional<Error> redirect_not_followed;
  bool not_modified = false;  // 304 to a conditional request
  std::optional<Truncation> truncated;
  std::string payload_sha256, mime, etag, last_modified;
  std::string response_head;           // of the final response
  std::optional<RecordInfo> holder;    // the response that holds its payload
  std::uint64_t bytes = 0;             // of its body, as received
  std::vector<std::string> redirects;  // URLs in order, without the first
  std::optional<Article> article;
  std::optional<Publication> publication;
  Discovery found;  // links and media of the page
  std::vector<CapturedMedia> media;
  std::vector<Relative> relatives;  // compared, best first
  std::vector<std::string> notes;
};

// Visits `url`. The capture is durable on return; what was derived from it is
// after the next ArchiveWriter::Sync. An error means that our side failed
// (disk, lock, interrupted); a server's failure is a report with `failure` set.
Result<CaptureReport> CaptureUrl(const Url& url, const CaptureOptions& options,
                                 CaptureTools& tools);

// The derived half for a capture that has been stored without it
// (`stemma derive`): article, media already captured, verdicts. `reader` was
// opened after it was stored.
Status DeriveCapture(ArchiveReader& reader, const std::string& capture_id,
                     const CaptureOptions& options, CaptureTools& tools,
                     CaptureReport& report);

}  // namespace stemma::cli
