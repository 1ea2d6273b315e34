// A folder of evidence that a stranger can check with openssl, sha256sum, jq
// and zstd alone, or with `stemma check --evidence`:
//
//   events.jsonl  checkpoint.N  checkpoint.N.tsaK.tsq|tsr   the log, whole
//   log.vkey  log.pub.pem  tsa-certificates.pem             keys it names
//   capture-SEQ.event.json  capture-SEQ.tlog-proof          each capture
//   records/SEQ-N.warc  records/SEQ-N.proof.json            its records
//   certificates/H.der|ocsp|sct                             their connections
//   bundles/                                                with everything
//   handover.json  README.txt  verify.sh
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "archive/archive_reader.h"
#include "core/result.h"
#include "core/time.h"

namespace stemma {

struct ProofExportOptions {
  std::vector<std::string> captures;  // ids; empty: the whole archive
  std::string software = "stemma";
  TimePoint now{};
};

struct ProofExportReport {
  std::uint64_t captures = 0, records = 0, bundles = 0;
  std::vector<std::string> warnings;  // a capture not covered by a checkpoint
};

// Makes `folder`, which must not exist or be empty (kRefused).
Result<ProofExportReport> ExportEvidence(ArchiveReader& reader,
                                         const std::filesystem::path& folder,
                                         const ProofExportOptions& options);

// One record against its bundle's records root, as records/*.proof.json says.
struct RecordProof {
  std::string bundle;
  std::uint64_t index = 0, records = 0;
  Sha256 leaf, root;
  std::vector<Sha256> hashes;
};
std::string FormatRecordProof(const RecordProof& proof);
Result<RecordProof> ParseRecordProof(std::string_view text);

}  // namespace stemma
