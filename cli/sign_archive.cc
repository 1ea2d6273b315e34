#include "cli/sign_archive.h"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <utility>

#include "archive/archive_writer.h"
#include "archive/durable_file.h"
#include "archive/note.h"
#include "archive/tsa.h"
#include "cli/ask_authority.h"
#include "cli/capture_now.h"
#include "cli/log_event.h"

namespace stemma::cli {
namespace {

// Reads a line from the terminal without showing it.
Result<std::string> AskForPassphrase(const std::filesystem::path& file) {
  if (::isatty(STDIN_FILENO) == 0) {
    return Error(ErrorCode::kInvalidArgument,
                 file.string() +
                     ": the key is encrypted; set STEMMA_KEY_PASSPHRASE or run "
                     "this on a terminal");
  }
  std::cerr << "passphrase for " << file.string() << ": " << std::flush;
  termios before{};
  ::tcgetattr(STDIN_FILENO, &before);
  termios quiet = before;
  quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
  std::string line;
  std::getline(std::cin, line);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &before);
  std::cerr << "\n";
  return line;
}

// A timestamp query, posted.
Result<std::string> Post(const Session& session, const FetchPolicy& policy,
                         const std::string& url, const std::string& query) {
  return AskAuthority(policy, LimitsOf(session),
                      {.url = url,
                       .post = query,
                       .content_type = std::string(kTimestampQueryType),
                       .accept = std::string(kTimestampReplyType)});
}

}  // namespace

std::filesystem::path KeyFolder() {
  if (const char* config = std::getenv("XDG_CONFIG_HOME");
      config != nullptr && *config == '/') {
    return std::filesystem::path(config) / "stemma";
  }
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home == nullptr ? "." : home) / ".config" /
         "stemma";
}

Passphrase PassphraseFor(const std::filesystem::path& file) {
  return [file]() -> Result<std::string> {
    if (const char* given = std::getenv("STEMMA_KEY_PASSPHRASE")) {
      return std::string(given);
    }
    return AskForPassphrase(file);
  };
}

Result<SigningKey> OpenKey(const KeyChoice& choice) {
  if (choice.command.empty()) {
    return LoadKey(choice.file, PassphraseFor(choice.file));
  }
  std::string text = choice.vkey;
  std::error_code failed;
  if (std::filesystem::is_regular_file(text, failed)) {
    STEMMA_TRY(text, ReadRegularFile(text, 64 << 10));
  }
  const Result<VerifierKey> vkey = ParseVerifierKey(text);
  if (!vkey) {
    return Error(ErrorCode::kInvalidArgument,
                 "a command that signs needs the verifier key of its key "
                 "beside it");
  }
  return KeyByCommand(*vkey, choice.command);
}

std::optional<std::filesystem::path> ConfiguredKey(
    const std::filesystem::path& archive) {
  const std::filesystem::path manifest = archive / "manifest";
  const auto bytes = ReadRegularFile(manifest / "checkpoint", 1 << 20);
  const auto note = bytes ? ParseNote(*bytes) : Result<Note>(bytes.error());
  if (!note) return std::nullopt;
  std::vector<std::filesystem::path> found;
  std::error_code failed;
  for (const auto& entry :
       std::filesystem::directory_iterator(KeyFolder(), failed)) {
    if (entry.path().extension() != ".vkey") continue;
    const auto text = ReadRegularFile(entry.path(), 64 << 10);
    const auto vkey =
        text ? ParseVerifierKey(*text) : Result<VerifierKey>(text.error());
    if (!vkey || vkey->kind != KeyKind::kLog ||
        !VerifyNote(*note, std::vector{*vkey})) {
      continue;
    }
    std::filesystem::path file = entry.path();
    file.replace_extension();
    const auto pem = ReadRegularFile(file, 64 << 10);
    const bool asks = pem && pem->find("ENCRYPTED") != std::string::npos &&
                      std::getenv("STEMMA_KEY_PASSPHRASE") == nullptr;
    if (pem && !asks) found.push_back(file);
  }
  if (found.empty()) return std::nullopt;
  return *std::min_element(found.begin(), found.end());
}

