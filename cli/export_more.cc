#include "cli/export_more.h"

#include "cli/session.h"

namespace stemma::cli {

Status ExportReportFile(Session&, ArchiveReader&,
                        const std::vector<std::string>&, const std::string&) {
  return Error(ErrorCode::kUnsupported,
               "export --report is not built into this program");
}

Status ExportProof(Session&, ArchiveReader&, const std::vector<std::string>&,
                   const std::string&) {
  return Error(ErrorCode::kUnsupported,
               "export --proof is not built into this program");
}

}  // namespace stemma::cli
