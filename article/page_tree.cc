#include "article/page_tree.h"

#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlversion.h>

#include <charconv>
#include <cstring>
#include <memory>

namespace stemma {
namespace {

std::string_view ViewOf(const xmlChar* text) {
  return reinterpret_cast<const char*>(text);
}

class Builder {
 public:
  explicit Builder(PageTree& tree) : tree_(tree) {}

  void Start(const xmlChar* name, const xmlChar** attributes) {
    FlushText();
    Node node;
    node.kind = NodeKind::kElement;
    node.parent = open_.empty() ? -1 : open_.back();
    if (attributes != nullptr && attributes[0] != nullptr &&
        attributes[1] != nullptr) {
      const std::string_view number = ViewOf(attributes[1]);
      std::int32_t ref = -1;
      std::from_chars(number.data(), number.data() + number.size(), ref);
      if (ref >= 0 &&
          static_cast<std::size_t>(ref) < tree_.scan.elements.size()) {
        node.ref = ref;
        node.tag = tree_.scan.elements[static_cast<std::size_t>(ref)].tag;
      }
    }
    if (node.ref < 0) node.tag = TagOf(ViewOf(name));
    open_.push_back(Add(node));
  }

  void End() {
    FlushText();
    if (open_.empty()) return;
    Close(open_.back());
    open_.pop_back();
  }

  // libxml2 may hand out one run of text in several parts.
  void Characters(const xmlChar* text, int size) {
    pending_.append(reinterpret_cast<const char*>(text),
                    static_cast<std::size_t>(size));
  }

  void Finish() {
    FlushText();
    while (!open_.empty()) {
      Close(open_.back());
      open_.pop_back();
    }
  }

 private:
  std::int32_t Add(const Node& node) {
    tree_.nodes.push_back(node);
    tree_.nodes.back().end = static_cast<std::int32_t>(tree_.nodes.size());
    return static_cast<std::int32_t>(tree_.nodes.size()) - 1;
  }

  void Close(std::int32_t node) {
    tree_.nodes[static_cast<std::size_t>(node)].end =
        static_cast<std::int32_t>(tree_.nodes.size());
  }

  void FlushText() {
    const char* p = pending_.data();
    const char* end = p + pending_.size();
    while (p < end) {
      Node node;
      node.parent = open_.empty() ? -1 : open_.back();
      if (*p == 'T') {
        const auto [rest, error] = std::from_chars(p + 1, end, node.ref);
        p = rest == end ? end : rest + 1;
        if (error != std::errc{}) continue;
        node.kind = NodeKind::kText;
      } else {
        node.kind = *p == 'B' ? NodeKind::kBreak : NodeKind::kBlank;
        p += *p == 'B' ? 2 : 1;
      }
      Add(node);
    }
    pending_.clear();
  }

  PageTree& tree_;
  std::vector<std::int32_t> open_;
  std::string pending_;
};

void OnStart(void* user, const xmlChar* name, const xmlChar** attributes) {
  static_cast<Builder*>(user)->Start(name, attributes);
}
void OnEnd(void* user, const xmlChar*) { static_cast<Builder*>(user)->End(); }
void OnText(void* user, const xmlChar* text, int size) {
  static_cast<Builder*>(user)->Characters(text, size);
}

struct FreeParser {
  void operator()(htmlParserCtxt* parser) const { htmlFreeParserCtxt(parser); }
};

// libxml2's globals are set up once, before any thread parses.
void InitLibxml2() {
  static const bool done = [] {
    xmlInitParser();
    return true;
  }();
  static_cast<void>(done);
}

}  // namespace

std::string TreeBuilderName() { return "libxml2 " LIBXML_DOTTED_VERSION; }

Result<PageTree> BuildTree(std::string_view source, const HtmlLimits& limits) {
  InitLibxml2();
  PageTree tree;
  tree.scan = ScanMarkup(source, limits);
  // An element of our own around everything keeps the nodes one tree even if
  // the page has several roots.
  Builder builder(tree);
  static const xmlChar kRoot[] = "html";
  builder.Start(kRoot, nullptr);

  const std::string& shape = tree.scan.shape;
  if (!shape.empty()) {
    const std::unique_ptr<htmlParserCtxt, FreeParser> parser(
        htmlCreateMemoryParserCtxt(shape.data(),
                                   static_cast<int>(shape.size())));
    if (!parser) {
      return Error(ErrorCode::kIo, "HTML tree: libxml2 has no memory");
    }
    htmlSAXHandler sax;
    std::memset(&sax, 0, sizeof(sax));
    sax.startElement = OnStart;
    sax.endElement = OnEnd;
    sax.characters = OnText;
    sax.ignorableWhitespace = OnText;
    *parser->sax = sax;
    parser->userData = &builder;
    // No network, no messages; XML_PARSE_HUGE because libxml2 otherwise stops
    // at depth 256 and gives an empty page. The depth is bounded before.
    htmlCtxtUseOptions(parser.get(), HTML_PARSE_RECOVER | HTML_PARSE_NONET |
                                         HTML_PARSE_NOERROR |
                                         HTML_PARSE_NOWARNING);
    parser->options |= XML_PARSE_HUGE;
    xmlSwitchEncoding(parser.get(), XML_CHAR_ENCODING_UTF8);
    htmlParseDocument(parser.get());
  }
  builder.Finish();
  tree.scan.shape.clear();
  tree.scan.shape.shrink_to_fit();
  return tree;
}

}  // namespace stemma
