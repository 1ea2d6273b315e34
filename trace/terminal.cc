#include "trace/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "core/time.h"
#include "trace/normal_form.h"

namespace stemma {
namespace {

constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kYellow = "\x1b[33m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kPlain = "\x1b[0m";

class Painter {
 public:
  explicit Painter(const TerminalStyle& style) : style_(style) {}
  // On one line: white space however long becomes one space.
  std::string Safe(std::string_view text) const {
    std::string line;
    for (const char c : text) {
      const bool space = c == ' ' || c == '\n' || c == '\r' || c == '\t';
      if (!space) line.push_back(c);
      if (space && !line.ends_with(' ')) line.push_back(' ');
    }
    return style_.safe ? style_.safe(line) : line;
  }
  std::string In(std::string_view color, std::string_view text) const {
    if (!style_.color) return std::string(text);
    return fmt::format("{}{}{}", color, text, kPlain);
  }

 private:
  const TerminalStyle& style_;
};

std::int64_t CountOf(const Comparison& comparison, const std::string& name) {
  const auto at = comparison.counts.find(name);
  return at == comparison.counts.end() ? 0 : at->second;
}

std::string Plural(std::int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string_view ColorOf(const Comparison& comparison) {
  switch (comparison.verdict) {
    case Verdict::kIdentical:
    case Verdict::kCosmeticOnly:
    case Verdict::kBoilerplateOnly:
      return kGreen;
    case Verdict::kEdited:
    case Verdict::kUnrelated:
      return kRed;
    default:
      return kYellow;
  }
}

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

// "2 critical, 1 minor | excerpt: 1 paragraph missing | 14 cosmetic, ..."
std::string Summary(const Comparison& c) {
  std::vector<std::string> parts;
  if (!c.changes.empty()) {
    parts.push_back(fmt::format("{} critical, {} minor", CountOf(c, "critical"),
                                CountOf(c, "minor")));
  }
  const auto blocks = [&](const char* name, std::string_view flag,
                          std::string_view what) {
    const std::int64_t count = CountOf(c, name);
    if (count > 0 && c.verdict != Verdict::kUnrelated) {
      parts.push_back(
          fmt::format("{}: {} {}", flag, Plural(count, "paragraph"), what));
    }
  };
  blocks("missing_blocks", "excerpt", "missing");
  blocks("added_blocks", "extended", "added");
  blocks("moved_blocks", "reordered", "moved");
  if (std::ranges::find(c.flags, "noisy") != c.flags.end()) {
    parts.push_back("noisy: " +
                    Plural(CountOf(c, "misread_words"), "misread word"));
  }
  if (CountOf(c, "cosmetic") + CountOf(c, "furniture") > 0) {
    parts.push_back(
        fmt::format("{} cosmetic, {} ignored", CountOf(c, "cosmetic"),
                    Plural(CountOf(c, "furniture"), "furniture block")));
  }
  parts.push_back(fmt::format("coverage {:.2f} / {:.2f}", c.coverage_reference,
                              c.coverage_suspect));
  if (c.headline == "changed" && c.verdict != Verdict::kUnrelated) {
    parts.emplace_back("headline changed");
  }
  std::string line;
  for (const std::string& part : parts) {
    if (!line.empty()) line += " | ";
    line += part;
  }
  return line;
}

// The context with the changed words in brackets, an empty pair where the
// other side has words and this one has none; dots where the text goes on.
std::string Marked(std::string_view context, std::size_t at,
                   const std::string& text, std::string_view whole,
                   std::string_view color, const Painter& painter) {
  at = std::min(at, context.size());
  const std::size_t size = std::min(text.size(), context.size() - at);
  std::string before = painter.Safe(context.substr(0, at));
  if (size == 0 && !before.empty() && !before.ends_with(' ')) before += ' ';
  return fmt::format(
      "\"{}{}{}{}{}{}\"", whole.starts_with(context) ? "" : "... ", before,
      painter.In(color, size == 0 ? "[ ]" : "[" + painter.Safe(text) + "]"),
      size == 0 ? " " : "", painter.Safe(context.substr(at + size)),
      whole.ends_with(context) ? "" : " ...");
}

std::size_t Digits(std::size_t number) {
  return fmt::formatted_size("{}", number);
}

std::size_t BlockAt(const Comparison& comparison, bool on_suspect,
                    std::size_t point) {
  std::size_t number = 0;
  for (const BlockRole& block : comparison.blocks) {
    if (block.on_suspect != on_suspect || block.role == "furniture") continue;
    if (block.span.begin > point) break;
    ++number;
  }
  return std::max<std::size_t>(1, number);
}

std::string Kinds(const std::vector<std::string>& kinds) {
  std::string all;
  for (const std::string& kind : kinds) {
    if (!all.empty()) all += '+';
    all += kind;
  }
  return all;
}

void AddChange(std::size_t number, const Change& change,
               const Comparison& comparison, const Publication& reference,
               const Publication& suspect, const Painter& painter,
               std::string& out) {
  const bool critical = change.severity == Severity::kCritical;
  const bool insert = change.op == ChangeOp::kInsert;
  const std::size_t paragraph =
      insert ? BlockAt(comparison, true, change.suspect.begin)
             : BlockAt(comparison, false, change.reference.begin);
  const std::string about =
      fmt::format("{:<11} par {:<3} ", Kinds(change.kinds), paragraph);
  out += fmt::format(
      "{:>3} {} {}reference: {}\n", number,
      painter.In(critical ? kRed : kYellow, critical ? "CRITICAL" : "minor   "),
      about,
      Marked(change.reference_context, change.reference_context_at,
             change.reference_text, reference.text, kGreen, painter));
  const std::size_t margin = std::max<std::size_t>(3, Digits(number)) +
                             std::string_view(" CRITICAL ").size() +
                             about.size();
  out += fmt::format("{:{}}suspect:   {}\n", "", margin,
                     Marked(change.suspect_context, change.suspect_context_at,
                            change.suspect_text, suspect.text, kRed, painter));
}

// The beginning of a text, cut between words.
std::string Opening(std::string_view text, const Painter& painter) {
  constexpr std::size_t kPoints = 60;
  const std::string_view begin = CodePoints(text, {0, kPoints});
  if (begin.size() == text.size()) return painter.Safe(text);
  const std::size_t space = begin.find_last_of(" \n");
  return painter.Safe(begin.substr(0, space)) + " ...";
}

// "missing paragraph 8 (41 words): ..."
void AddBlocks(const Comparison& comparison, const Publication& reference,
               const Publication& suspect, const Painter& painter,
               std::string& out) {
  std::size_t numbers[2] = {0, 0};
  for (const BlockRole& block : comparison.blocks) {
    if (block.role == "furniture") continue;
    const std::size_t number = ++numbers[block.on_suspect ? 1 : 0];
    if (block.role != "missing" && block.role != "added" &&
        !(block.role == "moved" && block.on_suspect)) {
      continue;
    }
    const Publication& side = block.on_suspect ? suspect : reference;
    const std::string_view text = CodePoints(side.text, block.span);
    out += fmt::format(
        "    {} paragraph {} ({}): \"{}\"\n", block.role, number,
        Plural(static_cast<std::int64_t>(Normalise(text).tokens.size()),
               "word"),
        Opening(text, painter));
  }
}

std::string SideLine(std::string_view name, const Publication& publication,
                     const Painter& painter) {
  std::string line = fmt::format(
      "{} {}", name,
      painter.Safe(publication.url.empty() ? publication.id : publication.url));
  line += " sha256 " + publication.text_sha256.Hex();
  if (publication.fetched_at) {
    line += ", captured " + FormatSeconds(*publication.fetched_at);
  }
  return line;
}

std::string When(const Publication& publication) {
  if (!publication.published_at) return "undated";
  const std::string time = FormatSeconds(*publication.published_at);
  return publication.published_precision == Precision::kDay ? time.substr(0, 10)
                                                            : time;
}

class TreePrinter {
 public:
  TreePrinter(const StemmaTree& tree, std::span<const Publication> publications,
              const TerminalStyle& style)
      : tree_(tree), painter_(style) {
    for (const Publication& p : publications) by_id_.emplace(p.id, &p);
    for (const StemmaEdge& edge : tree.edges) {
      children_[edge.parent].push_back(&edge);
    }
    for (auto& [parent, edges] : children_) {
      std::ranges::sort(edges, {}, [&](const StemmaEdge* edge) {
        const auto at = by_id_.find(edge->child);
        const bool dated =
            at != by_id_.end() && at->second->published_at.has_value();
        return std::tuple(!dated,
                          dated ? *at->second->published_at : TimePoint(),
                          edge->child);
      });
    }
  }

  std::string Print() {
    if (tree_.root.empty()) return "no family\n";
    out_ = Describe(tree_.root) + "\n";
    PrintChildren(tree_.root, "");
    for (const HiddenNode& node : tree_.hidden) {
      out_ += fmt::format("{} a lost copy of {}:", node.id,
                          painter_.Safe(node.parent));
      for (const std::string& words : node.evidence) {
        out_ += " " + painter_.Safe(words);
      }
      out_ += "\n";
    }
    return out_;
  }

 private:
  std::string Describe(const std::string& id) const {
    const auto at = by_id_.find(id);
    if (at == by_id_.end()) return painter_.Safe(id);
    const Publication& p = *at->second;
    const std::string name = !p.url.empty()    ? p.url
                             : !p.site.empty() ? p.site
                                               : p.id;
    return fmt::format("{}  {}  {}", painter_.In(kBold, painter_.Safe(name)),
                       When(p), painter_.Safe(p.title));
  }

  // Explicit stack: a family may be a long chain.
  void PrintChildren(const std::string& root, const std::string& indent) {
    struct Level {
      const std::vector<const StemmaEdge*>* edges;
      std::size_t next;
      std::string indent;
    };
    std::vector<Level> stack;
    const auto push = [&](const std::string& id, const std::string& at) {
      const auto children = children_.find(id);
      if (children != children_.end()) {
        stack.push_back({&children->second, 0, at});
      }
    };
    push(root, indent);
    while (!stack.empty()) {
      Level& level = stack.back();
      if (level.next == level.edges->size()) {
        stack.pop_back();
        continue;
      }
      const StemmaEdge& edge = *(*level.edges)[level.next++];
      const bool last = level.next == level.edges->size();
      const std::string here = level.indent;
      PrintEdge(edge, here, last);
      push(edge.child, here + (last ? "   " : "|  "));
    }
  }

  void PrintEdge(const StemmaEdge& edge, const std::string& indent, bool last) {
    out_ += fmt::format("{}{}{} {}\n", indent, last ? "`-" : "|-",
                        edge.directed ? ">" : "?", Describe(edge.child));
    const std::string under = indent + (last ? "     " : "|    ");
    out_ += fmt::format("{}{}, {:.0f} % sure", under, NameOf(edge.verdict),
                        edge.confidence * 100);
    for (const std::string& words : edge.evidence) {
      out_ += "; " + painter_.Safe(words);
    }
    out_ += "\n";
    if (edge.second_parent.empty()) return;
    out_ +=
        fmt::format("{}also from {}", under, painter_.Safe(edge.second_parent));
    for (const std::string& words : edge.second_evidence) {
      out_ += ": " + painter_.Safe(words);
    }
    out_ += "\n";
  }

  const StemmaTree& tree_;
  Painter painter_;
  std::unordered_map<std::string_view, const Publication*> by_id_;
  std::unordered_map<std::string, std::vector<const StemmaEdge*>> children_;
  std::string out_;
};

}  // namespace

std::string RenderVerdict(const Comparison& comparison,
                          const Publication& reference,
                          const Publication& suspect,
                          const TerminalStyle& style) {
  const Painter painter(style);
  std::string out = fmt::format(
      "{}   {}\n",
      painter.In(ColorOf(comparison), Upper(NameOf(comparison.verdict))),
      Summary(comparison));
  std::size_t number = 0;
  for (const Change& change : comparison.changes) {
    if (number == style.max_changes) break;
    AddChange(++number, change, comparison, reference, suspect, painter, out);
  }
  if (comparison.changes.size() > number) {
    out += fmt::format("    ... and {} more\n",
                       comparison.changes.size() - number);
  }
  if (comparison.verdict != Verdict::kUnrelated) {
    AddBlocks(comparison, reference, suspect, painter, out);
  }
  out += fmt::format("evidence: {}\n          {}\n          normal form {}\n",
                     SideLine("reference", reference, painter),
                     SideLine("suspect", suspect, painter), kNormalForm);
  return out;
}

std::string RenderTree(const StemmaTree& tree,
                       std::span<const Publication> publications,
                       const TerminalStyle& style) {
  return TreePrinter(tree, publications, style).Print();
}

}  // namespace stemma
