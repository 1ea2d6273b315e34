// When a log is signed again though nothing is new in it, and what goes into a
// signature besides.
#include "archive/signing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/archive/signed_archive.h"

namespace stemma {
namespace {

using std::chrono::days;
using std::chrono::hours;

// The unit's certificate of a SignedArchive ends at 2028-01-01.
class RenewalTest : public ::testing::Test {
 protected:
  RenewalTest() {
    archive_.Capture("https://example.org/1", "<p>one");
    archive_.Sign();
  }

  void AdvanceTo(std::string_view time) {
    archive_.Advance(std::chrono::duration_cast<std::chrono::milliseconds>(
        *ParseTime(time) - archive_.now()));
  }
  bool Due() const { return RenewalDue(archive_.manifest(), archive_.now()); }
  SigningReport SignAgain() {
    const auto report = SignArchive(archive_.writer(), archive_.options());
    EXPECT_TRUE(report) << report.error().message();
    return report ? *report : SigningReport();
  }

  SignedArchive archive_;
};

TEST_F(RenewalTest, IsDueAMarginBeforeTheCertificateEnds) {
  EXPECT_FALSE(Due());
  AdvanceTo("2027-10-03T00:00:00Z");  // 90 days before the end
  EXPECT_FALSE(Due());
  archive_.Advance(hours(1));
  EXPECT_TRUE(Due());
}

TEST_F(RenewalTest, WithoutTokensNothingIsDue) {
  SignedArchive bare;
  bare.Capture("https://example.org/1", "<p>one");
  bare.Sign(false);
  EXPECT_FALSE(RenewalDue(bare.manifest(), *ParseTime("2040-01-01")));
}

TEST_F(RenewalTest, StampsALogThatHasNothingNew) {
  AdvanceTo("2027-09-01T00:00:00Z");
  EXPECT_FALSE(SignAgain().checkpoint) << "too early: nothing is done";
  AdvanceTo("2027-11-01T00:00:00Z");
  const SigningReport report = SignAgain();
  EXPECT_TRUE(report.renewed);
  EXPECT_EQ(report.tokens, 1);
  archive_.Close();
  const EvidenceReport found = archive_.Check();
  EXPECT_EQ(found.verdict, EvidenceVerdict::kIntact) << EvidenceText(found);
  EXPECT_EQ(found.times.size(), 2U);
  // The new token covers all that the old one did.
  EXPECT_GT(found.times.back().size, found.times.front().size);
}

// An authority whose certificates are short is not asked all the time.
TEST_F(RenewalTest, IsNotAskedForAgainTheSameDay) {
  AdvanceTo("2027-11-01T00:00:00Z");
  EXPECT_TRUE(SignAgain().renewed);
  archive_.Advance(hours(23));
  EXPECT_FALSE(Due());
  EXPECT_FALSE(SignAgain().checkpoint);
  archive_.Advance(hours(2));
  EXPECT_TRUE(Due());
}

TEST_F(RenewalTest, AnAuthorityThatFailsIsNoRenewal) {
  AdvanceTo("2027-11-01T00:00:00Z");
  SigningOptions options = archive_.options();
  options.post = [](const std::string&,
                    const std::string&) -> Result<std::string> {
    return Error(ErrorCode::kNetwork, "connection refused");
  };
  const auto report = SignArchive(archive_.writer(), options);
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->renewed);
  EXPECT_EQ(report->warnings.size(), 1U);
  EXPECT_TRUE(Due()) << "the next run asks again";
}

// What was signed under a certificate that has ended meanwhile stays proved by
// the token that was made in time.
TEST_F(RenewalTest, AfterTheEndTheOldTokenIsAcceptedAtItsTime) {
  archive_.Close();
  EvidenceTrust trust = archive_.Trust();
  trust.now = *ParseTime("2030-01-01");
  const EvidenceReport report = archive_.Check(trust);
  EXPECT_EQ(report.verdict, EvidenceVerdict::kIntact) << EvidenceText(report);
  EXPECT_TRUE(std::any_of(report.findings.begin(), report.findings.end(),
                          [](const Finding& finding) {
                            return finding.code == "timestamp-expired-since";
                          }));
}

TEST(Signing, LogsTheStateOfTheClockWithWhatIsSigned) {
  SignedArchive archive;
  archive.Capture("https://example.org/1", "<p>one");
  SigningOptions options = archive.options();
  options.clock_state = [] {
    return nlohmann::json{{"source", "adjtimex"}, {"synchronised", true}};
  };
  ASSERT_TRUE(SignArchive(archive.writer(), options));
  ASSERT_TRUE(SignArchive(archive.writer(), options)) << "nothing new";
  archive.Close();
  const std::string log = Slurp(archive.manifest() / "events.jsonl");
  std::size_t count = 0;
  for (std::size_t at = log.find("\"clock.check\""); at != std::string::npos;
       at = log.find("\"clock.check\"", at + 1)) {
    ++count;
  }
  EXPECT_EQ(count, 1U);
}

}  // namespace
}  // namespace stemma
