#include "fetch/tls_facts.h"

#include <openssl/ssl.h>
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
  connection->tls_verify = facts.verify;
}

}  // namespace stemma
