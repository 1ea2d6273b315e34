#include "trace/cache_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "hash/sha256.h"

namespace stemma {

struct CacheFile::Bytes {
  std::string name;
  std::string held;     // of FromBytes
  void* map = nullptr;  // of Open
  const unsigned char* data = nullptr;
  std::size_t size = 0;  // with the digest
  ~Bytes() {
    if (map) ::munmap(map, size);
  }
};

CacheFile::CacheFile(std::unique_ptr<Bytes> bytes) : bytes_(std::move(bytes)) {}
CacheFile::CacheFile(CacheFile&&) noexcept = default;
CacheFile& CacheFile::operator=(CacheFile&&) noexcept = default;
CacheFile::~CacheFile() = default;

const unsigned char* CacheFile::data() const { return bytes_->data; }
std::uint64_t CacheFile::size() const { return bytes_->size - kDigest; }
const std::string& CacheFile::name() const { return bytes_->name; }

Result<CacheFile> CacheFile::Open(const std::filesystem::path& file,
                                  std::string_view magic) {
  const auto trouble = [&](std::string_view what) {
    return Error(
        errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
        fmt::format("{} {}: {}", what, file.string(), std::strerror(errno)));
  };
  const int descriptor =
      ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return trouble("opening");
  auto bytes = std::make_unique<Bytes>();
  bytes->name = file.string();
  struct stat facts{};
  if (::fstat(descriptor, &facts) != 0) {
    const Error error = trouble("reading");
    ::close(descriptor);
    return error;
  }
  bytes->size = static_cast<std::size_t>(facts.st_size);
  if (bytes->size > 0) {
    void* map =
        ::mmap(nullptr, bytes->size, PROT_READ, MAP_SHARED, descriptor, 0);
    if (map == MAP_FAILED) {
      const Error error = trouble("mapping");
      ::close(descriptor);
      return error;
    }
    bytes->map = map;
    bytes->data = static_cast<const unsigned char*>(map);
  }
  ::close(descriptor);
  CacheFile opened(std::move(bytes));
  STEMMA_CHECK_OK(opened.Check(magic));
  return opened;
}

Result<CacheFile> CacheFile::FromBytes(std::string held,
                                       std::string_view magic) {
  auto bytes = std::make_unique<Bytes>();
  bytes->name = "in memory";
  bytes->held = std::move(held);
  bytes->data = reinterpret_cast<const unsigned char*>(bytes->held.data());
  bytes->size = bytes->held.size();
  CacheFile opened(std::move(bytes));
  STEMMA_CHECK_OK(opened.Check(magic));
  return opened;
}

Status CacheFile::Check(std::string_view magic) const {
  const auto corrupt = [&](std::string_view what) {
    return Error(ErrorCode::kCorrupt,
                 fmt::format("{}: {}; delete it and run stemma reindex",
                             bytes_->name, what));
  };
  if (bytes_->size < kMagic + kDigest) return corrupt("too short");
  const std::string_view all(reinterpret_cast<const char*>(bytes_->data),
                             bytes_->size);
  if (!all.starts_with(magic)) return corrupt("not a file of this version");
  const Sha256 digest = Sha256Of(all.substr(0, all.size() - kDigest));
  if (BytesOf(digest) != all.substr(all.size() - kDigest)) {
    return corrupt("its digest differs");
  }
  return {};
}

std::string WithDigest(std::string bytes) {
  const Sha256 digest = Sha256Of(bytes);
  bytes += BytesOf(digest);
  return bytes;
}

}  // namespace stemma
