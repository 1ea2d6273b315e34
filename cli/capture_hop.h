// One hop of a visit: a request, its response, the records they leave. With
// retries, and with the rest of a body that broke off asked for under the
// rules of fetch/range_resume.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "archive/archive_writer.h"
#include "cli/capture_url.h"
#include "core/capture.h"
#include "core/result.h"
#include "core/url.h"
#include "fetch/fetcher.h"

namespace stemma::cli {

struct Hop {
  Exchange exchange;
  std::optional<Error> failure;        // no usable response
  std::optional<RecordInfo> record;    // response, revisit, or joined parts
  std::optional<RecordInfo> original;  // of a revisit: who holds the payload
  std::string unusable;                // first bytes of what was no response
  std::optional<std::string> kept;     // the body as received, if it was short
  std::vector<std::string> notes;
  // Responses whose payloads, put together, are that of `record`, a resource.
  std::vector<std::string> joined;
};

// Fetches `url` into `draft`, and tries again while that is worth it. Every
// attempt that brought a response leaves its record. An error is ours; the
// server's trouble is in the Hop.
Result<Hop> FetchHop(const Url& url, const CaptureOptions& options,
                     const FetchLimits& limits, CaptureDraft& draft,
                     CaptureTools& tools);

}  // namespace stemma::cli
