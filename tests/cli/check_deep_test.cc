#include "cli/check_deep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "archive/archive_reader.h"
#include "archive/archive_writer.h"
#include "archive/index.h"
#include "article/extract.h"
#include "cli/publication_of.h"
#include "core/article_json.h"

namespace stemma::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::string_view kType = "text/html; charset=utf-8";

std::string Page(int number) {
  std::string body =
      "<html lang=\"en\"><title>The dam</title>"
      "<meta name=\"author\" content=\"Ada Byron\">"
      "<meta property=\"article:published_time\" "
      "content=\"2026-02-01T10:00:00Z\"><article><h1>The dam</h1>";
  for (int i = 0; i < 8; ++i) {
    body += "<p>The dam above the town held through night " +
            std::to_string(number + i) +
            ", said the engineer who had measured it for twenty years, and "
            "nobody had to leave the houses below it.</p>";
  }
  return body + "</article>";
}

class CheckDeepTest : public ::testing::Test {
 protected:
  CheckDeepTest() {
    std::string name = (fs::temp_directory_path() / "deepXXXXXX").string();
    dir_ = ::mkdtemp(name.data());
    options_.clock = [] { return *ParseTime("2026-03-01T12:00:00Z"); };
    options_.free_space_floor = 0;
  }
  ~CheckDeepTest() override {
    std::error_code ignored;
    fs::remove_all(dir_, ignored);
  }

  // A captured page and its article, by `method`, changed by `change`.
  // The event tells of the article what `tell` leaves of its facts.
  void Add(int number, const std::string& method,
           const std::function<void(nlohmann::json&)>& change = {},
           const std::function<void(nlohmann::json&)>& tell = {}) {
    auto writer = ArchiveWriter::Open(dir_ / "a", options_);
    ASSERT_TRUE(writer) << writer.error().message();
    const std::string url = "https://a.example/" + std::to_string(number);
    auto draft = (*writer)->BeginCapture(url, options_.clock());
    ASSERT_TRUE(draft);
    Exchange e;
    e.url = url;
    e.request = "GET / HTTP/1.1\r\n\r\n";
    e.response_head = "HTTP/1.1 200 OK\r\nContent-Type: ";
    e.response_head += kType;
    e.response_head += "\r\n\r\n";
    e.status = 200;
    e.started = options_.clock();
    const auto stored = draft->AddExchange(e, Page(number));
    ASSERT_TRUE(stored);
    const auto info = draft->Commit({{"status", 200}, {"final", url}});
    ASSERT_TRUE(info);
    const std::string page = draft->records().front().id;
    const std::string body = Page(number);
    const auto article = ExtractArticle({body, std::string(kType), url});
    ASSERT_TRUE(article);
    nlohmann::json json = ToRecordJson(*article);
    if (change) change(json);
    const DerivedRecord record{"article",
                               "urn:stemma:article:" + info->id,
                               "application/json",
                               json.dump(),
                               page,
                               {}};
    nlohmann::json facts = {{"method", method}};
    if (tell) {
      facts = EventFactsOf(*article, PublicationOf(*article, info->id));
      tell(facts);
    }
    ASSERT_TRUE((*writer)->AppendDerived(info->id, facts, {&record, 1}));
  }
  PublicationRow Row(int number) {
    const auto reader = ArchiveReader::Open(dir_ / "a");
    EXPECT_TRUE(reader);
    const auto rows = (*reader)->index().PublicationsOf("https://a.example/" +
                                                        std::to_string(number));
    EXPECT_TRUE(rows && rows->size() == 1);
    return rows && !rows->empty() ? rows->front() : PublicationRow();
  }
  DeepReport Check() {
    const auto reader = ArchiveReader::Open(dir_ / "a");
    EXPECT_TRUE(reader);
    const auto report = CheckDeep(**reader);
    EXPECT_TRUE(report) << report.error().message();
    return report ? *report : DeepReport();
  }

  fs::path dir_;
  ArchiveOptions options_;
};

TEST_F(CheckDeepTest, WhatIsDerivedAgainIsTheSame) {
  Add(1, "stemma-article/1");
  Add(2, "stemma-article/1");
  const DeepReport report = Check();
  EXPECT_EQ(report.articles.same, 2u);
  EXPECT_THAT(report.findings, IsEmpty());
}

TEST_F(CheckDeepTest, WhatDiffersIsAlteredAndSaysWhere) {
  Add(1, "stemma-article/1",
      [](nlohmann::json& article) { article["title"] = "The dam broke"; });
  const DeepReport report = Check();
  EXPECT_EQ(report.articles.differ, 1u);
  ASSERT_THAT(report.findings, SizeIs(1));
  EXPECT_EQ(report.findings[0].code, "derived-differs");
  EXPECT_EQ(report.findings[0].weight, Weight::kAltered);
  EXPECT_THAT(report.findings[0].text, HasSubstr("title"));
}

TEST_F(CheckDeepTest, AnEventThatTellsOfItsArticleIsBelievedOnlyIfTrue) {
  Add(1, "stemma-article/1", {}, [](nlohmann::json&) {});
  Add(2, "stemma-article/1", {}, [](nlohmann::json& facts) {
    facts["publication"]["byline"] = "Somebody Else";
  });
  const DeepReport report = Check();
  EXPECT_EQ(report.articles.same, 1u);
  EXPECT_EQ(report.articles.differ, 1u);
  ASSERT_THAT(report.findings, SizeIs(1));
  EXPECT_THAT(report.findings[0].text, HasSubstr("byline"));
}

TEST_F(CheckDeepTest, TheEventGivesTheRowThatTheRecordWouldGive) {
  Add(1, "stemma-article/1");
  Add(2, "stemma-article/1", {}, [](nlohmann::json&) {});
  const PublicationRow read = Row(1), told = Row(2);
  EXPECT_EQ(told.byline, read.byline);
  EXPECT_FALSE(told.byline.empty());
  EXPECT_EQ(told.language, read.language);
  EXPECT_EQ(told.published_at, read.published_at);
  EXPECT_FALSE(told.published_at.empty());
  EXPECT_EQ(told.method, read.method);
  EXPECT_EQ(told.fetched_at, read.fetched_at);
  EXPECT_EQ(told.site, read.site);
  EXPECT_EQ(told.text_sha256.size(), read.text_sha256.size());
  EXPECT_FALSE(told.title.empty());
}

TEST_F(CheckDeepTest, AnotherMethodCannotBeChecked) {
  Add(1, "stemma-article/0",
      [](nlohmann::json& article) { article["title"] = "The dam broke"; });
  const DeepReport report = Check();
  EXPECT_EQ(report.articles.not_checked, 1u);
  ASSERT_THAT(report.findings, SizeIs(1));
  EXPECT_EQ(report.findings[0].code, "derived-not-checked");
  EXPECT_EQ(report.findings[0].weight, Weight::kCannotCheck);
  EXPECT_THAT(report.findings[0].text, HasSubstr("stemma-article/0"));
}

}  // namespace
}  // namespace stemma::cli
