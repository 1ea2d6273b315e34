// Signing keys of a log: Ed25519, PKCS#8 PEM in a file of mode 0600 (encrypted
// if wished), with the verifier key beside it as FILE.vkey; or a command that
// signs, so that the key may live in a device. Never inside an archive.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "archive/key_file.h"
#include "archive/note.h"
#include "core/result.h"

namespace stemma {

struct SigningKey {
  VerifierKey verifier;
  Ed25519Signer sign;
};

// Makes a key named `name` (the origin of the log it will sign) and writes it
// to `file` and `file`.vkey; nothing is overwritten. `passphrase` encrypts it
// (AES-256, PKCS#5 v2), empty does not. kRefused inside an archive.
Result<SigningKey> CreateKey(const std::filesystem::path& file,
                             std::string_view name, std::string_view passphrase,
                             KeyKind kind = KeyKind::kLog);

// Reads a key. kRefused when others may read the file, or when it lies in an
// archive; kMalformed when it is no Ed25519 key or not that of FILE.vkey.
Result<SigningKey> LoadKey(const std::filesystem::path& file,
                           const Passphrase& passphrase = {});

// A key somewhere else: `command` is run by the shell, gets the text on its
// standard input and answers with one signature line of the note on its
// standard output. The answer is verified before it is used.
SigningKey KeyByCommand(const VerifierKey& verifier, std::string command);

// SubjectPublicKeyInfo as PEM, for `openssl pkeyutl -verify -pubin`.
std::string PublicKeyPem(const VerifierKey& key);

}  // namespace stemma
