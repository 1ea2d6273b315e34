// Asking an authority of the outside over HTTP: timestamp authorities (POST of
// a query) and OpenTimestamps calendars (POST of a digest, GET of a stamp).
// Under the same address policy as a visit; redirects are not followed.
#pragma once

#include <optional>
#include <string>

#include "core/result.h"
#include "fetch/fetcher.h"

namespace stemma::cli {

struct Question {
  std::string url;
  std::optional<std::string> post;  // nothing: a GET
  std::string content_type;         // of the post
  std::string accept;
};

// The body of a 200 answer, at most 1 MiB. kNotFound for a 404. At most 45
// seconds, less when `limits` says so.
Result<std::string> AskAuthority(const FetchPolicy& policy,
                                 const FetchLimits& limits,
                                 const Question& question);

}  // namespace stemma::cli
