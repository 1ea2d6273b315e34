// Trusted timestamps, RFC 3161: requests, and a strict verifier of responses.
//
// Stricter than `openssl ts -verify`, which takes trailing bytes, BER, a
// genTime without zone or of a month 13, one years before the unit's
// certificate existed, a SHA-1 imprint, and unknown critical extensions. All
// certificates are checked at genTime, against the given anchors alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/time.h"
#include "hash/labelled_digest.h"

namespace stemma {

// The DER of a TimeStampReq over `data`: version 1, certReq TRUE, this nonce
// (8 bytes or more of randomness; it is what makes an answer ours).
Result<std::string> MakeTimestampQuery(std::string_view data,
                                       DigestAlgorithm algorithm,
                                       std::string_view nonce);

// The media types of RFC 3161 3.4.
inline constexpr std::string_view kTimestampQueryType =
    "application/timestamp-query";
inline constexpr std::string_view kTimestampReplyType =
    "application/timestamp-reply";

struct TimestampTrust {
  std::string ca_pem = {};         // roots; nothing else is trusted
  std::string untrusted_pem = {};  // intermediates, unit certificates, CRLs
  // Take the token's own certificates as anchors: shows that the token is
  // whole, and nothing about who made it.
  bool own_chain = false;
};

// What a token says of itself, for the report.
struct TimestampFacts {
  TimePoint gen_time;
  std::string gen_time_text;               // as written, "20260303000000Z"
  std::string policy;                      // OID, dotted
  std::string serial;                      // hex
  std::string nonce;                       // hex, empty when there is none
  std::string imprint_algorithm, imprint;  // "sha256", hex
  std::string accuracy;                    // "1.500 s", empty when not stated
  bool ordering = false;
  std::string tsa_name;     // subject of the unit's certificate
  std::string unit_sha256;  // of that certificate, hex
  std::optional<TimePoint> unit_not_before, unit_not_after;
  bool expired_since = false;  // the unit's certificate has ended by now
  std::string revocation;      // "good" or "not checked"
};

// `code` is empty when the token is good, else the first reason it is not:
//   empty, not-a-response (html-page), truncated, bare-token, trailing-bytes,
//   not-der, status, token-missing, tst-version, gentime-form,
//   gentime-future, imprint-alg, critical-extension, imprint-differs,
//   nonce-differs, policy-differs, signer-missing, ess-missing,
//   eku, expired-at-gentime, not-yet-valid-at-gentime, untrusted-root,
//   signature-invalid, revoked, query-malformed
struct TimestampVerdict {
  std::string code, why;
  std::optional<TimestampFacts> facts;  // as far as they could be read
  bool ok() const { return code.empty(); }
};

struct TimestampInput {
  std::string_view response = {};               // the .tsr file
  std::optional<std::string_view> query = {};   // the .tsq file
  std::optional<std::string_view> data = {};    // what was stamped
  std::optional<std::string_view> digest = {};  // or its digest, raw bytes
};

// Verifies a response against its query, the data, or both; with neither the
// imprint cannot be checked and the code is "imprint-differs".
TimestampVerdict VerifyTimestamp(const TimestampInput& input,
                                 const TimestampTrust& trust, TimePoint now);

// Reads the facts of a response without judging it.
std::optional<TimestampFacts> ReadTimestamp(std::string_view response);

// The certificates a response carries, as PEM each.
std::vector<std::string> TokenCertificates(std::string_view response);

}  // namespace stemma
