#include "archive/keys.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "archive/durable_file.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

class KeysTest : public ::testing::Test {
 protected:
  KeysTest() {
    std::string name = (fs::temp_directory_path() / "keysXXXXXX").string();
    dir_ = ::mkdtemp(name.data());
  }
  ~KeysTest() override {
    std::error_code ignored;
    fs::remove_all(dir_, ignored);
  }

  static bool Works(const SigningKey& key) {
    const auto signature = SignNote("text\n", key.verifier, key.sign);
    return signature &&
           VerifyNote({"text\n", {*signature}}, std::vector{key.verifier});
  }

  fs::path dir_;
};

TEST_F(KeysTest, AKeyIsMadeReadAndSignsForOthersToVerify) {
  const auto made = CreateKey(dir_ / "k", "example.org/log", "");
  ASSERT_TRUE(made) << made.error().message();
  struct stat info{};
  ASSERT_EQ(::stat((dir_ / "k").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  const auto loaded = LoadKey(dir_ / "k");
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(loaded->verifier, made->verifier);
  EXPECT_TRUE(Works(*loaded));
  EXPECT_NE(PublicKeyPem(made->verifier).find("BEGIN PUBLIC KEY"),
            std::string::npos);
}

TEST_F(KeysTest, NothingIsOverwritten) {
  ASSERT_TRUE(CreateKey(dir_ / "k", "example.org/log", ""));
  const std::string before = *ReadRegularFile(dir_ / "k", 10'000);
  EXPECT_FALSE(CreateKey(dir_ / "k", "example.org/log", ""));
  EXPECT_EQ(*ReadRegularFile(dir_ / "k", 10'000), before);
}

TEST_F(KeysTest, APassphraseIsNeededWhenItWasGiven) {
  ASSERT_TRUE(CreateKey(dir_ / "k", "example.org/log", "secret"));
  EXPECT_FALSE(LoadKey(dir_ / "k"));
  EXPECT_FALSE(LoadKey(dir_ / "k", [] { return std::string("wrong"); }));
  const auto key = LoadKey(dir_ / "k", [] { return std::string("secret"); });
  ASSERT_TRUE(key) << key.error().message();
  EXPECT_TRUE(Works(*key));
}

TEST_F(KeysTest, RefusesKeysThatOthersMayReadOrThatLieInAnArchive) {
  ASSERT_TRUE(CreateKey(dir_ / "k", "example.org/log", ""));
  ::chmod((dir_ / "k").c_str(), 0640);
  const auto open = LoadKey(dir_ / "k");
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().code(), ErrorCode::kRefused);

  fs::create_directories(dir_ / "archive" / "manifest");
  std::ofstream(dir_ / "archive" / "manifest" / "events.jsonl") << "";
  const auto inside =
      CreateKey(dir_ / "archive" / "sub" / "k", "example.org/log", "");
  ASSERT_FALSE(inside);
  EXPECT_EQ(inside.error().code(), ErrorCode::kRefused);
}

TEST_F(KeysTest, RefusesNamesAndFilesThatAreNone) {
  EXPECT_FALSE(CreateKey(dir_ / "a", "two words", ""));
  EXPECT_FALSE(CreateKey(dir_ / "a", "a+b", ""));
  EXPECT_FALSE(CreateKey(dir_ / "a", "", ""));
  EXPECT_FALSE(LoadKey(dir_ / "absent"));
  ASSERT_TRUE(WriteDurably(dir_ / "junk", "no key", 0600));
  EXPECT_FALSE(LoadKey(dir_ / "junk"));
  // The public half of another key.
  ASSERT_TRUE(CreateKey(dir_ / "k1", "example.org/log", ""));
  ASSERT_TRUE(CreateKey(dir_ / "k2", "example.org/log", ""));
  fs::copy_file(dir_ / "k2.vkey", dir_ / "k1.vkey",
                fs::copy_options::overwrite_existing);
  EXPECT_FALSE(LoadKey(dir_ / "k1"));
}

TEST_F(KeysTest, ACommandMaySign) {
  const auto made = CreateKey(dir_ / "k", "example.org/log", "");
  ASSERT_TRUE(made);
  const auto signature = SignNote("text\n", made->verifier, made->sign);
  ASSERT_TRUE(
      WriteDurably(dir_ / "answer", FormatNote({"text\n", {*signature}})));
  const std::string file = (dir_ / "answer").string();
  EXPECT_TRUE(Works(KeyByCommand(made->verifier,
                                 "cat > /dev/null; tail -n 1 '" + file + "'")));
  EXPECT_TRUE(Works(KeyByCommand(made->verifier, "cat '" + file + "'")));
  EXPECT_FALSE(KeyByCommand(made->verifier, "exit 3").sign("text\n"));
  EXPECT_FALSE(KeyByCommand(made->verifier, "echo nonsense").sign("text\n"));
  // It answers, but not over this text.
  const SigningKey stale = KeyByCommand(made->verifier, "cat '" + file + "'");
  EXPECT_FALSE(SignNote("other\n", made->verifier, stale.sign));
}

}  // namespace
}  // namespace stemma
