// The tiles of a log on disk against its leaves.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "archive/evidence_log.h"
#include "core/digest.h"

namespace stemma {

// Compares the tiles on disk with the leaves as they go by; keeps one tile a
// level.
class TileComparer {
 public:
  // `size`: events the tiles cover; 0: none are compared.
  TileComparer(std::filesystem::path manifest, std::uint64_t size,
               FindingList& findings);

  void Leaf(std::uint64_t index, const Sha256& hash) {
    if (index < size_) Add(0, hash);
  }

  // `expected`: an archive whose tiles should be there.
  void Finish(bool expected);

 private:
  struct Level {
    std::vector<Sha256> hashes;
    std::uint64_t index = 0;
  };

  void CollectFiles();
  void FollowFiles();
  void Add(std::size_t level, const Sha256& hash);
  void Close(std::size_t level);

  std::filesystem::path manifest_;
  std::uint64_t size_;
  FindingList& findings_;
  std::vector<Level> levels_;
  std::set<std::string> files_;
  std::vector<std::string> missing_names_;
  std::uint64_t compared_ = 0, missing_ = 0;
};

}  // namespace stemma
