// Signing at the end of work: key, checkpoint, timestamps over HTTP.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/keys.h"
#include "archive/signing.h"
#include "cli/session.h"
#include "core/result.h"
#include "fetch/fetcher.h"

namespace CLI {
class App;
}
namespace stemma {
class ArchiveWriter;
}

namespace stemma::cli {

// $XDG_CONFIG_HOME/stemma, as the XDG Base Directory Specification says.
std::filesystem::path KeyFolder();

// An encrypted key is opened with $STEMMA_KEY_PASSPHRASE, or with what the
// terminal is asked for.
Passphrase PassphraseFor(const std::filesystem::path& file);

inline constexpr std::string_view kCalendarHelp =
    "ask this OpenTimestamps calendar; repeatable";

// Where the key that signs is: in a file, or behind a command that is given
// the text and answers with a line of the note (archive/keys.h).
struct KeyChoice {
  std::filesystem::path file;
  std::string command, vkey;  // vkey: a verifier key, or a file with one
  bool chosen() const { return !file.empty() || !command.empty(); }
};
Result<SigningKey> OpenKey(const KeyChoice& choice);

// The key file in KeyFolder() whose key signed the archive's newest
// checkpoint, if it can be used without asking anybody.
std::optional<std::filesystem::path> ConfiguredKey(
    const std::filesystem::path& archive);

struct SignWith {
  std::vector<SigningKey> keys;
  std::string recovery_vkey;
  std::vector<std::string> timestamp_urls;
  std::vector<std::string> calendar_urls;  // OpenTimestamps
  std::string tsa_ca_pem;                  // may be empty
  FetchPolicy policy;
};

// Signs what the archive holds; authorities that fail are notes on stderr.
Result<SigningReport> SignNow(const Session& session, ArchiveWriter& writer,
                              const SignWith& how);

// ", OpenTimestamps: 1 pending, 0 upgraded", or nothing.
std::string WordsForCalendars(const SigningReport& report);

// The same after a piece of work; without a key nothing is signed.
Status SignAfterJob(const Session& session, ArchiveWriter& writer,
                    const KeyChoice& key,
                    const std::vector<std::string>& timestamp_urls,
                    const FetchPolicy& policy,
                    const std::vector<std::string>& calendar_urls = {});

// The options of commands that sign when their work is done.
struct SignOptions {
  KeyChoice key;
  std::vector<std::string> timestamp, calendar;
};
void AddSignOptions(CLI::App& command, SignOptions& options);

// Seals and signs what a command did: with the key its options name, else with
// the archive's own if that lies in KeyFolder().
Status SignWork(const Session& session, ArchiveWriter& writer,
                const SignOptions& options, const FetchPolicy& policy);

// An RFC 3161 response over `data` from the authority at `url`, held against
// its query.
Result<std::string> TimestampOver(const Session& session,
                                  const FetchPolicy& policy,
                                  const std::string& url,
                                  std::string_view data);

}  // namespace stemma::cli
