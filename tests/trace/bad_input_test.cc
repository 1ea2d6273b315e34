// What an archive of the open web will hold some day, through the public
// interface: each answered, in bounded work. What it costs is measured by
// bench/trace_bad_input_bench.cc.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "hash/sha256.h"
#include "trace/compare.h"
#include "trace/families.h"
#include "trace/normal_form.h"
#include "trace/site_model.h"
#include "trace/text_index.h"
#include "trace/tree.h"

namespace stemma {
namespace {

Publication Page(std::string id, std::string text) {
  Publication p;
  p.id = std::move(id);
  p.site = p.id + ".example";
  p.url = "https://" + p.site + "/story";
  p.text = std::move(text);
  p.text_sha256 = Sha256Of(p.text);
  return p;
}

std::string Repeated(std::string_view word, std::size_t bytes) {
  std::string text;
  text.reserve(bytes + word.size());
  while (text.size() < bytes) text += word;
  return text;
}

const char kStory[] =
    "The harbour authority said on Monday that forty of the fifty ferries "
    "would sail again before the end of the month, and that the café at the "
    "pier had reopened.\n\nThe mayor thanked the crews who had worked through "
    "the night, and promised that no fares would rise this year.";

TEST(BadInput, NothingAndOneWord) {
  struct {
    const char *a, *b;
    Verdict verdict;
  } const kCases[] = {
      {"", "", Verdict::kIdentical},
      {"", kStory, Verdict::kUnrelated},
      {kStory, "", Verdict::kUnrelated},
      {"word", "word", Verdict::kIdentical},
      {"word", "other", Verdict::kUnrelated},
      {" \n\t\u00a0\u200b", "", Verdict::kCosmeticOnly},
      {"...", "!!!", Verdict::kCosmeticOnly},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Compare(Page("a", c.a), Page("b", c.b)).verdict, c.verdict)
        << "'" << c.a << "' against '" << c.b << "'";
  }
}

// Every byte of one word is every byte; nothing is no text.
TEST(BadInput, NothingHasNoFamily) {
  std::vector<Publication> pages;
  for (const char* text : {"", "", "word", "word", "...", kStory}) {
    pages.push_back(Page("p" + std::to_string(pages.size()), text));
  }
  const auto relations = FindRelations(pages, {});
  const std::vector<std::vector<std::string>> families = {{"p2", "p3"}};
  EXPECT_EQ(Families(pages, relations), families);
  EXPECT_EQ(InferTree(pages, relations).members.size(), pages.size());
}

TEST(BadInput, MegabytesOfOneWord) {
  const std::string one = Repeated("word ", 2 << 20);
  EXPECT_EQ(Compare(Page("a", one), Page("b", one)).verdict,
            Verdict::kIdentical);
  const Comparison longer =
      Compare(Page("a", one), Page("b", one + "word word"));
  EXPECT_NE(longer.verdict, Verdict::kIdentical);
  EXPECT_LE(longer.changes.size(), 64u);
  EXPECT_EQ(Compare(Page("a", one), Page("b", kStory)).verdict,
            Verdict::kUnrelated);
  // Without a space: one word of megabytes.
  const std::string unbroken = Repeated("word", 2 << 20);
  EXPECT_EQ(Compare(Page("a", unbroken), Page("b", kStory)).verdict,
            Verdict::kUnrelated);
  TextIndex index = TextIndex::InMemory();
  ASSERT_TRUE(index.Add("one", "a.example", one));
  ASSERT_TRUE(index.Add("unbroken", "a.example", unbroken));
  EXPECT_LE(index.Query(one).size(), 1u);
  EXPECT_LE(Sketch(std::vector<std::uint64_t>(500'000, 7)).size(), 2u);
}

// A page that holds nothing but what all pages of its site hold.
TEST(BadInput, AllFurniture) {
  const std::string furniture =
      "Send your gifts to the Herald foundation every month.\n\n"
      "The Herald thanks its readers for many years of trust.";
  const auto page = [&](const std::string& story) {
    Publication p =
        Page("page-" + story.substr(0, 8), story + "\n\n" + furniture);
    p.site = "herald.example";
    p.title = "Title of " + story.substr(0, 8);
    return p;
  };
  SiteModels sites;
  for (int i = 0; i < 24; ++i) {
    sites.Add(page("Story " + std::to_string(i) + " is about item " +
                   std::to_string(i * 31) + " and about no other."));
  }
  CompareOptions options;
  options.sites = &sites;
  const Publication bare = Page("other", kStory);
  EXPECT_EQ(Compare(bare, page(kStory), options).verdict,
            Verdict::kBoilerplateOnly);
  EXPECT_EQ(Compare(page(""), bare, options).verdict, Verdict::kUnrelated);
  EXPECT_EQ(Compare(page(""), page(kStory), options).verdict,
            Verdict::kUnrelated);
  EXPECT_EQ(Compare(page(""), page(""), options).verdict, Verdict::kIdentical);
}

TEST(BadInput, TextsThatDifferOnlyInUnicodeForm) {
  const std::string composed =
      "Der Präsident von Öland sagte, das Café sei "
      "wieder offen und die Fähre fahre täglich. "
      "Niemand wurde bei dem Unfall verletzt.";
  std::string decomposed = composed;
  for (const auto& [from, to] :
       {std::pair("ä", "a\u0308"), {"Ö", "O\u0308"}, {"é", "e\u0301"}}) {
    for (std::size_t at = decomposed.find(from); at != std::string::npos;
         at = decomposed.find(from, at + 3)) {
      decomposed.replace(at, std::string_view(from).size(), to);
    }
  }
  ASSERT_NE(composed, decomposed);
  const struct {
    const char* name;
    std::string a, b;
  } kCases[] = {
      {"NFC and NFD", composed, decomposed},
      {"ligatures", "The official office refused to confirm the filing.",
       "The o\uFB03cial o\uFB03ce refused to con\uFB01rm the \uFB01ling."},
      {"full width", "The ABC station sent 25 reporters to the harbour.",
       "The \uFF21\uFF22\uFF23 station sent \uFF12\uFF15 reporters to the "
       "harbour."},
      {"Hangul", Repeated("\uD55C\uAD6D \uC815\uBD80\uB294 ", 60),
       Repeated("\u1112\u1161\u11AB\u1100\u116E\u11A8 "
                "\u110C\u1165\u11BC\u1107\u116E\u1102\u1173\u11AB ",
                150)},
      {"kana", "\u30AC\u30BD\u30EA\u30F3\u306E\u5024\u6BB5\u304C",
       "\u30AB\u3099\u30BD\u30EA\u30F3\u306E\u5024\u6BB5\u304B\u3099"},
      {"half-width kana", "\u30AC\u30BD\u30EA\u30F3\u306E\u5024\u6BB5\u304C",
       "\uFF76\uFF9E\uFF7F\uFF98\uFF9D\u306E\u5024\u6BB5\u304C"},
      {"soft hyphens", "The international committee met again.",
       "The inter\u00ADnational com\u00ADmittee met again."},
  };
  for (const auto& c : kCases) {
    const Comparison found = Compare(Page("a", c.a), Page("b", c.b));
    EXPECT_EQ(found.verdict, Verdict::kCosmeticOnly) << c.name;
    EXPECT_TRUE(found.changes.empty()) << c.name;
  }
}

// One altered word in scripts that run from right to left or have no spaces.
TEST(BadInput, OtherScriptsKeepTheirFigures) {
  const struct {
    const char* name;
    std::string text, from, to;
  } kCases[] = {
      {"Arabic",
       "قال رئيس البلدية يوم الاثنين إن 41 من أصل 58 عبارة ستبحر مرة أخرى "
       "قبل نهاية الشهر وإن المقهى على الرصيف أعيد افتتاحه",
       "41", "14"},
      {"Hebrew",
       "ראש העיר אמר ביום שני כי 41 מתוך 58 המעבורות יפליגו שוב לפני סוף "
       "החודש וכי בית הקפה שעל המזח נפתח מחדש",
       "41", "14"},
      {"Chinese",
       "市长星期一表示五十八艘渡轮中有41艘将在本月底前恢复航行码头上的咖啡馆也"
       "已重新开放他还感谢了彻夜工作的船员并承诺今年不会提高票价",
       "41", "14"},
      {"Japanese",
       "市長は月曜日58隻のフェリーのうち41隻が月末までに運航を再開し桟橋の"
       "カフェも再び開いたと述べた",
       "41", "14"},
  };
  for (const auto& c : kCases) {
    std::string altered = c.text;
    altered.replace(altered.find(c.from), c.from.size(), c.to);
    const Comparison same = Compare(Page("a", c.text), Page("b", c.text));
    EXPECT_EQ(same.verdict, Verdict::kIdentical) << c.name;
    const Comparison found = Compare(Page("a", c.text), Page("b", altered));
    EXPECT_EQ(found.verdict, Verdict::kEdited) << c.name;
    ASSERT_FALSE(found.changes.empty()) << c.name;
    EXPECT_EQ(found.changes[0].severity, Severity::kCritical) << c.name;
    EXPECT_NE(found.changes[0].reference_text.find("41"), std::string::npos)
        << c.name << ": " << found.changes[0].reference_text;
  }
}

// As many mirrors as one likes cost a row each, and one question a few answers.
TEST(BadInput, IdenticalDocumentsCostARowEach) {
  TextIndex index = TextIndex::InMemory();
  constexpr std::size_t kMirrors = 20'000;
  for (std::size_t i = 0; i < kMirrors; ++i) {
    ASSERT_TRUE(index.Add("m" + std::to_string(i), "mirror.example", kStory));
  }
  EXPECT_EQ(index.Stats().documents, kMirrors);
  EXPECT_EQ(index.Stats().texts, 1u);
  EXPECT_LT(index.Stats().postings, 100u);
  EXPECT_LE(index.Query(kStory).size(), 1024u);
}

// Dates before the epoch, in the far future, after the fetch, and claims that
// name each other in a circle.
TEST(BadInput, ClocksThatLieAndClaimsInACircle) {
  std::vector<Publication> pages;
  const std::optional<TimePoint> dates[] = {TimePoint::min(),
                                            TimePoint::max(),
                                            ParseTime("1601-01-01T00:00:00Z"),
                                            ParseTime("9999-12-31T23:59:59Z"),
                                            std::nullopt,
                                            TimePoint()};
  for (const auto& date : dates) {
    Publication p = Page("p" + std::to_string(pages.size()), kStory);
    p.published_at = date;
    p.fetched_at = ParseTime("2026-03-01T00:00:00Z");
    pages.push_back(p);
  }
  for (std::size_t i = 0; i < pages.size(); ++i) {
    const Publication& next = pages[(i + 1) % pages.size()];
    SourceClaim claim;
    claim.kind = "republished-from";
    claim.name = next.site;
    claim.url = next.url;
    claim.confidence = 1;
    pages[i].claims = {claim};
    pages[i].links = {next.url};
    pages[i].canonical = next.url;
  }
  const StemmaTree tree = InferTree(pages, {});
  EXPECT_EQ(tree.members.size(), pages.size());
  EXPECT_EQ(tree.edges.size(), pages.size() - 1);
  for (const StemmaEdge& edge : tree.edges) {
    EXPECT_NE(edge.child, tree.root);
    EXPECT_GE(edge.confidence, 0);
    EXPECT_LE(edge.confidence, 1);
    EXPECT_FALSE(edge.evidence.empty());
  }
}

}  // namespace
}  // namespace stemma
