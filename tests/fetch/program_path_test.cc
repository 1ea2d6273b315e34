#include "fetch/program_path.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "fetch/temporary_folder.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    ::setenv(name, value.c_str(), 1);
  }
  ~Variable() { ::setenv(name_, old_.c_str(), 1); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::string old_;
};

TEST(FindProgram, TakesTheFirstThatRunsAndNeverTheWorkingFolder) {
  const auto folder = TemporaryFolder::Make("test");
  ASSERT_TRUE(folder) << folder.error().message();
  for (const char* name : {"a", "b", "c"}) {
    fs::create_directory(folder->path() / name);
  }
  std::ofstream(folder->path() / "a" / "tool") << "not to be run";
  for (const char* name : {"b/tool", "c/tool", "here"}) {
    std::ofstream(folder->path() / name) << "#!/bin/sh\n";
    fs::permissions(folder->path() / name, fs::perms::owner_all);
  }
  const std::string at = folder->path().string();
  const Variable path("PATH", "::" + at + "/a:" + at + "/b:" + at + "/c:");
  EXPECT_EQ(FindProgram("tool"), folder->path() / "b" / "tool");
  EXPECT_EQ(FindProgram(at + "/c/tool"), folder->path() / "c" / "tool");
  EXPECT_FALSE(FindProgram(at + "/a/tool"));
  EXPECT_FALSE(FindProgram("missing"));
  const fs::path before = fs::current_path();
  fs::current_path(folder->path());
  EXPECT_FALSE(FindProgram("here"));
  fs::current_path(before);
}

TEST(TemporaryFolder, GoesWithItsOwnerAndAllThatIsInIt) {
  fs::path path;
  {
    auto folder = TemporaryFolder::Make("test");
    ASSERT_TRUE(folder);
    const TemporaryFolder owner = *std::move(folder);
    path = owner.path();
    fs::create_directories(path / "deep");
    std::ofstream(path / "deep" / "file") << "x";
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(TemporaryFolder, WithoutAPlaceIsAnError) {
  const Variable place("TMPDIR", "/nonexistent/stemma");
  const auto folder = TemporaryFolder::Make("test");
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code(), ErrorCode::kIo);
}

}  // namespace
}  // namespace stemma
