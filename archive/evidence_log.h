// One pass over a log: every line against the rules of event lines, the chain
// of seq and prev, the roots at given sizes, the tiles, and what the events
// say that other checks need. Memory does not grow with the log, but for the
// bundles and anchors it names.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "archive/evidence.h"
#include "archive/merkle.h"
#include "archive/redaction.h"

namespace stemma {

// Collects findings; of each code only the first few, then a count.
class FindingList {
 public:
  void Add(Finding finding);
  // With a line for each code of which more was found than listed.
  std::vector<Finding> Take();

 private:
  static constexpr int kListed = 20;
  std::vector<Finding> findings_;
  std::map<std::string, std::uint64_t> counts_;
};

// What the log says of a bundle: of its newest seal, repack, or (as older logs
// do it) capture event.
struct LoggedBundle {
  std::uint64_t seq = 0;  // of the event that states the digests
  bool has_digests = false;
  std::uint64_t bytes = 0;
  std::string sha256, sha512, cdxj_sha256;
  std::optional<std::uint64_t> records;
  std::optional<std::string> records_root;
  std::optional<std::uint64_t> tombstone_seq;
  Redactions redacted;
  std::optional<std::uint64_t> redact_seq;  // of the newest redact event
  std::uint64_t captures = 0;
};

struct LoggedAnchor {
  std::uint64_t seq = 0, size = 0;
  std::string kind, file, sha256, query_sha256, gen_time;
};

struct LoggedKeyChange {
  std::uint64_t seq = 0;
  bool revoke = false;
  std::string old_key, new_key;       // rotation: both; revocation: old_key
  std::string by, signature, reason;  // of a revocation
};

// A timestamp file, judged before the log is read.
struct JudgedToken {
  std::uint64_t size = 0;
  std::string file, sha256, query_sha256;  // digests of .tsr and .tsq
  bool good = false, chain_checked = false;
  TimePoint gen_time;
  std::string gen_time_text, tsa;
};

struct LogFacts {
  std::uint64_t lines = 0;  // whole ones
  std::uint64_t bytes = 0;
  bool torn = false;                        // the last line has no LF
  std::string origin, vkey, recovery_vkey;  // of log.init
  std::map<std::uint64_t, Sha256> roots;    // at the sizes asked for
  std::map<std::string, LoggedBundle> bundles;
  std::vector<LoggedAnchor> anchors;
  std::vector<LoggedKeyChange> key_changes;
  std::vector<TimeProof> times;
};

struct LogScan {
  std::filesystem::path manifest;
  std::set<std::uint64_t> sizes;  // where roots are wanted
  std::uint64_t tile_size = 0;    // size whose tiles to compare; 0: none
  bool tiles_expected = false;    // an archive keeps tiles
  const std::vector<JudgedToken>* tokens = nullptr;
  std::function<void(std::uint64_t)> progress;
};

// kIo when the log cannot be read; what is wrong with it are findings.
Result<LogFacts> ScanLog(const LogScan& scan, FindingList& findings);

}  // namespace stemma
