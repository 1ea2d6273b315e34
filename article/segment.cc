#include "article/segment.h"

#include <algorithm>

#include "article/phrases.h"
#include "article/text_layers.h"
#include "core/ascii.h"
#include "core/utf8.h"

namespace stemma {
namespace {

bool HasWord(std::string_view list, std::string_view word) {
  std::size_t at = 0;
  while ((at = list.find(word, at)) != std::string_view::npos) {
    const std::size_t end = at + word.size();
    if ((at == 0 || list[at - 1] == ' ') &&
        (end == list.size() || list[end] == ' ')) {
      return true;
    }
    at = end;
  }
  return false;
}

bool StyleHides(std::string style) {
  style = Lowered(style);
  std::erase(style, ' ');
  return style.find("display:none") != std::string::npos ||
         style.find("visibility:hidden") != std::string::npos;
}

std::uint32_t ContextOfTag(Tag tag) {
  switch (tag) {
    case Tag::kNav:
    case Tag::kMenu:
      return kInNav;
    case Tag::kAside:
      return kInAside;
    case Tag::kFooter:
      return kInFooter;
    case Tag::kHeader:
      return kInHeader;
    case Tag::kForm:
    case Tag::kFieldset:
      return kInForm;
    case Tag::kButton:
      return kInButton;
    case Tag::kFigure:
    case Tag::kPicture:
      return kInFigure;
    case Tag::kFigcaption:
      return kInFigcaption;
    case Tag::kTable:
      return kInTable;
    case Tag::kBlockquote:
      return kInQuote;
    case Tag::kLi:
      return kInListItem;
    case Tag::kArticle:
      return kInArticle;
    case Tag::kMain:
      return kInMain;
    case Tag::kDialog:
      return kInDialog;
    case Tag::kAddress:
      return kInAddress;
    case Tag::kPre:
      return kInPre;
    case Tag::kDetails:
      return kInDetails;
    case Tag::kLabel:
    case Tag::kLegend:
      return kInLabel;
    case Tag::kH1:
    case Tag::kH2:
    case Tag::kH3:
    case Tag::kH4:
    case Tag::kH5:
    case Tag::kH6:
      return kInHeading;
    default:
      return IsHiddenTag(tag) ? std::uint32_t{kInHidden} : 0U;
  }
}

std::uint32_t ContextOfRole(std::string_view role) {
  if (role == "navigation" || role == "menu" || role == "menubar" ||
      role == "tablist" || role == "toolbar" || role == "search") {
    return kInNav;
  }
  if (role == "complementary") return kInAside;
  if (role == "contentinfo") return kInFooter;
  if (role == "banner") return kInHeader;
  if (role == "dialog" || role == "alertdialog") return kInDialog;
  if (role == "button") return kInButton;
  if (role == "article") return kInArticle;
  if (role == "main") return kInMain;
  return 0;
}

std::uint32_t ContextOfItem(std::string_view property, std::string_view type) {
  std::uint32_t context = 0;
  if (HasWord(property, "articlebody") || HasWord(property, "reviewbody")) {
    context |= kInArticleBody;
  }
  if (HasWord(property, "comment") || HasWord(property, "usercomments") ||
      type.ends_with("/comment") || type.ends_with("/usercomments")) {
    context |= kInComment;
  }
  if (HasWord(property, "breadcrumb") || type.ends_with("/breadcrumblist") ||
      type.ends_with("breadcrumb")) {
    context |= kInBreadcrumb;
  }
  if (HasWord(property, "author")) context |= kInAuthor;
  if (type.ends_with("/sitenavigationelement")) context |= kInNav;
  if (type.ends_with("/wpsidebar") || type.ends_with("/wpadblock")) {
    context |= kInAside;
  }
  if (type.ends_with("/wpfooter")) context |= kInFooter;
  return context;
}

std::uint32_t OwnContext(const PageTree& tree, std::int32_t node) {
  const Tag tag = tree.nodes[static_cast<std::size_t>(node)].tag;
  std::uint32_t context = ContextOfTag(tag);
  const RawElement* element = tree.Element(node);
  if (element == nullptr || tag == Tag::kBody || tag == Tag::kHtml) {
    return context;
  }
  for (std::size_t i = 0; i < element->attributes; ++i) {
    const RawAttribute& a = tree.scan.attributes[element->first_attribute + i];
    const std::string name =
        Lowered(tree.scan.source.substr(a.name, a.name_size));
    const auto value = [&] {
      return Lowered(std::string(
          tree.scan.source.substr(a.value, std::min(a.value_size, 256U))));
    };
    if (name == "hidden") {
      if (value() != "until-found") context |= kInHidden;
    } else if (name == "style") {
      if (StyleHides(value())) context |= kInHidden;
    } else if (name == "role") {
      context |= ContextOfRole(value());
    } else if (name == "itemprop" || name == "property") {
      context |= ContextOfItem(value(), {});
    } else if (name == "itemtype") {
      context |= ContextOfItem({}, value());
    } else if (name == "rel" && tag == Tag::kA) {
      if (HasWord(value(), "author")) context |= kInAuthor;
    } else if (name == "aria-modal") {
      if (value() == "true") context |= kInDialog;
    }
  }
  return context;
}

bool IsIdeograph(char32_t c) {
  return (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x9FFF) ||
         (c >= 0xAC00 && c <= 0xD7AF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0x20000 && c <= 0x3FFFF) || (c >= 0x0E00 && c <= 0x0E7F);
}

bool IsLetterOrDigit(char32_t c) {
  if (c < 0x80) {
    return IsAlnum(static_cast<char>(c));
  }
  return c >= 0xC0 && !(c >= 0x2000 && c <= 0x206F) &&
         !(c >= 0x3000 && c <= 0x303F) && !(c >= 0xFF00 && c <= 0xFF0F);
}

std::uint32_t WeightOf(std::string_view text) {
  std::uint32_t weight = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const char32_t c = NextCodePoint(text, &at);
    if (IsLetterOrDigit(c)) weight += IsIdeograph(c) ? 3 : 1;
  }
  return weight;
}

bool IsSentenceEnd(char32_t c) {
  return c == '.' || c == '!' || c == '?' || c == 0x2026 || c == 0x3002 ||
         c == 0xFF01 || c == 0xFF1F || c == 0x061F || c == 0x06D4 ||
         c == 0x0964 || c == 0x037E;
}

bool IsCloser(char32_t c) {
  return c == '"' || c == '\'' || c == ')' || c == ']' || c == 0x2019 ||
         c == 0x201D || c == 0x00BB || c == 0x201C || c == 0x300D ||
         c == 0x300F || c == 0xFF09;
}

void Measure(PageBlock& block) {
  const std::string& text = block.text;
  block.words = 1;
  char32_t last = 0;
  bool after_end = false;
  std::size_t at = 0;
  while (at < text.size()) {
    const char32_t c = NextCodePoint(text, &at);
    if (c == ' ' || c == '\n') {
      ++block.words;
      if (after_end) ++block.sentences;
      after_end = false;
    } else if (IsSentenceEnd(c)) {
      after_end = true;
      if (c >= 0x3000) ++block.sentences;
      last = c;
    } else if (!IsCloser(c)) {
      after_end = false;
      last = c;
    }
  }
  if (after_end) ++block.sentences;
  block.ends_sentence = IsSentenceEnd(last);
}

class Segmenter {
 public:
  Segmenter(const PageTree& tree, std::size_t max_blocks,
            std::vector<BlockSource>* sources)
      : tree_(tree), max_blocks_(max_blocks), sources_(sources) {}

