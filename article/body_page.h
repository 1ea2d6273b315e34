// The page before its text is looked for: which parts of it never hold text
// (menus, forms, hidden elements, captions), and where its headline is.
#pragma once

#include "article/body_draft.h"

namespace stemma {

void ReadPage(BodyDraft& draft);

}  // namespace stemma
