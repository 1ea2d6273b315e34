#include "archive/page_dictionary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/page_samples.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

using ::testing::SizeIs;

std::string Noise(const std::string& seed, std::size_t size) {
  std::string noise;
  for (int i = 0; noise.size() < size; ++i) {
    noise += Sha256Of(seed + std::to_string(i)).Hex() + "\n";
  }
  return noise;
}

std::string Page(int site, int number) {
  return Noise("site" + std::to_string(site), 6'000) +
         Noise("page" + std::to_string(number * 1000 + site), 300);
}

void AddSite(PageSamples& samples, int site, int pages) {
  for (int i = 0; i < pages; ++i) {
    samples.AddPage(
        "https://s" + std::to_string(site) + ".example/" + std::to_string(i),
        std::to_string(i), Page(site, i));
  }
}

TEST(PageDictionary, HoldsAPageOfEachSiteAndSavesMoreThanItCosts) {
  PageSamples samples;
  for (int site = 0; site < 20; ++site) AddSite(samples, site, 6);
  auto built = BuildPageDictionary(samples, {});
  ASSERT_TRUE(built) << built.error().message();
  EXPECT_THAT(built->places, SizeIs(20));
  EXPECT_GT(built->saved, 2 * static_cast<double>(built->cost));
  FrameEncoder with(3, built->dictionary), without(3, nullptr);
  for (int site = 0; site < 20; ++site) {
    const std::string page = Page(site, 77);
    EXPECT_LT(with.Encode(page)->size() * 5, without.Encode(page)->size());
  }
}

TEST(PageDictionary, TheBusiestSitesHaveTheRoom) {
  PageSamples samples;
  for (int site = 0; site < 20; ++site) AddSite(samples, site, site + 2);
  DictionaryOptions how;
  how.max_bytes = 16'384 + 4 * 6'500;
  auto built = BuildPageDictionary(samples, how);
  ASSERT_TRUE(built);
  EXPECT_LE(built->dictionary->bytes().size(), how.max_bytes);
  FrameEncoder with(3, built->dictionary);
  EXPECT_LT(with.Encode(Page(19, 77))->size() * 5,
            with.Encode(Page(0, 77))->size());
}

TEST(PageDictionary, PagesWithNothingInCommonGetNone) {
  PageSamples samples;
  for (int i = 0; i < 30; ++i) {
    samples.AddPage("https://a.example/" + std::to_string(i), "",
                    Noise("x" + std::to_string(i), 5'000));
  }
  EXPECT_FALSE(BuildPageDictionary(samples, {}));
  EXPECT_FALSE(BuildPageDictionary(PageSamples(), {}));
}

TEST(PageDictionary, OnePageOfASiteSaysNothing) {
  PageSamples samples;
  for (int site = 0; site < 30; ++site) AddSite(samples, site, 1);
  EXPECT_FALSE(BuildPageDictionary(samples, {}));
}

// A front page inside says nothing of the articles in its section: these are
// strangers until some were seen.
TEST(PageDictionary, DoesNotServeAPlaceOfWhichOnePageWasSeen) {
  PageSamples samples;
  for (int section = 0; section < 4; ++section) {
    samples.AddPage(
        "https://a.example/section" + std::to_string(section) + "/index", "",
        Page(1, section));
  }
  DictionaryOptions often;
  often.expect = 16;
  const auto built = BuildPageDictionary(samples, often);
  ASSERT_TRUE(built);
  EXPECT_TRUE(built->places.empty());
  AddSite(samples, 2, 6);
  const auto more = BuildPageDictionary(samples, often);
  ASSERT_TRUE(more);
  EXPECT_THAT(more->places, SizeIs(1));
}

TEST(PageSamples, APlaceIsAHostAndASection) {
  PageSamples samples;
  const auto place = [&](std::string_view uri) {
    return samples.AddPage(uri, "", Noise("p", 2'000));
  };
  EXPECT_EQ(place("https://a.example/politics/x"),
            "https://a.example/politics");
  EXPECT_EQ(place("https://a.example/x"), "https://a.example");
  EXPECT_EQ(place("https://a.example"), "https://a.example");
  // A folder for each page is no section.
  for (int i = 0; i < 50; ++i) {
    place("https://b.example/story-" + std::to_string(i) + "/");
  }
  EXPECT_EQ(place("https://b.example/one-more/"), "https://b.example");
  EXPECT_LE(samples.Places().size(), 12U);
}

TEST(PageSamples, SinglePagesOfSectionsAreTakenTogether) {
  PageSamples samples;
  for (const char* section : {"a", "b", "c"}) {
    samples.AddPage("https://a.example/" + std::string(section) + "/x", "",
                    Noise("p", 2'000));
  }
  ASSERT_THAT(samples.Places(), SizeIs(1));
  EXPECT_THAT(samples.Places()[0].names, SizeIs(3));
  EXPECT_THAT(samples.Places()[0].pages, SizeIs(3));
}

TEST(PageSamples, MemoryIsBounded) {
  PageSamples samples;
  const std::string page = Noise("p", 500'000);
  for (int i = 0; i < 300; ++i) {
    samples.AddPage("https://s" + std::to_string(i) + ".example/x/y", "", page);
  }
  std::size_t kept = 0;
  for (const PageSamples::Place& place : samples.Places()) {
    for (const std::string_view p : place.pages) kept += p.size();
  }
  EXPECT_LE(kept, 12U << 20);
  EXPECT_GT(kept, 4U << 20);
}

TEST(PageSamples, WhatIsMadeOfAPageCountsForItsPlace) {
  PageSamples samples;
  samples.AddPage("https://a.example/x", "urn:uuid:1", Noise("p", 2'000));
  EXPECT_TRUE(samples.AddDerived("json", "urn:uuid:1", Noise("d", 2'000)));
  EXPECT_FALSE(samples.AddDerived("json", "urn:uuid:2", Noise("d", 2'000)));
  EXPECT_THAT(samples.Places(), SizeIs(2));
}

// A page in a dictionary makes the text made of it shrink to nothing: that says
// nothing about pages to come.
TEST(PageDictionary, IsNotPraisedByWhatIsMadeOfAPageInside) {
  PageSamples pages, with_texts;
  for (int i = 0; i < 8; ++i) {
    const std::string id = std::to_string(i), uri = "https://a.example/" + id;
    const std::string text = Noise("text" + id, 8'000);
    const std::string page = Noise("template", 6'000) + text;
    pages.AddPage(uri, id, page);
    with_texts.AddPage(uri, id, page);
    EXPECT_TRUE(with_texts.AddDerived("json", id, text));
  }
  const auto plain = BuildPageDictionary(pages, {});
  const auto both = BuildPageDictionary(with_texts, {});
  ASSERT_TRUE(plain && both);
  EXPECT_LT(both->saved, plain->saved * 1.05);
}

TEST(PageSamples, CompressedPagesAreNoSamples) {
  RecordInfo info;
  info.type = "response";
  info.status = 200;
  info.mime = "text/html";
  EXPECT_EQ(SampleKindOf(info, "HTTP/1.1 200 OK\r\n\r\n"), SampleKind::kPage);
  EXPECT_EQ(
      SampleKindOf(info, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"),
      SampleKind::kNone);
  info.status = 404;
  EXPECT_EQ(SampleKindOf(info, "HTTP/1.1 404 No\r\n\r\n"), SampleKind::kSmall);
  info.mime = "video/mp4";
  info.status = 200;
  EXPECT_EQ(SampleKindOf(info, ""), SampleKind::kNone);
}

}  // namespace
}  // namespace stemma
