#include "fetch/frontier.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <set>

namespace stemma {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const TimePoint kNow = *ParseTime("2026-03-01T12:00:00Z");

class FrontierTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    dir_ = std::filesystem::temp_directory_path() /
           ("stemma-frontier-" + std::to_string(::getpid()) + info->name());
    std::filesystem::remove_all(dir_);
    Reopen();
  }
  void TearDown() override {
    frontier_.reset();
    std::filesystem::remove_all(dir_);
  }
  void Reopen() {
    frontier_.reset();
    auto opened = Frontier::Open(File());
    ASSERT_TRUE(opened) << opened.error().message();
    frontier_ = std::move(*opened);
  }
  std::filesystem::path File() const { return dir_ / "jobs" / "job.sqlite"; }

  Frontier::Added Add(const std::string& url, int priority = 100) {
    NewAddress address;
    address.url = *Url::Parse(url);
    address.priority = priority;
    return *frontier_->Add(address, kNow);
  }
  std::vector<Address> Claim(std::string_view host, int limit = 100) {
    return *frontier_->Claim(host, limit, kNow + minutes(5));
  }
  static VisitRecord Good(TimePoint due) {
    VisitRecord visit;
    visit.status = 200;
    visit.good = true;
    visit.capture = "urn:uuid:1";
    visit.etag = "\"v1\"";
    visit.payload_sha256 = "aa";
    visit.due = due;
    return visit;
  }

  std::filesystem::path dir_;
  std::unique_ptr<Frontier> frontier_;
};

TEST_F(FrontierTest, GivesEveryAddressOnceBestFirst) {
  ASSERT_TRUE(frontier_->BeginRun(kNow));
  EXPECT_EQ(Add("http://a.test/2", 20), Frontier::Added::kNew);
  EXPECT_EQ(Add("http://a.test/1", 10), Frontier::Added::kNew);
  EXPECT_EQ(Add("http://b.test/1", 5), Frontier::Added::kNew);
  EXPECT_EQ(Add("http://a.test/1#x", 10), Frontier::Added::kKnown);
  const auto hosts = *frontier_->HostsWithWork();
  ASSERT_EQ(hosts.size(), 2u);
  EXPECT_EQ(hosts[0].host, "b.test");
  EXPECT_EQ(hosts[1].priority, 10);

  const auto claimed = Claim("a.test");
  ASSERT_EQ(claimed.size(), 2u);
  EXPECT_EQ(claimed[0].url, "http://a.test/1");
  EXPECT_EQ(claimed[0].host, "a.test");
  EXPECT_TRUE(Claim("a.test").empty());
  EXPECT_EQ(frontier_->HostsWithWork()->size(), 1u);
  ASSERT_TRUE(frontier_->Release(claimed[0].id));
  EXPECT_EQ(Claim("a.test").size(), 1u);
}

TEST_F(FrontierTest, AKilledRunGoesOnWhereItsLastCommitWas) {
  const CrawlRun first = *frontier_->BeginRun(kNow);
  for (int i = 0; i < 10; ++i) Add("http://a.test/" + std::to_string(i));
  auto claimed = Claim("a.test", 4);
  ASSERT_TRUE(frontier_->Complete(claimed[0].id, Good(kNow + hours(6)), kNow));
  ASSERT_TRUE(frontier_->SetSyncedSeq(17));
  ASSERT_TRUE(frontier_->Commit());
  Reopen();
  const CrawlRun again = *frontier_->BeginRun(kNow + minutes(1));
  EXPECT_EQ(again.number, first.number);
  EXPECT_TRUE(again.resumed);
  EXPECT_EQ(again.pages, 1u);
  EXPECT_EQ(*frontier_->SyncedSeq(), 17u);
  EXPECT_EQ(Claim("a.test").size(), 9u);
}

TEST_F(FrontierTest, TheNextRunVisitsWhatIsDueAndNothingElse) {
  ASSERT_TRUE(frontier_->BeginRun(kNow));
  for (int i = 0; i < 3; ++i) Add("http://a.test/" + std::to_string(i));
  auto claimed = Claim("a.test");
  ASSERT_TRUE(frontier_->Complete(claimed[0].id, Good(kNow + hours(1)), kNow));
  ASSERT_TRUE(frontier_->Complete(claimed[1].id, Good(kNow + hours(9)), kNow));
  VisitRecord gone;
  gone.status = 404;
  gone.outcome = VisitOutcome::kGone;
  ASSERT_TRUE(frontier_->Complete(claimed[2].id, gone, kNow));
  ASSERT_TRUE(frontier_->EndRun(kNow));

  Reopen();
  const CrawlRun run = *frontier_->BeginRun(kNow + hours(2));
  EXPECT_EQ(run.number, 2);
  EXPECT_FALSE(run.resumed);
  const auto due = Claim("a.test");
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].url, "http://a.test/0");
  EXPECT_EQ(due[0].etag, "\"v1\"");
  EXPECT_EQ(due[0].visits, 1);
  EXPECT_EQ(due[0].last_visit, kNow);
}

