// Is one word the other with its letters misread? Scanned and retyped copies
// carry such words ("cornmission", "technoiogy"); they are no alterations.
#pragma once

#include <functional>
#include <string_view>

namespace stemma {

enum class Garble {
  kNone,
  kMisread,   // by the confusions of optical character recognition
  kMistyped,  // one letter dropped, doubled, swapped or replaced
};

// Compares two compare forms. Digits against digits are never garbled letters.
Garble GarbleOf(std::string_view a, std::string_view b);

// Calls f with every form that `form` becomes by one confusion of optical
// character recognition.
void ForLookAlikes(std::string_view form,
                   const std::function<void(std::string_view)>& f);

}  // namespace stemma
