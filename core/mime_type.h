// MIME types as browsers read and write them (mimesniff.spec.whatwg.org 4.4,
// 4.5): whatever a Content-Type field, a data: URL or a type attribute holds.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stemma {

struct MimeType {
  std::string type;     // lower case: "text"
  std::string subtype;  // lower case: "html"
  // Names in lower case, each once; values as unquoted, any bytes.
  std::vector<std::pair<std::string, std::string>> parameters;

  std::string Essence() const { return type + "/" + subtype; }
  // The value of a parameter (lower-case name), or nullptr.
  const std::string* Find(std::string_view name) const;
  // "text/html;charset=utf-8".
  std::string Serialize() const;

  bool IsHtml() const;  // text/html, application/xhtml+xml
  bool IsXml() const;   // text/xml, application/xml, */*+xml
  bool IsJson() const;  // application/json, text/json, */*+json
};

// nullopt when `text` is no MIME type. Parameters that make no sense are
// dropped, of a repeated one the first counts.
std::optional<MimeType> ParseMimeType(std::string_view text);

}  // namespace stemma
