#include "archive/gzip_lines.h"

#include <fmt/format.h>
#include <zlib.h>

#include <filesystem>
#include <memory>
#include <string>

namespace stemma {

Status ForEachLineOf(const std::filesystem::path& path,
                     const std::function<Status(std::string_view)>& take,
                     std::size_t max_line) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path, failed)) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("{} is no file", path.string()));
  }
  // gzread gives the bytes of a file that is not gzipped as they are.
  const std::unique_ptr<gzFile_s, decltype(&gzclose)> file(
      gzopen(path.c_str(), "rb"), gzclose);
  if (!file) return Error(ErrorCode::kIo, "opening " + path.string());
  gzbuffer(file.get(), 256 << 10);
  std::string line, piece(256 << 10, '\0');
  while (true) {
    const int got =
        gzread(file.get(), piece.data(), static_cast<unsigned>(piece.size()));
    if (got < 0) {
      int code = 0;
      return Error(ErrorCode::kMalformed,
                   fmt::format("reading {}: {}", path.string(),
                               gzerror(file.get(), &code)));
    }
    if (got == 0) break;
    std::string_view bytes(piece.data(), static_cast<std::size_t>(got));
    for (std::size_t end; (end = bytes.find('\n')) != std::string_view::npos;
         bytes.remove_prefix(end + 1)) {
      line += bytes.substr(0, end);
      STEMMA_CHECK_OK(take(line));
      line.clear();
    }
    line += bytes;
    if (line.size() > max_line) {
      return Error(ErrorCode::kLimit,
                   fmt::format("{}: a line of more than {} bytes",
                               path.string(), max_line));
    }
  }
  int code = 0;
  gzerror(file.get(), &code);
  if (code == Z_BUF_ERROR) {
    return Error(ErrorCode::kMalformed, path.string() + " is cut short");
  }
  return line.empty() ? Status() : take(line);
}

}  // namespace stemma
