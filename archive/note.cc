#include "archive/note.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "core/base64.h"
#include "core/digest.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

constexpr std::size_t kMaxNoteBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxSignatures = 100;
constexpr std::string_view kDash = "\xE2\x80\x94 ";  // U+2014, SPACE

Error Malformed(std::string what) {
  return Error(ErrorCode::kMalformed, std::move(what));
}

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// Well-formed UTF-8 without control characters other than LF.
bool IsNoteText(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto at = [&](std::size_t k) -> unsigned int {
      return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U;
    };
    const unsigned int lead = at(0);
    if (lead < 0x20 && lead != '\n') return false;
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((at(k) & 0xC0U) != 0x80U) return false;
    }
    if ((lead == 0xE0 && at(1) < 0xA0) || (lead == 0xED && at(1) > 0x9F) ||
        (lead == 0xF0 && at(1) < 0x90) || (lead == 0xF4 && at(1) > 0x8F)) {
      return false;
    }
    i += length;
  }
  return true;
}

// White space as Unicode's White_Space property counts it: a name with a space
// that only a computer sees would be another name to people.
bool HasSpace(std::string_view name) {
  static constexpr std::string_view kSpaces[] = {" ",
                                                 "\xC2\x85",
                                                 "\xC2\xA0",
                                                 "\xE1\x9A\x80",
                                                 "\xE2\x80\xA8",
                                                 "\xE2\x80\xA9",
                                                 "\xE2\x80\xAF",
                                                 "\xE2\x81\x9F",
                                                 "\xE3\x80\x80"};
  for (const std::string_view space : kSpaces) {
    if (name.find(space) != std::string_view::npos) return true;
  }
  for (std::size_t at = name.find("\xE2\x80"); at != std::string_view::npos;
       at = name.find("\xE2\x80", at + 1)) {
    // U+2000 to U+200A.
    if (at + 2 < name.size()) {
      const auto last = static_cast<unsigned char>(name[at + 2]);
      if (last >= 0x80 && last <= 0x8A) return true;
    }
  }
  return false;
}

std::uint32_t BigEndian32(std::string_view bytes) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    number = (number << 8) | static_cast<unsigned char>(bytes[i]);
  }
  return number;
}

std::string BigEndian(std::uint64_t number, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) {
    out += static_cast<char>((number >> (8 * i)) & 0xFFU);
  }
  return out;
}

Result<NoteSignature> ParseSignatureLine(std::string_view line) {
  if (!line.starts_with(kDash)) {
    return Malformed("a line below the text is no signature");
  }
  line.remove_prefix(kDash.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) {
    return Malformed("a signature line has no space after the name");
  }
  NoteSignature signature;
  signature.name = line.substr(0, space);
  if (!IsKeyName(signature.name)) {
    return Malformed("a signature line has no valid key name");
  }
  const std::optional<std::string> bytes =
      BytesOfBase64(line.substr(space + 1));
  if (!bytes || bytes->size() < 5) {
    return Malformed("the signature of " + signature.name +
                     " is not base64 of a key id and a signature");
  }
  signature.key_id = BigEndian32(*bytes);
  signature.blob = bytes->substr(4);
  return signature;
}

// What a key signs: a log the text itself, a witness the text below a line
// with its time.
std::string CosignedMessage(std::string_view text, std::uint64_t time) {
  return "cosignature/v1\ntime " + std::to_string(time) + "\n" +
         std::string(text);
}

Result<VerifiedBy> VerifyOne(const Note& note, const NoteSignature& signature,
                             const VerifierKey& key) {
  const Error bad =
      Malformed("the signature of " + key.name + " does not fit the note");
  VerifiedBy verified{key, std::nullopt};
  std::string_view blob = signature.blob;
  std::string message = note.text;
  if (key.kind == KeyKind::kWitness) {
    if (blob.size() != 72) return bad;
    verified.time =
        (std::uint64_t{BigEndian32(blob)} << 32) | BigEndian32(blob.substr(4));
    blob.remove_prefix(8);
    message = CosignedMessage(note.text, *verified.time);
  }
  if (blob.size() != 64) return bad;
  if (!VerifyEd25519(key.public_key, message, blob)) return bad;
  return verified;
}

}  // namespace

std::uint32_t VerifierKey::Id() const {
  std::string message = name + "\n";
  message += static_cast<char>(kind);
  message.append(public_key.begin(), public_key.end());
  return BigEndian32(BytesOf(Sha256Of(message)));
}

std::string VerifierKey::Text() const {
  std::string key(1, static_cast<char>(kind));
  key.append(public_key.begin(), public_key.end());
  return name + "+" + HexOf(BigEndian(Id(), 4)) + "+" + Base64Of(key);
}

bool IsKeyName(std::string_view name) {
  return !name.empty() && name.size() <= 255 && IsNoteText(name) &&
         name.find('\n') == std::string_view::npos &&
         name.find('+') == std::string_view::npos && !HasSpace(name);
}

