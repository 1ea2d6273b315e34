#include "fetch/engine.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <system_error>

#include "core/c_handle.h"
#include "core/http_head.h"
#include "fetch/address_policy.h"
#include "fetch/coding.h"
#include "fetch/sitemap_meter.h"
#include "fetch/tls_facts.h"

namespace stemma {
namespace {

using Steady = std::chrono::steady_clock;

using CurlEasy = CHandle<CURL, curl_easy_cleanup>;
using CurlMulti = CHandle<CURLM, curl_multi_cleanup>;
using CurlList = CHandle<curl_slist, curl_slist_free_all>;

constexpr std::size_t kUnusableKept = 1024;
constexpr std::size_t kMaxNotes = 32;

void Append(CurlList* list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list->get(), line.c_str());
  if (longer == nullptr) return;
  static_cast<void>(list->release());
  list->reset(longer);
}

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

// What we send: no user name or password, no fragment.
std::string RequestUrl(const Url& url) {
  std::string text = url.Origin() + url.path();
  if (url.has_query()) text += "?" + url.query();
  return text;
}

bool IsFieldSafe(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) ==
         std::string_view::npos;
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

std::string Seconds(std::chrono::milliseconds time) {
  return fmt::format("{:g} s", static_cast<double>(time.count()) / 1000);
}

}  // namespace

// One exchange on its way.
struct Transfer {
  FetchEngine::Id id = 0;
  FetchRequest request;
  ExchangeSink sink;
  FetchEngine::Done done;

  CurlEasy easy;
  CurlList headers;
  std::array<char, CURL_ERROR_SIZE> curl_error{};
  const AddressPolicy* addresses = nullptr;
  const std::set<curl_socket_t>* sockets = nullptr;
  std::set<curl_socket_t>* mutable_sockets = nullptr;
  bool through_proxy = false;

  FetchOutcome out;
  std::string head_bytes;       // of the head being read
  std::size_t head_fields = 0;  // lines after the first
  int interim = 0;
  bool head_done = false;
  bool conditional = false, ranged = false;
  bool http2 = false;
  Framing framing;
  ChunkWalker chunks;
  std::uint64_t body_limit = 0;
  std::optional<SitemapMeter> sitemap;  // when it may be one
  std::uint64_t surplus = 0;            // bytes after the end of a chunked body
  bool body_done = false;

  // Why we stopped it, when we did.
  std::optional<Truncation> cut;
  std::optional<Error> stop;  // becomes the failure
  bool head_cut = false;
  bool desync = false;  // stale bytes on a kept connection
  int fresh_tries = 0;
  bool paused = false;

  std::optional<std::string> refused;
  std::shared_ptr<TlsFacts> opened_tls, tls;
  Steady::time_point begun;

  void Note(std::string text) {
    if (out.notes.size() < kMaxNotes) out.notes.push_back(std::move(text));
  }
};

namespace {

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
  if (fd >= 0) t->mutable_sockets->insert(fd);
  return fd < 0 ? CURL_SOCKET_BAD : fd;
}

