// The rules by which a block inside the extent of the text stays or goes. Each
// is local, and its name goes on record with the block.
#pragma once

#include "article/body_draft.h"

namespace stemma {

void JudgeBlocks(BodyDraft& draft);

}  // namespace stemma
