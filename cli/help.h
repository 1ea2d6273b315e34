// How --help reads: usage first, one line an option, examples last; within a
// screen of 24 lines and 80 columns.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace stemma::cli {

// The group of the options that AddNetworkOptions adds; their meaning is
// curl's, so the help of a command only names them.
inline constexpr char kNetworkGroup[] = "Network";

class HelpFormatter : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;
};

}  // namespace stemma::cli
