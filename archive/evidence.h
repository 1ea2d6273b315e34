// Checks the evidence of an archive: can a stranger rely on it that nothing
// was changed, left out, put in or dated back since it was signed?
//
// The order is that of design/provenance.md 3.13, cheapest first, and nothing
// stops at the first finding: names and files; keys; checkpoints; the log line
// by line; roots; tiles; timestamps, anchors and time brackets; bundles; what
// was deleted by decision. What could not be checked is named, never passed
// over.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/checkpoint.h"
#include "archive/tsa.h"
#include "core/result.h"
#include "core/time.h"

namespace stemma {

// What the checker believes before it looks.
struct EvidenceTrust {
  // Keys of the log and of witnesses, as vkeys. Without one of the log, the
  // key the log announces itself is taken, and the report says so.
  std::vector<VerifierKey> keys;
  std::string tsa_ca_pem;         // empty: chains of tokens are not checked
  std::string tsa_untrusted_pem;  // intermediates, unit certificates, CRLs
  // Roots for the TLS connections of captures; empty: chains are not checked.
  std::string web_ca_pem = {};
  std::string last_checkpoint;  // a note seen earlier, empty: none
  TimePoint now{};              // judged at this time
};

enum class EvidenceVerdict {
  kIntact,
  kIntactWithWarnings,
  kCannotCheck,
  kIncomplete,
  kAltered,
};
// "intact", "intact-with-warnings", "altered", "incomplete", "cannot-check".
std::string_view NameOf(EvidenceVerdict verdict);

enum class Weight { kNote, kWarning, kCannotCheck, kIncomplete, kAltered };
// "note", "warning", "cannot-check", "incomplete", "altered".
std::string_view NameOf(Weight weight);

struct Finding {
  std::string code;  // stable; those of the vectors in corpus/provenance
  Weight weight = Weight::kNote;
  std::string where;  // "events.jsonl line 5", "checkpoint.10", a bundle
  std::string what;   // in words
  std::optional<std::uint64_t> seq;
};

// A timestamp over checkpoint.<size>, found good (or, without anchors, good
// but for its chain).
struct TimeProof {
  std::uint64_t size = 0;
  TimePoint gen_time;
  std::string file, tsa;
  std::optional<std::uint64_t> anchor_seq;  // of the event that logs it
  bool chain_checked = false;
};

// What an OpenTimestamps proof over checkpoint.<size> claims. A promise
// ("pending") is no timestamp. Whether a Bitcoin block is what the proof says,
// is not checked here: `merkle_root` is to be compared with the header of block
// `height`.
struct OtsClaimFound {
  std::uint64_t size = 0;
  std::string file, state;   // "pending", "bitcoin, not checked", "unknown"
  std::string calendar;      // of a promise
  std::uint64_t height = 0;  // of a block
  std::string merkle_root;
};

// Between what outside times an event was logged. Binds the log entry, not the
// visit: stale bytes can be logged late.
struct TimeBracket {
  std::optional<TimePoint> not_before, not_after;
  std::string not_before_by, not_after_by;  // authorities
};

struct EvidenceReport {
  EvidenceVerdict verdict = EvidenceVerdict::kIntact;
  std::vector<Finding> findings;         // in the order they were found
  std::vector<std::string> not_checked;  // what and why, for people

  std::string origin;
  bool key_pinned = false;
  std::vector<std::string> signers;  // vkeys that signed the newest checkpoint
  std::uint64_t events = 0;          // whole lines
  std::optional<Checkpoint> newest;
  std::vector<TimeProof> times;  // ascending by size
  std::vector<OtsClaimFound> ots;
  std::uint64_t bundles_checked = 0, bytes_checked = 0;

  // The finding that matters most: altered before incomplete before cannot
  // check before warnings; among equals the cause before what follows from
  // it. nullptr when there is none above a note.
  const Finding* Foremost() const;
  TimeBracket BracketOf(std::uint64_t seq) const;
};

struct EvidenceOptions {
  bool bundles = true;  // false: the log alone
  // Called now and then with the bytes read so far; may be empty.
  std::function<void(std::uint64_t)> progress;
};

// `dir` is an archive, or an evidence folder (events.jsonl, checkpoints and
// tokens beside bundles/). kNotFound when it is neither.
Result<EvidenceReport> CheckEvidence(const std::filesystem::path& dir,
                                     const EvidenceTrust& trust,
                                     const EvidenceOptions& options = {});

// The report as JSON: verdict, codes, findings, not_checked, log, times.
nlohmann::json EvidenceJson(const EvidenceReport& report);
// For people: verdict first, then findings, then what was not checked.
std::string EvidenceText(const EvidenceReport& report);

}  // namespace stemma
