// Keys that sign WACZ packages: ECDSA, as wacz-auth 0.1.0 wants (the log's own
// Ed25519 keys cannot do it), in files under the rules of archive/key_file.h.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "archive/key_file.h"
#include "core/result.h"
#include "core/time.h"

namespace stemma {

// P-384 is what ArchiveWeb.page signs with and the only curve replayweb.page
// verifies in the anonymous form; P-256 is what domain certificates mostly are.
enum class PackageCurve { kP384, kP256 };

struct PackageKey {
  std::string spki;         // DER of the public key
  std::string fingerprint;  // SHA-256 of it, hex
  PackageCurve curve = PackageCurve::kP384;
  // ECDSA over SHA-256 of its argument, as a DER pair.
  std::function<Result<std::string>(std::string_view)> sign;
};

// Makes a key in a new file, and `file`.pub.pem beside it.
Result<PackageKey> CreatePackageKey(const std::filesystem::path& file,
                                    std::string_view passphrase,
                                    PackageCurve curve);
// kMalformed for a key on another curve or of another kind.
Result<PackageKey> LoadPackageKey(const std::filesystem::path& file,
                                  const Passphrase& passphrase);

// Makes datapackage-digest.json in the anonymous form: raw r || s for P-384, as
// browsers write it, a DER pair for P-256.
Result<std::string> SignPackage(std::string_view datapackage,
                                const PackageKey& key,
                                std::string_view software, TimePoint created);

// What the domain form takes besides the key.
struct DomainIdentity {
  std::string domain;     // a name in the certificate's subjectAltName
  std::string chain_pem;  // the key's certificate first
  // Gives an RFC 3161 response over its argument.
  std::function<Result<std::string>(std::string_view)> timestamp;
};

// The same in the domain form. kInvalidArgument when the certificate is of
// another key or does not name the domain, kMalformed when the timestamp is no
// good or more than 10 minutes from `created`.
Result<std::string> SignPackageForDomain(std::string_view datapackage,
                                         const PackageKey& key,
                                         const DomainIdentity& identity,
                                         std::string_view software,
                                         TimePoint created);

}  // namespace stemma
