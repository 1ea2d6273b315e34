#include "cli/export_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string_view>
#include <utility>

#include "archive/archive_reader.h"
#include "archive/durable_file.h"
#include "archive/note.h"
#include "cli/memory.h"
#include "cli/print_pdf.h"
#include "cli/session.h"
#include "hash/sha256.h"
#include "review/report.h"
#include "review/report_csv.h"
#include "review/report_html.h"
#include "review/report_linked_data.h"
#include "trace/site_model.h"

namespace stemma::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::size_t kMaxPemBytes = std::size_t{16} << 20;
constexpr std::string_view kFormats[] = {"html", "json", "pdf",
                                         "csv",  "prov", "claimreview"};

std::string FormatOf(const ReportChoice& choice) {
  if (!choice.format.empty()) return choice.format;
  std::string ending = fs::path(choice.file).extension().string();
  if (!ending.empty()) ending.erase(0, 1);
  const bool known = ending == "json" || ending == "pdf" || ending == "csv";
  return known ? ending : "html";
}

Result<std::string> ReadNamed(const std::string& file) {
  if (file.empty()) return std::string();
  Result<std::string> bytes = ReadRegularFile(file, kMaxPemBytes);
  if (!bytes) return std::move(bytes).error().Context("reading " + file);
  return bytes;
}

Result<StatedFacts> ReadStated(const std::vector<std::string>& stated) {
  StatedFacts facts;
  for (const std::string& one : stated) {
    const std::size_t equals = one.find('=');
    const std::string key = one.substr(0, equals);
    if (equals == std::string::npos ||
        std::ranges::find(kStatedKeys, key) == std::end(kStatedKeys)) {
      return Error(ErrorCode::kInvalidArgument,
                   fmt::format("--state {}: write KEY=TEXT, where KEY is one "
                               "of {}",
                               one, fmt::join(kStatedKeys, ", ")));
    }
    facts[key] = one.substr(equals + 1);
  }
  return facts;
}

Result<EvidenceTrust> ReadTrust(const Session& session,
                                const ReportChoice& choice) {
  EvidenceTrust trust;
  trust.now = session.clock();
  for (const std::string& text : choice.vkeys) {
    Result<VerifierKey> key = ParseVerifierKey(text);
    if (!key) {
      STEMMA_TRY(const std::string from_file, ReadNamed(text));
      key = ParseVerifierKey(from_file);
    }
    if (!key) return std::move(key).error().Context("--vkey " + text);
    trust.keys.push_back(*std::move(key));
  }
  STEMMA_TRY(trust.tsa_ca_pem, ReadNamed(choice.tsa_ca));
  STEMMA_TRY(trust.tsa_untrusted_pem, ReadNamed(choice.tsa_untrusted));
  return trust;
}

std::string Rendered(const ReportDocument& report, std::string_view format) {
  const auto text = [](const Json& json) {
    return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  };
  if (format == "json") return ReportJson(report);
  if (format == "csv") return ReportCsv(report);
  if (format == "prov") return text(ReportProv(report));
  if (format == "claimreview") return text(ReportClaimReview(report));
  return ReportHtml(report);
}

// The page is printed from a file beside the PDF, which then goes.
Status WritePdf(const ReportDocument& report, const std::string& file) {
  const fs::path page = file + ".html";
  std::error_code failed;
  if (fs::exists(page, failed)) {
    return Error(ErrorCode::kRefused,
                 page.string() + ": exists, and is needed for printing");
  }
  STEMMA_CHECK_OK(WriteDurably(page, ReportHtml(report)));
  Status printed = PrintPdf(page, file);
  fs::remove(page, failed);
  return printed;
}

std::size_t FailedChecks(const Json& facts) {
  std::size_t failed = 0;
  const auto count = [&](const Json& checks) {
    for (const Json& check : checks) {
      failed += check.value("outcome", "") == "failed" ? 1 : 0;
    }
  };
  count(facts["checks"]);
  for (const Json& capture : facts["captures"]) count(capture["checks"]);
  return failed;
}

void Say(const Session& session, const ReportDocument& report,
         const std::string& file, const std::string& format) {
  const std::size_t failed = FailedChecks(report.facts);
  if (session.json) {
    *session.out << Json{{"form", "report"},
                         {"format", format},
                         {"file", file},
                         {"id", report.facts["id"]},
                         {"captures", report.facts["captures"].size()},
                         {"failed_checks", failed}}
                        .dump(-1, ' ', false, Json::error_handler_t::replace)
                 << "\n";
    return;
  }
  const std::size_t captures = report.facts["captures"].size();
  *session.out << fmt::format("{}: {} capture{} ({}), {}\n", ForTerminal(file),
                              captures, captures == 1 ? "" : "s", format,
                              failed == 0
                                  ? std::string("no check failed")
                                  : fmt::format("{} checks FAILED", failed));
}

}  // namespace

void AddReportOptions(CLI::App& command, ReportChoice& choice) {
  const std::vector<std::string> formats(std::begin(kFormats),
                                         std::end(kFormats));
  command
      .add_option("--format", choice.format,
                  "html, json, pdf, csv, prov or claimreview")
      ->type_name("FORM")
      ->check(CLI::IsMember(formats))
      ->needs("--report");
  command
      .add_option("--state", choice.stated,
                  "in the report: operator, case, basis, ...")
      ->type_name("KEY=TEXT")
      ->allow_extra_args(false);
  const char* const trust = "whom a report trusts, as check";
  command
      .add_option("--vkey", choice.vkeys, "verifier key of the log, or file")
      ->type_name("KEY")
      ->allow_extra_args(false)
      ->group(trust);
  command
      .add_option("--tsa-ca", choice.tsa_ca, "roots of timestamp authorities")
      ->type_name("FILE")
      ->group(trust);
  command
      .add_option("--tsa-untrusted", choice.tsa_untrusted,
                  "their other certificates and lists")
      ->type_name("FILE")
      ->group(trust);
}

Status WriteCaptureReport(Session& session, ArchiveReader& reader,
                          const std::vector<std::string>& captures,
                          const ReportChoice& choice) {
  if (captures.empty()) {
    return Error(ErrorCode::kInvalidArgument,
                 "a report is about captures: name one or more ids or URLs; "
                 "'stemma list' shows them");
  }
  std::error_code failed;
  if (fs::exists(choice.file, failed)) {
    return Error(ErrorCode::kRefused, choice.file + ": exists");
  }
  const std::string format = FormatOf(choice);
  if (format == "pdf" && PdfPrinter().empty()) {
    return PrintPdf({}, choice.file);  // says what is missing
  }
  ReportOrder order;
  order.captures = captures;
  STEMMA_TRY(order.trust, ReadTrust(session, choice));
  STEMMA_TRY(order.stated, ReadStated(choice.stated));
  order.tool = "stemma " STEMMA_VERSION;
  STEMMA_TRY(const std::unique_ptr<Memory> memory, Memory::Open(reader.dir()));
  order.sites = &memory->sites();
  order.pictures = format == "html" || format == "pdf";
  STEMMA_TRY(const ReportDocument report, GatherReport(reader, order));
  STEMMA_CHECK_OK(format == "pdf"
                      ? WritePdf(report, choice.file)
                      : WriteDurably(choice.file, Rendered(report, format)));
  Say(session, report, choice.file, format);
  return {};
}

}  // namespace stemma::cli
