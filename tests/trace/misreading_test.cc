#include "trace/misreading.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "core/publication.h"
#include "trace/compare.h"
#include "trace/garble.h"
#include "trace/normal_form.h"
#include "trace/site_model.h"
#include "trace/text_index.h"

namespace stemma {
namespace {

using ::testing::Contains;
using ::testing::Field;

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 2654435761u + 1) {}
  std::size_t Below(std::size_t n) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::size_t>(state_ >> 33) % n;
  }
  double Unit() { return static_cast<double>(Below(1u << 30)) / (1u << 30); }

 private:
  std::uint64_t state_;
};

// Words as a language makes them: two to four of a hundred syllables.
const std::vector<std::string>& Vocabulary() {
  static const std::vector<std::string> words = [] {
    Random random(5);
    std::vector<std::string> all;
    for (int i = 0; i < 3000; ++i) {
      std::string word;
      const std::size_t syllables = 2 + random.Below(3);
      for (std::size_t k = 0; k < syllables; ++k) {
        word += "bdfghklmnprstvwz"[random.Below(16)];
        word += "aeiou"[random.Below(5)];
        if (random.Below(3) == 0) word += "nrslt"[random.Below(5)];
      }
      all.push_back(word);
    }
    return all;
  }();
  return words;
}

std::string Story(std::uint64_t number) {
  Random random(number + 100);
  std::string text;
  for (int i = 0; i < 320; ++i) {
    std::string word = Vocabulary()[random.Below(3000)];
    if (i % 16 == 0) word[0] = static_cast<char>(word[0] - 'a' + 'A');
    text += word + (i % 16 < 15 ? " " : i % 64 == 63 ? ".\n\n" : ". ");
  }
  return text;
}

// So many letters in a hundred misread as print is misread, replaced, dropped
// or doubled. Never by a digit.
std::string Misread(const std::string& text, double share, std::uint64_t seed) {
  Random random(seed);
  std::string out;
  for (const char c : text) {
    if (c < 'a' || c > 'z' || random.Unit() >= share) {
      out += c;
      continue;
    }
    switch (random.Below(5)) {
      case 0:
        break;
      case 1:
        out += c;
        out += c;
        break;
      case 2:
        out += c == 'm' ? "rn" : c == 'd' ? "cl" : c == 'w' ? "vv" : "c";
        break;
      default:
        out += static_cast<char>('a' + random.Below(26));
    }
  }
  return out;
}

constexpr std::size_t kStories = 600;

// An archive that knows enough words to tell those that are none.
class MisreadText : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    sites_ = new SiteModels;
    index_ = new TextIndex(TextIndex::InMemory());
    for (std::size_t i = 0; i < kStories; ++i) {
      Publication page;
      page.id = std::to_string(i);
      page.site = "site" + std::to_string(i % 20) + ".example";
      page.title = "Story " + page.id;
      page.text = Story(i);
      sites_->Add(page);
    }
    for (std::size_t i = 0; i < kStories; ++i) {
      ASSERT_TRUE(index_->AddWords(std::to_string(i), "site.example",
                                   WordsToIndex(Story(i), *sites_)));
    }
  }
  static void TearDownTestSuite() {
    delete index_;
    delete sites_;
  }
  static SiteModels* sites_;
  static TextIndex* index_;
};
SiteModels* MisreadText::sites_ = nullptr;
TextIndex* MisreadText::index_ = nullptr;

TEST_F(MisreadText, IsFoundHoweverBadlyItWasRead) {
  struct Case {
    double share;
    int found;  // at least, of 40
  };
  for (const Case& c :
       {Case{0.02, 40}, Case{0.05, 40}, Case{0.10, 39}, Case{0.15, 30}}) {
    int found = 0;
    for (std::uint64_t i = 0; i < 40; ++i) {
      const std::string scan = Misread(Story(i * 14), c.share, i);
      const auto candidates = index_->QueryWords(WordsToIndex(scan, *sites_));
      found += std::ranges::any_of(candidates, [&](const TextCandidate& t) {
        return t.id == std::to_string(i * 14);
      });
    }
    EXPECT_GE(found, c.found) << c.share;
  }
}

