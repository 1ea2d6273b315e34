// The records a TLS connection leaves: its certificate chain, the stapled OCSP
// response and the list of timestamps, each once per bundle.
#include <fmt/format.h>

#include "archive/archive_core.h"
#include "core/base64.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

std::string KeyOfChain(const Connection& connection) {
  std::string key = "chain ";
  for (const std::string& der : connection.certificates) {
    key += Sha256Of(der).Hex();
  }
  return key;
}

// What else the peer sent with its chain.
struct Attachment {
  std::string_view kind, mime, bytes;
};

std::vector<Attachment> AttachmentsOf(const Connection& connection) {
  std::vector<Attachment> found;
  if (!connection.ocsp_staple.empty()) {
    found.push_back(
        {"ocsp", "application/ocsp-response", connection.ocsp_staple});
  }
  if (!connection.sct_list.empty()) {
    found.push_back({"sct", "application/octet-stream", connection.sct_list});
  }
  return found;
}

std::string KeyOf(const Attachment& attachment) {
  return std::string(attachment.kind) + " " + Sha256Of(attachment.bytes).Hex();
}

std::string PemOf(const Connection& connection) {
  std::string pem;
  for (const std::string& der : connection.certificates) {
    const std::string text = Base64Of(der);
    pem += "-----BEGIN CERTIFICATE-----\n";
    for (std::size_t i = 0; i < text.size(); i += 64) {
      pem += text.substr(i, 64) + "\n";
    }
    pem += "-----END CERTIFICATE-----\n";
  }
  return pem;
}

}  // namespace

std::optional<std::string> ArchiveCore::KnownChain(
    const Lane& lane, const Connection& connection) const {
  if (connection.certificates.empty()) return std::string();
  for (const Attachment& attachment : AttachmentsOf(connection)) {
    if (!lane.tls_records.contains(KeyOf(attachment))) return std::nullopt;
  }
  const auto known = lane.tls_records.find(KeyOfChain(connection));
  if (known == lane.tls_records.end()) return std::nullopt;
  return known->second;
}

Result<std::string> ArchiveCore::ChainRecords(
    Lane& lane, const Connection& connection, std::string_view host,
    const std::string& date, std::vector<RecordInfo>* written) {
  if (auto known = KnownChain(lane, connection)) return *std::move(known);
  const auto write = [&](const std::string& key, std::string_view kind,
                         std::string_view mime, std::string_view named_by,
                         std::string_view body,
                         const std::string& beside) -> Result<std::string> {
    const auto known = lane.tls_records.find(key);
    if (known != lane.tls_records.end()) return known->second;
    RecordDraft record;
    const std::string id = NewId();
    record.header.Add("WARC-Type", "resource");
    record.header.Add("WARC-Record-ID", "<" + id + ">");
    record.header.Add("WARC-Date", date);
    record.header.Add("WARC-Target-URI", UriForHeader(fmt::format(
                                             "urn:stemma:{}:{}:{}", kind, host,
                                             Sha256Of(named_by).Hex())));
    if (!beside.empty()) {
      record.header.Add("WARC-Concurrent-To", "<" + beside + ">");
    }
    record.header.Add("Content-Type", mime);
    record.body = body;
    STEMMA_TRY(RecordInfo info, Write(lane, record));
    written->push_back(std::move(info));
    lane.tls_records[key] = id;
    return id;
  };
  STEMMA_TRY(
      const std::string chain,
      write(KeyOfChain(connection), "tls", "application/pem-certificate-chain",
            connection.certificates[0], PemOf(connection), ""));
  for (const Attachment& attachment : AttachmentsOf(connection)) {
    STEMMA_TRY(const std::string id,
               write(KeyOf(attachment), attachment.kind, attachment.mime,
                     attachment.bytes, attachment.bytes, chain));
    static_cast<void>(id);
  }
  return chain;
}

}  // namespace stemma
