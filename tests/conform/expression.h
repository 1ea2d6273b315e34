// The few Python expressions in which feedparser's tests state what they
// expect: comparisons of paths, joined by "and", "or" and "not".
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace stemma::conform {

// Whether `expression` holds of the names in `scope`; false when it cannot be
// read or names something that is not there where a value is needed.
bool Holds(std::string_view expression, const nlohmann::json& scope);

// What "entries[0]['title']" leads to; a discarded value when it leads nowhere.
nlohmann::json ValueAt(std::string_view path, const nlohmann::json& scope);

}  // namespace stemma::conform
