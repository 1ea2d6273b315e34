#include "fetch/address_policy.h"

#include <gtest/gtest.h>

namespace stemma {
namespace {

TEST(AddressPolicy, KnowsWhatIsThePublicInternet) {
  const struct {
    std::string_view ip;
    bool is_public;
  } cases[] = {
      {"93.184.216.34", true},
      {"8.8.8.8", true},
      {"100.63.255.255", true},
      {"172.32.0.1", true},
      {"2606:2800:220:1:248:1893:25c8:1946", true},
      {"2a00:1450:4001::1", true},
      {"0.0.0.0", false},
      {"10.1.2.3", false},
      {"100.64.0.1", false},
      {"100.127.255.255", false},
      {"127.0.0.1", false},
      {"127.255.255.254", false},
      {"169.254.169.254", false},
      {"172.16.0.1", false},
      {"172.31.255.255", false},
      {"192.0.0.1", false},
      {"192.0.2.1", false},
      {"192.88.99.1", false},
      {"192.168.0.1", false},
      {"198.18.0.1", false},
      {"198.19.255.255", false},
      {"198.51.100.7", false},
      {"203.0.113.9", false},
      {"224.0.0.1", false},
      {"240.0.0.1", false},
      {"255.255.255.255", false},
      {"::", false},
      {"::1", false},
      {"::127.0.0.1", false},
      {"::ffff:127.0.0.1", false},
      {"::ffff:8.8.8.8", false},
      {"64:ff9b::7f00:1", false},
      {"64:ff9b:1::1", false},
      {"100::1", false},
      {"2001::1", false},
      {"2001:db8::1", false},
      {"2002:7f00:1::", false},
      {"3fff::1", false},
      {"fc00::1", false},
      {"fd00:ec2::254", false},
      {"fe80::1", false},
      {"fe80::1%lo", false},
      {"fec0::1", false},
      {"ff02::1", false},
      {"", false},
      {"example.org", false},
      {"127.1", false},
      {"0x7f000001", false},
  };
  for (const auto& c : cases) EXPECT_EQ(IsPublic(c.ip), c.is_public) << c.ip;
}

TEST(AddressPolicy, AllowsAListedEndpointAndNoOther) {
  const auto policy =
      AddressPolicy::Create({"127.0.0.1:18080", "[::1]:8443", "10.0.0.1:22"});
  ASSERT_TRUE(policy);
  EXPECT_TRUE(policy->Allows("127.0.0.1", 18080));
  EXPECT_TRUE(policy->Allows("::1", 8443));
  EXPECT_TRUE(policy->Allows("0:0:0:0:0:0:0:1", 8443));
  EXPECT_TRUE(policy->Allows("10.0.0.1", 22));
  EXPECT_FALSE(policy->Allows("127.0.0.1", 18081));
  EXPECT_FALSE(policy->Allows("127.0.0.2", 18080));
  EXPECT_FALSE(policy->Allows("::ffff:127.0.0.1", 18080));
  EXPECT_TRUE(policy->Allows("93.184.216.34", 443));
  EXPECT_FALSE(policy->Allows("93.184.216.34", 25));
  EXPECT_FALSE(policy->Allows("93.184.216.34", 0));
}

TEST(AddressPolicy, AllIsAll) {
  const auto policy = AddressPolicy::Create({"all"});
  ASSERT_TRUE(policy);
  EXPECT_TRUE(policy->Allows("127.0.0.1", 1));
  EXPECT_TRUE(policy->Allows("fd00::1", 80));
}

TEST(AddressPolicy, RefusesEntriesThatNameNoEndpoint) {
  for (const char* entry :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536",
        "127.0.0.1:80x", "::1:80", "[::1]", "localhost:80", "*:80", "ALL"}) {
    EXPECT_FALSE(AddressPolicy::Create({entry})) << entry;
  }
}

}  // namespace
}  // namespace stemma
