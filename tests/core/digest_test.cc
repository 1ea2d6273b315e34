#include "core/digest.h"

#include <gtest/gtest.h>

namespace stemma {
namespace {

constexpr std::string_view kHex =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(Digest, ReadsBothCasesAndTheLabel) {
  const std::optional<Sha256> digest = Sha256::Parse(kHex);
  ASSERT_TRUE(digest);
  EXPECT_EQ(digest->Hex(), kHex);
  EXPECT_EQ(digest->Labelled(), "sha256:" + std::string(kHex));
  EXPECT_EQ(Sha256::Parse(digest->Labelled()), digest);
  std::string upper(kHex);
  for (char& c : upper) c = c >= 'a' ? char(c - 32) : c;
  EXPECT_EQ(Sha256::Parse(upper), digest);
}

TEST(Digest, RefusesEverythingElse) {
  EXPECT_FALSE(Sha256::Parse(""));
  EXPECT_FALSE(Sha256::Parse(kHex.substr(1)));
  EXPECT_FALSE(Sha256::Parse(std::string(kHex) + "00"));
  EXPECT_FALSE(Sha256::Parse("sha1:" + std::string(kHex)));
  EXPECT_FALSE(BytesOfHex("0g"));
  EXPECT_FALSE(BytesOfHex("000"));
}

TEST(Digest, HexGoesThereAndBack) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  EXPECT_EQ(BytesOfHex(HexOf(bytes)), bytes);
}

}  // namespace
}  // namespace stemma
