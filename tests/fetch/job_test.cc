#include "fetch/job.h"

#include <gtest/gtest.h>

namespace stemma {
namespace {

constexpr std::string_view kSmallest =
    "[job]\nname = \"a\"\n[seeds]\nurls = [\"https://herald.test/\"]\n";

TEST(Job, ReadsEveryKey) {
  const auto job = ParseJob(R"toml(
[job]
name = "idlib-reports"
archive = "/srv/stemma/idlib"
derive = "later"
[seeds]
urls = ["https://www.herald.test/region/"]
feeds = ["https://ledger.test/feed/"]
sitemaps = ["https://ledger.test/sitemap.xml"]
[scope]
hosts = ["WWW.herald.test", "ledger.test"]
exclude = ["/tag/", "/author/*/page"]
max_depth = 2
max_pages = 2000
follow_original = false
[media]
fetch = true
max_bytes = "2GiB"
keyframes = "interval:5s"
[politeness]
delay = "0s"
concurrency_per_host = 8
robots = "report"
user_agent = "stemma/1.0 (+https://archive.test/about)"
[revisit]
min_interval = "6h"
[limits]
max_bytes = 1048576
max_time = "30m"
page_max_bytes = "1MiB"
[network]
allow_private = ["127.0.0.1:18080"]
resolve = ["herald.test:80:127.0.0.1"]
connections = 4
[render]
renderer = "chromium"
hosts = ["APP.herald.test"]
max_time = "10s"
max_bytes = "1MiB"
max_requests = 7
[retention]
keep = "365d"
what = "media"
copies = "erase"
hold = ["/case-12/"]
basis = "policy 3"
approved_by = ["archivist", "editor"]
[sign]
key = "stemma.key"
timestamp = ["https://tsa.test"]
[notify]
on_altered = "mail -s altered desk@herald.test"
metrics = "/var/lib/node_exporter/stemma.prom"
)toml",
                            "job.toml");
  ASSERT_TRUE(job) << job.error().message();
  EXPECT_EQ(job->name, "idlib-reports");
  EXPECT_TRUE(job->derive_later);
  EXPECT_EQ(job->urls.at(0).host(), "www.herald.test");
  EXPECT_EQ(job->hosts,
            (std::vector<std::string>{"ledger.test", "www.herald.test"}));
  EXPECT_EQ(job->rendering.program, "chromium");
  EXPECT_EQ(job->rendering.hosts, std::vector<std::string>{"app.herald.test"});
  EXPECT_EQ(job->rendering.budget.time, std::chrono::seconds(10));
  EXPECT_EQ(job->rendering.budget.bytes, 1U << 20);
  EXPECT_EQ(job->rendering.budget.requests, 7);
  EXPECT_EQ(job->retention.keep, std::chrono::hours(365 * 24));
  EXPECT_TRUE(job->retention.media_only);
  EXPECT_FALSE(job->retention.keep_copies);
  EXPECT_EQ(job->retention.hold, std::vector<std::string>{"/case-12/"});
  EXPECT_EQ(job->max_depth, 2);
  EXPECT_EQ(job->max_pages, 2000u);
  EXPECT_FALSE(job->follow_original);
  EXPECT_EQ(job->media_max_bytes, std::uint64_t{2} << 30);
  EXPECT_EQ(job->keyframes, "interval:5s");
  EXPECT_EQ(job->delay.count(), 0);
  EXPECT_EQ(job->concurrency_per_host, 8);
  EXPECT_EQ(job->robots, RobotsRule::kReport);
  EXPECT_EQ(job->min_interval, std::chrono::hours(6));
  EXPECT_EQ(job->max_bytes, 1'048'576u);
  EXPECT_EQ(job->max_time, std::chrono::minutes(30));
  EXPECT_EQ(job->allow_private.at(0), "127.0.0.1:18080");
  EXPECT_EQ(job->timestamp.at(0), "https://tsa.test");
}

TEST(Job, SmallestJobTakesItsScopeFromItsSeeds) {
  const auto job = ParseJob(kSmallest, "job.toml");
  ASSERT_TRUE(job) << job.error().message();
  EXPECT_EQ(job->hosts, std::vector<std::string>{"herald.test"});
  EXPECT_EQ(job->robots, RobotsRule::kObey);
  EXPECT_EQ(job->delay, std::chrono::seconds(1));
}

TEST(Job, EveryProblemIsNamedWithItsPlace) {
  const JobReading reading = ReadJob(R"([job]
name = "a b"
derive = "soon"
[seeds]
urls = ["ftp://x.test/", 7]
[scope]
max_deph = 2
max_pages = 0
exclude = ["*"]
hosts = ["a/b"]
[politness]
[politeness]
delay = 1
[media]
keyframes = "sometimes"
max_bytes = "2 parsecs"
)");
  std::string all;
  for (const JobProblem& p : reading.problems) {
    all += std::to_string(p.line) + " " + p.message + "\n";
  }
  for (const char* want :
       {"2 job.name", "3 job.derive", "5 seeds.urls: 'ftp://x.test/'",
        "5 seeds.urls: a string is expected",
        "7 unknown key 'max_deph' in [scope]; did you mean 'max_depth'?",
        "8 scope.max_pages", "9 scope.exclude", "10 scope.hosts",
        "11 unknown table [politness]; did you mean 'politeness'?",
        "13 politeness.delay", "15 media.keyframes", "16 media.max_bytes"}) {
    EXPECT_NE(all.find(want), std::string::npos) << want << "\nin\n" << all;
  }
}

TEST(Job, BadTomlIsOneProblemWithItsLine) {
  const auto job = ParseJob("[job]\nname = \"a\nx", "j.toml");
  ASSERT_FALSE(job);
  EXPECT_EQ(job.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(job.error().message().starts_with("j.toml:2:"))
      << job.error().message();
}

TEST(Job, AnythingAtAllIsReadWithoutHarm) {
  for (const std::string text :
       {"", "\0\0", "[", "[job]", "job = 1", "[[job]]\nname='a'", "\xFF\xFE"}) {
    EXPECT_FALSE(ParseJob(text, "j")) << text;
  }
  EXPECT_FALSE(ParseJob(std::string(5 << 20, '#'), "j"));
}

TEST(Job, ScopeIsHostsWithoutTheExcludedParts) {
  Job job;
  job.hosts = {"herald.test"};
  job.exclude = {"/tag/", "/author/*/page", "print=1"};
  EXPECT_TRUE(job.InScope(*Url::Parse("https://herald.test/a")));
  EXPECT_FALSE(job.InScope(*Url::Parse("https://www.herald.test/a")));
  const auto excluded = [&](const char* path) {
    return std::string(
        job.ExcludedBy(*Url::Parse(std::string("https://herald.test") + path)));
  };
  EXPECT_EQ(excluded("/a"), "");
  EXPECT_EQ(excluded("/x/tag/y"), "/tag/");
  EXPECT_EQ(excluded("/author/smith/page/2"), "/author/*/page");
  EXPECT_EQ(excluded("/author/smith"), "");
  EXPECT_EQ(excluded("/a?x=1&print=1"), "print=1");
}

TEST(Durations, AreNumbersWithUnits) {
  EXPECT_EQ(ParseDuration("500ms")->count(), 500);
  EXPECT_EQ(ParseDuration("1s")->count(), 1'000);
  EXPECT_EQ(ParseDuration("15m")->count(), 900'000);
  EXPECT_EQ(ParseDuration("2w")->count(), 14 * 86'400'000LL);
  EXPECT_EQ(ParseDuration("0")->count(), 0);
  EXPECT_EQ(ParseDuration("0s")->count(), 0);
  for (const char* bad : {"", "s", "1", "-1s", "1.5s", "1 s", "1y",
                          "99999999999999999999s", "40000d", "1sm"}) {
    EXPECT_FALSE(ParseDuration(bad)) << bad;
  }
}

TEST(ByteSizes, Count1024s) {
  EXPECT_EQ(*ParseByteSize("2GiB"), std::uint64_t{2} << 30);
  EXPECT_EQ(*ParseByteSize("10kb"), 10'240u);
  EXPECT_EQ(*ParseByteSize("7"), 7u);
  for (const char* bad : {"", "GiB", "1.5G", "-1", "1PB", "99999999TiB"}) {
    EXPECT_FALSE(ParseByteSize(bad)) << bad;
  }
}

}  // namespace
}  // namespace stemma
