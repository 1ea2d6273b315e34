// Digests that carry the name of their algorithm, as WARC fields, CDXJ lines
// and events write them: "sha256:" + hex, "sha1:" + Base32.
//
// Reading is lenient, because the writers of the world disagree
// (iipc/warc-specifications#48, #80): either base, either case, "sha-256" as
// well as "sha256", padding or not. What is compared is the decoded bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace stemma {

enum class DigestAlgorithm { kMd5, kSha1, kSha256, kSha384, kSha512 };

// "md5", "sha1", "sha256", "sha384", "sha512".
std::string_view NameOf(DigestAlgorithm algorithm);
// Bytes of a digest of this algorithm: 16 to 64.
std::size_t SizeOf(DigestAlgorithm algorithm);

struct LabelledDigest {
  DigestAlgorithm algorithm = DigestAlgorithm::kSha256;
  std::string bytes;  // SizeOf(algorithm) of them

  // "sha1:" + 32 upper-case Base32 characters, as WARC tools expect it; all
  // others: label + lower-case hex.
  std::string Text() const;
  std::string Hex() const;

  bool operator==(const LabelledDigest&) const = default;
};

// Reads "label:value". nullopt for a label not known here, or a value that is
// neither hex nor Base32 of the right length.
std::optional<LabelledDigest> ParseLabelledDigest(std::string_view text);

// True when both are readable and name the same algorithm and bytes.
bool SameDigest(std::string_view a, std::string_view b);

// The digest of `bytes`.
LabelledDigest DigestOf(DigestAlgorithm algorithm, std::string_view bytes);
// 128 lowercase hex digits, 40 lowercase hex digits.
std::string Sha512HexOf(std::string_view bytes);
std::string Sha1HexOf(std::string_view bytes);

// The same in pieces. Movable, not thread-safe.
class DigestHasher {
 public:
  explicit DigestHasher(DigestAlgorithm algorithm);
  ~DigestHasher();
  DigestHasher(DigestHasher&&) noexcept;
  DigestHasher& operator=(DigestHasher&&) noexcept;

  void Update(std::string_view bytes);
  // Ends the message; afterwards the hasher is empty again.
  LabelledDigest Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// RFC 4648 Base32 without padding, upper case; and back, in either case, with
// or without padding. nullopt for foreign characters or a length that no
// whole number of bytes has.
std::string Base32Of(std::string_view bytes);
std::optional<std::string> BytesOfBase32(std::string_view text);

}  // namespace stemma
