#include "archive/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace stemma {
namespace {

Error Failure(std::string_view doing, const std::filesystem::path& path) {
  const int code = errno;
  const ErrorCode kind = code == ENOSPC || code == EDQUOT ? ErrorCode::kNoSpace
                         : code == ENOENT                 ? ErrorCode::kNotFound
                         : code == ELOOP                  ? ErrorCode::kRefused
                                                          : ErrorCode::kIo;
  return Error(kind, std::string(doing) + " " + path.string() + ": " +
                         std::generic_category().message(code));
}

// An open file descriptor, closed at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_;
};

Status WriteAll(int file, std::string_view bytes,
                const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failure("writing", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file) != 0) return Failure("syncing", path);
  return {};
}

}  // namespace

Status SyncFolder(const std::filesystem::path& folder) {
  const std::filesystem::path& name = folder.empty() ? "." : folder;
  const Descriptor file(
      ::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file || ::fsync(file.get()) != 0) return Failure("syncing", name);
  return {};
}

Status MakeFolderDurably(const std::filesystem::path& folder) {
  std::error_code ignored;
  if (folder.empty() || std::filesystem::is_directory(folder, ignored)) {
    return {};
  }
  const std::filesystem::path above = folder.has_filename()
                                          ? folder.parent_path()
                                          : folder.parent_path().parent_path();
  STEMMA_CHECK_OK(MakeFolderDurably(above));
  if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) {
    return Failure("making folder", folder);
  }
  return SyncFolder(above);
}

Status WriteDurably(const std::filesystem::path& path, std::string_view bytes,
                    unsigned int mode) {
  const std::filesystem::path folder = path.parent_path();
  STEMMA_CHECK_OK(MakeFolderDurably(folder));
  const std::filesystem::path beside = path.string() + ".tmp";
  ::unlink(beside.c_str());
  {
    const Descriptor file(::open(beside.c_str(),
                                 O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                                 static_cast<mode_t>(mode)));
    if (!file) return Failure("creating", beside);
    if (Status written = WriteAll(file.get(), bytes, beside); !written) {
      ::unlink(beside.c_str());
      return written;
    }
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) {
    const Error error = Failure("renaming to", path);
    ::unlink(beside.c_str());
    return error;
  }
  return SyncFolder(folder);
}

Result<std::string> ReadRegularFile(const std::filesystem::path& path,
                                    std::size_t max_bytes) {
  // O_NONBLOCK: a FIFO put in the place of a file must not hang us.
  const Descriptor file(
      ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return Failure("opening", path);
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return Failure("reading", path);
  if (!S_ISREG(info.st_mode)) {
    return Error(ErrorCode::kRefused, path.string() + ": not a regular file");
  }
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size > max_bytes) {
    return Error(ErrorCode::kLimit,
                 path.string() + ": " + std::to_string(size) +
                     " bytes, more than " + std::to_string(max_bytes));
  }
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::read(file.get(), bytes.data() + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failure("reading", path);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace stemma
