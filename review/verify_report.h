// The HTML report of one comparison, for people who decide: the verdict first,
// then what changed, then the two texts side by side, the video, the family,
// and how to check all of it without us. One file: no script, no outside loads.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/comparison.h"
#include "core/media.h"
#include "core/publication.h"

namespace stemma {

// One side of the comparison.
struct ReportSide {
  Publication publication;
  std::string body_sha256;   // hex, of the page's bytes as stored
  std::string capture_id;    // empty for a file
  std::string bundle;        // "bundles/NAME.warc.zst", empty for a file
  std::string text_method;   // "stemma-article/1 stemma-text/1"
  std::string video_name;    // what the video is called, empty without one
  std::string video_sha256;  // hex
  double video_seconds = 0;
};

// Two frames that show the same moment, or a frame that only one side has.
struct FramePair {
  std::string reference_image, suspect_image;  // bytes; one may be empty
  std::string reference_mime, suspect_mime;
  double reference_seconds = -1, suspect_seconds = -1;
  std::string note;  // "same", "removed", "replaced", ...
};

struct VerifyView {
  ReportSide reference, suspect;
  Comparison comparison;
  VideoComparison video;
  std::vector<FramePair> frames;
  std::string family_svg;                 // from RenderFamilySvg, may be empty
  std::vector<std::string> family_notes;  // each edge's evidence in words
  std::string tool;                       // "stemma 0.1.0"
  std::string normal_form;                // "stemma-norm/1"
  TimePoint made;
};

// The whole page, UTF-8. Never fails; untrusted text is escaped.
std::string RenderVerifyReport(const VerifyView& view);

}  // namespace stemma
