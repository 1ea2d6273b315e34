// Lines in the order of their bytes, however many: what does not fit in memory
// waits on disk as sorted runs that are merged at the end (external merge sort,
// Knuth, The Art of Computer Programming, volume 3, section 5.4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/scratch_file.h"
#include "core/result.h"

namespace stemma {

class SortedLines {
 public:
  // Runs are written in `folder`, which must exist once they are, to a file
  // without a name: nothing of it stays, whatever happens. `memory` bytes are
  // used, a little more for each gigabyte of lines.
  explicit SortedLines(std::filesystem::path folder,
                       std::size_t memory = std::size_t{24} << 20)
      : folder_(std::move(folder)), memory_(memory) {}

  // A line of at most 4 GiB, without its end. kNoSpace and kIo from the disk.
  Status Add(std::string_view line);
  std::uint64_t size() const { return size_; }

  // Gives each line in order, equal ones as often as they were added, and is
  // empty then. Ends with the first error of `take`.
  Status Drain(const std::function<Status(std::string_view line)>& take);

 private:
  struct Piece {
    std::size_t at;
    std::uint32_t size;
  };
  struct Run {
    std::uint64_t at, end;
  };
  std::string_view TextOf(const Piece& piece) const {
    return std::string_view(text_).substr(piece.at, piece.size);
  }
  void Sort();
  Status Spill();
  Status Merge(const std::function<Status(std::string_view)>& take);

  std::filesystem::path folder_;
  std::size_t memory_;
  std::string text_;
  std::vector<Piece> pieces_;
  std::optional<ScratchFile> file_;
  std::vector<Run> runs_;
  std::uint64_t size_ = 0;
};

}  // namespace stemma
