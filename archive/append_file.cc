#include "archive/append_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace stemma {
namespace {

Error Failure(std::string_view doing, const std::filesystem::path& path,
              int code) {
  const bool full = code == ENOSPC || code == EDQUOT || code == EFBIG;
  return Error(full             ? ErrorCode::kNoSpace
               : code == ENOENT ? ErrorCode::kNotFound
                                : ErrorCode::kIo,
               fmt::format("{} {}: {}", doing, path.string(),
                           std::generic_category().message(code)));
}

}  // namespace

Result<AppendFile> AppendFile::Create(const std::filesystem::path& path) {
  const int descriptor =
      ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (descriptor < 0) return Failure("creating", path, errno);
  return AppendFile(descriptor, path, 0);
}

Result<AppendFile> AppendFile::OpenExisting(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return Failure("opening", path, errno);
  struct stat facts{};
  if (::fstat(descriptor, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    const int code = errno;
    ::close(descriptor);
    return Failure("looking at", path, code == 0 ? EINVAL : code);
  }
  return AppendFile(descriptor, path,
                    static_cast<std::uint64_t>(facts.st_size));
}

AppendFile::AppendFile(AppendFile&& other) noexcept {
  *this = std::move(other);
}

AppendFile& AppendFile::operator=(AppendFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  path_ = std::move(other.path_);
  size_ = other.size_;
  writes_ = other.writes_;
  synced_ = other.synced_;
  dirty_ = other.dirty_;
  failed_ = std::move(other.failed_);
  return *this;
}

AppendFile::~AppendFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Error AppendFile::Failed(std::string_view doing, int code) {
  failed_ = Failure(doing, path_, code);
  return *failed_;
}

Status AppendFile::WriteAt(std::uint64_t at, std::string_view bytes) {
  if (failed_) return *failed_;
  dirty_ = true;
  ++writes_;
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(),
                                     static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failed("writing", errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
  return {};
}

Result<std::uint64_t> AppendFile::Append(std::string_view bytes) {
  const std::uint64_t at = size_;
  if (Status written = WriteAt(at, bytes); !written) {
    // Best effort: what is half written is put aside at the next start too.
    if (::ftruncate(descriptor_, static_cast<off_t>(synced_)) == 0) {
      size_ = synced_;
    }
    return std::move(written).error();
  }
  size_ = at + bytes.size();
  return at;
}

Status AppendFile::Overwrite(std::uint64_t at, std::string_view bytes) {
  return WriteAt(at, bytes);
}

Status AppendFile::Truncate(std::uint64_t size) {
  if (failed_) return *failed_;
  if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) {
    return Failed("cutting", errno);
  }
  size_ = size;
  synced_ = std::min(synced_, size);
  dirty_ = true;
  ++writes_;
  return {};
}

Status AppendFile::Sync() {
  if (failed_) return *failed_;
  if (!dirty_) return {};
  SyncMark mark = BeginSync();
  RunSync(mark);
  return EndSync(mark);
}

void AppendFile::RunSync(SyncMark& mark) const {
  mark.error = ::fdatasync(descriptor_) == 0 ? 0 : errno;
}

Status AppendFile::EndSync(const SyncMark& mark) {
  if (failed_) return *failed_;
  if (mark.error != 0) {
    const Error error = Failed("syncing", mark.error);
    // The kernel may now call the lost pages clean. Without them in the file
    // the next start cannot mistake them for stored bytes.
    if (::ftruncate(descriptor_, static_cast<off_t>(synced_)) == 0) {
      size_ = synced_;
    }
    return error;
  }
  synced_ = std::min(mark.size, size_);
  dirty_ = writes_ != mark.writes;
  return {};
}

Result<std::string> AppendFile::ReadAt(std::uint64_t at,
                                       std::size_t size) const {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = ::pread(descriptor_, bytes.data() + done, size - done,
                              static_cast<off_t>(at + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failure("reading", path_, errno);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace stemma
