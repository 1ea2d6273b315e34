#include "cli/commands.h"

#include <array>

namespace stemma::cli {

// Each is defined in cli/<name>.cc.
void AddCapture(CLI::App& root, Session& session);
void AddConfig(CLI::App& root, Session& session);
void AddDerive(CLI::App& root, Session& session);
void AddExtract(CLI::App& root, Session& session);
void AddServe(CLI::App& root, Session& session);

std::span<const Command> Commands() {
  static constexpr std::array kCommands = {
      Command{"capture", AddCapture},
      Command{"config", AddConfig},
      Command{"derive", AddDerive},
      Command{"extract", AddExtract},
      Command{"serve", AddServe},
  };
  return kCommands;
}

}  // namespace stemma::cli
