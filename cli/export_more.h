// The two forms of `stemma export` that are more than records: a report to
// read and a folder of evidence.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"

namespace stemma {
class ArchiveReader;
}

namespace stemma::cli {

struct Session;

// `captures` are ids; empty: everything.
Status ExportReportFile(Session& session, ArchiveReader& reader,
                        const std::vector<std::string>& captures,
                        const std::string& file);
Status ExportProof(Session& session, ArchiveReader& reader,
                   const std::vector<std::string>& captures,
                   const std::string& folder);

}  // namespace stemma::cli
