// How --help reads: usage first, one line an option, examples last; within a
// screen of 24 lines and 80 columns.
#pragma once

#include <memory>

namespace CLI {
class FormatterBase;
}

namespace stemma::cli {

// The group of the options that AddNetworkOptions adds; their meaning is
// curl's, so the help of a command only names them.
inline constexpr char kNetworkGroup[] = "Network";

std::shared_ptr<CLI::FormatterBase> MakeHelpFormatter();

}  // namespace stemma::cli
