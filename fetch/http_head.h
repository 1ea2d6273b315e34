// Moved: the archive reads heads, too.
#pragma once

#include "core/http_head.h"  // IWYU pragma: export
