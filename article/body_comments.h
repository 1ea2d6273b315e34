// Where readers begin to speak: what they write is prose as well, and often
// more than the article.
#pragma once

#include "article/body_draft.h"

namespace stemma {

// The block that opens the comments, or -1. Needs `paths` and, of the facts,
// `container` and `prose`.
int FindComments(const BodyDraft& draft);

}  // namespace stemma
