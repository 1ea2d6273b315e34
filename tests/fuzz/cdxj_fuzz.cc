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
  const std::string text = CdxjText(lines);
  std::string_view last, left = text;
  while (!left.empty()) {
    const std::string_view line = left.substr(0, left.find('\n'));
    Require(line >= last, "lines are sorted by bytes");
    last = line;
    left.remove_prefix(line.size() + 1);
  }
}

}  // namespace stemma::fuzz
