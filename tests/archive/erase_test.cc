#include "archive/erase.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "archive/archive_reader.h"
#include "archive/check.h"
#include "archive/index.h"
#include "archive/proof_export.h"
#include "archive/repack.h"
#include "tests/archive/signed_archive.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const Erasure kTwoRoles{.basis = "request 12",
                        .approved_by = {"archivist", "editor"}};

bool Names(const EvidenceReport& report, std::string_view code) {
  for (const Finding& finding : report.findings) {
    if (finding.code == code) return true;
  }
  return false;
}

class EraseTest : public ::testing::Test {
 protected:
  EraseTest() {
    archive_.Capture("https://herald.example/a", "<p>Anna was here</p>");
    archive_.Capture("https://herald.example/b", "<p>Boris was here</p>");
    archive_.Close();
    bundles_ = *SealedBundles(archive_.dir());
  }

  std::string IdOf(const std::string& url) {
    auto reader = ArchiveReader::Open(archive_.dir());
    return (*reader)->NewestCaptureOf(url)->id;
  }
  std::string RecordOf(const std::string& url) {
    auto reader = ArchiveReader::Open(archive_.dir());
    return (*reader)->NewestCaptureOf(url)->page_record;
  }
  // Redacts the response of `url` and signs.
  void RedactPage(const std::string& url) {
    const std::string record = RecordOf(url);
    const auto done = RedactRecords(archive_.writer(), {record}, kTwoRoles);
    ASSERT_TRUE(done) << done.error().message();
    archive_.Close();
    ASSERT_TRUE(Reindex(archive_.dir()));
    archive_.Sign();
    archive_.Close();
  }
  CheckReport Audit() { return *CheckArchive(archive_.dir(), {}); }

  SignedArchive archive_;
  std::vector<SealedBundle> bundles_;
};

TEST_F(EraseTest, WhatIsGoneIsGoneAndTheRestIsProved) {
  archive_.Sign();
  const std::string gone = RecordOf("https://herald.example/a");
  RedactPage("https://herald.example/a");
  const auto after = *SealedBundles(archive_.dir());
  ASSERT_EQ(after.size(), bundles_.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].records_root, bundles_[i].records_root);
    EXPECT_EQ(after[i].records, bundles_[i].records);
  }
  auto reader = ArchiveReader::Open(archive_.dir());
  const auto record = (*reader)->RecordById(gone);
  ASSERT_FALSE(record);
  EXPECT_THAT(record.error().message(), HasSubstr("redacted"));
  EXPECT_TRUE((*reader)->RecordById(RecordOf("https://herald.example/b")));
  const EvidenceReport report = archive_.Check();
  EXPECT_LE(static_cast<int>(report.verdict),
            static_cast<int>(EvidenceVerdict::kIntactWithWarnings))
      << EvidenceText(report);
  EXPECT_TRUE(Names(report, "redacted"));
  EXPECT_LE(Audit().Worst(), Weight::kWarning);
}

TEST_F(EraseTest, ARemovalThatNobodyLoggedIsAnAlteration) {
  archive_.Sign();
  const fs::path bundle = archive_.dir() / bundles_[0].name;
  const std::string before = Slurp(bundle);
  RedactPage("https://herald.example/a");
  const std::string redacted = Slurp(bundle);
  ASSERT_NE(before, redacted);
  // The redacted file under a log that does not speak of it.
  SignedArchive other;
  other.Capture("https://herald.example/a", "<p>Anna was here</p>");
  other.Close();
  const auto sealed = *SealedBundles(other.dir());
  other.Sign();
  const std::string record = [&] {
    auto reader = ArchiveReader::Open(other.dir());
    return (*reader)->NewestCaptureOf("https://herald.example/a")->page_record;
  }();
  const fs::path log = other.manifest() / "events.jsonl";
  const std::string honest_log = Slurp(log);
  const auto done = RedactRecords(other.writer(), {record}, kTwoRoles);
  ASSERT_TRUE(done) << done.error().message();
  other.Close();
  fs::permissions(log, fs::perms::owner_all);
  Spill(log, honest_log);
  const EvidenceReport report = other.Check();
  EXPECT_EQ(report.verdict, EvidenceVerdict::kAltered);
  EXPECT_TRUE(Names(report, "bundle-digest-mismatch"));
}

