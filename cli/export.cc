// stemma export: the archive, or some captures, for other programs.
#include "archive/export.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "archive/archive_reader.h"
#include "archive/index.h"
#include "cli/commands.h"
#include "cli/export_more.h"
#include "cli/export_report.h"
#include "cli/log_event.h"
#include "cli/session.h"

namespace stemma::cli {
namespace {

struct ExportCommand {
  std::vector<std::string> captures;
  std::string wacz, warc_gz, cdxj, proof, title;
  ReportChoice report;
  PackageSigning sign;
  bool log = false;
};

// Ids, or URLs that stand for their newest capture.
Result<std::vector<std::string>> Resolve(
    ArchiveReader& reader, const std::vector<std::string>& references) {
  std::vector<std::string> ids;
  for (const std::string& reference : references) {
    const bool url =
        reference.starts_with("http://") || reference.starts_with("https://");
    STEMMA_TRY(const CaptureRow row, url ? reader.NewestCaptureOf(reference)
                                         : reader.CaptureById(reference));
    ids.push_back(row.id);
  }
  return ids;
}

void Print(const Session& session, std::string_view form,
           const std::string& file, const ExportReport& report) {
  if (session.json) {
    *session.out << nlohmann::json{{"form", form},
                                   {"file", file},
                                   {"records", report.records},
                                   {"pages", report.pages},
                                   {"bytes", report.bytes},
                                   {"missing", report.missing}}
                        .dump()
                 << "\n";
    return;
  }
  *session.out << fmt::format("{}: {} records, {} bytes", ForTerminal(file),
                              report.records, report.bytes);
  if (report.pages > 0) *session.out << fmt::format(", {} pages", report.pages);
  *session.out << "\n";
  for (const std::string& id : report.missing) {
    session.Note(fmt::format("the original of revisit {} is not here", id));
  }
}

// What was handed out becomes an event. Of a folder its log of events stands
// for the whole: everything else in it hangs on that.
Status LogExport(const Session& session, const ExportCommand& command,
                 const std::vector<std::string>& captures) {
  const std::pair<const char*, std::string> forms[] = {
      {"warc-gz", command.warc_gz},
      {"wacz", command.wacz},
      {"cdxj", command.cdxj},
      {"report", command.report.file},
      {"proof", command.proof.empty() ? "" : command.proof + "/events.jsonl"}};
  nlohmann::json files = nlohmann::json::array();
  for (const auto& [form, path] : forms) {
    if (path.empty()) continue;
    STEMMA_TRY(nlohmann::json facts, FileFacts(path));
    facts["form"] = form;
    files.push_back(std::move(facts));
  }
  // A line has room for some hundred ids; more are counted.
  constexpr std::size_t kMostIds = 500;
  nlohmann::json fields = {{"files", files}, {"captures", captures.size()}};
  if (!captures.empty() && captures.size() <= kMostIds) fields["of"] = captures;
  STEMMA_TRY(const std::uint64_t seq,
             LogEvent(session, session.ArchiveDir(), "export", fields));
  session.Note(fmt::format("logged as event {}", seq));
  return {};
}

Status Export(Session& session, const ExportCommand& command) {
  STEMMA_TRY(const auto reader, ArchiveReader::Open(session.ArchiveDir()));
  ExportOptions options;
  STEMMA_TRY(options.captures, Resolve(*reader, command.captures));
  options.software = "stemma/" STEMMA_VERSION;
  options.title = command.title;
  options.now = session.clock();
  if (!command.warc_gz.empty()) {
    STEMMA_TRY(const ExportReport report,
               ExportWarcGz(*reader, command.warc_gz, options));
    Print(session, "warc-gz", command.warc_gz, report);
  }
  if (!command.wacz.empty()) {
    STEMMA_TRY(options.sign, PackageSigner(session, command.sign));
    STEMMA_TRY(const ExportReport report,
               ExportWacz(*reader, command.wacz, options));
    Print(session, "wacz", command.wacz, report);
  }
  if (!command.cdxj.empty()) {
    STEMMA_TRY(const ExportReport report, ExportCdxj(*reader, command.cdxj));
    Print(session, "cdxj", command.cdxj, report);
  }
  if (!command.report.file.empty()) {
    STEMMA_CHECK_OK(
        WriteCaptureReport(session, *reader, options.captures, command.report));
  }
  if (!command.proof.empty()) {
    STEMMA_CHECK_OK(
        ExportProof(session, *reader, options.captures, command.proof));
  }
  if (command.log) return LogExport(session, command, options.captures);
  return {};
}

}  // namespace

void AddExport(CLI::App& root, Session& session) {
  CLI::App* command = root.add_subcommand(
      "export", "the archive, or some captures, for other programs");
  auto options = std::make_shared<ExportCommand>();
  ExportCommand& o = *options;
  command->add_option("CAPTURE", o.captures, "ids or URLs [everything]");
  command->add_option("--wacz", o.wacz, "WACZ 1.1.1, for replay")
      ->type_name("FILE");
  command->add_option("--warc-gz", o.warc_gz, "one WARC, gzipped by record")
      ->type_name("FILE");
  command->add_option("--cdxj", o.cdxj, "index over the bundles")
      ->type_name("FILE");
  command
      ->add_option("--report", o.report.file,
                   "what the archive knows of CAPTURE, for people")
      ->type_name("FILE");
  AddReportOptions(*command, o.report);
  command->add_option("--proof", o.proof, "evidence anyone can check")
      ->type_name("DIR");
  const char* const signing = "a WACZ's title and signature";
  command->add_option("--title", o.title, "of the WACZ")
      ->type_name("TEXT")
      ->group(signing);
  command
      ->add_option("--sign-key", o.sign.key,
                   "sign the WACZ ('stemma key create --package')")
      ->type_name("FILE")
      ->group(signing);
  command
      ->add_option("--sign-domain", o.sign.domain,
                   "sign as this domain: needs the next two")
      ->type_name("HOST")
      ->needs("--sign-key")
      ->group(signing);
  command
      ->add_option("--sign-cert", o.sign.chain,
                   "certificate chain of the key (PEM)")
      ->type_name("FILE")
      ->group(signing);
  command->add_option("--timestamp", o.sign.timestamp, "RFC 3161 authority")
      ->type_name("URL")
      ->group(signing);
  command->add_flag("--log", o.log, "log it: an export event");
  AddNetworkOptions(*command, session);
  command->footer(
      "examples (no file is ever replaced):\n"
      "  stemma export --wacz archive.wacz\n"
      "  stemma export --report page.pdf https://example.org/report");
  command->callback([&session, options] {
    if (options->wacz.empty() && options->warc_gz.empty() &&
        options->cdxj.empty() && options->report.file.empty() &&
        options->proof.empty()) {
      *session.err << "stemma export: in which form? See --help.\n";
      session.exit_code = kUsage;
      return;
    }
    const PackageSigning& sign = options->sign;
    if (!sign.domain.empty() &&
        (sign.chain.empty() || sign.timestamp.empty())) {
      *session.err << "stemma export: --sign-domain needs --sign-cert and "
                      "--timestamp.\n";
      session.exit_code = kUsage;
      return;
    }
    const Status done = Export(session, *options);
    session.exit_code = done ? kDone : session.Fail(done.error());
  });
}

}  // namespace stemma::cli
