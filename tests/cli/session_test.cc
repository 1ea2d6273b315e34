#include "cli/session.h"

#include <gtest/gtest.h>

namespace stemma::cli {
namespace {

TEST(ParseSize, ReadsTheUnitsPeopleWrite) {
  const struct {
    std::string_view text;
    std::uint64_t bytes;
  } cases[] = {{"0", 0},
               {"1048576", 1 << 20},
               {"64MiB", 64 << 20},
               {"2GiB", 2ull << 30},
               {"10k", 10240},
               {"1TB", 1ull << 40}};
  for (const auto& c : cases) EXPECT_EQ(*ParseSize(c.text), c.bytes) << c.text;
  for (const std::string_view text :
       {"", "x", "-1", "1.5G", "1 GiB", "99999999999999999999",
        "17179869184GiB"}) {
    EXPECT_FALSE(ParseSize(text)) << text;
  }
}

TEST(ForTerminal, EscapesBecomeVisible) {
  EXPECT_EQ(ForTerminal("\x1b[2Jhi\n"), "\\u{1b}[2Jhi\n");
  EXPECT_EQ(ForTerminal("a\xC2\x9B"
                        "b"),
            "a\\u{9b}b");
  EXPECT_EQ(ForTerminal("\xE2\x80\xAEx"), "\\u{202e}x");
  EXPECT_EQ(ForTerminal("na\xC3\xAFve"), "na\xC3\xAFve");
}

TEST(ExitCodes, AreTheContracts) {
  EXPECT_EQ(ExitCodeFor(ErrorCode::kInvalidArgument), 2);
  EXPECT_EQ(ExitCodeFor(ErrorCode::kNetwork), 3);
  EXPECT_EQ(ExitCodeFor(ErrorCode::kRefused), 4);
  EXPECT_EQ(ExitCodeFor(ErrorCode::kNoSpace), 5);
  EXPECT_EQ(ExitCodeFor(ErrorCode::kInterrupted), 6);
  EXPECT_EQ(ExitCodeFor(ErrorCode::kBusy), 75);
}

}  // namespace
}  // namespace stemma::cli
