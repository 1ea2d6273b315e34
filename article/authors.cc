#include "article/authors.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "article/author_list.h"
#include "article/authors_of_head.h"
#include "article/body.h"
#include "article/byline_text.h"
#include "article/dates.h"
#include "article/furniture.h"
#include "article/names.h"
#include "article/phrases.h"
#include "core/ascii.h"

namespace stemma {
namespace {

constexpr std::size_t kNear = 25;  // blocks behind the headline
constexpr std::size_t kMostNames = 30;

class AuthorReader {
 public:
  AuthorReader(const PageTree& tree, const std::vector<PageBlock>& blocks,
               const HeadFacts& head, const Body& body, const Article& article)
      : tree_(tree),
        blocks_(blocks),
        head_(head),
        title_block_(body.title_block),
        text_begin_(TextBegin(body)),
        authors_(head, article) {
    // A page that hides its headline until a script shows it hides nothing.
    const bool hides = title_block_ >= 0 &&
                       (blocks[static_cast<std::size_t>(title_block_)].context &
                        kInHidden) != 0;
    unseen_ = kInComment | kInNav | (hides ? 0U : std::uint32_t{kInHidden});
  }

  std::vector<std::string> Run() {
    using Step = void (AuthorReader::*)();
    static constexpr Step kSteps[] = {
        &AuthorReader::FromHead,          &AuthorReader::FromMarkup,
        &AuthorReader::FromByline,        &AuthorReader::FromHints,
        &AuthorReader::FromOrganizations, &AuthorReader::FromNameByDate,
        &AuthorReader::FromLinks,         &AuthorReader::FromFarByline,
        &AuthorReader::FromScripts,       &AuthorReader::FromShownSites,
        &AuthorReader::FromDesk,          &AuthorReader::FromNameAlone};
    for (const Step step : kSteps) {
      (this->*step)();
      if (!authors_.empty()) break;
      authors_.EndSource();
    }
    PreferByline();
    CompleteNames();
    return authors_.names();
  }

 private:
  // The full name of one person under the headline, told by "By": it overrules
  // what the head says of others, which often is who put the page up.
  void PreferByline() {
    if (authors_.empty()) return;
    const std::vector<std::string> stated = authors_.names();
    authors_.Replace({});
    for (std::size_t i = 0; i < blocks_.size() && title_block_ >= 0; ++i) {
      const PageBlock& block = blocks_[i];
      const int behind = static_cast<int>(i) - title_block_;
      if (behind < 1 || behind > 6 || !Visible(block) || Boxed(block)) continue;
      if (block.words > 14 || block.text.size() > 120) continue;
      const bool alone = IsOpenerAlone(block.text) && i + 1 < blocks_.size() &&
                         blocks_[i + 1].links.size() <= 1;
      if (!OpensByline(block.text) && !alone) continue;
      ReadByline(i);
      if (!authors_.empty()) break;
    }
    const std::vector<std::string>& shown = authors_.names();
    const bool person = shown.size() == 1 && ReadsLikeName(shown[0]);
    bool other = person;
    for (const std::string& name : stated) {
      for (const std::string& read : shown) {
        const std::string a = FoldForMatch(name), b = FoldForMatch(read);
        other = other && a.find(b) == std::string::npos &&
                b.find(a) == std::string::npos;
      }
    }
    if (!other) authors_.Replace(stated);
  }

  // "Jane" in the head is "Jane Doe" near the headline.
  void CompleteNames() {
    if (authors_.names().size() != 1) return;
    const std::string known = authors_.names().front();
    if (known.find(' ') != std::string::npos) return;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const PageBlock& block = blocks_[i];
      if (!NearTitle(i, 8) || !Visible(block) || block.words > 4) continue;
      for (const std::string& name : NamesOf(block.text)) {
        if (name.starts_with(known + " ") && ReadsLikeName(name)) {
          return authors_.Replace({name});
        }
      }
    }
  }

