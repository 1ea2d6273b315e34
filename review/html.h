// Writing untrusted text into HTML: escaped, and with control and bidi
// characters made visible, so that a captured page can neither run nor lie in
// a report.
#pragma once

#include <string>
#include <string_view>

namespace stemma {

// The same text with what cannot be seen made visible: C0 and C1 controls (but
// LF and TAB), DEL, bidi controls and the BOM become "\u{202e}"; bytes that are
// no UTF-8 become U+FFFD.
std::string VisibleText(std::string_view text);

// VisibleText for element content and for attribute values in double quotes.
std::string EscapeHtml(std::string_view text);

// A link when `url` is http(s), plain text otherwise; never a javascript: URL.
std::string HtmlLink(std::string_view url);

// "data:<mime>;base64,..." for images inside a self-contained page.
std::string DataUri(std::string_view mime, std::string_view bytes);

// A digest in groups of eight digits, for eyes; copied from a browser it is
// one word, as programs want it.
std::string HtmlDigest(std::string_view hex);

}  // namespace stemma
