// Gathers what is known of a capture, for the review site.
#pragma once

#include <string>

#include "core/result.h"
#include "review/site_pages.h"

namespace stemma {
class ArchiveReader;
}

namespace stemma::cli {

Result<CaptureView> GatherCapture(ArchiveReader& reader, const std::string& id);

}  // namespace stemma::cli
