// X.509 certificates as evidence: reading chains, and judging one at a moment
// in the past against given anchors alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/time.h"

namespace stemma {

// DER of each certificate in PEM text, in order. kMalformed when a block does
// not read; PEM of other kinds is skipped.
Result<std::vector<std::string>> CertificatesOfPem(std::string_view pem);

struct CertificateFacts {
  std::string subject, issuer, serial;  // RFC 2253 names, hex
  std::optional<TimePoint> not_before, not_after;
  std::string sha256;                  // of the DER, hex
  std::string spki;                    // DER of the public key
  std::vector<std::string> dns_names;  // of subjectAltName
};
Result<CertificateFacts> ReadCertificate(std::string_view der);

enum class CertificateUse { kTlsServer, kTimestamping };
// kAsClientsDo: certificates need not be of RFC 5280's form to the letter, as
// web browsers and curl have it.
enum class Strictness { kStrict, kAsClientsDo };

// Whether `chain` (leaf first; the rest in any order, untrusted) leads from
// its leaf to one of `anchors_pem` at time `at`, every certificate strictly
// formed and allowed for its place (RFC 5280; an end-entity certificate issues
// nothing). `host`: the leaf must also name it in subjectAltName; empty: any.
// kMalformed says why not.
Status VerifyChain(const std::vector<std::string>& chain,
                   std::string_view anchors_pem, CertificateUse use,
                   std::string_view host, TimePoint at,
                   Strictness strictness = Strictness::kStrict);

// ECDSA over SHA-256 of `message` with a P-256 or P-384 key given as SPKI DER.
// `signature` is a DER pair or raw r || s; which of them is decided by length
// and first byte, and only that one is tried.
Status VerifyEcdsa(std::string_view spki, std::string_view message,
                   std::string_view signature);

}  // namespace stemma
