// What a search of the archive found, as its answers say it: JSON lines for
// programs, a few lines of text for people.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/find_video.h"
#include "cli/memory.h"
#include "cli/page_source.h"
#include "media/match.h"

namespace stemma::cli {

// One place in the archive; of text, video and picture there is one.
struct Match {
  KnownPlace place = {};  // of a text: its id and address
  std::optional<Relative> text = {};
  std::optional<VideoMatch> video = {};
  std::optional<PictureMatch> picture = {};
  // What `video` or `picture` matched.
  std::shared_ptr<const VideoReport> known = {};
};

struct Found {
  // What was looked for: one of the two.
  std::optional<LoadedPublication> text;
  std::optional<VideoReport> medium;
  std::vector<Match> matches;  // best first
  std::size_t searched = 0;    // texts, or videos and pictures
};

// Paragraphs that the query and an archived text share, in the archived one's
// order.
struct SharedPassage {
  Span query, archived;       // code points of either text
  std::size_t paragraph = 0;  // of the archived text, from 1
};
std::vector<SharedPassage> PassagesOf(const Relative& relative);
double CoverageOfQuery(const Relative& relative);
double CoverageOfArchived(const Relative& relative);

// A line each, as the contract has them; one with a null reference when
// nothing was found.
std::vector<nlohmann::ordered_json> LinesOf(const std::string& query,
                                            const Found& found);
// The same line for people, safe for a terminal.
std::string Told(const nlohmann::ordered_json& line);

}  // namespace stemma::cli
