// `stemma import --media`: local images and videos become records of the
// archive, decoded and indexed so that `find` knows them.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"

namespace stemma {
class ArchiveWriter;
}

namespace stemma::cli {

struct Session;

struct ImportMediaOptions {
  bool reference_only = false;  // keep path and digest, not the bytes
  bool acks = false;            // "ACK <uri>" once a file is durable
};

struct MediaToImport {
  std::string path;
  std::string reference;  // the id it is to keep; empty: none
};

struct ImportedMedium {
  std::string path, reference;
  std::string capture_id, uri, sha256;
  std::string status;  // of the report: "ok", "partial", "rejected"
  std::string reason;
};

// Imports one file: its bytes first, durable, then what was read out of it. A
// file that is no video and no image is kUnsupported and leaves no trace.
Result<ImportedMedium> ImportMedium(const MediaToImport& medium,
                                    const ImportMediaOptions& options,
                                    Session& session, ArchiveWriter& archive);

// The whole command: `files`, or the lines {"reference","file"} of `batch`
// (empty: no batch; "-": standard input). Sets session.exit_code.
void ImportMedia(const std::vector<std::string>& files,
                 const std::string& batch, const ImportMediaOptions& options,
                 Session& session);

}  // namespace stemma::cli
