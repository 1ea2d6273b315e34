// Encoding labels (encoding.spec.whatwg.org) and encoding sniffing (html5lib).
#include <algorithm>

#include "article/charset.h"
#include "tests/conform/conform.h"

namespace stemma::conform {
namespace {

json RunLabel(const json& input, const json&) {
  const auto encoding = EncodingForLabel(input.value("label", ""));
  return {{"encoding", encoding ? json(*encoding) : json()}};
}

json RunSniffing(const json& input, const json&) {
  const std::string html = Base64Member(input, "html_b64");
  return {{"encoding", SniffEncoding(html, "").encoding}};
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  return text;
}

// html5lib writes encodings in any case and by any label.
bool SameEncoding(const json& got, const json& expect) {
  const auto named = EncodingForLabel(expect.value("encoding", ""));
  return named &&
         Lower(std::string(*named)) == Lower(got.value("encoding", ""));
}

const bool registered = Register({
    {.name = "encoding_labels", .run = RunLabel},
    {.name = "html_encoding_html5lib",
     .run = RunSniffing,
     .passes = SameEncoding},
});

}  // namespace
}  // namespace stemma::conform
