#include "article/body_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "article/media_refs.h"

namespace stemma {
namespace {

constexpr double kLinkedText = 0.5;

class Judge : private BodyStep {
 public:
  explicit Judge(BodyDraft& draft)
      : BodyStep(draft), description_(FoldForMatch(hints_.description)) {}

  void Run() {
    WeighLists();
    for (std::size_t i = 0; i < blocks_.size(); ++i) JudgeBlock(i);
  }

 private:
  void JudgeBlock(std::size_t i) {
    BodyVerdict& verdict = body_.verdicts[i];
    if (draft_.IsTitle(i)) {
      verdict = {true, "title", BlockKind::kTitle};
      return;
    }
    if (!verdict.rule.empty()) return;
    const int at = static_cast<int>(i);
    if (IsBareMediaUrl(blocks_[i].text)) {
      verdict = {at >= extent_.first && at <= extent_.last, "bare-media",
                 BlockKind::kMediaUrl};
      return;
    }
    std::string drop = DropRule(i);
    if (!drop.empty()) {
      verdict.rule = std::move(drop);
      return;
    }
    verdict.kept = true;
    if (at < extent_.first) {
      verdict.rule = "standfirst";
      // Where it begins the text it is a paragraph, however it is tagged.
      if (!draft_.English() && verdict.kind == BlockKind::kHeading) {
        verdict.kind = BlockKind::kParagraph;
      }
    } else {
      verdict.rule = facts_[i].witnessed ? "witnessed"
                     : facts_[i].native  ? "text"
                                         : "prose-inside";
    }
  }

  // Why a block is no text; "" when it is.
  std::string DropRule(std::size_t i) const {
    const PageBlock& block = blocks_[i];
    const BlockFacts& facts = facts_[i];
    const int at = static_cast<int>(i);
    if (block.weight == 0) return IsSectionRule(i) ? "" : "separator";
    if (const MarkerHit* hit = draft_.DropHit(i)) {
      return "marker:" + hit->marker->id;
    }
    if (extent_.cut >= 0 && at >= extent_.cut) {
      return "behind:" + extent_.cut_by;
    }
    if (at < extent_.first) return IsStandfirst(i) ? "" : "before-text";
    if (at > extent_.last) return "behind-text";
    if (facts.furniture != Furniture::kNone && !facts_[i].witnessed) {
      return fmt::format("furniture:{}", NameOf(facts.furniture));
    }
    if (draft_.Within(block.node, draft_.root) && draft_.In(block, kInQuote) &&
        at >= extent_.text_first && at <= extent_.text_last) {
      return "";
    }
    if (IsPictureText(i)) return "picture-text";
    if (IsDataLine(i)) return "credit-line";
    if (block.LinkDensity() > kLinkedText && !IsLinkedSentence(i) &&
        !IsLinkedHeading(i) && !IsItemOfProse(i)) {
      return "links";
    }
    if (at < extent_.text_first || at > extent_.text_last) {
      if (facts.accepted && block.kind != BlockKind::kListItem) return "";
      if (StandsAtTheEdge(i)) return "";
      return draft_.IsPlainProse(i) ? "" : "edge";
    }
    if (facts.native || facts.accepted) return "";
    if (!draft_.Within(block.node, draft_.root)) return "outside";
    if (block.kind == BlockKind::kHeading ||
        block.kind == BlockKind::kPreformatted ||
        block.kind == BlockKind::kTableRow) {
      return "";
    }
    if (block.kind == BlockKind::kListItem && block.link_weight == 0 &&
        block.words >= 3) {
      return "";
    }
    // What stands in a cell of a table that is itself in the text.
    if (draft_.In(block, kInTable) &&
        draft_.NodeAt(draft_.root).tag != Tag::kTd)
      return "";
    return facts.prose && block.ends_sentence ? "" : "other-shape";
  }

  // "Published: 3 May 2020, 10:30" among the first paragraphs or the last.
  bool IsDataLine(std::size_t i) const {
    constexpr std::size_t kLongest = 120;
    const PageBlock& block = blocks_[i];
    if (block.kind != BlockKind::kParagraph || block.ends_sentence ||
        block.text.size() > kLongest) {
      return false;
    }
    const int before = draft_.natives_before[i] - draft_.Natives(extent_.first);
    const int behind =
        draft_.Natives(extent_.last + 1) - draft_.natives_before[i];
    if (before >= 3 && behind > 3) return false;
    return draft_.IsCredit(block.text);
  }

