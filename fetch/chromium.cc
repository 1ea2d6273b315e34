#include "fetch/chromium.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <utility>

#include "core/base64.h"
#include "fetch/browser_pipe.h"

namespace stemma {
namespace {

using Json = nlohmann::json;
using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kWidth = 1280, kHeight = 800, kTallest = 8000;
// A page that asks for nothing so long after its load event is finished.
constexpr milliseconds kQuiet(700);
// For what is asked of a finished page: its text and its picture.
constexpr milliseconds kClosing(15'000);

const std::vector<std::string> kFlags = {
    "--headless=new", "--no-first-run", "--no-default-browser-check",
    "--disable-background-networking", "--disable-component-update",
    "--disable-default-apps", "--disable-dev-shm-usage",
    "--disable-domain-reliability", "--disable-extensions", "--disable-gpu",
    "--disable-notifications", "--disable-sync", "--hide-scrollbars",
    "--mute-audio", "--metrics-recording-only", "--password-store=basic",
    "--use-mock-keychain",
    // The second wall: what is not answered by us leads nowhere.
    "--proxy-server=socks5://127.0.0.1:1", "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--dns-prefetch-disable", "about:blank"};

std::string Text(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>()
                                                   : std::string();
}

const Json& At(const Json& json, const char* key) {
  static const Json kNone = Json::object();
  const auto found = json.find(key);
  return found != json.end() && found->is_object() ? *found : kNone;
}

bool IsOneOf(std::string_view name, std::span<const std::string_view> known) {
  return std::ranges::any_of(known, [name](std::string_view one) {
    return std::ranges::equal(name, one, [](char a, char b) {
      return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b;
    });
  });
}

// Fields that say how bytes travelled, or that are ours to keep.
bool IsShown(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kHidden = {
      "content-encoding", "content-length", "transfer-encoding", "connection",
      "keep-alive",       "set-cookie",     "alt-svc",           "trailer"};
  return !IsOneOf(name, kHidden);
}

// One page in one browser.
class Rendering {
 public:
  Rendering(const RenderBudget& budget, const RenderFetch& fetch,
            const std::function<bool()>& go_on)
      : budget_(budget),
        fetch_(fetch),
        go_on_(go_on),
        deadline_(Steady::now() + budget.time) {}

  Result<RenderedPage> Run(const std::string& program, const Url& url) {
    BrowserPipe::Options how;
    how.program = program;
    how.flags = kFlags;
    how.go_on = go_on_;
    STEMMA_TRY(pipe_, BrowserPipe::Start(std::move(how)));
    page_.walled = pipe_->walled();
    STEMMA_CHECK_OK(Open());
    STEMMA_CHECK_OK(Load(url));
    STEMMA_CHECK_OK(TakeText());
    STEMMA_CHECK_OK(TakePicture());
    return std::move(page_);
  }

 private:
  // Finds the page's session and has everything paused.
  Status Open() {
    STEMMA_TRY(const Json version, Call("Browser.getVersion", Json::object()));
    page_.browser = Text(version, "product");
    STEMMA_CHECK_OK(
        Do("Browser.setDownloadBehavior", {{"behavior", "deny"}}, ""));
    STEMMA_TRY(const Json target,
               Call("Target.createTarget", {{"url", "about:blank"}}));
    STEMMA_TRY(
        const Json attached,
        Call("Target.attachToTarget",
             {{"targetId", Text(target, "targetId")}, {"flatten", true}}));
    session_ = Text(attached, "sessionId");
    STEMMA_CHECK_OK(Arm(session_));
    STEMMA_CHECK_OK(Do("Page.enable", Json::object(), session_));
    return Do("Emulation.setDeviceMetricsOverride",
              {{"width", kWidth},
               {"height", kHeight},
               {"deviceScaleFactor", 1},
               {"mobile", false}},
              session_);
  }

  // Frames of other sites and workers are targets of their own.
  Status Arm(const std::string& session) {
    STEMMA_CHECK_OK(
        Do("Fetch.enable", {{"patterns", {{{"urlPattern", "*"}}}}}, session));
    return Do("Target.setAutoAttach",
              {{"autoAttach", true},
               {"waitForDebuggerOnStart", true},
               {"flatten", true}},
              session);
  }

  Status Load(const Url& url) {
    STEMMA_CHECK_OK(
        Send("Page.navigate", {{"url", url.HrefWithoutFragment()}}, session_));
    while (Steady::now() < deadline_) {
      const auto until = page_.loaded
                             ? std::min(deadline_, Steady::now() + kQuiet)
                             : deadline_;
      STEMMA_TRY(const bool heard, Hear(until));
      if (!heard && page_.loaded) break;
      if (!failed_.empty()) {
        return Error(ErrorCode::kNetwork, "the page did not open: " + failed_);
      }
    }
    closing_ = true;
    deadline_ = Steady::now() + kClosing;
    return {};
  }

  Status TakeText() {
    STEMMA_TRY(const Json document,
               Call("DOM.getDocument", {{"depth", 0}}, session_));
    const Json& root = At(document, "root");
    page_.final_url = Text(root, "documentURL");
    const auto node = root.find("nodeId");
    if (node == root.end()) {
      return Error(ErrorCode::kNetwork, "the browser has no document");
    }
    STEMMA_TRY(const Json html,
               Call("DOM.getOuterHTML", {{"nodeId", *node}}, session_));
    page_.html = Text(html, "outerHTML");
    return {};
  }

  Status TakePicture() {
    STEMMA_TRY(const Json metrics,
               Call("Page.getLayoutMetrics", Json::object(), session_));
    const Json& size = At(metrics, "cssContentSize");
    const auto height = size.find("height");
    int tall = kHeight;
    if (height != size.end() && height->is_number()) {
      tall = static_cast<int>(std::clamp(height->get<double>(),
                                         static_cast<double>(kHeight),
                                         static_cast<double>(kTallest)));
    }
    STEMMA_TRY(const Json picture, Call("Page.captureScreenshot",
                                        {{"format", "png"},
                                         {"captureBeyondViewport", true},
                                         {"clip",
                                          {{"x", 0},
                                           {"y", 0},
                                           {"width", kWidth},
                                           {"height", tall},
                                           {"scale", 1}}}},
                                        session_));
    const auto bytes = BytesOfBase64(Text(picture, "data"));
    if (!bytes || !bytes->starts_with("\x89PNG\r\n\x1a\n")) {
      return Error(ErrorCode::kNetwork, "the browser's picture is no PNG");
    }
    page_.picture = *bytes;
    return {};
  }

  // --- messages -------------------------------------------------------------

  Status Send(std::string_view method, const Json& params,
              const std::string& session) {
    Json message = {{"id", ++last_id_}, {"method", method}, {"params", params}};
    if (!session.empty()) message["sessionId"] = session;
    return pipe_->Send(
        message.dump(-1, ' ', false, Json::error_handler_t::replace),
        deadline_);
  }

  // Sends and waits for the answer; what happens meanwhile is seen to.
  Result<Json> Call(std::string_view method, const Json& params,
                    const std::string& session = "") {
    STEMMA_CHECK_OK(Send(method, params, session));
    const int id = last_id_;
    awaited_ = id;
    answer_ = nullptr;
    while (awaited_ == id) {
      STEMMA_TRY(const bool heard, Hear(deadline_));
      if (!heard || Steady::now() >= deadline_) {
        return Error(ErrorCode::kLimit,
                     fmt::format("the browser did not answer {}", method));
      }
    }
    if (!answer_.contains("error")) return At(answer_, "result");
    return Error(ErrorCode::kNetwork,
                 fmt::format("the browser refuses {}: {}", method,
                             Text(At(answer_, "error"), "message")));
  }
  Status Do(std::string_view method, const Json& params,
            const std::string& session) {
    STEMMA_TRY(const Json done, Call(method, params, session));
    static_cast<void>(done);
    return {};
  }

  // One message, or false when none came in time.
  Result<bool> Hear(Steady::time_point until) {
    if (go_on_ && !go_on_()) {
      return Error(ErrorCode::kInterrupted, "told to stop");
    }
    STEMMA_TRY(const std::optional<std::string> text, pipe_->Receive(until));
    if (!text) return false;
    Json message = Json::parse(*text, nullptr, false);
    if (!message.is_object()) {
      return Error(ErrorCode::kNetwork, "the browser does not speak JSON");
    }
    if (const auto id = message.find("id"); id != message.end()) {
      if (id->is_number_integer() && *id == awaited_) {
        awaited_ = 0;
        answer_ = std::move(message);
      }
      return true;
    }
    const std::string session = Text(message, "sessionId");
    STEMMA_CHECK_OK(
        Happened(Text(message, "method"), At(message, "params"), session));
    return true;
  }

  Status Happened(const std::string& what, const Json& params,
                  const std::string& session) {
    if (what == "Fetch.requestPaused") return Answer(params, session);
    if (what == "Page.loadEventFired" && session == session_) {
      page_.loaded = true;
    } else if (what == "Page.javascriptDialogOpening") {
      return Send("Page.handleJavaScriptDialog", {{"accept", false}}, session);
    } else if (what == "Inspector.targetCrashed") {
      return Error(ErrorCode::kNetwork, "the page crashed the browser");
    } else if (what == "Target.attachedToTarget") {
      return Welcome(Text(params, "sessionId"));
    }
    return {};
  }

  // A target that waits for us to have it armed. Sent without waiting: some
  // kinds know nothing of Fetch and say so.
  Status Welcome(const std::string& session) {
    if (session.empty() || session == session_) return {};
    STEMMA_CHECK_OK(
        Send("Fetch.enable", {{"patterns", {{{"urlPattern", "*"}}}}}, session));
    STEMMA_CHECK_OK(Send("Target.setAutoAttach",
                         {{"autoAttach", true},
                          {"waitForDebuggerOnStart", true},
                          {"flatten", true}},
                         session));
    return Send("Runtime.runIfWaitingForDebugger", Json::object(), session);
  }

  // --- what the page asks for -----------------------------------------------

  Status Refuse(const std::string& id, const std::string& session) {
    ++page_.refused;
    return Send("Fetch.failRequest",
                {{"requestId", id}, {"errorReason", "BlockedByClient"}},
                session);
  }

  Status Answer(const Json& params, const std::string& session) {
    const std::string id = Text(params, "requestId");
    const Json& asked = At(params, "request");
    const Result<Url> url = Url::Parse(Text(asked, "url"));
    const bool document =
        Text(params, "resourceType") == "Document" && session == session_;
    // Films are fetched as media, under their own limits.
    if (!url || !url->IsHttp() || Text(asked, "method") != "GET" ||
        Text(params, "resourceType") == "Media" || closing_ ||
        tried_ >= budget_.requests || page_.bytes >= budget_.bytes) {
      return Refuse(id, session);
    }
    RenderRequest request;
    request.url = *url;
    request.bytes_left = budget_.bytes - page_.bytes;
    request.time_left =
        std::chrono::duration_cast<milliseconds>(deadline_ - Steady::now());
    if (request.time_left.count() <= 0) return Refuse(id, session);
    for (const auto& [name, value] : At(asked, "headers").items()) {
      static constexpr std::array<std::string_view, 4> kPassed = {
          "accept", "accept-language", "origin", "referer"};
      if (IsOneOf(name, kPassed) && value.is_string()) {
        request.headers.emplace_back(name, value.get<std::string>());
      }
    }
    ++tried_;
    STEMMA_TRY(const std::optional<RenderAnswer> answer, fetch_(request));
    if (!answer) {
      if (document && page_.requests == 0) failed_ = "it was not fetched";
      return Refuse(id, session);
    }
    ++page_.requests;
    page_.bytes += answer->bytes;
    return Fulfil(id, *answer, session);
  }

  Status Fulfil(const std::string& id, const RenderAnswer& answer,
                const std::string& session) {
    Json fields = Json::array();
    for (const auto& [name, value] : answer.headers) {
      if (IsShown(name)) fields.push_back({{"name", name}, {"value", value}});
    }
    return Send("Fetch.fulfillRequest",
                {{"requestId", id},
                 {"responseCode", answer.status},
                 {"responseHeaders", std::move(fields)},
                 {"body", Base64Of(answer.body)}},
                session);
  }

  const RenderBudget& budget_;
  const RenderFetch& fetch_;
  const std::function<bool()>& go_on_;
  Steady::time_point deadline_;
  std::unique_ptr<BrowserPipe> pipe_;
  RenderedPage page_;
  std::string session_, failed_;
  bool closing_ = false;
  int tried_ = 0;  // requests given to fetch_
  int last_id_ = 0, awaited_ = 0;
  Json answer_;
};

class Chromium : public PageRenderer {
 public:
  explicit Chromium(std::string program) : program_(std::move(program)) {}
  Result<RenderedPage> Render(const Url& url, const RenderBudget& budget,
                              const RenderFetch& fetch,
                              const std::function<bool()>& go_on) override {
    return Rendering(budget, fetch, go_on).Run(program_, url);
  }

 private:
  std::string program_;
};

}  // namespace

std::unique_ptr<PageRenderer> MakeChromium(std::string program) {
  return std::make_unique<Chromium>(std::move(program));
}

}  // namespace stemma
