#include "archive/retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "archive/archive_reader.h"
#include "archive/archive_writer.h"
#include "archive/check.h"
#include "archive/index.h"
#include "tests/archive/signed_archive.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

const Erasure kTwoRoles{.basis = "retention policy 3",
                        .approved_by = {"archivist", "editor"}};

std::string Url(const std::string& name) {
  return "https://herald.example/" + name;
}

// Old: a, b and a film; a day later: c.
class RetentionTest : public ::testing::Test {
 protected:
  RetentionTest() {
    a_ = archive_.Capture(Url("a"), "<p>Anna was here</p>");
    b_ = archive_.Capture(Url("b"), "<p>Boris was here</p>");
    film_ = archive_.Capture(Url("film"), "moving pictures", "video/mp4");
    archive_.Close();
    rules_.cutoff = archive_.now() + std::chrono::hours(12);
    rules_.job = "capture";
    archive_.Advance(std::chrono::hours(24));
  }

  void Young(const std::string& name) {
    archive_.Capture(Url(name), "<p>Clara was here</p>");
    archive_.Close();
  }
  void Log(std::string_view type, const nlohmann::json& event) {
    ASSERT_TRUE(archive_.writer().AppendEvent(type, event));
    archive_.Close();
  }
  RetentionPlan Plan() {
    archive_.Close();
    const auto reader = ArchiveReader::Open(archive_.dir());
    return *PlanRetention(**reader, rules_);
  }
  // Plans, erases, builds the index again.
  RetentionPlan Erase() {
    const RetentionPlan plan = Plan();
    const auto done = Retain(archive_.writer(), plan, kTwoRoles);
    EXPECT_TRUE(done) << done.error().message();
    archive_.Close();
    EXPECT_TRUE(Reindex(archive_.dir()));
    return plan;
  }
  // Names of the captures whose page can still be read.
  std::set<std::string> Readable() {
    std::set<std::string> names;
    const auto reader = ArchiveReader::Open(archive_.dir());
    const auto captures = (*reader)->index().Captures({});
    for (const CaptureRow& row : *captures) {
      if ((*reader)->RecordById(row.page_record)) {
        names.insert(row.target.substr(Url("").size()));
      }
    }
    return names;
  }
  void ExpectSound() {
    const CheckReport report = *CheckArchive(archive_.dir(), {});
    EXPECT_LE(report.Worst(), Weight::kWarning);
  }

  SignedArchive archive_;
  RetentionRules rules_;
  std::string a_, b_, film_;
};

TEST_F(RetentionTest, TakesWhatIsOldAndLeavesTheRest) {
  Young("c");
  const RetentionPlan plan = Erase();
  ASSERT_FALSE(plan.bundles.empty());
  for (const auto& bundle : plan.bundles) EXPECT_TRUE(bundle.whole);
  EXPECT_THAT(Readable(), UnorderedElementsAre("c"));
  ExpectSound();
  EXPECT_TRUE(Plan().bundles.empty());
}

TEST_F(RetentionTest, ANewPlanHasNothingWhenNothingIsOldEnough) {
  rules_.cutoff = archive_.now() - std::chrono::hours(48);
  EXPECT_TRUE(Plan().bundles.empty());
}

TEST_F(RetentionTest, WhatOtherJobsWroteStays) {
  for (const char* job : {"captur", "capture-2", "other", ""}) {
    rules_.job = job;
    EXPECT_TRUE(Plan().bundles.empty()) << job;
  }
}

TEST_F(RetentionTest, MediaGoAndPagesStay) {
  rules_.media_only = true;
  const RetentionPlan plan = Erase();
  EXPECT_EQ(plan.Records(), 1U);
  EXPECT_THAT(Readable(), UnorderedElementsAre("a", "b"));
  ExpectSound();
  EXPECT_TRUE(Plan().bundles.empty());
}

TEST_F(RetentionTest, WhatARepublicationRestsOnStays) {
  Log("compare", {{"a", a_}, {"b", "elsewhere"}, {"verdict", "edited"}});
  Log("compare", {{"a", b_}, {"b", "elsewhere"}, {"verdict", "unrelated"}});
  const RetentionPlan plan = Erase();
  EXPECT_EQ(plan.kept_for_copies, 1U);
  EXPECT_THAT(Readable(), UnorderedElementsAre("a"));
  ExpectSound();
  EXPECT_TRUE(Plan().bundles.empty());

  rules_.keep_copies = false;
  EXPECT_TRUE(Erase().bundles.front().whole);
  EXPECT_THAT(Readable(), UnorderedElementsAre());
  ExpectSound();
}

