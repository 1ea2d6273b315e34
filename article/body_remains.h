// What the rules for single blocks cannot see: a deck that goes with the
// headline, repeats, introductions of authors at the end, headings that nothing
// follows.
#pragma once

#include "article/body_draft.h"

namespace stemma {

void ClearRemains(BodyDraft& draft);

}  // namespace stemma
