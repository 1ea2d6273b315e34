#include "archive/package_key.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "archive/certificates.h"
#include "archive/durable_file.h"
#include "archive/tsa.h"
#include "archive/wacz_auth.h"
#include "core/base64.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeSignature {
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};

Result<std::string> SignWith(const PrivateKey& key, std::string_view message) {
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  std::string signature(160, '\0');
  std::size_t size = signature.size();
  const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr,
                         key.get()) != 1 ||
      EVP_DigestSign(context.get(),
                     reinterpret_cast<unsigned char*>(signature.data()), &size,
                     bytes, message.size()) != 1) {
    ERR_clear_error();
    return Error(ErrorCode::kIo, "signing with ECDSA failed");
  }
  signature.resize(size);
  return signature;
}

std::string SpkiOf(EVP_PKEY* key) {
  unsigned char* out = nullptr;
  const int size = i2d_PUBKEY(key, &out);
  if (size <= 0) return {};
  std::string der(reinterpret_cast<char*>(out), static_cast<std::size_t>(size));
  OPENSSL_free(out);
  return der;
}

Result<PackageKey> KeyFrom(PrivateKey key, const std::filesystem::path& file) {
  std::array<char, 32> group{};
  std::size_t length = 0;
  const bool ecdsa = EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_EC &&
                     EVP_PKEY_get_group_name(key.get(), group.data(),
                                             group.size(), &length) == 1;
  const std::string_view curve(group.data(), ecdsa ? length : 0);
  const bool p256 = curve == "prime256v1" || curve == "P-256";
  const bool p384 = curve == "secp384r1" || curve == "P-384";
  if (!p256 && !p384) {
    return Error(ErrorCode::kMalformed,
                 file.string() +
                     ": packages are signed with ECDSA on P-256 or P-384, and "
                     "this is another kind of key");
  }
  PackageKey made;
  made.spki = SpkiOf(key.get());
  made.fingerprint = Sha256Of(made.spki).Hex();
  made.curve = p256 ? PackageCurve::kP256 : PackageCurve::kP384;
  made.sign = [key = std::move(key)](std::string_view message) {
    return SignWith(key, message);
  };
  return made;
}

// r || s of fixed width, as Web Crypto writes a signature.
Result<std::string> RawPair(std::string_view der, int width) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const std::unique_ptr<ECDSA_SIG, FreeSignature> pair(
      d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  const auto size = static_cast<std::size_t>(width);
  std::string raw(2 * size, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  if (!pair || BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), out, width) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), out + size, width) < 0) {
    ERR_clear_error();
    return Error(ErrorCode::kIo, "the signature is no pair of numbers");
  }
  return raw;
}

std::string PemOf(std::string_view label, std::string_view der) {
  const std::string base64 = Base64Of(der);
  std::string pem = "-----BEGIN " + std::string(label) + "-----\n";
  for (std::size_t i = 0; i < base64.size(); i += 64) {
    pem += base64.substr(i, 64) + "\n";
  }
  return pem + "-----END " + std::string(label) + "-----\n";
}

// The token's certificates with that of its unit first, as step 6 wants.
Result<std::string> ChainOfToken(std::string_view response,
                                 const TimestampFacts& facts) {
  std::string rest, unit;
  for (const std::string& pem : TokenCertificates(response)) {
    STEMMA_TRY(const std::vector<std::string> der, CertificatesOfPem(pem));
    const bool first =
        !der.empty() && Sha256Of(der.front()).Hex() == facts.unit_sha256;
    (first ? unit : rest) += pem;
  }
  if (unit.empty()) {
    return Error(ErrorCode::kMalformed,
                 "the timestamp does not carry its unit's certificate");
  }
  return unit + rest;
}

