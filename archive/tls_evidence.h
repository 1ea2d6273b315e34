// What a TLS connection left besides its certificates, as evidence: Signed
// Certificate Timestamps (RFC 6962 3.3: from the certificate, the handshake or
// the OCSP response) and the stapled OCSP response (RFC 6960). A timestamp's
// signature can only be checked with its log's key, which we do not have: they
// are read, not judged.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/time.h"

namespace stemma {

struct SctFacts {
  std::string log_id;  // hex, SHA-256 of the log's key
  TimePoint time;      // when that log promised to list the certificate
  std::string from;    // "certificate", "handshake", "ocsp"
};

// At most 16 of each place; what does not read gives none. `leaf` is DER,
// `sct_list` the content of the TLS extension, `staple` a DER OCSPResponse.
std::vector<SctFacts> ReadScts(std::string_view leaf, std::string_view sct_list,
                               std::string_view staple);

struct OcspFacts {
  std::string status;  // "good", "revoked", "unknown"
  std::optional<TimePoint> this_update, next_update;
  // Why it does not count for this certificate at this time: not signed by or
  // for the issuer, outside its period. Empty: it does.
  std::string fault;
};

// Reads what `staple` says of `leaf`, which `issuer` issued (DER all), and
// judges it at time `at`. kMalformed: no answer about this certificate.
Result<OcspFacts> ReadOcsp(std::string_view staple, std::string_view leaf,
                           std::string_view issuer, TimePoint at);

}  // namespace stemma
