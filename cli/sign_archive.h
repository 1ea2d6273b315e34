// Signing at the end of work: key, checkpoint, timestamps over HTTP.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "archive/keys.h"
#include "archive/signing.h"
#include "cli/session.h"
#include "core/result.h"
#include "fetch/fetcher.h"

namespace stemma {
class ArchiveWriter;
}

namespace stemma::cli {

// Reads a key file. An encrypted one is opened with $STEMMA_KEY_PASSPHRASE, or
// with what the terminal is asked for.
Result<SigningKey> ReadKeyFile(const std::filesystem::path& file);

struct SignWith {
  std::vector<SigningKey> keys;
  std::string recovery_vkey;
  std::vector<std::string> timestamp_urls;
  std::string tsa_ca_pem;  // may be empty
  FetchPolicy policy;
};

// Signs what the archive holds; authorities that fail are notes on stderr.
Result<SigningReport> SignNow(const Session& session, ArchiveWriter& writer,
                              const SignWith& how);

// The same for a job: `key_file` empty means that nothing is signed.
Status SignAfterJob(const Session& session, ArchiveWriter& writer,
                    const std::filesystem::path& key_file,
                    const std::vector<std::string>& timestamp_urls,
                    const FetchPolicy& policy);

}  // namespace stemma::cli