  std::vector<PageBlock> Run() {
    for (std::int32_t i = 0; i < static_cast<std::int32_t>(tree_.nodes.size());
         ++i) {
      while (!open_.empty() && open_.back().end <= i) Leave();
      Visit(i);
    }
    while (!open_.empty()) Leave();
    max_blocks_ = ~std::size_t{0};
    Flush();
    return std::move(blocks_);
  }

 private:
  struct Open {
    std::int32_t node, end;
    std::uint32_t context;
    std::int32_t block_node;
    std::int32_t link;  // element number of the <a href> we are in, or -1
    bool strong;
    bool is_block;
    bool hidden_inline;  // text here is no text of the block around it
  };

  void Visit(std::int32_t i) {
    const Node& node = tree_.nodes[static_cast<std::size_t>(i)];
    switch (node.kind) {
      case NodeKind::kElement:
        Enter(i, node);
        break;
      case NodeKind::kText:
        Text(i, tree_.Text(node));
        break;
      case NodeKind::kBlank:
        if (!raw_.empty()) Blank();
        break;
      case NodeKind::kBreak:
        Flush();
        break;
    }
  }

  void Enter(std::int32_t i, const Node& node) {
    Open open;
    open.node = i;
    open.end = node.end;
    open.context =
        (open_.empty() ? 0 : open_.back().context) | OwnContext(tree_, i);
    open.block_node = open_.empty() ? i : open_.back().block_node;
    open.link = open_.empty() ? -1 : open_.back().link;
    open.strong = !open_.empty() && open_.back().strong;
    open.is_block = IsBlockTag(node.tag);
    open.hidden_inline =
        !open_.empty() && (open_.back().hidden_inline ||
                           (!open.is_block && (open.context & kInHidden) != 0 &&
                            (open_.back().context & kInHidden) == 0));
    if (node.tag == Tag::kBr) {
      LineBreak();
    } else if (open.is_block) {
      Flush();
      open.block_node = i;
    } else if (node.tag == Tag::kA && node.ref >= 0 &&
               tree_.scan.Has(*tree_.Element(i), "href")) {
      open.link = node.ref;
    } else if (node.tag == Tag::kB || node.tag == Tag::kStrong ||
               node.tag == Tag::kEm || node.tag == Tag::kI) {
      open.strong = true;
    }
    open_.push_back(open);
  }

