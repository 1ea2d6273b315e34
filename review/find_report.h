// The HTML report of a search: what was looked for, and every place of the
// archive that shares it, best first. One file: no script, no outside loads.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/comparison.h"
#include "core/media.h"
#include "review/verify_report.h"

namespace stemma {

// A paragraph of the archived text that is in the text looked for.
struct FoundPassage {
  std::size_t paragraph = 0;    // of the archived text, from 1
  std::string archived, query;  // the words on both sides, perhaps cut short
};

struct FoundText {
  Comparison comparison;
  bool archived_first = true;            // it is the comparison's reference
  double of_query = 0, of_archived = 0;  // coverage, 0 to 1
  std::vector<FoundPassage> passages;
};

struct FoundVideo {
  VideoComparison comparison;  // a: the archived, b: the one looked for
  double score = 0;
  bool mirrored = false;
  double speed = 1;  // archived seconds per second of the query
  std::vector<FramePair> frames;
};

// A still in an archived video.
struct FoundStill {
  double seconds = 0, score = 0;
  bool mirrored = false;
  Region region;            // of the archived frame
  std::string frame, mime;  // the kept frame nearest to it, may be empty
  double frame_seconds = 0;
};

struct FindMatch {
  ReportSide side;   // what the archive has
  std::string name;  // given at import, may be empty
  std::optional<FoundText> text;
  std::optional<FoundVideo> video;
  std::optional<FoundStill> still;
};

struct FindView {
  std::string query;  // as asked
  std::string kind;   // "text", "video" or "picture"
  ReportSide asked;
  std::size_t searched = 0;        // how many of that kind the archive holds
  std::vector<FindMatch> matches;  // best first
  std::string tool, normal_form;   // as in VerifyView
  TimePoint made;
};

// The whole page, UTF-8. Never fails; untrusted text is escaped.
std::string RenderFindReport(const FindView& view);

}  // namespace stemma
