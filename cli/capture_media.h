// The videos of a page: fetched as captures of their own, read in the worker,
// bound to the page.
#pragma once

#include "archive/records.h"
#include "cli/capture_url.h"
#include "core/article.h"
#include "core/result.h"

namespace stemma::cli {

// Whether a medium of this kind is fetched for a page.
bool IsFetched(MediaKind kind);

// Fetches and reads the media that the report names, and what an extractor
// brings for players; they are added to `report.media`.
Status CaptureMediaOfPage(const CaptureOptions& options, CaptureTools& tools,
                          CaptureReport& report);

// The URL is itself a video.
Status DeriveLoneVideo(const RecordInfo& page, const RecordInfo& holder,
                       const CaptureOptions& options, CaptureTools& tools,
                       CaptureReport& report);

// The videos that were captured for a page, decoded now.
Status DeriveStoredMedia(ArchiveReader& reader, const CaptureOptions& options,
                         CaptureTools& tools, CaptureReport& report);

}  // namespace stemma::cli
