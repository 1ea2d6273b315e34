// Signed notes as C2SP signed-note says, with the Ed25519 signatures of a log
// (type 0x01) and the cosignatures of witnesses (type 0x04,
// C2SP tlog-cosignature).
//
//   some text, ending in LF
//   <empty line>
//   — NAME base64(key id, 4 bytes || signature)
//
// Signatures by keys nobody asked about are ignored; a signature that claims a
// known key and fails refuses the whole note.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace stemma {

enum class KeyKind : std::uint8_t { kLog = 0x01, kWitness = 0x04 };

// A public key with its name: "NAME+HEXID+BASE64(kind || 32 bytes)".
struct VerifierKey {
  std::string name;
  KeyKind kind = KeyKind::kLog;
  std::array<std::uint8_t, 32> public_key{};

  // SHA-256(name || LF || kind || public key), its first four bytes.
  std::uint32_t Id() const;
  std::string Text() const;  // the vkey line
  bool operator==(const VerifierKey&) const = default;
};

// Reads a vkey; the id in it must be the right one. White space around it is
// allowed, as it comes from files and command lines.
Result<VerifierKey> ParseVerifierKey(std::string_view text);
// Names have no white space, no '+', at least one character, and are UTF-8.
bool IsKeyName(std::string_view name);

struct NoteSignature {
  std::string name;
  std::uint32_t key_id = 0;
  std::string blob;  // after the key id
};

struct Note {
  std::string text;  // with its last LF
  std::vector<NoteSignature> signatures;
};

// Reads the grammar; verifies nothing. At most 100 signatures, no control
// characters but LF, UTF-8, at most a megabyte.
Result<Note> ParseNote(std::string_view bytes);
std::string FormatNote(const Note& note);

struct VerifiedBy {
  VerifierKey key;
  std::optional<std::uint64_t> time;  // of a cosignature, Unix seconds
};

// Who of `keys` signed, in the order of the note. kMalformed when a signature
// by a known key is bad, or when nobody known signed.
Result<std::vector<VerifiedBy>> VerifyNote(const Note& note,
                                           std::span<const VerifierKey> keys);

// Ed25519 (RFC 8032) through OpenSSL. `signature` is 64 bytes.
bool VerifyEd25519(std::span<const std::uint8_t, 32> public_key,
                   std::string_view message, std::string_view signature);

// Signs `message` and returns 64 bytes; how is the caller's business (a key in
// memory, a command that talks to a device).
using Ed25519Signer = std::function<Result<std::string>(std::string_view)>;

// The signature of a log (kLog) or, with the time, of a witness over `text`.
Result<NoteSignature> SignNote(std::string_view text, const VerifierKey& key,
                               const Ed25519Signer& sign,
                               std::uint64_t unix_seconds = 0);

}  // namespace stemma
