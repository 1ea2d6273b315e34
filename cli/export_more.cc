#include "cli/export_more.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "archive/proof_export.h"
#include "cli/session.h"

namespace stemma::cli {

Status ExportReportFile(Session&, ArchiveReader&,
                        const std::vector<std::string>&, const std::string&) {
  return Error(ErrorCode::kUnsupported,
               "export --report is not built into this program");
}

Status ExportProof(Session& session, ArchiveReader& reader,
                   const std::vector<std::string>& captures,
                   const std::string& folder) {
  ProofExportOptions options;
  options.captures = captures;
  options.software = "stemma/" STEMMA_VERSION;
  options.now = session.clock();
  STEMMA_TRY(const ProofExportReport report,
             ExportEvidence(reader, folder, options));
  for (const std::string& warning : report.warnings) session.Note(warning);
  if (session.json) {
    *session.out << nlohmann::json{{"form", "proof"},
                                   {"folder", folder},
                                   {"captures", report.captures},
                                   {"records", report.records},
                                   {"bundles", report.bundles}}
                        .dump()
                 << "\n";
  } else {
    *session.out << fmt::format(
        "{}: {} captures, {} records, {} bundles; check it with verify.sh\n",
        ForTerminal(folder), report.captures, report.records, report.bundles);
  }
  return {};
}

}  // namespace stemma::cli