  void Leave() {
    const bool is_block = open_.back().is_block;
    if (is_block) Flush();
    open_.pop_back();
  }

  // "<br><br>" parts paragraphs; one alone is a line break inside.
  void LineBreak() {
    std::size_t end = raw_.size();
    while (end > 0 && raw_[end - 1] == ' ') --end;
    if (end == 0) {
      // A break before any text: the block before was parted from this one.
      return;
    }
    if (raw_[end - 1] == '\n') {
      split_ = true;
      Flush();
      split_next_ = true;
      return;
    }
    TraceBehind();
    raw_ += '\n';
  }

  void Blank() {
    TraceBehind();
    raw_ += ' ';
  }

  // White space between tags, and a break: it stands behind the last text.
  void TraceBehind() {
    if (sources_ == nullptr || last_ < 0) return;
    const Node& node = tree_.nodes[static_cast<std::size_t>(last_)];
    const TextPiece& piece =
        tree_.scan.pieces[static_cast<std::size_t>(node.ref)];
    AddStep(raw_steps_, raw_.size(), piece.end);
  }

  void Text(std::int32_t i, std::string_view text) {
    const Open& open = open_.back();
    if (open.hidden_inline) return;
    last_ = i;
    if (first_text_ < 0) {
      first_text_ = i;
      context_ = open.context;
      block_node_ = open.block_node;
    }
    const std::size_t begin = raw_.size();
    if (sources_ != nullptr) Trace(i, begin);
    raw_ += text;
    if ((open.context & kInPre) == 0) {
      for (std::size_t k = begin; k < raw_.size(); ++k) {
        if (raw_[k] == '\n' || raw_[k] == '\r' || raw_[k] == '\t') {
          raw_[k] = ' ';
        }
      }
    }
    if (open.link >= 0 || open.strong) {
      const std::uint32_t weight = WeightOf(text);
      if (open.link >= 0) {
        link_weight_ += weight;
        const auto link = static_cast<std::uint32_t>(open.link);
        if (links_.empty() || links_.back() != link) links_.push_back(link);
      }
      if (open.strong) strong_weight_ += weight;
    }
  }

  // What `raw_` from `begin` on, a text node, came from.
  void Trace(std::int32_t i, std::size_t begin) {
    const Node& node = tree_.nodes[static_cast<std::size_t>(i)];
    const TextPiece& piece =
        tree_.scan.pieces[static_cast<std::size_t>(node.ref)];
    AddStep(raw_steps_, begin, piece.begin);
    auto mark = std::lower_bound(
        tree_.scan.marks.begin(), tree_.scan.marks.end(), piece.text,
        [](const OffsetMark& m, std::uint32_t at) { return m.text < at; });
    for (;
         mark != tree_.scan.marks.end() && mark->text < piece.text + piece.size;
         ++mark) {
      if (!IsOf(*mark, piece)) continue;
      AddStep(raw_steps_, begin + (mark->text - piece.text), mark->source);
    }
  }

