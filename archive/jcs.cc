#include "archive/jcs.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace stemma {
namespace {

using Json = nlohmann::json;

// Builds the document while it watches for what a plain parser lets pass.
class StrictBuilder : public nlohmann::json_sax<Json> {
 public:
  explicit StrictBuilder(int max_depth) : max_depth_(max_depth) {}

  bool null() override { return Add(nullptr); }
  bool boolean(bool value) override { return Add(value); }
  bool number_integer(number_integer_t value) override { return Add(value); }
  bool number_unsigned(number_unsigned_t value) override { return Add(value); }
  bool number_float(number_float_t value, const string_t&) override {
    return Add(value);
  }
  bool string(string_t& value) override { return Add(std::move(value)); }
  bool binary(binary_t&) override { return Stop("binary value"); }

  bool start_object(std::size_t) override { return Open(Json::object()); }
  bool start_array(std::size_t) override { return Open(Json::array()); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }

  bool key(string_t& name) override {
    if (open_.back()->contains(name)) {
      return Stop("the key \"" + name + "\" stands twice in one object");
    }
    key_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const Json::exception&) override {
    return Stop("not JSON at byte " + std::to_string(position));
  }

  Json& root() { return root_; }
  const std::string& problem() const { return problem_; }

 private:
  Json* Place(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    Json& member = parent[std::move(key_)];
    member = std::move(value);
    return &member;
  }

  bool Add(Json value) {
    Place(std::move(value));
    return true;
  }

