#include "fetch/fetcher.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "fetch/engine.h"
#include "tests/fetch/scripted_server.h"

namespace stemma {
namespace {

std::string Ok(std::string_view body, std::string_view fields = "") {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

struct Got {
  FetchOutcome outcome;
  std::string body;
  int heads = 0;
};

class FetcherTest : public testing::Test {
 protected:
  void Serve(std::map<std::string, std::vector<Script>> scripts) {
    server_ = std::make_unique<ScriptedServer>(std::move(scripts));
    FetchPolicy policy;
    policy.allow_private = {server_->Endpoint()};
    fetcher_ = std::move(*Fetcher::Create(policy));
  }
  Got Get(std::string_view path, FetchLimits limits = {},
          std::vector<std::pair<std::string, std::string>> headers = {}) {
    return GetUrl(server_->UrlOf(path), limits, std::move(headers));
  }
  Got GetUrl(const std::string& url, FetchLimits limits = {},
             std::vector<std::pair<std::string, std::string>> headers = {}) {
    FetchRequest request;
    request.url = *Url::Parse(url);
    request.headers = std::move(headers);
    request.limits = limits;
    Got got;
    ExchangeSink sink;
    sink.on_head = [&](const Exchange& head) -> Status {
      EXPECT_FALSE(head.response_head.empty());
      EXPECT_FALSE(head.request.empty());
      EXPECT_FALSE(head.connection.peer_address.empty());
      ++got.heads;
      return {};
    };
    sink.on_body = [&](std::string_view bytes) -> Status {
      got.body += bytes;
      return {};
    };
    got.outcome = fetcher_->Get(request, sink);
    return got;
  }

  std::unique_ptr<ScriptedServer> server_;
  std::unique_ptr<Fetcher> fetcher_;
};

TEST_F(FetcherTest, KeepsBothMessagesByteForByte) {
  const std::string answer =
      "HTTP/1.1 200 Fine\r\nX-ODD :  a\tb \r\nSet-Cookie: a=1\r\n"
      "Content-Length: 3\r\nX-Raw: \xE9\xFF\r\n\r\nabc";
  Serve({{"/a?b=c", {{answer}}}});
  const Got got = Get("/a?b=c#fragment");
  const Exchange& exchange = got.outcome.exchange;
  ASSERT_FALSE(got.outcome.failure);
  EXPECT_EQ(exchange.response_head + got.body, answer);
  EXPECT_EQ(exchange.request, server_->Requests().at(0));
  EXPECT_EQ(exchange.url, server_->UrlOf("/a?b=c"));
  EXPECT_EQ(exchange.status, 200);
  EXPECT_EQ(exchange.body_bytes, 3u);
  EXPECT_EQ(exchange.connection.peer_address, "127.0.0.1");
  EXPECT_EQ(exchange.connection.peer_port, server_->port());
  EXPECT_EQ(exchange.connection.http_protocol, "http/1.1");
  EXPECT_FALSE(exchange.truncated);
  EXPECT_EQ(got.heads, 1);
}

TEST_F(FetcherTest, KeepsCodedAndChunkedBytesAsTheyCame) {
  const std::string body = "3;x=y\r\nabc\r\n0\r\nTrailer: 1\r\n\r\n";
  Serve({{"/",
          {{"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
            "Transfer-Encoding: chunked\r\n\r\n" +
            body}}}});
  const Got got = Get("/");
  EXPECT_EQ(got.body, body);
  EXPECT_FALSE(got.outcome.exchange.truncated);
}

TEST_F(FetcherTest, AsksForGzipOnlyAndSendsNoSecrets) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  Serve({{"/", {{Ok("x", "Set-Cookie: id=1\r\n")}}}});
  EXPECT_FALSE(Get("/").outcome.failure);
  EXPECT_FALSE(Get("/").outcome.failure);
  ::unsetenv("http_proxy");
  const Got got = GetUrl("http://user:secret@" + server_->Endpoint() + "/");
  EXPECT_EQ(got.outcome.exchange.url, server_->UrlOf("/"));
  for (const std::string& request : server_->Requests()) {
    EXPECT_NE(request.find("Accept-Encoding: gzip\r\n"), std::string::npos);
    EXPECT_EQ(request.find("Cookie:"), std::string::npos);
    EXPECT_EQ(request.find("Authorization:"), std::string::npos);
  }
}

TEST_F(FetcherTest, MarksWhatIsNotWhole) {
  Serve({
      {"/short", {{"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc", true}}},
      {"/reset",
       {{"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc", false, true}}},
      {"/no-last-chunk",
       {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
         true}}},
      {"/bad-chunk",
       {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
         "zz\r\nabc\r\n0\r\n\r\n",
         true}}},
      {"/endless",
       {{"HTTP/1.1 200 OK\r\n\r\n", true, false, false,
         std::string(999, 'x')}}},
      {"/stall",
       {{"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc", false, false,
         true}}},
      {"/part", {{"HTTP/1.1 206 Partial\r\nContent-Length: 3\r\n\r\nabc"}}},
      {"/bad-length",
       {{"HTTP/1.1 200 OK\r\nContent-Length: 3x\r\n\r\nabcdef", true}}},
  });
  FetchLimits limits;
  limits.max_body_bytes = 5'000;
  limits.total = std::chrono::milliseconds(300);
  const struct {
    const char* path;
    std::string_view mark;
    std::size_t at_least;
  } cases[] = {
      {"/short", "disconnect", 3},
      {"/no-last-chunk", "disconnect", 8},
      {"/bad-chunk", "disconnect", 8},
      {"/endless", "length", 5'000},
      {"/stall", "time", 3},
      {"/part", "unspecified", 3},
      {"/bad-length", "unspecified", 3},
      {"/reset", "disconnect", 0},
  };
  for (const auto& c : cases) {
    const Got got = Get(c.path, limits);
    // A reset may overtake the bytes before it.
    if (got.outcome.failure && std::string_view(c.path) == "/reset") continue;
    ASSERT_FALSE(got.outcome.failure)
        << c.path << got.outcome.failure->message();
    ASSERT_TRUE(got.outcome.exchange.truncated) << c.path;
    EXPECT_EQ(NameOf(*got.outcome.exchange.truncated), c.mark) << c.path;
    EXPECT_GE(got.body.size(), c.at_least) << c.path;
    EXPECT_LE(got.body.size(), 5'000u) << c.path;
    EXPECT_EQ(got.body.size(), got.outcome.exchange.body_bytes) << c.path;
    EXPECT_FALSE(got.outcome.notes.empty() && c.mark == "disconnect") << c.path;
  }
}

TEST_F(FetcherTest, WhatIsNoResponseIsAFailureThatShowsItsBytes) {
  Serve({
      {"/ssh", {{"SSH-2.0-OpenSSH_9.2\r\n", true}}},
      {"/html", {{"<html>hello</html>", true}}},
      {"/lengths",
       {{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: "
         "4\r\n\r\nabcd",
         true}}},
      {"/switch", {{"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", true}}},
      {"/half-head", {{"HTTP/1.1 200 OK\r\nContent-Le", true}}},
      {"/hints", {{"", true, false, false, "HTTP/1.1 103 Hints\r\n\r\n"}}},
      {"/empty", {{"", true}}},
      {"/mute", {{"", false, false, true}}},
  });
  FetchLimits limits;
  limits.head = std::chrono::milliseconds(300);
  const struct {
    const char* path;
    ErrorCode code;
    bool shows;
  } cases[] = {
      {"/ssh", ErrorCode::kMalformed, true},
      {"/html", ErrorCode::kMalformed, true},
      {"/lengths", ErrorCode::kMalformed, true},
      {"/switch", ErrorCode::kMalformed, true},
      {"/half-head", ErrorCode::kNetwork, true},
      {"/hints", ErrorCode::kLimit, false},
      {"/empty", ErrorCode::kNetwork, false},
      {"/mute", ErrorCode::kNetwork, false},
  };
  for (const auto& c : cases) {
    const Got got = Get(c.path, limits);
    ASSERT_TRUE(got.outcome.failure) << c.path;
    EXPECT_EQ(got.outcome.failure->code(), c.code)
        << c.path << ": " << got.outcome.failure->message();
    EXPECT_EQ(!got.outcome.unusable.empty(), c.shows) << c.path;
    EXPECT_EQ(got.heads, 0) << c.path;
    EXPECT_EQ(got.outcome.exchange.connection.peer_address, "127.0.0.1")
        << c.path;
  }
}

TEST_F(FetcherTest, InterimResponsesAreNotedAndPassed) {
  Serve({{"/",
          {{"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + Ok("final")}}}});
  const Got got = Get("/");
  EXPECT_EQ(got.body, "final");
  EXPECT_EQ(got.outcome.exchange.response_head,
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(got.outcome.notes.at(0), "interim response 103");
}

TEST_F(FetcherTest, AHeadBeyondTheLimitIsKeptToTheLimit) {
  const std::string field = "X-Long: " + std::string(1'000, 'x') + "\r\n";
  Serve({{"/endless", {{"HTTP/1.1 200 OK\r\n", true, false, false, field}}},
         {"/line",
          {{"HTTP/1.1 302 Found\r\nA: b\r\nLocation: /" +
                std::string(300'000, 'x') + "\r\n\r\n",
            true}}}});
  for (const char* path : {"/endless", "/line"}) {
    const Got got = Get(path);
    ASSERT_FALSE(got.outcome.failure) << path;
    EXPECT_EQ(got.outcome.exchange.truncated, Truncation::kLength) << path;
    EXPECT_EQ(got.heads, 1) << path;
    EXPECT_TRUE(got.outcome.exchange.response_head.ends_with("\r\n\r\n"));
    EXPECT_LE(got.outcome.exchange.response_head.size(), 257u << 10) << path;
  }
}

TEST_F(FetcherTest, BytesNobodyAskedForAreNeverTheNextAnswer) {
  Serve({{"/first", {{Ok("first") + Ok("poison")}}},
         {"/second", {{Ok("second")}}},
         {"/long", {{Ok("abc") + "and more"}}}});
  EXPECT_EQ(Get("/first").body, "first");
  EXPECT_EQ(Get("/second").body, "second");
  EXPECT_EQ(Get("/long").body, "abc");
  EXPECT_EQ(Get("/second").body, "second");
}

TEST_F(FetcherTest, ConnectionsAreKept) {
  Serve({{"/", {{Ok("x")}}}});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Get("/").body, "x");
  EXPECT_EQ(server_->Connections(), 1);
}

TEST_F(FetcherTest, RedirectBodiesAreHardlyRead) {
  Serve({{"/",
          {{"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", true, false, false,
            std::string(5'000, 'x')}}}});
  const Got got = Get("/");
  EXPECT_EQ(got.body.size(), FetchLimits().max_redirect_body_bytes);
  EXPECT_EQ(got.outcome.exchange.truncated, Truncation::kLength);
}

TEST_F(FetcherTest, PrivateAddressesAreRefusedAtConnect) {
  Serve({{"/", {{Ok("x")}}}});
  ScriptedServer inside({{"/", {{Ok("secret")}}}});
  const std::string port = std::to_string(inside.port());
  for (const std::string host :
       {"127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1",
        "0.0.0.0", "[::ffff:127.0.0.1]", "[::1]", "x.localhost"}) {
    const Got got = GetUrl("http://" + host + ":" + port + "/");
    ASSERT_TRUE(got.outcome.failure) << host;
  }
  EXPECT_EQ(inside.Connections(), 0);
  EXPECT_EQ(GetUrl("http://10.0.0.1/").outcome.failure->code(),
            ErrorCode::kRefused);
  for (const char* url : {"ftp://127.0.0.1/", "file:///etc/passwd",
                          "gopher://127.0.0.1:6379/_x", "data:,x"}) {
    EXPECT_EQ(GetUrl(url).outcome.failure->code(), ErrorCode::kRefused) << url;
  }
}

TEST_F(FetcherTest, NamesAreResolvedAsToldAndStillJudged) {
  ScriptedServer site({{"/", {{Ok("x")}}}});
  const std::string port = std::to_string(site.port());
  FetchPolicy policy;
  policy.resolve = {"news.test:" + port + ":127.0.0.1"};
  fetcher_ = std::move(*Fetcher::Create(policy));
  EXPECT_EQ(GetUrl("http://news.test:" + port + "/").outcome.failure->code(),
            ErrorCode::kRefused);
  policy.allow_private = {site.Endpoint()};
  fetcher_ = std::move(*Fetcher::Create(policy));
  const Got got = GetUrl("http://news.test:" + port + "/");
  EXPECT_FALSE(got.outcome.failure);
  EXPECT_NE(site.Requests().at(0).find("Host: news.test:" + port),
            std::string::npos);
}

TEST_F(FetcherTest, RequestFieldsCannotSmuggle) {
  Serve({{"/", {{Ok("x")}}}});
  EXPECT_TRUE(Get("/", {}, {{"X", "a\r\nY: b"}}).outcome.failure);
  EXPECT_TRUE(Get("/", {}, {{"X\r\nY", "b"}}).outcome.failure);
  EXPECT_TRUE(server_->Requests().empty());
  EXPECT_FALSE(Get("/", {}, {{"accept", "video/mp4"}}).outcome.failure);
  EXPECT_EQ(server_->Requests().at(0).find("text/html"), std::string::npos);
}

TEST_F(FetcherTest, ASinkThatFailsStopsTheExchange) {
  Serve({{"/", {{Ok("x")}}}});
  FetchRequest request;
  request.url = *Url::Parse(server_->UrlOf("/"));
  ExchangeSink sink;
  sink.on_body = [](std::string_view) -> Status {
    return Error(ErrorCode::kNoSpace, "disk full");
  };
  const FetchOutcome outcome = fetcher_->Get(request, sink);
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(outcome.failure->code(), ErrorCode::kNoSpace);
}

TEST_F(FetcherTest, AStatusIsNoFailure) {
  Serve({{"/204", {{"HTTP/1.1 204 No\r\n\r\n"}}},
         {"/500", {{"HTTP/1.1 500 x\r\nContent-Length: 2\r\n\r\nno"}}}});
  EXPECT_EQ(Get("/204").outcome.exchange.status, 204);
  EXPECT_EQ(Get("/500").body, "no");
  EXPECT_EQ(Get("/nothing").outcome.exchange.status, 404);
}

TEST(FetchPolicyTest, MustMakeSense) {
  const auto fails = [](FetchPolicy policy) {
    const auto fetcher = Fetcher::Create(std::move(policy));
    return !fetcher && fetcher.error().code() == ErrorCode::kInvalidArgument;
  };
  FetchPolicy policy;
  policy.cacert = "/nonexistent/ca.pem";
  EXPECT_TRUE(fails(policy));
  policy = {};
  policy.resolve = {"example.org"};
  EXPECT_TRUE(fails(policy));
  policy = {};
  policy.allow_private = {"localhost"};
  EXPECT_TRUE(fails(policy));
  policy = {};
  policy.user_agent = "a\r\nb";
  EXPECT_TRUE(fails(policy));
}

TEST(FetchEngineTest, RunsManyAtOnceAndCanPauseAndCut) {
  ScriptedServer server(
      {{"/big",
        {{"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" +
          std::string(1'000'000, 'x')}}},
       {"/endless", {{"HTTP/1.1 200 OK\r\n\r\n", true, false, false, "x"}}}});
  FetchPolicy policy;
  policy.allow_private = {server.Endpoint()};
  const auto engine = std::move(*FetchEngine::Create(policy));
  int done = 0;
  std::uint64_t bytes = 0;
  FetchRequest request;
  request.url = *Url::Parse(server.UrlOf("/big"));
  ExchangeSink sink;
  sink.on_body = [&](std::string_view piece) -> Status {
    bytes += piece.size();
    return {};
  };
  std::vector<FetchEngine::Id> ids;
  for (int i = 0; i < 8; ++i) {
    ids.push_back(engine->Start(request, sink, [&](const FetchOutcome& o) {
      EXPECT_FALSE(o.failure);
      EXPECT_FALSE(o.exchange.truncated);
      ++done;
    }));
  }
  engine->Pause(ids[0]);
  while (done < 7) ASSERT_TRUE(engine->RunOnce(std::chrono::seconds(1)));
  EXPECT_EQ(bytes, 7'000'000u);
  engine->Resume(ids[0]);
  while (done < 8) ASSERT_TRUE(engine->RunOnce(std::chrono::seconds(1)));
  EXPECT_EQ(bytes, 8'000'000u);

  request.url = *Url::Parse(server.UrlOf("/endless"));
  std::optional<FetchOutcome> outcome;
  bool begun = false;
  sink.on_body = [&](std::string_view) -> Status {
    begun = true;
    return {};
  };
  const auto id = engine->Start(
      request, sink, [&](FetchOutcome o) { outcome = std::move(o); });
  while (!begun) ASSERT_TRUE(engine->RunOnce(std::chrono::seconds(1)));
  engine->Cut(id, Truncation::kTime);
  while (!outcome) ASSERT_TRUE(engine->RunOnce(std::chrono::seconds(1)));
  EXPECT_EQ(outcome->exchange.truncated, Truncation::kTime);
  EXPECT_EQ(engine->active(), 0u);
}

TEST(RedirectTarget, FollowsRfc9110AndTheUrlStandard) {
  const Url base = *Url::Parse("http://h.test/a/b#here");
  const struct {
    int status;
    std::string location;
    std::string target;  // "" for none
  } cases[] = {
      {301, "/next", "http://h.test/next#here"},
      {302, "../c", "http://h.test/c#here"},
      {303, "c#there", "http://h.test/a/c#there"},
      {307, "//other.test/x", "http://other.test/x#here"},
      {308, "\\\\other.test\\x", "http://other.test/x#here"},
      {302, "/caf\xE9", "http://h.test/caf%C3%A9#here"},
      {302, "/a b", "http://h.test/a%20b#here"},
      {302, "file:///etc/passwd", "file:///etc/passwd#here"},
      {302, "", ""},
      {302, "http://[bad", ""},
      {302, "/" + std::string(20'000, 'x'), ""},
      {300, "/next", ""},
      {304, "/next", ""},
      {200, "/next", ""},
  };
  for (const auto& c : cases) {
    Exchange exchange;
    exchange.status = c.status;
    exchange.response_head = "HTTP/1.1 " + std::to_string(c.status) +
                             " x\r\nLocation: " + c.location +
                             "\r\nLocation: /second\r\n\r\n";
    const auto target = RedirectTarget(exchange, base);
    EXPECT_EQ(target ? target->Href() : "", c.target)
        << c.status << " " << c.location.substr(0, 40);
  }
}

}  // namespace
}  // namespace stemma
