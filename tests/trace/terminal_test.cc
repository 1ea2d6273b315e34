#include "trace/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/publication.h"
#include "trace/compare.h"
#include "trace/tree.h"

namespace stemma {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const char kOriginal[] =
    "The council said on Monday that the old bridge over the river stays "
    "closed because inspectors found cracks in three of its pillars.\n\n"
    "The mayor told reporters that the repairs will cost 2.4 million euros "
    "and that the money is not taken from the budget of the schools.\n\n"
    "The opposition made some significant demands, among them an inquiry "
    "into why nobody saw the cracks during the last inspection.\n\n"
    "Bus line six takes the southern route in the meantime, and cyclists can "
    "use the railway bridge during the day and the ferry at night.";

std::string Replaced(std::string text, std::string_view from,
                     std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, from.size(), to);
}

Publication Page(std::string text) {
  Publication page;
  page.url = "https://post.example/story";
  page.title = "Bridge";
  page.text = std::move(text);
  return page;
}

std::string Render(const Publication& a, const Publication& b,
                   const TerminalStyle& style = {}) {
  return RenderVerdict(Compare(a, b), a, b, style);
}

// The example of the design, appendix D, by our own text.
TEST(Terminal, AnEditedExcerptWithTheMostSeriousFirst) {
  std::string altered = Replaced(kOriginal, "is not taken", "is taken");
  altered = Replaced(altered, "significant", "major");
  altered = altered.substr(0, altered.rfind("\n\n"));
  const std::string out = Render(Page(kOriginal), Page(altered));
  EXPECT_THAT(out, StartsWith("EDITED   1 critical, 1 minor | "
                              "excerpt: 1 paragraph missing | coverage 0."));
  EXPECT_THAT(out, HasSubstr("  1 CRITICAL negation    par 2   reference: "
                             "\"... euros and that the money is [not] taken "
                             "from the budget of the ...\"\n"
                             "                                 suspect:   "
                             "\"... euros and that the money is [ ] taken "
                             "from the budget of the ...\"\n"));
  EXPECT_THAT(out, HasSubstr("  2 minor    style       par 3   reference: "));
  EXPECT_LT(out.find("CRITICAL"), out.find("minor    style"));
  EXPECT_THAT(out, HasSubstr("    missing paragraph 4 (25 words): \"Bus line "
                             "six takes the southern route in the meantime, "
                             "and ...\"\n"));
  EXPECT_THAT(out, HasSubstr("evidence: reference https://post.example/story "
                             "sha256 "));
}

TEST(Terminal, OfAnotherStoryNothingIsMissing) {
  Publication other = Page(
      "The zoo shows two young otters from this Friday on, and the keeper "
      "asks that nobody bring them any food.");
  other.title = "Otters";
  const std::string out = Render(Page(kOriginal), other);
  EXPECT_THAT(out, StartsWith("UNRELATED   coverage 0.00 / 0.00\n"));
}

TEST(Terminal, NoDotsWhereTheTextBeginsAndEnds) {
  const std::string out =
      Render(Page("Seven people of the town were hurt in the fire on Monday."),
             Page("Sixty people of the town were hurt in the fire on Monday."));
  EXPECT_THAT(out, HasSubstr("reference: \"[Seven] people of the"));
}

TEST(Terminal, FurnitureAndTypographyAreCountedAndNeverShown) {
  const std::string out = Render(
      Page(kOriginal), Page(Replaced(kOriginal, "Bus line", "Bus\u00a0line")));
  EXPECT_THAT(out, StartsWith("COSMETIC-ONLY   1 cosmetic, 0 furniture blocks "
                              "ignored | coverage 1.00 / 1.00\n"));
  EXPECT_THAT(out, Not(HasSubstr("reference: ")));
}

TEST(Terminal, AMovedParagraphIsMoved) {
  const std::string text = kOriginal;
  const std::size_t last = text.rfind("\n\n");
  const std::string out = Render(
      Page(text), Page(text.substr(last + 2) + "\n\n" + text.substr(0, last)));
  EXPECT_THAT(out, HasSubstr("reordered: 1 paragraph moved"));
  EXPECT_THAT(out, HasSubstr("    moved paragraph 1 ("));
  EXPECT_THAT(out, Not(HasSubstr("missing")));
  EXPECT_THAT(out, Not(HasSubstr("added")));
}

TEST(Terminal, ColorsOnlyWhenAskedAndOnlyWords) {
  const Publication a = Page(kOriginal);
  const Publication b = Page(Replaced(kOriginal, "2.4", "24"));
  EXPECT_THAT(Render(a, b), Not(HasSubstr("\x1b")));
  TerminalStyle style;
  style.color = true;
  const std::string out = Render(a, b, style);
  EXPECT_THAT(out, HasSubstr("\x1b[31mCRITICAL\x1b[0m"));
  EXPECT_THAT(out, HasSubstr("\x1b[32m[2.4]\x1b[0m"));
  EXPECT_THAT(out, HasSubstr("\x1b[31m[24]\x1b[0m"));
}

// A page cannot write to the terminal: everything of it goes through `safe`.
TEST(Terminal, TextIsMadeHarmless) {
  TerminalStyle style;
  style.safe = [](std::string_view text) {
    std::string safe(text);
    for (char& c : safe) {
      if (static_cast<unsigned char>(c) < 0x20) c = '?';
    }
    return safe;
  };
  Publication a = Page(kOriginal);
  a.url = "https://evil.example/\x1b]0;x\x07";
  a.title = "\x1b[2J";
  Publication b = a;
  b.text = Replaced(kOriginal, "closed", "clo\x1b[2Jsed") + "\n\n\x1b[31m new";
  EXPECT_THAT(Render(a, b, style), Not(HasSubstr("\x1b")));
  a.id = "a";
  b.id = "b";
  const std::vector<Publication> family = {a, b};
  EXPECT_THAT(RenderTree(InferTree(family, {}), family, style),
              Not(HasSubstr("\x1b")));
}

// What an edge says of the child must not depend on the order of the members.
TEST(Terminal, AnExcerptIsAnExcerptWhicheverWasGivenFirst) {
  const std::string text = kOriginal;
  Publication whole = Page(text);
  whole.id = "whole";
  whole.site = "whole.example";
  whole.url = "https://whole.example/1";
  Publication part = Page(text.substr(0, text.rfind("\n\n")));
  part.id = "part";
  part.site = "part.example";
  part.url = "https://part.example/1";
  part.links = {whole.url};
  for (const auto& family : {std::vector{whole, part}, {part, whole}}) {
    const StemmaTree tree = InferTree(family, {});
    ASSERT_EQ(tree.root, "whole");
    ASSERT_EQ(tree.edges.size(), 1u);
    EXPECT_EQ(tree.edges[0].verdict, Verdict::kExcerpt);
    EXPECT_THAT(RenderTree(tree, family, {}), HasSubstr("excerpt, "));
  }
}

TEST(Terminal, ALongFamilyIsAFlatLoop) {
  std::vector<Publication> family;
  StemmaTree tree;
  tree.root = "p0";
  for (int i = 0; i < 500; ++i) {
    Publication page = Page("x");
    page.id = "p" + std::to_string(i);
    family.push_back(page);
    if (i == 0) continue;
    StemmaEdge edge;
    edge.parent = "p" + std::to_string(i - 1);
    edge.child = page.id;
    tree.edges.push_back(edge);
  }
  EXPECT_GT(RenderTree(tree, family, {}).size(), 500u);
  EXPECT_EQ(RenderTree({}, {}, {}), "no family\n");
}

}  // namespace
}  // namespace stemma