Status CheckIdentity(const PackageKey& key, const DomainIdentity& identity) {
  STEMMA_TRY(const std::vector<std::string> chain,
             CertificatesOfPem(identity.chain_pem));
  if (chain.empty()) {
    return Error(ErrorCode::kInvalidArgument, "no certificate in the chain");
  }
  STEMMA_TRY(const CertificateFacts leaf, ReadCertificate(chain.front()));
  if (leaf.spki != key.spki) {
    return Error(ErrorCode::kInvalidArgument,
                 "the first certificate is not of the key that signs");
  }
  const auto& names = leaf.dns_names;
  if (std::find(names.begin(), names.end(), identity.domain) == names.end()) {
    return Error(ErrorCode::kInvalidArgument,
                 "the certificate does not name " + identity.domain);
  }
  return {};
}

}  // namespace

Result<PackageKey> CreatePackageKey(const std::filesystem::path& file,
                                    std::string_view passphrase,
                                    PackageCurve curve) {
  const std::filesystem::path public_file = file.string() + ".pub.pem";
  STEMMA_CHECK_OK(RefuseToOverwriteKey(public_file));
  const char* name = curve == PackageCurve::kP256 ? "P-256" : "P-384";
  PrivateKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", name),
                 EVP_PKEY_free);
  if (!key) return Error(ErrorCode::kIo, "making an ECDSA key failed");
  STEMMA_CHECK_OK(StorePrivateKey(file, key, passphrase));
  STEMMA_TRY(PackageKey made, KeyFrom(std::move(key), file));
  STEMMA_CHECK_OK(
      WriteDurably(public_file, PemOf("PUBLIC KEY", made.spki), 0644));
  return made;
}

Result<PackageKey> LoadPackageKey(const std::filesystem::path& file,
                                  const Passphrase& passphrase) {
  STEMMA_TRY(PrivateKey key, ReadPrivateKey(file, passphrase));
  return KeyFrom(std::move(key), file);
}

Result<std::string> SignPackage(std::string_view datapackage,
                                const PackageKey& key,
                                std::string_view software, TimePoint created) {
  const auto sign = [&key](std::string_view text) -> Result<std::string> {
    STEMMA_TRY(std::string der, key.sign(text));
    if (key.curve == PackageCurve::kP256) return der;
    return RawPair(der, 48);
  };
  return SignWaczAnonymously(datapackage, key.spki, software, created, sign);
}

Result<std::string> SignPackageForDomain(std::string_view datapackage,
                                         const PackageKey& key,
                                         const DomainIdentity& identity,
                                         std::string_view software,
                                         TimePoint created) {
  STEMMA_CHECK_OK(CheckIdentity(key, identity));
  const std::string hash = Sha256Of(datapackage).Labelled();
  STEMMA_TRY(const std::string pair, key.sign(hash));
  const std::string signature = Base64Of(pair);
  STEMMA_TRY(const std::string response, identity.timestamp(signature));
  const TimestampVerdict stamp = VerifyTimestamp(
      {.response = response, .data = signature}, {.own_chain = true}, created);
  if (!stamp.ok()) {
    return Error(ErrorCode::kMalformed,
                 "the timestamp: " + stamp.code + ": " + stamp.why);
  }
  if (std::chrono::abs(stamp.facts->gen_time - created) >
      std::chrono::minutes(10)) {
    return Error(ErrorCode::kMalformed,
                 "the timestamp lies more than 10 minutes from our clock");
  }
  STEMMA_TRY(const std::string stamp_chain,
             ChainOfToken(response, *stamp.facts));
  const nlohmann::json digest = {{"path", "datapackage.json"},
                                 {"hash", hash},
                                 {"signedData",
                                  {{"hash", hash},
                                   {"created", FormatSeconds(created)},
                                   {"software", software},
                                   {"version", "0.1.0"},
                                   {"signature", signature},
                                   {"domain", identity.domain},
                                   {"domainCert", identity.chain_pem},
                                   {"timeSignature", Base64Of(response)},
                                   {"timestampCert", stamp_chain}}}};
  return digest.dump(2);
}

}  // namespace stemma
