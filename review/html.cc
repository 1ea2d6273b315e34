#include "review/html.h"

#include <fmt/format.h>

#include <cstdint>

namespace stemma {
namespace {

// One code point of `text` at `i`; length 0 when the bytes are no UTF-8.
struct Decoded {
  char32_t code = 0xFFFD;
  std::size_t length = 0;
};

Decoded DecodeAt(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) {
    return static_cast<unsigned char>(text[k]);
  };
  const unsigned char lead = byte(i);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || i + length > text.size()) return {};
  char32_t code = lead & (0xFFu >> (length + 1));
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte(i + k) & 0xC0u) != 0x80u) return {};
    code = code << 6 | (byte(i + k) & 0x3Fu);
  }
  const bool overlong =
      (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  if (overlong || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
    return {};
  }
  return {code, length};
}

bool IsInvisibleControl(char32_t code) {
  return (code < 0x20 && code != '\n' && code != '\t') || code == 0x7F ||
         (code >= 0x80 && code < 0xA0) || code == 0x061C || code == 0x200E ||
         code == 0x200F || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

}  // namespace

std::string EscapeHtml(std::string_view text) {
  std::string html;
  html.reserve(text.size() + text.size() / 8);
  for (std::size_t i = 0; i < text.size();) {
    const Decoded at = DecodeAt(text, i);
    if (at.length == 0) {
      html += "\xEF\xBF\xBD";
      ++i;
      continue;
    }
    if (IsInvisibleControl(at.code)) {
      html += fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(at.code));
    } else {
      switch (at.code) {
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
          html += text.substr(i, at.length);
      }
    }
    i += at.length;
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
    if (i > 0) html += ' ';
    html += EscapeHtml(hex.substr(i, 8));
  }
  return html + "</code>";
}

}  // namespace stemma
