#include "tests/conform/expression.h"

#include <cctype>
#include <string>

namespace stemma::conform {
namespace {

using nlohmann::json;

json Undefined() { return json(json::value_t::discarded); }

bool IsTrue(const json& value) {
  if (value.is_discarded() || value.is_null()) return false;
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number()) return value.get<double>() != 0;
  if (value.is_string()) return !value.get_ref<const std::string&>().empty();
  return !value.empty();
}

class Evaluator {
 public:
  Evaluator(std::string_view text, const json& scope)
      : rest_(text), scope_(scope) {}

  json Or() {
    json left = And();
    while (TakeWord("or")) {
      const json right = And();
      if (!IsTrue(left)) left = right;
    }
    return left;
  }

  bool AtEnd() {
    SkipSpaces();
    return rest_.empty();
  }

 private:
  json And() {
    json left = Not();
    while (TakeWord("and")) {
      const json right = Not();
      if (IsTrue(left)) left = right;
    }
    return left;
  }

  json Not() {
    if (TakeWord("not")) return !IsTrue(Not());
    return Comparison();
  }

  json Comparison() {
    json left = Operand();
    json result = left;
    bool compared = false;
    bool holds = true;
    while (true) {
      if (Take("==")) {
        const json right = Operand();
        holds = holds && !left.is_discarded() && left == right;
        left = right;
      } else if (Take("!=")) {
        const json right = Operand();
        holds = holds && left != right;
        left = right;
      } else if (TakeWord("in")) {
        const json right = Operand();
        holds = holds && left.is_string() && right.is_object() &&
                right.contains(left.get<std::string>());
        left = right;
      } else {
        return compared ? json(holds) : result;
      }
      compared = true;
    }
  }

  json Operand() {
    SkipSpaces();
    if (Take("(")) {
      json inner = Or();
      Take(")");
      return inner;
    }
    if (Take("[")) return List();
    if (Take("{")) return Dictionary();
    if (!rest_.empty() && std::isdigit(static_cast<unsigned char>(rest_[0]))) {
      return Number();
    }
    if (StartsString()) return String();
    return Path();
  }

  json List() {
    json list = json::array();
    while (!Take("]") && !rest_.empty()) {
      list.push_back(Or());
      Take(",");
    }
    return list;
  }

  json Dictionary() {
    json dictionary = json::object();
    while (!Take("}") && !rest_.empty()) {
      const json key = Operand();
      Take(":");
      const json value = Operand();
      if (key.is_string()) dictionary[key.get<std::string>()] = value;
      Take(",");
    }
    return dictionary;
  }

  json Number() {
    long value = 0;
    while (!rest_.empty() &&
           std::isdigit(static_cast<unsigned char>(rest_[0]))) {
      value = value * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }

  bool StartsString() const {
    std::string_view text = rest_;
    if (text.starts_with('u')) text.remove_prefix(1);
    return text.starts_with('\'') || text.starts_with('"');
  }

  json String() {
    if (rest_.starts_with('u')) rest_.remove_prefix(1);
    const char quote = rest_[0];
    rest_.remove_prefix(1);
    std::string text;
    while (!rest_.empty() && rest_[0] != quote) {
      if (rest_[0] == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
      text += rest_[0];
      rest_.remove_prefix(1);
    }
    if (!rest_.empty()) rest_.remove_prefix(1);
    return text;
  }

  json Path() {
    const std::string name = Name();
    if (name == "True" || name == "False") return name == "True";
    if (name == "None" || name.empty()) return json();
    if (Take("(")) return Call(name);
    json value = Member(scope_, name);
    while (true) {
      if (Take("[")) {
        const json key = Operand();
        Take("]");
        value = Item(value, key);
      } else if (Take(".")) {
        value = MemberOrCall(value, Name());
      } else {
        return value;
      }
    }
  }

  json Call(const std::string& function) {
    if (Take(")")) return function == "locals" ? scope_ : Undefined();
    const json argument = Or();
    Take(")");
    if (function != "len" || argument.is_discarded()) return Undefined();
    return argument.size();
  }

  json MemberOrCall(const json& value, const std::string& name) {
    if (!Take("(")) return Member(value, name);
    const json key = Operand();
    const json fallback = Take(",") ? Operand() : json();
    Take(")");
    if (!key.is_string()) return Undefined();
    const json found = Member(value, key.get<std::string>());
    if (name == "has_key") return !found.is_discarded();
    return found.is_discarded() ? fallback : found;
  }

  static json Member(const json& value, const std::string& name) {
    if (!value.is_object() || !value.contains(name)) return Undefined();
    return value.at(name);
  }

  static json Item(const json& value, const json& key) {
    if (key.is_string()) return Member(value, key.get<std::string>());
    if (!key.is_number() || !value.is_array()) return Undefined();
    const auto index = key.get<std::size_t>();
    return index < value.size() ? value.at(index) : Undefined();
  }

  std::string Name() {
    SkipSpaces();
    std::size_t end = 0;
    while (end < rest_.size() &&
           (std::isalnum(static_cast<unsigned char>(rest_[end])) ||
            rest_[end] == '_')) {
      ++end;
    }
    std::string name(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return name;
  }

  void SkipSpaces() {
    while (!rest_.empty() &&
           std::isspace(static_cast<unsigned char>(rest_[0]))) {
      rest_.remove_prefix(1);
    }
  }

  bool Take(std::string_view token) {
    SkipSpaces();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  bool TakeWord(std::string_view word) {
    SkipSpaces();
    if (!rest_.starts_with(word)) return false;
    const std::string_view after = rest_.substr(word.size());
    const bool ends =
        after.empty() || !(std::isalnum(static_cast<unsigned char>(after[0])) ||
                           after[0] == '_');
    if (ends) rest_.remove_prefix(word.size());
    return ends;
  }

  std::string_view rest_;
  const json& scope_;
};

}  // namespace

bool Holds(std::string_view expression, const json& scope) {
  Evaluator evaluator(expression, scope);
  const json value = evaluator.Or();
  return evaluator.AtEnd() && IsTrue(value);
}

json ValueAt(std::string_view path, const json& scope) {
  return Evaluator(path, scope).Or();
}

}  // namespace stemma::conform
