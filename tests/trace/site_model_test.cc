#include "trace/site_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "trace/normal_form.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

// A text of its own for each seed, with a plea on every page of its site.
std::string Story(int seed, const std::string& plea) {
  std::string text;
  std::uint64_t state = static_cast<std::uint64_t>(seed) * 7919 + 17;
  for (int i = 0; i < 120; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    text += (i % 12 == 0 ? "W" : "w") + std::to_string(state >> 52) +
            (i % 12 == 11 ? ".\n\n" : " ");
  }
  return text + plea;
}

const std::string kPlea = "Please give to our reporters and keep us free.";

void Learn(SiteModels& models, const std::string& site, int from, int to,
           const std::string& plea = kPlea) {
  for (int i = from; i < to; ++i) {
    const std::string text = Story(i, plea);
    models.Add(site, "Title number " + std::to_string(i), Normalise(text));
  }
}

std::string FurnitureOf(const SiteModels& models, const std::string& site,
                        const std::string& text) {
  const NormalText normal = Normalise(text);
  std::string all;
  for (const FurnitureRun& run : models.Furniture(site, normal)) {
    all += std::to_string(run.first_token) + "-" +
           std::to_string(run.end_token) + " " + std::string(run.site) + " " +
           std::to_string(run.seen) + "/" + std::to_string(run.publications) +
           "\n";
  }
  return all;
}

class SiteModelFile : public ::testing::Test {
 protected:
  SiteModelFile() {
    std::string pattern =
        (fs::temp_directory_path() / "stemma-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~SiteModelFile() override { fs::remove_all(directory_); }
  fs::path File() const { return directory_ / "sites.model"; }
  fs::path directory_;
};

TEST_F(SiteModelFile, SaysTheSameAfterSavingAtAnyPlace) {
  const std::string asked = Story(999, kPlea);
  SiteModels whole;
  Learn(whole, "desk.example", 0, 40);
  Learn(whole, "copy.example", 20, 40, "Read more at Desk. " + kPlea);
  const std::string expected = FurnitureOf(whole, "desk.example", asked);
  ASSERT_FALSE(expected.empty());

  for (const int cut : {1, 5, 20, 39}) {
    SiteModels first;
    Learn(first, "desk.example", 0, cut);
    ASSERT_TRUE(first.Save(File(), {7, 9}));
    Result<SiteModels> second = SiteModels::Load(File());
    ASSERT_TRUE(second) << second.error().message();
    EXPECT_EQ(second->mark().next_event, 7u);
    EXPECT_EQ(second->mark().documents, 9u);
    Learn(*second, "desk.example", cut, 40);
    ASSERT_TRUE(second->Save(File(), {}));
    Result<SiteModels> third = SiteModels::Load(File());
    ASSERT_TRUE(third) << third.error().message();
    Learn(*third, "copy.example", 20, 40, "Read more at Desk. " + kPlea);
    EXPECT_EQ(third->publications(), whole.publications());
    EXPECT_EQ(FurnitureOf(*third, "desk.example", asked), expected);
    const std::string copied = Story(25, "");
    const NormalText normal = Normalise(copied);
    for (const Sentence& sentence : normal.sentences) {
      EXPECT_EQ(third->IsFormula(normal, sentence),
                whole.IsFormula(normal, sentence));
    }
    const auto words = static_cast<std::uint32_t>(normal.tokens.size());
    EXPECT_EQ(third->Frequency(normal, 0, words),
              whole.Frequency(normal, 0, words));
    EXPECT_EQ(third->PublicationsWith(normal.tokens[3].hash),
              whole.PublicationsWith(normal.tokens[3].hash));
  }
}

TEST_F(SiteModelFile, SavingTwiceGivesTheSameBytes) {
  SiteModels models;
  Learn(models, "desk.example", 0, 30);
  ASSERT_TRUE(models.Save(File(), {1, 2}));
  const Result<SiteModels> again = SiteModels::Load(File());
  ASSERT_TRUE(again);
  ASSERT_TRUE(again->Save(directory_ / "again", {1, 2}));
  const auto bytes = [](const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  EXPECT_EQ(bytes(File()), bytes(directory_ / "again"));
}

TEST(SiteModels, ForgetsWhatASiteNoLongerShows) {
  FurnitureRule rule;
  rule.halve_at = 32;
  SiteModels models(rule);
  const std::string before = "Follow us on every network that you know.";
  Learn(models, "desk.example", 0, 32, before);
  EXPECT_NE(FurnitureOf(models, "desk.example", before), "");
  Learn(models, "desk.example", 32, 200, kPlea);
  EXPECT_EQ(FurnitureOf(models, "desk.example", before), "");
  EXPECT_NE(FurnitureOf(models, "desk.example", kPlea), "");
}

TEST_F(SiteModelFile, StopsGrowingWithASite) {
  FurnitureRule rule;
  rule.halve_at = 32;
  SiteModels models(rule);
  std::uintmax_t size_at_200 = 0;
  for (int i = 0; i < 600; i += 100) {
    Learn(models, "desk.example", i, i + 100);
    ASSERT_TRUE(models.Save(File(), {}));
    if (i == 100) size_at_200 = fs::file_size(File());
  }
  // The words of the language still grow, the sentences do not.
  EXPECT_LT(fs::file_size(File()), 2 * size_at_200);
}

TEST_F(SiteModelFile, ADamagedFileIsRefused) {
  SiteModels models;
  Learn(models, "desk.example", 0, 10);
  ASSERT_TRUE(models.Save(File(), {}));
  std::ifstream in(File(), std::ios::binary);
  const std::string good(std::istreambuf_iterator<char>(in), {});
  for (std::size_t at = 0; at < good.size(); at += good.size() / 61) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x20);
    std::ofstream(File(), std::ios::binary) << bad;
    const Result<SiteModels> loaded = SiteModels::Load(File());
    ASSERT_FALSE(loaded) << "byte " << at;
    EXPECT_EQ(loaded.error().code(), ErrorCode::kCorrupt);
  }
  std::ofstream(File(), std::ios::binary) << "";
  EXPECT_FALSE(SiteModels::Load(File()));
  EXPECT_EQ(SiteModels::Load(directory_ / "none").error().code(),
            ErrorCode::kNotFound);
}

// A digest only speaks of accidents: sizes that lie must not be believed.
TEST_F(SiteModelFile, LyingSizesAreRefusedOrHarmless) {
  SiteModels models;
  Learn(models, "desk.example", 0, 10);
  ASSERT_TRUE(models.Save(File(), {}));
  std::ifstream in(File(), std::ios::binary);
  std::string good(std::istreambuf_iterator<char>(in), {});
  good.resize(good.size() - CacheFile::kDigest);
  const std::string asked = Story(3, kPlea);
  for (std::size_t at = 8; at < good.size(); at += at < 200 ? 1 : 97) {
    for (const char with : {'\xff', '\x01'}) {
      std::string bad = good;
      bad[at] = with;
      std::ofstream(File(), std::ios::binary) << WithDigest(bad);
      const Result<SiteModels> loaded = SiteModels::Load(File());
      if (loaded) FurnitureOf(*loaded, "desk.example", asked);
    }
  }
}

}  // namespace
}  // namespace stemma
