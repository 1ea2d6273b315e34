#include "fetch/redirect.h"

#include <gtest/gtest.h>

namespace stemma {
namespace {

Redirect Judge(std::string_view method, int status, std::string_view location,
               const AddressPolicy& policy = {}) {
  Exchange exchange;
  exchange.status = status;
  exchange.response_head = "HTTP/1.1 " + std::to_string(status) +
                           " x\r\nLocation: " + std::string(location) +
                           "\r\n\r\n";
  return JudgeRedirect(method, exchange,
                       Url::Parse("http://a.example/d/p").value(), policy);
}

TEST(JudgeRedirect, ChoosesTheMethod) {
  const struct {
    std::string_view method;
    int status;
    std::string_view next;
  } cases[] = {
      {"GET", 301, "GET"},   {"POST", 301, "GET"},  {"PUT", 302, "PUT"},
      {"POST", 303, "GET"},  {"HEAD", 303, "HEAD"}, {"PUT", 303, "GET"},
      {"POST", 307, "POST"}, {"POST", 308, "POST"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Judge(c.method, c.status, "/x").method, c.next) << c.status;
  }
}

TEST(JudgeRedirect, RefusesWhatLeadsInside) {
  for (const std::string_view location :
       {"file:///etc/passwd", "javascript:1", "http://127.0.0.1/",
        "http://0x7f.1/", "http://[::1]/", "http://[::ffff:10.0.0.1]/",
        "http://localhost/", "http://a.localhost./", "http://192.168.1.1/",
        "http://b.example:22/", "//169.254.169.254/"}) {
    const Redirect redirect = Judge("GET", 302, location);
    EXPECT_FALSE(redirect.url) << location;
    EXPECT_FALSE(redirect.refused.empty()) << location;
  }
  for (const std::string_view location : {"http://", "http://a b/", ""}) {
    EXPECT_FALSE(Judge("GET", 302, location).url) << location;
  }
  EXPECT_FALSE(Judge("GET", 304, "/x").url);
}

TEST(JudgeRedirect, AllowsWhatThePolicyNames) {
  const AddressPolicy policy =
      AddressPolicy::Create({"127.0.0.1:8080"}).value();
  EXPECT_TRUE(Judge("GET", 302, "http://127.0.0.1:8080/", policy).url);
  EXPECT_FALSE(Judge("GET", 302, "http://127.0.0.1:8081/", policy).url);
}

TEST(JudgeRedirect, NeverPassesCredentialsOn) {
  EXPECT_EQ(Judge("GET", 302, "http://u:p@b.example/x#f").url->Href(),
            "http://b.example/x#f");
}

}  // namespace
}  // namespace stemma
