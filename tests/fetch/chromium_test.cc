#include "fetch/chromium.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace stemma {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// A browser in fifty lines: speaks the protocol, asks for what ASK lists, and
// then does as MODE says.
constexpr std::string_view kFake = R"py(#!/usr/bin/python3
import base64, json, os, sys
MODE, ASK = @MODE@, @ASK@
buffer, asked, seen = b'', list(ASK), []
def say(message):
    data = json.dumps(message).encode() + b'\0'
    while data:
        data = data[os.write(4, data):]
def hear():
    global buffer
    while b'\0' not in buffer:
        more = os.read(3, 65536)
        if not more:
            sys.exit(0)
        buffer += more
    message, buffer = buffer.split(b'\0', 1)
    return json.loads(message)
def ask():
    if MODE == 'flood':
        asked.append(['GET', 'https://herald.example/%d' % len(seen), 'Script'])
    if not asked:
        say({'method': 'Page.loadEventFired', 'params': {}, 'sessionId': 's'})
        return
    method, url, kind = asked.pop(0)
    say({'method': 'Fetch.requestPaused', 'sessionId': 's', 'params': {
        'requestId': url, 'resourceType': kind,
        'request': {'url': url, 'method': method,
                    'headers': {'Accept': '*/*', 'Cookie': 'a=b'}}}})
while True:
    message = hear()
    method, answer = message['method'], {}
    if MODE == 'dies' and method == 'Page.navigate':
        sys.exit(1)
    if MODE == 'mute':
        continue
    if MODE == 'garbage':
        os.write(4, b'{"id": \0')
        continue
    if MODE == 'endless':
        while True:
            os.write(4, b'x' * 65536)
    if method == 'Browser.getVersion':
        answer = {'product': 'Fake/1'}
    elif method == 'Target.createTarget':
        answer = {'targetId': 't'}
    elif method == 'Target.attachToTarget':
        answer = {'sessionId': 's'}
    elif method == 'DOM.getDocument':
        answer = {'root': {'nodeId': 1, 'documentURL': 'https://x.example/'}}
    elif method == 'DOM.getOuterHTML':
        answer = {'outerHTML': '<html>' + '|'.join(seen) + '</html>'}
    elif method == 'Page.captureScreenshot':
        png = b'\x89PNG\r\n\x1a\n' if MODE != 'no-png' else b'GIF89a'
        answer = {'data': base64.b64encode(png).decode()}
    elif method == 'Fetch.fulfillRequest':
        body = base64.b64decode(message['params']['body']).decode()
        names = [h['name'] for h in message['params']['responseHeaders']]
        seen.append('%d %s %s' % (message['params']['responseCode'], body,
                                  ','.join(names)))
    elif method == 'Fetch.failRequest':
        seen.append('no ' + message['params']['requestId'])
    say({'id': message['id'], 'result': answer})
    if method in ('Page.navigate', 'Fetch.fulfillRequest',
                  'Fetch.failRequest'):
        ask()
)py";

const std::string kPage = "https://herald.example/page";