  void FromHead() { AuthorsOfHead(head_, authors_); }

  void FromScripts() { AuthorsOfScripts(tree_, authors_); }

  bool Visible(const PageBlock& block) const {
    return (block.context & unseen_) == 0;
  }

  static bool Boxed(const PageBlock& block) {
    return (block.context & (kInAside | kInFooter)) != 0;
  }

  // What the headline says as well is what the page is about.
  bool IsTopic(const std::string& name) const {
    if (title_block_ < 0) return false;
    const std::string& title =
        blocks_[static_cast<std::size_t>(title_block_)].text;
    return FoldForMatch(title).find(FoldForMatch(name)) != std::string::npos;
  }

  // rel=author and itemprop=author in the page.
  void FromMarkup() {
    for (const PageBlock& block : blocks_) {
      const auto i = static_cast<std::size_t>(&block - blocks_.data());
      const bool under = OverText(i) && NearTitle(i, 6) &&
                         (block.context & (unseen_ & ~kInNav)) == 0;
      const bool marked = (block.context & kInAuthor) != 0;
      if (!under && !(marked && Visible(block))) continue;
      const std::string text = WithoutDates(
          marked && block.text.size() <= 120 ? BarredText(tree_, block)
                                             : MarkedAuthorText(tree_, block));
      if (text.size() > 120) continue;
      for (const std::string& name : NamesOf(text)) {
        if (!HasMenuWord(name) && StartsLikeName(name)) authors_.Take(name);
      }
      if (!authors_.empty()) return;
    }
  }

  // Above the first paragraph: "by" inside the text is of others.
  bool OverText(std::size_t i) const { return i < text_begin_; }

  bool NearTitle(std::size_t i, std::size_t reach) const {
    const auto title = static_cast<std::size_t>(std::max(title_block_, 0));
    return i + 6 >= title && i <= title + reach;
  }

  // "By Jane Doe" in a short block near the headline: behind it before above,
  // and in the page's own flow before boxes and lists beside it.
  void FromByline() {
    for (const bool boxed : {false, true}) {
      for (const bool behind : {true, false}) {
        for (std::size_t i = 0; i < blocks_.size(); ++i) {
          const PageBlock& block = blocks_[i];
          if (!NearTitle(i, kNear) || !Visible(block)) continue;
          if ((static_cast<int>(i) >= title_block_) != behind) continue;
          if (((block.context & (kInAside | kInFooter)) != 0) != boxed)
            continue;
          if (block.text.size() > 200 || block.words > 26) continue;
          if ((block.context & kInForm) != 0) continue;
          const std::size_t known = authors_.second().size();
          ReadByline(i);
          if (authors_.second().size() > known) FromOrganizations();
          if (!authors_.empty()) return;
        }
      }
    }
  }

  void ReadByline(std::size_t i) {
    const PageBlock& block = blocks_[i];
    if (static_cast<int>(i) == title_block_) return;
    if (NamesPictureOwner(block.text)) return;
    std::string text = WithoutDates(BarredText(tree_, block));
    // A sentence goes on with what the person is.
    if (text.starts_with("This "))
      text.resize(std::min(text.size(), text.find(',')));
    std::vector<std::string> parts = PartsOf(text);
    for (std::size_t k = 0; k < parts.size(); ++k) {
      std::string part = parts[k];
      if (IsOpenerAlone(part)) {
        if (k + 1 < parts.size()) {
          part = "by " + parts[++k];
        } else if (i + 1 < blocks_.size() && blocks_[i + 1].words <= 8) {
          TakeList(i + 1);
          if (!authors_.empty()) return;
          part = "by " + blocks_[i + 1].text;
        }
      } else if (!OpensByline(part)) {
        const std::size_t by = BylineInside(part);
        if (by == std::string::npos || block.ends_sentence) continue;
        if (!OverText(i) || (block.heading > 0 && !NearTitle(i, 3))) continue;
        part.erase(0, by);
      }
      TakeByline(part);
      PreferLinks(part, block);
      // More names may follow the first, each in an element of its own.
      while (!authors_.empty() && k + 1 < parts.size() &&
             TakeNext(parts[k + 1])) {
        ++k;
      }
      if (!authors_.empty()) return;
    }
  }

