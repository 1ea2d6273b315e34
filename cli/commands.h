// The table of commands. One file per command; the table feeds help, completion
// and did-you-mean. A command registers itself on the root and sets
// Session::exit_code when it runs.
#pragma once

#include <span>
#include <string_view>

namespace CLI {
class App;
}

namespace stemma::cli {

struct Session;

struct Command {
  std::string_view name;
  // Adds the subcommand with its options and its callback.
  void (*add)(CLI::App& root, Session& session);
};

// All commands, in the order of the help.
std::span<const Command> Commands();

// The program: parses `argv`, runs one command, returns the exit code.
int Main(int argc, const char* const* argv);

// Adds the network options of Session::network to a subcommand.
void AddNetworkOptions(CLI::App& command, Session& session);

}  // namespace stemma::cli