Result<VerifierKey> ParseVerifierKey(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
  text = text.substr(0, text.find_last_not_of(kSpace) + 1);
  // The base64 part may hold '+'; names and ids may not.
  const std::size_t first = text.find('+');
  const std::size_t second =
      first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos) {
    return Malformed("a verifier key is NAME+ID+KEY");
  }
  VerifierKey key;
  key.name = text.substr(0, first);
  const std::string_view id = text.substr(first + 1, second - first - 1);
  const std::optional<std::string> bytes =
      BytesOfBase64(text.substr(second + 1));
  if (!IsKeyName(key.name)) return Malformed("verifier key: not a key name");
  if (!bytes || bytes->size() != 33) {
    return Malformed("verifier key " + key.name + ": not base64 of 33 bytes");
  }
  const auto kind = static_cast<std::uint8_t>(bytes->front());
  if (kind != 0x01 && kind != 0x04) {
    return Error(ErrorCode::kUnsupported,
                 "verifier key " + key.name + ": algorithm " +
                     std::to_string(kind) + " is not Ed25519");
  }
  key.kind = static_cast<KeyKind>(kind);
  std::copy(bytes->begin() + 1, bytes->end(), key.public_key.begin());
  if (id != HexOf(BigEndian(key.Id(), 4))) {
    return Malformed("verifier key " + key.name + ": its id is not " +
                     std::string(id) + "; a character was changed");
  }
  return key;
}

Result<Note> ParseNote(std::string_view bytes) {
  if (bytes.size() > kMaxNoteBytes) return Malformed("note: too long");
  if (!IsNoteText(bytes)) {
    return Malformed("note: a control character, or not UTF-8");
  }
  // The last empty line: the text itself may have some.
  const std::size_t split = bytes.rfind("\n\n");
  if (split == std::string_view::npos) {
    return Malformed("note: no signatures below an empty line");
  }
  Note note;
  note.text = bytes.substr(0, split + 1);
  std::string_view lines = bytes.substr(split + 2);
  if (lines.empty() || !lines.ends_with('\n')) {
    return Malformed("note: the last signature line has no line end");
  }
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    STEMMA_TRY(NoteSignature signature,
               ParseSignatureLine(lines.substr(0, end)));
    note.signatures.push_back(std::move(signature));
    lines.remove_prefix(end + 1);
    if (note.signatures.size() > kMaxSignatures) {
      return Malformed("note: more than 100 signatures");
    }
  }
  return note;
}

std::string FormatNote(const Note& note) {
  std::string out = note.text + "\n";
  for (const NoteSignature& signature : note.signatures) {
    out += kDash;
    out += signature.name + " " +
           Base64Of(BigEndian(signature.key_id, 4) + signature.blob) + "\n";
  }
  return out;
}

Result<std::vector<VerifiedBy>> VerifyNote(const Note& note,
                                           std::span<const VerifierKey> keys) {
  std::vector<VerifiedBy> verified;
  for (const NoteSignature& signature : note.signatures) {
    for (const VerifierKey& key : keys) {
      if (key.name != signature.name || key.Id() != signature.key_id) continue;
      STEMMA_TRY(VerifiedBy one, VerifyOne(note, signature, key));
      const bool again =
          std::any_of(verified.begin(), verified.end(),
                      [&](const VerifiedBy& v) { return v.key == key; });
      if (!again) verified.push_back(std::move(one));
      break;
    }
  }
  if (verified.empty()) return Malformed("no signature by a trusted key");
  return verified;
}

bool VerifyEd25519(std::span<const std::uint8_t, 32> public_key,
                   std::string_view message, std::string_view signature) {
  const std::unique_ptr<EVP_PKEY, FreeKey> key(EVP_PKEY_new_raw_public_key(
      EVP_PKEY_ED25519, nullptr, public_key.data(), public_key.size()));
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  return key && context && signature.size() == 64 &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr,
                              key.get()) == 1 &&
         EVP_DigestVerify(context.get(), Bytes(signature), signature.size(),
                          Bytes(message), message.size()) == 1;
}

Result<NoteSignature> SignNote(std::string_view text, const VerifierKey& key,
                               const Ed25519Signer& sign,
                               std::uint64_t unix_seconds) {
  if (!IsNoteText(text) || !text.ends_with('\n')) {
    return Error(ErrorCode::kInvalidArgument,
                 "only text without control characters, ending in a line end, "
                 "can be signed as a note");
  }
  const bool witness = key.kind == KeyKind::kWitness;
  const std::string message =
      witness ? CosignedMessage(text, unix_seconds) : std::string(text);
  STEMMA_TRY(const std::string signature, sign(message));
  // A signing command may hold another key than the one it was entered with.
  if (!VerifyEd25519(key.public_key, message, signature)) {
    return Error(ErrorCode::kInvalidArgument,
                 "the signer did not sign with the key " + key.Text());
  }
  return NoteSignature{
      key.name, key.Id(),
      (witness ? BigEndian(unix_seconds, 8) : std::string()) + signature};
}

}  // namespace stemma
