#include "trace/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/utf8.h"
#include "trace/site_model.h"

namespace stemma {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

Publication Text(std::string text, std::string title = "A report") {
  Publication p;
  p.title = std::move(title);
  p.site = "one.example";
  p.text = std::move(text);
  return p;
}

constexpr std::string_view kArticle =
    "The harbour office said on Monday that seven ships were held at the "
    "northern quay. No crew member was hurt.\n\n"
    "\"We have not seen any damage to the cranes,\" harbour master Ada Quill "
    "said. The inspection may take until Friday, according to the office.\n\n"
    "Engineers from the port of Halden will support the work on the second "
    "quay. The costs are put at 1,200,000 crowns for the first stage.\n\n"
    "The council meets again in June to decide about the bridge over the "
    "narrow part of the sound.";

std::string With(std::string_view from, std::string_view to) {
  std::string text(kArticle);
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

Comparison Against(std::string copy) {
  return Compare(Text(std::string(kArticle)), Text(std::move(copy)));
}

void ExpectSound(const Comparison& c, const Publication& a,
                 const Publication& b) {
  const auto points = [](std::string_view text) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size(); ++count) {
      NextCodePoint(text, &at);
    }
    return count;
  };
  const std::size_t size_a = points(a.text);
  const std::size_t size_b = points(b.text);
  for (const Change& change : c.changes) {
    EXPECT_LE(change.reference.begin, change.reference.end);
    EXPECT_LE(change.reference.end, size_a);
    EXPECT_LE(change.suspect.begin, change.suspect.end);
    EXPECT_LE(change.suspect.end, size_b);
    EXPECT_EQ(CodePoints(a.text, change.reference), change.reference_text);
    EXPECT_EQ(CodePoints(b.text, change.suspect), change.suspect_text);
    EXPECT_FALSE(change.kinds.empty());
  }
  for (const BlockRole& block : c.blocks) {
    EXPECT_LE(block.span.end, block.on_suspect ? size_b : size_a);
    EXPECT_LT(block.pair, static_cast<int>(c.blocks.size()));
  }
  EXPECT_GE(c.coverage_reference, 0);
  EXPECT_LE(c.coverage_reference, 1);
  EXPECT_LE(c.coverage_suspect, 1);
}

TEST(Compare, OneAlteredWordIsFoundWithItsPlaceAndKind) {
  const struct {
    std::string_view from, to, kind;
    Severity severity;
  } cases[] = {
      {"seven", "seventy", "number", Severity::kCritical},
      {"1,200,000", "1,700,000", "number", Severity::kCritical},
      {"June", "March", "date", Severity::kCritical},
      {"Monday", "Tuesday", "date", Severity::kCritical},
      {"were held", "were not held", "negation", Severity::kCritical},
      {"Halden", "Moss", "name", Severity::kCritical},
      {"office said", "office claimed", "attribution", Severity::kCritical},
      {"any damage", "much damage", "quote", Severity::kCritical},
      {"may take", "will take", "hedge", Severity::kCritical},
      {"will support the", "will oppose the", "polarity", Severity::kCritical},
      {"narrow part", "tight part", "style", Severity::kMinor},
  };
  for (const auto& c : cases) {
    const Publication copy = Text(With(c.from, c.to));
    const Publication original = Text(std::string(kArticle));
    const Comparison result = Compare(original, copy);
    ExpectSound(result, original, copy);
    EXPECT_EQ(result.verdict, Verdict::kEdited) << c.to;
    ASSERT_EQ(result.changes.size(), 1u) << c.to;
    EXPECT_THAT(result.changes[0].kinds, Contains(c.kind)) << c.to;
    EXPECT_EQ(result.changes[0].severity, c.severity) << c.to;
  }
}

