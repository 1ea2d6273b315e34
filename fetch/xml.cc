#include "fetch/xml.h"

#include <fmt/format.h>
#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <unicode/ucnv.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "core/ascii.h"
#include "core/utf8.h"

namespace stemma {
namespace {

std::string_view View(const xmlChar* text) {
  return text ? std::string_view(reinterpret_cast<const char*>(text))
              : std::string_view();
}

// --- decoding ----------------------------------------------------------------

// The value of a pseudo-attribute of the XML declaration at the front.
std::string_view DeclaredEncoding(std::string_view text) {
  if (!text.starts_with("<?xml")) return {};
  const std::string_view declaration = text.substr(0, text.find('>'));
  const std::size_t at = declaration.find("encoding");
  if (at == std::string_view::npos) return {};
  const std::size_t quote = declaration.find_first_of("\"'", at);
  if (quote == std::string_view::npos) return {};
  const std::size_t end = declaration.find(declaration[quote], quote + 1);
  if (end == std::string_view::npos) return {};
  return declaration.substr(quote + 1, end - quote - 1);
}

struct Encoding {
  std::string name;
  std::size_t mark_bytes = 0;
};

Encoding EncodingOf(std::string_view bytes, std::string_view charset) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\xef\xbb\xbf")) return {"utf-8", 3};
  if (bytes.starts_with("\xff\xfe\0\0"sv)) return {"utf-32le", 4};
  if (bytes.starts_with("\0\0\xfe\xff"sv)) return {"utf-32be", 4};
  if (bytes.starts_with("\xff\xfe")) return {"utf-16le", 2};
  if (bytes.starts_with("\xfe\xff")) return {"utf-16be", 2};
  if (!charset.empty()) return {std::string(charset), 0};
  if (bytes.starts_with("<\0?\0"sv)) return {"utf-16le", 0};
  if (bytes.starts_with("\0<\0?"sv)) return {"utf-16be", 0};
  const std::string_view declared = DeclaredEncoding(bytes);
  // A declaration that could be read is not in two-byte characters.
  const bool is_wide = declared.starts_with("UTF-16") ||
                       declared.starts_with("utf-16") || declared.empty();
  return {is_wide ? "utf-8" : std::string(declared), 0};
}

// Appends UTF-16 that arrives in pieces as UTF-8.
class Utf16Joiner {
 public:
  explicit Utf16Joiner(std::string* out) : out_(out) {}
  void Add(char16_t unit) {
    if (unit >= 0xd800 && unit < 0xdc00) {
      high_ = unit;
    } else if (unit >= 0xdc00 && unit < 0xe000) {
      AppendUtf8(0x10000 + ((high_ - 0xd800) << 10) + (unit - 0xdc00U), out_);
    } else {
      AppendUtf8(unit, out_);
    }
  }

 private:
  char32_t high_ = 0xd800;  // ICU's converters give whole pairs only
  std::string* out_;
};

std::optional<std::string> DecodeWithIcu(std::string_view bytes,
                                         const std::string& name) {
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<UConverter, decltype(&ucnv_close)> converter(
      ucnv_open(name.c_str(), &status), &ucnv_close);
  if (U_FAILURE(status)) return std::nullopt;
  std::string text;
  Utf16Joiner joiner(&text);
  const char* source = bytes.data();
  const char* const end = source + bytes.size();
  do {
    char16_t units[4096];
    char16_t* target = units;
    status = U_ZERO_ERROR;
    ucnv_toUnicode(converter.get(), &target, std::end(units), &source, end,
                   nullptr, true, &status);
    for (const char16_t* unit = units; unit != target; ++unit) {
      joiner.Add(*unit);
    }
  } while (status == U_BUFFER_OVERFLOW_ERROR);
  if (U_FAILURE(status)) return std::nullopt;
  return text;
}

bool IsXmlCharacter(char32_t c) {
  return c == 0x9 || c == 0xa || c == 0xd || (c >= 0x20 && c < 0xfffe) ||
         c >= 0x10000;
}

std::string WithoutForbiddenCharacters(std::string text) {
  bool clean = true;
  for (std::size_t i = 0; clean && i < text.size();) {
    const char32_t c = NextCodePoint(text, &i);
    clean = IsXmlCharacter(c) && c != U'\ufffd';
  }
  if (clean) return text;
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const char32_t c = NextCodePoint(text, &i);
    AppendUtf8(IsXmlCharacter(c) ? c : U'\ufffd', &out);
  }
  return out;
}

