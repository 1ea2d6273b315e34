#include <string>

#include "archive/checkpoint.h"
#include "archive/note.h"
#include "tests/fuzz/fuzz_target.h"

namespace stemma::fuzz {

FUZZ_TARGET(note) {
  if (const Result<Note> note = ParseNote(bytes)) {
    Require(FormatNote(*note) == bytes, "a note has one form");
    if (const auto checkpoint = ParseCheckpointText(note->text)) {
      Require(checkpoint->Text() == note->text, "a checkpoint has one form");
    }
  }
  if (const Result<TlogProof> proof = ParseTlogProof(bytes)) {
    const auto again = ParseTlogProof(FormatTlogProof(*proof));
    Require(again && again->hashes == proof->hashes &&
                again->checkpoint == proof->checkpoint,
            "a proof reads back");
  }
  if (const Result<VerifierKey> key = ParseVerifierKey(bytes)) {
    Require(ParseVerifierKey(key->Text()) == *key, "a key reads back");
  }
}

}  // namespace stemma::fuzz
