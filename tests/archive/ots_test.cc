#include "archive/ots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "hash/sha256.h"
#include "tests/archive/signed_archive.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;
using ::testing::HasSubstr;

const std::string kHeader =
    "\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94\x01\x08"s;
const std::string kPending = "\x83\xdf\xe3\x0d\x2e\xf9\x0c\x8e"s;
const std::string kBitcoin = "\x05\x88\x96\x0d\x73\xd7\x19\x01"s;
const std::string kCalendar = "https://calendar.example";

std::string Bytes(const Sha256& digest) {
  return {digest.bytes.begin(), digest.bytes.end()};
}

std::string Counted(const std::string& bytes) {
  return static_cast<char>(bytes.size()) + bytes;
}

std::string Promise(const std::string& calendar = kCalendar) {
  return "\x00"s + kPending + Counted(Counted(calendar));
}

// Block 358391: its height in groups of seven bits.
std::string Block() { return "\x00"s + kBitcoin + Counted("\xf7\xef\x15"); }

// append 4 bytes, SHA-256, then what follows.
std::string Step(const std::string& then) {
  return "\xf0\x04"s + "abcd\x08" + then;
}

std::string Proof(const std::string& data, const std::string& stamp) {
  return kHeader + Bytes(Sha256Of(data)) + stamp;
}

TEST(Ots, APromiseIsPendingAndNothingElse) {
  const auto proof = ParseOts(Proof("hello", Step(Promise())));
  ASSERT_TRUE(proof) << proof.error().message();
  EXPECT_EQ(proof->digest, Sha256Of("hello"));
  const auto claims = ClaimsOf(proof->stamp);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].kind, OtsClaim::Kind::kPending);
  EXPECT_EQ(claims[0].calendar, kCalendar);
  EXPECT_EQ(claims[0].message,
            Bytes(Sha256Of(Bytes(Sha256Of("hello")) + "abcd")));
}

TEST(Ots, ABlockIsNamedWithTheRootToCompare) {
  const auto proof = ParseOts(Proof("hello", Step(Block())));
  ASSERT_TRUE(proof);
  const OtsClaim claim = ClaimsOf(proof->stamp).at(0);
  EXPECT_EQ(claim.kind, OtsClaim::Kind::kBitcoin);
  EXPECT_EQ(claim.height, 358391U);
  // Explorers write it the other way round.
  const std::string root = Bytes(Sha256Of(Bytes(Sha256Of("hello")) + "abcd"));
  EXPECT_EQ(MerkleRootOf(claim),
            HexOf(std::string(root.rbegin(), root.rend())));
}

TEST(Ots, WhatIsReadIsWrittenTheSame) {
  for (const std::string& stamp :
       {Promise(), Step(Block()), "\xff"s + Promise() + Step(Block()),
        "\xff"s + Promise() + "\xff\xf1\x01x\x02"s + Block() + "\xf3"s +
            Promise(),
        "\x00unknown!"s + Counted("payload"), "\x67"s + Block()}) {
    const std::string bytes = Proof("hello", stamp);
    const auto proof = ParseOts(bytes);
    ASSERT_TRUE(proof) << proof.error().message();
    EXPECT_EQ(FormatOts(*proof), bytes);
  }
}

// Below an operation that cannot be computed nothing is claimed.
TEST(Ots, AnOperationWeCannotComputeProvesNothing) {
  const auto proof = ParseOts(Proof("hello", "\x67\x08"s + Block()));
  ASSERT_TRUE(proof);
  EXPECT_EQ(ClaimsOf(proof->stamp).at(0).kind, OtsClaim::Kind::kUnknown);
}

