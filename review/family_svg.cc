#include "review/family_svg.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "review/html.h"

namespace stemma {
namespace {

constexpr int kCardWidth = 230;
constexpr int kCardHeight = 58;
constexpr int kColumn = kCardWidth + 150;  // room for the verdict on the edge
constexpr int kRow = kCardHeight + 22;
constexpr int kMargin = 12;
constexpr std::size_t kMaxLabel = 30;  // code points

struct Node {
  std::string id;
  int column = 0;
  double row = 0;
};

std::string Shortened(std::string_view text) {
  std::size_t points = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0u) == 0x80u) continue;
    if (++points > kMaxLabel) return std::string(text.substr(0, i)) + "…";
  }
  return std::string(text);
}

// A line of the picture: an edge of the tree, or, `edge` being null, the way to
// a lost copy.
struct Line {
  std::string from, to;
  const StemmaEdge* edge = nullptr;
};

// The edges, those to children of a lost copy led through it.
// Siblings stand in the order of time.
using ById = std::map<std::string_view, const Publication*>;
std::vector<Line> LinesOf(const StemmaTree& tree, const ById& by_id) {
  std::map<std::string_view, const HiddenNode*> through;
  std::vector<Line> lines;
  for (const HiddenNode& hidden : tree.hidden) {
    if (hidden.parent.empty()) continue;
    lines.push_back({hidden.parent, hidden.id});
    for (const std::string& child : hidden.children) through[child] = &hidden;
  }
  for (const StemmaEdge& edge : tree.edges) {
    const auto at = through.find(edge.child);
    const bool led = at != through.end() && at->second->parent == edge.parent;
    lines.push_back({led ? at->second->id : edge.parent, edge.child, &edge});
  }
  std::ranges::stable_sort(lines, {}, [&](const Line& line) {
    const auto at = by_id.find(line.to);
    if (at == by_id.end()) return TimePoint::max();
    const Publication& p = *at->second;
    return p.published_at ? *p.published_at
                          : p.fetched_at.value_or(TimePoint::max());
  });
  return lines;
}

class Layout {
 public:
  Layout(const StemmaTree& tree, const std::vector<Line>& lines) {
    for (const Line& line : lines) {
      children_[line.from].push_back(line.to);
      has_parent_.insert(line.to);
    }
    Place(tree.root);
    // Whatever hangs on nothing is drawn below, never left out.
    for (const std::string& member : tree.members) {
      if (!has_parent_.contains(member)) Place(member);
    }
    for (const std::string& member : tree.members) Place(member);
  }

  const std::map<std::string, Node>& nodes() const { return nodes_; }
  double rows() const { return next_row_; }
  int columns() const { return columns_; }

 private:
  // Depth first with a stack of its own: a chain of copies may be long. A
  // parent stands in the middle of its children.
  void Place(const std::string& root) {
    if (root.empty() || nodes_.contains(root)) return;
    struct Open {
      std::string id;
      std::size_t next = 0;
    };
    nodes_[root] = {root, 0, 0};
    std::vector<Open> stack{{root, 0}};
    while (!stack.empty()) {
      const std::string id = stack.back().id;
      const std::vector<std::string>& below = children_[id];
      if (stack.back().next < below.size()) {
        const std::string& child = below[stack.back().next++];
        if (nodes_.contains(child)) continue;
        const int column = nodes_[id].column + 1;
        columns_ = std::max(columns_, column);
        nodes_[child] = {child, column, 0};
        stack.push_back({child, 0});
        continue;
      }
      Settle(nodes_[id], below);
      stack.pop_back();
    }
  }

  void Settle(Node& node, const std::vector<std::string>& below) {
    double sum = 0;
    int count = 0;
    for (const std::string& child : below) {
      if (nodes_[child].column != node.column + 1) continue;
      sum += nodes_[child].row;
      ++count;
    }
    node.row = count > 0 ? sum / count : next_row_++;
  }

  std::map<std::string, std::vector<std::string>> children_;
  std::set<std::string> has_parent_;
  std::map<std::string, Node> nodes_;
  double next_row_ = 0;
  int columns_ = 0;
};

int Left(const Node& node) { return kMargin + node.column * kColumn; }
double Middle(const Node& node) {
  return kMargin + node.row * kRow + kCardHeight / 2.0;
}

std::string EdgeSvg(const Node& from, const Node& to, std::string_view style,
                    std::string_view label, std::string_view title) {
  const double x0 = Left(from) + kCardWidth;
  const double x1 = Left(to) - 4;
  const double y0 = Middle(from);
  const double y1 = Middle(to);
  const double bend = (x0 + x1) / 2;
  return fmt::format(
      "<g><title>{}</title><path d=\"M{:.0f} {:.0f} C{:.0f} {:.0f} {:.0f} "
      "{:.0f} {:.0f} {:.0f}\" fill=\"none\" stroke=\"currentColor\" {}/>"
      "<text x=\"{:.0f}\" y=\"{:.0f}\" text-anchor=\"middle\" "
      "font-size=\"11\" fill=\"currentColor\" stroke=\"var(--paper,#fff)\" "
      "stroke-width=\"4\" paint-order=\"stroke\">{}</text></g>",
      EscapeHtml(title), x0, y0, bend, y0, bend, y1, x1, y1, style, x1 - 62,
      y1 - 6, EscapeHtml(label));
}