  // Items of a list, each a name.
  void TakeList(std::size_t i) {
    for (; i < blocks_.size() && authors_.names().size() < kMostNames; ++i) {
      const PageBlock& block = blocks_[i];
      if ((block.context & kInListItem) == 0) return;
      if (!ReadsLikeName(block.text) || HasMenuWord(block.text)) return;
      authors_.Take(block.text);
    }
  }

  // A link to the author's page parts the name from the role behind it.
  void PreferLinks(std::string_view part, const PageBlock& block) {
    const std::vector<std::string>& found = authors_.names();
    std::vector<std::string> linked;
    for (const std::uint32_t link : block.links) {
      const std::string name = LinkedName(link, block);
      if (name.empty() || part.find(name) == std::string_view::npos) continue;
      if (std::ranges::find(found, name) != found.end()) return;
      AddName(name, linked);
    }
    if (!linked.empty()) authors_.Replace(std::move(linked));
  }

  bool TakeNext(std::string part) {
    for (const std::string_view joint : {"and ", "& ", "und ", "et ", ", "}) {
      if (part.starts_with(joint)) {
        TakeByline("by " + part.substr(joint.size()));
        return true;
      }
    }
    return part == "," || part == "and" || part == "&";
  }

  void TakeByline(const std::string& part) {
    const std::vector<std::string> names = NamesOf(part);
    for (const std::string& name : names) {
      const bool many = name.find(' ') != std::string::npos;
      if (name[0] >= 'a' && name[0] <= 'z' && many && !ReadsLikeName(name)) {
        continue;
      }
      if (many && !ReadsLikeName(name)) continue;
      // A single word is a name only when nothing else stands in the line.
      if (!many && names.size() == 1 && part.size() > name.size() + 24)
        continue;
      if ((!many || names.size() > 1) && HasMenuWord(name)) continue;
      authors_.Take(name);
    }
  }

  // "Jane Doe, 11.12.2019", "Jane Doe|30 January 2020", or a block that is
  // nothing but a name beside one with a date, behind the headline.
  void FromNameByDate() {
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const PageBlock& block = blocks_[i];
      if (static_cast<int>(i) == title_block_ || !NearTitle(i, 6)) continue;
      if (!Visible(block) || block.words > 12) continue;
      if (Boxed(block) || NamesPictureOwner(block.text)) continue;
      const std::string barred = BarredText(tree_, block);
      if (!DateAround(i)) continue;
      for (const std::string& part : PartsOf(WithoutDates(barred))) {
        std::string_view text = part;
        while (!text.empty() && (text.front() == '-' || text.front() == ' ' ||
                                 text.front() == ',')) {
          text.remove_prefix(1);
        }
        while (!text.empty() && (text.back() == '-' || text.back() == ' ' ||
                                 (text.back() >= '0' && text.back() <= '9') ||
                                 text.back() == ',')) {
          text.remove_suffix(1);
        }
        const std::string name(text);
        const auto blanks = std::count(name.begin(), name.end(), ' ');
        if (blanks <= 2 && ReadsLikeName(name) && !HasMenuWord(name) &&
            !IsTopic(name)) {
          authors_.Take(name);
        }
      }
      if (!authors_.empty()) return;
    }
  }

  bool DateAround(std::size_t i) const {
    for (std::size_t k = i >= 2 ? i - 2 : 0;
         k < std::min(blocks_.size(), i + 3); ++k) {
      const std::string_view text = blocks_[k].text;
      if (text.size() < 80 && static_cast<int>(k) != title_block_ &&
          FindDate(text, "").has_value()) {
        return true;
      }
    }
    return false;
  }

