#include "media/c2pa.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "hash/sha256.h"

namespace stemma {
namespace {

using namespace std::string_literals;

std::string U16(std::size_t n) {
  return {static_cast<char>(n >> 8), static_cast<char>(n)};
}
std::string U32(std::size_t n) { return U16(n >> 16) + U16(n & 0xffff); }

std::string Segment(unsigned char marker, const std::string& content) {
  return "\xFF"s + static_cast<char>(marker) + U16(content.size() + 2) +
         content;
}

std::string Store(const std::string& content, const std::string& kind) {
  const std::string description =
      U32(25) + "jumd" + kind + "\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\x03"s +
      "\0"s;
  return U32(8 + description.size() + content.size()) + "jumb" + description +
         content;
}

std::string Piece(const std::string& box, int instance, int number) {
  return Segment(0xEB, "JP" + U16(static_cast<std::size_t>(instance)) +
                           U32(static_cast<std::size_t>(number)) + box);
}

std::string Jpeg(const std::string& segments) {
  return "\xFF\xD8"s + Segment(0xE0, "JFIF\0\1\1\0\0\1\0\1\0\0"s) + segments +
         Segment(0xDA, "\1\1\0\0\x3f\0"s) + "pixels\xFF\xD9"s;
}

TEST(C2pa, AStoreIsFoundAndDigested) {
  const std::string store = Store("manifest", "c2pa");
  const auto box = FindC2paInJpeg(Jpeg(Piece(store, 1, 1)));
  ASSERT_TRUE(box);
  EXPECT_EQ(box->bytes, store.size());
  EXPECT_EQ(box->sha256, Sha256Of(store));
  nlohmann::json facts;
  AddC2paFacts(*box, facts);
  EXPECT_EQ(facts["c2pa_state"], "present, not verified");
}

TEST(C2pa, PiecesAreTheSameAsTheWhole) {
  const std::string store = Store(std::string(3000, 'm'), "c2pa");
  const std::string head = store.substr(0, 8);
  const auto whole = FindC2paInJpeg(Jpeg(Piece(store, 7, 1)));
  const auto pieces = FindC2paInJpeg(
      Jpeg(Piece(store.substr(0, 1000), 7, 1) + Segment(0xE1, "Exif") +
           Piece(head + store.substr(1000, 1500), 7, 2) +
           Piece(head + store.substr(2500), 7, 3)));
  ASSERT_TRUE(whole);
  ASSERT_TRUE(pieces);
  EXPECT_EQ(whole->sha256, pieces->sha256);
}

TEST(C2pa, OtherBoxesAndBrokenOnesAreNone) {
  const std::string store = Store("manifest", "c2pa");
  for (const std::string& jpeg :
       {Jpeg(""), Jpeg(Piece(Store("manifest", "json"), 1, 1)),
        Jpeg(Piece(store.substr(0, store.size() - 1), 1, 1)),
        Jpeg(Segment(0xE1, store)), "\x89PNG"s + store, ""s, "\xFF\xD8"s}) {
    EXPECT_FALSE(FindC2paInJpeg(jpeg));
  }
  const std::string whole = Jpeg(Piece(store, 1, 1));
  const std::size_t end = whole.find(store) + store.size();
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    EXPECT_EQ(FindC2paInJpeg(whole.substr(0, cut)).has_value(), cut >= end)
        << cut;
  }
  // A size smaller than the head that was read.
  for (const std::size_t size : {0, 1, 8, 19}) {
    EXPECT_FALSE(FindC2paInJpeg(Jpeg(Piece(U32(size) + store.substr(4), 1, 1))))
        << size;
  }
}

// The files of the public corpus: what a camera maker's tool wrote.
TEST(C2pa, RealFilesHaveOne) {
  for (const char* name :
       {"adobe-20220124-C.jpg", "adobe-20220124-E-sig-CA.jpg",
        "adobe-20220124-E-dat-CA.jpg"}) {
    std::ifstream in(std::string(STEMMA_SOURCE_DIR) +
                         "/../shared/corpus/provenance/c2pa/" + name,
                     std::ios::binary);
    if (!in) GTEST_SKIP() << "no corpus beside the source";
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    const auto box = FindC2paInJpeg(bytes);
    ASSERT_TRUE(box) << name;
    EXPECT_GT(box->bytes, 10'000U);
  }
}

}  // namespace
}  // namespace stemma
