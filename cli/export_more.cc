#include "cli/export_more.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "archive/proof_export.h"
#include "cli/capture_view.h"
#include "cli/session.h"

namespace stemma::cli {

Status ExportReportFile(Session& session, ArchiveReader& reader,
                        const std::vector<std::string>& captures,
                        const std::string& file) {
  CaptureReportView view;
  for (const std::string& id : captures) {
    STEMMA_TRY(CaptureView capture,
               GatherCapture(reader, id, Pictures::kEmbedded));
    view.captures.push_back(std::move(capture));
  }
  if (view.captures.empty()) {
    return Error(ErrorCode::kInvalidArgument,
                 "a report is about captures: name one or more ids; 'stemma "
                 "list' shows them");
  }
  STEMMA_TRY(view.bundles, GatherBundles(reader, view.captures));
  view.tool = "stemma " STEMMA_VERSION;
  view.made = session.clock();
  std::ofstream out(file, std::ios::binary);
  out << RenderCaptureReport(view);
  out.close();
  if (!out) {
    return Error(ErrorCode::kIo,
                 fmt::format("writing the report {}: cannot write", file));
  }
  if (session.json) {
    *session.out << nlohmann::json{{"form", "report"},
                                   {"file", file},
                                   {"captures", view.captures.size()}}
                        .dump()
                 << "\n";
  } else {
    *session.out << fmt::format("{}: {} captures\n", ForTerminal(file),
                                view.captures.size());
  }
  return {};
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
