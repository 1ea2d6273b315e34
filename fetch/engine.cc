#include "fetch/engine.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <mutex>
#include <set>

#include "core/ascii.h"
#include "core/c_handle.h"
#include "fetch/address_policy.h"
#include "fetch/transfer.h"

namespace stemma {
namespace {

using Steady = std::chrono::steady_clock;

using CurlMulti = CHandle<CURLM, curl_multi_cleanup>;

void Append(CurlList* list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list->get(), line.c_str());
  if (longer == nullptr) return;
  static_cast<void>(list->release());
  list->reset(longer);
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

std::string Seconds(std::chrono::milliseconds time) {
  return fmt::format("{:g} s", static_cast<double>(time.count()) / 1000);
}

}  // namespace

struct FetchEngine::Impl {
  FetchPolicy policy;
  AddressPolicy addresses;
  CurlList resolve;
  std::set<int> sockets;
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
  if (!policy.cacert.empty()) {
    set(CURLOPT_CAINFO, policy.cacert.c_str());
    set(CURLOPT_CAPATH, nullptr);
  }

  SetCallbacks(t);
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
  for (const auto& [name, value] : t->request.headers) {
    if (!IsFieldSafe(name) || !IsFieldSafe(value) || name.empty() ||
        name.find(':') != std::string::npos) {
      t->out.failure = Error(ErrorCode::kInvalidArgument,
                             "a request field holds a line break");
      return false;
    }
    std::erase_if(fields, [&](const auto& field) {
      return EqualsIgnoringCase(field.first, name);
    });
    fields.emplace_back(name, value);
    t->ranged |= EqualsIgnoringCase(name, "range");
    t->conditional |= EqualsIgnoringCase(name, "if-none-match") ||
                      EqualsIgnoringCase(name, "if-modified-since");
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
  JudgeEnd(t.get(), code);
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
