#include "cli/file_blob.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace stemma::cli {
namespace {

struct OpenFile {
  explicit OpenFile(int descriptor) : fd(descriptor) {}
  ~OpenFile() { ::close(fd); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int fd;
};

}  // namespace

Result<Blob> FileBlob(const std::string& path) {
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return Error(
        errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
        fmt::format("cannot open '{}': {}", path, std::strerror(errno)));
  }
  const auto file = std::make_shared<const OpenFile>(fd);
  struct stat info{};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("'{}' is not a regular file", path));
  }
  return Blob(static_cast<std::uint64_t>(info.st_size),
              [file, path](std::uint64_t offset,
                           std::span<char> out) -> Result<std::size_t> {
                for (;;) {
                  const ssize_t n = ::pread(file->fd, out.data(), out.size(),
                                            static_cast<off_t>(offset));
                  if (n >= 0) return static_cast<std::size_t>(n);
                  if (errno == EINTR) continue;
                  return Error(ErrorCode::kIo,
                               fmt::format("reading '{}' at {}: {}", path,
                                           offset, std::strerror(errno)));
                }
              });
}

}  // namespace stemma::cli
