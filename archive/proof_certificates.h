// The TLS connections of captures in an evidence folder: certificates/ holds
// what their events name by digest, each file called by its own SHA-256:
//   H.der  a certificate     H.ocsp  a stapled OCSP response
//   H.sct  the list of timestamps that came in the handshake
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "archive/archive_reader.h"
#include "archive/evidence.h"
#include "archive/evidence_log.h"
#include "core/result.h"

namespace stemma {

// What an event says of its connection, for looking its files up; hex digests.
struct ConnectionDigests {
  std::vector<std::string> certificates;  // leaf first
  std::string ocsp, sct_list;             // empty: none
  std::string verify;                     // "ok" or why not, when captured
  std::string host;                       // of the final URL
  std::string t;                          // of the event
};
// Nothing when the line is no event of a TLS connection.
std::optional<ConnectionDigests> ReadConnection(std::string_view event_line);

// Writes the files of `events` (lines) into `folder`/certificates; with
// `all` those of every connection. Returns the digests that no record holds
// any more.
Result<std::set<std::string>> WriteCertificates(
    ArchiveReader& reader, const std::filesystem::path& folder,
    const std::vector<std::string>& events, bool all);

// Every file against its name, every capture-*.event.json against the files
// and, with roots to trust, its chain at the time of the event.
void CheckCertificates(const std::filesystem::path& folder,
                       const EvidenceTrust& trust, EvidenceReport& report,
                       FindingList& findings);

}  // namespace stemma
