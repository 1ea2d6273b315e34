#include "archive/scratch_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace stemma {

Error ScratchFile::Failed(std::string_view doing) const {
  const int code = errno;
  return Error(
      code == ENOSPC || code == EDQUOT ? ErrorCode::kNoSpace : ErrorCode::kIo,
      fmt::format("{} a scratch file in {}: {}", doing, folder_.string(),
                  std::generic_category().message(code)));
}

Result<ScratchFile> ScratchFile::Create(const std::filesystem::path& folder) {
  const std::filesystem::path where = folder.empty() ? "." : folder;
  ScratchFile file(::open(where.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600),
                   where);
  if (file.descriptor_ < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
    // Some network file systems know no files without a name.
    std::string name = (where / ".scratch-XXXXXX").string();
    file.descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
    if (file.descriptor_ >= 0) ::unlink(name.c_str());
  }
  if (file.descriptor_ < 0) return file.Failed("creating");
  return file;
}

ScratchFile::ScratchFile(ScratchFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      folder_(std::move(other.folder_)),
      size_(other.size_) {}

ScratchFile& ScratchFile::operator=(ScratchFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(folder_, other.folder_);
  std::swap(size_, other.size_);
  return *this;
}

ScratchFile::~ScratchFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Status ScratchFile::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(descriptor_, bytes.data(), bytes.size(),
                               static_cast<off_t>(size_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("writing");
    bytes.remove_prefix(static_cast<std::size_t>(n));
    size_ += static_cast<std::uint64_t>(n);
  }
  return {};
}

Status ScratchFile::ReadAt(std::uint64_t at, std::span<char> out) const {
  while (!out.empty()) {
    const ssize_t n =
        ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("reading");
    if (n == 0) {
      return Error(ErrorCode::kIo, fmt::format("reading a scratch file in {}: "
                                               "it ends early",
                                               folder_.string()));
    }
    out = out.subspan(static_cast<std::size_t>(n));
    at += static_cast<std::uint64_t>(n);
  }
  return {};
}

}  // namespace stemma
