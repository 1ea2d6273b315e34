#include "archive/event_line.h"

#include <array>
#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>

#include "archive/jcs.h"
#include "core/time.h"

namespace stemma {
namespace {

enum : unsigned char { kPlain = 0, kQuote, kEscape, kControl, kWide };

constexpr std::array<unsigned char, 256> MakeClasses() {
  std::array<unsigned char, 256> classes{};
  for (int i = 0; i < 0x20; ++i) classes[i] = kControl;
  classes['"'] = kQuote;
  classes['\\'] = kEscape;
  for (int i = 0x80; i < 0x100; ++i) classes[i] = kWide;
  return classes;
}
constexpr std::array<unsigned char, 256> kClasses = MakeClasses();

constexpr std::array<bool, 256> MakeKeyBytes() {
  std::array<bool, 256> bytes{};
  for (int c = 'a'; c <= 'z'; ++c) bytes[c] = true;
  for (int c = '0'; c <= '9'; ++c) bytes[c] = true;
  bytes['_'] = true;
  return bytes;
}
constexpr std::array<bool, 256> kKeyBytes = MakeKeyBytes();

// True when all eight bytes are printable ASCII other than '"' and '\'.
bool EightPlain(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHighs = 0x8080808080808080U;
  const std::uint64_t quote = word ^ (kOnes * '"');
  const std::uint64_t slash = word ^ (kOnes * '\\');
  const std::uint64_t bad =
      (word - kOnes * 0x20) | (quote - kOnes) | (slash - kOnes) | word;
  return (bad & kHighs) == 0;
}

// Walks canonical text; every function leaves `at_` behind what it read, or
// returns false at the first byte that breaks a rule.
class Walker {
 public:
  explicit Walker(std::string_view text)
      : at_(text.data()), end_(text.data() + text.size()) {}

  bool AtEnd() const { return at_ == end_; }

  // `members`: where to note the members of this object, or null.
  bool Object(int depth, std::vector<EventView::Member>* members) {
    if (depth > kMaxLineDepth || !Take('{')) return false;
    if (Take('}')) return true;
    std::string_view last;
    bool first = true;
    do {
      std::string_view key;
      if (!Key(key) || !Take(':')) return false;
      // Ascending bytes: for these keys the UTF-16 order of RFC 8785.
      if (!first && key <= last) return false;
      first = false;
      last = key;
      const char* begin = at_;
      if (!Value(depth + 1)) return false;
      if (members != nullptr) {
        members->push_back(
            {key, {begin, static_cast<std::size_t>(at_ - begin)}});
      }
    } while (Take(','));
    return Take('}');
  }

 private:
  bool Take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  bool Word(std::string_view word) {
    if (static_cast<std::size_t>(end_ - at_) < word.size() ||
        std::memcmp(at_, word.data(), word.size()) != 0) {
      return false;
    }
    at_ += word.size();
    return true;
  }

  bool Key(std::string_view& key) {
    if (!Take('"')) return false;
    const char* begin = at_;
    while (at_ != end_ && kKeyBytes[static_cast<unsigned char>(*at_)]) ++at_;
    key = {begin, static_cast<std::size_t>(at_ - begin)};
    return !key.empty() && Take('"');
  }

  bool Value(int depth) {
    if (at_ == end_) return false;
    switch (*at_) {
      case '"':
        return String();
      case '{':
        return Object(depth, nullptr);
      case '[':
        return Array(depth);
      case 't':
        return Word("true");
      case 'f':
        return Word("false");
      case 'n':
        return Word("null");
      default:
        return Integer();
    }
  }

  bool Array(int depth) {
    if (depth > kMaxLineDepth || !Take('[')) return false;
    if (Take(']')) return true;
    do {
      if (!Value(depth + 1)) return false;
    } while (Take(','));
    return Take(']');
  }

  bool Integer() {
    const bool negative = Take('-');
    const char* begin = at_;
    std::uint64_t number = 0;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') {
      number = number * 10 + static_cast<std::uint64_t>(*at_ - '0');
      if (number > kMaxExactInteger) return false;
      ++at_;
    }
    if (at_ == begin) return false;
    // No leading zeros, and zero has no sign.
    if (*begin == '0') return at_ - begin == 1 && !negative;
    return true;
  }

  bool String() {
    ++at_;
    while (at_ != end_) {
      while (end_ - at_ >= 8 && EightPlain(at_)) at_ += 8;
      if (at_ == end_) return false;
      switch (kClasses[static_cast<unsigned char>(*at_)]) {
        case kPlain:
          ++at_;
          break;
        case kQuote:
          ++at_;
          return true;
        case kEscape:
          if (!Escape()) return false;
          break;
        case kWide:
          if (!Wide()) return false;
          break;
        default:
          return false;
      }
    }
    return false;
  }

  // Only the escapes RFC 8785 writes: the short ones, and \u00xx for the
  // control characters that have none.
  bool Escape() {
    ++at_;
    if (at_ == end_) return false;
    switch (*at_) {
      case '"':
      case '\\':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't':
        ++at_;
        return true;
      default:
        break;
    }
    if (!Word("u00") || end_ - at_ < 2) return false;
    const char high = at_[0];
    const char low = at_[1];
    at_ += 2;
    if (high != '0' && high != '1') return false;
    const bool digit = low >= '0' && low <= '9';
    if (!digit && !(low >= 'a' && low <= 'f')) return false;
    const bool has_short_form =
        high == '0' &&
        (low == '8' || low == '9' || low == 'a' || low == 'c' || low == 'd');
    return !has_short_form;
  }

