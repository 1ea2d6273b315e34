// Replays every seed, and every seed cut and damaged, through its property.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <vector>

#include "tests/fuzz/fuzz_target.h"

namespace stemma::fuzz {

std::map<std::string, Property>& Targets() {
  static std::map<std::string, Property> targets;
  return targets;
}

void Require(bool holds, std::string_view what) { EXPECT_TRUE(holds) << what; }

namespace {

namespace fs = std::filesystem;

// Runs on a copy of exactly the size, so that a sanitizer sees the first byte
// too many.
void RunOn(Property property, std::string_view bytes) {
  const auto exact =
      std::make_unique<char[]>(std::max<std::size_t>(bytes.size(), 1));
  std::copy(bytes.begin(), bytes.end(), exact.get());
  property({exact.get(), bytes.size()});
}

std::vector<fs::path> SeedsOf(const std::string& target) {
  std::vector<fs::path> seeds;
  const fs::path folder =
      fs::path(STEMMA_SOURCE_DIR) / "tests/fuzz/seeds" / target;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename() != ".gitkeep") seeds.push_back(entry.path());
  }
  std::sort(seeds.begin(), seeds.end());
  return seeds;
}

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Replay : public testing::TestWithParam<std::string> {
 protected:
  // At most this many places of a seed are damaged, evenly spread.
  static constexpr std::size_t kPlaces = 96;

  void ForEachPlace(const std::function<void(const std::string& seed,
                                             std::size_t place)>& visit) {
    for (const fs::path& path : SeedsOf(GetParam())) {
      SCOPED_TRACE(path.filename().string());
      const std::string seed = ReadFile(path);
      const std::size_t step = std::max<std::size_t>(seed.size() / kPlaces, 1);
      for (std::size_t at = 0; at < seed.size(); at += step) {
        visit(seed, at);
        if (HasFailure()) {
          ADD_FAILURE() << "at byte " << at;
          return;
        }
      }
    }
  }

  Property property_ = Targets().at(GetParam());
};

TEST_P(Replay, Seeds) {
  const std::vector<fs::path> seeds = SeedsOf(GetParam());
  ASSERT_FALSE(seeds.empty());
  RunOn(property_, "");
  for (const fs::path& path : seeds) {
    SCOPED_TRACE(path.filename().string());
    RunOn(property_, ReadFile(path));
  }
}

TEST_P(Replay, SeedsCutShort) {
  ForEachPlace([&](const std::string& seed, std::size_t place) {
    RunOn(property_, std::string_view(seed).substr(0, place));
  });
}

TEST_P(Replay, SeedsWithOneByteChanged) {
  ForEachPlace([&](const std::string& seed, std::size_t place) {
    std::string damaged = seed;
    for (const int byte : {0x00, 0xFF, 0x80, 0x0A, 0x3C}) {
      damaged[place] = static_cast<char>(byte);
      RunOn(property_, damaged);
    }
    damaged[place] = static_cast<char>(seed[place] ^ 1);
    RunOn(property_, damaged);
  });
}

TEST_P(Replay, SeedsWithAPieceTwice) {
  ForEachPlace([&](const std::string& seed, std::size_t place) {
    RunOn(property_, seed.substr(0, place) + seed.substr(place / 2));
  });
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const auto& [name, property] : Targets()) names.push_back(name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, Replay, testing::ValuesIn(Names()),
                         [](const auto& seed) { return seed.param; });

}  // namespace
}  // namespace stemma::fuzz
