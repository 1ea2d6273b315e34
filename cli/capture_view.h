// Gathers what is known of a capture, for the review site and for reports.
#pragma once

#include <string>

#include "core/result.h"
#include "review/site_pages.h"

namespace stemma {
class ArchiveReader;
}

namespace stemma::cli {

// Whether keyframes bring their pictures along or only the address of them.
enum class Pictures { kByAddress, kEmbedded };

Result<CaptureView> GatherCapture(ArchiveReader& reader, const std::string& id,
                                  Pictures pictures);

// The bundles that hold the records of these captures, as sealed; one that is
// still open has no digests.
Result<std::vector<ListedBundle>> GatherBundles(
    ArchiveReader& reader, const std::vector<CaptureView>& captures);

}  // namespace stemma::cli
