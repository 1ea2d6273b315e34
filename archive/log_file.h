// A log read by event number: the line of one event is found by bisection of
// the file, because every line says its own seq. Needs no index and a few
// dozen small reads, however long the log.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace stemma {

class LogFile {
 public:
  static Result<LogFile> Open(const std::filesystem::path& path);
  LogFile(LogFile&& other) noexcept;
  LogFile& operator=(LogFile&& other) noexcept;
  ~LogFile();

  // Whole lines: seq of the last one plus one. A torn line at the end does not
  // count.
  std::uint64_t lines() const { return lines_; }

  // Event `seq` as its line without LF. kNotFound beyond the end; kCorrupt
  // where a line does not say its seq.
  Result<std::string> Line(std::uint64_t seq);

  // Every whole line from `seq` on.
  Status ForEachFrom(std::uint64_t seq,
                     const std::function<Status(std::uint64_t seq,
                                                std::string_view line)>& visit);

 private:
  LogFile(int file, std::filesystem::path path) : file_(file), path_(path) {}
  struct Place {
    std::uint64_t begin = 0, end = 0;  // of a line, without its LF
    std::uint64_t seq = 0;
  };
  Result<std::string> ReadAt(std::uint64_t at, std::size_t size) const;
  // The line that holds byte `at`, or begins there.
  Result<Place> LineAround(std::uint64_t at) const;
  Result<Place> Find(std::uint64_t seq) const;
  Status Measure();

  int file_ = -1;
  std::filesystem::path path_;
  std::uint64_t whole_ = 0;  // bytes of whole lines
  std::uint64_t lines_ = 0;
};

}  // namespace stemma
