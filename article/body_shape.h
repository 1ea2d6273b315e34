// The shape of the text. Blocks whose containers stand at the end of the same
// path of tags have one shape: the paragraphs of one text, whatever the classes
// are called. The shape with most prose is the text's.
#pragma once

#include "article/body_draft.h"

namespace stemma {

// Fills the facts of all blocks, the comments and the root of the text; false
// when the page has no prose.
bool FindTextShape(BodyDraft& draft);

}  // namespace stemma
