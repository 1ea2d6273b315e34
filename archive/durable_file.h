// Files that are either there in full or not there at all, also after a power
// cut: written beside, synced, renamed, and the folder synced.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/result.h"

namespace stemma {

// A file that is written piece by piece beside `path` and put there by Commit.
class DurableFile {
 public:
  // Makes missing folders. `mode` is the permission bits of the new file.
  static Result<DurableFile> Begin(std::filesystem::path path,
                                   unsigned int mode = 0644);
  DurableFile(DurableFile&& other) noexcept;
  DurableFile& operator=(DurableFile&& other) = delete;
  // Without Commit nothing has happened.
  ~DurableFile();

  // kNoSpace when the disk is full, kIo otherwise; then there is nothing left
  // to do but to drop it.
  Status Append(std::string_view bytes);
  // In the place of what was there; durable when it returns.
  Status Commit();

 private:
  DurableFile(int descriptor, std::filesystem::path path)
      : descriptor_(descriptor), path_(std::move(path)) {}
  std::filesystem::path Beside() const { return path_.string() + ".tmp"; }

  int descriptor_ = -1;
  std::filesystem::path path_;
};

// Puts `bytes` at `path`, replacing what was there; makes missing folders.
// kNoSpace when the disk is full, kIo otherwise; then the old file still
// stands. `mode` is the permission bits of the new file.
Status WriteDurably(const std::filesystem::path& path, std::string_view bytes,
                    unsigned int mode = 0644);

// kRefused if something is at `path` already.
Status RefuseToReplace(const std::filesystem::path& path);

// Makes a folder and those above it where they are missing; their names are
// durable then.
Status MakeFolderDurably(const std::filesystem::path& folder);

// Syncs a folder, so that names made or changed in it are durable.
Status SyncFolder(const std::filesystem::path& folder);

// All bytes of a regular file; a symbolic link is refused (kRefused), as is
// anything else that is not a regular file. kNotFound, kLimit, kIo.
Result<std::string> ReadRegularFile(const std::filesystem::path& path,
                                    std::size_t max_bytes);

}  // namespace stemma
