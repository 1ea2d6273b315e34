// Reading XML of strangers: feeds and sitemaps. libxml2's SAX parser, told to
// recover, with nothing fetched, no DTD obeyed and no entity of theirs
// expanded; HTML's named characters are known all the same.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace stemma {

struct XmlAttribute {
  std::string ns;  // namespace URI, empty for none
  std::string prefix;
  std::string name;
  std::string value;
};

// What a document consists of, in order. Names are without prefix.
class XmlHandler {
 public:
  struct Name {
    std::string_view ns;
    std::string_view prefix;
    std::string_view name;
  };
  virtual ~XmlHandler() = default;
  // Both return false to stop reading.
  virtual bool Start(const Name& name,
                     const std::vector<XmlAttribute>& attributes) = 0;
  virtual bool End(const Name& name) = 0;
  virtual void Text(std::string_view text) = 0;
};

struct XmlReport {
  bool well_formed = true;
  bool stopped = false;     // the handler or a limit of the parser did
  std::string first_error;  // with its line; empty when well-formed
};

// Streams `text`, which is UTF-8 (XmlToUtf8 makes it so). Elements still open
// at the end get no End. At most 256 levels deep.
XmlReport ReadXml(std::string_view text, XmlHandler& handler);

// Decodes a document by byte order mark, `charset` (of a Content-Type; may be
// empty), XML declaration, else as UTF-8; characters XML forbids become U+FFFD.
std::string XmlToUtf8(std::string bytes, std::string_view charset);

// A document as a tree, for those small enough.
struct XmlElement;
using XmlNode = std::variant<std::string, std::unique_ptr<XmlElement>>;

struct XmlElement {
  std::string ns;
  std::string prefix;
  std::string name;
  std::vector<XmlAttribute> attributes;
  std::vector<XmlNode> children;

  // The value of an attribute without namespace, or nullptr.
  const std::string* Find(std::string_view attribute) const;
  // All text inside, children's included.
  std::string Text() const;
};

struct XmlTree {
  std::unique_ptr<XmlElement> root;  // null when there is no element at all
  XmlReport report;
};
XmlTree ReadXmlTree(std::string_view text, std::size_t max_nodes = 1'000'000);

}  // namespace stemma
