#include "fetch/transfer.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <system_error>

namespace stemma {
namespace {

constexpr std::size_t kUnusableKept = 1024;
static_assert(std::tuple_size_v<decltype(Transfer::curl_error)> >=
              CURL_ERROR_SIZE);

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 203:
      return "Non-Authoritative Information";
    case 204:
      return "No Content";
    case 205:
      return "Reset Content";
    case 206:
      return "Partial Content";
    case 300:
      return "Multiple Choices";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 410:
      return "Gone";
    case 416:
      return "Range Not Satisfiable";
    case 421:
      return "Misdirected Request";
    case 429:
      return "Too Many Requests";
    case 451:
      return "Unavailable For Legal Reasons";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "";
  }
}

bool HasLocationStatus(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 ||
         status == 308;
}

std::string AddressText(const sockaddr* address, int* port) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    *port = ntohs(v4.sin_port);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  } else if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    *port = ntohs(v6.sin6_port);
    inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
  }
  return text.data();
}

// The first printable bytes of something, for a note.
std::string Excerpt(std::string_view bytes) {
  std::string text;
  for (const char c : bytes.substr(0, 40)) {
    if (c >= 0x20 && c < 0x7F) {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text;
}

// ---- what libcurl asks us

curl_socket_t OpenSocket(void* user, curlsocktype purpose,
                         curl_sockaddr* address) {
  auto* t = static_cast<Transfer*>(user);
  if (purpose != CURLSOCKTYPE_IPCXN) return CURL_SOCKET_BAD;
  int port = 0;
  const std::string ip = AddressText(&address->addr, &port);
  // The operator names the proxy, no page does; the proxy guards what is
  // behind it.
  if (!t->through_proxy && !t->addresses->Allows(ip, port)) {
    const bool six = ip.find(':') != std::string::npos;
    t->refused = fmt::format(
        "{} port {} is not a public web address (--allow-private {}{}{}:{} "
        "would allow it)",
        ip, port, six ? "[" : "", ip, six ? "]" : "", port);
    return CURL_SOCKET_BAD;
  }
  const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC,
                          address->protocol);
  if (fd >= 0) t->sockets->insert(fd);
  return fd < 0 ? CURL_SOCKET_BAD : fd;
}

int CloseSocket(void* user, curl_socket_t fd) {
  static_cast<std::set<int>*>(user)->erase(fd);
  return ::close(fd);
}

CURLcode PrepareTls(CURL*, void* context, void* user) {
  static_cast<Transfer*>(user)->opened_tls = WatchTls(context);
  return CURLE_OK;
}

void* SslOf(CURL* easy) {
  const curl_tlssessioninfo* info = nullptr;
  if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK ||
      info == nullptr || info->backend != CURLSSLBACKEND_OPENSSL) {
    return nullptr;
  }
  return info->internals;
}

int LocalPort(curl_socket_t fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  if (::getsockname(fd, address, &size) != 0) return 0;
  int port = 0;
  AddressText(address, &port);
  return port;
}

// Before a request goes out on a kept connection: bytes that wait there belong
// to no request of ours. Taking them for the answer would file one page's text
// under another page's address.
int BeforeRequest(void* user, char*, char*, int, int local_port) {
  auto* t = static_cast<Transfer*>(user);
  long fresh = 0;
  curl_easy_getinfo(t->easy.get(), CURLINFO_NUM_CONNECTS, &fresh);
  if (fresh > 0) return CURL_PREREQFUNC_OK;
  void* ssl = SslOf(t->easy.get());
  if (ssl != nullptr) {
    const auto facts = TlsFactsOf(ssl);
    if (facts && facts->alpn == "h2") return CURL_PREREQFUNC_OK;
    t->desync = HasPendingTlsBytes(ssl);
  } else {
    for (const curl_socket_t fd : *t->sockets) {
      if (LocalPort(fd) != local_port) continue;
      char byte = 0;
      t->desync =
          ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
      break;
    }
  }
  return t->desync ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

int OnDebug(CURL*, curl_infotype kind, char* data, std::size_t size,
            void* user) {
  if (kind != CURLINFO_HEADER_OUT) return 0;
  auto* t = static_cast<Transfer*>(user);
  std::string& request = t->out.exchange.request;
  // libcurl sends again when a kept connection turns out to be dead.
  if (request.ends_with("\r\n\r\n")) request.clear();
  request.append(data, size);
  if (request.starts_with("CONNECT ")) request.clear();
  return 0;
}

}  // namespace

