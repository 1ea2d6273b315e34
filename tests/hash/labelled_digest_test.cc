#include "hash/labelled_digest.h"

#include <gtest/gtest.h>

#include <string>

namespace stemma {
namespace {

TEST(LabelledDigest, WritesTheFormsOfTheTrade) {
  EXPECT_EQ(DigestOf(DigestAlgorithm::kSha1, "").Text(),
            "sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ");
  EXPECT_EQ(DigestOf(DigestAlgorithm::kSha256, "abc").Text(),
            "sha256:"
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha1HexOf("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(Sha512HexOf("abc").substr(0, 16), "ddaf35a193617aba");
  EXPECT_EQ(Sha512HexOf("abc").size(), 128U);
}

TEST(LabelledDigest, ReadsEveryWriterOfTheSameDigest) {
  const std::string_view canonical = "sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ";
  for (const std::string_view text :
       {"sha1:3i42h3s6nnfq2msvx7xzkyayscx5qbyj",
        "SHA1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ",
        "sha-1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "sha1:DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"}) {
    EXPECT_TRUE(SameDigest(canonical, text)) << text;
  }
  EXPECT_TRUE(SameDigest(
      "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      "sha-256:" + Base32Of(DigestOf(DigestAlgorithm::kSha256, "abc").bytes) +
          "===="));
}

TEST(LabelledDigest, RefusesWhatIsNotADigest) {
  for (const std::string_view text :
       {"", ":", "sha1:", "sha1:xyz", "sha1", "whirlpool:00",
        "sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBY",
        "sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBY1",
        "sha256:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ",
        "md5:da39a3ee5e6b4b0d3255bfef95601890afd80709"}) {
    EXPECT_FALSE(ParseLabelledDigest(text)) << text;
    EXPECT_FALSE(SameDigest(text, text)) << text;
  }
}

// RFC 4648 section 10.
TEST(Base32, KnownAnswersAndBack) {
  const struct {
    std::string_view bytes, text;
  } cases[] = {{"", ""},
               {"f", "MY"},
               {"fo", "MZXQ"},
               {"foo", "MZXW6"},
               {"foob", "MZXW6YQ"},
               {"fooba", "MZXW6YTB"},
               {"foobar", "MZXW6YTBOI"}};
  for (const auto& c : cases) {
    EXPECT_EQ(Base32Of(c.bytes), c.text);
    EXPECT_EQ(BytesOfBase32(c.text), std::string(c.bytes));
  }
  EXPECT_FALSE(BytesOfBase32("M"));
  EXPECT_FALSE(BytesOfBase32("MZ")) << "unused bits are not zero";
}

}  // namespace
}  // namespace stemma
