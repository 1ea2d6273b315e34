// Which of the names and dates on a page are taken for its own.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "article/day_shown.h"
#include "article/extract.h"

namespace stemma {
namespace {

constexpr const char* kText =
    "<p>The harbour of Osk was closed on Monday, because the river had risen "
    "by two metres over night.</p><p>Crews carried sand to the old wall until "
    "noon, and the water stayed where it was, the office said.</p>";

Article Read(const std::string& head, const std::string& below,
             const std::string& behind = "") {
  const Result<Article> article = ExtractArticle(
      {"<html lang=en><head><title>The harbour of Osk is closed</title>" +
           head + "</head><body><h1>The harbour of Osk is closed</h1>" + below +
           "<div>" + kText + "</div>" + behind + "</body></html>",
       "", "https://gazette.example/a/1"});
  EXPECT_TRUE(article.has_value());
  return article ? *article : Article();
}

TEST(AuthorsOfPage, TheBylineOfThePageItself) {
  const struct {
    const char *head, *below, *behind, *author;
  } cases[] = {
      // Who reviewed it did not write it.
      {"<meta name=author content=\"Jane Doe\">",
       "<p>Reviewed by: John Roe, PhD</p>", "", "Jane Doe"},
      // The link parts the name from the role.
      {"",
       "<p>Written by: <a href=\"/author/jane-doe\">Jane Doe</a> Executive "
       "Editor and Master Gardener</p>",
       "", "Jane Doe"},
      // Another story's byline stands in a box.
      {"", "<aside><ul><li>By John Roe</li></ul></aside><p>By Jane Doe</p>", "",
       "Jane Doe"},
      // A label, and the name in an element of its own, below the text.
      {"", "", "<h4>Author</h4><p>Jane Doe</p>", "Jane Doe"},
      {"", "", "<p>This post was written by Jane Doe, Head of Marketing.</p>",
       "Jane Doe"},
      // Line feeds inside a name are blanks.
      {"", "<p>By <span>JANE\n   DOE</span></p>", "", "JANE DOE"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Read(c.head, c.below, c.behind).authors,
              std::vector<std::string>{c.author})
        << c.head << c.below << c.behind;
  }
}

TEST(AuthorsOfPage, NobodyIsBetterThanTheWrongOne) {
  for (const char* below :
       {"<p>Photo by John Roe / Getty Images</p>",
        "<p>Mary at the harbour by Titian.</p>",
        "<p>3 May 2020</p><aside><p>John Roe</p></aside>"}) {
    EXPECT_TRUE(Read("", below).authors.empty()) << below;
  }
}

TEST(DateOfPage, TheOneThatReadersTakeForIt) {
  const struct {
    const char *head, *below, *behind, *day;
  } cases[] = {
      {"", "", "<p>Posted on April 13, 2023</p>", "2023-04-13"},
      // Days of other stories, one like the other.
      {"", "<p>(Re)Published: May 25, 2025</p>",
       "<aside><time itemprop=datePublished datetime=2022-07-11>a</time><time "
       "itemprop=datePublished datetime=2022-06-18>b</time><time "
       "itemprop=datePublished datetime=2022-03-04>c</time></aside>",
       "2025-05-25"},
      {"<meta property=\"og:image\" "
       "content=\"https://img.gazette.example/2026/01/29/a.jpg\">",
       "", "", "2026-01-29"},
      // What is shown is the revision, in the words of either syntax.
      {"<meta itemprop=datePublished content=2021-12-14><meta "
       "itemprop=dateModified content=2022-02-04>",
       "<p>04.02.2022</p>", "", "2022-02-04"},
  };
  for (const auto& c : cases) {
    const Article article = Read(c.head, c.below, c.behind);
    ASSERT_TRUE(article.published.has_value()) << c.head << c.below << c.behind;
    EXPECT_EQ(DayShown(*article.published, article.dates), c.day)
        << c.head << c.below << c.behind;
  }
}

}  // namespace
}  // namespace stemma
