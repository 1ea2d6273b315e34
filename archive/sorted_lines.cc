#include "archive/sorted_lines.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <memory>
#include <queue>
#include <span>
#include <utility>

namespace stemma {
namespace {

// A run on disk: for each line its length in 4 bytes, host order, and its
// bytes. Nobody but this process reads it.
constexpr std::size_t kLength = sizeof(std::uint32_t);

class RunReader {
 public:
  RunReader(const ScratchFile& file, std::uint64_t at, std::uint64_t end,
            std::size_t buffer)
      : file_(file), at_(at), end_(end), buffer_(buffer) {}

  // The next line; false after the last.
  Result<bool> Next() {
    if (bytes_.size() - from_ == 0 && at_ == end_) return false;
    STEMMA_CHECK_OK(Need(kLength));
    std::uint32_t size = 0;
    std::memcpy(&size, bytes_.data() + from_, kLength);
    from_ += kLength;
    STEMMA_CHECK_OK(Need(size));
    line_ = std::string_view(bytes_).substr(from_, size);
    from_ += size;
    return true;
  }
  std::string_view line() const { return line_; }

 private:
  Status Need(std::size_t size) {
    const std::size_t there = bytes_.size() - from_;
    if (there >= size) return {};
    bytes_.erase(0, from_);
    from_ = 0;
    const auto more = static_cast<std::size_t>(
        std::min<std::uint64_t>(end_ - at_, std::max(buffer_, size - there)));
    if (there + more < size) {
      return Error(ErrorCode::kIo, "sorting: a run on disk is cut short");
    }
    bytes_.resize(there + more);
    STEMMA_CHECK_OK(file_.ReadAt(at_, std::span(bytes_).subspan(there, more)));
    at_ += more;
    return {};
  }

  const ScratchFile& file_;
  std::uint64_t at_, end_;
  std::size_t buffer_, from_ = 0;
  std::string bytes_;
  std::string_view line_;
};

}  // namespace

Status SortedLines::Add(std::string_view line) {
  if (line.size() > std::numeric_limits<std::uint32_t>::max()) {
    return Error(ErrorCode::kLimit, "sorting: a line is over 4 GiB");
  }
  const std::size_t used = text_.size() + pieces_.size() * sizeof(Piece);
  if (!pieces_.empty() && used + line.size() > memory_) {
    STEMMA_CHECK_OK(Spill());
  }
  pieces_.push_back({text_.size(), static_cast<std::uint32_t>(line.size())});
  text_ += line;
  ++size_;
  return {};
}

void SortedLines::Sort() {
  std::sort(
      pieces_.begin(), pieces_.end(),
      [this](const Piece& a, const Piece& b) { return TextOf(a) < TextOf(b); });
}

Status SortedLines::Spill() {
  if (!file_) {
    STEMMA_TRY(file_, ScratchFile::Create(folder_));
  }
  Sort();
  constexpr std::size_t kWriteBytes = 1 << 20;
  std::string out;
  Run run{file_->size(), 0};
  for (const Piece& piece : pieces_) {
    const auto size = std::bit_cast<std::array<char, kLength>>(piece.size);
    out.append(size.data(), size.size());
    out += TextOf(piece);
    if (out.size() < kWriteBytes) continue;
    STEMMA_CHECK_OK(file_->Append(out));
    out.clear();
  }
  STEMMA_CHECK_OK(file_->Append(out));
  run.end = file_->size();
  runs_.push_back(run);
  text_.clear();
  pieces_.clear();
  return {};
}

Status SortedLines::Drain(
    const std::function<Status(std::string_view line)>& take) {
  Status done;
  if (runs_.empty()) {
    Sort();
    for (const Piece& piece : pieces_) {
      if (done = take(TextOf(piece)); !done) break;
    }
  } else {
    done = Spill();
    text_ = {};
    pieces_ = {};
    if (done) done = Merge(take);
  }
  *this = SortedLines(folder_, memory_);
  return done;
}

Status SortedLines::Merge(const std::function<Status(std::string_view)>& take) {
  constexpr std::size_t kLeast = 4 << 10, kMost = 256 << 10;
  const std::size_t buffer = std::clamp(memory_ / runs_.size(), kLeast, kMost);
  std::vector<std::unique_ptr<RunReader>> readers;
  const auto later = [](const RunReader* a, const RunReader* b) {
    return a->line() > b->line();
  };
  std::priority_queue<RunReader*, std::vector<RunReader*>, decltype(later)>
      heads(later);
  for (const Run& run : runs_) {
    readers.push_back(
        std::make_unique<RunReader>(*file_, run.at, run.end, buffer));
    STEMMA_TRY(const bool any, readers.back()->Next());
    if (any) heads.push(readers.back().get());
  }
  while (!heads.empty()) {
    RunReader* const least = heads.top();
    heads.pop();
    STEMMA_CHECK_OK(take(least->line()));
    STEMMA_TRY(const bool more, least->Next());
    if (more) heads.push(least);
  }
  return {};
}

}  // namespace stemma
