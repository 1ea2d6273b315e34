#include "hash/pdq.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "hash/image.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

fs::path Shared() {
  if (const char* env = std::getenv("STEMMA_SHARED")) return env;
  return fs::path(STEMMA_SOURCE_DIR) / ".." / "shared";
}

std::string Slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

// A picture with structure at every scale, no two parts alike.
std::vector<std::uint8_t> Pattern(int width, int height) {
  std::vector<std::uint8_t> rgb(std::size_t{3} * width * height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double u = double(x) / width, v = double(y) / height;
      const double wave = std::sin(9 * u + 4 * v * v) +
                          std::sin(23 * v - 11 * u * v) +
                          std::sin(47 * (u - v) * u);
      const auto value = std::uint8_t(127.5 + 42 * wave);
      for (int c = 0; c < 3; ++c) {
        rgb[3 * (std::size_t(y) * width + x) + c] = value;
      }
    }
  }
  return rgb;
}

std::vector<std::uint8_t> MirroredPattern(int width, int height) {
  const auto rgb = Pattern(width, height);
  auto mirrored = rgb;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        mirrored[3 * (std::size_t(y) * width + x) + c] =
            rgb[3 * (std::size_t(y) * width + (width - 1 - x)) + c];
      }
    }
  }
  return mirrored;
}

// Meta's own answers, for pictures of every awkward size: no bit may differ.
TEST(Pdq, AgreesWithMetasToolToTheBitInAllEightForms) {
  const fs::path media = Shared() / "corpus/media";
  std::ifstream table(media / "pdq_hashes.csv");
  if (!table) GTEST_SKIP() << "no " << media << "; set STEMMA_SHARED";
  std::string line;
  int images = 0;
  while (std::getline(table, line)) {
    std::vector<std::string> cells;
    std::istringstream row(line);
    for (std::string cell; std::getline(row, cell, ',');) cells.push_back(cell);
    ASSERT_EQ(cells.size(), 10u) << line;
    const auto image = DecodeImage(Slurp(media / "pdq" / cells[0]));
    ASSERT_TRUE(image) << cells[0] << ": " << image.error().message();
    const PdqImage got =
        PdqOfRgb(image->rgb, image->width, image->height, kPdqRule512);
    for (int form = 0; form < kDihedralForms; ++form) {
      EXPECT_EQ(PdqHex(got.dihedral[form]), cells[1 + form])
          << cells[0] << " form " << form;
    }
    EXPECT_EQ(got.hash.quality, std::stoi(cells[9])) << cells[0];
    ++images;
  }
  EXPECT_GE(images, 30);
}

TEST(Pdq, HasNoHashBelowFivePixels) {
  for (const auto& [width, height] : {std::pair{4, 100}, {100, 4}, {1, 1}}) {
    const PdqImage got =
        PdqOfRgb(Pattern(width, height), width, height, kPdqRule512);
    EXPECT_EQ(got.hash.bits, FrameHash{}) << width << "x" << height;
    EXPECT_EQ(got.hash.quality, 0);
  }
}

TEST(Pdq, AFlatPictureHasNoQuality) {
  const std::vector<std::uint8_t> grey(3 * 100 * 80, 200);
  EXPECT_EQ(PdqOfRgb(grey, 100, 80, kPdqRule512).hash.quality, 0);
}

TEST(Pdq, GainAndOffsetMoveFewBits) {
  LumaReducer reducer(320, 200);
  std::vector<float> luma(320 * 200);
  const auto rgb = Pattern(320, 200);
  for (std::size_t i = 0; i < luma.size(); ++i) luma[i] = rgb[3 * i];
  PdqSamples full, limited;
  reducer.Reduce(luma.data(), 320, 0, 1, full);
  reducer.Reduce(luma.data(), 320, 16, 255.0f / 219, limited);
  EXPECT_LE(HammingDistance(PdqOf(full).bits, PdqOf(limited).bits), 2);
}

TEST(Pdq, EveryDepthOfTheSamePlaneGivesTheSameHash) {
  const auto rgb = Pattern(200, 120);
  std::vector<std::uint8_t> plane8(200 * 120);
  std::vector<std::uint16_t> plane10(plane8.size());
  for (std::size_t i = 0; i < plane8.size(); ++i) {
    plane8[i] = rgb[3 * i];
    plane10[i] = std::uint16_t(rgb[3 * i] * 4);
  }
  LumaReducer reducer(200, 120);
  PdqSamples from8, from10;
  reducer.Reduce(plane8.data(), 200, 0, 1, from8);
  reducer.Reduce(plane10.data(), 200, 0, 0.25f, from10);
  EXPECT_EQ(PdqOf(from8).bits, PdqOf(from10).bits);
}

TEST(Pdq, TheMirroredFormFindsTheMirroredPicture) {
  const auto picture = PdqOfRgb(Pattern(400, 300), 400, 300, kPdqRule512);
  const auto mirror =
      PdqOfRgb(MirroredPattern(400, 300), 400, 300, kPdqRule512);
  EXPECT_LE(HammingDistance(picture.dihedral[kMirrored], mirror.hash.bits), 20);
  EXPECT_GE(HammingDistance(picture.hash.bits, mirror.hash.bits), 80);
}

TEST(Pdq, TheTwoRulesDifferOnlyAboveFiveHundredTwelve) {
  const auto small = Pattern(500, 300);
  EXPECT_EQ(PdqOfRgb(small, 500, 300, kPdqRule512).hash.bits,
            PdqOfRgb(small, 500, 300, kPdqRuleFull).hash.bits);
  const auto large = Pattern(1200, 700);
  const auto by512 = PdqOfRgb(large, 1200, 700, kPdqRule512).hash.bits;
  const auto full = PdqOfRgb(large, 1200, 700, kPdqRuleFull).hash.bits;
  EXPECT_LE(HammingDistance(by512, full), 20);
}

TEST(PdqHex, ReadsWhatItWritesAndNothingElse) {
  const FrameHash hash{0x0123456789abcdefu, 1, 0, 0xf000000000000000u};
  const std::string text = PdqHex(hash);
  EXPECT_EQ(text,
            "f000000000000000000000000000000000000000000000010123456789abcdef");
  EXPECT_EQ(ParsePdqHex(text), hash);
  EXPECT_EQ(ParsePdqHex(text.substr(1)), std::nullopt);
  EXPECT_EQ(ParsePdqHex(std::string(63, '0') + "g"), std::nullopt);
}

TEST(Image, SaysWhatItIsNot) {
  EXPECT_EQ(DecodeImage("").error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(DecodeImage("GIF89a").error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(DecodeImage("\x89PNG\r\n\x1a\n").error().code(),
            ErrorCode::kMalformed);
  EXPECT_EQ(DecodeImage("\xFF\xD8\xFF\xE0 nothing").error().code(),
            ErrorCode::kMalformed);
}

// A PNG header that claims four billion pixels costs nothing.
TEST(Image, RefusesABombByItsHeader) {
  std::string png(
      "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\xff\xff\0\0\xff\xff"
      "\x08\x02\0\0\0\x22\x3a\x5a\xc1",
      33);
  png += std::string("\0\0\0\0IDAT\x35\xaf\x06\x1e", 12);
  const auto image = DecodeImage(png);
  ASSERT_FALSE(image);
  EXPECT_TRUE(image.error().code() == ErrorCode::kLimit ||
              image.error().code() == ErrorCode::kMalformed)
      << image.error().message();
}

}  // namespace
}  // namespace stemma
