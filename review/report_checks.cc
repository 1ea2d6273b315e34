#include "review/report_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>
#include <vector>

#include "archive/record_scan.h"
#include "core/blob.h"
#include "hash/labelled_digest.h"
#include "hash/sha256.h"
#include "review/json_facts.h"

namespace stemma {
namespace {

using Json = nlohmann::json;

// Feeds all of `blob` to `hashers`; false when it cannot be read.
template <typename... Hashers>
bool Digest(const Blob& blob, Hashers&... hashers) {
  return bool(blob.ForEachPiece([&](std::string_view piece) {
    (hashers.Update(piece), ...);
    return Status();
  }));
}

}  // namespace

Json CheckRow(std::string_view check, std::string_view outcome,
              std::string what, std::string_view code) {
  Json row = {
      {"check", check}, {"outcome", outcome}, {"what", std::move(what)}};
  if (!code.empty()) row["code"] = code;
  return row;
}

Json CheckRecords(ArchiveReader& reader, const CaptureRecords& capture) {
  Json rows = Json::array();
  std::size_t good = 0;
  for (const RecordInfo& record : capture.records) {
    const Result<StoredRecord> stored = reader.RecordAt(record);
    if (!stored) {
      rows.push_back(CheckRow("record digest", "cantTell",
                              record.id + ": " + stored.error().message(),
                              "record-unreadable"));
      continue;
    }
    Sha256Hasher hasher;
    if (!Digest(stored->block, hasher)) {
      rows.push_back(CheckRow("record digest", "cantTell",
                              record.id + ": cannot be read to its end",
                              "record-unreadable"));
    } else if (hasher.Finish() != record.block_sha256) {
      rows.push_back(CheckRow("record digest", "failed",
                              record.id + ": not the bytes that were logged",
                              "block-digest-mismatch"));
    } else {
      ++good;
    }
  }
  if (good > 0) {
    rows.push_back(CheckRow(
        "record digest", "passed",
        fmt::format("{} of {} records hold the bytes whose SHA-256 was logged",
                    good, capture.records.size())));
  }
  return rows;
}

Json CheckBundle(const std::filesystem::path& archive, const Json& bundle) {
  const std::string name = TextIn(bundle, "name");
  const auto row = [&](std::string_view outcome, std::string_view what,
                       std::string_view code = {}) {
    return CheckRow("bundle digests", outcome,
                    fmt::format("{}: {}", name, what), code);
  };
  if (TextIn(bundle, "sha256").empty()) {
    return row("untested", "still open, so it has no digest yet");
  }
  const Result<Blob> file = BlobOfFile((archive / name).string());
  if (!file) return row("failed", "it is not there", "bundle-missing");
  if (file->size() != CountIn(bundle, "bytes")) {
    return row("failed", "its size is not the one sealed", "bundle-truncated");
  }
  Sha256Hasher sha256;
  DigestHasher sha512(DigestAlgorithm::kSha512);
  if (!Digest(*file, sha256, sha512)) {
    return row("cantTell", "it cannot be read to its end");
  }
  const bool same = sha256.Finish().Hex() == TextIn(bundle, "sha256") &&
                    sha512.Finish().Hex() == TextIn(bundle, "sha512");
  return same ? row("passed", "SHA-256 and SHA-512 are those sealed")
              : row("failed", "not the file that was sealed",
                    "bundle-digest-mismatch");
}

namespace {

// What the checker of the log leaves to others, one row for each reason; the
// bundles of a report are checked by it, apart.
Json NotLookedAt(const EvidenceReport& evidence) {
  std::map<std::string, std::vector<std::string>> files;  // by reason
  for (const std::string& one : evidence.not_checked) {
    const std::size_t colon = one.find(": ");
    const bool of_file =
        one.starts_with("checkpoint.") && colon != std::string::npos;
    std::string reason = of_file ? one.substr(colon + 2) : one;
    if (reason == "the bundles") reason = "other bundles of the archive";
    files[reason].push_back(of_file ? one.substr(0, colon) : "");
  }
  Json rows = Json::array();
  for (const auto& [reason, names] : files) {
    rows.push_back(CheckRow(
        "not looked at", "untested",
        names.front().empty()
            ? reason
            : fmt::format("{} ({}{})", reason, names.front(),
                          names.size() > 1
                              ? fmt::format(" and {} more", names.size() - 1)
                              : std::string())));
  }
  return rows;
}

}  // namespace

Json CheckLog(const EvidenceReport& evidence) {
  Json rows = Json::array();
  const Finding* foremost = evidence.Foremost();
  if (foremost && foremost->code == "key-not-pinned") foremost = nullptr;
  const bool altered = evidence.verdict == EvidenceVerdict::kAltered ||
                       evidence.verdict == EvidenceVerdict::kIncomplete;
  const bool open = evidence.verdict == EvidenceVerdict::kCannotCheck;
  std::string what = fmt::format(
      "{} events, in order, each naming the one before{}", evidence.events,
      evidence.newest
          ? fmt::format("; signed up to event {}", evidence.newest->size - 1)
          : std::string("; not signed"));
  if (foremost) {
    what = fmt::format("{}: {} ({} events)", foremost->where, foremost->what,
                       evidence.events);
  }
  rows.push_back(CheckRow("log",
                          altered ? "failed"
                          : open  ? "cantTell"
                                  : "passed",
                          std::move(what), foremost ? foremost->code : ""));
  rows.push_back(evidence.key_pinned
                     ? CheckRow("log key", "passed", "the key was pinned")
                     : CheckRow("log key", "cantTell",
                                "trust on first use: no key was given, the "
                                "log's own was taken"));
  for (Json& row : NotLookedAt(evidence)) {
    // Said above already.
    if (TextIn(row, "what").starts_with("whose key it is")) continue;
    rows.push_back(std::move(row));
  }
  return rows;
}

Json CheckConnection(const Json& from_whom) {
  Json rows = Json::array();
  if (TextIn(from_whom, "tls").empty()) {
    rows.push_back(CheckRow("TLS", "inapplicable",
                            "the connection was not "
                            "encrypted"));
    return rows;
  }
  const std::string verify = TextIn(from_whom, "tls_verify");
  rows.push_back(
      verify == "ok"   ? CheckRow("TLS", "passed",
                                  "the chain was good when the page was captured")
      : verify.empty() ? CheckRow("TLS", "cantTell", "no verdict was recorded")
                       : CheckRow("TLS", "failed", verify, "tls-verify"));
  if (const Json& named = MemberIn(from_whom, "names_host");
      named.is_boolean()) {
    const bool yes = named.get<bool>();
    rows.push_back(CheckRow("certificate names the host",
                            yes ? "passed" : "failed",
                            yes ? "its subjectAltName has the host"
                                : "its subjectAltName does not have the host",
                            yes ? "" : "host-mismatch"));
  }
  return rows;
}

}  // namespace stemma
