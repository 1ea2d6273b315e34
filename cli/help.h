// How --help reads: usage first, one line an option, examples last; within a
// screen of 24 lines and 80 columns.
#pragma once

#include <memory>

namespace CLI {
class FormatterBase;
}

namespace stemma::cli {

// A group of options stands in the help as their names under its own: details
// are for the man page. This one is of those that AddNetworkOptions adds, with
// the meaning that curl gives them.
inline constexpr char kNetworkGroup[] = "network, as curl";

std::shared_ptr<CLI::FormatterBase> MakeHelpFormatter();

}  // namespace stemma::cli