void LearnConnection(Transfer* t) {
  CURL* easy = t->easy.get();
  Connection& connection = t->out.exchange.connection;
  const char* text = nullptr;
  long number = 0;
  if (curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &text) == CURLE_OK && text) {
    connection.peer_address = text;
  }
  if (curl_easy_getinfo(easy, CURLINFO_PRIMARY_PORT, &number) == CURLE_OK) {
    connection.peer_port = static_cast<int>(number);
  }
  if (curl_easy_getinfo(easy, CURLINFO_LOCAL_IP, &text) == CURLE_OK && text) {
    connection.local_address = text;
  }
}

namespace {

void LearnTls(Transfer* t) {
  t->tls = TlsFactsOf(SslOf(t->easy.get()));
  if (!t->tls) return;
  CopyFacts(*t->tls, &t->out.exchange.connection);
  t->http2 = t->tls->alpn == "h2";
}

// HTTP/2 has no head in bytes: the same fields under an HTTP/1.1 status line,
// which every reader of archives knows.
void MakeHttp1Head(std::string* head, int status) {
  const std::size_t end = head->find('\n');
  head->replace(
      0, end + 1,
      fmt::format("HTTP/1.1 {} {}\r\n", status, ReasonPhrase(status)));
}

void MakeHttp1Request(std::string* request) {
  const std::size_t end = request->find("\r\n");
  const std::size_t version = request->rfind(" HTTP/2", end);
  if (version != std::string::npos) {
    request->replace(version, end - version, " HTTP/1.1");
  }
}

// A usable head is complete (or cut, but with a status): the sink hears of it.
// False: stop the transfer.
bool AcceptHead(Transfer* t, const HttpHead& head) {
  Exchange& exchange = t->out.exchange;
  exchange.response_head = std::move(t->head_bytes);
  t->head_bytes.clear();
  exchange.status = head.status;
  if (t->http2) {
    MakeHttp1Head(&exchange.response_head, head.status);
    MakeHttp1Request(&exchange.request);
  }
  exchange.connection.http_protocol = t->http2 ? "h2"
                                      : head.start_line.starts_with("HTTP/1.0")
                                          ? "http/1.0"
                                          : "http/1.1";
  t->head_done = true;
  t->body_limit = t->request.limits.max_body_bytes;
  if (HasLocationStatus(head.status) && head.Find("Location") != nullptr) {
    t->body_limit =
        std::min(t->body_limit, t->request.limits.max_redirect_body_bytes);
  }
  const std::string* type = head.Find("Content-Type");
  if (head.status == 200 && type != nullptr &&
      type->find("xml") != std::string::npos &&
      head.Find("Content-Encoding") == nullptr) {
    t->sitemap.emplace();
  }
  if (head.status == 206 && !t->ranged) {
    t->out.exchange.truncated = Truncation::kUnspecified;
    t->Note("206 to a request without Range: a part, never the whole");
  }
  if (head.status == 304 && !t->conditional) {
    t->Note("304 to an unconditional request: proves nothing");
  }
  if (t->sink.on_head) {
    if (Status taken = t->sink.on_head(exchange); !taken) {
      t->stop = std::move(taken).error();
      return false;
    }
  }
  return true;
}

// The blank line came. False: stop the transfer.
bool FinishHead(Transfer* t) {
  Result<HttpHead> head = ParseHttpHead(t->head_bytes);
  if (!head || head->status == 0) {
    t->stop = Error(ErrorCode::kMalformed,
                    fmt::format("no HTTP response: status line '{}'",
                                Excerpt(t->head_bytes)));
    return false;
  }
  LearnConnection(t);
  LearnTls(t);
  if (head->status == 101) {
    t->stop = Error(ErrorCode::kMalformed,
                    "status 101: a protocol switch nobody asked for");
    return false;
  }
  if (head->status >= 100 && head->status < 200) {
    t->Note(fmt::format("interim response {}", head->status));
    t->head_bytes.clear();
    t->head_fields = 0;
    if (++t->interim > t->request.limits.max_interim_responses) {
      t->stop = Error(ErrorCode::kLimit,
                      fmt::format("more than {} interim responses",
                                  t->request.limits.max_interim_responses));
      return false;
    }
    return true;
  }
  t->framing = FramingOf(*head);
  if (t->http2) t->framing.kind = Framing::Kind::kLength;
  for (const std::string& oddity : t->framing.oddities) t->Note(oddity);
  if (t->framing.fatal) {
    t->stop = t->framing.fatal;
    return false;
  }
  return AcceptHead(t, *head);
}

bool HeadTooLong(const Transfer& t, std::size_t more) {
  return t.head_bytes.size() + more > t.request.limits.max_head_bytes ||
         t.head_fields > t.request.limits.max_head_fields;
}

std::size_t OnHeader(char* data, std::size_t, std::size_t size, void* user) {
  auto* t = static_cast<Transfer*>(user);
  const std::string_view line(data, size);
  if (t->head_done) {  // an HTTP/2 trailer
    if (line != "\r\n") t->Note("trailer " + Excerpt(line));
    return size;
  }
  if (HeadTooLong(*t, size)) {
    t->head_cut = true;
    return 0;
  }
  t->head_bytes += line;
  if (line == "\r\n" || line == "\n") return FinishHead(t) ? size : 0;
  ++t->head_fields;
  return size;
}

// Hands `bytes` on; false to stop.
bool Deliver(Transfer* t, std::string_view bytes) {
  Exchange& exchange = t->out.exchange;
  const std::uint64_t room = t->body_limit - exchange.body_bytes;
  bool too_much = bytes.size() > room;
  if (too_much) bytes = bytes.substr(0, static_cast<std::size_t>(room));
  if (t->sitemap) {
    if (const auto enough = t->sitemap->Feed(bytes)) {
      too_much = true;
      bytes = bytes.substr(0, *enough);
      t->Note("a sitemap of more entries than sitemaps.org allows: cut");
    }
  }
  exchange.body_bytes += bytes.size();
  if (!bytes.empty() && t->sink.on_body) {
    if (Status taken = t->sink.on_body(bytes); !taken) {
      t->stop = std::move(taken).error();
      return false;
    }
  }
  if (too_much) t->cut = Truncation::kLength;
  return !too_much;
}

bool DeliverChunked(Transfer* t, std::string_view bytes) {
  if (t->body_done) {
    t->surplus += bytes.size();
    return true;
  }
  const std::size_t ours = t->chunks.Feed(bytes, nullptr);
  if (!Deliver(t, bytes.substr(0, ours))) return false;
  if (t->chunks.broken()) {
    t->Note("chunked body broken: " + t->chunks.why() + ", at '" +
            Excerpt(bytes.substr(ours)) + "'");
    t->cut = t->chunks.has_trailers() ? Truncation::kLength
                                      : Truncation::kDisconnect;
    return false;
  }
  if (t->chunks.done()) {
    t->body_done = true;
    t->surplus += bytes.size() - ours;
    if (t->chunks.has_trailers()) t->Note("chunked body with trailers");
  }
  return true;
}

std::size_t OnBody(char* data, std::size_t, std::size_t size, void* user) {
  auto* t = static_cast<Transfer*>(user);
  if (t->paused) return CURL_WRITEFUNC_PAUSE;
  const std::string_view bytes(data, size);
  if (!t->head_done) {  // libcurl took it for HTTP/0.9: no head at all
    t->out.unusable = bytes.substr(0, kUnusableKept);
    t->stop = Error(ErrorCode::kMalformed,
                    fmt::format("no HTTP response, but '{}'", Excerpt(bytes)));
    return 0;
  }
  const bool go_on = t->framing.kind == Framing::Kind::kChunked
                         ? DeliverChunked(t, bytes)
                         : Deliver(t, bytes);
  return go_on ? size : 0;
}

// ---- the end of an exchange

std::string CurlMessage(const Transfer& t, CURLcode code) {
  std::string message =
      t.curl_error[0] != '\0' ? t.curl_error.data() : curl_easy_strerror(code);
  // "Couldn't connect" alone does not say whether it was refused or timed out.
  long system_error = 0;
  if (code == CURLE_COULDNT_CONNECT &&
      curl_easy_getinfo(t.easy.get(), CURLINFO_OS_ERRNO, &system_error) ==
          CURLE_OK &&
      system_error != 0) {
    message += fmt::format(" ({})", std::generic_category().message(
                                        static_cast<int>(system_error)));
  }
  return message;
}

// libcurl's own limits on heads are lower than ours may be.
bool IsHeadLimit(const Transfer& t, CURLcode code) {
  if (t.head_cut) return true;
  if (t.head_done || t.head_bytes.empty()) return false;
  return code == CURLE_OUT_OF_MEMORY ||
         std::string_view(t.curl_error.data())
             .starts_with("Too large response headers");
}

// A head beyond every limit still has a status and a beginning: kept, marked.
void KeepCutHead(Transfer* t) {
  const std::size_t size = t->head_bytes.size();
  t->head_bytes += "\r\n";
  Result<HttpHead> head = ParseHttpHead(t->head_bytes);
  LearnConnection(t);
  if (!head || head->status < 200) {
    t->out.failure =
        Error(ErrorCode::kLimit, "the response head is longer than allowed");
    t->out.unusable = t->head_bytes.substr(0, kUnusableKept);
    return;
  }
  t->Note(
      fmt::format("head longer than allowed: its first {} bytes kept, a "
                  "blank line added, no body read",
                  size));
  t->out.exchange.truncated = Truncation::kLength;
  if (!AcceptHead(t, *head)) t->out.failure = t->stop;
}

void FailWithoutHead(Transfer* t, CURLcode code) {
  t->out.unusable = t->head_bytes.substr(0, kUnusableKept);
  if (t->refused && code == CURLE_COULDNT_CONNECT) {
    t->out.failure = Error(ErrorCode::kRefused, *t->refused);
    return;
  }
  if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT) {
    t->out.failure = Error(ErrorCode::kRefused, CurlMessage(*t, code));
    return;
  }
  if (code == CURLE_WEIRD_SERVER_REPLY) {
    t->out.failure = Error(ErrorCode::kMalformed, CurlMessage(*t, code));
    return;
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    std::string& verify = t->out.exchange.connection.tls_verify;
    if (verify.empty() || verify == "ok") verify = CurlMessage(*t, code);
  }
  t->out.failure = Error(ErrorCode::kNetwork, CurlMessage(*t, code));
}

