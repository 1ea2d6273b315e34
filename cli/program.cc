// The program around the commands: global options, help, did-you-mean.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/session.h"

namespace stemma::cli {
namespace {

// Levenshtein distance, for did-you-mean.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, change});
    }
  }
  return row[b.size()];
}

std::string DidYouMean(std::string_view word) {
  std::string best;
  std::size_t least = 3;
  for (const Command& command : Commands()) {
    const std::size_t distance = Distance(word, command.name);
    if (distance < least) {
      least = distance;
      best = command.name;
    }
  }
  return best;
}

void AddGlobalOptions(CLI::App& root, Session& session) {
  root.add_option("--archive", session.archive,
                  "archive directory [$STEMMA_ARCHIVE, ./archive]")
      ->type_name("DIR");
  root.add_flag("--json", session.json, "machine-readable results");
  root.add_flag("-q,--quiet", session.quiet, "no progress, no notes");
  root.add_flag("-v,--verbose", session.verbose, "say more on stderr");
  root.add_option("--color", session.color, "auto, always or never [auto]")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("WHEN");
}

}  // namespace

void AddNetworkOptions(CLI::App& command, Session& session) {
  NetworkOptions& net = session.network;
  command.add_option("--resolve", net.resolve, "use ADDR for HOST:PORT")
      ->type_name("HOST:PORT:ADDR")
      ->allow_extra_args(false)
      ->group(kNetworkGroup);
  command
      .add_option("--allow-private", net.allow_private,
                  "contact this private address too")
      ->type_name("ADDR:PORT|all")
      ->allow_extra_args(false)
      ->group(kNetworkGroup);
  command.add_option("--cacert", net.cacert, "trust these CAs")
      ->type_name("FILE")
      ->group(kNetworkGroup);
  command.add_option("--proxy", net.proxy, "use this proxy")
      ->type_name("URL")
      ->group(kNetworkGroup);
  command.add_option("--user-agent", net.user_agent, "identify as this")
      ->type_name("TEXT")
      ->group(kNetworkGroup);
  command.add_option("--max-time", net.max_time, "seconds per exchange")
      ->type_name("S")
      ->check(CLI::PositiveNumber)
      ->group(kNetworkGroup);
  command
      .add_option_function<std::string>(
          "--max-filesize",
          [&net](const std::string& text) {
            const Result<std::uint64_t> size = ParseSize(text);
            if (!size)
              throw CLI::ValidationError("--max-filesize",
                                         size.error().message());
            net.max_filesize = *size;
          },
          "keep at most this much of a body")
      ->type_name("BYTES")
      ->group(kNetworkGroup);
  command
      .add_option_function<std::string>(
          "--limit-rate",
          [&net](const std::string& text) {
            const Result<std::uint64_t> rate = ParseSize(text);
            if (!rate)
              throw CLI::ValidationError("--limit-rate",
                                         rate.error().message());
            net.limit_rate = *rate;
          },
          "bytes a second")
      ->type_name("RATE")
      ->group(kNetworkGroup);
}

int Main(int argc, const char* const* argv) {
  Session session;
  session.out = &std::cout;
  session.err = &std::cerr;

  CLI::App root(
      "Archives news pages and their videos, and tells who copied whom and "
      "what they changed.",
      "stemma");
  root.footer("See 'stemma COMMAND --help', and man stemma.");
  root.formatter(MakeHelpFormatter());
  root.set_version_flag("--version", "stemma " STEMMA_VERSION);
  root.require_subcommand(0, 1);
  root.fallthrough();
  AddGlobalOptions(root, session);
  for (const Command& command : Commands()) command.add(root, session);

  // A word that is no command gets a better answer than CLI11's.
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word.starts_with("-")) {
      if (word == "--archive" || word == "--color") ++i;
      continue;
    }
    const auto commands = Commands();
    if (std::none_of(commands.begin(), commands.end(),
                     [&](const Command& c) { return c.name == word; })) {
      const std::string near = DidYouMean(word);
      *session.err << "stemma: '" << ForTerminal(word) << "' is not a command"
                   << (near.empty() ? "" : "; did you mean '" + near + "'?")
                   << "\nSee 'stemma --help'.\n";
      return kUsage;
    }
    break;
  }

  try {
    root.parse(argc, argv);
    if (root.get_subcommands().empty()) {
      *session.err << root.help();
      return kUsage;
    }
  } catch (const CLI::Success& success) {  // --help, --version
    session.exit_code = root.exit(success, *session.out, *session.err);
  } catch (const CLI::ParseError& error) {
    *session.err << "stemma: " << ForTerminal(error.what()) << "\n";
    for (const CLI::App* command : root.get_subcommands()) {
      *session.err << "See 'stemma " << command->get_name() << " --help'.\n";
      return kUsage;
    }
    *session.err << "See 'stemma --help'.\n";
    return kUsage;
  }
  session.out->flush();
  if (!session.out->good()) {
    *session.err << "stemma: writing to standard output failed\n";
    return kTrouble;
  }
  return session.exit_code;
}

}  // namespace stemma::cli
