// OpenTimestamps proofs (.ots): reading, writing, and what they lead to. The
// format is that of python-opentimestamps, version 1: a header, the digest of
// what was stamped, then a tree of operations whose leaves are attestations: a
// calendar's promise ("pending": proves nothing yet), or the height of a
// Bitcoin block whose header's merkle root is the message there.
//
// Nothing here asks Bitcoin. A block's attestation is reported with its height
// and the merkle root to compare, and never called checked.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/digest.h"
#include "core/result.h"

namespace stemma {

// The limits are those of python-opentimestamps, but for the last.
struct OtsLimits {
  std::size_t max_depth = 256;
  std::size_t max_message = 4096;  // bytes, as of an operand
  std::size_t max_payload = 8192;  // bytes of an attestation
  std::size_t max_nodes = 4096;    // of a whole proof
};

struct OtsAttestation {
  std::string tag;      // 8 bytes
  std::string payload;  // as written
};

struct OtsStamp;
// An attestation about the message of the stamp it is in, or an operation that
// leads to another message.
struct OtsItem {
  OtsAttestation attestation;      // when next is null
  char operation = 0;              // tag: '\xf0' append, '\x08' SHA-256, ...
  std::string operand;             // of append and prepend
  std::unique_ptr<OtsStamp> next;  // what the operation leads to
};
struct OtsStamp {
  std::string message;  // empty below an operation we cannot compute
  std::vector<OtsItem> items;
};

struct OtsProof {
  Sha256 digest;  // of what was stamped
  OtsStamp stamp;
};

// The whole of a .ots file. kMalformed says what is wrong, kLimit which limit.
Result<OtsProof> ParseOts(std::string_view bytes, const OtsLimits& limits = {});
std::string FormatOts(const OtsProof& proof);

// A stamp alone, as calendars give it, over `message`.
Result<OtsStamp> ParseOtsStamp(std::string_view bytes, std::string message,
                               const OtsLimits& limits = {});

// What a proof leads to, in the order of the file.
struct OtsClaim {
  enum class Kind { kPending, kBitcoin, kUnknown };
  Kind kind = Kind::kUnknown;
  std::string calendar;      // pending: whom to ask for the rest
  std::uint64_t height = 0;  // Bitcoin
  std::string message;       // raw; for a block its merkle root, 32 bytes
};
std::vector<OtsClaim> ClaimsOf(const OtsStamp& stamp);
// As block explorers write it: bytes reversed, hex.
std::string MerkleRootOf(const OtsClaim& bitcoin);

// Adds `more`, a stamp over the same message as a pending promise of
// `calendar` in `proof`, beside that promise. False: there is no such promise.
bool Upgrade(OtsProof& proof, const std::string& calendar,
             const std::string& message, OtsStamp more);

}  // namespace stemma
