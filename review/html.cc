#include "review/html.h"

#include <fmt/format.h>

#include <cstdint>

#include "core/utf8.h"

namespace stemma {
namespace {

bool IsInvisibleControl(char32_t code) {
  return (code < 0x20 && code != '\n' && code != '\t') || code == 0x7F ||
         (code >= 0x80 && code < 0xA0) || code == 0x061C || code == 0x200E ||
         code == 0x200F || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

}  // namespace

std::string VisibleText(std::string_view text) {
  std::string shown;
  shown.reserve(text.size() + text.size() / 8);
  for (std::size_t at = 0; at < text.size();) {
    const char32_t code = NextCodePoint(text, &at);
    if (IsInvisibleControl(code)) {
      shown += fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(code));
    } else {
      AppendUtf8(code, &shown);
    }
  }
  return shown;
}

std::string EscapeHtml(std::string_view text) {
  std::string html;
  for (const char c : VisibleText(text)) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

std::string HtmlLink(std::string_view url) {
  const std::string shown = EscapeHtml(url);
  if (!url.starts_with("http://") && !url.starts_with("https://")) return shown;
  return fmt::format(
      "<a href=\"{}\" rel=\"noopener noreferrer nofollow\">{}</a>", shown,
      shown);
}

std::string DataUri(std::string_view mime, std::string_view bytes) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string uri = fmt::format("data:{};base64,", EscapeHtml(mime));
  uri.reserve(uri.size() + bytes.size() * 4 / 3 + 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 |
              (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k])
                                    : 0u);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      const bool padding = i + k > bytes.size();
      uri += padding ? '=' : kAlphabet[group >> (18 - 6 * k) & 63u];
    }
  }
  return uri;
}

std::string HtmlDigest(std::string_view hex) {
  std::string html = "<code class=\"digest\">";
  for (std::size_t i = 0; i < hex.size(); i += 8) {
    html += "<span>" + EscapeHtml(hex.substr(i, 8)) + "</span><wbr>";
  }
  return html + "</code>";
}

}  // namespace stemma
