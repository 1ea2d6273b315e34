// A stored page as a browser shows it: what its scripts asked for, the document
// they made, and a picture, in a capture of their own that is bound to the
// page's. Off unless CaptureTools::renderer is set.
#pragma once

#include <string>

#include "archive/records.h"
#include "cli/capture_url.h"
#include "core/result.h"

namespace stemma::cli {

// `body` is the page's, its content coding removed: the browser is given what
// is stored and does not fetch the page again. Links and media that only the
// rendered document has are added to `report.found`. A browser that fails costs
// a note, in the report and in the log; an error is ours.
Status RenderPage(const std::string& body, const RecordInfo& page,
                  const CaptureOptions& options, CaptureTools& tools,
                  CaptureReport& report);

}  // namespace stemma::cli
