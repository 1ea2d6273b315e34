#include "archive/sorted_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

namespace stemma {
namespace {

namespace fs = std::filesystem;

class SortedLinesTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(dir_); }
  void TearDown() override { fs::remove_all(dir_); }

  static std::vector<std::string> Drained(SortedLines& lines) {
    std::vector<std::string> all;
    EXPECT_TRUE(lines.Drain([&all](std::string_view line) -> Status {
      all.emplace_back(line);
      return {};
    }));
    return all;
  }

  const fs::path dir_ = fs::path(::testing::TempDir()) / "sorted_lines";
};

std::vector<std::string> RandomLines(std::size_t count, unsigned int seed) {
  std::mt19937 random(seed);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < count; ++i) {
    std::string line(random() % 40, '\0');
    // Few letters, so that many lines are equal or begin alike; all bytes.
    for (char& c : line) c = static_cast<char>(random() % 3 * 127);
    lines.push_back(std::move(line));
  }
  return lines;
}

TEST_F(SortedLinesTest, TheOrderIsThatOfBytesHoweverLittleMemory) {
  for (const std::size_t memory : {1UL, 64UL, 1000UL, 20'000UL, 1UL << 20}) {
    for (const std::size_t count : {0UL, 1UL, 2UL, 3000UL}) {
      std::vector<std::string> expected =
          RandomLines(count, static_cast<unsigned int>(memory + count));
      SortedLines lines(dir_, memory);
      for (const std::string& line : expected) ASSERT_TRUE(lines.Add(line));
      EXPECT_EQ(lines.size(), count);
      std::sort(expected.begin(), expected.end());
      EXPECT_EQ(Drained(lines), expected) << memory << " " << count;
      EXPECT_EQ(lines.size(), 0U);
    }
  }
}

TEST_F(SortedLinesTest, LinesLongerThanTheMemoryAndTheBuffers) {
  SortedLines lines(dir_, 100);
  const std::string a(300'000, 'a'), b(700'000, 'b');
  for (const std::string& line : {b, a, std::string(), b}) {
    ASSERT_TRUE(lines.Add(line));
  }
  EXPECT_THAT(Drained(lines), ::testing::ElementsAre("", a, b, b));
}

TEST_F(SortedLinesTest, LeavesNoFileBehindAndCanBeUsedAgain) {
  SortedLines lines(dir_, 64);
  for (const std::string& line : RandomLines(200, 1)) {
    ASSERT_TRUE(lines.Add(line));
  }
  EXPECT_TRUE(fs::is_empty(dir_));
  EXPECT_EQ(Drained(lines).size(), 200U);
  ASSERT_TRUE(lines.Add("again"));
  EXPECT_THAT(Drained(lines), ::testing::ElementsAre("again"));
}

TEST_F(SortedLinesTest, ATakerThatFailsEndsIt) {
  SortedLines lines(dir_, 64);
  for (const std::string& line : RandomLines(200, 2)) {
    ASSERT_TRUE(lines.Add(line));
  }
  int taken = 0;
  const Status drained = lines.Drain([&taken](std::string_view) -> Status {
    if (++taken < 10) return {};
    return Error(ErrorCode::kNoSpace, "full");
  });
  ASSERT_FALSE(drained);
  EXPECT_EQ(drained.error().code(), ErrorCode::kNoSpace);
  EXPECT_EQ(taken, 10);
}

TEST_F(SortedLinesTest, ADiskThatTakesNoMoreIsAnError) {
  // A limit on the size of files stands for a full disk.
  struct rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = before;
  small.rlim_cur = 4096;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  SortedLines lines(dir_, 1000);
  Status added;
  for (int i = 0; added && i < 2000; ++i) added = lines.Add("a line of bytes");
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code(), ErrorCode::kIo);
  EXPECT_THAT(added.error().message(), ::testing::HasSubstr(dir_.string()));
}

TEST_F(SortedLinesTest, AFolderThatIsNotThereIsAnErrorOnceItIsNeeded) {
  SortedLines lines(dir_ / "missing", 64);
  Status added;
  for (int i = 0; added && i < 100; ++i) added = lines.Add("line");
  EXPECT_FALSE(added);
}

}  // namespace
}  // namespace stemma
