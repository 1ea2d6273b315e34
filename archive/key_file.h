// Private keys in files: PKCS#8 PEM of mode 0600, encrypted if wished
// (AES-256, PKCS#5 v2), never inside an archive: whoever gets the archive would
// get the key.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

struct evp_pkey_st;

namespace stemma {

using PrivateKey = std::shared_ptr<evp_pkey_st>;  // EVP_PKEY

// Asked for when a key file is encrypted.
using Passphrase = std::function<Result<std::string>()>;

// Whether `path` lies in an archive (a folder above has manifest/events.jsonl).
bool LiesInArchive(const std::filesystem::path& path);

// Writes a key to a new file; an empty passphrase does not encrypt.
// kInvalidArgument when the file exists, kRefused inside an archive.
Status StorePrivateKey(const std::filesystem::path& file, const PrivateKey& key,
                       std::string_view passphrase);

// kRefused when others may read the file or when it lies in an archive,
// kMalformed when it holds no private key or the passphrase does not open it.
Result<PrivateKey> ReadPrivateKey(const std::filesystem::path& file,
                                  const Passphrase& passphrase);

// kInvalidArgument when `file` exists: a key is never overwritten.
Status RefuseToOverwriteKey(const std::filesystem::path& file);

}  // namespace stemma
