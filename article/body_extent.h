// Where the text begins and ends: from its first sentence to its last, then
// what belongs to it before, behind and around, then the marker that cuts it.
#pragma once

#include "article/body_draft.h"

namespace stemma {

void FindTextExtent(BodyDraft& draft);

}  // namespace stemma
