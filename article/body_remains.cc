#include "article/body_remains.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "article/names.h"

namespace stemma {
namespace {

constexpr std::size_t kLongestSearched = 200'000;  // bytes, for repeats

class Remains : private BodyStep {
 public:
  explicit Remains(BodyDraft& draft) : BodyStep(draft) {}

  void Clear() {
    FindDeck();
    DropRepeats();
    DropBiographies();
    DropLoneHeadings();
  }

 private:
  // A standfirst is part of the headline when byline, date or picture part it
  // from the text, on a page in English. (An English deck repeats the text; a
  // Vorspann or chapô begins it.) It goes with the title, which is no part of
  // the text either. See docs/decisions/article-standfirst.md.
  void FindDeck() {
    if (!draft_.English()) return;
    bool parted = false;
    for (int k = std::min(extent_.first, static_cast<int>(blocks_.size())) - 1;
         k > body_.title_block; --k) {
      BodyVerdict& verdict = body_.verdicts[static_cast<std::size_t>(k)];
      if (!verdict.kept) {
        parted = true;
      } else if (parted && verdict.rule == "standfirst") {
        verdict.rule = "deck";
        verdict.kind = BlockKind::kStandfirst;
      }
    }
  }

  // What a paragraph of the text says as well: a pull quote, a picture's text,
  // a box. A paragraph of the text itself that is there twice was written
  // twice; a text may begin with what its first sentence says again, where
  // that is the language's custom.
  void DropRepeats() {
    std::string all;
    std::vector<std::size_t> begin(blocks_.size() + 1);
    const auto counts = [&](std::size_t i) {
      return body_.verdicts[i].kept &&
             body_.verdicts[i].kind != BlockKind::kTitle &&
             body_.verdicts[i].kind != BlockKind::kStandfirst;
    };
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      begin[i] = all.size();
      if (counts(i)) all += FoldForMatch(blocks_[i].text) + '\n';
    }
    begin[blocks_.size()] = all.size();
    if (all.size() > kLongestSearched) return;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const bool may = body_.verdicts[i].kind == BlockKind::kQuote ||
                       (body_.verdicts[i].kind == BlockKind::kParagraph &&
                        !facts_[i].native);
      if (!draft_.English() && body_.verdicts[i].rule == "standfirst") continue;
      if (!counts(i) || !may || begin[i + 1] - begin[i] < 40 ||
          begin[i + 1] - begin[i] > 600) {
        continue;
      }
      const std::string_view text =
          std::string_view(all).substr(begin[i], begin[i + 1] - begin[i] - 1);
      std::size_t at = all.find(text);
      if (at == begin[i]) at = all.find(text, begin[i + 1]);
      if (at == std::string::npos) continue;
      const bool whole = all.compare(at + text.size(), 1, "\n") == 0 &&
                         (at == 0 || all[at - 1] == '\n');
      if (whole && at > begin[i]) continue;  // the first stays
      body_.verdicts[i] = {false, "repeat", blocks_[i].kind};
    }
  }

  // "Jane Doe is a reporter in ..." where the text ends.
  void DropBiographies() {
    int seen = 0;
    for (std::size_t i = blocks_.size(); i-- > 0 && seen < 3;) {
      BodyVerdict& verdict = body_.verdicts[i];
      if (!verdict.kept || verdict.kind == BlockKind::kTitle) continue;
      ++seen;
      if (blocks_[i].weight < 700 && IsBiography(blocks_[i].text)) {
        verdict.kept = false;
        verdict.rule = "about-author";
      }
    }
  }

  // An author's name is near the beginning, or somebody's who "is a writer".
  bool IsBiography(const std::string& text) const {
    constexpr std::size_t kNear = 24;  // "The correspondent Jane Doe is ..."
    for (const std::string& author : hints_.authors) {
      if (ReadsLikeName(author) &&
          text.substr(0, kNear + author.size()).find(author) !=
              std::string::npos) {
        return true;
      }
    }
    return IntroducesAuthor(text);
  }

  // A heading goes when the next kept block is a heading of its rank or above,
  // or when there is none.
  void DropLoneHeadings() {
    std::vector<std::size_t> next_text(blocks_.size() + 1, blocks_.size());
    for (std::size_t i = blocks_.size(); i-- > 0;) {
      const BodyVerdict& verdict = body_.verdicts[i];
      const bool text = verdict.kept && verdict.kind != BlockKind::kHeading;
      next_text[i] = text ? i : next_text[i + 1];
    }
    int below = 0;  // rank of the heading that follows, 0: text follows
    bool any = false;
    for (std::size_t i = blocks_.size(); i-- > 0;) {
      BodyVerdict& verdict = body_.verdicts[i];
      if (!verdict.kept || verdict.kind == BlockKind::kTitle) continue;
      if (verdict.kind != BlockKind::kHeading) {
        below = 0;
        any = true;
        continue;
      }
      const int rank = blocks_[i].heading == 0 ? 6 : blocks_[i].heading;
      if (!any || (below != 0 && below <= rank) ||
          HeadsABox(i, next_text[i + 1])) {
        verdict = {false, "heading-alone", BlockKind::kHeading};
        continue;
      }
      below = rank;
    }
  }

  // A heading outside the text's own container needs kept text in its own.
  bool HeadsABox(std::size_t i, std::size_t next_text) const {
    if (facts_[i].native || next_text == i + 1) return false;
    return next_text >= blocks_.size() ||
           !draft_.Within(blocks_[next_text].node, facts_[i].container);
  }
};

}  // namespace

void ClearRemains(BodyDraft& draft) { Remains(draft).Clear(); }

}  // namespace stemma
