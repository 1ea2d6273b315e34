#include "article/body_extent.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace stemma {
namespace {

class ExtentFinder : private BodyStep {
 public:
  explicit ExtentFinder(BodyDraft& draft) : BodyStep(draft) {}

  void Run() {
    FindParagraphs();
    CountNatives();
    FindExtent();
    CutTail();
  }

 private:
  void FindExtent() {
    const int from = TextStart();
    double so_far = 0;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (static_cast<int>(i) < from || !IsNativeSentence(i)) continue;
      if (StartsAnew(i, so_far)) break;
      so_far += blocks_[i].weight;
      if (extent_.first < 0) extent_.first = static_cast<int>(i);
      extent_.last = static_cast<int>(i);
    }
    if (extent_.first < 0) {
      extent_.first = extent_.last = static_cast<int>(blocks_.size());
      return;
    }
    if (draft_.comments > extent_.first) {
      extent_.last = std::min(extent_.last, draft_.comments - 1);
    }
    TakeTrailingLists();
    TakeSameElement();
    TakeLastWords();
    extent_.text_first = extent_.first;
    extent_.text_last = extent_.last;
    TakeDeeper();
    TakeLead();
    Widen();
    FindEdges();
    AcceptShapes();
  }

  // Containers with paragraphs of the text, for telling lists in it from
  // others.
  void FindParagraphs() {
    double listed = 0, told = 0;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (!facts_[i].native || !facts_[i].prose) continue;
      if (blocks_[i].kind == BlockKind::kListItem) {
        listed += blocks_[i].weight;
      } else {
        told += blocks_[i].weight;
        paragraphs_in_.insert(facts_[i].container);
      }
    }
    has_paragraphs_ = told > 0.5 * listed;
  }

  // A whole sentence of the text's shape, however short.
  bool IsNativeSentence(std::size_t i) const {
    const PageBlock& block = blocks_[i];
    if (!facts_[i].native || !draft_.Within(block.node, draft_.root)) {
      return false;
    }
    if (facts_[i].furniture != Furniture::kNone) return false;
    if (block.kind == BlockKind::kHeading || block.LinkDensity() > 0.5) {
      return false;
    }
    if (block.kind == BlockKind::kListItem &&
        paragraphs_in_.count(facts_[i].container) == 0 && has_paragraphs_) {
      return false;  // a list that stands in no text
    }
    return facts_[i].prose || (block.ends_sentence && block.weight >= 20);
  }

  void CountNatives() {
    draft_.natives_before.assign(blocks_.size() + 1, 0);
    told_behind_.assign(blocks_.size() + 1, 0);
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      draft_.natives_before[i + 1] =
          draft_.natives_before[i] + (facts_[i].native ? 1 : 0);
    }
    for (std::size_t i = blocks_.size(); i-- > 0;) {
      told_behind_[i] =
          told_behind_[i + 1] + (IsNativeSentence(i) ? blocks_[i].weight : 0);
    }
  }

  // Far behind the text, in another container: other stories of its shape.
  bool StartsAnew(std::size_t i, double so_far) const {
    if (extent_.last < 0 || so_far < 400) return false;
    const auto before = static_cast<std::size_t>(extent_.last);
    if (facts_[i].container == facts_[before].container) return false;
    int between = 0;
    for (std::size_t k = before + 1; k < i; ++k) {
      if (blocks_[k].LinkDensity() > 0.5) ++between;
    }
    if (between <= 15) return false;
    return told_behind_[i] < so_far;
  }

  // Text begins behind the headline, unless most of it stands above.
  int TextStart() const {
    double above = 0, below = 0;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (!IsNativeSentence(i)) continue;
      (static_cast<int>(i) < body_.title_block ? above : below) +=
          blocks_[i].weight;
    }
    return below > 0.6 * above ? body_.title_block + 1 : 0;
  }

  static bool OpensItem(std::string_view text) {
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
      ++digits;
    }
    return digits >= 1 && digits <= 2 && digits + 1 < text.size() &&
           (text[digits] == ')' || text[digits] == '.');
  }

  // A text may end with a list, whose items are no sentences.
  void TakeTrailingLists() {
    int strangers = 0;
    for (std::size_t i = static_cast<std::size_t>(extent_.last) + 1;
         i < blocks_.size() && strangers < 4; ++i) {
      const PageBlock& block = blocks_[i];
      if (draft_.comments >= 0 && static_cast<int>(i) >= draft_.comments) {
        return;
      }
      if (!facts_[i].native || facts_[i].furniture != Furniture::kNone ||
          block.LinkDensity() > 0.3) {
        ++strangers;
        continue;
      }
      const bool item = block.kind == BlockKind::kListItem ||
                        block.kind == BlockKind::kTableRow ||
                        block.kind == BlockKind::kPreformatted ||
                        OpensItem(block.text);
      if (item && block.weight >= 8) extent_.last = static_cast<int>(i);
    }
  }

  // What follows in the element of the text's last sentence, and is as much as
  // a good part of the text: tables, and lines of a list that no <li> marks.
  void TakeSameElement() {
    const auto last = static_cast<std::size_t>(extent_.last);
    double told = 0, more = 0;
    for (std::size_t i = 0; i <= last; ++i) {
      if (facts_[i].native && draft_.Open(i)) told += blocks_[i].weight;
    }
    int end = extent_.last;
    for (std::size_t i = last + 1; i < blocks_.size(); ++i) {
      if (draft_.comments >= 0 && static_cast<int>(i) >= draft_.comments) break;
      const PageBlock& block = blocks_[i];
      if (facts_[i].container != facts_[last].container || !draft_.Open(i)) {
        continue;
      }
      if (block.LinkDensity() > 0.3 ||
          facts_[i].furniture != Furniture::kNone ||
          !(block.tag == blocks_[last].tag || block.heading >= 2 ||
            block.kind == BlockKind::kTableRow)) {
        continue;
      }
      more += block.weight;
      end = static_cast<int>(i);
    }
    if (more > 0.15 * told) extent_.last = end;
  }

  // Lines before the first sentence and in its container: what one needs, what
  // is to come.
  void TakeLead() {
    const auto first = static_cast<std::size_t>(extent_.first);
    int strangers = 0;
    for (int k = extent_.text_first - 1; k > body_.title_block && strangers < 4;
         --k) {
      const auto i = static_cast<std::size_t>(k);
      if (!facts_[i].native || facts_[i].container != facts_[first].container ||
          blocks_[i].LinkDensity() > 0.1 ||
          facts_[i].furniture != Furniture::kNone ||
          draft_.IsCredit(blocks_[i].text)) {
        ++strangers;
      } else if (blocks_[i].weight >= 8) {
        extent_.first = extent_.text_first = k;
      }
    }
  }

  // Prose deeper in the element around all of the text.
  void TakeDeeper() {
    double more = 0;
    int end = extent_.last;
    for (std::size_t i = static_cast<std::size_t>(extent_.last) + 1;
         i < blocks_.size(); ++i) {
      const PageBlock& block = blocks_[i];
      if (draft_.comments >= 0 && static_cast<int>(i) >= draft_.comments) break;
      if (draft_.NodeAt(draft_.root).tag == Tag::kBody ||
          !draft_.Within(block.node, draft_.root))
        break;
      if (!draft_.Open(i) || !facts_[i].prose || !block.ends_sentence ||
          block.sentences < 1 || block.LinkDensity() > 0.2 ||
          draft_.DropHit(i) != nullptr) {
        continue;
      }
      more += block.weight;
      end = static_cast<int>(i);
    }
    if (more > 0.1 * draft_.mass) extent_.last = end;
  }

  // "Happy practicing!" behind the last paragraph and in the same element.
  void TakeLastWords() {
    const auto last = static_cast<std::size_t>(extent_.last);
    for (std::size_t i = last + 1; i < blocks_.size() && i < last + 4; ++i) {
      const PageBlock& block = blocks_[i];
      const bool words =
          facts_[i].native && facts_[i].container == facts_[last].container &&
          block.kind == BlockKind::kParagraph &&
          block.tag == blocks_[last].tag && block.ends_sentence &&
          block.link_weight == 0 && block.weight >= 8 &&
          facts_[i].furniture == Furniture::kNone;
      if (!words ||
          (draft_.comments >= 0 && static_cast<int>(i) >= draft_.comments))
        return;
      extent_.last = static_cast<int>(i);
    }
  }

  // Other shapes with a good part of the prose inside the extent are text, too:
  // a page may be built of sections.
  void AcceptShapes() {
    std::unordered_map<int, double> inside;
    for (int k = std::max(extent_.first, 0);
         k <= extent_.last && k < static_cast<int>(blocks_.size()); ++k) {
      const auto i = static_cast<std::size_t>(k);
      if (!facts_[i].native && draft_.IsPlainProse(i)) {
        inside[facts_[i].shape] += blocks_[i].weight;
      }
    }
    const double mass = draft_.mass;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const auto it = inside.find(facts_[i].shape);
      facts_[i].accepted = it != inside.end() && it->second > 0.1 * mass;
    }
  }

  // Prose of another shape that goes before the text, behind the headline, or
  // follows it in the same <article> or a near element, is text as well.
  void Widen() {
    double lead = 0;
    int lead_first = extent_.text_first;
    for (int k = extent_.text_first - 1; k > body_.title_block; --k) {
      const auto i = static_cast<std::size_t>(k);
      if (body_.title_block < 0 || !draft_.IsPlainProse(i)) continue;
      lead += blocks_[i].weight;
      lead_first = k;
    }
    if (lead > 0.05 * draft_.mass) extent_.first = lead_first;
    // The first section's heading stands before its first sentence.
    while (extent_.first > 0 &&
           facts_[static_cast<std::size_t>(extent_.first) - 1].native &&
           blocks_[static_cast<std::size_t>(extent_.first) - 1].heading >= 2 &&
           !draft_.IsTitle(static_cast<std::size_t>(extent_.first) - 1)) {
      --extent_.first;
      extent_.text_first = std::min(extent_.text_first, extent_.first);
    }
    std::int32_t around = draft_.root;
    for (int level = 0; level < 3 && around > 0; ++level) {
      const Tag tag = draft_.NodeAt(around).tag;
      if (tag == Tag::kArticle || tag == Tag::kMain || tag == Tag::kBody) break;
      around = std::max(draft_.NodeAt(around).parent, 0);
    }
    if (draft_.NodeAt(around).tag == Tag::kBody || around == 0) return;
    double more = 0;
    int last = extent_.last;
    for (std::size_t i = static_cast<std::size_t>(extent_.text_last) + 1;
         i < blocks_.size(); ++i) {
      if (draft_.comments >= 0 && static_cast<int>(i) >= draft_.comments) break;
      if (!draft_.Within(blocks_[i].node, around)) break;
      if (!draft_.IsPlainProse(i)) continue;
      more += blocks_[i].weight;
      last = static_cast<int>(i);
    }
    if (more > 0.25 * draft_.mass) extent_.last = last;
  }

  // Between the text's own sentences and the ends that Widen found, the
  // containers that hold prose.
  void FindEdges() {
    const int end =
        std::min(extent_.last + 1, static_cast<int>(blocks_.size()));
    for (int k = std::max(extent_.first, 0); k < end; ++k) {
      if (k >= extent_.text_first && k <= extent_.text_last) continue;
      const auto i = static_cast<std::size_t>(k);
      if (draft_.IsPlainProse(i)) draft_.edges.insert(facts_[i].container);
    }
  }

  // A marker or a heading of comments ends the text only when a good part of
  // the text is before it: some sites open with their appeal.
  void CutTail() {
    double before = 0, total = 0;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (facts_[i].native) total += blocks_[i].weight;
    }
    for (int k = std::max(extent_.first, 0); k <= extent_.last; ++k) {
      const auto i = static_cast<std::size_t>(k);
      if (i >= blocks_.size()) return;
      if (draft_.Open(i) && before >= 0.25 * total) {
        std::string by;
        for (const MarkerHit& hit : markers_[i]) {
          if (hit.marker->cut && draft_.Counts(hit, i)) by = hit.marker->id;
        }
        if (facts_[i].furniture == Furniture::kComments &&
            (blocks_[i].kind == BlockKind::kHeading || blocks_[i].words <= 6)) {
          by = "comments";
        }
        if (!by.empty()) {
          extent_.cut = k;
          extent_.cut_by = by;
          extent_.last = k;
          return;
        }
      }
      if (facts_[i].native) before += blocks_[i].weight;
    }
  }

  std::vector<double> told_behind_;  // weight of native sentences from here
  std::unordered_set<std::int32_t> paragraphs_in_;  // containers
  bool has_paragraphs_ = false;
};

}  // namespace

void FindTextExtent(BodyDraft& draft) { ExtentFinder(draft).Run(); }

}  // namespace stemma
