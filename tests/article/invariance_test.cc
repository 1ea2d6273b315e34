// What a template may do to a page without changing its article.
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <sstream>

#include "article/extract.h"
#include "article/phrases.h"
#include "article/text_layers.h"
#include "fixture_pages.h"
#include "template_changes.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> WordsOf(const std::string& page) {
  const Result<Article> article =
      ExtractArticle({page, "", "https://gazette.example/a/1"});
  if (!article) return {};
  std::vector<std::string> words(1);
  for (const char c : LowerForPhrases(CanonicalText(*article))) {
    const auto byte = static_cast<unsigned char>(c);
    // The marks that a change replaces part words before and after it.
    const bool letter = (byte >= '0' && byte <= '9') ||
                        (byte >= 'a' && byte <= 'z') || byte >= 0x80;
    if (letter) {
      words.back() += c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  for (std::string& word : words) {
    for (const std::string_view mark : {"\u2018", "\u2019", "\u201C", "\u201D",
                                        "\u2013", "\u2014", "\u2026"}) {
      for (std::size_t at; (at = word.find(mark)) != std::string::npos;) {
        word.replace(at, mark.size(), " ");
      }
    }
  }
  std::vector<std::string> parted;
  for (const std::string& word : words) {
    std::istringstream parts(word);
    for (std::string part; parts >> part;) parted.push_back(part);
  }
  return parted;
}

double WordF1(const std::vector<std::string>& a,
              const std::vector<std::string>& b) {
  if (a.empty() && b.empty()) return 1;
  std::map<std::string, int> count;
  for (const std::string& word : a) ++count[word];
  double both = 0;
  for (const std::string& word : b) both += count[word]-- > 0 ? 1 : 0;
  return 2 * both / static_cast<double>(a.size() + b.size());
}

struct Row {
  const char* change;
  double same = 0, f1 = 0;  // shares of pages; mean
};

std::vector<Row> Measure(const std::vector<std::string>& pages) {
  std::vector<Row> rows;
  for (const auto& change : testing::TemplateChanges()) {
    rows.push_back({change.name});
  }
  for (const std::string& page : pages) {
    const std::vector<std::string> words = WordsOf(page);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto changed = WordsOf(testing::TemplateChanges()[i].apply(page));
      rows[i].same += changed == words ? 1 : 0;
      rows[i].f1 += WordF1(words, changed);
    }
  }
  const auto n = static_cast<double>(pages.size());
  for (Row& row : rows) {
    row.same /= n;
    row.f1 /= n;
    std::printf("%-30s same words %.3f  self-F1 %.4f\n", row.change, row.same,
                row.f1);
  }
  return rows;
}

TEST(Invariance, OurPagesKeepTheirWordsInAnyTemplateChange) {
  std::vector<std::string> pages;
  for (unsigned number = 0; number < 12; ++number) {
    for (int which = 0; which < testing::kTemplates; ++which) {
      pages.push_back(testing::Render(testing::MakeStory(number), which));
    }
  }
  for (const Row& row : Measure(pages)) {
    EXPECT_EQ(row.same, 1.0) << row.change;
    EXPECT_EQ(row.f1, 1.0) << row.change;
  }
}

TEST(Invariance, ChangesDoChangeThePage) {
  const std::string page =
      "<body><p class=\"a\" id='b'>It\u2019s one\ntwo.</p><p>a</p><p>b</p>"
      "<p>c</p><pre>x\ny</pre></body>";
  for (const auto& change : testing::TemplateChanges()) {
    EXPECT_NE(change.apply(page), page) << change.name;
  }
  EXPECT_EQ(testing::TemplateChanges()[0].apply("<p class=\"a\" id='b' x>t"),
            "<p x>t");
  EXPECT_NE(testing::TemplateChanges()[2].apply(page).find("x\ny"),
            std::string::npos);
}

std::string Inflated(const fs::path& path) {
  std::string all, piece(64 << 10, '\0');
  const gzFile file = ::gzopen(path.c_str(), "rb");
  int n = 0;
  while (file != nullptr &&
         (n = ::gzread(file, piece.data(),
                       static_cast<unsigned int>(piece.size()))) > 0) {
    all.append(piece, 0, static_cast<std::size_t>(n));
  }
  if (file != nullptr) ::gzclose(file);
  return all;
}

std::vector<std::string> NewsPages() {
  const char* given = std::getenv("STEMMA_SHARED");
  const fs::path root =
      given ? fs::path(given) : fs::path(STEMMA_SOURCE_DIR) / ".." / "shared";
  std::vector<std::string> pages;
  for (const char* set : {"zyte", "fundus"}) {
    const fs::path folder = root / "corpus/articles/pages" / set;
    if (!fs::is_directory(folder)) continue;
    for (const auto& entry : fs::directory_iterator(folder)) {
      pages.push_back(Inflated(entry.path()));
    }
  }
  return pages;
}

TEST(Invariance, NewsPagesKeepTheirWordsInNearlyAnyTemplateChange) {
  const std::vector<std::string> pages = NewsPages();
  if (pages.empty()) GTEST_SKIP() << "no ../shared/corpus/articles";
  for (const Row& row : Measure(pages)) {
    EXPECT_GE(row.same, 0.95) << row.change;
    EXPECT_GE(row.f1, 0.995) << row.change;
  }
}

}  // namespace
}  // namespace stemma
