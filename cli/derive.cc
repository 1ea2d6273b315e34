// stemma derive: does what `derive = "later"` left.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "archive/archive_reader.h"
#include "archive/index.h"
#include "cli/capture_now.h"
#include "cli/commands.h"
#include "cli/memory.h"
#include "cli/session.h"
#include "cli/sign_archive.h"

namespace stemma::cli {
namespace {

struct Options {
  std::string keyframes = "scene";
  SignOptions sign;
};

// Captures with a page that nobody has read yet, oldest first.
Result<std::vector<std::string>> Underived(Index& index) {
  CaptureQuery query;
  query.type = "capture";
  query.newest_first = false;
  STEMMA_TRY(const std::vector<CaptureRow> captures, index.Captures(query));
  std::vector<std::string> ids;
  for (const CaptureRow& capture : captures) {
    if (capture.status != 200 || capture.page_record.empty()) continue;
    if (capture.mime.find("html") == std::string::npos) continue;
    STEMMA_TRY(const std::vector<DerivedRow> rows,
               index.DerivedOf(capture.id, ""));
    if (rows.empty()) ids.push_back(capture.id);
  }
  return ids;
}

Status DeriveAll(const Options& options, Session& session, OpenTools& open) {
  STEMMA_TRY(const std::vector<std::string> ids,
             Underived(*open.archive->index()));
  STEMMA_TRY(const auto reader, ArchiveReader::Open(open.archive->dir()));
  CaptureOptions how;
  how.keyframes = options.keyframes;
  std::size_t done = 0;
  std::size_t copies = 0;
  for (const std::string& id : ids) {
    CaptureReport report;
    STEMMA_CHECK_OK(DeriveCapture(*reader, id, how, *open.tools, report));
    copies += report.relatives.empty() ? 0 : 1;
    ++done;
    if (session.json) {
      *session.out << nlohmann::json{{"id", id},
                                     {"url", report.final_url.Href()},
                                     {"videos", report.media.size()},
                                     {"relatives", report.relatives.size()}}
                          .dump()
                   << "\n";
    } else {
      session.Note(fmt::format("{} of {}: {}", done, ids.size(),
                               report.final_url.Href()));
    }
  }
  if (!session.json) {
    *session.out << fmt::format(
        "{} captures read, {} share text or video with an earlier one\n", done,
        copies);
  }
  return open.memory->Flush();
}

int Run(const Options& options, Session& session) {
  Result<OpenTools> open =
      OpenForCapture(session, session.ArchiveDir(), "derive");
  if (!open) return session.Fail(open.error());
  Status done = DeriveAll(options, session, *open);
  if (done) {
    done = SignWork(session, *open->archive, options.sign, PolicyOf(session));
  }
  return done ? static_cast<int>(kDone) : session.Fail(done.error());
}

}  // namespace

void AddDerive(CLI::App& root, Session& session) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand(
      "derive", "read captures that were stored without being read");
  command
      ->add_option("--keyframes", options->keyframes,
                   "scene, iframe, interval:5s, all or none [scene]")
      ->type_name("MODE");
  AddSignOptions(*command, options->sign);
  command->footer(
      "examples:\n"
      "  stemma derive\n"
      "  stemma --archive case-12 derive --keyframes none");
  command->callback(
      [options, &session] { session.exit_code = Run(*options, session); });
}

}  // namespace stemma::cli