TEST_F(RetentionTest, AFilmOfARepublicationStaysToo) {
  Log("compare", {{"a", film_},
                  {"b", "elsewhere"},
                  {"verdict", "unrelated"},
                  {"video", {{"verdict", "segment"}}}});
  rules_.media_only = true;
  EXPECT_TRUE(Plan().bundles.empty());
}

TEST_F(RetentionTest, WhatIsHeldStays) {
  rules_.hold = [](const CaptureRow& row) {
    return row.target.ends_with("/b");
  };
  const RetentionPlan plan = Erase();
  EXPECT_EQ(plan.held, 1U);
  EXPECT_THAT(Readable(), UnorderedElementsAre("b"));
  ExpectSound();
}

// A revisit in a young bundle stands on its original in an old one.
TEST_F(RetentionTest, TheOriginalOfARevisitStays) {
  RecordInfo original;
  {
    const auto reader = ArchiveReader::Open(archive_.dir());
    const auto capture = (*reader)->CaptureById(a_);
    original = **(*reader)->index().Record(capture->page_record);
  }
  Exchange again;
  again.url = Url("a");
  again.request = "GET /a HTTP/1.1\r\nHost: herald.example\r\n\r\n";
  again.response_head = "HTTP/1.1 304 Not Modified\r\n\r\n";
  again.status = 304;
  again.started = archive_.now();
  {
    auto draft = archive_.writer().BeginCapture(Url("a"), archive_.now());
    ASSERT_TRUE(draft);
    ASSERT_TRUE(draft->AddRevisit(
        again,
        {original.id, original.uri, original.date, original.payload_sha256},
        RevisitProfile::kServerNotModified));
    ASSERT_TRUE(draft->Commit({{"status", 304}}));
  }
  const RetentionPlan plan = Erase();
  EXPECT_EQ(plan.kept_for_revisits, 1U);
  EXPECT_THAT(Readable(), UnorderedElementsAre("a"));
  ExpectSound();
  // Both are old: both go.
  archive_.Advance(std::chrono::hours(48));
  rules_.cutoff = archive_.now();
  Erase();
  EXPECT_THAT(Readable(), UnorderedElementsAre());
  ExpectSound();
}

TEST_F(RetentionTest, WhatWasErasedIsNoOriginalForARepeatedBody) {
  Erase();
  ArchiveOptions options;
  options.free_space_floor = 0;
  const auto writer = ArchiveWriter::Open(archive_.dir(), options);
  ASSERT_TRUE(writer);
  const auto reader = ArchiveReader::Open(archive_.dir());
  const auto capture = (*reader)->CaptureById(a_);
  const auto row = (*reader)->index().Record(capture->page_record);
  ASSERT_TRUE(row && *row && (*row)->payload_sha256);
  EXPECT_FALSE((*writer)->ResponseWith(*(*row)->payload_sha256));
  EXPECT_FALSE((*writer)->ResponseOf(Url("a")));
}

TEST_F(RetentionTest, ATombstoneThatWasNotExecutedIsFinished) {
  const RetentionPlan plan = Plan();
  const std::string name = plan.bundles.front().name;
  Log("tombstone", {{"of", name},
                    {"basis", kTwoRoles.basis},
                    {"approved_by", kTwoRoles.approved_by}});
  ASSERT_TRUE(fs::exists(archive_.dir() / name));
  rules_.cutoff = archive_.now() - std::chrono::hours(48);
  Erase();
  EXPECT_FALSE(fs::exists(archive_.dir() / name));
  ExpectSound();
}

TEST_F(RetentionTest, NoBundleGetsTheNameOfAnErasedOne) {
  const RetentionPlan plan = Erase();
  std::set<std::string> erased;
  for (const auto& bundle : plan.bundles) erased.insert(bundle.name);
  // The same second once more, a day before what the log says last.
  archive_.Advance(-std::chrono::hours(24) - std::chrono::seconds(3));
  for (int i = 0; i < 4; ++i) {
    archive_.Capture(Url("again"), "<p>Dora was here</p>");
    archive_.Close();
  }
  const auto sealed = SealedBundles(archive_.dir());
  ASSERT_EQ(sealed->size(), 4U);
  for (const SealedBundle& bundle : *sealed) {
    EXPECT_FALSE(erased.contains(bundle.name)) << bundle.name;
  }
  ExpectSound();
}

TEST_F(RetentionTest, OneRoleIsRefused) {
  const RetentionPlan plan = Plan();
  const auto done =
      Retain(archive_.writer(), plan, {"policy", {"editor", "editor"}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), ErrorCode::kRefused);
  EXPECT_THAT(done.error().message(), HasSubstr("two different roles"));
}

}  // namespace
}  // namespace stemma
