#include "core/chunked.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/percent_encoding.h"

namespace stemma {

void ChunkWalker::Break(std::string why) {
  state_ = State::kBroken;
  why_ = std::move(why);
}

// Takes one byte of a chunk size line; false when it broke the body.
bool ChunkWalker::TakeSizeByte(char c) {
  const int digit = HexDigitValue(c);
  if (digit >= 0 && !size_ended_) {
    if (++digits_ > 16) {
      Break("chunk size beyond 64 bits");
      return false;
    }
    size_ = size_ << 4 | static_cast<std::uint64_t>(digit);
    return true;
  }
  if (digits_ == 0) {
    Break("chunk size is not a hexadecimal number");
    return false;
  }
  if (c == ' ' || c == '\t') {
    size_ended_ = true;
  } else if (c == ';') {
    state_ = State::kExtension;
  } else if (c == '\r') {
    state_ = State::kSizeLf;
  } else if (c == '\n') {
    state_ = size_ == 0 ? State::kTrailer : State::kData;
    left_ = size_;
  } else {
    Break("chunk size is not a hexadecimal number");
    return false;
  }
  return true;
}

void ChunkWalker::TakeTrailerByte(char c) {
  if (++trailer_bytes_ > max_trailer_bytes_) {
    return Break(fmt::format("trailers beyond {} bytes", max_trailer_bytes_));
  }
  if (c == '\n') {
    if (trailer_line_ == 0) {
      state_ = State::kDone;
    }
    trailer_line_ = 0;
  } else if (c != '\r') {
    ++trailer_line_;
  }
}

ChunkWalker ChunkWalker::InChunk(std::uint64_t left) {
  ChunkWalker walker;
  walker.state_ = State::kData;
  walker.left_ = left;
  return walker;
}

void ChunkWalker::Skip(std::uint64_t size) {
  left_ -= std::min(size, left_);
  if (left_ == 0 && state_ == State::kData) state_ = State::kDataCr;
}

std::size_t ChunkWalker::Feed(std::string_view bytes, std::string* payload) {
  return Walk(bytes, [payload](std::string_view part) {
    if (payload != nullptr) payload->append(part);
  });
}

std::size_t ChunkWalker::Walk(
    std::string_view bytes, const std::function<void(std::string_view)>& see) {
  std::size_t i = 0;
  while (i < bytes.size()) {
    const char c = bytes[i];
    switch (state_) {
      case State::kSize:
        if (!TakeSizeByte(c)) return i;
        ++i;
        break;
      case State::kExtension: {
        const std::size_t lf = bytes.find('\n', i);
        if (lf == std::string_view::npos) return bytes.size();
        i = lf + 1;
        state_ = size_ == 0 ? State::kTrailer : State::kData;
        left_ = size_;
        break;
      }
      case State::kSizeLf:
        if (c != '\n') {
          Break("a bare CR in a chunk size line");
          return i;
        }
        ++i;
        state_ = size_ == 0 ? State::kTrailer : State::kData;
        left_ = size_;
        break;
      case State::kData: {
        const std::size_t take = static_cast<std::size_t>(
            std::min<std::uint64_t>(left_, bytes.size() - i));
        see(bytes.substr(i, take));
        i += take;
        left_ -= take;
        if (left_ == 0) state_ = State::kDataCr;
        break;
      }
      case State::kDataCr:
        if (c != '\r' && c != '\n') {
          Break("no line end after the chunk's data");
          return i;
        }
        ++i;
        state_ = c == '\r' ? State::kDataLf : State::kSize;
        size_ = 0;
        digits_ = 0;
        size_ended_ = false;
        break;
      case State::kDataLf:
        if (c != '\n') {
          Break("no line end after the chunk's data");
          return i;
        }
        ++i;
        state_ = State::kSize;
        break;
      case State::kTrailer:
        TakeTrailerByte(c);
        if (state_ == State::kBroken) return i;
        ++i;
        break;
      case State::kDone:
      case State::kBroken:
        return i;
    }
  }
  return i;
}

}  // namespace stemma