  bool Open(Json value) {
    if (static_cast<int>(open_.size()) >= max_depth_) {
      return Stop("nested deeper than " + std::to_string(max_depth_));
    }
    // The parent does not grow while a child is open, so this pointer holds.
    open_.push_back(Place(std::move(value)));
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  bool Stop(std::string why) {
    if (problem_.empty()) problem_ = std::move(why);
    return false;
  }

  int max_depth_;
  Json root_;
  std::vector<Json*> open_;
  std::string key_;
  std::string problem_;
};

// Length of the well-formed UTF-8 sequence at `at` (Unicode table 3-7), or 0.
std::size_t Utf8Length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned int a = byte(at);
  const unsigned int b = byte(at + 1);
  const auto tail = [](unsigned int c) { return (c & 0xC0U) == 0x80U; };
  if (a < 0x80) return 1;
  if (a >= 0xC2 && a <= 0xDF) return tail(b) ? 2 : 0;
  if (a >= 0xE0 && a <= 0xEF) {
    if (!tail(b) || !tail(byte(at + 2))) return 0;
    if (a == 0xE0 && b < 0xA0) return 0;
    if (a == 0xED && b > 0x9F) return 0;
    return 3;
  }
  if (a >= 0xF0 && a <= 0xF4) {
    if (!tail(b) || !tail(byte(at + 2)) || !tail(byte(at + 3))) return 0;
    if (a == 0xF0 && b < 0x90) return 0;
    if (a == 0xF4 && b > 0x8F) return 0;
    return 4;
  }
  return 0;
}

// RFC 8785 3.2.2.2.
void AppendString(std::string_view text, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const auto code = static_cast<unsigned char>(c);
    if (code >= 0x80) {
      const std::size_t length = Utf8Length(text, i);
      out += length == 0 ? "\xEF\xBF\xBD" : text.substr(i, length);
      i += std::max<std::size_t>(length, 1);
      continue;
    }
    ++i;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        if (code < 0x20) {
          out += "\\u00";
          out += kHex[code >> 4];
          out += kHex[code & 15];
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

// Orders UTF-8 text by its UTF-16 code units: as by bytes, but what needs a
// surrogate pair (lead bytes F0-F4) comes before U+E000-U+FFFF (lead bytes EE
// and EF).
bool Utf16Less(std::string_view a, std::string_view b) {
  const auto [i, j] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (i == a.end() || j == b.end()) return i == a.end() && j != b.end();
  const auto rank = [](char c) {
    const int byte = static_cast<unsigned char>(c);
    return byte == 0xEE || byte == 0xEF ? byte + 0x100 : byte;
  };
  return rank(*i) < rank(*j);
}

void AppendValue(const Json& value, std::string& out);

void AppendObject(const Json& object, std::string& out) {
  using Member = std::pair<const std::string, Json>;
  std::vector<const Member*> members;
  members.reserve(object.size());
  for (const Member& member : object.get_ref<const Json::object_t&>()) {
    members.push_back(&member);
  }
  std::sort(members.begin(), members.end(),
            [](const Member* a, const Member* b) {
              return Utf16Less(a->first, b->first);
            });
  char separator = '{';
  for (const Member* member : members) {
    out += separator;
    separator = ',';
    AppendString(member->first, out);
    out += ':';
    AppendValue(member->second, out);
  }
  if (members.empty()) out += '{';
  out += '}';
}

void AppendArray(const Json& array, std::string& out) {
  out += '[';
  bool first = true;
  for (const Json& element : array) {
    if (!first) out += ',';
    first = false;
    AppendValue(element, out);
  }
  out += ']';
}

constexpr std::int64_t kExact = std::int64_t{1} << 53;

void AppendValue(const Json& value, std::string& out) {
  switch (value.type()) {
    case Json::value_t::object:
      return AppendObject(value, out);
    case Json::value_t::array:
      return AppendArray(value, out);
    case Json::value_t::string:
      return AppendString(value.get_ref<const std::string&>(), out);
    case Json::value_t::boolean:
      out += value.get<bool>() ? "true" : "false";
      return;
    case Json::value_t::number_unsigned:
      if (const auto n = value.get<std::uint64_t>(); n <= kExact) {
        out += std::to_string(n);
      } else {
        out += EcmaScriptNumber(static_cast<double>(n));
      }
      return;
    case Json::value_t::number_integer:
      if (const auto n = value.get<std::int64_t>();
          n >= -kExact && n <= kExact) {
        out += std::to_string(n);
      } else {
        out += EcmaScriptNumber(static_cast<double>(n));
      }
      return;
    case Json::value_t::number_float:
      out += EcmaScriptNumber(value.get<double>());
      return;
    case Json::value_t::null:
    case Json::value_t::binary:
    case Json::value_t::discarded:
      out += "null";
      return;
  }
}

}  // namespace

Result<nlohmann::json> ParseStrict(std::string_view text, JsonLimits limits) {
  if (text.size() > limits.max_bytes) {
    return Error(ErrorCode::kLimit, "JSON of " + std::to_string(text.size()) +
                                        " bytes: more than " +
                                        std::to_string(limits.max_bytes));
  }
  // The library skips a byte order mark; I-JSON has none.
  if (text.starts_with("\xEF\xBB\xBF")) {
    return Error(ErrorCode::kMalformed, "JSON begins with a byte order mark");
  }
  StrictBuilder builder(limits.max_depth);
  if (!Json::sax_parse(text.begin(), text.end(), &builder)) {
    return Error(ErrorCode::kMalformed, "JSON: " + builder.problem());
  }
  return std::move(builder.root());
}

std::string Jcs(const nlohmann::json& value) {
  std::string out;
  AppendValue(value, out);
  return out;
}

std::string EcmaScriptNumber(double number) {
  if (!std::isfinite(number)) return "null";
  if (number == 0) return "0";  // also for -0
  // Shortest digits that read back as this number, "d.ddde[+-]xx".
  std::array<char, 40> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(),
                    std::abs(number), std::chars_format::scientific)
          .ptr;
  const std::string_view scientific(
      buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t e = scientific.find('e');
  std::string digits(scientific.substr(0, 1));
  if (e > 2) digits += scientific.substr(2, e - 2);
  int exponent = 0;
  std::string_view power = scientific.substr(e + 1);
  if (power.starts_with('+')) power.remove_prefix(1);
  std::from_chars(power.data(), power.data() + power.size(), exponent);

  // ECMA-262: the value is 0.digits * 10^point.
  const int point = exponent + 1;
  const int count = static_cast<int>(digits.size());
  std::string out = number < 0 ? "-" : "";
  if (count <= point && point <= 21) {
    out += digits + std::string(static_cast<std::size_t>(point - count), '0');
  } else if (0 < point && point <= 21) {
    out += digits.substr(0, static_cast<std::size_t>(point)) + "." +
           digits.substr(static_cast<std::size_t>(point));
  } else if (-6 < point && point <= 0) {
    out += "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  } else {
    out += digits.substr(0, 1);
    if (count > 1) out += "." + digits.substr(1);
    out += point > 0 ? "e+" : "e-";
    out += std::to_string(std::abs(point - 1));
  }
  return out;
}

}  // namespace stemma
