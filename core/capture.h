// What one visit to one URL was: the exchange, byte for byte, and the
// connection that carried it. Plain values; fetch/ makes them, archive/ keeps
// them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"

namespace stemma {

// Facts of the very connection that carried an exchange (never of a second
// one).
struct Connection {
  std::string peer_address;  // RFC 5952 text, no port; empty if never connected
  int peer_port = 0;
  std::string local_address;
  std::string http_protocol;              // "http/1.1", "http/1.0", "h2"
  std::string tls_protocol;               // "tls/1.3"; empty without TLS
  std::string cipher_suite;               // IANA name; empty without TLS
  std::vector<std::string> certificates;  // DER, leaf first, as the peer sent
  std::string ocsp_staple;       // DER OCSPResponse stapled to them, or empty
  std::string sct_list;          // of the TLS extension (RFC 6962 3.3), raw
  std::string tls_verify;        // "ok", or OpenSSL's reason; empty without TLS
  bool tls_close_notify = true;  // false: the end was not authenticated
};

// Why a body is not whole (WARC 1.1 section 5.13 values).
enum class Truncation { kLength, kTime, kDisconnect, kUnspecified };
std::string_view NameOf(Truncation reason);

// One request and its response. The body travels apart, in pieces (see
// fetch/fetcher.h), since it may be larger than memory.
struct Exchange {
  std::string url;            // absolute, as requested, no fragment
  std::string request;        // exact bytes sent, head and body
  std::string response_head;  // exact bytes up to and with the blank line; for
                              // h2 a synthetic HTTP/1.1 head (design 3.1)
  int status = 0;             // 0: no response head arrived
  std::uint64_t body_bytes = 0;  // transfer coding removed or as head says
  Connection connection;
  TimePoint started;
  TimePoint finished;
  std::optional<Truncation> truncated;
};

}  // namespace stemma
