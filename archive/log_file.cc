#include "archive/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

#include "archive/event_line.h"

namespace stemma {
namespace {

constexpr std::size_t kPiece = 4096;

// "seq" of a line, without reading all of it as JSON: a key of the outermost
// object, which in canonical text can only be found by walking. Most lines
// have it once; where a nested one comes first, walking decides.
std::optional<std::uint64_t> SeqOf(std::string_view line) {
  constexpr std::string_view kKey = "\"seq\":";
  const std::size_t first = line.find(kKey);
  if (first == std::string_view::npos) return std::nullopt;
  if (line.find(kKey, first + 1) == std::string_view::npos) {
    const std::string_view rest = line.substr(first + kKey.size());
    std::uint64_t seq = 0;
    const auto [end, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), seq);
    if (error != std::errc() || end == rest.data() + rest.size()) {
      return std::nullopt;
    }
    return seq;
  }
  EventView view;
  if (!view.Read(line)) return std::nullopt;
  return view.Number("seq");
}

}  // namespace

Result<LogFile> LogFile::Open(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (file < 0) {
    const int code = errno;
    return Error(code == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                 "opening " + path.string() + ": " +
                     std::generic_category().message(code));
  }
  LogFile log(file, path);
  STEMMA_CHECK_OK(log.Measure());
  return log;
}

LogFile::LogFile(LogFile&& other) noexcept
    : file_(std::exchange(other.file_, -1)),
      path_(std::move(other.path_)),
      whole_(other.whole_),
      lines_(other.lines_) {}

LogFile& LogFile::operator=(LogFile&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(path_, other.path_);
  std::swap(whole_, other.whole_);
  std::swap(lines_, other.lines_);
  return *this;
}

LogFile::~LogFile() {
  if (file_ >= 0) ::close(file_);
}

Result<std::string> LogFile::ReadAt(std::uint64_t at, std::size_t size) const {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(file_, bytes.data() + done, size - done,
                                static_cast<off_t>(at + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return Error(ErrorCode::kIo, "reading " + path_.string() + ": " +
                                       std::generic_category().message(errno));
    }
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

Status LogFile::Measure() {
  struct stat info{};
  if (::fstat(file_, &info) != 0) {
    return Error(ErrorCode::kIo, "reading " + path_.string());
  }
  // The last LF: what follows it is a torn line.
  std::uint64_t end = static_cast<std::uint64_t>(info.st_size);
  while (end > 0) {
    const std::size_t size = std::min<std::uint64_t>(end, kPiece);
    STEMMA_TRY(const std::string piece, ReadAt(end - size, size));
    const std::size_t at = piece.rfind('\n');
    if (at != std::string::npos) {
      whole_ = end - size + at + 1;
      break;
    }
    end -= size;
  }
  if (whole_ == 0) return {};
  STEMMA_TRY(const Place last, LineAround(whole_ - 1));
  lines_ = last.seq + 1;
  return {};
}

Result<LogFile::Place> LogFile::LineAround(std::uint64_t at) const {
  Place place;
  // Backwards to the LF before `at`, forwards to the one at or after it.
  place.begin = 0;
  for (std::uint64_t end = at; end > 0;) {
    const std::size_t size = std::min<std::uint64_t>(end, kPiece);
    STEMMA_TRY(const std::string piece, ReadAt(end - size, size));
    const std::size_t lf = piece.rfind('\n');
    if (lf != std::string::npos) {
      place.begin = end - size + lf + 1;
      break;
    }
    end -= size;
  }
  place.end = place.begin;
  std::string line;
  while (place.end < whole_) {
    STEMMA_TRY(const std::string piece, ReadAt(place.end, kPiece));
    const std::size_t lf = piece.find('\n');
    line += piece.substr(0, lf);
    place.end += lf == std::string::npos ? piece.size() : lf;
    if (lf != std::string::npos || piece.empty()) break;
    if (line.size() > kMaxLineBytes) break;
  }
  const std::optional<std::uint64_t> seq = SeqOf(line);
  if (!seq) {
    return Error(ErrorCode::kCorrupt, path_.string() + ": the line at byte " +
                                          std::to_string(place.begin) +
                                          " does not say its seq");
  }
  place.seq = *seq;
  return place;
}

Result<LogFile::Place> LogFile::Find(std::uint64_t seq) const {
  if (seq >= lines_) {
    return Error(ErrorCode::kNotFound,
                 "the log has no event " + std::to_string(seq));
  }
  // Invariant: the line begins in [low, high).
  std::uint64_t low = 0;
  std::uint64_t high = whole_;
  std::uint64_t low_seq = 0;
  std::uint64_t high_seq = lines_;
  for (bool guess = true; low < high; guess = !guess) {
    // Lines are of similar length: every other probe interpolates.
    std::uint64_t middle = low + (high - low) / 2;
    if (guess && high_seq > low_seq) {
      const double part = static_cast<double>(seq - low_seq) /
                          static_cast<double>(high_seq - low_seq);
      middle = low + static_cast<std::uint64_t>(
                         part * static_cast<double>(high - low));
      middle = std::min(middle, high - 1);
    }
    STEMMA_TRY(const Place place, LineAround(middle));
    if (place.seq == seq) return place;
    if (place.seq < seq) {
      low = place.end + 1;
      low_seq = place.seq + 1;
    } else {
      high = place.begin;
      high_seq = place.seq;
    }
    if (seq < low_seq || seq >= high_seq) break;
  }
  return Error(ErrorCode::kCorrupt, path_.string() + ": event " +
                                        std::to_string(seq) +
                                        " is not where it belongs");
}

Result<std::string> LogFile::Line(std::uint64_t seq) {
  STEMMA_TRY(const Place place, Find(seq));
  return ReadAt(place.begin, place.end - place.begin);
}

Status LogFile::ForEachFrom(
    std::uint64_t seq,
    const std::function<Status(std::uint64_t seq, std::string_view line)>&
        visit) {
  if (seq >= lines_) return {};
  STEMMA_TRY(const Place first, Find(seq));
  std::uint64_t at = first.begin;
  std::string carry;
  while (at < whole_) {
    const std::size_t size =
        std::min<std::uint64_t>(whole_ - at, std::size_t{1} << 20);
    STEMMA_TRY(const std::string piece, ReadAt(at, size));
    if (piece.empty()) break;
    at += piece.size();
    std::string_view rest = piece;
    for (std::size_t lf = rest.find('\n'); lf != std::string_view::npos;
         lf = rest.find('\n')) {
      carry += rest.substr(0, lf);
      STEMMA_CHECK_OK(visit(seq++, carry));
      carry.clear();
      rest.remove_prefix(lf + 1);
    }
    carry += rest;
  }
  return {};
}

}  // namespace stemma