// --- repairing ---------------------------------------------------------------

bool IsNameCharacter(char c) { return IsAlnum(c); }

// The reference at the front of `text` ("&...;") as XML knows it; empty when
// there is none. `*length` is what it takes of the text.
std::string KnownReference(std::string_view text, std::size_t* length) {
  constexpr std::size_t kLongestName = 32;
  const std::size_t end = text.substr(0, kLongestName).find(';');
  if (end == std::string_view::npos || end < 2) return {};
  const std::string name(text.substr(1, end - 1));
  *length = end + 1;
  const bool is_predefined = name == "amp" || name == "lt" || name == "gt" ||
                             name == "quot" || name == "apos";
  if (name[0] == '#' || is_predefined)
    return std::string(text.substr(0, end + 1));
  if (!std::ranges::all_of(name, IsNameCharacter)) return {};
  const htmlEntityDesc* entity =
      htmlEntityLookup(reinterpret_cast<const xmlChar*>(name.c_str()));
  return entity ? fmt::format("&#{};", entity->value) : std::string();
}

// How much of `text`, which starts with "<", is a comment or CDATA section.
std::size_t OpaqueLength(std::string_view text) {
  std::string_view end;
  if (text.starts_with("<![CDATA[")) end = "]]>";
  if (text.starts_with("<!--")) end = "-->";
  if (end.empty()) return 0;
  const std::size_t at = text.find(end, 4);
  return at == std::string_view::npos ? text.size() : at + end.size();
}

// HTML's references become numbers, ampersands that start none are escaped;
// CDATA and comments stay as they are. nullopt when there is nothing to repair.
std::optional<std::string> RepairReferences(std::string_view text) {
  std::optional<std::string> out;
  std::size_t copied = 0;
  for (std::size_t at = 0;; ++at) {
    at = text.find_first_of("&<", at);
    if (at == std::string_view::npos) break;
    if (text[at] == '<') {
      const std::size_t opaque = OpaqueLength(text.substr(at));
      if (opaque > 0) at += opaque - 1;
      continue;
    }
    std::size_t length = 1;
    std::string reference = KnownReference(text.substr(at), &length);
    if (reference == text.substr(at, length) && !reference.empty()) continue;
    if (reference.empty()) {
      length = 1;
      reference = "&amp;";
    }
    if (!out) out.emplace();
    out->append(text.substr(copied, at - copied)).append(reference);
    copied = at + length;
  }
  if (out) out->append(text.substr(copied));
  return out;
}

// --- SAX ---------------------------------------------------------------------

constexpr int kMaxDepth = 256;
constexpr int kMaxAttributes = 1'000;

// Where the first tag with more attributes than anybody needs begins, or npos:
// libxml2 takes time quadratic in their number.
std::size_t FindOverloadedTag(std::string_view text) {
  for (std::size_t at = text.find('<'); at != std::string_view::npos;
       at = text.find('<', at)) {
    if (const std::size_t opaque = OpaqueLength(text.substr(at)); opaque > 0) {
      at += opaque;
      continue;
    }
    int attributes = 0;
    std::size_t end = at + 1;
    while (end < text.size() && text[end] != '>' && text[end] != '<') {
      if (text[end] == '=' && ++attributes > kMaxAttributes) return at;
      if (text[end] == '"' || text[end] == '\'') {
        // No value holds "<": there libxml2 takes up reading again.
        const char stops[] = {text[end], '<', '\0'};
        end = std::min(text.find_first_of(stops, end + 1), text.size());
        if (end < text.size() && text[end] == '<') break;
      }
      if (end < text.size()) ++end;
    }
    at = end;
  }
  return std::string_view::npos;
}

