#include "cli/sign_archive.h"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <utility>

#include "archive/archive_writer.h"
#include "fetch/coding.h"

namespace stemma::cli {
namespace {

constexpr std::size_t kMaxAnswer = std::size_t{1} << 20;

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

Result<std::string> Post(const FetchPolicy& policy, const std::string& url,
                         const std::string& query) {
  STEMMA_TRY(const Url target, Url::Parse(url));
  STEMMA_TRY(const std::unique_ptr<Fetcher> fetcher, Fetcher::Create(policy));
  FetchRequest request{.url = target, .headers = {}, .limits = {}};
  request.headers = {{"Content-Type", std::string(kTimestampQueryType)},
                     {"Accept", std::string(kTimestampReplyType)},
                     {"Accept-Encoding", "identity"}};
  request.limits.max_body_bytes = kMaxAnswer;
  request.limits.head = std::chrono::seconds(30);
  request.limits.total = std::chrono::seconds(45);
  request.post = query;
  std::string body;
  int status = 0;
  std::string head;
  const ExchangeSink sink{.on_head = [&](const Exchange& exchange) -> Status {
                            status = exchange.status;
                            head = exchange.response_head;
                            return {};
                          },
                          .on_body = [&](std::string_view bytes) -> Status {
                            body += bytes;
                            return {};
                          }};
  const FetchOutcome outcome = fetcher->Get(request, sink);
  if (outcome.failure) return *outcome.failure;
  if (status != 200) {
    return Error(ErrorCode::kNetwork, fmt::format("HTTP status {}", status));
  }
  if (outcome.exchange.truncated) {
    return Error(ErrorCode::kNetwork, "the answer was cut off");
  }
  return DecodeTransfer(head, body);
}

}  // namespace

Result<SigningKey> ReadKeyFile(const std::filesystem::path& file) {
  return LoadKey(file, [&]() -> Result<std::string> {
    if (const char* given = std::getenv("STEMMA_KEY_PASSPHRASE")) {
      return std::string(given);
    }
    return AskForPassphrase(file);
  });
}

Result<SigningReport> SignNow(const Session& session, ArchiveWriter& writer,
                              const SignWith& how) {
  SigningOptions options;
  options.keys = how.keys;
  options.recovery_vkey = how.recovery_vkey;
  options.timestamp_urls = how.timestamp_urls;
  options.trust.ca_pem = how.tsa_ca_pem;
  options.clock = session.clock;
  options.post = [&](const std::string& url, const std::string& query) {
    return Post(how.policy, url, query);
  };
  Result<SigningReport> report = SignArchive(writer, options);
  if (!report) return report;
  for (const std::string& warning : report->warnings) session.Note(warning);
  return report;
}

Status SignAfterJob(const Session& session, ArchiveWriter& writer,
                    const std::filesystem::path& key_file,
                    const std::vector<std::string>& timestamp_urls,
                    const FetchPolicy& policy) {
  if (key_file.empty()) return {};
  Result<SigningKey> key = ReadKeyFile(key_file);
  if (!key) return std::move(key).error().Context("signing");
  SignWith how;
  how.keys = {*std::move(key)};
  how.timestamp_urls = timestamp_urls;
  how.policy = policy;
  const Result<SigningReport> report = SignNow(session, writer, how);
  if (!report) return Error(report.error()).Context("signing");
  if (report->checkpoint) {
    session.Note(fmt::format("signed {} events, {} timestamps",
                             report->checkpoint->size, report->tokens));
  }
  return {};
}

}  // namespace stemma::cli
