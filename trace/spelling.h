// British and other house spellings, folded to one form. Part of
// "stemma-norm/1": a change here is a new normal form.
#pragma once

#include <string>

namespace stemma {

// Rewrites `form` (ASCII, lower case) to its folded spelling. Not a dictionary:
// rules may make words that do not exist ("exercize"), never shown to anybody;
// they only have to keep different words different.
void FoldSpelling(std::string& form);

}  // namespace stemma
