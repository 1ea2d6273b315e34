// The lines of a `--batch`: one query a line, from a file or standard input.
// A program writes them, perhaps a broken one, so a line has a limit.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <istream>
#include <string>
#include <string_view>

#include "core/result.h"

namespace stemma::cli {

class BatchInput {
 public:
  // The bytes of the longest line that is read.
  static constexpr std::size_t kMaxLine = std::size_t{16} << 20;

  // `reference` names a file; "" and "-" are standard input.
  // Errors: kNotFound when there is no such file to be read.
  static Result<BatchInput> Open(std::string_view reference);
  // The lines of a stream, whose relative paths start at `folder`.
  BatchInput(std::istream& in, std::filesystem::path folder)
      : in_(&in), folder_(std::move(folder)) {}

  // The next line that is not blank, without its end; false after the last.
  // Errors: kLimit for a line over kMaxLine; kIo when reading fails.
  Result<bool> Next(std::string& line);

  // Of the line that Next gave, from 1; blank ones are counted.
  std::size_t number() const { return number_; }
  // Where relative paths in the lines start: the file's folder.
  const std::filesystem::path& folder() const { return folder_; }

 private:
  explicit BatchInput(std::ifstream file, std::filesystem::path folder)
      : file_(std::move(file)), folder_(std::move(folder)) {}
  std::istream& in() { return in_ != nullptr ? *in_ : file_; }

  std::ifstream file_;
  std::istream* in_ = nullptr;  // nullptr: file_
  std::filesystem::path folder_;
  std::size_t number_ = 0;
};

}  // namespace stemma::cli