TEST_F(FrontierTest, A404NeverShadowsAGoodAnswer) {
  ASSERT_TRUE(frontier_->BeginRun(kNow));
  Add("http://a.test/");
  const auto first = Claim("a.test").at(0);
  ASSERT_TRUE(frontier_->Complete(first.id, Good(kNow), kNow));
  VisitRecord gone;
  gone.status = 404;
  gone.outcome = VisitOutcome::kGone;
  gone.due = kNow + hours(24);
  ASSERT_TRUE(frontier_->Complete(first.id, gone, kNow + hours(1)));
  const auto now = *frontier_->Find(*Url::Parse("http://a.test/"));
  ASSERT_TRUE(now);
  EXPECT_EQ(now->last_status, 404);
  EXPECT_EQ(now->etag, "\"v1\"");
  EXPECT_EQ(now->last_capture, "urn:uuid:1");
}

TEST_F(FrontierTest, LeasesRunOut) {
  ASSERT_TRUE(frontier_->BeginRun(kNow));
  Add("http://a.test/");
  EXPECT_EQ(Claim("a.test").size(), 1u);
  EXPECT_EQ(*frontier_->ReturnExpired(kNow + minutes(4)), 0u);
  EXPECT_EQ(*frontier_->ReturnExpired(kNow + minutes(6)), 1u);
  EXPECT_EQ(Claim("a.test").at(0).attempts, 2);
}

TEST_F(FrontierTest, PostponedAddressesComeBackInTheirTime) {
  ASSERT_TRUE(frontier_->BeginRun(kNow));
  Add("http://a.test/");
  const auto claimed = Claim("a.test").at(0);
  ASSERT_TRUE(frontier_->Postpone(claimed.id, kNow + seconds(30), "503"));
  EXPECT_EQ(*frontier_->WakePostponed(kNow), kNow + seconds(30));
  EXPECT_TRUE(Claim("a.test").empty());
  EXPECT_EQ(*frontier_->WakePostponed(kNow + seconds(30)), std::nullopt);
  EXPECT_EQ(Claim("a.test").size(), 1u);
}

TEST_F(FrontierTest, AFoundCopyRequeuesItsOriginal) {
  ASSERT_TRUE(frontier_->BeginRun(kNow));
  Add("http://a.test/");
  const auto claimed = Claim("a.test").at(0);
  ASSERT_TRUE(frontier_->Complete(claimed.id, Good(kNow + hours(700)), kNow));
  NewAddress original;
  original.url = *Url::Parse("http://a.test/");
  EXPECT_EQ(*frontier_->AddNow(original, kNow, kNow - hours(1)),
            Frontier::Added::kKnown);
  EXPECT_EQ(*frontier_->AddNow(original, kNow, kNow + hours(1)),
            Frontier::Added::kNew);
  EXPECT_EQ(Claim("a.test").size(), 1u);
}

TEST_F(FrontierTest, FacetsAreBounded) {
  ASSERT_TRUE(frontier_->BeginRun(kNow));
  int added = 0;
  for (int i = 0; i < 2'000; ++i) {
    added += Add("http://a.test/list?a=" + std::to_string(i) + "&b=1") ==
             Frontier::Added::kNew;
  }
  EXPECT_EQ(added, 500);
  EXPECT_EQ(Add("http://a.test/page"), Frontier::Added::kNew);
}

TEST_F(FrontierTest, RobotsAnswersAreKeptADayAndNotLonger) {
  ASSERT_TRUE(
      frontier_->KeepRobots("http://a.test", {200, "User-agent: *", kNow}));
  ASSERT_TRUE(frontier_->Commit());
  Reopen();
  EXPECT_EQ(
      (*frontier_->Robots("http://a.test", kNow + hours(23), hours(24)))->body,
      "User-agent: *");
  EXPECT_FALSE(
      *frontier_->Robots("http://a.test", kNow + hours(25), hours(24)));
  EXPECT_FALSE(
      *frontier_->Robots("http://a.test", kNow - hours(48), hours(24)));
  EXPECT_FALSE(*frontier_->Robots("http://b.test", kNow, hours(24)));
}

TEST_F(FrontierTest, TheReportSaysWhatBecameOfEach) {
  const CrawlRun run = *frontier_->BeginRun(kNow);
  Add("http://a.test/good");
  Add("http://a.test/bad");
  const auto claimed = Claim("a.test");
  ASSERT_TRUE(frontier_->Complete(claimed[0].id, Good(kNow), kNow));
  VisitRecord refused;
  refused.outcome = VisitOutcome::kRefused;
  refused.reason = "robots";
  ASSERT_TRUE(frontier_->Complete(claimed[1].id, refused, kNow));
  std::set<std::string> lines;
  ASSERT_TRUE(frontier_->ForEachOfRun(run.number, [&](const RunLine& l) {
    lines.insert(std::string(NameOf(l.outcome)) + " " + l.url + " " + l.reason);
    return Status();
  }));
  EXPECT_EQ(lines, (std::set<std::string>{"new http://a.test/good ",
                                          "refused http://a.test/bad robots"}));
  EXPECT_EQ(*frontier_->SamePayload("a.test", "aa"), 1u);
  const auto counts = *frontier_->Count();
  EXPECT_EQ(counts.known, 2u);
  EXPECT_EQ(counts.waiting, 1u);
  EXPECT_EQ(counts.finished, 1u);
}

TEST_F(FrontierTest, AForeignFileIsRefused) {
  const auto file = dir_ / "other.sqlite";
  std::ofstream(file) << std::string(4096, 'x');
  const auto opened = Frontier::Open(file);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace stemma
