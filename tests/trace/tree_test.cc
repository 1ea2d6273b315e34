#include "trace/tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "trace/arborescence.h"
#include "trace/families.h"

namespace stemma {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

std::string Paragraph(int seed) {
  static const char* const kNouns[] = {"harbour", "council", "engine",
                                       "bridge",  "teacher", "station",
                                       "river",   "market",  "museum"};
  static const char* const kVerbs[] = {"opens", "closes", "moves", "waits",
                                       "turns", "pays",   "sends", "asks"};
  std::string text;
  for (int i = 0; i < 9; ++i) {
    const int k = seed * 31 + i * 7;
    text += std::string(i ? " the " : "The ") + kNouns[k % 9] + " " +
            kVerbs[(k / 3) % 8] + " for the " + kNouns[(k / 5 + 2) % 9] +
            std::to_string(k) + " and";
  }
  return text + " rests.";
}

std::string Article(int seed) {
  return Paragraph(seed) + "\n\n" + Paragraph(seed + 100) + "\n\n" +
         Paragraph(seed + 200) + "\n\n" + Paragraph(seed + 300);
}

Publication Page(std::string id, std::string text, const char* date,
                 std::vector<std::string> links = {}) {
  Publication p;
  p.id = std::move(id);
  p.site = p.id + "times.example";
  p.url = "https://" + p.site + "/story";
  p.title = "Title";
  p.text = std::move(text);
  p.published_at = ParseTime(date);
  p.links = std::move(links);
  return p;
}

std::string Replaced(std::string text, std::string_view from,
                     std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, from.size(), to);
}

std::map<std::string, std::string> Parents(const StemmaTree& tree) {
  std::map<std::string, std::string> parents;
  for (const StemmaEdge& edge : tree.edges) parents[edge.child] = edge.parent;
  return parents;
}

TEST(Tree, AChainOfCopiesIsAChain) {
  const std::string original = Article(1);
  const std::string first = Replaced(original, "opens", "shuts");
  const std::string second = Replaced(first, "teacher", "doctor");
  const std::vector<Publication> family = {
      Page("cc", second, "2024-03-03T10:00:00Z",
           {"https://bbtimes.example/story"}),
      Page("aa", original, "2024-03-01T10:00:00Z"),
      Page("bb", first, "2024-03-02T10:00:00Z",
           {"https://aatimes.example/story"}),
  };
  const StemmaTree tree = InferTree(family, {});
  EXPECT_EQ(tree.root, "aa");
  const auto parents = Parents(tree);
  EXPECT_EQ(parents.at("bb"), "aa");
  EXPECT_EQ(parents.at("cc"), "bb");
  for (const StemmaEdge& edge : tree.edges) {
    EXPECT_GT(edge.confidence, 0);
    EXPECT_LE(edge.confidence, 1);
    EXPECT_FALSE(edge.evidence.empty());
  }
}

TEST(Tree, WhereNothingDecidesTheEdgeSaysSo) {
  Publication a = Page("aa", Article(2), "");
  Publication b = Page("bb", Article(2), "");
  const StemmaTree tree = InferTree(std::vector{a, b}, {});
  ASSERT_EQ(tree.edges.size(), 1u);
  EXPECT_FALSE(tree.edges[0].directed);
  EXPECT_THAT(tree.edges[0].evidence, Contains(HasSubstr("nothing decides")));
}

// All from 1970, from the future, or without a date: no reason for no tree.
TEST(Tree, ClocksThatLieStillGiveATree) {
  for (const char* lie : {"1970-01-01T00:00:00Z", "2199-01-01T00:00:00Z", ""}) {
    const std::vector<Publication> family = {
        Page("first", Article(4), lie),
        Page("second", Replaced(Article(4), "rests", "sleeps"), lie,
             {"https://firsttimes.example/story"}),
        Page("third", Replaced(Article(4), "rests", "sleeps"), lie,
             {"https://secondtimes.example/story"})};
    const StemmaTree tree = InferTree(family, {});
    ASSERT_EQ(tree.edges.size(), 2u) << lie;
    EXPECT_EQ(Parents(tree).count(tree.root), 0u) << lie;
    for (const StemmaEdge& edge : tree.edges) {
      EXPECT_GT(edge.confidence, 0) << lie;
      EXPECT_LE(edge.confidence, 1) << lie;
    }
  }
}