TEST(Compare, TypographyIsNoAlteration) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"\"We have", "«We have"},           {"1,200,000", "1\u202F200\u202F000"},
      {"harbour office", "harbor office"}, {"ships were", "ships\nwere"},
      {"No crew", "No\u00A0crew"},         {"quay. No", "quay.\n\nNo"},
  };
  for (const auto& [from, to] : cases) {
    const Comparison c = Against(With(from, to));
    EXPECT_EQ(c.verdict, Verdict::kCosmeticOnly) << to;
    EXPECT_THAT(c.changes, testing::IsEmpty()) << to;
  }
}

TEST(Compare, MisreadLettersAreNoise) {
  const Comparison c = Against(With("inspection", "inspcction"));
  EXPECT_EQ(c.verdict, Verdict::kCosmeticOnly);
}

TEST(Compare, NoiseNeverForgivesFiguresOrKnownWords) {
  EXPECT_EQ(Against(With("1,200,000", "1,260,000")).verdict, Verdict::kEdited);
  EXPECT_EQ(Against(With("were held", "were nol held")).verdict,
            Verdict::kEdited);
}

TEST(Compare, SentencesComeAndGo) {
  const Comparison lost = Against(With(" No crew member was hurt.", ""));
  EXPECT_EQ(lost.verdict, Verdict::kEdited);
  ASSERT_EQ(lost.changes.size(), 1u);
  EXPECT_THAT(lost.changes[0].kinds, ElementsAre("del_sentence"));
  const Comparison gained =
      Against(With("No crew", "Two men were arrested. No crew"));
  ASSERT_EQ(gained.changes.size(), 1u);
  EXPECT_THAT(gained.changes[0].kinds, ElementsAre("ins_sentence"));
}

TEST(Compare, ParagraphsLeftOutAddedMoved) {
  const std::string text(kArticle);
  const std::size_t last = text.rfind("\n\n");
  EXPECT_EQ(Against(text.substr(0, last)).verdict, Verdict::kExcerpt);
  EXPECT_EQ(Against(text.substr(0, last - 30)).verdict, Verdict::kExcerpt)
      << "cut in the middle of a sentence";
  const Comparison more = Against(
      text + "\n\nEditor's note: the crew has since left the town by train.");
  EXPECT_EQ(more.verdict, Verdict::kExtended);
  const Comparison moved =
      Against(text.substr(last + 2) + "\n\n" + text.substr(0, last));
  EXPECT_EQ(moved.verdict, Verdict::kEdited);
  EXPECT_THAT(moved.flags, Contains("reordered"));
  EXPECT_THAT(moved.changes, testing::IsEmpty());
}

TEST(Compare, QuotingAndUnrelated) {
  std::string essay;
  for (int i = 0; i < 12; ++i) {
    essay += "Essay line number " + std::to_string(i * 7) +
             " speaks about gardens, weather and long walks in the hills.\n\n";
  }
  EXPECT_EQ(Against(essay).verdict, Verdict::kUnrelated);
  const std::string text(kArticle);
  const Comparison c = Against(essay + text.substr(0, text.find("\n\n")));
  EXPECT_EQ(c.verdict, Verdict::kQuoting);
}

TEST(Compare, HeadlineIsJudgedApart) {
  const std::string text(kArticle);
  const auto headline = [&](std::string a, std::string b) {
    return Compare(Text(text, std::move(a)), Text(text, std::move(b))).headline;
  };
  EXPECT_EQ(headline("Ships held", "Ships held"), "same");
  EXPECT_EQ(headline("“Ships” held", "\"Ships\" held"), "cosmetic");
  EXPECT_EQ(headline("Ships held", "Ships seized"), "changed");
  EXPECT_EQ(headline("", "Ships seized"), "absent");
}

