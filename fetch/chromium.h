// Chromium behind PageRenderer, by the Chrome DevTools Protocol
// (https://chromedevtools.github.io/devtools-protocol/): every request of the
// page is paused (Fetch domain) and answered by us.
//
// It must not reach anything by itself: no network namespace (BrowserPipe),
// and where the kernel gives none, a proxy and a resolver that lead nowhere.
#pragma once

#include <memory>
#include <string>

#include "fetch/page_renderer.h"

namespace stemma {

// `program`: a path or a name in $PATH.
std::unique_ptr<PageRenderer> MakeChromium(std::string program);

}  // namespace stemma
