#include "core/mime_type.h"

#include <algorithm>

#include "core/ascii.h"
#include "core/trim.h"

namespace stemma {
namespace {

constexpr std::string_view kSpaces = "\n\r\t ";

bool IsTokenCharacter(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return IsAlnum(c) || kOthers.find(c) != std::string_view::npos;
}

bool IsToken(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, IsTokenCharacter);
}

bool IsQuotedStringText(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

std::string_view TrimEnd(std::string_view text) {
  return text.substr(0, text.find_last_not_of(kSpaces) + 1);
}

// Takes `text` up to any of `ends`, which stays.
std::string_view TakeUntil(std::string_view* text, std::string_view ends) {
  const std::string_view taken = text->substr(0, text->find_first_of(ends));
  text->remove_prefix(taken.size());
  return taken;
}

// HTTP quoted string, opening quote in front; an unclosed one ends at the end.
std::string TakeQuoted(std::string_view* text) {
  std::string value;
  text->remove_prefix(1);
  while (!text->empty()) {
    const char c = text->front();
    text->remove_prefix(1);
    if (c == '"') break;
    if (c != '\\') {
      value += c;
    } else if (text->empty()) {
      value += '\\';
    } else {
      value += text->front();
      text->remove_prefix(1);
    }
  }
  return value;
}

// One ";name=value" without the semicolon; moves `rest` to the next ";".
void TakeParameter(std::string_view* rest, MimeType* mime) {
  rest->remove_prefix(std::min(rest->find_first_not_of(kSpaces), rest->size()));
  const std::string name = Lowered(TakeUntil(rest, ";="));
  if (rest->empty() || rest->front() == ';') return;
  rest->remove_prefix(1);
  std::string value;
  if (rest->starts_with('"')) {
    value = TakeQuoted(rest);
    TakeUntil(rest, ";");
  } else {
    value = TrimEnd(TakeUntil(rest, ";"));
    if (value.empty()) return;
  }
  if (!IsToken(name) || !IsQuotedStringText(value) || mime->Find(name)) return;
  mime->parameters.emplace_back(name, value);
}

}  // namespace

const std::string* MimeType::Find(std::string_view name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::string MimeType::Serialize() const {
  std::string text = Essence();
  for (const auto& [name, value] : parameters) {
    text += ";" + name + "=";
    if (IsToken(value)) {
      text += value;
      continue;
    }
    text += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text;
}

bool MimeType::IsHtml() const {
  return (type == "text" && subtype == "html") ||
         (type == "application" && subtype == "xhtml+xml");
}

bool MimeType::IsXml() const {
  return subtype.ends_with("+xml") ||
         (subtype == "xml" && (type == "text" || type == "application"));
}

bool MimeType::IsJson() const {
  return subtype.ends_with("+json") ||
         (subtype == "json" && (type == "text" || type == "application"));
}

std::optional<MimeType> ParseMimeType(std::string_view text) {
  std::string_view rest = TrimOf(text, kSpaces);
  const std::string_view type = TakeUntil(&rest, "/");
  if (!IsToken(type) || rest.empty()) return std::nullopt;
  rest.remove_prefix(1);
  const std::string_view subtype = TrimEnd(TakeUntil(&rest, ";"));
  if (!IsToken(subtype)) return std::nullopt;
  MimeType mime{
      .type = Lowered(type), .subtype = Lowered(subtype), .parameters = {}};
  constexpr std::size_t kMaxParameters = 1'000;
  while (!rest.empty() && mime.parameters.size() < kMaxParameters) {
    rest.remove_prefix(1);
    TakeParameter(&rest, &mime);
  }
  return mime;
}

}  // namespace stemma
