// A film that only a player's page leads to, kept through an extractor.
#pragma once

#include <optional>

#include "archive/archive_writer.h"
#include "cli/capture_url.h"
#include "core/article.h"
#include "core/result.h"
#include "core/url.h"

namespace stemma::cli {

struct KeptFilm {
  CaptureInfo info;
  std::optional<RecordInfo> film;  // the first video among the files
  std::string error;               // why there is none
};

// Runs `options.extractor` for the player `link` of the page `page_id` and
// keeps what it brought; durable on return. Once a run for each address:
// nullopt when it has been done. An error is ours.
Result<std::optional<KeptFilm>> CapturePlayer(const MediaLink& link,
                                              const Url& url,
                                              const std::string& page_id,
                                              const CaptureOptions& options,
                                              CaptureTools& tools);

}  // namespace stemma::cli
