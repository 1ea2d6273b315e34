#include "fetch/public_suffix.h"

#include <gtest/gtest.h>

namespace stemma {
namespace {

TEST(RegistrableDomain, IsOneLabelMoreThanTheSuffix) {
  const struct {
    std::string_view host, domain;
  } cases[] = {
      {"www.example.com", "example.com"},
      {"WWW.Example.CO.UK", "example.co.uk"},
      {"a.b.example.unknown-tld", "example.unknown-tld"},
      {"www.xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"},
      {"co.uk", ""},
      {"com", ""},
      {"", ""},
      {".com", ""},
      {"example.com.", ""},
      {"192.168.0.1", ""},
      {"a.1.1", ""},
      {"a.0x1f", ""},
      {"a b.com", ""},
      {"\xff.com", ""},
      {"[::1]", ""},
      {"::1", ""},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(RegistrableDomain(c.host), c.domain) << c.host;
  }
  EXPECT_EQ(RegistrableDomain(std::string_view("a\0.com", 6)), "");
  EXPECT_TRUE(IsPublicSuffix("co.uk"));
  EXPECT_FALSE(IsPublicSuffix("example.co.uk"));
}

}  // namespace
}  // namespace stemma
