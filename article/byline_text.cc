#include "article/byline_text.h"

#include <algorithm>

#include "article/dates.h"
#include "article/names.h"
#include "article/phrases.h"
#include "article/text_layers.h"
#include "core/ascii.h"

namespace stemma {
namespace {

// Line feeds within a text are blanks; at its ends they part it from the next.
void AppendLine(std::string_view piece, std::string& text) {
  const std::size_t begin = piece.find_first_not_of(" \t\r\n");
  const std::size_t end = piece.find_last_not_of(" \t\r\n");
  for (std::size_t i = 0; i < piece.size(); ++i) {
    const bool inside = begin != std::string_view::npos && i > begin && i < end;
    text += inside && piece[i] == '\n' ? ' ' : piece[i];
  }
}

// The <a> that a text is in, -1 for none.
std::int32_t LinkAround(const PageTree& tree, std::int32_t node) {
  for (int level = 0; level < 4 && node > 0; ++level) {
    node = tree.nodes[static_cast<std::size_t>(node)].parent;
    const RawElement* element = node > 0 ? tree.Element(node) : nullptr;
    if (element != nullptr && element->tag == Tag::kA) return node;
  }
  return -1;
}

// Behind " 3:15 PM PST" that the reader of dates leaves: what stands there of
// "PM" and of a zone's letters.
std::size_t EndOfTime(std::string_view text, std::size_t at) {
  for (const std::string_view word :
       {"AM",  "PM",  "am",  "pm",  "a.m.", "p.m.", "UTC", "GMT", "ET",
        "EST", "EDT", "CT",  "CST", "CDT",  "MT",   "MST", "MDT", "PT",
        "PST", "PDT", "BST", "CET", "CEST", "IST",  "JST", "Uhr"}) {
    std::size_t from = at;
    while (from < text.size() && text[from] == ' ') ++from;
    if (text.compare(from, word.size(), word) != 0) continue;
    const std::size_t end = from + word.size();
    const bool whole = end == text.size() || text[end] == ' ' ||
                       text[end] == '|' || text[end] == ',';
    if (whole) at = end;
  }
  return at;
}

}  // namespace

std::string BarredText(const PageTree& tree, const PageBlock& block) {
  std::string text;
  std::int32_t last_link = -1;
  if (block.text.size() > 1000) return text;  // no byline
  for (std::int32_t i = block.first; i >= 0 && i <= block.last; ++i) {
    const Node& node = tree.nodes[static_cast<std::size_t>(i)];
    if (node.kind == NodeKind::kBlank) text += ' ';
    if (node.kind == NodeKind::kBreak || node.tag == Tag::kBr) text += '|';
    if (node.kind != NodeKind::kText) continue;
    const std::string_view piece = tree.Text(node);
    const std::int32_t link = LinkAround(tree, i);
    const bool links = link > 0 && last_link > 0 && link != last_link;
    if (piece.find_first_not_of(" \t\r\n") != std::string_view::npos) {
      last_link = link;
    }
    // One link right behind another is another thing.
    if (links) text += " | ";
    const bool glued = !text.empty() && !piece.empty() && text.back() != ' ' &&
                       text.back() != '\n' && piece.front() != ' ' &&
                       piece.front() != '\n' && piece.front() != ',' &&
                       piece.front() != '.' && text.back() != '(';
    if (glued) text += " | ";
    AppendLine(piece, text);
  }
  std::string line = CanonicalBlockText(text);
  std::replace(line.begin(), line.end(), '\n', '|');
  return line;
}

std::string MarkedAuthorText(const PageTree& tree, const PageBlock& block) {
  std::string text;
  for (std::int32_t i = block.first; i >= 0 && i <= block.last; ++i) {
    const Node& node = tree.nodes[static_cast<std::size_t>(i)];
    if (node.kind != NodeKind::kText || text.size() > 200) continue;
    std::int32_t at = node.parent;
    for (int level = 0; level < 4 && at > 0; ++level) {
      if (Lowered(tree.Attribute(at, "itemprop")) == "author" ||
          Lowered(tree.Attribute(at, "rel")) == "author") {
        if (!text.empty()) text += " | ";
        AppendLine(tree.Text(node), text);
        break;
      }
      at = tree.nodes[static_cast<std::size_t>(at)].parent;
    }
  }
  return CanonicalBlockText(text);
}

std::string TextOfLink(const PageTree& tree, const PageBlock& block,
                       std::uint32_t number) {
  const auto ref = static_cast<std::int32_t>(number);
  for (std::int32_t i = block.last; i >= 0 && i + 400 >= block.first; --i) {
    const Node& node = tree.nodes[static_cast<std::size_t>(i)];
    if (node.kind != NodeKind::kElement || node.ref != ref) continue;
    std::string text;
    for (std::int32_t k = i + 1; k < node.end && text.size() < 400; ++k) {
      const Node& inner = tree.nodes[static_cast<std::size_t>(k)];
      if (inner.kind == NodeKind::kText) text += tree.Text(inner);
    }
    text = CanonicalBlockText(text);
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
  }
  return {};
}

std::string WithoutDates(std::string text) {
  for (int round = 0; round < 3; ++round) {
    const auto date = FindDate(text, "");
    if (!date || date->end <= date->begin) break;
    const std::size_t end = EndOfTime(text, date->end);
    text.replace(date->begin, end - date->begin, "|");
  }
  return text;
}

std::vector<std::string> PartsOf(std::string_view text) {
  static constexpr std::string_view kBars[] = {"|", "·",   "•",   " ● ", "∙",
                                               "⋅", " – ", " — ", " / "};
  std::vector<std::string> parts(1);
  std::size_t at = 0;
  while (at < text.size()) {
    bool bar = false;
    for (const std::string_view mark : kBars) {
      if (text.compare(at, mark.size(), mark) != 0) continue;
      parts.emplace_back();
      at += mark.size();
      bar = true;
      break;
    }
    if (!bar) parts.back() += text[at++];
  }
  for (std::string& part : parts) part = CanonicalBlockText(part);
  std::erase(parts, "");
  return parts;
}

bool HasMenuWord(std::string_view name) {
  static constexpr std::string_view kWords[] = {
      "about",      "account",    "contact",   "create",     "disclaimer",
      "find",       "login",      "log",       "member",     "my",
      "notice",     "our",        "overview",  "policy",     "privacy",
      "profile",    "profil",     "sign",      "story",      "subscribe",
      "support",    "team",       "terms",     "view",       "your",
      "all",        "more",       "afficher",  "provider",   "company",
      "how",        "why",        "the",       "link",       "news",
      "trends",     "blog",       "questions", "guide",      "sponsored",
      "article",    "chapter",    "content",   "report",     "speech",
      "project",    "technology", "resources", "tips",       "latest",
      "topics",     "written",    "by",        "posts",      "kommentieren",
      "zurück",     "page",       "recent",    "newsletter", "e-paper",
      "abonnieren", "konto",      "kontakt",   "impressum",  "über",
      "uns"};
  const std::string lower = LowerForPhrases(name);
  std::size_t begin = 0;
  while (begin <= lower.size()) {
    const std::size_t end = std::min(lower.find(' ', begin), lower.size());
    const std::string_view word =
        std::string_view(lower).substr(begin, end - begin);
    for (const std::string_view menu : kWords) {
      if (word == menu) return true;
    }
    begin = end + 1;
  }
  return false;
}

bool IsOpenerAlone(std::string_view part) {
  std::string lower = LowerForPhrases(part);
  while (!lower.empty() && (lower.back() == ':' || lower.back() == ' ')) {
    lower.pop_back();
  }
  for (const std::string_view whole :
       {"by",       "written by", "article by",  "posted by", "published by",
        "story by", "words by",   "author",      "authors",   "autor",
        "autorin",  "autoren",    "von",         "text",      "par",
        "por",      "door",       "av",          "af",        "di",
        "автор",    "автори",     "作者",        "記者",      "投稿者",
        "autor*in", "autor:in",   "autor/in",    "auteur",    "auteurs",
        "autore",   "autores",    "contributors"}) {
    if (lower == whole) return true;
  }
  return false;
}

std::size_t BylineInside(std::string_view part) {
  if (part.size() > 60) return std::string_view::npos;
  const std::string lower = LowerForPhrases(part.substr(0, 8));
  for (const std::string_view picture :
       {"photo", "foto", "bild", "image", "picture", "imagen"}) {
    if (lower.starts_with(picture)) return std::string_view::npos;
  }
  for (const std::string_view of :
       {" by ", " von ", " vom ", " par ", " por "}) {
    const std::size_t by = part.find(of);
    if (by != std::string_view::npos) return by + 1;
  }
  return std::string_view::npos;
}

bool StartsLikeName(std::string_view name) {
  return !(name.front() >= 'a' && name.front() <= 'z') || ReadsLikeName(name);
}

}  // namespace stemma