  // The site itself, in the element that is for its authors.
  void FromShownSites() { authors_.Replace(shown_sites_); }

  void FromOrganizations() { authors_.UseSecond(); }

  // <a href=".../author/jane-doe">Jane Doe</a> near the headline; if there is
  // none, behind the text.
  void FromLinks() {
    int tries = 0;
    for (const bool near : {true, false}) {
      for (std::size_t i = 0; i < blocks_.size(); ++i) {
        const PageBlock& block = blocks_[i];
        if (NearTitle(i, 20) != near || block.links.empty()) continue;
        if (static_cast<int>(i) < title_block_) continue;
        if (!Visible(block) || block.text.size() > 300) continue;
        for (const std::uint32_t link : block.links) {
          if (++tries > 200) return;
          const std::string name = LinkedName(link, block);
          if (!name.empty()) authors_.Take(name);
        }
        if (!authors_.empty()) return;
      }
    }
  }

  std::string LinkedName(std::uint32_t link, const PageBlock& block) const {
    const RawElement& element = tree_.scan.elements[link];
    const std::string href = Lowered(tree_.scan.Attribute(element, "href"));
    bool authors = false;
    for (const std::string_view path :
         {"/author",    "/autor",       "/auteur",   "/staff/",     "/people/",
          "/profile",   "/contributor", "/writer",   "/journalist", "/by/",
          "/columnist", "/reporter",    "/user/",    "/users/",     "/redakt",
          "/medarbe",   "/bio/",        "/experts/", "/editor",     "author=",
          "/newsteam/", "/profil",      "/creator"}) {
      authors = authors || href.find(path) != std::string::npos;
    }
    if (!authors) return {};
    const std::vector<std::string> names =
        NamesOf(TextOfLink(tree_, block, link));
    if (names.size() != 1 || authors_.IsSite(names[0]) ||
        HasMenuWord(names[0])) {
      return {};
    }
    return ReadsLikeName(names[0]) ? names[0] : "";
  }

  // A name near the headline in an element whose class or id says what it is.
  // A hint only: it counts when the text reads like a name, and for nothing but
  // the author.
  void FromHints() {
    for (const bool behind : {true, false}) {
      for (std::size_t i = 0; i < blocks_.size(); ++i) {
        const PageBlock& block = blocks_[i];
        if ((static_cast<int>(i) > title_block_) != behind) continue;
        if (static_cast<int>(i) == title_block_) continue;
        if (block.text.size() > 120 || !NearTitle(i, 40)) continue;
        if (!Visible(block) || !HintedAuthor(block)) continue;
        const std::string text = WithoutDates(BarredText(tree_, block));
        for (const std::string& part : PartsOf(text)) {
          for (const std::string& name : NamesOf(part)) {
            if (authors_.IsSite(name)) {
              AddName(name, shown_sites_);
            } else if ((ReadsLikeName(name) || IsIdeographicName(name)) &&
                       !HasMenuWord(name)) {
              authors_.Take(name);
            }
          }
          if (!authors_.empty()) return;
        }
      }
    }
  }

  bool HintedAuthor(const PageBlock& block) const {
    std::int32_t node =
        tree_.nodes[static_cast<std::size_t>(block.first)].parent;
    constexpr std::int32_t kMost = 60;  // nodes that a byline's element holds
    for (int level = 0; level < 4 && node > 0; ++level) {
      if (tree_.nodes[static_cast<std::size_t>(node)].end - node > kMost) break;
      const std::string names = Lowered(tree_.Attribute(node, "class") + " " +
                                        tree_.Attribute(node, "id"));
      for (const std::string_view word :
           {"author", "byline", "autor", "writer", "verfasser", "redakt"}) {
        if (names.find(word) != std::string::npos) return true;
      }
      node = tree_.nodes[static_cast<std::size_t>(node)].parent;
    }
    return false;
  }