  // Headings and lists that belong to prose of another shape.
  bool StandsAtTheEdge(std::size_t i) const {
    const PageBlock& block = blocks_[i];
    if (block.kind == BlockKind::kParagraph || block.LinkDensity() >= 0.3) {
      return false;
    }
    if (draft_.edges.count(facts_[i].container) != 0) return true;
    return block.kind == BlockKind::kHeading ||
           (block.kind == BlockKind::kListItem && block.words >= 4 &&
            block.link_weight == 0);
  }

  // "___" between two parts of the text, as the wires write it.
  bool IsSectionRule(std::size_t i) const {
    const int at = static_cast<int>(i);
    return facts_[i].native && at > extent_.text_first &&
           at <= extent_.text_last + 1 && blocks_[i].text.size() >= 2 &&
           blocks_[i].text.find_first_not_of('_') == std::string::npos;
  }

  // A short text beside a picture, in an element that holds little else; or one
  // that names a picture's owner.
  bool IsPictureText(std::size_t i) const {
    const PageBlock& block = blocks_[i];
    if (block.weight > 500 || block.kind == BlockKind::kHeading) return false;
    if (block.kind == BlockKind::kTableRow ||
        block.kind == BlockKind::kPreformatted) {
      return false;
    }
    // A figure may hold a table, or a quotation.
    if (draft_.In(block, kInFigure)) {
      return !draft_.In(block, kInTable | kInQuote);
    }
    return NamesPictureOwner(block.text);
  }

  bool IsLinkedSentence(std::size_t i) const {
    const PageBlock& block = blocks_[i];
    return facts_[i].native && block.ends_sentence && block.weight >= 30 &&
           block.kind == BlockKind::kParagraph;
  }

  // An item that is a link, in a list of which most is none.
  bool IsItemOfProse(std::size_t i) const {
    if (!facts_[i].native && !facts_[i].accepted) return false;
    const auto list = lists_.find(ListOf(i));
    return list != lists_.end() && list->second.items >= 3 &&
           list->second.links < 0.5 * list->second.weight;
  }

  // The innermost list around block `i`; -1 for none.
  std::int32_t ListOf(std::size_t i) const {
    if (blocks_[i].kind != BlockKind::kListItem) return -1;
    std::int32_t node = std::max(blocks_[i].node, 0);
    while (node > 0 && draft_.NodeAt(node).tag != Tag::kUl &&
           draft_.NodeAt(node).tag != Tag::kOl) {
      node = draft_.NodeAt(node).parent;
    }
    return node > 0 ? node : -1;
  }

  void WeighLists() {
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const std::int32_t list = ListOf(i);
      if (list < 0) continue;
      ListWeight& weight = lists_[list];
      ++weight.items;
      weight.weight += blocks_[i].weight;
      weight.links += blocks_[i].link_weight;
    }
  }

  // The heading of a section may be a link to what the section is about.
  bool IsLinkedHeading(std::size_t i) const {
    return facts_[i].native && blocks_[i].heading > 0 &&
           static_cast<int>(i) >= extent_.text_first &&
           static_cast<int>(i) <= extent_.text_last;
  }

  // Between headline and text: what the head calls the description, or a
  // sentence that is neither byline nor caption.
  bool IsStandfirst(std::size_t i) const {
    const PageBlock& block = blocks_[i];
    if (static_cast<int>(i) < body_.title_block) return false;
    if (body_.title_block < 0 || block.LinkDensity() > 0.3) return false;
    if (block.weight < 30 || block.words < 5) return false;
    if (facts_[i].furniture != Furniture::kNone) return false;
    if (draft_.In(block, kInFigure | kInAuthor)) return false;
    if (BeginsText(i)) return true;
    if (draft_.In(block, kInListItem)) return false;
    const std::string text = FoldForMatch(block.text);
    return text.size() >= 20 && text.size() < 4000 && !description_.empty() &&
           (description_.find(text) != std::string::npos ||
            text.find(description_) != std::string::npos);
  }

  // A whole sentence between headline and text, where the language's custom is
  // that such a one is the text's first.
  bool BeginsText(std::size_t i) const {
    const PageBlock& block = blocks_[i];
    if (hints_.language.empty() || hints_.language.starts_with("en")) {
      return false;
    }
    return block.ends_sentence && block.weight >= 60 && block.words >= 8 &&
           block.LinkDensity() < 0.2 && !IsPictureText(i);
  }

  struct ListWeight {
    int items = 0;
    double weight = 0, links = 0;
  };

  std::string description_;                             // folded
  std::unordered_map<std::int32_t, ListWeight> lists_;  // by node
};

}  // namespace

void JudgeBlocks(BodyDraft& draft) { Judge(draft).Run(); }

}  // namespace stemma
