// Is one word the other with its letters misread? Scanned and retyped copies
// carry such words ("cornmission", "technoiogy"); they are no alterations.
#pragma once

#include <string_view>

namespace stemma {

enum class Garble {
  kNone,
  kMisread,   // by the confusions of optical character recognition
  kMistyped,  // one letter dropped, doubled, swapped or replaced
};

// Compares two compare forms. Digits against digits are never garbled letters.
Garble GarbleOf(std::string_view a, std::string_view b);

}  // namespace stemma
