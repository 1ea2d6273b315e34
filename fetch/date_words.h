// The words of a date written out, as HTTP and feeds do.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

namespace stemma {

// Views into `text`, the first twelve: no date has more.
inline std::vector<std::string_view> DateWords(std::string_view text,
                                               std::string_view separators) {
  constexpr std::size_t kMost = 12;
  std::vector<std::string_view> words;
  while (words.size() < kMost) {
    const std::size_t begin = text.find_first_not_of(separators);
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    const std::size_t end =
        std::min(text.find_first_of(separators), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

}  // namespace stemma