// The head came; what does the way it ended say about the body?
void JudgeBody(Transfer* t, CURLcode code) {
  Exchange& exchange = t->out.exchange;
  const bool until_close = t->framing.kind == Framing::Kind::kUntilClose;
  if (t->surplus > 0) {
    t->Note(fmt::format("{} bytes after the end of the body, left out",
                        t->surplus));
  }
  if (t->tls && until_close && !t->tls->close_notify) {
    exchange.connection.tls_close_notify = false;
    t->Note("TLS ended without close_notify: the end is not authenticated");
  }
  if (t->body_done) return;
  if (t->cut) {
    exchange.truncated = t->cut;
  } else if (code == CURLE_OPERATION_TIMEDOUT) {
    exchange.truncated = Truncation::kTime;
    t->Note(CurlMessage(*t, code));
  } else if (code != CURLE_OK) {
    exchange.truncated = Truncation::kDisconnect;
    t->Note(CurlMessage(*t, code));
  } else if (t->framing.kind == Framing::Kind::kChunked &&
             exchange.status != 204) {
    exchange.truncated = Truncation::kDisconnect;
    t->Note("chunked body ends before its last chunk");
  } else if (until_close && !t->framing.oddities.empty()) {
    exchange.truncated = Truncation::kUnspecified;
  }
}

}  // namespace

