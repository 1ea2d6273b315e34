#include "cli/batch_input.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace stemma::cli {
namespace {

TEST(BatchInput, GivesLinesThatAreNotBlankWithTheirNumbers) {
  std::istringstream text("\none\r\n \t\r\n\ntwo");
  BatchInput in(text, "folder");
  std::string line;
  ASSERT_TRUE(in.Next(line).value());
  EXPECT_EQ(line, "one\r");
  EXPECT_EQ(in.number(), 2U);
  ASSERT_TRUE(in.Next(line).value());
  EXPECT_EQ(line, "two");
  EXPECT_EQ(in.number(), 5U);
  EXPECT_FALSE(in.Next(line).value());
  EXPECT_EQ(in.folder(), "folder");
}

TEST(BatchInput, KeepsBytesThatAreNotText) {
  std::istringstream text(std::string("a\0b\xff\n", 5));
  BatchInput in(text, {});
  std::string line;
  ASSERT_TRUE(in.Next(line).value());
  EXPECT_EQ(line, std::string("a\0b\xff", 4));
}

TEST(BatchInput, RefusesALineWithoutEnd) {
  std::istringstream most(std::string(BatchInput::kMaxLine, 'x') + "\n");
  BatchInput fits(most, {});
  std::string line;
  EXPECT_TRUE(fits.Next(line).value());
  EXPECT_EQ(line.size(), BatchInput::kMaxLine);

  std::istringstream longer(std::string(BatchInput::kMaxLine + 1, 'x'));
  BatchInput in(longer, {});
  const Result<bool> more = in.Next(line);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code(), ErrorCode::kLimit);
  EXPECT_NE(more.error().message().find("line 1"), std::string::npos);
}

TEST(BatchInput, SaysWhichFileCannotBeRead) {
  for (const char* path : {"no-such-folder/batch.jsonl", "/"}) {
    const Result<BatchInput> in = BatchInput::Open(path);
    ASSERT_FALSE(in) << path;
    EXPECT_EQ(in.error().code(), ErrorCode::kNotFound);
    EXPECT_NE(in.error().message().find(path), std::string::npos);
  }
}

}  // namespace
}  // namespace stemma::cli