// The source line of a page is furniture, so its text does not hold it; what
// extraction read out of it is a claim.
TEST(Tree, AClaimedSourceDecidesBetweenEqualTexts) {
  const std::string text = Article(7);
  std::vector<Publication> pages = {
      Page("copy", text, "2026-03-01T10:00:00Z"),
      Page("origin", text, "2026-03-01T10:00:00Z")};
  SourceClaim claim;
  claim.kind = "original-source-line";
  claim.name = "Origin Times";
  claim.url = "https://www.origintimes.example/story";
  pages[0].claims = {claim};
  const StemmaTree tree = InferTree(pages, {});
  ASSERT_EQ(tree.edges.size(), 1u);
  EXPECT_EQ(tree.root, "origin");
  EXPECT_TRUE(tree.edges[0].directed);
}

// Which letters were small cannot be known from capitals.
TEST(Tree, AHeadlineInCapitalsIsNotTheSourceOfOneInSmallLetters) {
  std::vector<Publication> family = {Page("aa", Article(7), ""),
                                     Page("bb", Article(7), "")};
  family[0].title = "BRIDGE OPENS AFTER TEN YEARS";
  family[1].title = "Bridge opens after ten years";
  EXPECT_EQ(InferTree(family, {}).root, "bb");
}

TEST(Tree, AHeadlineThatNamesAPublisherWasTakenFromThere) {
  std::vector<Publication> family;
  for (const char* id : {"aa", "bb", "cc"}) {
    family.push_back(Page(id, Article(7), ""));
  }
  for (Publication& page : family) {
    page.title =
        page.id == "aa" ? "Bridge opens | cctimes.example" : "Bridge opens";
  }
  const StemmaTree tree = InferTree(family, {});
  ASSERT_EQ(Parents(tree).at("aa"), "cc");
  for (const StemmaEdge& edge : tree.edges) {
    if (edge.child == "aa") {
      EXPECT_THAT(edge.evidence, Contains(HasSubstr("in its headline")));
    }
  }
}

// A page cannot have been fetched before it was published: that date is no
// reason to call it the younger one.
TEST(Tree, ADateAfterTheFetchIsNotBelieved) {
  std::vector<Publication> family = {
      Page("aa", Article(7), "2024-09-01T10:00:00Z"),
      Page("bb", Article(7), "2024-03-02T10:00:00Z"),
      Page("cc", Article(7), "2024-03-02T12:00:00Z"),
  };
  family[0].fetched_at = ParseTime("2024-03-01T11:00:00Z");
  family[1].fetched_at = ParseTime("2024-03-02T13:00:00Z");
  family[2].fetched_at = ParseTime("2024-03-02T14:00:00Z");
  family[2].links = {family[0].url};
  const StemmaTree tree = InferTree(family, {});
  EXPECT_EQ(tree.root, "aa");
  EXPECT_EQ(Parents(tree).at("cc"), "aa");
}

// A link, a canonical address and a source line each say it alone.
TEST(Tree, EachWayOfNamingTheSourceIsEnough) {
  for (const char* how : {"link", "canonical", "claim"}) {
    std::vector<Publication> family;
    for (const char* id : {"aa", "bb", "cc"}) {
      family.push_back(Page(id, Article(7), "2024-03-01T10:00:00Z"));
    }
    if (how == std::string_view("link")) family[2].links = {family[1].url};
    if (how == std::string_view("canonical")) {
      family[2].canonical = "http://www.bbtimes.example/story/";
    }
    if (how == std::string_view("claim")) {
      SourceClaim claim;
      claim.kind = "original-source-line";
      claim.url = "https://bbtimes.example/";
      family[2].claims = {claim};
    }
    EXPECT_EQ(Parents(InferTree(family, {})).at("cc"), "bb") << how;
  }
}

// The page that was linked to is the source, not its neighbour on the site.
TEST(Tree, ALinkNamesThePageAndNotItsSite) {
  std::vector<Publication> family;
  for (const char* id : {"aa", "bb", "cc"}) {
    family.push_back(Page(id, Article(7), "2024-03-01T10:00:00Z"));
  }
  family[1].site = family[0].site;
  family[1].url = "https://" + family[0].site + "/story-again";
  family[2].links = {family[1].url};
  EXPECT_EQ(Parents(InferTree(family, {})).at("cc"), "bb");
}

TEST(Tree, AMergedPageHasASecondParent) {
  const std::vector<Publication> family = {
      Page("aa", Article(3), "2024-03-01T10:00:00Z"),
      Page("bb", Article(4), "2024-03-01T11:00:00Z"),
      Page("cc", Article(3) + "\n\n" + Article(4), "2024-03-02T10:00:00Z"),
  };
  const StemmaTree tree = InferTree(family, {});
  for (const StemmaEdge& edge : tree.edges) {
    if (edge.child != "cc") continue;
    EXPECT_FALSE(edge.second_parent.empty());
    EXPECT_NE(edge.second_parent, edge.parent);
  }
}

