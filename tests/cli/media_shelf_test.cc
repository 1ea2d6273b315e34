#include "cli/media_shelf.h"

#include <gtest/gtest.h>

#include <thread>

namespace stemma::cli {
namespace {

bool GoOn() { return true; }

TEST(MediaShelf, TheSecondAsksWithWhatTheFirstGot) {
  MediaShelf shelf;
  ASSERT_TRUE(shelf.Take("u", GoOn)->empty());
  shelf.Put("u", "\"1\"", "yesterday");
  const auto fields = shelf.Take("u", GoOn);
  ASSERT_TRUE(fields);
  ASSERT_EQ(fields->size(), 2U);
  EXPECT_EQ(fields->at(0).second, "\"1\"");
  // A 304 says nothing new, and forgets nothing.
  shelf.Put("u", "", "");
  EXPECT_EQ(shelf.Take("u", GoOn)->size(), 2U);
}

TEST(MediaShelf, WhoComesMeanwhileWaitsOrIsStopped) {
  MediaShelf shelf;
  ASSERT_TRUE(shelf.Take("u", GoOn));
  const auto stopped = shelf.Take("u", [] { return false; });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code(), ErrorCode::kInterrupted);
  std::jthread other([&] {
    const auto fields = shelf.Take("u", GoOn);
    EXPECT_EQ(fields->size(), 1U);
    shelf.Put("u", "", "");
  });
  shelf.Put("u", "\"1\"", "");
}

}  // namespace
}  // namespace stemma::cli
