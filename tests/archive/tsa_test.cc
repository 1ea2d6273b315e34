#include "archive/tsa.h"

#include <gtest/gtest.h>

#include <string>

#include "archive/der.h"
#include "core/digest.h"
#include "tests/archive/test_authority.h"

namespace stemma {
namespace {

using namespace std::string_literals;

class TimestampTest : public ::testing::Test {
 protected:
  TimestampTest()
      : authority_(*ParseTime("2026-01-01"), *ParseTime("2027-01-01")),
        query_(*MakeTimestampQuery(data_, DigestAlgorithm::kSha256,
                                   "\x45\x2b\xb9\x78\x99\x9f\x2e\xfd")),
        response_(authority_.Answer(query_, at_)) {}

  TimestampVerdict Verify(const TimestampInput& input,
                          std::string_view now = "2026-06-01") {
    return VerifyTimestamp(input, {.ca_pem = authority_.ca_pem()},
                           *ParseTime(now));
  }
  std::string CodeOf(std::string_view response) {
    return Verify({.response = response, .query = query_, .data = data_}).code;
  }

  std::string data_ = "what is stamped";
  TimePoint at_ = *ParseTime("2026-03-01T12:00:00Z");
  TestAuthority authority_;
  std::string query_, response_;
};

// design/provenance.md 3.11 gives these 69 bytes.
TEST(TimestampQuery, HasTheBytesOfTheWorkedExample) {
  const std::string checkpoint =
      "stemma.example/dev-log\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/"
      "RgQyg=\n\n\xE2\x80\x94 stemma.example/dev-log "
      "8F8gBOv4dom9krpRjTqvjvC34Cmo+U3eKvLbVBQSbHhmc0NVlxVqAaqz/"
      "AAbfwBOJrYIAKDJf3q2eeJ2b702+gdV2QU=\n";
  EXPECT_EQ(HexOf(*MakeTimestampQuery(checkpoint, DigestAlgorithm::kSha256,
                                      "\x45\x2b\xb9\x78\x99\x9f\x2e\xfd")),
            "30430201013031300d060960864801650304020105000420b2cce6243a999f1ea4"
            "09354a7723b0cffbb9c0cc20a278b0d20c380ad6c433460208452bb978999f2efd"
            "0101ff");
}

TEST(TimestampQuery, RefusesWeakHashesAndShortNonces) {
  EXPECT_FALSE(MakeTimestampQuery("x", DigestAlgorithm::kSha1, "12345678"));
  EXPECT_FALSE(MakeTimestampQuery("x", DigestAlgorithm::kSha256, "1234567"));
}

TEST_F(TimestampTest, AGoodAnswerTellsWhatItProves) {
  const TimestampVerdict verdict =
      Verify({.response = response_, .query = query_, .data = data_});
  ASSERT_TRUE(verdict.ok()) << verdict.code << " " << verdict.why;
  EXPECT_EQ(verdict.facts->gen_time, at_);
  EXPECT_EQ(verdict.facts->policy, "1.2.3.4.1");
  EXPECT_EQ(verdict.facts->nonce, "452bb978999f2efd");
  EXPECT_EQ(verdict.facts->accuracy, "1.000 s");
  EXPECT_EQ(verdict.facts->tsa_name, "CN=Test Unit");
  EXPECT_EQ(verdict.facts->revocation, "not checked");
  EXPECT_FALSE(verdict.facts->expired_since);
}

TEST_F(TimestampTest, EachWrongFileHasItsOwnMessage) {
  const std::string html = "<html><body>502 Bad Gateway</body></html>";
  EXPECT_EQ(CodeOf(""), "empty");
  EXPECT_EQ(CodeOf(html), "not-a-response");
  EXPECT_EQ(CodeOf(response_ + "\0"s), "trailing-bytes");
  EXPECT_EQ(CodeOf(std::string_view(response_).substr(0, 200)), "truncated");
  // PKIStatusInfo { 2 }, no token.
  EXPECT_EQ(CodeOf("\x30\x05\x30\x03\x02\x01\x02"), "status");
  EXPECT_EQ(CodeOf("\x30\x05\x30\x03\x02\x01\x00"s), "token-missing");
  // The token without the response around it.
  const std::string bare =
      response_.substr(response_.find("\x30\x03\x02\x01\x00"s) + 5);
  EXPECT_EQ(CodeOf(bare), "bare-token");
}

TEST_F(TimestampTest, WhatWasNotAskedIsRefused) {
  const std::string other =
      *MakeTimestampQuery(data_, DigestAlgorithm::kSha256, "anotherone");
  EXPECT_EQ(Verify({.response = response_, .query = other}).code,
            "nonce-differs");
  EXPECT_EQ(Verify({.response = response_, .data = "other data"}).code,
            "imprint-differs");
  EXPECT_EQ(Verify({.response = response_}).code, "imprint-differs");
  EXPECT_EQ(Verify({.response = response_, .query = "junk"}).code,
            "query-malformed");
}

TEST_F(TimestampTest, CertificatesAreJudgedAtGenTime) {
  const auto at = [&](std::string_view time) {
    const std::string response = authority_.Answer(query_, *ParseTime(time));
    return Verify({.response = response, .query = query_}, "2030-01-01");
  };
  EXPECT_EQ(at("2025-12-31").code, "not-yet-valid-at-gentime");
  EXPECT_EQ(at("2027-01-02").code, "expired-at-gentime");
  const TimestampVerdict good = at("2026-06-01");
  ASSERT_TRUE(good.ok());
  EXPECT_TRUE(good.facts->expired_since) << "reported, not refused";
}

TEST_F(TimestampTest, AStampFromTheFutureIsRefused) {
  EXPECT_EQ(
      Verify({.response = response_, .data = data_}, "2026-03-01T11:54:59Z")
          .code,
      "gentime-future");
  EXPECT_EQ(
      Verify({.response = response_, .data = data_}, "2026-03-01T11:55:01Z")
          .code,
      "");
}

TEST_F(TimestampTest, OnlyTheGivenAuthoritiesCount) {
  const TestAuthority other(*ParseTime("2026-01-01"), *ParseTime("2027-01-01"));
  const TimestampInput input{.response = response_, .data = data_};
  EXPECT_EQ(VerifyTimestamp(input, {.ca_pem = other.ca_pem()},
                            *ParseTime("2026-06-01"))
                .code,
            "untrusted-root");
  EXPECT_EQ(VerifyTimestamp(input, {}, *ParseTime("2026-06-01")).code,
            "untrusted-root");
  EXPECT_EQ(
      VerifyTimestamp(input, {.own_chain = true}, *ParseTime("2026-06-01"))
          .code,
      "");
}

TEST_F(TimestampTest, ARevokedUnitCountsForNothing) {
  const TimestampInput input{.response = response_, .data = data_};
  const TimestampVerdict verdict = VerifyTimestamp(
      input,
      {.ca_pem = authority_.ca_pem(), .untrusted_pem = authority_.Revocation()},
      *ParseTime("2026-06-01"));
  EXPECT_EQ(verdict.code, "revoked");
}

// A few bytes of a token are outside its signature and say nothing (versions
// of the envelope, the case of a name). No other changed byte passes, and
// those change nothing that the token proves. Anchors hold the rest.
TEST_F(TimestampTest, NoChangedByteChangesWhatIsProved) {
  const TimestampInput whole{.response = response_, .query = query_};
  const TimestampFacts facts = *Verify(whole).facts;
  int accepted = 0;
  for (std::size_t i = 0; i < response_.size(); ++i) {
    std::string changed = response_;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const TimestampVerdict verdict =
        Verify({.response = changed, .query = query_, .data = data_});
    if (!verdict.ok()) continue;
    ++accepted;
    EXPECT_EQ(verdict.facts->gen_time_text, facts.gen_time_text) << i;
    EXPECT_EQ(verdict.facts->imprint, facts.imprint) << i;
    EXPECT_EQ(verdict.facts->serial, facts.serial) << i;
    EXPECT_EQ(verdict.facts->unit_sha256, facts.unit_sha256) << i;
  }
  EXPECT_LT(accepted, 30);
}

TEST(Der, KnowsWhatIsNot) {
  EXPECT_TRUE(IsDer("\x30\x03\x01\x01\xff"));
  for (const std::string& bytes :
       {""s, "\x30"s, "\x30\x80\0\0"s, "\x30\x81\x03\x01\x01\xff"s,
        "\x30\x03\x01\x01\x01"s, "\x02\x02\0\x01"s, "\x02\0"s,
        "\x30\x03\x01\x01\xff\0"s, "\x05\x01\0"s}) {
    EXPECT_FALSE(IsDer(bytes)) << HexOf(bytes);
  }
  std::string deep;
  for (int i = 0; i < 100; ++i) deep = DerElement(0x30, deep);
  EXPECT_FALSE(IsDer(deep));
}

}  // namespace
}  // namespace stemma
