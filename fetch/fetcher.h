// A Fetcher makes one HTTP exchange at a time: one request, one response, byte
// for byte. It never follows a redirect, never decodes a content coding, never
// looks at cookies, netrc, HSTS or the environment, and contacts no address
// that is not public unless it was told to.
//
// What a response is, follows RFC 9110 and RFC 9112; where servers break the
// framing, what came is kept and marked (Exchange::truncated, notes), since the
// bytes are evidence whether or not they are well formed.
//
// Bodies are handed over as they must be stored: a chunked body with its chunk
// framing and trailers, exactly as received (DecodeTransfer removes it for
// readers). HTTP/2 heads become HTTP/1.1 heads, names and order kept.
//
// Not thread-safe; one per thread. Connections are kept between exchanges.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/capture.h"
#include "core/result.h"
#include "core/time.h"
#include "core/url.h"

namespace stemma {

// Limits of one exchange. Reaching one of the body's keeps what came and marks
// it; reaching one of the head's is a failure unless a status line was read.
struct FetchLimits {
  std::uint64_t max_body_bytes = std::uint64_t{2} << 30;
  // Redirects are followed, their bodies hardly ever read: more is cut.
  std::uint64_t max_redirect_body_bytes = 64 << 10;
  std::size_t max_head_bytes = 256 << 10;
  std::size_t max_head_fields = 1'000;
  int max_interim_responses = 16;  // 1xx heads before the real one
  std::size_t max_trailer_bytes = 64 << 10;
  std::size_t max_url_bytes = 16 << 10;
  std::chrono::milliseconds connect{15'000};  // name, TCP and TLS together
  std::chrono::milliseconds head{60'000};     // until the head is complete
  std::chrono::milliseconds total{600'000};   // the whole exchange
  std::chrono::seconds stall{30};  // this long below 100 bytes a second: cut
};

struct FetchPolicy {
  // "ADDR:PORT", "[V6]:PORT": contacted though not public, exactly; or "all".
  std::vector<std::string> allow_private;
  std::vector<std::string> resolve;  // "HOST:PORT:ADDR[,ADDR]", as curl
  std::string cacert;                // PEM file; empty: the system's CAs
  std::string proxy;                 // empty: none, whatever the environment
  std::string user_agent = "stemma/0.1";
  std::optional<std::uint64_t> limit_rate;  // bytes a second per exchange
  std::size_t max_connections = 64;         // kept open at most
  Clock clock = SystemNow;
  // Asked some times a second while a Fetcher waits; true ends the exchange:
  // what came is kept and marked, nothing at all is kInterrupted. May be empty.
  std::function<bool()> stop;
};

struct FetchRequest {
  Url url;
  // Added to ours (Accept, Accept-Encoding, User-Agent); same name replaces.
  std::vector<std::pair<std::string, std::string>> headers;
  FetchLimits limits;
  // Set: sent as the body of a POST; name its Content-Type among the headers.
  // Visits never post: this is for timestamp authorities.
  std::optional<std::string> post = std::nullopt;
};

// Where a response goes while it arrives. An error stops the exchange and
// becomes its failure.
struct ExchangeSink {
  // Once, with the final head complete; connection facts are set.
  std::function<Status(const Exchange& head)> on_head;
  // Body bytes in order, exactly as to be stored.
  std::function<Status(std::string_view bytes)> on_body;
};

struct FetchOutcome {
  // What is known, also after a failure: the request as far as sent, the peer,
  // the certificates it presented.
  Exchange exchange;
  // Set when there is no usable response, or the sink failed. A body cut short
  // is no failure: see exchange.truncated.
  std::optional<Error> failure;
  // The first bytes (1 KiB at most) of something that was no HTTP response.
  std::string unusable;
  // Odd things seen, for the record: "interim response 103", "2 equal
  // Content-Length fields", "41 bytes after the end", ...
  std::vector<std::string> notes;
};

class FetchEngine;

class Fetcher {
 public:
  // kInvalidArgument when the policy makes no sense (a resolve entry, a CA
  // file that is not there).
  static Result<std::unique_ptr<Fetcher>> Create(FetchPolicy policy);
  ~Fetcher();

  // One hop. Blocks until it ends or a limit strikes.
  FetchOutcome Get(const FetchRequest& request, const ExchangeSink& sink);

 private:
  Fetcher(std::unique_ptr<FetchEngine> engine, std::function<bool()> stop);
  std::unique_ptr<FetchEngine> engine_;
  std::function<bool()> stop_;
};

// Where a 301, 302, 303, 307 or 308 points (RFC 9110 10.2.2 and 15.4, the
// first Location field, read by the URL Standard relative to `base`; a fragment
// is inherited, credentials are left out). nullopt for every other response,
// and for a Location that is missing, empty, unreadable or longer than 16 KiB.
// The target may have any scheme: whoever follows it asks Url::IsHttp.
std::optional<Url> RedirectTarget(const Exchange& exchange, const Url& base);

}  // namespace stemma
