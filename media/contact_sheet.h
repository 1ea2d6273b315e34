// The frames of a report on one page, for people: a PNG picture, and an HTML
// file that needs nothing else. The JSON beside them is the truth.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "media/keyframes.h"

namespace stemma {

struct SheetOptions {
  std::string title;  // untrusted: a file name or URL
  int columns = 4;
  int cell_width = 320;  // of a picture, in pixels
  int max_cells = 36;    // in the PNG; more frames are thinned out evenly
};

// Both need report.images (KeyframeOptions::images_in_memory). The same report
// gives the same bytes.
Result<std::string> ContactSheetPng(const VideoReport& report,
                                    const SheetOptions& options);
std::string ContactSheetHtml(const VideoReport& report,
                             const SheetOptions& options);

}  // namespace stemma
