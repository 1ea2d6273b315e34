// The table of configs/furniture.toml, and what its words make of a block.
#include "article/furniture.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "article/furniture_words.h"
#include "article/phrases.h"

namespace stemma {
namespace {

TEST(FurnitureWords, EveryKindHasSome) {
  const FurnitureWords& words = WordsOfFurniture();
  std::set<Furniture> kinds;
  for (const FurniturePhrase& phrase : words.phrases) kinds.insert(phrase.kind);
  EXPECT_EQ(kinds.size(), 10u);
  EXPECT_GT(words.phrases.size(), 300u);
  EXPECT_GT(words.notices.size(), 20u);
  EXPECT_GT(words.owner_starts.size(), 20u);
  EXPECT_GT(words.owner_ends.size(), 20u);
  EXPECT_GT(words.comment_headings.size(), 20u);
  EXPECT_GT(words.comment_starts.size(), 20u);
}

TEST(FurnitureWords, EachPhraseIsWrittenAsItIsLookedUp) {
  const FurnitureWords& words = WordsOfFurniture();
  std::set<std::string> seen;
  for (const auto* list : {&words.phrases, &words.notices}) {
    for (const FurniturePhrase& phrase : *list) {
      EXPECT_FALSE(phrase.words.empty());
      EXPECT_EQ(LowerForPhrases(phrase.words), phrase.words);
      EXPECT_TRUE(seen.insert(phrase.words).second)
          << "twice: " << phrase.words;
      EXPECT_EQ(NameOf(FurnitureOf(phrase.words)), NameOf(phrase.kind))
          << phrase.words;
    }
  }
}

TEST(FurnitureWords, MatchSaysWhereThePhraseCounts) {
  const std::string prose = "The mayor said nothing of it on Monday, and then ";
  EXPECT_EQ(FurnitureOf("Print"), Furniture::kShare);
  EXPECT_EQ(FurnitureOf("Print is dead"), Furniture::kNone);
  EXPECT_EQ(FurnitureOf("Read also: the river"), Furniture::kRelated);
  EXPECT_EQ(FurnitureOf(prose + "read also: the river"), Furniture::kNone);
  EXPECT_EQ(FurnitureOf("\xC2\xA9 Osk. All rights reserved."),
            Furniture::kRights);
  // Long prose is none, a long notice is one.
  std::string text = "All rights reserved. ";
  while (text.size() < 400) text += "More of the story is told here. ";
  EXPECT_EQ(FurnitureOf(text), Furniture::kNone);
  EXPECT_EQ(FurnitureOf("Disclaimer: " + text), Furniture::kNotice);
  while (text.size() < 2000) text += text;
  EXPECT_EQ(FurnitureOf("Disclaimer: " + text), Furniture::kNone);
}

TEST(FurnitureWords, OwnersOfPicturesAndHeadingsOfComments) {
  EXPECT_TRUE(NamesPictureOwner("Photo: Jane Doe"));
  EXPECT_TRUE(NamesPictureOwner("The harbour at noon (AP Photo/Jane Doe)"));
  EXPECT_FALSE(NamesPictureOwner("Jane Doe took a photo of the harbour"));
  EXPECT_TRUE(OpensComments("Comments (3)"));
  EXPECT_TRUE(OpensComments("34 responses to the mayor"));
  EXPECT_FALSE(OpensComments("Comments of the mayor were harsh"));
}

}  // namespace
}  // namespace stemma
