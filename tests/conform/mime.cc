// Suites of MIME types: parsing and writing (WPT), sniffing (jsdom).

#include "article/charset.h"
#include "core/mime_type.h"
#include "core/utf8.h"
#include "fetch/mime_sniff.h"
#include "tests/conform/conform.h"

namespace stemma::conform {
namespace {

// The vectors show bytes as the characters U+0000 to U+00FF.
std::string Bytes(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size();) {
    const char32_t c = NextCodePoint(text, &i);
    bytes += c <= 0xff ? static_cast<char>(c) : '\1';
  }
  return bytes;
}

std::string Characters(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) AppendUtf8(static_cast<unsigned char>(c), &text);
  return text;
}

json RunParse(const json& input, const json&) {
  const auto mime = ParseMimeType(Bytes(input.at("content_type")));
  if (!mime) return {{"output", nullptr}, {"encoding", nullptr}};
  const std::string* charset = mime->Find("charset");
  const auto encoding =
      charset ? EncodingForLabel(*charset) : std::optional<std::string_view>();
  return {{"output", Characters(mime->Serialize())},
          {"encoding", encoding ? json(*encoding) : json()}};
}

std::string FromHex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

json RunSniff(const json& input, const json& meta) {
  const std::string body = FromHex(input.at("body_hex"));
  const json options = input.value("options", json());
  std::string type;
  SniffInput sniff{.body = body, .content_type = {}};
  if (options.is_object()) {
    sniff.from_http = options.contains("contentTypeHeader");
    type = options.value(sniff.from_http ? "contentTypeHeader" : "providedType",
                         "");
    sniff.no_sniff = options.value("noSniff", false);
  }
  sniff.content_type = type;
  // The extraction lost the predicate "isSupported"; its tests are named so.
  const std::string name = meta.value("test", "");
  sniff.media_supported = name.find("unsupported") == std::string::npos;
  return {{"essence", SniffMimeType(sniff).Essence()}};
}

const bool registered = Register({
    {.name = "mime_parse_wpt", .run = RunParse},
    {.name = "mime_parse_generated_wpt", .run = RunParse},
    {.name = "mime_sniff_jsdom", .run = RunSniff},
});

}  // namespace
}  // namespace stemma::conform