struct SaxState {
  XmlHandler* handler;
  XmlReport* report;
  xmlParserCtxtPtr parser = nullptr;
  int depth = 0;

  void Stop() {
    report->stopped = true;
    xmlStopParser(parser);
  }
};

SaxState& State(void* data) { return *static_cast<SaxState*>(data); }

void OnStart(void* data, const xmlChar* name, const xmlChar* prefix,
             const xmlChar* uri, int, const xmlChar**, int count, int,
             const xmlChar** raw) {
  std::vector<XmlAttribute> attributes;
  attributes.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    // Five pointers each: name, prefix, URI, begin and end of the value.
    const xmlChar** attribute = raw + i * 5;
    attributes.push_back(
        {.ns = std::string(View(attribute[2])),
         .prefix = std::string(View(attribute[1])),
         .name = std::string(View(attribute[0])),
         .value = {reinterpret_cast<const char*>(attribute[3]),
                   reinterpret_cast<const char*>(attribute[4])}});
  }
  if (State(data).report->stopped) return;
  if (++State(data).depth > kMaxDepth) {
    State(data).report->well_formed = false;
    State(data).report->first_error =
        fmt::format("more than {} levels deep", kMaxDepth);
    return State(data).Stop();
  }
  if (!State(data).handler->Start({View(uri), View(prefix), View(name)},
                                  attributes)) {
    State(data).Stop();
  }
}

void OnEnd(void* data, const xmlChar* name, const xmlChar* prefix,
           const xmlChar* uri) {
  if (State(data).report->stopped) return;
  --State(data).depth;
  if (!State(data).handler->End({View(uri), View(prefix), View(name)})) {
    State(data).Stop();
  }
}

void OnText(void* data, const xmlChar* text, int length) {
  if (State(data).report->stopped) return;
  State(data).handler->Text(
      {reinterpret_cast<const char*>(text), static_cast<std::size_t>(length)});
}

void OnError(void* data, xmlErrorPtr error) {
  XmlReport* report = State(data).report;
  if (error->level < XML_ERR_ERROR || report->stopped) return;
  report->well_formed = false;
  if (!report->first_error.empty()) return;
  std::string message = error->message ? error->message : "error";
  while (message.ends_with('\n')) message.pop_back();
  report->first_error = fmt::format("line {}: {}", error->line, message);
}

// The declarations of a DTD make libxml2 start a document of its own.
void FreeParser(xmlParserCtxtPtr parser) {
  xmlFreeDoc(parser->myDoc);
  xmlFreeParserCtxt(parser);
}

xmlSAXHandler Handler() {
  xmlSAXHandler handler{};
  handler.initialized = XML_SAX2_MAGIC;
  handler.startElementNs = OnStart;
  handler.endElementNs = OnEnd;
  handler.characters = OnText;
  handler.cdataBlock = OnText;
  handler.ignorableWhitespace = OnText;
  handler.serror = OnError;
  return handler;
}

}  // namespace

std::string XmlToUtf8(std::string bytes, std::string_view charset) {
  const Encoding encoding = EncodingOf(bytes, charset);
  bytes.erase(0, encoding.mark_bytes);
  if (encoding.name != "utf-8") {
    if (auto text = DecodeWithIcu(bytes, encoding.name)) {
      return WithoutForbiddenCharacters(*std::move(text));
    }
  }
  return WithoutForbiddenCharacters(std::move(bytes));
}

