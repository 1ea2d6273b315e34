// What OpenSSL saw on one connection, kept with the connection itself so that
// a reused connection still tells its own story. Internal to fetch/.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/capture.h"

namespace stemma {

struct TlsFacts {
  std::vector<std::string> certificates;  // DER, leaf first, as presented
  std::string ocsp_staple;                // DER OCSPResponse
  std::string sct_list;       // content of the extension (RFC 6962 3.3)
  std::string verify;         // "ok" or the reason; empty: none yet
  std::string protocol;       // "tls/1.3"
  std::string cipher_suite;   // IANA name
  std::string alpn;           // "h2", "http/1.1" or empty
  bool close_notify = false;  // the peer ended the stream
};

// Makes `ssl_ctx` (an SSL_CTX*) keep facts about its connection.
std::shared_ptr<TlsFacts> WatchTls(void* ssl_ctx);

// The facts of a connection (an SSL*) whose context was watched; may be null.
std::shared_ptr<TlsFacts> TlsFactsOf(void* ssl);

// Decrypted bytes waiting to be read, without any I/O.
bool HasPendingTlsBytes(void* ssl);

void CopyFacts(const TlsFacts& facts, Connection* connection);

}  // namespace stemma