TEST(Compare, FurnitureIsLearnedFromTheSiteAndIgnored) {
  SiteModels sites;
  const auto page = [](int i, std::string body) {
    Publication p = Text(std::move(body), "Title " + std::to_string(i));
    p.site = i % 2 ? "two.example" : "one.example";
    p.text += i % 2 ? "\n\nSend your gifts to the Two foundation every month."
                    : "\n\nOne thanks its readers for many years of trust.";
    return p;
  };
  for (int i = 0; i < 24; ++i) {
    sites.Add(page(i, "Story " + std::to_string(i) + " is about item " +
                          std::to_string(i * 31) + " and about no other."));
  }
  CompareOptions options;
  options.sites = &sites;
  const Publication a = page(0, std::string(kArticle));
  const Publication b = page(1, std::string(kArticle));
  EXPECT_EQ(Compare(a, b, options).verdict, Verdict::kBoilerplateOnly);
  EXPECT_EQ(Compare(a, b).verdict, Verdict::kExtended)
      << "without the model the line is content";
  const Publication altered = page(1, With("seven", "seventy"));
  EXPECT_EQ(Compare(a, altered, options).verdict, Verdict::kEdited);
}

TEST(Compare, OtherScripts) {
  const struct {
    std::string_view a, b;
  } cases[] = {
      {"国務院は月曜日に七隻の船が北の埠頭で止められたと発表した。乗組員に負傷"
       "者は"
       "いなかった。",
       "国務院は月曜日に九隻の船が北の埠頭で止められたと発表した。乗組員に負傷"
       "者は"
       "いなかった。"},
      {"قال مكتب الميناء يوم الاثنين إن سبع سفن احتجزت عند الرصيف الشمالي ولم "
       "يصب أحد من الطاقم بأذى",
       "قال مكتب الميناء يوم الاثنين إن تسع سفن احتجزت عند الرصيف الشمالي ولم "
       "يصب أحد من الطاقم بأذى"},
      {"Администрация порта сообщила в понедельник, что семь судов задержаны у "
       "северного причала и никто не пострадал.",
       "Администрация порта сообщила в понедельник, что семь судов задержаны у "
       "северного причала и никто пострадал."},
  };
  for (const auto& c : cases) {
    const Publication a = Text(std::string(c.a));
    const Publication b = Text(std::string(c.b));
    const Comparison result = Compare(a, b);
    ExpectSound(result, a, b);
    EXPECT_EQ(result.verdict, Verdict::kEdited) << c.a;
    EXPECT_EQ(result.changes.size(), 1u) << c.a;
  }
}

TEST(Compare, BadInputIsDull) {
  std::string same_word;
  for (int i = 0; i < 400'000; ++i) same_word += "spam ";
  std::string more = same_word + "spam spam eggs";
  std::string furniture(200'000, '*');
  std::string lines;
  for (int i = 0; i < 50'000; ++i) lines += "a\n\n";
  const std::string texts[] = {
      "", "word", same_word, more, furniture, lines, "\xFF\xFE\x00\xC3 broken"};
  for (const std::string& x : texts) {
    EXPECT_EQ(Compare(Text(x), Text(x)).verdict, Verdict::kIdentical);
    for (const std::string& y : texts) {
      const Publication a = Text(x);
      const Publication b = Text(y);
      ExpectSound(Compare(a, b), a, b);
    }
  }
}

// The properties any two texts have; the fuzzer calls the same.
TEST(Compare, CoverageIsSymmetricAndTheSameTwice) {
  const std::string texts[] = {std::string(kArticle), With("seven", "eight"),
                               With("quay. No", "quay.\n\nNo"),
                               std::string(kArticle.substr(0, 200))};
  for (const std::string& x : texts) {
    for (const std::string& y : texts) {
      const Comparison forth = Compare(Text(x), Text(y));
      const Comparison back = Compare(Text(y), Text(x));
      EXPECT_NEAR(forth.coverage_reference, back.coverage_suspect, 0.02);
      EXPECT_NEAR(forth.coverage_suspect, back.coverage_reference, 0.02);
      const Comparison again = Compare(Text(x), Text(y));
      EXPECT_EQ(forth.verdict, again.verdict);
      EXPECT_EQ(forth.changes.size(), again.changes.size());
    }
  }
}

}  // namespace
}  // namespace stemma
