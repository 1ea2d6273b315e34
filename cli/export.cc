// stemma export: the archive, or some captures, for other programs.
#include "archive/export.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "archive/archive_reader.h"
#include "archive/index.h"
#include "cli/commands.h"
#include "cli/export_more.h"
#include "cli/export_report.h"
#include "cli/session.h"

namespace stemma::cli {
namespace {

struct ExportCommand {
  std::vector<std::string> captures;
  std::string wacz, warc_gz, cdxj, proof, title;
  ReportChoice report;
  PackageSigning sign;
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
  const char* const signing = "a WACZ's signature";
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
  command->add_option("--title", o.title, "of the WACZ")->type_name("TEXT");
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
