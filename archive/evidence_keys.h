// The keys that may sign for a log, and from when to when.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "archive/note.h"

namespace stemma {

// The keys that may sign for this log: those given, those the log's own
// rotations lead to, less those revoked. A rotation counts only when a
// checkpoint that covers it was signed by a key trusted before.
class KeyRing {
 public:
  void Trust(const VerifierKey& key) {
    if (!Has(key)) trusted_.push_back({key, 0, UINT64_MAX});
  }

  bool Has(const VerifierKey& key) const {
    return std::any_of(trusted_.begin(), trusted_.end(),
                       [&](const Entry& e) { return e.key == key; });
  }

  // Keys that may sign a checkpoint of `size`.
  std::vector<VerifierKey> For(std::uint64_t size) const {
    std::vector<VerifierKey> keys;
    for (const Entry& entry : trusted_) {
      if (size > entry.from && size <= entry.until) keys.push_back(entry.key);
      // An empty log has no events, so no rotation either.
      if (size == 0 && entry.from == 0) keys.push_back(entry.key);
    }
    return keys;
  }

  std::vector<VerifierKey> All() const {
    std::vector<VerifierKey> keys;
    for (const Entry& entry : trusted_) keys.push_back(entry.key);
    return keys;
  }

  void TrustFrom(const VerifierKey& key, std::uint64_t seq) {
    if (!Has(key)) trusted_.push_back({key, seq, UINT64_MAX});
  }

  void Revoke(const VerifierKey& key, std::uint64_t seq) {
    for (Entry& entry : trusted_) {
      if (entry.key == key) entry.until = std::min(entry.until, seq);
    }
  }

 private:
  struct Entry {
    VerifierKey key;
    std::uint64_t from;   // signs checkpoints larger than this
    std::uint64_t until;  // and not larger than this
  };
  std::vector<Entry> trusted_;
};

}  // namespace stemma
