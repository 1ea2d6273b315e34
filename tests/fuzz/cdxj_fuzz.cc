#include <filesystem>
#include <string>
#include <vector>

#include "archive/cdxj.h"
#include "tests/fuzz/fuzz_target.h"

namespace stemma::fuzz {

// Reading what was read and written again gives the same line, and a text of
// lines is sorted whatever was in them.
FUZZ_TARGET(cdxj) {
  std::vector<CdxjLine> lines;
  std::string_view rest = bytes;
  while (!rest.empty() && lines.size() < 1000) {
    const std::size_t end = rest.find('\n');
    const Result<CdxjLine> line = ParseCdxjLine(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (!line) continue;
    const std::string text = line->Text();
    Require(text.find('\n') == std::string::npos, "a line is one line");
    const Result<CdxjLine> again = ParseCdxjLine(text);
    Require(again.has_value(), "what we write we can read");
    Require(again->Text() == text, "reading changes nothing");
    Require(again->offset == line->offset && again->length == line->length &&
                again->url == line->url,
            "numbers and URL survive");
    lines.push_back(*line);
  }
  // Some of it by way of the disk.
  SortedLines sorted(std::filesystem::temp_directory_path(), 4 << 10);
  for (const CdxjLine& line : lines) {
    Require(sorted.Add(line.Text()).has_value(), "a line is added");
  }
  std::size_t count = 0;
  std::string last;
  const Status drained = sorted.Drain([&](std::string_view line) -> Status {
    Require(line >= last, "lines are sorted by bytes");
    last = line;
    ++count;
    return {};
  });
  Require(drained.has_value() && count == lines.size(), "no line is lost");
}

}  // namespace stemma::fuzz
