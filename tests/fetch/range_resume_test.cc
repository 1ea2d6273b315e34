#include "fetch/range_resume.h"

#include <gtest/gtest.h>

namespace stemma {
namespace {

Exchange Answer(int status, const std::string& fields) {
  Exchange exchange;
  exchange.status = status;
  exchange.response_head =
      "HTTP/1.1 " + std::to_string(status) + " x\r\n" + fields + "\r\n";
  return exchange;
}

TEST(RangeResume, AsksOnlyWhereSplicingIsSafe) {
  const auto good = Answer(200, "ETag: \"v1\"\r\nAccept-Ranges: bytes\r\n");
  const auto fields = ResumeHeaders(good, 100);
  ASSERT_EQ(fields.size(), 2u);
  EXPECT_EQ(fields[0].second, "bytes=100-");
  EXPECT_EQ(fields[1].second, "\"v1\"");

  EXPECT_TRUE(ResumeHeaders(good, 0).empty());
  EXPECT_TRUE(ResumeHeaders(Answer(200, "ETag: W/\"v1\"\r\n"), 100).empty());
  EXPECT_TRUE(ResumeHeaders(Answer(200, ""), 100).empty());
  EXPECT_TRUE(ResumeHeaders(Answer(206, "ETag: \"v1\"\r\n"), 100).empty());
  EXPECT_TRUE(
      ResumeHeaders(Answer(200, "ETag: \"v1\"\r\nContent-Encoding: gzip\r\n"),
                    100)
          .empty());
  EXPECT_TRUE(
      ResumeHeaders(Answer(200, "ETag: \"v1\"\r\nAccept-Ranges: none\r\n"), 100)
          .empty());
  EXPECT_TRUE(ResumeHeaders(Answer(200, "ETag: \"a\"\r\nETag: \"b\"\r\n"), 100)
                  .empty());
}

TEST(RangeResume, JudgesWhatCameBack) {
  const auto first = Answer(200, "ETag: \"v1\"\r\n");
  const struct {
    int status;
    const char* fields;
    ResumeAnswer want;
  } cases[] = {
      {206, "ETag: \"v1\"\r\nContent-Range: bytes 100-199/200\r\n",
       ResumeAnswer::kContinues},
      {200, "ETag: \"v2\"\r\n", ResumeAnswer::kReplaced},
      {206, "ETag: \"v2\"\r\nContent-Range: bytes 100-199/200\r\n",
       ResumeAnswer::kUseless},
      {206, "ETag: \"v1\"\r\nContent-Range: bytes 90-199/200\r\n",
       ResumeAnswer::kUseless},
      {206, "ETag: \"v1\"\r\n", ResumeAnswer::kUseless},
      {206, "ETag: \"v1\"\r\nContent-Range: bytes */200\r\n",
       ResumeAnswer::kUseless},
      {206, "Content-Range: bytes 100-199/200\r\n", ResumeAnswer::kUseless},
      {416, "Content-Range: bytes */200\r\n", ResumeAnswer::kUseless},
  };
  for (const auto& c : cases) {
    std::string why;
    EXPECT_EQ(JudgeResume(first, 100, Answer(c.status, c.fields), &why), c.want)
        << c.status << " " << c.fields;
    EXPECT_EQ(why.empty(), c.want != ResumeAnswer::kUseless);
  }
}

}  // namespace
}  // namespace stemma
