#include "archive/certificates.h"

#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "archive/der.h"
#include "archive/x509_text.h"
#include "core/c_handle.h"
#include "core/digest.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

void FreeStack(STACK_OF(X509) * stack) { sk_X509_free(stack); }

using Certificate = CHandle<X509, X509_free>;
using Memory = CHandle<BIO, BIO_free>;
using Key = CHandle<EVP_PKEY, EVP_PKEY_free>;

Error Malformed(std::string what) {
  ERR_clear_error();
  return Error(ErrorCode::kMalformed, std::move(what));
}

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Certificate Parse(std::string_view der) {
  const unsigned char* at = Bytes(der);
  Certificate certificate(
      d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (at != Bytes(der) + der.size()) return nullptr;
  return certificate;
}

std::vector<std::string> DnsNames(X509* certificate) {
  std::vector<std::string> names;
  auto* all = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all, i);
    if (name->type != GEN_DNS) continue;
    names.emplace_back(
        reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
        static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  GENERAL_NAMES_free(all);
  return names;
}

// Only what we pass in is trusted; the system's store is never asked.
CHandle<X509_STORE, X509_STORE_free> StoreOf(std::string_view anchors_pem) {
  CHandle<X509_STORE, X509_STORE_free> store(X509_STORE_new());
  const Result<std::vector<std::string>> anchors =
      CertificatesOfPem(anchors_pem);
  if (!store || !anchors) return store;
  for (const std::string& der : *anchors) {
    const Certificate anchor = Parse(der);
    if (anchor) X509_STORE_add_cert(store.get(), anchor.get());
  }
  return store;
}

// The raw form r || s as the DER pair OpenSSL wants.
std::string DerPair(std::string_view raw) {
  const std::size_t half = raw.size() / 2;
  return DerElement(
      0x30, DerUnsigned(raw.substr(0, half)) + DerUnsigned(raw.substr(half)));
}

}  // namespace

Result<std::vector<std::string>> CertificatesOfPem(std::string_view pem) {
  std::vector<std::string> chain;
  const Memory in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!in) return Error(ErrorCode::kIo, "out of memory");
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  while (PEM_read_bio(in.get(), &name, &header, &data, &size) == 1) {
    const std::string kind = name;
    std::string der(reinterpret_cast<const char*>(data),
                    static_cast<std::size_t>(size));
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
    if (kind != "CERTIFICATE" && kind != "TRUSTED CERTIFICATE") continue;
    if (!Parse(der)) return Malformed("a PEM block is no certificate");
    chain.push_back(std::move(der));
  }
  const bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!end) return Malformed("PEM does not read to its end");
  ERR_clear_error();
  return chain;
}

Result<CertificateFacts> ReadCertificate(std::string_view der) {
  const Certificate certificate = Parse(der);
  if (!certificate) return Malformed("not a certificate");
  CertificateFacts facts;
  facts.subject = NameText(X509_get_subject_name(certificate.get()));
  facts.issuer = NameText(X509_get_issuer_name(certificate.get()));
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate.get());
  facts.serial = HexOf({reinterpret_cast<const char*>(serial->data),
                        static_cast<std::size_t>(serial->length)});
  facts.not_before = TimeOf(X509_get0_notBefore(certificate.get()));
  facts.not_after = TimeOf(X509_get0_notAfter(certificate.get()));
  facts.sha256 = Sha256Of(der).Hex();
  facts.dns_names = DnsNames(certificate.get());
  unsigned char* spki = nullptr;
  const int size =
      i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &spki);
  if (size > 0) {
    facts.spki.assign(reinterpret_cast<const char*>(spki),
                      static_cast<std::size_t>(size));
  }
  OPENSSL_free(spki);
  ERR_clear_error();
  return facts;
}

Status VerifyChain(const std::vector<std::string>& chain,
                   std::string_view anchors_pem, CertificateUse use,
                   std::string_view host, TimePoint at, Strictness strictness) {
  if (chain.empty()) return Malformed("no certificate");
  std::vector<Certificate> owners;
  const CHandle<STACK_OF(X509), FreeStack> untrusted(sk_X509_new_null());
  for (const std::string& der : chain) {
    owners.push_back(Parse(der));
    if (!owners.back()) return Malformed("the chain holds no certificate");
    sk_X509_push(untrusted.get(), owners.back().get());
  }
  const auto store = StoreOf(anchors_pem);
  const CHandle<X509_STORE_CTX, X509_STORE_CTX_free> context(
      X509_STORE_CTX_new());
  if (!store || !context ||
      X509_STORE_CTX_init(context.get(), store.get(), owners.front().get(),
                          untrusted.get()) != 1) {
    return Error(ErrorCode::kIo, "out of memory");
  }
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(
      parameters,
      std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
  if (strictness == Strictness::kStrict) {
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
  }
  X509_VERIFY_PARAM_set_purpose(parameters, use == CertificateUse::kTlsServer
                                                ? X509_PURPOSE_SSL_SERVER
                                                : X509_PURPOSE_TIMESTAMP_SIGN);
  if (!host.empty()) {
    X509_VERIFY_PARAM_set_hostflags(parameters,
                                    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                                        X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_host(parameters, host.data(), host.size()) !=
        1) {
      return Malformed("not a host name");
    }
  }
  if (X509_verify_cert(context.get()) == 1) {
    ERR_clear_error();
    return {};
  }
  const int reason = X509_STORE_CTX_get_error(context.get());
  return Malformed(
      std::string("certificate ") +
      std::to_string(X509_STORE_CTX_get_error_depth(context.get())) +
      " of the chain: " + X509_verify_cert_error_string(reason));
}

Status VerifyEcdsa(std::string_view spki, std::string_view message,
                   std::string_view signature) {
  const unsigned char* at = Bytes(spki);
  const Key key(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())));
  if (!key || at != Bytes(spki) + spki.size()) {
    return Malformed("the public key does not read");
  }
  std::array<char, 32> group{};
  std::size_t length = 0;
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_EC ||
      EVP_PKEY_get_group_name(key.get(), group.data(), group.size(), &length) !=
          1) {
    return Malformed("the public key is not ECDSA");
  }
  const std::string_view curve(group.data(), length);
  std::size_t coordinate = 0;
  if (curve == "prime256v1" || curve == "P-256") coordinate = 32;
  if (curve == "secp384r1" || curve == "P-384") coordinate = 48;
  if (coordinate == 0) {
    return Malformed("the public key is on " + std::string(curve) +
                     ", not on P-256 or P-384");
  }
  // A raw pair may begin with 0x30 as well; a DER pair of exactly that length
  // whose header fits is told by reading it.
  const bool der = IsDer(signature) && signature.starts_with('\x30');
  std::string pair(signature);
  if (!der) {
    if (signature.size() != 2 * coordinate) {
      return Malformed("the signature is neither DER nor r || s");
    }
    pair = DerPair(signature);
  }
  const CHandle<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  if (!context ||
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr,
                           key.get()) != 1 ||
      EVP_DigestVerify(context.get(), Bytes(pair), pair.size(), Bytes(message),
                       message.size()) != 1) {
    return Malformed("the signature does not verify");
  }
  return {};
}

}  // namespace stemma
