#include "fetch/tls_facts.h"

#include <openssl/ssl.h>
#include <openssl/tls1.h>
#include <openssl/x509.h>

#include <string_view>

namespace stemma {
namespace {

using Shared = std::shared_ptr<TlsFacts>;

void FreeFacts(void*, void* held, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<Shared*>(held);
}

int FactsIndex() {
  static const int index =
      SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, FreeFacts);
  return index;
}

TlsFacts* FactsOf(const SSL_CTX* context) {
  auto* held = static_cast<Shared*>(SSL_CTX_get_ex_data(context, FactsIndex()));
  return held == nullptr ? nullptr : held->get();
}

std::string ToDer(X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  if (size <= 0) return {};
  std::string der(reinterpret_cast<char*>(bytes),
                  static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

constexpr std::size_t kMaxStaple = std::size_t{64} << 10;

// TLS 1.3 has it before the chain is verified, TLS 1.2 after.
void TakeStaple(SSL* ssl, TlsFacts* facts) {
  const unsigned char* staple = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(ssl, &staple);
  if (staple == nullptr || size <= 0 ||
      static_cast<std::size_t>(size) > kMaxStaple) {
    return;
  }
  facts->ocsp_staple.assign(reinterpret_cast<const char*>(staple),
                            static_cast<std::size_t>(size));
}

// Asks for the extension by an empty one.
int AskForScts(SSL*, unsigned int, unsigned int, const unsigned char** out,
               std::size_t* size, X509*, std::size_t, int*, void*) {
  *out = nullptr;
  *size = 0;
  return 1;
}

// Kept as sent; TLS 1.3 may send one for each certificate, the leaf's counts.
int TakeScts(SSL* ssl, unsigned int, unsigned int, const unsigned char* in,
             std::size_t size, X509*, std::size_t index, int*, void*) {
  TlsFacts* facts = FactsOf(SSL_get_SSL_CTX(ssl));
  if (facts != nullptr && index == 0 && size <= kMaxStaple) {
    facts->sct_list.assign(reinterpret_cast<const char*>(in), size);
  }
  return 1;
}

// Runs in place of the usual verification, also when that will fail: the chain
// a stranger presented is part of the evidence.
int Verify(X509_STORE_CTX* store, void* argument) {
  auto* facts = static_cast<TlsFacts*>(argument);
  constexpr int kMaxCertificates = 32;
  const STACK_OF(X509)* sent = X509_STORE_CTX_get0_untrusted(store);
  facts->certificates.clear();
  for (int i = 0; i < sk_X509_num(sent) && i < kMaxCertificates; ++i) {
    facts->certificates.push_back(ToDer(sk_X509_value(sent, i)));
  }
  if (auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(
          store, SSL_get_ex_data_X509_STORE_CTX_idx()))) {
    TakeStaple(ssl, facts);
  }
  const int good = X509_verify_cert(store);
  facts->verify =
      good > 0 ? "ok"
               : X509_verify_cert_error_string(X509_STORE_CTX_get_error(store));
  return good;
}

std::string ProtocolName(std::string_view version) {
  if (version.starts_with("TLSv1.")) {
    return "tls/1." + std::string(version.substr(6));
  }
  if (version == "TLSv1") return "tls/1.0";
  return std::string(version);
}

void Inform(const SSL* ssl, int where, int value) {
  TlsFacts* facts = FactsOf(SSL_get_SSL_CTX(ssl));
  if (facts == nullptr) return;
  if ((where & SSL_CB_HANDSHAKE_DONE) != 0) {
    facts->protocol = ProtocolName(SSL_get_version(ssl));
    if (const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl)) {
      const char* name = SSL_CIPHER_standard_name(cipher);
      facts->cipher_suite = name == nullptr ? "" : name;
    }
    const unsigned char* protocol = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl, &protocol, &size);
    facts->alpn.assign(reinterpret_cast<const char*>(protocol), size);
    TakeStaple(const_cast<SSL*>(ssl), facts);
  }
  if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT &&
      (value & 0xFF) == SSL_AD_CLOSE_NOTIFY) {
    facts->close_notify = true;
  }
}

}  // namespace

std::shared_ptr<TlsFacts> WatchTls(void* ssl_ctx) {
  auto* context = static_cast<SSL_CTX*>(ssl_ctx);
  auto facts = std::make_shared<TlsFacts>();
  delete static_cast<Shared*>(SSL_CTX_get_ex_data(context, FactsIndex()));
  SSL_CTX_set_ex_data(context, FactsIndex(), new Shared(facts));
  SSL_CTX_set_cert_verify_callback(context, Verify, facts.get());
  SSL_CTX_set_info_callback(context, Inform);
  SSL_CTX_set_tlsext_status_type(context, TLSEXT_STATUSTYPE_ocsp);
  SSL_CTX_add_custom_ext(context, TLSEXT_TYPE_signed_certificate_timestamp,
                         SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO |
                             SSL_EXT_TLS1_3_CERTIFICATE,
                         AskForScts, nullptr, nullptr, TakeScts, nullptr);
  return facts;
}

std::shared_ptr<TlsFacts> TlsFactsOf(void* ssl) {
  if (ssl == nullptr) return nullptr;
  const SSL_CTX* context = SSL_get_SSL_CTX(static_cast<SSL*>(ssl));
  auto* held = static_cast<Shared*>(SSL_CTX_get_ex_data(context, FactsIndex()));
  return held == nullptr ? nullptr : *held;
}

bool HasPendingTlsBytes(void* ssl) {
  return ssl != nullptr && SSL_pending(static_cast<SSL*>(ssl)) > 0;
}

void CopyFacts(const TlsFacts& facts, Connection* connection) {
  connection->tls_protocol = facts.protocol;
  connection->cipher_suite = facts.cipher_suite;
  connection->certificates = facts.certificates;
  connection->ocsp_staple = facts.ocsp_staple;
  connection->sct_list = facts.sct_list;
  connection->tls_verify = facts.verify;
}

}  // namespace stemma
