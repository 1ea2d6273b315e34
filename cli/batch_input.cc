#include "cli/batch_input.h"

#include <fmt/format.h>

#include <iostream>
#include <streambuf>
#include <utility>

namespace stemma::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBlank = " \t\r";

}  // namespace

Result<BatchInput> BatchInput::Open(std::string_view reference) {
  if (reference.empty() || reference == "-") {
    return BatchInput(std::cin, fs::path());
  }
  const fs::path path(reference);
  std::ifstream file(path);
  std::error_code unknown;
  if (!file || fs::is_directory(path, unknown)) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("reading a batch: cannot read {}", reference));
  }
  return BatchInput(std::move(file), path.parent_path());
}

Result<bool> BatchInput::Next(std::string& line) {
  std::streambuf& bytes = *in().rdbuf();
  constexpr auto kEnd = std::streambuf::traits_type::eof();
  while (true) {
    line.clear();
    ++number_;
    auto byte = bytes.sbumpc();
    while (byte != kEnd && byte != '\n') {
      if (line.size() == kMaxLine) {
        return Error(ErrorCode::kLimit,
                     fmt::format("reading a batch: line {} is over {} bytes",
                                 number_, kMaxLine));
      }
      line += static_cast<char>(byte);
      byte = bytes.sbumpc();
    }
    if (line.find_first_not_of(kBlank) != std::string::npos) return true;
    if (byte == kEnd) return false;
  }
}

}  // namespace stemma::cli
