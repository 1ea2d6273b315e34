// The words of configs/furniture.toml, which is part of the program.
#pragma once

#include <string>
#include <vector>

#include "article/furniture.h"

namespace stemma {

enum class PhraseMatch { kWhole, kStart, kAnywhere };

struct FurniturePhrase {
  Furniture kind = Furniture::kNone;
  PhraseMatch match = PhraseMatch::kWhole;
  std::string words;  // lower case, never empty
};

struct FurnitureWords {
  std::vector<FurniturePhrase> phrases;  // of short blocks
  std::vector<FurniturePhrase> notices;  // of blocks as long as a paragraph
  std::vector<std::string> owner_starts, owner_ends;  // of captions
  std::vector<std::string> comment_headings, comment_starts;
};

// Read at the first call.
const FurnitureWords& WordsOfFurniture();

}  // namespace stemma
