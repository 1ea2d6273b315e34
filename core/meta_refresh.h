// The content of <meta http-equiv=refresh> and of the Refresh field (HTML
// Standard, "shared declarative refresh steps").
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace stemma {

struct MetaRefresh {
  int seconds = 0;  // at most 1e9
  std::string url;  // as written, not resolved; empty: the page itself

  bool operator==(const MetaRefresh&) const = default;
};

// nullopt when a browser would not refresh.
std::optional<MetaRefresh> ParseMetaRefresh(std::string_view content);

}  // namespace stemma
