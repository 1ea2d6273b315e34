#include "trace/text_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "trace/normal_form.h"
#include "trace/segment.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

// A text of its own for each seed; the same words never stand together twice.
std::string Story(int seed, int words = 200) {
  std::string text;
  std::uint64_t state = static_cast<std::uint64_t>(seed) * 7919 + 17;
  for (int i = 0; i < words; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    text += "w" + std::to_string(state >> 48) + (i % 40 == 39 ? ".\n\n" : " ");
  }
  return text;
}

std::string Words(const std::string& text, std::size_t from, std::size_t to) {
  const NormalText normal = Normalise(text);
  return text.substr(
      normal.tokens[from].byte_begin,
      normal.tokens[to - 1].byte_end - normal.tokens[from].byte_begin);
}

class TextIndexTest : public ::testing::Test {
 protected:
  TextIndexTest() {
    std::string pattern =
        (fs::temp_directory_path() / "stemma-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~TextIndexTest() override { fs::remove_all(directory_); }

  TextIndexParameters Small() const {
    TextIndexParameters parameters;
    parameters.flush_postings = 500;  // a segment for about ten stories
    return parameters;
  }
  std::vector<fs::path> Segments() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(directory_)) {
      files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
  }
  TextIndex Filled(int stories) {
    auto index = TextIndex::Open(directory_, Small());
    EXPECT_TRUE(index) << index.error().message();
    for (int i = 0; i < stories; ++i) {
      EXPECT_TRUE(index->Add("d" + std::to_string(i), "s.example", Story(i)));
    }
    EXPECT_TRUE(index->Flush());
    return *std::move(index);
  }

  fs::path directory_;
};

TEST_F(TextIndexTest, FindsCopiesAndExcerptsAndNothingElse) {
  TextIndex index = TextIndex::InMemory();
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(index.Add("d" + std::to_string(i), "s.example", Story(i)));
  }
  for (const int i : {0, 17, 299}) {
    const auto whole = index.Query(Story(i));
    ASSERT_EQ(whole.size(), 1u);
    EXPECT_EQ(whole[0].id, "d" + std::to_string(i));
    EXPECT_DOUBLE_EQ(whole[0].containment, 1);
    const auto part = index.Query(Words(Story(i), 60, 100));
    ASSERT_EQ(part.size(), 1u);
    EXPECT_EQ(part[0].id, "d" + std::to_string(i));
  }
  EXPECT_TRUE(index.Query(Story(5000)).empty());
  EXPECT_TRUE(index.Query("").empty());
}

// Winnowing's promise: a shared run of window + length - 1 words is hit.
TEST_F(TextIndexTest, ARunOfFourteenWordsIsAlwaysInBothSketches) {
  const std::string story = Story(1, 400);
  std::vector<std::uint64_t> all;
  TokenHashes(story, all);
  const auto whole = Sketch(all);
  for (std::size_t from = 0; from + 14 <= all.size(); ++from) {
    std::vector<std::uint64_t> other;
    TokenHashes(Story(2, 100) + " " + Words(story, from, from + 14) + " " +
                    Story(3, 100),
                other);
    const auto sketch = Sketch(other);
    const bool hit = std::ranges::any_of(sketch, [&](std::uint64_t h) {
      return std::ranges::binary_search(whole, h);
    });
    ASSERT_TRUE(hit) << from;
  }
}

TEST_F(TextIndexTest, OnDiskAsInMemoryAlsoAfterReopening) {
  {
    const TextIndex index = Filled(120);
    EXPECT_GT(index.Stats().segments, 1u);
  }
  auto again = TextIndex::Open(directory_, Small());
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->Stats().documents, 120u);
  for (int i = 0; i < 120; ++i) {
    const auto found = again->Query(Story(i));
    ASSERT_EQ(found.size(), 1u) << i;
    EXPECT_EQ(found[0].id, "d" + std::to_string(i));
    EXPECT_DOUBLE_EQ(found[0].containment, 1);
  }
}

TEST_F(TextIndexTest, MergesKeepFewSegments) {
  const TextIndex index = Filled(600);
  EXPECT_LE(Segments().size(), 16u);
  EXPECT_EQ(index.Query(Story(3)).size(), 1u);
}

