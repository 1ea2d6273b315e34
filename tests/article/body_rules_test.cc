// What the rules for blocks keep and drop, one custom of publishers a test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "article/extract.h"

namespace stemma {
namespace {

constexpr const char* kFirst =
    "<p>The harbour of Osk was closed on Monday, because the river had risen "
    "by two metres over night.</p>";
constexpr const char* kSecond =
    "<p>Crews carried sand to the old wall until noon, and the water stayed "
    "where it was, the office said.</p>";
constexpr const char* kThird =
    "<p>The council meets on Friday to speak about a new wall, which would "
    "cost four million crowns.</p>";

// The rule by which the block that begins with `text` was judged.
std::string RuleOf(const std::string& html, const std::string& text,
                   bool* kept = nullptr) {
  const Result<Article> article =
      ExtractArticle({html, "", "https://gazette.example/a/1"});
  if (!article) return "error";
  for (const Block& block : article->blocks) {
    if (!block.text.starts_with(text)) continue;
    if (kept != nullptr) *kept = block.kept;
    return block.rule;
  }
  return "no such block";
}

std::string Page(const std::string& language, const std::string& before,
                 const std::string& behind) {
  return "<html lang=\"" + language +
         "\"><title>The harbour of Osk is closed</title><article><h1>The "
         "harbour of Osk is closed</h1>" +
         before + "<div>" + kFirst + kSecond + kThird + behind +
         "</div></article>";
}

TEST(BodyRules, DropWhatSurroundsATextByItsName) {
  const struct {
    const char *behind, *begins, *rule;
  } cases[] = {
      {"<p>Disclosure: this post may contain affiliate links, and we earn when "
       "you buy by them.</p>",
       "Disclosure", "furniture:notice"},
      {"<p>凡本网注明来源的作品，版权均属本网，转载请注明出处，谢谢合作。</p>",
       "凡本网注明", "furniture:notice"},
      {"<p>Απαγορεύεται η αναδημοσίευση του άρθρου χωρίς την άδεια της "
       "εφημερίδας.</p>",
       "Απαγορεύεται", "furniture:notice"},
      {"<p>Folgen Sie uns auch in den sozialen Netzen, dort erfahren Sie "
       "mehr.</p>",
       "Folgen", "furniture:share"},
      {"<p>Jane Doe is a freelance writer who lives beside the harbour and "
       "sails.</p>",
       "Jane Doe", "about-author"},
      {"<p>(Janusz Nowak jest redaktorem gazety i mieszka nad rzeką od wielu "
       "lat.)</p>",
       "(Janusz", "about-author"},
      {"<p>Published: 3 May 2020, 10:30</p>", "Published", "credit-line"},
      {"<p>Ημερομηνία: 2 Ιανουαρίου 2012</p>", "Ημερομηνία", "credit-line"},
  };
  for (const auto& c : cases) {
    bool kept = true;
    // One sentence more: what is behind the last one is dropped for that.
    const std::string html =
        Page("en", "",
             c.behind + std::string("<p>The last word of it is this "
                                    "one, said the mayor.</p>"));
    EXPECT_EQ(RuleOf(html, c.begins, &kept), c.rule) << c.behind;
    EXPECT_FALSE(kept) << c.behind;
  }
}

TEST(BodyRules, KeepWhatOnlyResemblesIt) {
  for (const char* text :
       {"The disclaimer that the office had put on its site was no help to "
        "the crews at the wall.",
        "Jane Doe is a farmer at the river, and she had carried sand since "
        "the early morning hours.",
        "On 3 May 2020 the river had last been as high as it was in the "
        "night to Monday this week."}) {
    bool kept = false;
    RuleOf(Page("en", "", "<p>" + std::string(text) + "</p>"), text, &kept);
    EXPECT_TRUE(kept) << text;
  }
}

TEST(BodyRules, ASentenceBeforeTheTextIsItsFirstWhereThatIsTheCustom) {
  const std::string heading =
      "<header><h2>Der Hafen von Osk blieb am Montag geschlossen, weil der "
      "Fluss gestiegen war.</h2></header><p>3. Mai 2020</p>";
  const std::string list =
      "<ul><li>Der Hafen von Osk blieb am Montag geschlossen, weil der Fluss "
      "gestiegen war.</li></ul><p>3. Mai 2020</p>";
  for (const std::string& before : {heading, list}) {
    bool kept = false;
    EXPECT_EQ(RuleOf(Page("de", before, ""), "Der Hafen", &kept), "standfirst");
    EXPECT_TRUE(kept) << before;
  }
}

TEST(BodyRules, ASectionThatFoldsAwayKeepsItsHeading) {
  bool kept = false;
  RuleOf(Page("en", "",
              "<h2><button>What the wall costs</button></h2><p>It costs four "
              "million crowns, and it takes two years to build.</p>"),
         "What the wall costs", &kept);
  EXPECT_TRUE(kept);
}

TEST(BodyRules, AListIsJudgedAsAWhole) {
  const std::string last = "<p>The last word of it is this one, he said.</p>";
  bool kept = false;
  RuleOf(Page("en", "",
              "<ul><li>Sand for the wall, and men to carry it</li><li><a "
              "href=/b>A boat for each house at the river</a></li><li>Bread "
              "and water for a week, and blankets</li></ul>" +
                  last),
         "A boat", &kept);
  EXPECT_TRUE(kept);
  const std::string rule =
      RuleOf(Page("en", "",
                  "<ul><li><a href=/a>Sand for the wall of the old town</a>"
                  "</li><li><a href=/b>A boat for each house at the river</a>"
                  "</li><li><a href=/c>Bread and water for a week</a></li>"
                  "</ul>" +
                      last),
             "A boat", &kept);
  EXPECT_FALSE(kept);
  EXPECT_EQ(rule, "links");
}

TEST(BodyRules, AFigureMayHoldATable) {
  bool kept = false;
  RuleOf(Page("en", "",
              "<figure><table><tr><td><p>Sand</p></td><td><p>Nine tons of it, "
              "from the pit at Teal</p></td></tr></table></figure><p>The last "
              "word of it is this one, he said.</p>"),
         "Nine tons", &kept);
  EXPECT_TRUE(kept);
}

TEST(BodyRules, ATableBehindTheLastSentenceIsText) {
  std::string table = "<h2>The plan</h2><table>";
  for (int week = 1; week <= 9; ++week) {
    table += "<tr><td>Week " + std::to_string(week) +
             "</td><td>Carry sand to the wall</td></tr>";
  }
  bool kept = false;
  RuleOf(Page("en", "", table + "</table>"), "Week 9", &kept);
  EXPECT_TRUE(kept);
}

}  // namespace
}  // namespace stemma
