#include "cli/seen_links.h"

#include <gtest/gtest.h>

#include <string>

namespace stemma::cli {
namespace {

TEST(SeenLinks, KnowsWhatWasNoted) {
  SeenLinks seen;
  EXPECT_FALSE(seen.Has("http://a/", 1, 50));
  seen.Note("http://a/", 1, 50);
  EXPECT_TRUE(seen.Has("http://a/", 1, 50));
  EXPECT_TRUE(seen.Has("http://a/", 2, 60));
  EXPECT_FALSE(seen.Has("http://a/b", 1, 50));
}

// The frontier must hear of a way that is shorter, or more urgent.
TEST(SeenLinks, ABetterWayIsNew) {
  SeenLinks seen;
  seen.Note("http://a/", 3, 70);
  EXPECT_FALSE(seen.Has("http://a/", 2, 70));
  EXPECT_FALSE(seen.Has("http://a/", 3, 30));
  seen.Note("http://a/", 5, 30);
  EXPECT_TRUE(seen.Has("http://a/", 3, 30));
  EXPECT_FALSE(seen.Has("http://a/", 2, 30));
}

TEST(SeenLinks, NeverSaysSeenOfWhatWasNot) {
  SeenLinks seen;
  for (int i = 0; i < 100'000; ++i) {
    const std::string url = "http://a/" + std::to_string(i);
    ASSERT_FALSE(seen.Has(url, 1, 50));
    seen.Note(url, 1, 50);
    ASSERT_TRUE(seen.Has(url, 1, 50));
  }
}

}  // namespace
}  // namespace stemma::cli
