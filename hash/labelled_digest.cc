#include "hash/labelled_digest.h"

#include <openssl/evp.h>

#include <array>
#include <cstdlib>

#include "core/ascii.h"
#include "core/digest.h"

namespace stemma {
namespace {

struct Known {
  DigestAlgorithm algorithm;
  std::string_view name;
  const char* openssl;
  std::size_t size;
};

constexpr std::array<Known, 5> kKnown{{
    {DigestAlgorithm::kMd5, "md5", "MD5", 16},
    {DigestAlgorithm::kSha1, "sha1", "SHA1", 20},
    {DigestAlgorithm::kSha256, "sha256", "SHA256", 32},
    {DigestAlgorithm::kSha384, "sha384", "SHA384", 48},
    {DigestAlgorithm::kSha512, "sha512", "SHA512", 64},
}};

const Known& Of(DigestAlgorithm algorithm) {
  return kKnown[static_cast<std::size_t>(algorithm)];
}

// "SHA-256" and "sha256" are the same label.
std::optional<DigestAlgorithm> ParseLabel(std::string_view label) {
  std::string plain;
  for (const char c : label) {
    if (c != '-') plain += Lower(c);
  }
  for (const Known& known : kKnown) {
    if (known.name == plain) return known.algorithm;
  }
  return std::nullopt;
}

constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

int Base32Value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a';
  if (c >= '2' && c <= '7') return c - '2' + 26;
  return -1;
}

// What is left of OpenSSL's failures here is exhausted memory.
void Require(int outcome) {
  if (outcome != 1) std::abort();
}

}  // namespace

std::string_view NameOf(DigestAlgorithm algorithm) {
  return Of(algorithm).name;
}

std::size_t SizeOf(DigestAlgorithm algorithm) { return Of(algorithm).size; }

std::string LabelledDigest::Hex() const { return HexOf(bytes); }

std::string LabelledDigest::Text() const {
  std::string text(NameOf(algorithm));
  text += ':';
  text += algorithm == DigestAlgorithm::kSha1 ? Base32Of(bytes) : Hex();
  return text;
}

std::optional<LabelledDigest> ParseLabelledDigest(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::optional<DigestAlgorithm> algorithm =
      ParseLabel(text.substr(0, colon));
  if (!algorithm) return std::nullopt;
  const std::string_view value = text.substr(colon + 1);
  const std::size_t size = SizeOf(*algorithm);
  // Hex first: its length never equals that of Base32 for these sizes.
  std::optional<std::string> bytes =
      value.size() == 2 * size ? BytesOfHex(value) : BytesOfBase32(value);
  if (!bytes || bytes->size() != size) return std::nullopt;
  return LabelledDigest{*algorithm, *std::move(bytes)};
}

bool SameDigest(std::string_view a, std::string_view b) {
  const std::optional<LabelledDigest> first = ParseLabelledDigest(a);
  return first && first == ParseLabelledDigest(b);
}

struct DigestHasher::State {
  explicit State(DigestAlgorithm name)
      : algorithm(name),
        method(EVP_MD_fetch(nullptr, Of(name).openssl, nullptr)),
        context(EVP_MD_CTX_new()) {
    Begin();
  }
  ~State() {
    EVP_MD_CTX_free(context);
    EVP_MD_free(method);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void Begin() const {
    Require(context != nullptr && method != nullptr);
    Require(EVP_DigestInit_ex2(context, method, nullptr));
  }

  DigestAlgorithm algorithm;
  EVP_MD* method;
  EVP_MD_CTX* context;
};

DigestHasher::DigestHasher(DigestAlgorithm algorithm)
    : state_(std::make_unique<State>(algorithm)) {}
DigestHasher::~DigestHasher() = default;
DigestHasher::DigestHasher(DigestHasher&&) noexcept = default;
DigestHasher& DigestHasher::operator=(DigestHasher&&) noexcept = default;

void DigestHasher::Update(std::string_view bytes) {
  Require(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()));
}

LabelledDigest DigestHasher::Finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  Require(EVP_DigestFinal_ex(state_->context, out.data(), &size));
  state_->Begin();
  return {state_->algorithm, std::string(out.begin(), out.begin() + size)};
}

LabelledDigest DigestOf(DigestAlgorithm algorithm, std::string_view bytes) {
  DigestHasher hasher(algorithm);
  hasher.Update(bytes);
  return hasher.Finish();
}

std::string Sha512HexOf(std::string_view bytes) {
  return DigestOf(DigestAlgorithm::kSha512, bytes).Hex();
}

std::string Sha1HexOf(std::string_view bytes) {
  return DigestOf(DigestAlgorithm::kSha1, bytes).Hex();
}

std::string Base32Of(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 8 + 4) / 5);
  unsigned int window = 0;
  int bits = 0;
  for (const char c : bytes) {
    window = (window << 8) | static_cast<unsigned char>(c);
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += kBase32[(window >> bits) & 31U];
    }
    window &= (1U << bits) - 1U;
  }
  if (bits > 0) text += kBase32[(window << (5 - bits)) & 31U];
  return text;
}

std::optional<std::string> BytesOfBase32(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  // 1, 3 and 6 characters over a multiple of 8 hold no whole byte more.
  const std::size_t rest = text.size() % 8;
  if (rest == 1 || rest == 3 || rest == 6) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() * 5 / 8);
  unsigned int window = 0;
  int bits = 0;
  for (const char c : text) {
    const int value = Base32Value(c);
    if (value < 0) return std::nullopt;
    window = (window << 5) | static_cast<unsigned int>(value);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>((window >> bits) & 0xFFU);
      window &= (1U << bits) - 1U;
    }
  }
  // Bits that no byte uses must be zero, else two texts name one digest.
  if (window != 0) return std::nullopt;
  return bytes;
}

}  // namespace stemma
