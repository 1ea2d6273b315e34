// Judges every record of a WARC file: grammar, field rules, block and payload
// digests. A zstd file is inflated and hashed on all cores; findings come in
// the order of the file all the same.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/record_scan.h"
#include "archive/records.h"
#include "core/digest.h"
#include "core/result.h"

namespace stemma {

enum class DigestState { kNone, kMatch, kMismatch, kUnreadable };

struct RecordFinding {
  std::string code;
  std::string text;
};

struct JudgedRecord {
  RecordInfo info;
  Sha256 leaf;         // RFC 9162 leaf over the WARC bytes, if asked for
  Sha256 found_block;  // of the block as found, if asked for
  DigestState block = DigestState::kNone;
  DigestState payload = DigestState::kNone;
  bool payload_has_chunks = false;  // the digest fits the body with its chunks
  bool weak = false;                // no digest stronger than SHA-1
  bool whole = true;
  std::vector<RecordFinding> findings;
};

struct JudgeOptions {
  int threads = 0;      // 0: one per core
  bool leaves = false;  // fill JudgedRecord::leaf and found_block
  ScanLimits limits;
};

struct JudgeVisitor {
  std::function<void(JudgedRecord record)> record;
  std::function<void(std::uint64_t offset, std::string_view code,
                     std::string text)>
      problem;
};

// kIo when the file cannot be read, kMalformed when it is no WARC file;
// everything else goes to the visitor, which is called from one thread.
Status JudgeWarc(const Blob& file, const JudgeOptions& options,
                 const JudgeVisitor& visitor);

}  // namespace stemma