TEST_F(EraseTest, TwoRolesMustApprove) {
  const std::string record = RecordOf("https://herald.example/a");
  for (const Erasure& bad :
       {Erasure{"request", {"editor"}}, Erasure{"request", {"a", "a"}},
        Erasure{"", {"a", "b"}}, Erasure{"request", {"a", ""}}}) {
    const auto done = RedactRecords(archive_.writer(), {record}, bad);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), ErrorCode::kRefused);
    EXPECT_FALSE(TombstoneBundle(archive_.writer(), bundles_[0].name, bad));
  }
  archive_.Close();
  EXPECT_EQ((*SealedBundles(archive_.dir()))[0].sha256, bundles_[0].sha256);
}

TEST_F(EraseTest, ACaptureGoesWithAllThatWasMadeOfIt) {
  const std::string id = IdOf("https://herald.example/a");
  const auto records = RecordsToRedact(archive_.writer(), id);
  ASSERT_TRUE(records) << records.error().message();
  EXPECT_GE(records->size(), 2U);  // request and response
  ASSERT_TRUE(RedactRecords(archive_.writer(), *records, kTwoRoles));
  archive_.Close();
  ASSERT_TRUE(Reindex(archive_.dir()));
  auto reader = ArchiveReader::Open(archive_.dir());
  for (const std::string& record : *records) {
    EXPECT_FALSE((*reader)->RecordById(record)) << record;
  }
  EXPECT_LE(Audit().Worst(), Weight::kWarning);
}

TEST_F(EraseTest, ASecondRedactionKeepsTheFirst) {
  archive_.Sign();
  RedactPage("https://herald.example/a");
  RedactPage("https://herald.example/b");
  const EvidenceReport report = archive_.Check();
  EXPECT_LE(static_cast<int>(report.verdict),
            static_cast<int>(EvidenceVerdict::kIntactWithWarnings))
      << EvidenceText(report);
  EXPECT_LE(Audit().Worst(), Weight::kWarning);
}

TEST_F(EraseTest, OtherRecordsAreHandedOverWithTheirProof) {
  archive_.Sign();
  RedactPage("https://herald.example/a");
  auto reader = ArchiveReader::Open(archive_.dir());
  const fs::path folder = archive_.dir().parent_path() / "proof";
  ProofExportOptions options;
  options.now = archive_.now();
  options.captures = {IdOf("https://herald.example/a"),
                      IdOf("https://herald.example/b")};
  const auto exported = ExportEvidence(**reader, folder, options);
  ASSERT_TRUE(exported) << exported.error().message();
  EXPECT_GT(exported->records, 0U);
  const auto report = CheckEvidence(folder, archive_.Trust());
  ASSERT_TRUE(report);
  EXPECT_LE(static_cast<int>(report->verdict),
            static_cast<int>(EvidenceVerdict::kIntactWithWarnings))
      << EvidenceText(*report);
}

TEST_F(EraseTest, ARedactedBundleIsNotPackedAnew) {
  RedactPage("https://herald.example/a");
  const auto bundles = *SealedBundles(archive_.dir());
  bool some = false;
  for (const SealedBundle& bundle : bundles) {
    if (!bundle.redacted) continue;
    some = true;
    const auto wrong = WrongWith(archive_.dir() / bundle.name, bundle);
    ASSERT_TRUE(wrong && *wrong);
    EXPECT_THAT(**wrong, HasSubstr("by decision"));
  }
  EXPECT_TRUE(some);
}

TEST_F(EraseTest, ATombstoneTakesTheBundleAndSaysSo) {
  archive_.Sign();
  const auto done =
      TombstoneBundle(archive_.writer(), bundles_[0].name, kTwoRoles);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_TRUE(done->whole);
  archive_.Close();
  EXPECT_FALSE(fs::exists(archive_.dir() / bundles_[0].name));
  ASSERT_TRUE(Reindex(archive_.dir()));
  archive_.Sign();
  archive_.Close();
  const EvidenceReport report = archive_.Check();
  EXPECT_LE(static_cast<int>(report.verdict),
            static_cast<int>(EvidenceVerdict::kIntactWithWarnings))
      << EvidenceText(report);
  EXPECT_TRUE(Names(report, "tombstoned"));
  EXPECT_LE(Audit().Worst(), Weight::kWarning);
}

}  // namespace
}  // namespace stemma
