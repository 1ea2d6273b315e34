// SHA-256 (FIPS 180-4), whole or in pieces; OpenSSL computes it.
#pragma once

#include <memory>
#include <string_view>

#include "core/blob.h"
#include "core/digest.h"
#include "core/result.h"

namespace stemma {

// The digest of `bytes`.
Sha256 Sha256Of(std::string_view bytes);

// The digest of the concatenation `first` || `second`, without joining them.
Sha256 Sha256Of(std::string_view first, std::string_view second);

// The digest of all that `blob` holds, read a piece at a time.
Result<Sha256> Sha256OfBlob(const Blob& blob);

// A Sha256Hasher takes bytes in pieces. Movable, not thread-safe.
class Sha256Hasher {
 public:
  Sha256Hasher();
  ~Sha256Hasher();
  Sha256Hasher(Sha256Hasher&&) noexcept;
  Sha256Hasher& operator=(Sha256Hasher&&) noexcept;

  void Update(std::string_view bytes);

  // The digest of everything given so far; more may follow.
  Sha256 SoFar() const;

  // The digest of everything given so far; afterwards the hasher is empty
  // again and may be used for another message.
  Sha256 Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The 32 bytes of a digest as a view; valid as long as `digest` lives.
inline std::string_view BytesOf(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()),
          digest.bytes.size()};
}

}  // namespace stemma
