#include "cli/connection_facts.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "archive/tls_evidence.h"
#include "core/result.h"
#include "hash/sha256.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::json;

// What came with the certificates, for the event that binds it.
void AddTlsFacts(const Connection& connection, TimePoint at, Json& facts) {
  Json scts = Json::array();
  for (const SctFacts& sct :
       ReadScts(connection.certificates[0], connection.sct_list,
                connection.ocsp_staple)) {
    scts.push_back({{"log", sct.log_id},
                    {"t", FormatMillis(sct.time)},
                    {"from", sct.from}});
  }
  if (!scts.empty()) facts["scts"] = std::move(scts);
  if (!connection.sct_list.empty()) {
    facts["sct_list_sha256"] = Sha256Of(connection.sct_list).Hex();
  }
  if (connection.ocsp_staple.empty()) return;
  Json ocsp = {{"sha256", Sha256Of(connection.ocsp_staple).Hex()}};
  const Result<OcspFacts> read =
      connection.certificates.size() < 2
          ? Error(ErrorCode::kMalformed, "the issuer was not sent")
          : ReadOcsp(connection.ocsp_staple, connection.certificates[0],
                     connection.certificates[1], at);
  if (!read) {
    ocsp["fault"] = read.error().message();
  } else {
    ocsp["status"] = read->status;
    if (read->this_update) {
      ocsp["this_update"] = FormatSeconds(*read->this_update);
    }
    if (read->next_update) {
      ocsp["next_update"] = FormatSeconds(*read->next_update);
    }
    if (!read->fault.empty()) ocsp["fault"] = read->fault;
  }
  facts["ocsp"] = std::move(ocsp);
}

}  // namespace

Json ConnectionFacts(const Connection& connection, TimePoint at) {
  Json facts = {{"peer", connection.peer_address},
                {"port", connection.peer_port},
                {"protocol", connection.http_protocol}};
  if (!connection.local_address.empty()) {
    facts["local"] = connection.local_address;
  }
  if (!connection.tls_protocol.empty()) {
    facts["tls"] = connection.tls_protocol;
    facts["cipher"] = connection.cipher_suite;
  }
  if (!connection.tls_verify.empty()) {
    facts["tls_verify"] = connection.tls_verify;
    facts["close_notify"] = connection.tls_close_notify;
  }
  Json chain = Json::array();
  for (const std::string& der : connection.certificates) {
    chain.push_back(Sha256Of(der).Hex());
  }
  if (!chain.empty()) {
    facts["certificates"] = std::move(chain);
    AddTlsFacts(connection, at, facts);
  }
  return facts;
}

}  // namespace stemma::cli
