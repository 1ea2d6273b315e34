#include "archive/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

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

}  // namespace

Status SyncFolder(const std::filesystem::path& folder) {
  const std::filesystem::path& name = folder.empty() ? "." : folder;
  const Descriptor file(
      ::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file || ::fsync(file.get()) != 0) return Failure("syncing", name);
  return {};
}

Status RefuseToReplace(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return {};
  return Error(ErrorCode::kRefused,
               path.string() + " exists; choose another name");
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

Result<DurableFile> DurableFile::Begin(std::filesystem::path path,
                                       unsigned int mode) {
  STEMMA_CHECK_OK(MakeFolderDurably(path.parent_path()));
  DurableFile file(-1, std::move(path));
  const std::filesystem::path beside = file.Beside();
  ::unlink(beside.c_str());
  file.descriptor_ =
      ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
             static_cast<mode_t>(mode));
  if (file.descriptor_ < 0) return Failure("creating", beside);
  return file;
}

DurableFile::DurableFile(DurableFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::move(other.path_)) {}

DurableFile::~DurableFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(Beside().c_str());
}

Status DurableFile::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failure("writing", Beside());
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status DurableFile::Commit() {
  if (::fsync(descriptor_) != 0) return Failure("syncing", Beside());
  if (::rename(Beside().c_str(), path_.c_str()) != 0) {
    return Failure("renaming to", path_);
  }
  ::close(std::exchange(descriptor_, -1));
  return SyncFolder(path_.parent_path());
}

Status WriteDurably(const std::filesystem::path& path, std::string_view bytes,
                    unsigned int mode) {
  STEMMA_TRY(DurableFile file, DurableFile::Begin(path, mode));
  STEMMA_CHECK_OK(file.Append(bytes));
  return file.Commit();
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
