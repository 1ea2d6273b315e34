#include <string>

#include "archive/ots.h"
#include "tests/fuzz/fuzz_target.h"

namespace stemma::fuzz {

// What reads as a proof is written the same, and claims no more than it holds.
FUZZ_TARGET(ots) {
  const Result<OtsProof> proof = ParseOts(bytes);
  if (!proof) return;
  Require(FormatOts(*proof) == bytes, "a proof is written as it was read");
  for (const OtsClaim& claim : ClaimsOf(proof->stamp)) {
    if (claim.kind == OtsClaim::Kind::kBitcoin) {
      Require(claim.message.size() == 32, "a merkle root has 32 bytes");
      Require(MerkleRootOf(claim).size() == 64, "and 64 digits");
    }
    if (claim.kind == OtsClaim::Kind::kPending) {
      Require(claim.calendar.size() <= 1000, "an address is not endless");
    }
  }
}

}  // namespace stemma::fuzz
