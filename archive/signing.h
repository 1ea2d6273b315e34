// Signing a log: checkpoints, timestamps over them, and the events that tie
// both into the log again.
//
// One call does what the end of a job (or an hour of work) needs:
//   1. announces the key in a log.init event, if the log has none yet
//   2. anchors the last checkpoint file by its digest
//   3. writes tiles, then checkpoint.N, then its copy `checkpoint`
//   4. asks each authority for a token over checkpoint.N, verifies the answer,
//      keeps it as checkpoint.N.tsaK.tsr with its request, anchors it
//   5. asks OpenTimestamps calendars to stamp checkpoint.N, and for what
//      earlier stamps still lack (archive/ots_signing.h)
//   6. writes one more checkpoint, so that the newest covers the anchors
// Nothing is done when no event was logged since the last checkpoint, unless
// the timestamps are due for renewal: a token outlives its authority's
// certificate only as long as a newer one stands over it. A new token over the
// newest checkpoint covers all older ones (RFC 4998's idea).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "archive/checkpoint.h"
#include "archive/keys.h"
#include "archive/tsa.h"
#include "core/result.h"
#include "core/time.h"

namespace stemma {

class ArchiveWriter;

// Writes a checkpoint over the whole lines of manifest/events.jsonl, signed by
// every key of `keys` (more than one after a rotation). kCorrupt, and nothing
// written, when the log is shorter than the newest checkpoint says or no
// longer begins with what it covers: a shorter or other log is never signed.
// Hashes only what was added since; tiles are made again when they are gone.
Result<Checkpoint> WriteCheckpoint(const std::filesystem::path& manifest,
                                   std::span<const SigningKey> keys);

// The newest checkpoint in a manifest, by its copy `checkpoint` and the
// numbered files; nullopt when there is none. Not verified.
Result<std::optional<Checkpoint>> NewestCheckpoint(
    const std::filesystem::path& manifest);

// Sends `query` to an authority and gives its answer: an HTTP POST of
// application/timestamp-query. The network is the caller's.
using TimestampPost = std::function<Result<std::string>(
    const std::string& url, const std::string& query)>;

// Sends a digest to a calendar (POST), or asks it for a stamp (GET, without
// `post`) and gives the answer; kNotFound: it has none yet.
using CalendarAsk = std::function<Result<std::string>(
    const std::string& url, const std::optional<std::string>& post)>;

struct SigningOptions {
  std::vector<SigningKey> keys;
  std::string recovery_vkey;  // listed in log.init; may be empty
  std::vector<std::string> timestamp_urls;
  TimestampPost post;
  std::vector<std::string> calendar_urls;  // of OpenTimestamps
  CalendarAsk ask;
  // The state of the machine's clock for a clock.check event, logged with what
  // is signed; may be empty.
  std::function<nlohmann::json()> clock_state;
  // Anchors to judge the answers by. Empty: the answer's imprint, nonce, form
  // and signature are checked, its chain is not, and the event says so.
  TimestampTrust trust;
  Clock clock = SystemNow;
};

struct SigningReport {
  std::optional<Checkpoint> checkpoint;  // the newest; nullopt: nothing to do
  int tokens = 0;
  int promised = 0, upgraded = 0;  // OpenTimestamps: pending, and no longer
  bool renewed = false;  // old timestamps were due, and a new one stands
  std::vector<std::string> warnings;  // an authority that did not answer, ...
};

// How long before the end of the authority's certificate it is asked again.
inline constexpr std::chrono::days kRenewalMargin{90};

// Whether the timestamps in a manifest end soon: the longest that any token's
// certificate lasts is less than the margin from `now`. False without tokens,
// and within a day of the newest one: an authority whose certificates are
// short gives nothing better when asked again.
bool RenewalDue(const std::filesystem::path& manifest, TimePoint now);

// 64 bits of randomness for a timestamp query.
Result<std::string> RandomNonce();

// kCorrupt as WriteCheckpoint. A failing authority is a warning: the capture
// is unaffected, and the next call asks again.
Result<SigningReport> SignArchive(ArchiveWriter& writer,
                                  const SigningOptions& options);

// Logs that `next` follows `old`, signs with `old`, then with both.
Result<Checkpoint> RotateKey(ArchiveWriter& writer, const SigningKey& old,
                             const SigningKey& next, std::string_view reason);
// Logs that `revoked` counts no more from here on, vouched for by `by`: the
// recovery key of log.init, or another key of the log.
Status RevokeKey(ArchiveWriter& writer, const VerifierKey& revoked,
                 const SigningKey& by, std::string_view reason);

// What `by` signs in a key.revoke event.
std::string RevocationText(std::string_view origin, const VerifierKey& revoked,
                           std::string_view reason);

}  // namespace stemma