std::string DateOf(const Publication& p) {
  if (p.published_at) {
    const std::string time = FormatSeconds(*p.published_at);
    return p.published_precision == Precision::kDay
               ? time.substr(0, 10)
               : time.substr(0, 10) + " " + time.substr(11, 5);
  }
  if (p.fetched_at) {
    return "seen " + FormatSeconds(*p.fetched_at).substr(0, 10);
  }
  return "no date";
}

std::string CardSvg(const Node& node, const Publication* publication,
                    bool highlighted) {
  const bool hidden = node.id.starts_with("*");
  const std::string name =
      hidden ? "a lost copy"
      : publication
          ? (publication->site.empty() ? publication->id : publication->site)
          : node.id;
  const std::string date = publication ? DateOf(*publication) : "";
  const std::string title = publication ? publication->title : "";
  const double x = Left(node);
  const double y = Middle(node) - kCardHeight / 2.0;
  std::string svg = fmt::format(
      "<g><title>{}</title><rect x=\"{:.0f}\" y=\"{:.0f}\" width=\"{}\" "
      "height=\"{}\" rx=\"6\" fill=\"var(--card,none)\" "
      "stroke=\"currentColor\" stroke-width=\"{}\"{}/>",
      EscapeHtml(publication ? publication->url : node.id), x, y, kCardWidth,
      kCardHeight, highlighted ? 2.5 : 1,
      hidden ? " stroke-dasharray=\"4 3\"" : "");
  svg += fmt::format(
      "<text x=\"{:.0f}\" y=\"{:.0f}\" font-size=\"13\" font-weight=\"600\" "
      "fill=\"currentColor\">{}</text>",
      x + 10, y + 18, EscapeHtml(Shortened(name)));
  svg += fmt::format(
      "<text x=\"{:.0f}\" y=\"{:.0f}\" font-size=\"11.5\" "
      "fill=\"currentColor\" opacity=\".8\">{}</text>",
      x + 10, y + 34, EscapeHtml(Shortened(title)));
  svg += fmt::format(
      "<text x=\"{:.0f}\" y=\"{:.0f}\" font-size=\"11\" fill=\"currentColor\" "
      "opacity=\".65\">{}</text></g>",
      x + 10, y + 49, EscapeHtml(date));
  return svg;
}

}  // namespace

std::string RenderFamilySvg(const StemmaTree& tree,
                            std::span<const Publication> publications,
                            std::string_view highlight) {
  if (tree.members.empty()) return {};
  ById by_id;
  for (const Publication& p : publications) by_id[p.id] = &p;
  const std::vector<Line> lines = LinesOf(tree, by_id);
  const Layout layout(tree, lines);

  const int width = 2 * kMargin + layout.columns() * kColumn + kCardWidth;
  const double height = 2 * kMargin + std::max(1.0, layout.rows()) * kRow - 22;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {:.0f}\" "
      "width=\"{}\" role=\"img\" aria-label=\"Family tree of {} publications\" "
      "font-family=\"system-ui,sans-serif\"><defs><marker id=\"arrow\" "
      "viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" "
      "markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" "
      "fill=\"currentColor\"/></marker></defs>",
      width, height, width, tree.members.size());
  const auto node = [&](const std::string& id) -> const Node* {
    const auto it = layout.nodes().find(id);
    return it == layout.nodes().end() ? nullptr : &it->second;
  };
  for (const Line& line : lines) {
    const Node* from = node(line.from);
    const Node* to = node(line.to);
    if (!from || !to) continue;
    if (!line.edge) {
      svg += EdgeSvg(*from, *to, "marker-end=\"url(#arrow)\"", "supposed",
                     "a copy that is not in the archive");
      continue;
    }
    const StemmaEdge& edge = *line.edge;
    svg +=
        EdgeSvg(*from, *to,
                edge.directed ? "marker-end=\"url(#arrow)\""
                              : "stroke-dasharray=\"6 4\"",
                fmt::format("{} · {:.0f} %{}", NameOf(edge.verdict),
                            edge.confidence * 100, edge.directed ? "" : " ?"),
                fmt::format("{}", fmt::join(edge.evidence, "; ")));
    if (const Node* second = node(edge.second_parent)) {
      svg += EdgeSvg(
          *second, *to, "stroke-dasharray=\"2 4\" marker-end=\"url(#arrow)\"",
          "", fmt::format("also: {}", fmt::join(edge.second_evidence, "; ")));
    }
  }
  for (const auto& [id, placed] : layout.nodes()) {
    const auto it = by_id.find(id);
    svg += CardSvg(placed, it == by_id.end() ? nullptr : it->second,
                   id == highlight);
  }
  return svg + "</svg>";
}

}  // namespace stemma