TEST(Ots, AnUpgradeStandsBesideThePromise) {
  auto proof = ParseOts(Proof("hello", Step(Promise())));
  ASSERT_TRUE(proof);
  const OtsClaim promise = ClaimsOf(proof->stamp).at(0);
  auto more = ParseOtsStamp(Step(Block()), promise.message);
  ASSERT_TRUE(more);
  EXPECT_FALSE(Upgrade(*proof, "https://other.example", promise.message, {}));
  EXPECT_TRUE(Upgrade(*proof, kCalendar, promise.message, *std::move(more)));
  const auto again = ParseOts(FormatOts(*proof));
  ASSERT_TRUE(again) << again.error().message();
  const auto claims = ClaimsOf(again->stamp);
  ASSERT_EQ(claims.size(), 2U);
  EXPECT_EQ(claims[0].kind, OtsClaim::Kind::kPending);
  EXPECT_EQ(claims[1].kind, OtsClaim::Kind::kBitcoin);
}

struct Bad {
  const char* what;
  std::string bytes;
};

TEST(Ots, WhatIsNotWholeIsRefused) {
  const std::string good = Proof("hello", Step(Promise()));
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    EXPECT_FALSE(ParseOts(good.substr(0, cut))) << cut;
  }
  const std::string long_address = "https://" + std::string(90, 'a');
  const Bad bad[] = {
      {"bytes after its end", good + "x"},
      {"another version", kHeader.substr(0, 31) + "\x02\x08"s},
      {"over a SHA-1", kHeader.substr(0, 31) + "\x01\x02"s},
      {"unknown operation", Proof("x", "\x55"s + Promise())},
      {"empty operand", Proof("x", "\xf0\x00"s + Promise())},
      {"number longer than needed", Proof("x", "\xf0\x81\x00z"s + Promise())},
      {"length without end",
       Proof("x", "\xf0"s + std::string(12, '\xff') + Promise())},
      {"operand beyond its limit",
       Proof("x", "\xf0\x81\x20"s + std::string(4097, 'x') + Promise())},
      {"payload beyond its limit",
       Proof("x", "\x00"s + kPending + "\x81\x40"s + std::string(8193, 'x'))},
  };
  for (const Bad& one : bad) {
    EXPECT_FALSE(ParseOts(one.bytes)) << one.what;
  }
}

TEST(Ots, DepthSizeAndWidthAreLimited) {
  std::string deep;
  for (int i = 0; i < 300; ++i) deep += '\x08';
  const auto too_deep = ParseOts(Proof("x", deep + Promise()));
  ASSERT_FALSE(too_deep);
  EXPECT_EQ(too_deep.error().code(), ErrorCode::kLimit);
  std::string wide;
  for (int i = 0; i < 5000; ++i) wide += "\xff"s + Promise();
  const auto too_wide = ParseOts(Proof("x", wide + Promise()));
  ASSERT_FALSE(too_wide);
  EXPECT_EQ(too_wide.error().code(), ErrorCode::kLimit);
  // Hexlify doubles: seven times is enough.
  std::string grows(8, '\xf3');
  const auto too_long = ParseOts(Proof("x", grows + Promise()));
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code(), ErrorCode::kLimit);
}

TEST(Ots, AnAddressOfOtherCharactersIsNoCalendar) {
  for (const std::string& address :
       {"https://a.example/?x=1"s, "https://a.example/\x1b[2J"s,
        "https://a b"s}) {
    const auto proof = ParseOts(Proof("x", Promise(address)));
    ASSERT_TRUE(proof);
    EXPECT_EQ(ClaimsOf(proof->stamp).at(0).kind, OtsClaim::Kind::kUnknown);
  }
}

// --- In an archive -----------------------------------------------------------

// A calendar that promises, and keeps its promise when it has a block.
struct TestCalendar {
  bool has_block = false;
  std::vector<std::string> asked;
  Result<std::string> operator()(const std::string& url,
                                 const std::optional<std::string>& post) {
    asked.push_back(url);
    if (post) return Step(Promise());
    if (!has_block) return Error(ErrorCode::kNotFound, "HTTP status 404");
    return Step(Block());
  }
};

