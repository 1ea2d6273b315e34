#include "archive/proof_certificates.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>

#include "archive/certificates.h"
#include "archive/durable_file.h"
#include "archive/index_rows.h"
#include "archive/jcs.h"
#include "archive/tls_evidence.h"
#include "core/url.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::size_t kMaxFile = std::size_t{1} << 20;
constexpr std::string_view kTlsUri = "urn:stemma:tls:";
constexpr std::string_view kOcspUri = "urn:stemma:ocsp:";
constexpr std::string_view kSctUri = "urn:stemma:sct:";

bool IsDigest(std::string_view text) {
  return text.size() == 64 &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string TextOf(const Json& json, const char* key) {
  const auto at = json.find(key);
  return at != json.end() && at->is_string() ? at->get<std::string>()
                                             : std::string();
}

// A name that a certificate can bear; addresses are not compared.
std::string HostOf(const std::string& url) {
  const Result<Url> parsed = Url::Parse(url);
  if (!parsed) return {};
  std::string host = parsed->host();
  const bool address =
      host.empty() || host.front() == '[' ||
      host.find_first_not_of("0123456789.") == std::string::npos;
  return address ? std::string() : host;
}

// --- Writing ---------------------------------------------------------------

class CertificateWriter {
 public:
  CertificateWriter(ArchiveReader& reader, fs::path folder,
                    std::set<std::string> wanted, bool all)
      : reader_(reader),
        folder_(std::move(folder)),
        wanted_(std::move(wanted)),
        all_(all) {}

  Result<std::set<std::string>> Run() {
    if (wanted_.empty() && !all_) return wanted_;
    STEMMA_CHECK_OK(
        reader_.ForEachEvent([&](std::string_view line, const Json& event) {
          return TakeFrom(line, event);
        }));
    return wanted_;
  }

 private:
  // Most events name no such record: their text is asked before their parts.
  Status TakeFrom(std::string_view line, const Json& event) {
    const auto names = [&](std::string_view uri) {
      return line.find(uri) != std::string_view::npos;
    };
    if (!names(kTlsUri) && !names(kOcspUri) && !names(kSctUri)) return {};
    for (const RecordInfo& record : RecordsInEvent(event)) {
      STEMMA_CHECK_OK(Take(record));
    }
    return {};
  }

  Status Take(const RecordInfo& record) {
    const bool chain = record.uri.starts_with(kTlsUri);
    const bool ocsp = record.uri.starts_with(kOcspUri);
    if (!chain && !ocsp && !record.uri.starts_with(kSctUri)) return {};
    if (!chain && !Wants(record.uri.substr(record.uri.rfind(':') + 1))) {
      return {};
    }
    // A record that was redacted cannot be given; it stays on the list.
    const Result<StoredRecord> stored = reader_.RecordById(record.id);
    if (!stored || stored->block.size() > kMaxFile) return {};
    STEMMA_TRY(const std::string block, stored->block.ReadAll(kMaxFile));
    if (!chain) return Write(block, ocsp ? ".ocsp" : ".sct");
    const Result<std::vector<std::string>> certificates =
        CertificatesOfPem(block);
    if (!certificates) return {};
    for (const std::string& der : *certificates) {
      STEMMA_CHECK_OK(Write(der, ".der"));
    }
    return {};
  }

  bool Wants(const std::string& digest) const {
    return wanted_.contains(digest) || (all_ && !written_.contains(digest));
  }

  Status Write(const std::string& bytes, std::string_view ending) {
    const std::string digest = Sha256Of(bytes).Hex();
    if (!Wants(digest)) return {};
    if (written_.empty()) {
      std::error_code failed;
      fs::create_directories(folder_ / "certificates", failed);
    }
    STEMMA_CHECK_OK(WriteDurably(
        folder_ / "certificates" / (digest + std::string(ending)), bytes));
    written_.insert(digest);
    wanted_.erase(digest);
    return {};
  }

  ArchiveReader& reader_;
  fs::path folder_;
  std::set<std::string> wanted_, written_;
  bool all_;
};

// --- Checking --------------------------------------------------------------

class CertificateChecker {
 public:
  CertificateChecker(const fs::path& folder, const EvidenceTrust& trust,
                     EvidenceReport& report, FindingList& findings)
      : folder_(folder), trust_(trust), report_(report), findings_(findings) {}

  void Run() {
    ReadFiles();
    ReadHandover();
    std::vector<std::string> events;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(folder_, failed)) {
      std::string name = entry.path().filename().string();
      if (name.starts_with("capture-") && name.ends_with(".event.json")) {
        events.push_back(std::move(name));
      }
    }
    std::sort(events.begin(), events.end());
    for (const std::string& name : events) {
      const auto line = ReadRegularFile(folder_ / name, kMaxFile);
      const auto connection =
          line ? ReadConnection(*line) : std::optional<ConnectionDigests>();
      if (connection) CheckConnection(name, *connection);
    }
  }

 private:
  void Report(std::string code, Weight weight, const std::string& where,
              std::string what) {
    findings_.Add(
        {std::move(code), weight, where, std::move(what), std::nullopt});
  }

  // A file is what its name says, or altered.
  void ReadFiles() {
    std::error_code failed;
    std::vector<fs::path> paths;
    for (const auto& entry :
         fs::directory_iterator(folder_ / "certificates", failed)) {
      paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    for (const fs::path& path : paths) {
      const std::string name = "certificates/" + path.filename().string();
      Result<std::string> bytes = ReadRegularFile(path, kMaxFile);
      if (!bytes) {
        Report("not-regular-file", Weight::kAltered, name,
               bytes.error().message());
      } else if (Sha256Of(*bytes).Hex() != path.stem().string()) {
        Report("certificate-mismatch", Weight::kAltered, name,
               "its SHA-256 is not its name");
      } else {
        files_[path.filename().string()] = *std::move(bytes);
      }
    }
  }

  void ReadHandover() {
    const auto bytes = ReadRegularFile(folder_ / "handover.json", kMaxFile);
    const Result<Json> json = bytes
                                  ? ParseStrict(*bytes, {.max_bytes = kMaxFile})
                                  : Result<Json>(bytes.error());
    if (!json || !json->is_object()) return;
    const auto list = json->find("certificates_not_given");
    if (list == json->end() || !list->is_array()) return;
    for (const Json& item : *list) {
      if (item.is_string()) not_given_.insert(item.get<std::string>());
    }
  }

  // The file's bytes; nullptr after saying what is missing.
  const std::string* File(const std::string& event, const std::string& digest,
                          const std::string& ending) {
    const auto at = files_.find(digest + ending);
    if (at != files_.end()) return &at->second;
    const std::string name = "certificates/" + digest + ending;
    if (not_given_.contains(digest)) {
      report_.not_checked.push_back(name + ": not part of this hand-over");
    } else {
      Report("certificate-missing", Weight::kIncomplete, name,
             event + " names it");
    }
    return nullptr;
  }

  void CheckConnection(const std::string& event,
                       const ConnectionDigests& connection) {
    std::vector<std::string> chain;
    for (const std::string& digest : connection.certificates) {
      if (const std::string* der = File(event, digest, ".der")) {
        chain.push_back(*der);
      }
    }
    const std::string* staple = connection.ocsp.empty()
                                    ? nullptr
                                    : File(event, connection.ocsp, ".ocsp");
    if (!connection.sct_list.empty()) {
      File(event, connection.sct_list, ".sct");
    }
    if (chain.size() != connection.certificates.size()) return;
    const std::optional<TimePoint> at = ParseTime(connection.t);
    if (!at) return;
    JudgeChain(event, connection, chain, *at);
    if (staple != nullptr && chain.size() > 1) {
      JudgeStaple(event, *staple, chain, *at);
    }
  }

  void JudgeChain(const std::string& event, const ConnectionDigests& connection,
                  const std::vector<std::string>& chain, TimePoint at) {
    if (connection.verify != "ok") {
      Report("certificate-not-verified", Weight::kNote, event,
             "the connection was not trusted when it was made: " +
                 connection.verify);
      return;
    }
    if (trust_.web_ca_pem.empty()) {
      report_.not_checked.push_back(
          event + ": the certificate chain, for want of --web-ca");
      return;
    }
    const Status good =
        VerifyChain(chain, trust_.web_ca_pem, CertificateUse::kTlsServer,
                    connection.host, at, Strictness::kAsClientsDo);
    if (good) {
      Report("certificates", Weight::kNote, event,
             "the certificate chain leads to a given root at " + connection.t);
    } else {
      Report("certificate-not-trusted", Weight::kCannotCheck, event,
             good.error().message() + " (at " + connection.t + ")");
    }
  }

  void JudgeStaple(const std::string& event, const std::string& staple,
                   const std::vector<std::string>& chain, TimePoint at) {
    const Result<OcspFacts> ocsp = ReadOcsp(staple, chain[0], chain[1], at);
    const std::string why = ocsp ? ocsp->fault : ocsp.error().message();
    if (why.empty()) {
      Report("ocsp", Weight::kNote, event,
             "the stapled OCSP response says " + ocsp->status +
                 ", signed for the issuer");
    } else {
      Report("ocsp-not-verified", Weight::kNote, event,
             "the stapled OCSP response: " + why);
    }
  }

  const fs::path& folder_;
  const EvidenceTrust& trust_;
  EvidenceReport& report_;
  FindingList& findings_;
  std::map<std::string, std::string> files_;  // name -> bytes
  std::set<std::string> not_given_;
};

}  // namespace