  // "Written by Jane Doe" anywhere behind the headline.
  void FromFarByline() {
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const PageBlock& block = blocks_[i];
      if (static_cast<int>(i) <= title_block_ || !Visible(block)) continue;
      if (block.text.size() > 150) continue;
      const std::string lower = LowerForPhrases(block.text.substr(0, 30));
      bool opens = false;
      for (const std::string_view opener : {"written by",
                                            "article by",
                                            "posted by",
                                            "words by",
                                            "story by",
                                            "words:",
                                            "author:",
                                            "autor:",
                                            "autorin:",
                                            "by:",
                                            "text:",
                                            "von:",
                                            "geschrieben von",
                                            "eingestellt von",
                                            "veröffentlicht von",
                                            "publié par",
                                            "publicado por",
                                            "pubblicato da",
                                            "автор:",
                                            "投稿者",
                                            "autoren ",
                                            "text von",
                                            "contributors:",
                                            "this post was written by",
                                            "this article was written by"}) {
        opens = opens || lower.starts_with(opener);
      }
      opens = opens || (IsOpenerAlone(block.text) && i + 1 < blocks_.size() &&
                        ReadsLikeName(blocks_[i + 1].text));
      if (opens) ReadByline(i);
      if (!authors_.empty()) return;
    }
  }

  // "By Staff Writer", "von Redaktion": the desk, when nobody else is named.
  void FromDesk() {
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const PageBlock& block = blocks_[i];
      if (static_cast<int>(i) <= title_block_ || !NearTitle(i, 10)) continue;
      if (!Visible(block) || block.words > 10) continue;
      for (std::string part : PartsOf(WithoutDates(BarredText(tree_, block)))) {
        const std::string lower = LowerForPhrases(part);
        bool desk = false;
        for (const std::string_view word :
             {"redaktion", "staff writer", "staff reporter", "news desk",
              "newsroom", "editorial", "editors", "rédaction", "redacción",
              "redazione", "redação", "редакция", "редакція", "redakcja",
              " team", "team ", "webteam"}) {
          desk = desk || lower.find(word) != std::string::npos;
        }
        if (!desk) continue;
        const std::size_t from = lower.find(" vom ");
        if (from != std::string::npos) part.erase(0, from + 5);
        for (const std::string_view opener :
             {"by ", "von der ", "von ", "par la ", "por la ", "por "}) {
          if (!lower.starts_with(opener)) continue;
          part.erase(0, opener.size());
          break;
        }
        while (!part.empty() && (part.back() == ',' || part.back() == ' ')) {
          part.pop_back();
        }
        if (part.size() <= 40) authors_.Replace({part});
        return;
      }
    }
  }

  // A block that is nothing but a name, right behind the headline.
  void FromNameAlone() {
    if (title_block_ < 0) return;
    const auto title = static_cast<std::size_t>(title_block_);
    for (std::size_t i = title + 1; i < std::min(blocks_.size(), title + 5);
         ++i) {
      const PageBlock& block = blocks_[i];
      if (!Visible(block) || block.heading > 0 || block.words > 3) continue;
      if ((block.context & (kInListItem | kInFigure | kInAside)) != 0) continue;
      if (!ReadsLikeName(block.text) || HasMenuWord(block.text)) continue;
      authors_.Take(block.text);
      return;
    }
  }

  const PageTree& tree_;
  const std::vector<PageBlock>& blocks_;
  const HeadFacts& head_;
  int title_block_;
  std::size_t text_begin_;
  std::uint32_t unseen_ = 0;  // contexts that no reader sees
  AuthorList authors_;
  std::vector<std::string> shown_sites_;  // where a byline stands
};

}  // namespace

std::vector<std::string> ReadAuthors(const PageTree& tree,
                                     const std::vector<PageBlock>& blocks,
                                     const HeadFacts& head, const Body& body,
                                     const Article& article) {
  return AuthorReader(tree, blocks, head, body, article).Run();
}

}  // namespace stemma
