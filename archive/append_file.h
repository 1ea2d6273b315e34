// A file that grows at its end and is synced on demand. After one failed
// write or sync it refuses everything else: a sync that failed once may
// succeed the next time without the bytes being on disk ("fsyncgate").
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace stemma {

class AppendFile {
 public:
  // kIo if it exists already.
  static Result<AppendFile> Create(const std::filesystem::path& path);
  static Result<AppendFile> OpenExisting(const std::filesystem::path& path);
  AppendFile(AppendFile&& other) noexcept;
  AppendFile& operator=(AppendFile&& other) noexcept;
  ~AppendFile();

  // Adds `bytes`; gives where they begin. kNoSpace when the disk is full.
  Result<std::uint64_t> Append(std::string_view bytes);
  // Replaces bytes before the end.
  Status Overwrite(std::uint64_t at, std::string_view bytes);
  // Cuts the file.
  Status Truncate(std::uint64_t size);
  // fdatasync. Everything before it is then durable.
  Status Sync();

  // Sync in three steps, for syncing while others append: Begin and End want
  // the lock that guards this file, Run is called without it.
  struct SyncMark {
    std::uint64_t size = 0, writes = 0;
    int error = 0;
  };
  SyncMark BeginSync() const { return {size_, writes_, 0}; }
  void RunSync(SyncMark& mark) const;
  Status EndSync(const SyncMark& mark);

  Result<std::string> ReadAt(std::uint64_t at, std::size_t size) const;

  std::uint64_t size() const { return size_; }
  std::uint64_t synced_size() const { return synced_; }
  bool dirty() const { return dirty_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  AppendFile(int descriptor, std::filesystem::path path, std::uint64_t size)
      : descriptor_(descriptor),
        path_(std::move(path)),
        size_(size),
        synced_(size) {}
  Status WriteAt(std::uint64_t at, std::string_view bytes);
  Error Failed(std::string_view doing, int code);

  int descriptor_ = -1;
  std::filesystem::path path_;
  std::uint64_t size_ = 0, synced_ = 0;
  std::uint64_t writes_ = 0;  // so far, to know of those during a sync
  bool dirty_ = false;
  std::optional<Error> failed_;
};

}  // namespace stemma
