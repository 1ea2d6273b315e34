#include "fetch/content_disposition.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/ascii.h"
#include "core/percent_encoding.h"
#include "core/trim.h"
#include "core/utf8.h"

namespace stemma {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view TakeUntil(std::string_view* text, std::string_view ends) {
  const std::string_view taken = text->substr(0, text->find_first_of(ends));
  text->remove_prefix(taken.size());
  return taken;
}

// Reads the value of `parameter`; false for a quoted string never closed.
bool TakeValue(std::string_view* rest,
               ContentDisposition::Parameter* parameter) {
  rest->remove_prefix(std::min(rest->find_first_not_of(kBlanks), rest->size()));
  parameter->quoted = rest->starts_with('"');
  if (!parameter->quoted) {
    parameter->value = TrimOf(TakeUntil(rest, ";"), kBlanks);
    return true;
  }
  rest->remove_prefix(1);
  while (!rest->empty() && rest->front() != '"') {
    if (rest->front() == '\\' && rest->size() > 1) rest->remove_prefix(1);
    parameter->value += rest->front();
    rest->remove_prefix(1);
  }
  if (rest->empty()) return false;
  TakeUntil(rest, ";");
  return true;
}

bool HasBrokenEscape(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    if (i + 2 >= text.size() || HexDigitValue(text[i + 1]) < 0 ||
        HexDigitValue(text[i + 2]) < 0) {
      return true;
    }
  }
  return false;
}

// RFC 8187 ext-value: charset'language'percent-encoded.
std::optional<std::string> DecodeExtended(std::string_view text) {
  const std::size_t first = text.find('\'');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = text.find('\'', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::string charset = Lowered(text.substr(0, first));
  const std::string_view encoded = text.substr(second + 1);
  if (HasBrokenEscape(encoded)) return std::nullopt;
  const std::string bytes = PercentDecode(encoded);
  if (charset == "utf-8" || charset == "utf8") {
    return ValidUtf8(bytes) == bytes ? std::optional(bytes) : std::nullopt;
  }
  if (charset != "iso-8859-1") return std::nullopt;
  std::string utf8;
  for (const char c : bytes) AppendUtf8(static_cast<unsigned char>(c), &utf8);
  return utf8;
}

using Parameters = std::vector<ContentDisposition::Parameter>;

const ContentDisposition::Parameter* FindIn(const Parameters& parameters,
                                            std::string_view name) {
  const auto found =
      std::ranges::find(parameters, name, &ContentDisposition::Parameter::name);
  return found == parameters.end() ? nullptr : &*found;
}

// HTML Standard, multipart/form-data: the three characters that are escaped.
std::string UnescapeFormName(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string escape = Lowered(text.substr(0, 3));
    const char c = escape == "%0a"   ? '\n'
                   : escape == "%0d" ? '\r'
                   : escape == "%22" ? '"'
                                     : text[0];
    text.remove_prefix(c == text[0] ? 1 : 3);
    out += c;
  }
  return out;
}

}  // namespace

std::string ContentDisposition::Value(std::string_view name) const {
  const Parameter* extended = FindIn(parameters, std::string(name) + "*");
  if (extended && !extended->quoted) {
    if (auto decoded = DecodeExtended(extended->value)) return *decoded;
  }
  const Parameter* plain = FindIn(parameters, name);
  if (!plain) return {};
  return type == "form-data" ? UnescapeFormName(plain->value) : plain->value;
}

std::string ContentDisposition::FileName() const {
  std::string name = Value("filename");
  name.erase(0, name.find_last_of("/\\") + 1);
  std::erase_if(name, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  return name == "." || name == ".." ? "" : name;
}

ContentDisposition ParseContentDisposition(std::string_view value) {
  constexpr std::size_t kMaxParameters = 100;
  ContentDisposition disposition;
  std::string_view rest = value;
  disposition.type = Lowered(TrimOf(TakeUntil(&rest, ";"), kBlanks));
  while (!rest.empty() && disposition.parameters.size() < kMaxParameters) {
    rest.remove_prefix(1);
    ContentDisposition::Parameter parameter;
    parameter.name = Lowered(TrimOf(TakeUntil(&rest, "=;"), kBlanks));
    if (!rest.starts_with('=')) continue;
    rest.remove_prefix(1);
    const bool readable = TakeValue(&rest, &parameter);
    if (readable && !parameter.name.empty() &&
        !FindIn(disposition.parameters, parameter.name)) {
      disposition.parameters.push_back(std::move(parameter));
    }
  }
  return disposition;
}

}  // namespace stemma