int CloseSocket(void* user, curl_socket_t fd) {
  static_cast<std::set<curl_socket_t>*>(user)->erase(fd);
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

struct FetchEngine::Impl {
  FetchPolicy policy;
  AddressPolicy addresses;
  CurlList resolve;
  std::set<curl_socket_t> sockets;
  std::map<Id, std::unique_ptr<Transfer>> transfers;
  std::vector<Id> to_end;                       // cut by the caller
  std::vector<std::unique_ptr<Transfer>> dead;  // failed before they began
  Id last_id = 0;
  // Declared last: its connections close while the rest is still here.
  CurlMulti multi;

  void SetOptions(Transfer* t);
  bool SetHeaders(Transfer* t);
  bool Prepare(Transfer* t);
  void Finish(Id id, CURLcode code);
  bool StartAgain(Transfer* t);
  void CollectDone();
  void EndOverdue();
  std::chrono::milliseconds UntilNextDeadline(
      std::chrono::milliseconds wait) const;
};

namespace {

void InitCurlOnce() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

Status CheckPolicy(const FetchPolicy& policy) {
  if (!policy.cacert.empty() && !std::ifstream(policy.cacert)) {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("CA file {} cannot be read", policy.cacert));
  }
  for (const std::string& entry : policy.resolve) {
    if (std::ranges::count(entry, ':') < 2 || !IsFieldSafe(entry)) {
      return Error(ErrorCode::kInvalidArgument,
                   fmt::format("resolve '{}' is not HOST:PORT:ADDR", entry));
    }
  }
  if (!IsFieldSafe(policy.user_agent)) {
    return Error(ErrorCode::kInvalidArgument,
                 "the user agent holds a line break");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<FetchEngine>> FetchEngine::Create(FetchPolicy policy) {
  InitCurlOnce();
  STEMMA_CHECK_OK(CheckPolicy(policy));
  auto impl = std::make_unique<Impl>();
  STEMMA_TRY(impl->addresses, AddressPolicy::Create(policy.allow_private));
  for (const std::string& entry : policy.resolve) Append(&impl->resolve, entry);
  impl->policy = std::move(policy);
  impl->multi.reset(curl_multi_init());
  if (!impl->multi) return Error(ErrorCode::kIo, "libcurl does not start");
  curl_multi_setopt(impl->multi.get(), CURLMOPT_MAXCONNECTS,
                    static_cast<long>(impl->policy.max_connections));
  return std::unique_ptr<FetchEngine>(new FetchEngine(std::move(impl)));
}

FetchEngine::FetchEngine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

FetchEngine::~FetchEngine() {
  for (auto& [id, t] : impl_->transfers) {
    curl_multi_remove_handle(impl_->multi.get(), t->easy.get());
  }
}

void FetchEngine::Impl::SetOptions(Transfer* t) {
  CURL* easy = t->easy.get();
  const FetchLimits& limits = t->request.limits;
  const auto set = [easy](CURLoption option, auto value) {
    curl_easy_setopt(easy, option, value);
  };
  set(CURLOPT_PRIVATE, t);
  set(CURLOPT_URL, t->out.exchange.url.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  // HTTP/0.9 is let in only so that OnBody sees what came instead of a head.
  set(CURLOPT_HTTP09_ALLOWED, 1L);
  set(CURLOPT_HTTP_TRANSFER_DECODING, 0L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_BUFFERSIZE, 64L << 10);
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_PROXY, policy.proxy.c_str());  // "" also shuts out $http_proxy
  set(CURLOPT_NOPROXY, "");
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_ERRORBUFFER, t->curl_error.data());

  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(limits.total.count()));
  set(CURLOPT_LOW_SPEED_LIMIT, 100L);
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(limits.stall.count()));
  if (policy.limit_rate) {
    set(CURLOPT_MAX_RECV_SPEED_LARGE,
        static_cast<curl_off_t>(*policy.limit_rate));
  }

  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  // A resumed session presents no certificates: always the full handshake.
  set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
  set(CURLOPT_SSL_CTX_FUNCTION, PrepareTls);
  set(CURLOPT_SSL_CTX_DATA, t);
  if (!policy.cacert.empty()) {
    set(CURLOPT_CAINFO, policy.cacert.c_str());
    set(CURLOPT_CAPATH, nullptr);
  }

  set(CURLOPT_OPENSOCKETFUNCTION, OpenSocket);
  set(CURLOPT_OPENSOCKETDATA, t);
  set(CURLOPT_CLOSESOCKETFUNCTION, CloseSocket);
  set(CURLOPT_CLOSESOCKETDATA, &sockets);
  set(CURLOPT_PREREQFUNCTION, BeforeRequest);
  set(CURLOPT_PREREQDATA, t);
  set(CURLOPT_HEADERFUNCTION, OnHeader);
  set(CURLOPT_HEADERDATA, t);
  set(CURLOPT_WRITEFUNCTION, OnBody);
  set(CURLOPT_WRITEDATA, t);
  set(CURLOPT_VERBOSE, 1L);  // or DEBUGFUNCTION stays silent
  set(CURLOPT_DEBUGFUNCTION, OnDebug);
  set(CURLOPT_DEBUGDATA, t);
  if (resolve) set(CURLOPT_RESOLVE, resolve.get());
  set(CURLOPT_HTTPHEADER, t->headers.get());
  if (t->request.post) {
    set(CURLOPT_POSTFIELDSIZE_LARGE,
        static_cast<curl_off_t>(t->request.post->size()));
    set(CURLOPT_POSTFIELDS, t->request.post->data());
  }
}