XmlReport ReadXml(std::string_view text, XmlHandler& handler) {
  XmlReport report;
  // White space before the declaration is the commonest mistake of all.
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin != 0) report.well_formed = false;
  text.remove_prefix(std::min(begin, text.size()));
  const std::optional<std::string> repaired = RepairReferences(text);
  if (repaired) {
    text = *repaired;
    report.well_formed = false;
    report.first_error = "references that XML does not know";
  }
  if (const std::size_t overloaded = FindOverloadedTag(text);
      overloaded != std::string_view::npos) {
    text = text.substr(0, overloaded);
    report.well_formed = false;
    report.first_error =
        fmt::format("an element with more than {} attributes", kMaxAttributes);
  }
  SaxState state{.handler = &handler, .report = &report};
  xmlSAXHandler sax = Handler();
  const std::unique_ptr<xmlParserCtxt, decltype(&FreeParser)> parser(
      xmlCreatePushParserCtxt(&sax, &state, nullptr, 0, nullptr), &FreeParser);
  if (!parser) {
    report.well_formed = false;
    report.first_error = "no memory for an XML parser";
    return report;
  }
  state.parser = parser.get();
  xmlCtxtUseOptions(parser.get(), XML_PARSE_RECOVER | XML_PARSE_NONET |
                                      XML_PARSE_NOCDATA | XML_PARSE_IGNORE_ENC);
  xmlSwitchEncoding(parser.get(), XML_CHAR_ENCODING_UTF8);
  constexpr std::size_t kPiece = 1 << 20;
  for (std::size_t at = 0; at < text.size() && !report.stopped; at += kPiece) {
    const std::size_t size = std::min(kPiece, text.size() - at);
    xmlParseChunk(parser.get(), text.data() + at, static_cast<int>(size), 0);
  }
  if (!report.stopped) xmlParseChunk(parser.get(), "", 0, 1);
  return report;
}

namespace {

class TreeBuilder : public XmlHandler {
 public:
  explicit TreeBuilder(std::size_t max_nodes) : left_(max_nodes) {}

  bool Start(const Name& name,
             const std::vector<XmlAttribute>& attributes) override {
    if (left_-- == 0) return false;
    auto element = std::make_unique<XmlElement>();
    element->ns = name.ns;
    element->prefix = name.prefix;
    element->name = name.name;
    element->attributes = attributes;
    XmlElement* added = element.get();
    if (open_.empty()) {
      if (root_) return false;
      root_ = std::move(element);
    } else {
      open_.back()->children.emplace_back(std::move(element));
    }
    open_.push_back(added);
    return true;
  }

  bool End(const Name&) override {
    if (!open_.empty()) open_.pop_back();
    return true;
  }

  void Text(std::string_view text) override {
    if (open_.empty()) return;
    auto& children = open_.back()->children;
    if (!children.empty() &&
        std::holds_alternative<std::string>(children.back())) {
      std::get<std::string>(children.back()) += text;
    } else {
      children.emplace_back(std::string(text));
    }
  }

  std::unique_ptr<XmlElement> TakeRoot() { return std::move(root_); }

 private:
  std::size_t left_;
  std::unique_ptr<XmlElement> root_;
  std::vector<XmlElement*> open_;
};

}  // namespace

const std::string* XmlElement::Find(std::string_view attribute) const {
  for (const XmlAttribute& a : attributes) {
    if (a.ns.empty() && a.name == attribute) return &a.value;
  }
  return nullptr;
}

std::string XmlElement::Text() const {
  std::string text;
  for (const XmlNode& child : children) {
    if (const auto* own = std::get_if<std::string>(&child)) {
      text += *own;
    } else {
      text += std::get<std::unique_ptr<XmlElement>>(child)->Text();
    }
  }
  return text;
}

XmlTree ReadXmlTree(std::string_view text, std::size_t max_nodes) {
  TreeBuilder builder(max_nodes);
  XmlTree tree;
  tree.report = ReadXml(text, builder);
  tree.root = builder.TakeRoot();
  return tree;
}

}  // namespace stemma
