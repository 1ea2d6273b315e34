#include "cli/export_more.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "archive/durable_file.h"
#include "archive/package_key.h"
#include "archive/proof_export.h"
#include "cli/capture_now.h"
#include "cli/session.h"
#include "cli/sign_archive.h"

namespace stemma::cli {
namespace {

constexpr std::string_view kSoftware = "stemma/" STEMMA_VERSION;

}  // namespace

Result<DatapackageSigner> PackageSigner(const Session& session,
                                        const PackageSigning& how) {
  if (how.key.empty()) return DatapackageSigner();
  Result<PackageKey> key = LoadPackageKey(how.key, PassphraseFor(how.key));
  if (!key) return std::move(key).error().Context("the key for the package");
  if (how.domain.empty()) {
    return DatapackageSigner(
        [key = *std::move(key), &session](std::string_view datapackage) {
          return SignPackage(datapackage, key, kSoftware, session.clock());
        });
  }
  DomainIdentity identity;
  identity.domain = how.domain;
  STEMMA_TRY(identity.chain_pem, ReadRegularFile(how.chain, 1 << 20));
  identity.timestamp = [&session, url = how.timestamp](std::string_view data) {
    return TimestampOver(session, PolicyOf(session), url, data);
  };
  return DatapackageSigner([key = *std::move(key), identity,
                            &session](std::string_view datapackage) {
    return SignPackageForDomain(datapackage, key, identity, kSoftware,
                                session.clock());
  });
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