void EndEasy(void* easy) { curl_easy_cleanup(easy); }
void EndList(curl_slist* list) { curl_slist_free_all(list); }

void SetCallbacks(Transfer* t) {
  CURL* easy = t->easy.get();
  const auto set = [easy](CURLoption option, auto value) {
    curl_easy_setopt(easy, option, value);
  };
  set(CURLOPT_ERRORBUFFER, t->curl_error.data());
  set(CURLOPT_SSL_CTX_FUNCTION, PrepareTls);
  set(CURLOPT_SSL_CTX_DATA, t);
  set(CURLOPT_OPENSOCKETFUNCTION, OpenSocket);
  set(CURLOPT_OPENSOCKETDATA, t);
  set(CURLOPT_CLOSESOCKETFUNCTION, CloseSocket);
  set(CURLOPT_CLOSESOCKETDATA, t->sockets);
  set(CURLOPT_PREREQFUNCTION, BeforeRequest);
  set(CURLOPT_PREREQDATA, t);
  set(CURLOPT_HEADERFUNCTION, OnHeader);
  set(CURLOPT_HEADERDATA, t);
  set(CURLOPT_WRITEFUNCTION, OnBody);
  set(CURLOPT_WRITEDATA, t);
  set(CURLOPT_VERBOSE, 1L);  // or DEBUGFUNCTION stays silent
  set(CURLOPT_DEBUGFUNCTION, OnDebug);
  set(CURLOPT_DEBUGDATA, t);
}

void JudgeEnd(Transfer* t, int ended) {
  auto code = static_cast<CURLcode>(ended);
  if (!t->tls && t->opened_tls) {
    CopyFacts(*t->opened_tls, &t->out.exchange.connection);
  }
  if (t->stop) {
    t->out.failure = t->stop;
    if (t->out.unusable.empty()) {
      t->out.unusable = t->head_bytes.substr(0, kUnusableKept);
    }
  } else if (t->head_done) {
    JudgeBody(t, code);
  } else if (IsHeadLimit(*t, code)) {
    KeepCutHead(t);
  } else {
    if (code == CURLE_OK) code = CURLE_GOT_NOTHING;
    FailWithoutHead(t, code);
  }
}

}  // namespace stemma
