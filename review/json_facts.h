// Reading JSON that others wrote: a member that is missing or of another kind
// is simply not there.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace stemma {

// The text of a member, empty without one.
std::string TextIn(const nlohmann::json& object, const char* key);
// A number that is an integer in [0, 2^53), else 0.
std::uint64_t CountIn(const nlohmann::json& object, const char* key);
// The member, or null.
const nlohmann::json& MemberIn(const nlohmann::json& object, const char* key);

// Sets `key` unless the text is empty: what is not known stays out.
void SetText(nlohmann::json& object, const char* key, std::string text);

// `value` without numbers that are no integers: those become text.
nlohmann::json WithoutFractions(nlohmann::json value);

}  // namespace stemma
