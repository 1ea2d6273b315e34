#include "archive/merkle.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace stemma {
namespace {

std::vector<Sha256> Leaves(std::size_t count) {
  std::vector<Sha256> leaves;
  for (std::size_t i = 0; i < count; ++i) {
    leaves.push_back(LeafHash(std::to_string(i)));
  }
  return leaves;
}

// RFC 9162 2.1.1, word by word, to check the clever ways against.
Sha256 SlowRoot(std::span<const Sha256> leaves) {
  if (leaves.size() == 1) return leaves[0];
  std::size_t k = 1;
  while (k * 2 < leaves.size()) k *= 2;
  return NodeHash(SlowRoot(leaves.first(k)), SlowRoot(leaves.subspan(k)));
}

// Published with Certificate Transparency.
TEST(Merkle, KnownAnswers) {
  EXPECT_EQ(LeafHash("L123456").Hex(),
            "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
  EXPECT_EQ(RootOf({}).Hex(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const std::string bytes[] = {
      "",
      std::string(1, '\0'),
      "\x10",
      "\x20\x21",
      "\x30\x31",
      "\x40\x41\x42\x43",
      "\x50\x51\x52\x53\x54\x55\x56\x57",
      "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"};
  std::vector<Sha256> leaves;
  for (const std::string& leaf : bytes) leaves.push_back(LeafHash(leaf));
  EXPECT_EQ(RootOf(leaves).Hex(),
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
}

TEST(Merkle, EveryProofOfSmallTreesHoldsAndNoOtherDoes) {
  const std::vector<Sha256> leaves = Leaves(33);
  for (std::size_t size = 1; size <= leaves.size(); ++size) {
    const auto tree = std::span(leaves).first(size);
    const NodeSource nodes = NodesOf(tree);
    const Sha256 root = RootOf(tree);
    ASSERT_EQ(root, SlowRoot(tree));
    ASSERT_EQ(root, *RootFrom(nodes, size));
    for (std::size_t i = 0; i < size; ++i) {
      std::vector<Sha256> proof = *InclusionProof(nodes, i, size);
      ASSERT_TRUE(VerifyInclusion(leaves[i], i, size, proof, root));
      EXPECT_FALSE(VerifyInclusion(leaves[i], size, size, proof, root));
      if (size > 1) {
        EXPECT_FALSE(
            VerifyInclusion(leaves[i], (i + 1) % size, size, proof, root));
      }
      proof.push_back(root);
      EXPECT_FALSE(VerifyInclusion(leaves[i], i, size, proof, root));
      proof.resize(proof.size() - 1);
      for (std::size_t p = 0; p < proof.size(); ++p) {
        std::vector<Sha256> bad = proof;
        bad[p].bytes[31] ^= 1;
        EXPECT_FALSE(VerifyInclusion(leaves[i], i, size, bad, root));
        bad.erase(bad.begin() + static_cast<std::ptrdiff_t>(p));
        EXPECT_FALSE(VerifyInclusion(leaves[i], i, size, bad, root));
      }
    }
    for (std::size_t from = 1; from <= size; ++from) {
      const Sha256 old_root = RootOf(tree.first(from));
      std::vector<Sha256> proof = *ConsistencyProof(nodes, from, size);
      ASSERT_TRUE(VerifyConsistency(from, size, old_root, root, proof));
      if (from < size) {
        EXPECT_FALSE(VerifyConsistency(from, size, root, old_root, proof));
        EXPECT_FALSE(VerifyConsistency(size, from, old_root, root, proof));
        EXPECT_FALSE(VerifyConsistency(from, size, old_root, root, {}));
      }
      for (std::size_t p = 0; p < proof.size(); ++p) {
        std::vector<Sha256> bad = proof;
        bad[p].bytes[0] ^= 0x80;
        EXPECT_FALSE(VerifyConsistency(from, size, old_root, root, bad));
      }
      proof.push_back(root);
      EXPECT_FALSE(VerifyConsistency(from, size, old_root, root, proof));
    }
  }
}

TEST(Merkle, RefusesSizesThatMeanNothing) {
  const Sha256 h = LeafHash("");
  EXPECT_FALSE(VerifyConsistency(0, 5, RootOf({}), h, {}));
  EXPECT_FALSE(VerifyConsistency(0, 0, h, h, {}));
  EXPECT_FALSE(VerifyInclusion(h, 0, 0, {}, h));
  EXPECT_FALSE(VerifyInclusion(h, 0, kMaxTreeSize, {}, h));
  EXPECT_FALSE(VerifyInclusion(h, ~std::uint64_t{0}, ~std::uint64_t{0}, {}, h));
  EXPECT_FALSE(InclusionProof(NodesOf({}), 0, 0));
  EXPECT_FALSE(ConsistencyProof(NodesOf({}), 0, 0));
}

TEST(Tiles, NamesOfTheSpecification) {
  EXPECT_EQ(TilePath(0, 5), "tile/0/005");
  EXPECT_EQ(TilePath(3, 999), "tile/3/999");
  EXPECT_EQ(TilePath(0, 1000, 232), "tile/0/x001/000.p/232");
  EXPECT_EQ(TilePath(1, 1234067), "tile/1/x001/x234/067");
}

class TilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    // Of its own: ctest runs tests side by side.
    std::string name = testing::TempDir() + "stemma_tiles.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    dir_ = std::filesystem::path(name) / "tile";
  }
  void TearDown() override { std::filesystem::remove_all(dir_.parent_path()); }

  std::filesystem::path dir_;
};

TEST_F(TilesTest, GrowInStepsAndGiveTheSameProofs) {
  const std::size_t sizes[] = {1, 255, 256, 257, 700, 66'000, 66'001};
  const std::vector<Sha256> leaves = Leaves(66'001);
  std::uint64_t old_size = 0;
  for (const std::size_t size : sizes) {
    ASSERT_TRUE(WriteTiles(dir_, old_size, size, [&](std::uint64_t i) {
      EXPECT_GE(i, old_size / kTileWidth * kTileWidth);
      return leaves.at(i);
    }));
    old_size = size;
    TileReader tiles(dir_, size);
    const Result<Sha256> root = RootFrom(tiles.Source(), size);
    ASSERT_TRUE(root) << root.error().message();
    EXPECT_EQ(*root, RootOf(std::span(leaves).first(size)));
    for (const std::size_t index : {std::size_t{0}, size / 2, size - 1}) {
      const auto proof = InclusionProof(tiles.Source(), index, size);
      ASSERT_TRUE(proof) << proof.error().message();
      EXPECT_TRUE(VerifyInclusion(leaves[index], index, size, *proof, *root));
    }
    for (const TileShape& tile : TilesOf(size)) {
      const auto path = dir_ / TilePath(tile.level, tile.index, tile.width);
      EXPECT_EQ(std::filesystem::file_size(path), tile.width * 32) << path;
    }
  }
}

TEST_F(TilesTest, AMissingTileIsSaid) {
  const std::vector<Sha256> leaves = Leaves(300);
  ASSERT_TRUE(
      WriteTiles(dir_, 0, 300, [&](std::uint64_t i) { return leaves.at(i); }));
  std::filesystem::remove(dir_ / TilePath(0, 0));
  TileReader tiles(dir_, 300);
  const auto proof = InclusionProof(tiles.Source(), 3, 300);
  ASSERT_FALSE(proof);
  EXPECT_EQ(proof.error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace stemma
