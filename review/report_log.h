// One pass over the log for a report: what was logged about some captures and
// the bundles that hold them.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "core/result.h"

namespace stemma {

class ArchiveReader;

struct LogAsked {
  // Event subjects (captures, and those of their media) and the capture of the
  // report each belongs to.
  std::map<std::string, std::string> owner;
  std::map<std::string, std::set<std::string>> bundles;  // of each capture
};

struct LogAnswer {
  // By capture: [{seq, t, type, what, by}], in order.
  std::map<std::string, nlohmann::json> custody;
  // By capture: the newest `clock.check` at or before its event.
  std::map<std::string, nlohmann::json> clock;
  // By name: {name, seq, bytes, sha256, sha512, records, records_root,
  // repacked}; a bundle that is still open has only its name.
  std::map<std::string, nlohmann::json> bundles;
  nlohmann::json begin;  // the `log.init` event
};

Result<LogAnswer> ReadLogFor(ArchiveReader& reader, const LogAsked& asked);

}  // namespace stemma
