#include "review/json_facts.h"

#include <utility>

#include "archive/jcs.h"

namespace stemma {

using Json = nlohmann::json;

const Json& MemberIn(const Json& object, const char* key) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

std::string TextIn(const Json& object, const char* key) {
  const Json& member = MemberIn(object, key);
  return member.is_string() ? member.get<std::string>() : std::string();
}

std::uint64_t CountIn(const Json& object, const char* key) {
  constexpr std::uint64_t kExact = std::uint64_t{1} << 53;
  const Json& member = MemberIn(object, key);
  // A count that was an int of ours is a signed number in memory.
  if (!member.is_number_integer() ||
      (!member.is_number_unsigned() && member.get<std::int64_t>() < 0)) {
    return 0;
  }
  const auto count = member.get<std::uint64_t>();
  return count < kExact ? count : 0;
}

void SetText(Json& object, const char* key, std::string text) {
  if (!text.empty()) object[key] = std::move(text);
}

Json WithoutFractions(Json value) {
  if (value.is_number_float()) return EcmaScriptNumber(value.get<double>());
  if (value.is_structured()) {
    for (Json& member : value) member = WithoutFractions(std::move(member));
  }
  return value;
}

}  // namespace stemma