  BlockSource SourceOfBlock(std::size_t size, const OffsetSteps& steps) const {
    BlockSource source;
    source.steps = Through(steps, raw_steps_, size);
    for (TextFinding& finding : FindOddities(raw_)) {
      if (finding.kind != "zero-width" && finding.kind != "soft-hyphen") {
        continue;
      }
      // The L1 byte before which it stood: the first that came from behind it.
      const std::size_t at = finding.offset;
      std::size_t low = 0, high = size;
      while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (SourceOf(steps, middle) < at) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      finding.offset = low;
      source.invisible.push_back(std::move(finding));
    }
    return source;
  }

  void Flush() {
    if (blocks_.size() >= max_blocks_) {
      if (!raw_.empty() && raw_.back() != '\n') raw_ += '\n';
      return;
    }
    if (first_text_ >= 0) Emit();
    raw_.clear();
    raw_steps_.clear();
    links_.clear();
    link_weight_ = strong_weight_ = 0;
    first_text_ = last_ = -1;
    split_ = split_next_ = false;
  }

  void Emit() {
    PageBlock block;
    OffsetSteps steps;
    block.text =
        CanonicalBlockText(raw_, sources_ == nullptr ? nullptr : &steps);
    if (block.text.empty()) return;
    if (sources_ != nullptr) {
      sources_->push_back(SourceOfBlock(block.text.size(), steps));
    }
    block.node = block_node_;
    block.first = first_text_;
    block.last = last_;
    block.context = context_;
    block.tag = tree_.nodes[static_cast<std::size_t>(block.node)].tag;
    block.heading = HeadingLevel(block.tag);
    block.kind = KindOf(block);
    block.weight = WeightOf(block.text);
    block.link_weight = std::min(link_weight_, block.weight);
    block.strong_weight = std::min(strong_weight_, block.weight);
    block.split = split_ || split_next_;
    block.links = links_;
    Measure(block);
    Place(block);
    blocks_.push_back(std::move(block));
  }

  BlockKind KindOf(const PageBlock& block) const {
    if (block.heading > 0) return BlockKind::kHeading;
    if ((block.context & kInHeading) != 0) return BlockKind::kHeading;
    if ((block.context & kInPre) != 0) return BlockKind::kPreformatted;
    if ((block.context & kInFigcaption) != 0) return BlockKind::kCaption;
    if (block.tag == Tag::kCaption) return BlockKind::kCaption;
    if ((block.context & kInQuote) != 0) return BlockKind::kQuote;
    if (block.tag == Tag::kTd || block.tag == Tag::kTh) {
      return BlockKind::kTableRow;
    }
    if ((block.context & kInListItem) != 0) return BlockKind::kListItem;
    if (block.tag == Tag::kDt || block.tag == Tag::kDd) {
      return BlockKind::kListItem;
    }
    return BlockKind::kParagraph;
  }

  // The source range runs from the first to the last visible character.
  void Place(PageBlock& block) const {
    const auto piece = [&](std::int32_t node) -> const TextPiece& {
      const Node& n = tree_.nodes[static_cast<std::size_t>(node)];
      return tree_.scan.pieces[static_cast<std::size_t>(n.ref)];
    };
    const auto blank = [](char c) {
      return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
    };
    const TextPiece& head = piece(block.first);
    std::uint32_t at = head.text;
    while (at < head.text + head.size && blank(tree_.scan.text[at])) ++at;
    block.source_begin = tree_.scan.SourceOf(head, at);
    const TextPiece& tail = piece(block.last);
    std::uint32_t end = tail.text + tail.size;
    while (end > tail.text && blank(tree_.scan.text[end - 1])) --end;
    block.source_end = tree_.scan.SourceOf(tail, end);
  }

  const PageTree& tree_;
  std::size_t max_blocks_;
  std::vector<BlockSource>* sources_;
  OffsetSteps raw_steps_;
  std::vector<Open> open_;
  std::vector<PageBlock> blocks_;
  std::string raw_;
  std::int32_t first_text_ = -1, last_ = -1, block_node_ = -1;
  std::uint32_t context_ = 0, link_weight_ = 0, strong_weight_ = 0;
  std::vector<std::uint32_t> links_;
  bool split_ = false, split_next_ = false;
};

}  // namespace

std::vector<PageBlock> SegmentPage(const PageTree& tree, std::size_t max_blocks,
                                   std::vector<BlockSource>* sources) {
  return Segmenter(tree, max_blocks, sources).Run();
}

}  // namespace stemma
