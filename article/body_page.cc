#include "article/body_page.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <vector>

namespace stemma {
namespace {

class PageReader : private BodyStep {
 public:
  explicit PageReader(BodyDraft& draft) : BodyStep(draft) {}

  void Run() {
    FindWrappers();
    body_.verdicts.resize(blocks_.size());
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      body_.verdicts[i].kind = blocks_[i].kind;
      body_.verdicts[i].rule = HardRule(blocks_[i]);
    }
    FindTitle();
  }

 private:
  // An <aside>, <form>, <footer>, hidden element that holds most of the page's
  // prose is no aside: the whole page may stand in one <form>.
  void FindWrappers() {
    double total = 0;
    std::array<double, 32> by_bit{};
    for (const PageBlock& block : blocks_) {
      if (!LooksLikeProse(block)) continue;
      total += block.weight;
      for (std::size_t bit = 0; bit < by_bit.size(); ++bit) {
        if ((block.context >> bit) & 1U) by_bit[bit] += block.weight;
      }
    }
    for (const Context context :
         {kInAside, kInForm, kInFooter, kInHeader, kInHidden, kInNav, kInDialog,
          kInButton, kInDetails, kInLabel, kInAddress, kInFigure, kInFigcaption,
          kInHeading}) {
      const auto bit = static_cast<std::size_t>(
          std::countr_zero(static_cast<unsigned>(context)));
      const bool strong =
          context == kInHidden || context == kInDialog || context == kInAside;
      if (by_bit[bit] > (strong ? 0.7 : 0.35) * total) {
        draft_.ignored |= context;
      }
    }
  }

  // What never is article text, wherever it stands; "" for the rest.
  std::string HardRule(const PageBlock& block) const {
    if (draft_.In(block, kInHidden)) return "hidden";
    if (draft_.In(block, kInNav)) return "nav";
    if (draft_.In(block, kInBreadcrumb)) return "breadcrumb";
    // A section that folds away has a button in its heading.
    if (draft_.In(block, kInButton) && block.kind != BlockKind::kHeading) {
      return "button";
    }
    if (draft_.In(block, kInDialog)) return "dialog";
    if (draft_.In(block, kInComment)) return "comment";
    if (draft_.In(block, kInForm)) return "form";
    if (draft_.In(block, kInAside)) return "aside";
    if (draft_.In(block, kInFooter)) return "footer";
    if (draft_.In(block, kInLabel)) return "label";
    if (draft_.In(block, kInAddress)) return "address";
    if (draft_.In(block, kInFigcaption) || block.kind == BlockKind::kCaption) {
      return "caption";
    }
    return {};
  }

  // The headline: the best match to what the head says, <h1> first.
  void FindTitle() {
    std::vector<std::string> titles;
    for (const std::string& title : hints_.titles) {
      titles.push_back(FoldForMatch(title));
    }
    double best = 0;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const PageBlock& block = blocks_[i];
      if (block.words > 60 || block.text.size() > 500) continue;
      if (draft_.In(block, kInHidden | kInNav | kInBreadcrumb)) continue;
      const std::string folded = FoldForMatch(block.text);
      if (folded.size() < 4) continue;
      double score = 0;
      for (const std::string& title : titles) {
        if (folded == title) {
          score = std::max(score, 3.0);
        } else if (folded.size() > 12 &&
                   title.find(folded) != std::string::npos) {
          score = std::max(score, 1.0 + static_cast<double>(folded.size()) /
                                            static_cast<double>(title.size()));
        }
      }
      if (block.heading == 1) {
        score += draft_.In(block, kInAside | kInFooter) ? 0.2 : 1.0;
      } else if (block.heading == 2) {
        score += 0.3;
      }
      if (score < 1.0) continue;
      if (score > best + 0.001) {
        best = score;
        body_.title_block = static_cast<int>(i);
      }
    }
  }
};

}  // namespace

void ReadPage(BodyDraft& draft) { PageReader(draft).Run(); }

}  // namespace stemma
