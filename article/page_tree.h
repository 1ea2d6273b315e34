// The tree of a page: libxml2's HTML parser, run over the pre-pass's shape with
// SAX events, decides which element ends where; the nodes are ours.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "article/prescan.h"
#include "core/result.h"

namespace stemma {

enum class NodeKind : std::uint8_t {
  kElement,
  kText,   // ref: index into Prescan::pieces
  kBlank,  // white space between tags
  kBreak,  // a line ends, though no element does
};

// Nodes lie in document order, so a subtree is the range [i, nodes[i].end).
struct Node {
  std::int32_t parent = -1;
  std::int32_t end = 0;
  std::int32_t ref = -1;  // kElement: index into Prescan::elements, -1 implied
  Tag tag = Tag::kOther;
  NodeKind kind = NodeKind::kElement;
};

struct PageTree {
  Prescan scan;
  std::vector<Node> nodes;  // [0] is <html>

  bool IsElement(std::int32_t node) const {
    return nodes[static_cast<std::size_t>(node)].kind == NodeKind::kElement;
  }
  const RawElement* Element(std::int32_t node) const {
    const Node& n = nodes[static_cast<std::size_t>(node)];
    if (n.kind != NodeKind::kElement || n.ref < 0) return nullptr;
    return &scan.elements[static_cast<std::size_t>(n.ref)];
  }
  std::string Attribute(std::int32_t node, std::string_view name) const {
    const RawElement* element = Element(node);
    return element == nullptr ? "" : scan.Attribute(*element, name);
  }
  std::string_view Text(const Node& node) const {
    const TextPiece& p = scan.pieces[static_cast<std::size_t>(node.ref)];
    return std::string_view(scan.text).substr(p.text, p.size);
  }
};

// "libxml2 2.9.14"
std::string TreeBuilderName();

// REQUIRES: `source` outlives the tree. kIo when libxml2 has no memory.
Result<PageTree> BuildTree(std::string_view source, const HtmlLimits& limits);

}  // namespace stemma