bool FetchEngine::Impl::SetHeaders(Transfer* t) {
  std::vector<std::pair<std::string, std::string>> fields = {
      {"User-Agent", policy.user_agent},
      {"Accept",
       "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
      {"Accept-Encoding", "gzip"},
  };
  const auto lower = [](std::string text) {
    for (char& c : text) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
  };
  for (const auto& [name, value] : t->request.headers) {
    if (!IsFieldSafe(name) || !IsFieldSafe(value) || name.empty() ||
        name.find(':') != std::string::npos) {
      t->out.failure = Error(ErrorCode::kInvalidArgument,
                             "a request field holds a line break");
      return false;
    }
    std::erase_if(fields, [&](const auto& field) {
      return lower(field.first) == lower(name);
    });
    fields.emplace_back(name, value);
    t->ranged |= lower(name) == "range";
    t->conditional |=
        lower(name) == "if-none-match" || lower(name) == "if-modified-since";
  }
  for (const auto& [name, value] : fields) {
    Append(&t->headers, value.empty() ? name + ";" : name + ": " + value);
  }
  return true;
}

// False, with the failure set, when the request can not even be tried.
bool FetchEngine::Impl::Prepare(Transfer* t) {
  const Url& url = t->request.url;
  if (!url.valid() || !url.IsHttp() || url.host().empty()) {
    t->out.failure =
        Error(ErrorCode::kRefused,
              fmt::format("scheme '{}' is not http or https", url.scheme()));
    return false;
  }
  t->out.exchange.url = RequestUrl(url);
  if (t->out.exchange.url.size() > t->request.limits.max_url_bytes) {
    t->out.failure =
        Error(ErrorCode::kLimit,
              fmt::format("the URL has {} bytes, at most {} are sent",
                          t->out.exchange.url.size(),
                          t->request.limits.max_url_bytes));
    return false;
  }
  t->through_proxy = !policy.proxy.empty();
  if (t->through_proxy) {
    std::string host = url.host();
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    const bool literal =
        url.host().starts_with('[') ||
        host.find_first_not_of("0123456789.") == std::string::npos;
    if (literal && !addresses.Allows(host, url.EffectivePort())) {
      t->out.failure =
          Error(ErrorCode::kRefused,
                fmt::format("{} port {} is not a public web address", host,
                            url.EffectivePort()));
      return false;
    }
  }
  if (!SetHeaders(t)) return false;
  t->easy.reset(curl_easy_init());
  if (!t->easy) {
    t->out.failure = Error(ErrorCode::kIo, "out of memory for a transfer");
    return false;
  }
  SetOptions(t);
  return true;
}

FetchEngine::Id FetchEngine::Start(FetchRequest request, ExchangeSink sink,
                                   Done done) {
  auto t = std::make_unique<Transfer>();
  const Id id = ++impl_->last_id;
  t->id = id;
  t->chunks = ChunkWalker(request.limits.max_trailer_bytes);
  t->request = std::move(request);
  t->sink = std::move(sink);
  t->done = std::move(done);
  t->addresses = &impl_->addresses;
  t->sockets = &impl_->sockets;
  t->mutable_sockets = &impl_->sockets;
  t->begun = Steady::now();
  t->out.exchange.started = impl_->policy.clock();
  t->out.exchange.url = t->request.url.HrefWithoutFragment();
  if (!impl_->Prepare(t.get()) ||
      curl_multi_add_handle(impl_->multi.get(), t->easy.get()) != CURLM_OK) {
    if (!t->out.failure) {
      t->out.failure = Error(ErrorCode::kIo, "libcurl takes no transfer");
    }
    impl_->dead.push_back(std::move(t));
    return id;
  }
  impl_->transfers.emplace(id, std::move(t));
  return id;
}

// A kept connection had stale bytes: once more, on one of its own.
bool FetchEngine::Impl::StartAgain(Transfer* t) {
  if (t->fresh_tries++ > 0) return false;
  t->desync = false;
  t->Note("a kept connection held bytes nobody asked for; used a new one");
  t->out.exchange.request.clear();
  t->curl_error[0] = '\0';
  curl_multi_remove_handle(multi.get(), t->easy.get());
  curl_easy_setopt(t->easy.get(), CURLOPT_FRESH_CONNECT, 1L);
  return curl_multi_add_handle(multi.get(), t->easy.get()) == CURLM_OK;
}

void FetchEngine::Impl::Finish(Id id, CURLcode code) {
  const auto found = transfers.find(id);
  if (found == transfers.end()) return;
  if (code == CURLE_ABORTED_BY_CALLBACK && found->second->desync &&
      StartAgain(found->second.get())) {
    return;
  }
  const std::unique_ptr<Transfer> t = std::move(found->second);
  transfers.erase(found);
  LearnConnection(t.get());
  curl_multi_remove_handle(multi.get(), t->easy.get());

  Connection& connection = t->out.exchange.connection;
  if (!t->tls && t->opened_tls) CopyFacts(*t->opened_tls, &connection);
  if (t->stop) {
    t->out.failure = t->stop;
    if (t->out.unusable.empty()) {
      t->out.unusable = t->head_bytes.substr(0, kUnusableKept);
    }
  } else if (t->head_done) {
    JudgeBody(t.get(), code);
  } else if (IsHeadLimit(*t, code)) {
    KeepCutHead(t.get());
  } else {
    if (code == CURLE_OK) code = CURLE_GOT_NOTHING;
    FailWithoutHead(t.get(), code);
  }
  t->out.exchange.finished = policy.clock();
  t->done(std::move(t->out));
}

void FetchEngine::Impl::CollectDone() {
  int left = 0;
  std::vector<std::pair<Id, CURLcode>> ended;
  while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    Transfer* t = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
    ended.emplace_back(t->id, message->data.result);
  }
  for (const auto& [id, code] : ended) Finish(id, code);
}

