// stemma import: what others captured, and local files, become records.
#include "archive/import.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "archive/archive_writer.h"
#include "cli/commands.h"
#include "cli/import_media.h"
#include "cli/run_signals.h"
#include "cli/session.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::json;

struct ImportCommand {
  std::vector<std::string> files;
  bool media = false, articles = false, reference = false, acks = false;
  std::string batch;
  bool batch_given = false;
};

void Print(const Session& session, const std::string& file, bool rows,
           const ImportReport& report) {
  if (session.json) {
    Json findings = Json::array();
    for (const CheckFinding& f : report.findings) {
      Json item = {{"code", f.code}, {"text", f.text}, {"file", f.file}};
      if (f.offset) item["offset"] = *f.offset;
      if (!f.record.empty()) item["record"] = f.record;
      findings.push_back(std::move(item));
    }
    *session.out << Json{{"file", file},
                         {"records", report.records},
                         {"captures", report.captures},
                         {"rows", report.rows},
                         {"already", report.already},
                         {"refused", report.refused},
                         {"match", report.match},
                         {"mismatch", report.mismatch},
                         {"not_checked", report.not_checked},
                         {"weak", report.weak},
                         {"findings", std::move(findings)}}
                        .dump(-1, ' ', false, Json::error_handler_t::replace)
                 << "\n";
    return;
  }
  std::string line = fmt::format("{}: ", ForTerminal(file));
  if (report.rows > 0 || rows) {
    line += fmt::format("{} rows", report.rows);
  } else if (report.records == 0) {
    line += "no new records";
  }
  if (report.records > 0) {
    line += fmt::format(
        "{} records of {} captures: {} match their digest, {} "
        "do not, {} not checked",
        report.records, report.captures, report.match, report.mismatch,
        report.not_checked);
    if (report.weak > 0) {
      line += fmt::format("; {} by SHA-1 or MD5 alone", report.weak);
    }
  }
  if (report.already > 0)
    line += fmt::format("; {} already here", report.already);
  if (report.refused > 0) line += fmt::format("; {} refused", report.refused);
  *session.out << line << "\n";
  for (const CheckFinding& f : report.findings) {
    session.Note(fmt::format("{}{}: {} [{}]", ForTerminal(f.file),
                             f.offset ? fmt::format(" at {}", *f.offset) : "",
                             ForTerminal(f.text), f.code));
  }
}

int Run(Session& session, const ImportCommand& command) {
  if (command.media) {
    ImportMediaOptions options;
    options.reference_only = command.reference;
    options.acks = command.acks;
    ImportMedia(
        command.files,
        command.batch_given && command.batch.empty() ? "-" : command.batch,
        options, session);
    return session.exit_code;
  }
  if (command.files.empty()) {
    *session.err << "stemma import: which files?\n";
    return kUsage;
  }
  ArchiveOptions archive;
  archive.job = "import";
  archive.software = "stemma/" STEMMA_VERSION;
  archive.clock = session.clock;
  auto writer = ArchiveWriter::Open(session.ArchiveDir(), archive);
  if (!writer) return session.Fail(writer.error());
  for (const std::string& note : (*writer)->recovery_notes()) {
    session.Note(note);
  }
  const RunSignals signals;
  ImportOptions options;
  options.reference = command.reference;
  options.stopped = [] { return RunSignals::StopRequests() > 0; };
  if (command.acks) {
    options.on_durable = [&session](const std::string& uri) {
      *session.out << "ACK " << uri << "\n" << std::flush;
    };
  }
  int exit = kDone;
  for (const std::string& file : command.files) {
    const Result<ImportReport> report =
        command.articles ? ImportArticles(**writer, file, options)
                         : ImportFile(**writer, file, options);
    if (report) {
      Print(session, file, command.articles, *report);
      if (!report->Clean()) exit = kBadAnswer;
      continue;
    }
    const int failed =
        session.Fail(Error(report.error()).Context("importing " + file));
    if (report.error().code() == ErrorCode::kMalformed) {
      exit = kBadAnswer;  // that file's trouble, not the next one's
      continue;
    }
    exit = failed;
    break;
  }
  if (Status sealed = (*writer)->Seal(); !sealed && exit <= kBadAnswer) {
    return session.Fail(sealed.error());
  }
  return exit;
}

}  // namespace

void AddImport(CLI::App& root, Session& session) {
  CLI::App* import = root.add_subcommand(
      "import", "takes in WARC, WACZ and ARC files, articles and media");
  auto command = std::make_shared<ImportCommand>();
  import->add_option("FILE", command->files, "what to take in");
  import->add_flag("--articles", command->articles, "JSON lines of articles");
  import->add_flag("--media", command->media, "images and videos");
  CLI::Option* batch =
      import
          ->add_option("--batch", command->batch,
                       "lines {\"reference\",\"file\"}, with --media")
          ->type_name("FILE")
          ->expected(0, 1);
  import->add_flag("--reference", command->reference,
                   "keep path and digest only");
  import->add_flag("--acks", command->acks, "a line ACK <uri> once durable");
  import->footer(
      "Everything is verified on the way in; what lies is named or refused.\n"
      "examples:\n"
      "  stemma import crawl.warc.gz session.wacz\n"
      "  stemma import --articles wire.jsonl.gz");
  import->callback([&session, command, batch] {
    command->batch_given = batch->count() > 0;
    session.exit_code = Run(session, *command);
  });
}

}  // namespace stemma::cli
