// Segmented video: what a stored HLS or DASH playlist leads to, fetched into
// the same capture. Playlists stay verbatim; of the variants one is chosen and
// its files become records of their own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "archive/archive_writer.h"
#include "cli/capture_hop.h"
#include "cli/capture_url.h"
#include "core/result.h"

namespace stemma::cli {

struct StreamFacts {
  std::string kind;    // "hls" or "dash"
  std::string choice;  // the variant, in words
  std::uint64_t playlists = 1, files = 0, bytes = 0;
  std::uint64_t missing = 0;   // files that did not come
  std::uint64_t left_out = 0;  // beyond a limit
  bool live = false;           // more came after what is listed
  std::vector<std::string> notes;
};

// Whether this response is a playlist by its type or its address, and by its
// first bytes: a video that is none must lead nowhere.
bool IsPlaylist(const Hop& hop);

// Fetches what the playlist in `hop` needs. All files together stay within
// `limits.max_body_bytes` and `limits.total`. An error is ours.
Result<StreamFacts> FetchStream(const Hop& hop, const CaptureOptions& options,
                                const FetchLimits& limits, CaptureDraft& draft,
                                CaptureTools& tools);

}  // namespace stemma::cli
