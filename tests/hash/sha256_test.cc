#include "hash/sha256.h"

#include <gtest/gtest.h>

#include <string>

namespace stemma {
namespace {

// FIPS 180-4 examples, and RFC 9162's empty root and empty leaf.
TEST(Sha256, KnownAnswers) {
  const struct {
    std::string bytes, hex;
  } cases[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc",
       "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {std::string(1, '\0'),
       "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
      {std::string(1000000, 'a'),
       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  };
  for (const auto& c : cases) EXPECT_EQ(Sha256Of(c.bytes).Hex(), c.hex);
}

TEST(Sha256, PiecesEqualTheWholeAtEverySplit) {
  std::string message;
  for (int i = 0; i < 200; ++i) message += static_cast<char>(i);
  const Sha256 whole = Sha256Of(message);
  Sha256Hasher hasher;
  for (std::size_t cut = 0; cut <= message.size(); ++cut) {
    hasher.Update(std::string_view(message).substr(0, cut));
    hasher.Update(std::string_view(message).substr(cut));
    EXPECT_EQ(hasher.Finish(), whole) << cut;
    EXPECT_EQ(Sha256Of(std::string_view(message).substr(0, cut),
                       std::string_view(message).substr(cut)),
              whole);
  }
}

TEST(Sha256, AFinishedHasherStartsAgainEmpty) {
  Sha256Hasher hasher;
  hasher.Update("something");
  static_cast<void>(hasher.Finish());
  EXPECT_EQ(hasher.Finish(), Sha256Of(""));
}

}  // namespace
}  // namespace stemma
