// The srcset attribute of <img> and <source> (HTML Standard 4.8.4.3.10): every
// picture a page may show, of which an archive keeps all.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stemma {

struct ImageCandidate {
  std::string url;                // as written, not resolved
  std::optional<int> width;       // "640w"
  std::optional<int> height;      // "480h", of the future
  std::optional<double> density;  // "2x"

  bool operator==(const ImageCandidate&) const = default;
};

// The candidates in order; those with descriptors that make no sense are left
// out, as in browsers. Linear time.
std::vector<ImageCandidate> ParseSrcset(std::string_view value);

}  // namespace stemma
