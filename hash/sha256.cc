#include "hash/sha256.h"

#include <openssl/evp.h>

#include <cstdlib>
#include <utility>

namespace stemma {
namespace {

// Fetched once: an implicit fetch for each message costs more than hashing a
// short one.
const EVP_MD* Algorithm() {
  static const EVP_MD* const kAlgorithm =
      EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return kAlgorithm;
}

// Without SHA-256 nothing here has a meaning, and no caller could go on.
void Require(int outcome) {
  if (outcome != 1) std::abort();
}

}  // namespace

struct Sha256Hasher::State {
  State() : context(EVP_MD_CTX_new()) { Begin(); }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void Begin() const {
    Require(context != nullptr);
    Require(EVP_DigestInit_ex2(context, Algorithm(), nullptr));
  }

  EVP_MD_CTX* context;
};

Sha256Hasher::Sha256Hasher() : state_(std::make_unique<State>()) {}
Sha256Hasher::~Sha256Hasher() = default;
Sha256Hasher::Sha256Hasher(Sha256Hasher&&) noexcept = default;
Sha256Hasher& Sha256Hasher::operator=(Sha256Hasher&&) noexcept = default;

void Sha256Hasher::Update(std::string_view bytes) {
  Require(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()));
}

Sha256 Sha256Hasher::SoFar() const {
  Sha256Hasher copy;
  Require(EVP_MD_CTX_copy_ex(copy.state_->context, state_->context));
  return copy.Finish();
}

Sha256 Sha256Hasher::Finish() {
  Sha256 digest;
  unsigned int size = 0;
  Require(EVP_DigestFinal_ex(state_->context, digest.bytes.data(), &size));
  state_->Begin();
  return digest;
}

Sha256 Sha256Of(std::string_view bytes) { return Sha256Of(bytes, {}); }

Sha256 Sha256Of(std::string_view first, std::string_view second) {
  thread_local Sha256Hasher hasher;
  hasher.Update(first);
  if (!second.empty()) hasher.Update(second);
  return hasher.Finish();
}

Result<Sha256> Sha256OfBlob(const Blob& blob) {
  Sha256Hasher hasher;
  STEMMA_CHECK_OK(blob.ForEachPiece([&hasher](std::string_view piece) {
    hasher.Update(piece);
    return Status();
  }));
  return hasher.Finish();
}

}  // namespace stemma