TEST_F(TextIndexTest, ADamagedSegmentIsFoundAndNamed) {
  {
    const TextIndex index = Filled(60);
  }
  const fs::path victim = Segments().front();
  std::fstream file(victim, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(100);
  file.put('\x55');
  file.close();
  const auto broken = TextIndex::Open(directory_, Small());
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code(), ErrorCode::kCorrupt);
  EXPECT_THAT(broken.error().message(),
              testing::HasSubstr(victim.filename().string()));
  fs::remove_all(directory_);
  EXPECT_EQ(Filled(60).Stats().documents, 60u);
}

TEST_F(TextIndexTest, ATornWriteNeverBecameReal) {
  {
    const TextIndex index = Filled(60);
  }
  std::ofstream(directory_ / "0000000060-0000000010.seg.part") << "torn";
  auto again = TextIndex::Open(directory_, Small());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->Stats().documents, 60u);
}

TEST_F(TextIndexTest, AMergeCutShortLeavesOneTruth) {
  {
    const TextIndex index = Filled(60);
  }
  // A segment that a longer one covers: what a crash between rename and
  // removal leaves.
  const std::vector<DocumentRow> rows(3, DocumentRow{"x", "s", 1, 0, {}});
  const std::string bytes = EncodeSegment({}, 0, rows);
  std::ofstream(directory_ / "0000000000-0000000003.seg", std::ios::binary)
      << bytes;
  auto again = TextIndex::Open(directory_, Small());
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->Stats().documents, 60u);
  EXPECT_FALSE(fs::exists(directory_ / "0000000000-0000000003.seg"));
}

TEST_F(TextIndexTest, MirrorsCostNoPostings) {
  TextIndex index = TextIndex::InMemory();
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_TRUE(index.Add("m" + std::to_string(i), "s.example", Story(1)));
  }
  EXPECT_EQ(index.Stats().documents, 20'000u);
  EXPECT_EQ(index.Stats().texts, 1u);
  EXPECT_LT(index.Stats().postings, 100u);
  const auto found = index.QueryWords([] {
    std::vector<std::uint64_t> words;
    TokenHashes(Story(1), words);
    return words;
  }());
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(index.Mirrors(found[0].document).size(), 20'000u);
  // Who wants a few does not pay for all: or each of many mirrors would.
  EXPECT_THAT(index.Mirrors(found[0].document, 2), ElementsAre("m0", "m1"));
  EXPECT_TRUE(index.Mirrors(found[0].document, 0).empty());
}

TEST(Segment, WhatWasWrittenIsRead) {
  std::vector<Posting> postings;
  for (std::uint32_t d = 0; d < 500; ++d) {
    postings.push_back({d * 2'000'000'000ull % (1ull << 40), d + 7});
    postings.push_back({42, d + 7});
  }
  std::ranges::sort(postings);
  const std::vector<DocumentRow> rows(500, DocumentRow{"id", "site", 9, 2, {}});
  auto segment = Segment::FromBytes(EncodeSegment(postings, 7, rows));
  ASSERT_TRUE(segment) << segment.error().message();
  std::vector<Posting> read;
  segment->Read(read);
  EXPECT_EQ(read, postings);
  std::vector<std::uint32_t> documents;
  EXPECT_EQ(segment->Find(42, 1000, documents), 500u);
  EXPECT_TRUE(segment->Holds(42, 506));
  EXPECT_FALSE(segment->Holds(42, 507));
  EXPECT_EQ(segment->Rows()->size(), 500u);
}

TEST(Segment, AnyFlippedByteIsRefused) {
  const std::vector<Posting> postings = {{1, 0}, {1, 1}, {900, 0}};
  const std::vector<DocumentRow> rows(2, DocumentRow{"a", "b", 3, 2, {}});
  const std::string good = EncodeSegment(postings, 0, rows);
  ASSERT_TRUE(Segment::FromBytes(good));
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(Segment::FromBytes(bad)) << i;
    EXPECT_FALSE(Segment::FromBytes(good.substr(0, i)));
  }
}

}  // namespace
}  // namespace stemma