// Ends what the caller cut, what ran past the deadline of its head, and what
// is complete by our count though libcurl waits for more.
void FetchEngine::Impl::EndOverdue() {
  std::vector<std::pair<Id, CURLcode>> ended;
  for (const Id id : std::exchange(to_end, {})) {
    ended.emplace_back(id, CURLE_OPERATION_TIMEDOUT);
  }
  const auto now = Steady::now();
  for (const auto& [id, t] : transfers) {
    if (t->body_done) {
      ended.emplace_back(id, CURLE_OK);
    } else if (!t->head_done && now - t->begun > t->request.limits.head) {
      const std::string message =
          fmt::format("no complete response head within {}",
                      Seconds(t->request.limits.head));
      std::snprintf(t->curl_error.data(), t->curl_error.size(), "%s",
                    message.c_str());
      ended.emplace_back(id, CURLE_OPERATION_TIMEDOUT);
    }
  }
  for (const auto& [id, code] : ended) Finish(id, code);
}

std::chrono::milliseconds FetchEngine::Impl::UntilNextDeadline(
    std::chrono::milliseconds wait) const {
  const auto now = Steady::now();
  for (const auto& [id, t] : transfers) {
    if (t->head_done) continue;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        t->begun + t->request.limits.head - now);
    wait = std::clamp(left + std::chrono::milliseconds(1),
                      std::chrono::milliseconds(0), wait);
  }
  return wait;
}

Status FetchEngine::RunOnce(std::chrono::milliseconds wait) {
  if (!impl_->dead.empty()) {
    for (auto& t : std::exchange(impl_->dead, {})) {
      t->out.exchange.finished = impl_->policy.clock();
      t->done(std::move(t->out));
    }
    return {};
  }
  CURLM* multi = impl_->multi.get();
  const auto move = [&]() -> Status {
    int running = 0;
    const CURLMcode code = curl_multi_perform(multi, &running);
    if (code != CURLM_OK) {
      return Error(ErrorCode::kIo, fmt::format("network engine: {}",
                                               curl_multi_strerror(code)));
    }
    impl_->CollectDone();
    impl_->EndOverdue();
    return {};
  };
  const std::size_t before = impl_->transfers.size();
  STEMMA_CHECK_OK(move());
  if (impl_->transfers.size() != before || impl_->transfers.empty()) return {};
  const auto pause = impl_->UntilNextDeadline(wait);
  curl_multi_poll(multi, nullptr, 0, static_cast<int>(pause.count()), nullptr);
  return move();
}

void FetchEngine::Wakeup() { curl_multi_wakeup(impl_->multi.get()); }

void FetchEngine::Pause(Id id) {
  if (const auto found = impl_->transfers.find(id);
      found != impl_->transfers.end()) {
    found->second->paused = true;
  }
}

void FetchEngine::Resume(Id id) {
  const auto found = impl_->transfers.find(id);
  if (found == impl_->transfers.end() || !found->second->paused) return;
  found->second->paused = false;
  curl_easy_pause(found->second->easy.get(), CURLPAUSE_CONT);
}

void FetchEngine::Cut(Id id, Truncation reason) {
  const auto found = impl_->transfers.find(id);
  if (found == impl_->transfers.end()) return;
  found->second->cut = reason;
  impl_->to_end.push_back(id);
}

std::size_t FetchEngine::active() const {
  return impl_->transfers.size() + impl_->dead.size();
}

}  // namespace stemma