  bool Tail(std::ptrdiff_t i, unsigned int low = 0x80,
            unsigned int high = 0xBF) const {
    if (end_ - at_ <= i) return false;
    const unsigned int byte = static_cast<unsigned char>(at_[i]);
    return byte >= low && byte <= high;
  }

  // Well-formed UTF-8, Unicode table 3-7.
  bool Wide() {
    const unsigned int lead = static_cast<unsigned char>(*at_);
    if (lead >= 0xC2 && lead <= 0xDF) {
      if (!Tail(1)) return false;
      at_ += 2;
      return true;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
      const unsigned int low = lead == 0xE0 ? 0xA0 : 0x80;
      const unsigned int high = lead == 0xED ? 0x9F : 0xBF;
      if (!Tail(1, low, high) || !Tail(2)) return false;
      at_ += 3;
      return true;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
      const unsigned int low = lead == 0xF0 ? 0x90 : 0x80;
      const unsigned int high = lead == 0xF4 ? 0x8F : 0xBF;
      if (!Tail(1, low, high) || !Tail(2) || !Tail(3)) return false;
      at_ += 4;
      return true;
    }
    return false;
  }

  const char* at_;
  const char* end_;
};

// The first rule of ours that parsed, canonical JSON still breaks.
std::string BrokenRule(const nlohmann::json& value) {
  if (value.is_number_float()) return "a number that is no integer";
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() > kMaxExactInteger) {
    return "an integer beyond 2^53 - 1";
  }
  if (value.is_number_integer() && !value.is_number_unsigned() &&
      value.get<std::int64_t>() <
          -static_cast<std::int64_t>(kMaxExactInteger)) {
    return "an integer below -(2^53 - 1)";
  }
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      for (const char c : key) {
        if (!kKeyBytes[static_cast<unsigned char>(c)]) {
          return "the key \"" + key +
                 "\": only a-z, 0-9 and _ may stand in "
                 "keys";
        }
      }
      if (key.empty()) return "an empty key";
      if (std::string broken = BrokenRule(member); !broken.empty()) {
        return broken;
      }
    }
  }
  if (value.is_array()) {
    for (const nlohmann::json& element : value) {
      if (std::string broken = BrokenRule(element); !broken.empty()) {
        return broken;
      }
    }
  }
  return {};
}

}  // namespace

bool EventView::Read(std::string_view text) {
  members_.clear();
  if (text.size() > kMaxLineBytes) return false;
  Walker walker(text);
  return walker.Object(1, &members_) && walker.AtEnd();
}

std::string_view EventView::Raw(std::string_view key) const {
  for (const Member& member : members_) {
    if (member.key == key) return member.value;
  }
  return {};
}

std::optional<std::string_view> EventView::Text(std::string_view key) const {
  const std::string_view raw = Raw(key);
  if (raw.size() < 2 || raw.front() != '"') return std::nullopt;
  const std::string_view text = raw.substr(1, raw.size() - 2);
  if (text.find('\\') != std::string_view::npos) return std::nullopt;
  return text;
}

std::optional<std::uint64_t> EventView::Number(std::string_view key) const {
  const std::string_view raw = Raw(key);
  std::uint64_t number = 0;
  const auto [end, error] =
      std::from_chars(raw.data(), raw.data() + raw.size(), number);
  if (raw.empty() || error != std::errc() || end != raw.data() + raw.size()) {
    return std::nullopt;
  }
  return number;
}

LineFault ExplainLine(std::string_view line) {
  EventView view;
  if (view.Read(line)) return {};
  if (line.size() > kMaxLineBytes) {
    return {"line-too-long", std::to_string(line.size()) +
                                 " bytes, more than " +
                                 std::to_string(kMaxLineBytes)};
  }
  if (line.starts_with("\xEF\xBB\xBF") && ParseStrict(line.substr(3))) {
    return {"not-canonical", "begins with a byte order mark"};
  }
  const Result<nlohmann::json> value = ParseStrict(
      line, {.max_bytes = kMaxLineBytes, .max_depth = kMaxLineDepth});
  if (!value) return {"bad-json", value.error().message()};
  if (!value->is_object()) return {"bad-json", "not an object"};
  if (line.ends_with('\r')) {
    return {"not-canonical", "ends in CR LF: the line ends were changed"};
  }
  if (Jcs(*value) != line) {
    return {"not-canonical", "the same JSON has other bytes by RFC 8785"};
  }
  return {"bad-event", "holds " + BrokenRule(*value)};
}

Result<std::string> EventLine(const nlohmann::json& event) {
  std::string line = Jcs(event);
  if (const LineFault fault = ExplainLine(line); !fault.code.empty()) {
    return Error(ErrorCode::kInvalidArgument,
                 "event cannot be logged: " + fault.why);
  }
  return line;
}

bool IsEventTime(std::string_view text) {
  if (text.size() != 24) return false;
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd.dddZ";
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == 'd' ? !digit : text[i] != kShape[i]) return false;
  }
  const std::optional<TimePoint> time = ParseTime(text);
  return time && FormatMillis(*time) == text;
}

}  // namespace stemma
