#include "fetch/feed_html.h"

#include <libxml/HTMLparser.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/ascii.h"
#include "core/percent_encoding.h"
#include "core/url.h"

namespace stemma {
namespace {

constexpr std::string_view kSpaces = " \t\r\n\f";

template <std::size_t N>
bool IsOneOf(std::string_view name, const std::string_view (&names)[N]) {
  return std::ranges::find(names, name) != std::end(names);
}

bool IsVoid(std::string_view tag) {
  constexpr std::string_view kVoid[] = {
      "area",  "base", "br",   "col",   "embed",  "hr",    "img",
      "input", "link", "meta", "param", "source", "track", "wbr"};
  return IsOneOf(tag, kVoid);
}

// Elements that go with all they hold.
bool IsRemovedWhole(std::string_view tag) {
  constexpr std::string_view kRemoved[] = {"script", "style", "noscript",
                                           "applet", "template"};
  return IsOneOf(tag, kRemoved);
}

// Elements that go and leave what they hold.
bool IsRemovedTag(std::string_view tag) {
  constexpr std::string_view kRemoved[] = {
      "html", "head",  "body",     "base",   "link", "meta",
      "form", "frame", "frameset", "object", "blink"};
  return IsOneOf(tag, kRemoved);
}

bool IsAddress(std::string_view attribute) {
  constexpr std::string_view kAddresses[] = {
      "href",     "src",        "poster",     "cite",  "data",
      "longdesc", "background", "xlink:href", "usemap"};
  return IsOneOf(attribute, kAddresses);
}

std::string EscapedAttribute(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '"') {
      out += "&quot;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

struct Tag {
  std::string name;
  std::vector<std::pair<std::string, std::string>> attributes;
  bool closing = false;
  bool self_closing = false;
};

class TagReader {
 public:
  explicit TagReader(std::string_view rest) : rest_(rest) {}

  // Reads the tag that starts at "<"; false when the text ends within it.
  bool Read(Tag* tag) {
    rest_.remove_prefix(1);
    tag->closing = Take('/');
    tag->name = NameWithCase(TakeUntil(" \t\r\n\f/>"));
    while (true) {
      SkipSpaces();
      if (rest_.empty()) return false;
      if (Take('>')) return true;
      if (Take('/')) {
        tag->self_closing = rest_.starts_with('>');
        continue;
      }
      ReadAttribute(tag);
    }
  }

  std::string_view rest() const { return rest_; }

 private:
  bool Take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view TakeUntil(std::string_view stops) {
    const std::string_view taken = rest_.substr(0, rest_.find_first_of(stops));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  void SkipSpaces() {
    rest_.remove_prefix(
        std::min(rest_.find_first_not_of(kSpaces), rest_.size()));
  }

  // HTML names are lower case; those of SVG and MathML are not.
  static std::string NameWithCase(std::string_view name) {
    const std::string lower = Lowered(name);
    constexpr std::string_view kMixed[] = {"baseProfile", "viewBox",
                                           "preserveAspectRatio",
                                           "linearGradient", "foreignObject"};
    for (const std::string_view mixed : kMixed) {
      if (Lowered(mixed) == lower) return std::string(mixed);
    }
    return lower;
  }

  void ReadAttribute(Tag* tag) {
    constexpr std::size_t kMaxAttributes = 100;
    const std::string name = NameWithCase(TakeUntil(" \t\r\n\f/>="));
    if (name.empty()) {
      // A stray "=" is passed over, or this would not move on.
      rest_.remove_prefix(1);
      return;
    }
    SkipSpaces();
    std::string value;
    if (Take('=')) {
      SkipSpaces();
      if (Take('"')) {
        value = TakeUntil("\"");
        Take('"');
      } else if (Take('\'')) {
        value = TakeUntil("'");
        Take('\'');
      } else {
        value = TakeUntil(" \t\r\n\f>");
      }
    }
    const bool known = std::ranges::any_of(
        tag->attributes, [&](const auto& old) { return old.first == name; });
    if (!known && tag->attributes.size() < kMaxAttributes) {
      tag->attributes.emplace_back(name, value);
    }
  }

  std::string_view rest_;
};

// The character a reference at the front of `text` stands for, "&#106;" or one
// of the three names that can hide a scheme; 0 for any other text. `*length` is
// what it takes.
char32_t HidingReference(std::string_view text, std::size_t* length) {
  constexpr std::pair<std::string_view, char32_t> kNames[] = {
      {"&colon;", U':'}, {"&tab;", U'\t'}, {"&newline;", U'\n'}};
  const std::string lower = Lowered(text.substr(0, 16));
  for (const auto& [name, c] : kNames) {
    *length = name.size();
    if (lower.starts_with(name)) return c;
  }
  if (!lower.starts_with("&#")) return 0;
  const bool hex = lower.starts_with("&#x");
  char32_t value = 0;
  std::size_t at = hex ? 3 : 2;
  for (; at < lower.size(); ++at) {
    const int digit = HexDigitValue(lower[at]);
    if (digit < 0 || (!hex && digit > 9)) break;
    value = std::min<char32_t>(
        value * (hex ? 16 : 10) + static_cast<char32_t>(digit), 0xffff);
  }
  *length = at + (at < lower.size() && lower[at] == ';' ? 1 : 0);
  return value;
}

// Whether an attribute's address runs something, as a browser would read it.
bool IsDangerous(std::string_view address) {
  std::string plain;
  constexpr std::size_t kLongestScheme = 20;
  while (!address.empty() && plain.size() < kLongestScheme) {
    std::size_t length = 1;
    char32_t c = static_cast<unsigned char>(address[0]);
    if (c == '&') {
      if (const char32_t hidden = HidingReference(address, &length)) {
        c = hidden;
      } else {
        length = 1;
      }
    }
    if (c > 0x20 && c < 0x7f) plain += static_cast<char>(c);
    address.remove_prefix(length);
  }
  const std::string lower = Lowered(plain);
  return lower.starts_with("javascript:") || lower.starts_with("vbscript:") ||
         lower.starts_with("data:text/html");
}

std::string WrittenTag(Tag tag, std::string_view base) {
  if (tag.closing) return "</" + tag.name + ">";
  std::ranges::sort(tag.attributes);
  std::string out = "<" + tag.name;
  for (auto& [name, value] : tag.attributes) {
    if (name.starts_with("on") || name == "style") continue;
    if (IsAddress(name)) {
      if (IsDangerous(value)) continue;
      value = ResolveFeedUrl(value, base);
    }
    out += " " + name + "=\"" + EscapedAttribute(value) + "\"";
  }
  return out + (IsVoid(tag.name) || tag.self_closing ? " />" : ">");
}

// Text as it stands, but for an "&" that begins no reference.
void AppendText(std::string_view text, std::string* out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    *out += text[i];
    if (text[i] != '&') continue;
    const std::string_view name = text.substr(i + 1, 32);
    const std::size_t end = name.find_first_not_of(
        "#0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    const bool is_reference =
        end != std::string_view::npos && end > 0 && name[end] == ';';
    if (!is_reference) *out += "amp;";
  }
}

// Length of a comment, declaration or processing instruction at the front.
std::size_t DeclarationLength(std::string_view text) {
  if (text.starts_with("<!--")) {
    const std::size_t end = text.find("-->", 4);
    return end == std::string_view::npos ? text.size() : end + 3;
  }
  if (text.starts_with("<!") || text.starts_with("<?")) {
    const std::size_t end = text.find('>');
    return end == std::string_view::npos ? text.size() : end + 1;
  }
  return 0;
}

// What is behind the end tag of `name`.
std::string_view AfterElement(std::string_view text, std::string_view name) {
  for (std::size_t at = text.find("</"); at != std::string_view::npos;
       at = text.find("</", at + 2)) {
    if (Lowered(text.substr(at + 2, name.size())) == name) {
      const std::size_t end = text.find('>', at);
      return end == std::string_view::npos ? std::string_view()
                                           : text.substr(end + 1);
    }
  }
  return {};
}

bool StartsTag(std::string_view text) {
  return text.size() > 1 &&
         (IsAlpha(text[1]) ||
          (text[1] == '/' && text.size() > 2 && IsAlpha(text[2])));
}

std::string EscapedText(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

constexpr std::string_view kSvg = "http://www.w3.org/2000/svg";
constexpr std::string_view kMathMl = "http://www.w3.org/1998/Math/MathML";

void AppendMarkup(const XmlElement& element, std::string_view parent_ns,
                  std::string* out) {
  *out += "<" + element.name;
  const bool is_foreign = element.ns == kSvg || element.ns == kMathMl;
  if (is_foreign && element.ns != parent_ns) {
    *out += " xmlns=\"" + element.ns + "\"";
  }
  for (const XmlAttribute& attribute : element.attributes) {
    const bool keeps_prefix =
        attribute.prefix == "xml" || attribute.prefix == "xlink";
    const std::string name =
        keeps_prefix ? attribute.prefix + ":" + attribute.name : attribute.name;
    std::string value;
    for (const char c : attribute.value) {
      if (c == '"') {
        value += "&quot;";
      } else {
        value += c;
      }
    }
    out->append(" ").append(name).append("=\"").append(value).append("\"");
  }
  if (element.children.empty() && IsVoid(element.name)) {
    *out += " />";
    return;
  }
  *out += ">";
  for (const XmlNode& child : element.children) {
    if (const auto* text = std::get_if<std::string>(&child)) {
      *out += EscapedText(*text);
    } else {
      AppendMarkup(*std::get<std::unique_ptr<XmlElement>>(child), element.ns,
                   out);
    }
  }
  *out += "</" + element.name + ">";
}

bool IsKnownEntity(std::string_view name) {
  if (name.starts_with('#')) return true;
  return htmlEntityLookup(reinterpret_cast<const xmlChar*>(
             std::string(name).c_str())) != nullptr;
}

}  // namespace

std::string ResolveFeedUrl(std::string_view address, std::string_view base) {
  const std::size_t begin = address.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return std::string(base);
  address =
      address.substr(begin, address.find_last_not_of(kSpaces) - begin + 1);
  if (base.empty() || Url::Parse(address)) return std::string(address);
  const Result<Url> base_url = Url::Parse(base);
  if (!base_url) return std::string(address);
  const Result<Url> resolved = Url::Parse(address, &*base_url);
  return resolved ? resolved->Href() : std::string(address);
}

std::string CleanFeedHtml(std::string_view html, std::string_view base) {
  std::string out;
  while (!html.empty()) {
    const std::size_t next = std::min(html.find('<'), html.size());
    AppendText(html.substr(0, next), &out);
    html.remove_prefix(next);
    if (html.empty()) break;
    if (const std::size_t length = DeclarationLength(html); length > 0) {
      html.remove_prefix(length);
      continue;
    }
    if (!StartsTag(html)) {
      // Escaped, or what follows a removed comment could make it a tag.
      out += "&lt;";
      html.remove_prefix(1);
      continue;
    }
    Tag tag;
    TagReader reader(html);
    if (!reader.Read(&tag)) {
      // No tag ends any more: reading on at the next "<" would be quadratic.
      return out + EscapedText(html);
    }
    html = reader.rest();
    if (IsRemovedWhole(tag.name)) {
      if (!tag.closing && !tag.self_closing) {
        html = AfterElement(html, tag.name);
      }
    } else if (!IsRemovedTag(tag.name)) {
      out += WrittenTag(std::move(tag), base);
    }
  }
  return out;
}

bool LooksLikeHtml(std::string_view text) {
  constexpr std::string_view kKnown[] = {
      "a",      "abbr",      "b",      "blockquote", "br",    "caption",
      "center", "cite",      "code",   "dd",         "del",   "div",
      "dl",     "dt",        "em",     "embed",      "font",  "h1",
      "h2",     "h3",        "h4",     "h5",         "h6",    "hr",
      "i",      "iframe",    "img",    "ins",        "kbd",   "li",
      "object", "ol",        "p",      "pre",        "q",     "s",
      "small",  "span",      "strike", "strong",     "sub",   "sup",
      "table",  "tbody",     "td",     "tfoot",      "th",    "thead",
      "tr",     "tt",        "u",      "ul",         "video", "audio",
      "figure", "figcaption"};
  bool closes = false;
  bool has_entity = false;
  for (std::size_t at = text.find_first_of("<&"); at != std::string_view::npos;
       at = text.find_first_of("<&", at + 1)) {
    const std::string_view rest = text.substr(at);
    if (rest[0] == '&') {
      const std::size_t end = rest.substr(0, 32).find(';');
      if (end == std::string_view::npos) continue;
      if (end > 1 && !IsKnownEntity(rest.substr(1, end - 1))) return false;
      has_entity = true;
    } else if (StartsTag(rest)) {
      const std::size_t skip = rest[1] == '/' ? 2 : 1;
      const std::string name = Lowered(
          rest.substr(skip, rest.find_first_of(" \t\r\n/>", skip) - skip));
      if (!IsOneOf(name, kKnown)) return false;
      if (skip == 2 || IsVoid(name)) closes = true;
    }
  }
  return closes || has_entity;
}

std::string MarkupOf(const XmlElement& element) {
  std::string out;
  for (const XmlNode& child : element.children) {
    if (const auto* text = std::get_if<std::string>(&child)) {
      out += EscapedText(*text);
    } else {
      AppendMarkup(*std::get<std::unique_ptr<XmlElement>>(child), "", &out);
    }
  }
  return out;
}

}  // namespace stemma
