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
      // One name that two go by, in the head and on the page.
      {"<script type=\"application/ld+json\">{\"@type\":\"Article\","
       "\"author\":{\"@type\":\"Person\",\"name\":\"Jane &amp; John\"}}"
       "</script>",
       "", "", "Jane & John"},
      {"", "<p>By Jane and the Rivers</p>", "", "Jane and the Rivers"},
      {"<meta name=author content=\"Osk & i\">", "", "", "Osk & i"},
      // Who put the page up, where only the page has an author.
      {"<script type=\"application/ld+json\">{\"@graph\":[{\"@type\":"
       "\"WebPage\",\"author\":{\"@id\":\"#1\"}},{\"@type\":[\"Person\"],"
       "\"@id\":\"#1\",\"name\":\"Jane Doe\"}]}</script>",
       "", "", "Jane Doe"},
      // As XHTML wraps it.
      {"<script type=\"application/ld+json\">//<![CDATA[\n{\"@type\":"
       "\"Article\",\"author\":\"Jane Doe\"}\n//]]></script>",
       "", "", "Jane Doe"},
      // One element, two properties.
      {"<meta property=\"dc:creator og:site_name\" content=\"Jane Doe\">", "",
       "", "Jane Doe"},
      // Of a time its zone is no second author.
      {"", "<p>By Jane Doe, May 3, 2020 3:44 PM PST</p>", "", "Jane Doe"},
      // The site's own name in the head, a person in the author's element.
      {"<meta name=author content=\"The Gazette\">",
       "<p><a rel=author href=/x>Jane Doe</a></p>", "", "Jane Doe"},
      {"", "<p>by Jane Doe \xE2\x97\x8F May 3, 2020 \xE2\x97\x8F 6 min</p>", "",
       "Jane Doe"},
      // In a line that says more, what the markup says.
      {"",
       "<nav><p>All of Osk Edited by <span itemprop=author>Jane Doe</span> "
       "(with "
       "what the agencies of Osk and of the river sent until noon) Updated: "
       "April 07, 2020 03:49 pm</p></nav>",
       "", "Jane Doe"},
      {"", "", "<p>Authors:</p><ul><li>Jane Doe</li></ul>", "Jane Doe"},
      // Links one behind the other are different things.
      {"",
       "<p><span class=author><a href=/1>Jane Doe</a> <a href=/2>Osk News"
       "</a></span></p>",
       "", "Jane Doe"},
      {"",
       "<p class=author>\xE6\x9D\xBE\xE6\x9D\x91\xE5\xA4\xAA\xE9\x83\x8E"
       "</p>",
       "", "\xE6\x9D\xBE\xE6\x9D\x91\xE5\xA4\xAA\xE9\x83\x8E"},
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
        "<p>Mary at the harbour by Titian.</p>", "<p>Foto von John Roe</p>",
        "<form><p>Powered by Osk Shops</p></form>",
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
      // Posts of others that the text quotes have days of their own.
      {"<meta itemprop=datePublished content=2022-02-04>",
       "<p>04.02.2022</p><blockquote>Posted on Monday, February 7, 2022"
       "</blockquote>",
       "", "2022-02-04"},
      // The line of the date before a sentence that has one.
      {"",
       "<p>Note: we changed our review of all these harbours on March 4, 2025 "
       "to "
       "say more of the river.</p><p>Updated March 5, 2025</p>",
       "", "2025-03-05"},
      {"<script type=\"application/ld+json\"><![CDATA[{\"@type\":\"Article\","
       "\"datePublished\":\"2015-10-15\"}]]></script>",
       "", "", "2015-10-15"},
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

TEST(DateOfPage, JustOverTheHeadlineBeforeOtherStoriesBelow) {
  const Result<Article> article = ExtractArticle(
      {"<html lang=de><title>Osk</title><body><p><time datetime=2022-12-12>"
       "12.12.2022</time></p><h1>The harbour of Osk is closed</h1><div>" +
           std::string(kText) +
           "</div><ul><li><time datetime=2022-08-10>10.08.2022</time> Another "
           "story</li></ul></body></html>",
       "", "https://gazette.example/a/1"});
  ASSERT_TRUE(article && article->published);
  EXPECT_EQ(DayShown(*article->published, article->dates), "2022-12-12");
}

TEST(AuthorsOfPage, ByInsideTheTextIsOfOthers) {
  EXPECT_EQ(Read("", "<p><a href=/author/jane>Jane Doe</a> - 12/03/2026</p>",
                 "<p><a href=/1>No. 91: Osk Harbour by John Roe</a></p>" +
                     std::string(kText))
                .authors,
            std::vector<std::string>{"Jane Doe"});
}

TEST(AuthorsOfPage, EachNameOfAList) {
  EXPECT_EQ(Read("",
                 "<p>Authors</p><ul><li>Jane Doe</li><li>John Roe</li>"
                 "<li>Topics</li></ul>")
                .authors,
            (std::vector<std::string>{"Jane Doe", "John Roe"}));
}

}  // namespace
}  // namespace stemma
