// Files that are either there in full or not there at all, also after a power
// cut: written beside, synced, renamed, and the folder synced.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/result.h"

namespace stemma {

// Puts `bytes` at `path`, replacing what was there; makes missing folders.
// kNoSpace when the disk is full, kIo otherwise; then the old file still
// stands. `mode` is the permission bits of the new file.
Status WriteDurably(const std::filesystem::path& path, std::string_view bytes,
                    unsigned int mode = 0644);

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