class ChromiumTest : public ::testing::Test {
 protected:
  ChromiumTest() {
    std::string name = (fs::temp_directory_path() / "browserXXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    // As root the browser runs as nobody, who must get at it.
    fs::permissions(folder_, fs::perms(0777));
    ::setenv("TMPDIR", folder_.c_str(), 1);
  }
  ~ChromiumTest() override {
    ::unsetenv("TMPDIR");
    fs::remove_all(folder_);
  }
  void SetUp() override {
    if (::access("/usr/bin/python3", X_OK) != 0) {
      GTEST_SKIP() << "skipped: /usr/bin/python3 is not installed";
    }
  }

  std::string Fake(const std::string& mode, const std::string& ask) {
    std::string text(kFake);
    text.replace(text.find("@MODE@"), 6, "'" + mode + "'");
    text.replace(text.find("@ASK@"), 5, ask);
    const fs::path file = folder_ / "fake";
    std::ofstream(file) << text;
    fs::permissions(file, fs::perms(0755));
    return file.string();
  }
  Result<RenderedPage> Render(const std::string& program) {
    auto page = MakeChromium(program)->Render(
        *Url::Parse(kPage), budget_,
        [this](const RenderRequest& request) { return Answer(request); },
        [this] { return go_on_; });
    // Nothing stays behind, whatever happened.
    for (const auto& entry : fs::directory_iterator(folder_)) {
      EXPECT_EQ(entry.path().filename(), "fake");
    }
    return page;
  }
  Result<std::optional<RenderAnswer>> Answer(const RenderRequest& request) {
    asked_.push_back(request.url.Href());
    for (const auto& [name, value] : request.headers) {
      EXPECT_NE(name, "Cookie") << value;
    }
    const auto found = site_.find(request.url.Href());
    if (found == site_.end()) return std::optional<RenderAnswer>();
    return RenderAnswer{200,
                        {{"Content-Type", found->second.first},
                         {"Content-Encoding", "gzip"},
                         {"Set-Cookie", "a=b"}},
                        found->second.second,
                        found->second.second.size()};
  }

  fs::path folder_;
  RenderBudget budget_{.time = std::chrono::seconds(20)};
  bool go_on_ = true;
  std::map<std::string, std::pair<std::string, std::string>> site_ = {
      {kPage, {"text/html", "the page"}},
      {"https://herald.example/a.js", {"text/javascript", "a script"}}};
  std::vector<std::string> asked_;
};

constexpr const char* kUsual =
    "[['GET', 'https://herald.example/page', 'Document'],"
    " ['GET', 'https://herald.example/a.js', 'Script'],"
    " ['POST', 'https://herald.example/a.js', 'XHR'],"
    " ['GET', 'file:///etc/passwd', 'XHR'],"
    " ['GET', 'https://herald.example/film', 'Media'],"
    " ['GET', 'https://herald.example/gone', 'Image']]";

TEST_F(ChromiumTest, WhatThePageAsksForIsAnsweredByUs) {
  const auto page = Render(Fake("plain", kUsual));
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_EQ(page->browser, "Fake/1");
  EXPECT_TRUE(page->loaded);
  EXPECT_EQ(page->requests, 2);
  EXPECT_EQ(page->refused, 4);
  EXPECT_EQ(page->bytes, 16U);
  EXPECT_THAT(page->picture, HasSubstr("PNG"));
  EXPECT_THAT(asked_,
              ::testing::ElementsAre(kPage, "https://herald.example/a.js",
                                     "https://herald.example/gone"));
  // Coding and cookies are ours; what is refused fails.
  EXPECT_THAT(page->html, HasSubstr("200 the page Content-Type|"));
  EXPECT_THAT(page->html, HasSubstr("no file:///etc/passwd"));
}

TEST_F(ChromiumTest, ABudgetOfRequestsHolds) {
  budget_.requests = 5;
  budget_.time = std::chrono::seconds(2);
  for (int i = 0; i < 1000; ++i) {
    site_["https://herald.example/" + std::to_string(i)] = {"a/b", "x"};
  }
  const auto page = Render(Fake("flood", kUsual));
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_EQ(page->requests, 4);
  EXPECT_EQ(asked_.size(), 5U);
  EXPECT_FALSE(page->loaded);
}

TEST_F(ChromiumTest, ABudgetOfBytesHolds) {
  budget_.bytes = 8;
  const auto page = Render(Fake("plain", kUsual));
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_EQ(page->requests, 1);
}

TEST_F(ChromiumTest, ABrowserThatFailsIsAnErrorAndNoMore) {
  budget_.time = std::chrono::milliseconds(500);
  for (const auto& [mode, code] :
       std::vector<std::pair<std::string, ErrorCode>>{
           {"dies", ErrorCode::kNetwork},
           {"mute", ErrorCode::kLimit},
           {"garbage", ErrorCode::kNetwork},
           {"endless", ErrorCode::kLimit},
           {"no-png", ErrorCode::kNetwork}}) {
    // Python takes its time to start.
    if (mode != "mute" && mode != "endless") {
      budget_.time = std::chrono::seconds(20);
    } else {
      budget_.time = std::chrono::milliseconds(500);
    }
    const auto page = Render(Fake(mode, kUsual));
    ASSERT_FALSE(page) << mode;
    EXPECT_EQ(page.error().code(), code) << mode << page.error().message();
  }
}

TEST_F(ChromiumTest, NoSuchBrowserIsSaid) {
  for (const char* program : {"/no/such/browser", "no-such-browser-at-all"}) {
    const auto page = Render(program);
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().code(), ErrorCode::kNotFound);
    EXPECT_THAT(page.error().message(), HasSubstr(program));
  }
}

TEST_F(ChromiumTest, APageThatWasNotFetchedIsNotRendered) {
  site_.clear();
  const auto page = Render(Fake("plain", kUsual));
  ASSERT_FALSE(page);
  EXPECT_THAT(page.error().message(), HasSubstr("not fetched"));
}

TEST_F(ChromiumTest, ToldToStopItStops) {
  go_on_ = false;
  const auto page = Render(Fake("mute", "[]"));
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code(), ErrorCode::kInterrupted);
}

// The real one, where there is one.
TEST_F(ChromiumTest, ScriptsRunAndReachNobody) {
  const char* program = "/usr/bin/chromium";
  if (::access(program, X_OK) != 0) {
    GTEST_SKIP() << "skipped: " << program << " is not installed";
  }
  budget_.time = std::chrono::seconds(60);
  site_[kPage] = {
      "text/html",
      "<title>t</title><p id=p>before</p><script src=a.js></script>"
      "<iframe src=https://other.example/frame></iframe><script>"
      "fetch('https://other.example/x',{method:'POST'}).catch(e=>{});"
      "try{new WebSocket('wss://other.example/ws')}catch(e){}"
      "window.open('https://other.example/popup');"
      "alert('stop')</script>"};
  site_["https://herald.example/a.js"] = {
      "text/javascript",
      "document.getElementById('p').textContent = 'after ' + (20 + 3)"};
  site_["https://other.example/frame"] = {"text/html", "<p>a frame</p>"};
  const auto page = Render(program);
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_TRUE(page->loaded);
  EXPECT_THAT(page->html, HasSubstr("after 23"));
  EXPECT_THAT(page->browser, HasSubstr("Chrom"));
  EXPECT_GT(page->picture.size(), 1000U);
  EXPECT_THAT(asked_, Contains("https://herald.example/a.js"));
  EXPECT_THAT(asked_, Contains("https://other.example/frame"));
  EXPECT_THAT(asked_, Not(Contains("https://other.example/x")));
  EXPECT_EQ(page->final_url, kPage);
}

}  // namespace
}  // namespace stemma