std::optional<ConnectionDigests> ReadConnection(std::string_view event_line) {
  const Result<Json> event = ParseStrict(event_line);
  if (!event || !event->is_object()) return std::nullopt;
  const auto facts = event->find("connection");
  if (facts == event->end() || !facts->is_object()) return std::nullopt;
  const auto chain = facts->find("certificates");
  if (chain == facts->end() || !chain->is_array()) return std::nullopt;
  ConnectionDigests found;
  for (const Json& item : *chain) {
    std::string digest = item.is_string() ? item.get<std::string>() : "";
    if (!IsDigest(digest)) return std::nullopt;
    found.certificates.push_back(std::move(digest));
  }
  if (found.certificates.empty()) return std::nullopt;
  const auto ocsp = facts->find("ocsp");
  if (ocsp != facts->end() && ocsp->is_object()) {
    found.ocsp = TextOf(*ocsp, "sha256");
  }
  found.sct_list = TextOf(*facts, "sct_list_sha256");
  if (!IsDigest(found.ocsp)) found.ocsp.clear();
  if (!IsDigest(found.sct_list)) found.sct_list.clear();
  found.verify = TextOf(*facts, "tls_verify");
  found.host = HostOf(TextOf(*event, "final"));
  found.t = TextOf(*event, "t");
  return found;
}

Result<std::set<std::string>> WriteCertificates(
    ArchiveReader& reader, const fs::path& folder,
    const std::vector<std::string>& events, bool all) {
  std::set<std::string> wanted;
  for (const std::string& line : events) {
    const auto connection = ReadConnection(line);
    if (!connection) continue;
    wanted.insert(connection->certificates.begin(),
                  connection->certificates.end());
    if (!connection->ocsp.empty()) wanted.insert(connection->ocsp);
    if (!connection->sct_list.empty()) wanted.insert(connection->sct_list);
  }
  return CertificateWriter(reader, folder, std::move(wanted), all).Run();
}

void CheckCertificates(const fs::path& folder, const EvidenceTrust& trust,
                       EvidenceReport& report, FindingList& findings) {
  CertificateChecker(folder, trust, report, findings).Run();
}

}  // namespace stemma