TEST_F(MisreadText, FindsItsOriginalThatComesLater) {
  TextIndex index = TextIndex::InMemory();
  int found = 0;
  for (std::uint64_t i = 0; i < 40; ++i) {
    ASSERT_TRUE(
        index.AddWords(std::to_string(i), "scan.example",
                       WordsToIndex(Misread(Story(i), 0.10, i), *sites_)));
  }
  for (std::uint64_t i = 0; i < 40; ++i) {
    const auto candidates = index.QueryWords(WordsToIndex(Story(i), *sites_));
    found += std::ranges::any_of(candidates, [&](const TextCandidate& t) {
      return t.id == std::to_string(i);
    });
  }
  EXPECT_GE(found, 39);
}

TEST_F(MisreadText, SoundTextIsIndexedAsItIs) {
  for (std::uint64_t i = 0; i < 40; ++i) {
    std::vector<std::uint64_t> words;
    TokenHashes(Story(i), words);
    EXPECT_EQ(WordsToIndex(Story(i), *sites_), words);
  }
}

Comparison CompareWithScan(const std::string& text, const std::string& scan,
                           const SiteModels* sites) {
  Publication a;
  a.text = text;
  Publication b;
  b.text = scan;
  CompareOptions options;
  options.sites = sites;
  return Compare(a, b, options);
}

TEST_F(MisreadText, IsAVersionOfItsOriginal) {
  for (std::uint64_t i = 0; i < 20; ++i) {
    const Comparison c =
        CompareWithScan(Story(i), Misread(Story(i), 0.10, i), sites_);
    EXPECT_NE(c.verdict, Verdict::kUnrelated) << i;
    EXPECT_NE(c.verdict, Verdict::kQuoting) << i;
    EXPECT_GT(c.coverage_reference, 0.8) << i;
    EXPECT_THAT(c.flags, Contains("noisy")) << i;
  }
}

TEST_F(MisreadText, IsNoVersionOfAnotherText) {
  for (std::uint64_t i = 0; i < 20; ++i) {
    const Comparison c =
        CompareWithScan(Story(i + 1), Misread(Story(i), 0.15, i), sites_);
    EXPECT_EQ(c.verdict, Verdict::kUnrelated) << i;
  }
}

TEST_F(MisreadText, NeverForgivesAFigureOrAKnownWord) {
  std::string text = Story(7);
  std::string scan = Misread(text, 0.08, 7);
  const std::size_t at = text.find(". ") + 2;
  const std::size_t there = scan.find(". ") + 2;
  text.insert(at, "Of 1,250 people they said that it was never so. ");
  scan.insert(there, "Of 1,260 people they said that it was ever so. ");
  const Comparison c = CompareWithScan(text, scan, sites_);
  EXPECT_EQ(c.verdict, Verdict::kEdited);
  EXPECT_THAT(c.changes, Contains(Field(&Change::suspect_text, "1,260")));
  EXPECT_THAT(c.changes, Contains(Field(&Change::kinds, Contains("negation"))));
}

// Words of other scripts, without letters, too long: left as they are.
TEST_F(MisreadText, HostileTextCostsLittle) {
  std::string long_words;
  for (int i = 0; i < 2000; ++i) {
    long_words += std::string(200, static_cast<char>('a' + i % 26)) +
                  std::to_string(i) + "x ";
  }
  std::string strange;
  for (int i = 0; i < 20'000; ++i) {
    strange += "q" + std::string(1, static_cast<char>('a' + i % 26)) + "xz" +
               std::string(1, static_cast<char>('a' + i / 26 % 26)) + "v ";
  }
  const std::string chinese =
      "\xe4\xb8\xad\xe6\x96\x87\xe6\x96\x87\xe7\xab\xa0";
  std::string cut = "qwxz qvxz \xd0";
  for (const std::string& text :
       {std::string(), std::string("zzzzzz"), std::string(1u << 20, 'z'),
        long_words, strange, chinese, cut}) {
    std::vector<std::uint64_t> words;
    TokenHashes(text, words);
    EXPECT_EQ(WordsToIndex(text, *sites_).size(), words.size());
    EXPECT_EQ(CompareWithScan(Story(1), text, sites_).verdict,
              Verdict::kUnrelated);
  }
}

TEST(LookAlikes, AreOneConfusionAway) {
  std::vector<std::string> forms;
  ForLookAlikes("modern",
                [&](std::string_view form) { forms.emplace_back(form); });
  EXPECT_THAT(forms, Contains("rnodern"));
  EXPECT_THAT(forms, Contains("modem"));
  EXPECT_THAT(forms, Contains("moclern"));
  ForLookAlikes("", [](std::string_view) { FAIL(); });
}

}  // namespace
}  // namespace stemma
