// `stemma export --report`: the report of captures in the form asked for.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/result.h"

namespace CLI {
class App;
}
namespace stemma {
class ArchiveReader;
}

namespace stemma::cli {

struct Session;

struct ReportChoice {
  std::string file;    // --report
  std::string format;  // --format; empty: by the file's ending, else html
  std::vector<std::string> stated;  // "KEY=TEXT"
  std::vector<std::string> vkeys;
  std::string tsa_ca, tsa_untrusted;
};

// The options but for --report itself.
void AddReportOptions(CLI::App& command, ReportChoice& choice);

// `captures` are ids, at least one. kRefused when the file exists.
Status WriteCaptureReport(Session& session, ArchiveReader& reader,
                          const std::vector<std::string>& captures,
                          const ReportChoice& choice);

}  // namespace stemma::cli
