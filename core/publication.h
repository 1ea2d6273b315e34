// A Publication is an article at a URL at a time: the unit that families of
// copies are made of. It comes from a captured page or an imported row.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/article.h"
#include "core/digest.h"
#include "core/time.h"

namespace stemma {

struct Publication {
  std::string id;  // capture or imported id, unique in the archive
  std::string url;
  std::string site;  // registrable domain, or as imported
  std::string title, byline, language;
  std::optional<TimePoint> published_at;  // as claimed
  Precision published_precision = Precision::kSecond;
  std::optional<TimePoint> fetched_at;  // by our clock
  std::vector<std::string> links;
  std::string canonical;
  std::vector<SourceClaim> claims;  // empty for imported rows
  std::string text;                 // L1, or as imported; UTF-8
  Sha256 text_sha256;
  std::vector<std::string> media;  // sha256 hex of bound videos
};

}  // namespace stemma