TEST(Tree, SiblingsThatAgreeAgainstTheirParentHadASource) {
  const std::string original = Article(5);
  std::string lost = Replaced(original, "market", "bazaar");
  lost = Replaced(lost, "museum", "gallery");
  std::vector<Publication> family = {
      Page("aa", original, "2024-03-01T10:00:00Z")};
  for (const char* id : {"bb", "cc", "dd"}) {
    std::string text = Replaced(lost, "rests", std::string("sleeps") + id);
    family.push_back(Page(id, text, "2024-03-02T10:00:00Z",
                          {"https://aatimes.example/story"}));
  }
  const StemmaTree tree = InferTree(family, {});
  const bool star = Parents(tree)["bb"] == "aa" &&
                    Parents(tree)["cc"] == "aa" && Parents(tree)["dd"] == "aa";
  if (star) {
    ASSERT_EQ(tree.hidden.size(), 1u);
    EXPECT_EQ(tree.hidden[0].parent, "aa");
    EXPECT_EQ(tree.hidden[0].children.size(), 3u);
  }
}

TEST(Tree, ClaimsInACircleStillGiveATree) {
  std::vector<Publication> family;
  for (const char* id : {"aa", "bb", "cc"}) {
    family.push_back(Page(id, Article(6), "2024-03-01T10:00:00Z"));
  }
  family[0].links = {family[1].url};
  family[1].links = {family[2].url};
  family[2].links = {family[0].url};
  const StemmaTree tree = InferTree(family, {});
  EXPECT_EQ(tree.edges.size(), 2u);
  EXPECT_FALSE(tree.root.empty());
}

TEST(Tree, NoneOneAndVeryManyMembers) {
  EXPECT_TRUE(InferTree({}, {}).root.empty());
  const std::vector<Publication> one = {Page("aa", "x", "")};
  EXPECT_EQ(InferTree(one, {}).root, "aa");
  std::vector<Publication> many;
  for (int i = 0; i < 2000; ++i) {
    many.push_back(Page("p" + std::to_string(i), Article(7 + i % 3), ""));
  }
  TreeOptions options;
  options.max_members = 50;
  const StemmaTree tree = InferTree(many, {}, options);
  EXPECT_EQ(tree.members.size(), 2000u);
  EXPECT_EQ(tree.edges.size(), 1999u);
}

TEST(Arborescence, CheapestOfAllTrees) {
  // Against trying every assignment of parents.
  std::uint64_t state = 5;
  const auto next = [&] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<double>(state >> 54) / 100;
  };
  for (int round = 0; round < 300; ++round) {
    constexpr std::size_t n = 4;
    std::vector<double> cost(n * n), root(n);
    for (double& c : cost) c = next();
    for (double& c : root) c = next();
    const auto price = [&](const std::vector<std::size_t>& parent) {
      double total = 0;
      std::size_t roots = 0;
      for (std::size_t v = 0; v < n; ++v) {
        if (parent[v] == v) return 1e9;
        std::size_t at = v;
        for (std::size_t steps = 0; at != n; ++steps) {
          if (steps > n) return 1e9;
          at = parent[at];
        }
        roots += parent[v] == n;
        total += parent[v] == n ? root[v] : cost[parent[v] * n + v];
      }
      return roots == 1 ? total : 1e9;
    };
    double best = 1e9;
    for (std::size_t code = 0; code < 625; ++code) {
      best = std::min(
          best, price({code % 5, code / 5 % 5, code / 25 % 5, code / 125}));
    }
    EXPECT_NEAR(price(CheapestTree(n, cost, root)), best, 1e-9);
  }
}

TEST(Families, ARoundUpDoesNotWeldStoriesTogether) {
  std::vector<Publication> all;
  for (const int story : {10, 20, 30}) {
    for (const char* copy : {"x", "y"}) {
      Publication p = Page(std::to_string(story) + copy, Article(story), "");
      all.push_back(p);
    }
  }
  all.push_back(Page(
      "weekly", Article(10) + "\n\n" + Article(20) + "\n\n" + Article(30), ""));
  const auto relations = FindRelations(all, {});
  const auto families = Families(all, relations);
  EXPECT_EQ(families.size(), 3u);
  for (const auto& family : families) EXPECT_LE(family.size(), 3u);
}

TEST(Families, IdenticalTextsAreNotComparedEachWithEach) {
  std::vector<Publication> all;
  constexpr std::size_t kMany = 20'000;
  for (std::size_t i = 0; i < kMany; ++i) {
    all.push_back(
        Page("m" + std::to_string(i), "Only one short text here.", ""));
  }
  RelationLimits limits;
  limits.max_pairs_of_identical = 2;
  const auto relations = FindRelations(all, {}, limits);
  EXPECT_LE(relations.size(), 2 * kMany);
  EXPECT_EQ(Families(all, relations).size(), 1u);
}

}  // namespace
}  // namespace stemma