class OtsArchiveTest : public ::testing::Test {
 protected:
  SigningReport Sign() {
    SigningOptions options = archive_.options();
    options.timestamp_urls.clear();
    options.calendar_urls = {kCalendar + "/"};
    options.ask = std::ref(calendar_);
    EXPECT_TRUE(archive_.writer().Seal());
    const auto report = SignArchive(archive_.writer(), options);
    EXPECT_TRUE(report) << report.error().message();
    return report ? *report : SigningReport();
  }

  SignedArchive archive_;
  TestCalendar calendar_;
};

TEST_F(OtsArchiveTest, AStampIsPendingThenUpgradedAndNeverCalledChecked) {
  archive_.Capture("https://example.org/1", "<p>one");
  EXPECT_EQ(Sign().promised, 1);
  archive_.Close();
  EvidenceReport report = archive_.Check();
  EXPECT_EQ(report.verdict, EvidenceVerdict::kIntact) << EvidenceText(report);
  ASSERT_EQ(report.ots.size(), 1U);
  EXPECT_EQ(report.ots[0].state, "pending");
  EXPECT_TRUE(report.times.empty());
  EXPECT_FALSE(report.BracketOf(1).not_after);
  EXPECT_THAT(EvidenceText(report), HasSubstr("no timestamp yet"));

  archive_.Capture("https://example.org/2", "<p>two");
  EXPECT_EQ(Sign().upgraded, 0) << "no block yet";
  calendar_.has_block = true;
  archive_.Capture("https://example.org/3", "<p>three");
  EXPECT_EQ(Sign().upgraded, 2);
  archive_.Close();
  report = archive_.Check();
  EXPECT_EQ(report.verdict, EvidenceVerdict::kIntact) << EvidenceText(report);
  EXPECT_TRUE(report.times.empty()) << "no node was asked";
  EXPECT_THAT(EvidenceText(report),
              HasSubstr("whether the header of Bitcoin block 358391 has the "
                        "merkle root "));
}

TEST_F(OtsArchiveTest, OnlyCalendarsOneNamesAreAsked) {
  archive_.Capture("https://example.org/1", "<p>one");
  Sign();
  calendar_.asked.clear();
  SigningOptions options = archive_.options();
  options.timestamp_urls.clear();
  options.calendar_urls = {"https://other.example"};
  options.ask = std::ref(calendar_);
  archive_.Capture("https://example.org/2", "<p>two");
  ASSERT_TRUE(SignArchive(archive_.writer(), options));
  EXPECT_EQ(calendar_.asked,
            std::vector<std::string>{"https://other.example/digest"});
}

TEST_F(OtsArchiveTest, ACalendarThatTalksNonsenseIsAWarning) {
  archive_.Capture("https://example.org/1", "<p>one");
  SigningOptions options = archive_.options();
  options.timestamp_urls.clear();
  options.calendar_urls = {"https://a.example", "https://b.example"};
  options.ask = [](const std::string& url,
                   const std::optional<std::string>&) -> Result<std::string> {
    if (url.starts_with("https://a")) return "<html>busy</html>"s;
    return Error(ErrorCode::kNetwork, "connection refused");
  };
  const auto report = SignArchive(archive_.writer(), options);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->promised, 0);
  EXPECT_EQ(report->warnings.size(), 2U);
  ASSERT_TRUE(report->checkpoint);
}

TEST_F(OtsArchiveTest, AChangedOrMissingProofIsFound) {
  archive_.Capture("https://example.org/1", "<p>one");
  Sign();
  archive_.Close();
  fs::path file;
  for (const auto& entry : fs::directory_iterator(archive_.manifest())) {
    if (entry.path().extension() == ".ots") file = entry.path();
  }
  ASSERT_FALSE(file.empty());
  const std::string whole = Slurp(file);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    Spill(file, changed);
    EXPECT_EQ(archive_.Check().verdict, EvidenceVerdict::kAltered) << i;
  }
  fs::remove(file);
  const EvidenceReport gone = archive_.Check();
  EXPECT_EQ(gone.verdict, EvidenceVerdict::kIncomplete);
  EXPECT_EQ(gone.Foremost()->code, "timestamp-missing");
}

}  // namespace
}  // namespace stemma
