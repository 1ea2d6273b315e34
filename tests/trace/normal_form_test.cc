#include "trace/normal_form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "trace/word_lists.h"

namespace stemma {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Forms(std::string_view text) {
  const NormalText normal = Normalise(text);
  std::vector<std::string> forms;
  for (const Token& token : normal.tokens) {
    forms.emplace_back(normal.FormOf(token));
  }
  return forms;
}

TEST(NormalForm, TypographyAndHouseStyleDisappear) {
  const struct {
    std::string_view a, b;
  } same[] = {
      {"\"It's so,\" he said", "«It’s so», he said"},
      {"1,234,567 people", "1\u202F234\u00A0567 people"},
      {"the U.S. Army", "the US Army"},
      {"at 5 p.m.", "at 5 pm"},
      {"ten percent", "ten per cent"},
      {"5%", "5 percent"},
      {"colour programme centre", "color program center"},
      {"organised privatisation", "organized privatization"},
      {"travelling towards", "traveling toward"},
      {"caf\u00E9", "cafe\u0301"},
      {"Bridge\u200Bstone", "Bridgestone"},
      {"co\u00ADoperate", "cooperate"},
      {"end - start", "end — start"},
      {"wait...", "wait…"},
      {"\uFEFFStart", "Start"},
      {"ﬁve", "five"},
      {"STRASSE", "straße"},
      {"كِتَاب", "كتاب"},
      {"٣٤", "34"},
  };
  for (const auto& c : same) EXPECT_EQ(Forms(c.a), Forms(c.b)) << c.a;
}

TEST(NormalForm, WordsThatDifferStayDifferent) {
  const struct {
    std::string_view a, b;
  } different[] = {
      {"filled", "filed"}, {"1,234", "1234.5"},
      {"$5", "€5"},        {"-5 degrees", "5 degrees"},
      {"four", "for"},     {"can't", "can"},
      {"12,5", "125"},     {"Иран", "Ирак"},
      {"我不是", "我是"},  {"5,000", "50,000"},
      {"3.2", "32"},
  };
  for (const auto& c : different) EXPECT_NE(Forms(c.a), Forms(c.b)) << c.a;
}

TEST(NormalForm, OffsetsAreCodePointsOfTheTextAsGiven) {
  const std::string_view text = "«Été» à 1\u202F200 km, U.S. Bridge\u200Bstone";
  const NormalText normal = Normalise(text);
  for (const Token& token : normal.tokens) {
    EXPECT_EQ(CodePoints(text, {token.begin, token.end}), normal.TextOf(token));
  }
  EXPECT_EQ(normal.TextOf(normal.tokens[2]), "1\u202F200");
  EXPECT_EQ(normal.TextOf(normal.tokens[4]), "U.S");
  EXPECT_EQ(normal.TextOf(normal.tokens[5]), "Bridge\u200Bstone");
}

TEST(NormalForm, SentencesAndBlocks) {
  const NormalText normal = Normalise(
      "Mr. Smith of the U.S. Senate spoke. He left at 5 p.m. on\nMonday!\n\n"
      "Second block.\n * item one\n * item two");
  ASSERT_EQ(normal.blocks.size(), 2u);
  EXPECT_EQ(normal.blocks[0].end_sentence, 2u);
  EXPECT_EQ(normal.blocks[1].end_sentence - normal.blocks[1].first_sentence,
            3u);
}

TEST(NormalForm, QuotationsAreMarked) {
  const NormalText normal = Normalise("He said \"never again\" and left.");
  std::vector<bool> quoted;
  for (const Token& token : normal.tokens) quoted.push_back(token.quoted);
  EXPECT_THAT(quoted, ElementsAre(false, false, true, true, false, false));
}

TEST(NormalForm, HashesAloneAreTheSameHashes) {
  const std::string_view texts[] = {
      "",
      "one",
      "The «quick» brown fox\n\njumped 1,200 times per cent.",
      "\xFF\xFE broken \xC3",
      "国民の 生活 が 第一 。",
      "a'b'' 'c U.S.A."};
  for (const std::string_view text : texts) {
    std::vector<std::uint64_t> hashes;
    TokenHashes(text, hashes);
    const NormalText normal = Normalise(text);
    ASSERT_EQ(hashes.size(), normal.tokens.size()) << text;
    for (std::size_t i = 0; i < hashes.size(); ++i) {
      EXPECT_EQ(hashes[i], normal.tokens[i].hash);
    }
  }
}

TEST(WordLists, EveryLanguageIsThere) {
  const WordLists& lists = Words();
  for (const std::string_view word :
       {"not", "nicht", "pas", "nunca", "non", "não", "не", "لم"}) {
    EXPECT_TRUE(lists.negation.contains(Normalise(word).tokens.at(0).hash))
        << word;
  }
  EXPECT_GT(lists.polarity.size(), 200u);
}

// Neither may be forgiven as the other misread.
TEST(WordLists, NegationsAndTheirLookAlikesAreBothKnown) {
  const WordLists& lists = Words();
  for (const std::string_view word :
       {"never", "ever", "not", "now", "nie", "wie", "ohne",
        "ihnen", "pas",  "bas", "sin", "son", "non", "con",
        "não",   "mão",  "не",  "на",  "لم",  "لما"}) {
    EXPECT_TRUE(lists.known.contains(Normalise(word).tokens.at(0).hash))
        << word;
  }
}

}  // namespace
}  // namespace stemma
