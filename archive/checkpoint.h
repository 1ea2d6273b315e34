// Checkpoints of the log (C2SP tlog-checkpoint): who, how many events, which
// root; signed as a note.
//
//   example.org/archive
//   10
//   ONKhSBmUbtqjhzhHCtUxb0YCY9l8LHm79ewR6unoTnc=
//
//   — example.org/archive 8F8gBOv4dom9...
//
// Ours carry no extension lines. Files in manifest/: "checkpoint.<size>" (the
// log's signature only, never rewritten: this is what is timestamped),
// "checkpoint.<size>.cosigned" (with witnesses), "checkpoint" (a copy of the
// newest).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "archive/note.h"
#include "core/digest.h"
#include "core/result.h"

namespace stemma {

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Sha256 root;
  std::vector<std::string> extensions;  // lines below the root, uninterpreted

  // The text of the note, which is what gets signed.
  std::string Text() const;
};

// The three lines: no leading zero in the size, base64 of 32 bytes.
Result<Checkpoint> ParseCheckpointText(std::string_view text);

struct SignedCheckpoint {
  Checkpoint checkpoint;
  Note note;
  std::vector<VerifiedBy> verified;
};

// What exactly is wrong with a checkpoint, by the names of the vectors:
// "checkpoint-malformed", "wrong-origin", "signature-invalid" (a known key
// failed, or no known key signed), or empty.
struct CheckpointFault {
  std::string code, why;
};

// Opens a note as a checkpoint of `origin` (empty: any). At least one of
// `log_keys` whose name is the origin must have signed; `witness_keys` are
// verified where they occur.
std::optional<SignedCheckpoint> OpenCheckpoint(
    std::string_view bytes, std::string_view origin,
    std::span<const VerifierKey> keys, CheckpointFault& fault);

// C2SP tlog-proof v1: the inclusion of one event, with the checkpoint it leads
// to, in one file anyone can check offline.
struct TlogProof {
  std::uint64_t index = 0;
  std::vector<Sha256> hashes;
  std::string checkpoint;  // the note, verbatim
};
std::string FormatTlogProof(const TlogProof& proof);
Result<TlogProof> ParseTlogProof(std::string_view bytes);

}  // namespace stemma
