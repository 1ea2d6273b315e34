// WACZ packages and their signatures (WACZ 1.1.1, wacz-auth 0.1.0), verified
// strictly: every member against its digest, the set of members, the digest of
// datapackage.json, and all ten steps of wacz-auth for the domain form, or the
// four of the anonymous form. Certificates are judged at the timestamp's
// genTime, against the given anchors alone.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/tsa.h"
#include "core/result.h"
#include "core/time.h"

namespace stemma {

struct WaczTrust {
  std::string domain_ca_pem;  // for domainCert and crossSignedCert
  std::string tsa_ca_pem;     // for timeSignature
};

// By the names of the vectors: "valid-signed", "valid-signed-anonymous",
// "valid-unsigned", "reject".
struct WaczVerdict {
  std::string state;
  std::string code, why;  // of a rejection: the first thing that is wrong
  std::vector<std::string> notes;  // what a report must say besides

  std::string domain;      // who signed, when it was a domain
  std::string key_sha256;  // fingerprint of the key, for both forms
  std::string created, software;
  std::optional<TimestampFacts> timestamp;
};

// kNotFound or kIo when the file cannot be read at all; everything else is a
// verdict.
Result<WaczVerdict> VerifyWacz(const std::filesystem::path& path,
                               const WaczTrust& trust, TimePoint now);

// The same for the signature alone: `datapackage` and `digest` are the bytes
// of datapackage.json and datapackage-digest.json.
WaczVerdict VerifyWaczSignature(std::string_view datapackage,
                                std::string_view digest, const WaczTrust& trust,
                                TimePoint now);

// The JSON of datapackage-digest.json with an anonymous signature. `sign`
// gives an ECDSA signature (DER or raw r || s) over its argument with the key
// whose SPKI is `spki`.
Result<std::string> SignWaczAnonymously(
    std::string_view datapackage, std::string_view spki,
    std::string_view software, TimePoint created,
    const std::function<Result<std::string>(std::string_view)>& sign);

}  // namespace stemma
