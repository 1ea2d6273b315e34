#include "cli/commands.h"

#include <array>

namespace stemma::cli {

// Each is defined in cli/<name>.cc.

std::span<const Command> Commands() {
  static constexpr std::array<Command, 0> kCommands{};
  return kCommands;
}

}  // namespace stemma::cli