Result<SigningReport> SignNow(const Session& session, ArchiveWriter& writer,
                              const SignWith& how) {
  SigningOptions options;
  options.keys = how.keys;
  options.recovery_vkey = how.recovery_vkey;
  options.timestamp_urls = how.timestamp_urls;
  options.calendar_urls = how.calendar_urls;
  options.trust.ca_pem = how.tsa_ca_pem;
  options.clock = session.clock;
  options.clock_state = ClockFacts;
  options.post = [&](const std::string& url, const std::string& query) {
    return Post(session, how.policy, url, query);
  };
  options.ask = [&](const std::string& url,
                    const std::optional<std::string>& post) {
    return AskAuthority(how.policy, LimitsOf(session),
                        {.url = url,
                         .post = post,
                         .content_type = "application/octet-stream",
                         .accept = "application/vnd.opentimestamps.v1"});
  };
  Result<SigningReport> report = SignArchive(writer, options);
  if (!report) return report;
  for (const std::string& warning : report->warnings) session.Note(warning);
  return report;
}

std::string WordsForCalendars(const SigningReport& report) {
  if (report.promised + report.upgraded == 0) return {};
  return fmt::format(", OpenTimestamps: {} pending, {} upgraded",
                     report.promised, report.upgraded);
}

Status SignAfterJob(const Session& session, ArchiveWriter& writer,
                    const KeyChoice& key_choice,
                    const std::vector<std::string>& timestamp_urls,
                    const FetchPolicy& policy,
                    const std::vector<std::string>& calendar_urls) {
  if (!key_choice.chosen()) return {};
  Result<SigningKey> key = OpenKey(key_choice);
  if (!key) return std::move(key).error().Context("signing");
  SignWith how;
  how.keys = {*std::move(key)};
  how.timestamp_urls = timestamp_urls;
  how.calendar_urls = calendar_urls;
  how.policy = policy;
  const Result<SigningReport> report = SignNow(session, writer, how);
  if (!report) return Error(report.error()).Context("signing");
  if (report->checkpoint) {
    session.Note(fmt::format("signed {} events, {} timestamps{}{}",
                             report->checkpoint->size, report->tokens,
                             report->renewed ? " (renewed)" : "",
                             WordsForCalendars(*report)));
  }
  return {};
}

void AddSignOptions(CLI::App& command, SignOptions& options) {
  command
      .add_option("--sign-key", options.key.file,
                  "sign the log with this key when done [the archive's own]")
      ->type_name("FILE");
  command
      .add_option("--sign-command", options.key.command,
                  "or with a command that signs; needs --sign-vkey")
      ->type_name("CMD");
  command.add_option("--sign-vkey", options.key.vkey, "verifier key of CMD")
      ->type_name("VKEY");
  command
      .add_option("--timestamp", options.timestamp,
                  "ask this RFC 3161 authority; repeatable")
      ->type_name("URL");
  command
      .add_option("--calendar", options.calendar, std::string(kCalendarHelp))
      ->type_name("URL");
}

Status SignWork(const Session& session, ArchiveWriter& writer,
                const SignOptions& options, const FetchPolicy& policy) {
  KeyChoice key = options.key;
  if (!key.chosen()) {
    const auto own = ConfiguredKey(writer.dir());
    if (!own) return {};
    key.file = *own;
  }
  STEMMA_CHECK_OK(writer.Seal());
  return SignAfterJob(session, writer, key, options.timestamp, policy,
                      options.calendar);
}

Result<std::string> TimestampOver(const Session& session,
                                  const FetchPolicy& policy,
                                  const std::string& url,
                                  std::string_view data) {
  STEMMA_TRY(const std::string nonce, RandomNonce());
  STEMMA_TRY(const std::string query,
             MakeTimestampQuery(data, DigestAlgorithm::kSha256, nonce));
  STEMMA_TRY(std::string response, Post(session, policy, url, query));
  const TimestampVerdict verdict =
      VerifyTimestamp({.response = response, .query = query, .data = data},
                      {.own_chain = true}, session.clock());
  if (verdict.ok()) return response;
  return Error(ErrorCode::kNetwork,
               url + ": " + verdict.code + ": " + verdict.why);
}

}  // namespace stemma::cli
