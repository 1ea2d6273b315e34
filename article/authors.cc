#include "article/authors.h"

#include <algorithm>
#include <string_view>

#include "article/body.h"
#include "article/dates.h"
#include "article/furniture.h"
#include "article/names.h"
#include "article/phrases.h"
#include "article/text_layers.h"
#include "core/ascii.h"
#include "core/url.h"

namespace stemma {
namespace {

constexpr std::size_t kNear = 25;  // blocks behind the headline

bool AddName(const std::string& name, std::vector<std::string>& authors) {
  const std::string folded = FoldForMatch(name);
  if (folded.empty()) return false;
  for (const std::string& known : authors) {
    if (FoldForMatch(known) == folded) return false;
  }
  authors.push_back(name);
  return true;
}

// "jdoe", "jane_doe", "jane[at]a.example": what a system calls a user.
bool IsLogin(std::string_view name) {
  if (name.ends_with(" Admin") || name.ends_with(" admin")) return true;
  if (name.find(' ') != std::string_view::npos) return false;
  if (name.find_first_of("_@[") != std::string_view::npos) return true;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-';
  });
}

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

// The text of a block with a bar where one element ends and the next begins
// without a blank: "By|Jane Doe|30 January 2020".
std::string Barred(const PageTree& tree, const PageBlock& block) {
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

// Dates become bars: "Posted on|by Jane Doe".
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

// Links and labels of a site that are set like names.
bool IsMenuWords(const std::string& name) {
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

class AuthorReader {
 public:
  AuthorReader(const PageTree& tree, const std::vector<PageBlock>& blocks,
               const HeadFacts& head, const Body& body, const Article& article)
      : tree_(tree),
        blocks_(blocks),
        head_(head),
        title_block_(body.title_block),
        text_begin_(TextBegin(body)) {
    const Result<Url> url = Url::Parse(article.url);
    std::string host = url ? url->host() : "";
    if (host.starts_with("www.")) host.erase(0, 4);
    std::string label = SiteOf(article.url);
    label.resize(std::min(label.size(), label.find('.')));
    for (const std::string& name : {article.site_name, article.publisher,
                                    head.ld.site_name, host, label}) {
      const std::string folded = FoldForMatch(name);
      if (folded.size() > 2) sites_.push_back(folded);
    }
    // A page that hides its headline until a script shows it hides nothing.
    const bool hides = title_block_ >= 0 &&
                       (blocks[static_cast<std::size_t>(title_block_)].context &
                        kInHidden) != 0;
    unseen_ = kInComment | kInNav | (hides ? 0U : std::uint32_t{kInHidden});
  }

  std::vector<std::string> Run() {
    using Step = void (AuthorReader::*)();
    static constexpr Step kSteps[] = {
        &AuthorReader::FromJsonLd,        &AuthorReader::FromLabels,
        &AuthorReader::FromMeta,          &AuthorReader::FromMarkup,
        &AuthorReader::FromByline,        &AuthorReader::FromHints,
        &AuthorReader::FromOrganizations, &AuthorReader::FromNameByDate,
        &AuthorReader::FromLinks,         &AuthorReader::FromFarByline,
        &AuthorReader::FromScripts,       &AuthorReader::FromShownSites,
        &AuthorReader::FromDesk,          &AuthorReader::FromNameAlone};
    for (const Step step : kSteps) {
      (this->*step)();
      if (!authors_.empty()) break;
      if (!second_choice_.empty()) settled_ = true;
    }
    PreferByline();
    CompleteNames();
    return std::move(authors_);
  }

 private:
  // "The Post", "post.example, Berlin": articles and addresses aside.
  bool IsSite(const std::string& name) const {
    const std::string first = name.substr(0, name.find(", "));
    const std::size_t blank = first.find(' ');
    return IsKnownSite(FoldForMatch(first)) ||
           (blank <= 3 && IsKnownSite(FoldForMatch(first.substr(blank))));
  }

  bool IsKnownSite(const std::string& folded) const {
    return std::ranges::find(sites_, folded) != sites_.end();
  }

  // A site may be named for its author, a login may be all there is: such a
  // name is taken when nothing better is found.
  void Take(const std::string& name) {
    const auto digits = std::count_if(name.begin(), name.end(), IsDigit);
    if (digits > 3) return;
    if (IsSite(name) || IsLogin(name)) {
      TakeSecond(name);
    } else {
      AddName(name, authors_);
    }
  }

  // Of the first source that has any.
  void TakeSecond(const std::string& name) {
    if (!settled_) AddName(name, second_choice_);
  }

  // The full name of one person under the headline, told by "By": it overrules
  // what the head says of others, which often is who put the page up.
  void PreferByline() {
    if (authors_.empty()) return;
    const std::vector<std::string> stated = std::move(authors_);
    authors_.clear();
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
    const bool person = authors_.size() == 1 && ReadsLikeName(authors_[0]);
    bool other = person;
    for (const std::string& name : stated) {
      for (const std::string& shown : authors_) {
        const std::string a = FoldForMatch(name), b = FoldForMatch(shown);
        other = other && a.find(b) == std::string::npos &&
                b.find(a) == std::string::npos;
      }
    }
    if (!other) authors_ = stated;
  }

  // "Jane" in the head is "Jane Doe" near the headline.
  void CompleteNames() {
    if (authors_.size() != 1 || authors_[0].find(' ') != std::string::npos) {
      return;
    }
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const PageBlock& block = blocks_[i];
      if (!NearTitle(i, 8) || !Visible(block) || block.words > 4) continue;
      for (const std::string& name : NamesOf(block.text)) {
        if (name.starts_with(authors_[0] + " ") && ReadsLikeName(name)) {
          authors_[0] = name;
          return;
        }
      }
    }
  }

  void FromJsonLd() {
    const LdArticle* a = head_.Main();
    const bool by_page = a == nullptr && head_.ld.page.has_value();
    if (by_page) a = &*head_.ld.page;
    if (a == nullptr) return;
    for (const LdPerson& person : a->authors) {
      if (by_page && person.organization) continue;
      if (person.organization || IsSite(person.name)) {
        TakeSecond(person.name);
      } else {
        for (const std::string& name : NamesOfValue(person.name)) Take(name);
      }
    }
    if (authors_.empty()) return;
    // An agency beside the person is an author, the site is none.
    for (const std::string& name : second_choice_) {
      if (!IsSite(name) && !IsLogin(name)) AddName(name, authors_);
    }
  }

  // <meta name="twitter:label1" content="Written by">, "twitter:data1".
  void FromLabels() {
    for (const char* number : {"1", "2"}) {
      const std::string label =
          LowerForPhrases(head_.Meta(std::string("twitter:label") + number));
      for (const std::string_view known :
           {"written by", "geschrieben von",  "verfasst von",
            "écrit par",  "escrito por",      "scritto da",
            "by",         "author",           "autor",
            "auteur",     "geschreven door",  "skriven av",
            "skrevet av", "skrevet af",       "napisane przez",
            "автор",      "написано автором", "yazan",
            "投稿者",     "执笔者",           "作者"}) {
        if (label != known) continue;
        const std::string value =
            head_.Meta(std::string("twitter:data") + number);
        for (const std::string& name : NamesOfValue(value)) Take(name);
      }
    }
  }

  void FromMeta() {
    for (const std::string_view key :
         {"parsely-author", "article:author_name", "article:author",
          "shareaholic:article_author_name", "citation_author", "author",
          "dc.creator", "dcterms.creator", "sailthru.author", "byl",
          "dc.contributor", "itemprop:author", "cxenseparse:author",
          "og:article:author", "dcsext.author", "authors", "twitter:creator"}) {
      for (const auto& [name, value] : head_.meta) {
        if (name == key) TakeMeta(key, value);
      }
      if (!authors_.empty()) return;
    }
  }

  void TakeMeta(std::string_view key, std::string_view value) {
    if (value.starts_with("http") || value.starts_with("@")) return;
    // "The Site - Jane Doe"
    const std::size_t dash = value.find(" - ");
    if (dash != std::string_view::npos &&
        IsSite(std::string(value.substr(0, dash)))) {
      value.remove_prefix(dash + 3);
    }
    const std::size_t comma = value.find(", ");
    if (key == "citation_author" && comma != std::string_view::npos) {
      Take(std::string(value.substr(comma + 2)) + " " +
           std::string(value.substr(0, comma)));  // "Doe, Jane"
      return;
    }
    for (const std::string& name : NamesOfValue(value)) {
      if (key == "twitter:creator" && !ReadsLikeName(name)) continue;
      Take(name);
    }
  }

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
      const std::string text =
          WithoutDates(marked && block.text.size() <= 120 ? Barred(tree_, block)
                                                          : MarkedText(block));
      if (text.size() > 120) continue;
      for (const std::string& name : NamesOf(text)) {
        if (!IsMenuWords(name) && StartsLikeName(name)) Take(name);
      }
      if (!authors_.empty()) return;
    }
  }

  // Of a line that says more the part that its markup says is the author.
  std::string MarkedText(const PageBlock& block) const {
    std::string text;
    for (std::int32_t i = block.first; i >= 0 && i <= block.last; ++i) {
      const Node& node = tree_.nodes[static_cast<std::size_t>(i)];
      if (node.kind != NodeKind::kText || text.size() > 200) continue;
      std::int32_t at = node.parent;
      for (int level = 0; level < 4 && at > 0; ++level) {
        if (LowerAscii(tree_.Attribute(at, "itemprop")) == "author" ||
            LowerAscii(tree_.Attribute(at, "rel")) == "author") {
          if (!text.empty()) text += " | ";
          AppendLine(tree_.Text(node), text);
          break;
        }
        at = tree_.nodes[static_cast<std::size_t>(at)].parent;
      }
    }
    return CanonicalBlockText(text);
  }

  static bool StartsLikeName(const std::string& name) {
    return !(name[0] >= 'a' && name[0] <= 'z') || ReadsLikeName(name);
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
          const std::size_t known = second_choice_.size();
          ReadByline(i);
          if (second_choice_.size() > known) FromOrganizations();
          if (!authors_.empty()) return;
        }
      }
    }
  }

  void ReadByline(std::size_t i) {
    const PageBlock& block = blocks_[i];
    if (static_cast<int>(i) == title_block_) return;
    if (NamesPictureOwner(block.text)) return;
    std::string text = WithoutDates(Barred(tree_, block));
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
    for (; i < blocks_.size() && authors_.size() < 30; ++i) {
      const PageBlock& block = blocks_[i];
      if ((block.context & kInListItem) == 0) return;
      if (!ReadsLikeName(block.text) || IsMenuWords(block.text)) return;
      Take(block.text);
    }
  }

  // A link to the author's page parts the name from the role behind it.
  void PreferLinks(std::string_view part, const PageBlock& block) {
    std::vector<std::string> linked;
    for (const std::uint32_t link : block.links) {
      const std::string name = LinkedName(link, block);
      if (name.empty() || part.find(name) == std::string_view::npos) continue;
      if (std::ranges::find(authors_, name) != authors_.end()) return;
      AddName(name, linked);
    }
    if (!linked.empty()) authors_ = std::move(linked);
  }

  // Where "by Jane Doe" begins in "Posted in News by Jane Doe"; npos if it does
  // not, or if it is of a work that the line names.
  static std::size_t BylineInside(const std::string& part) {
    if (part.size() > 60) return std::string::npos;
    const std::string lower = LowerForPhrases(part.substr(0, 8));
    for (const std::string_view picture :
         {"photo", "foto", "bild", "image", "picture", "imagen"}) {
      if (lower.starts_with(picture)) return std::string::npos;
    }
    for (const std::string_view of :
         {" by ", " von ", " vom ", " par ", " por "}) {
      const std::size_t by = part.find(of);
      if (by != std::string::npos) return by + 1;
    }
    return std::string::npos;
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

  static bool IsOpenerAlone(const std::string& part) {
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
      if ((!many || names.size() > 1) && IsMenuWords(name)) continue;
      Take(name);
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
      const std::string barred = Barred(tree_, block);
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
        if (blanks <= 2 && ReadsLikeName(name) && !IsMenuWords(name) &&
            !IsTopic(name)) {
          Take(name);
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
  void FromShownSites() { authors_ = shown_sites_; }

  void FromOrganizations() { authors_ = second_choice_; }

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
          if (!name.empty()) Take(name);
        }
        if (!authors_.empty()) return;
      }
    }
  }

  std::string LinkedName(std::uint32_t link, const PageBlock& block) const {
    const RawElement& element = tree_.scan.elements[link];
    const std::string href = LowerAscii(tree_.scan.Attribute(element, "href"));
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
    const std::vector<std::string> names = NamesOf(TextOfLink(link, block));
    if (names.size() != 1 || IsSite(names[0]) || IsMenuWords(names[0])) {
      return {};
    }
    return ReadsLikeName(names[0]) ? names[0] : "";
  }

  std::string TextOfLink(std::uint32_t number, const PageBlock& block) const {
    const auto ref = static_cast<std::int32_t>(number);
    for (std::int32_t i = block.last; i >= 0 && i + 400 >= block.first; --i) {
      const Node& node = tree_.nodes[static_cast<std::size_t>(i)];
      if (node.kind != NodeKind::kElement || node.ref != ref) continue;
      std::string text;
      for (std::int32_t k = i + 1; k < node.end && text.size() < 400; ++k) {
        const Node& inner = tree_.nodes[static_cast<std::size_t>(k)];
        if (inner.kind == NodeKind::kText) text += tree_.Text(inner);
      }
      text = CanonicalBlockText(text);
      std::replace(text.begin(), text.end(), '\n', ' ');
      return text;
    }
    return {};
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
        const std::string text = WithoutDates(Barred(tree_, block));
        for (const std::string& part : PartsOf(text)) {
          for (const std::string& name : NamesOf(part)) {
            if (IsSite(name)) {
              AddName(name, shown_sites_);
            } else if ((ReadsLikeName(name) || IsIdeographicName(name)) &&
                       !IsMenuWords(name)) {
              Take(name);
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
      const std::string names = LowerAscii(tree_.Attribute(node, "class") +
                                           " " + tree_.Attribute(node, "id"));
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

  // "author":"Jane Doe" in a script that feeds the page's statistics.
  void FromScripts() {
    for (const std::uint32_t number : tree_.scan.scripts) {
      const std::string_view text =
          tree_.scan.Content(tree_.scan.elements[number]);
      for (const std::string_view key :
           {"\"author\"", "\"authors\"", "\"pagePostAuthor\"", "\"authorName\"",
            "\"author_name\"", "\"byline\"", "\"articleAuthor\"", "'author'",
            "author:"}) {
        const std::size_t at = text.find(key);
        if (at == std::string_view::npos) continue;
        for (const std::string& name :
             NamesOfValue(QuotedBehind(text.substr(at + key.size(), 120)))) {
          // A key of its own for it needs no second word.
          const bool sure = key.size() > 12 && StartsLikeName(name);
          if ((sure || ReadsLikeName(name)) && !IsSite(name)) Take(name);
        }
        if (!authors_.empty()) return;
      }
    }
  }

  static std::string_view QuotedBehind(std::string_view rest) {
    const std::size_t open = rest.find_first_not_of(" :[\n\t");
    if (open == std::string_view::npos ||
        (rest[open] != '"' && rest[open] != '\'')) {
      return {};
    }
    const std::size_t close = rest.find(rest[open], open + 1);
    if (close == std::string_view::npos) return {};
    return rest.substr(open + 1, close - open - 1);
  }

  // "By Staff Writer", "von Redaktion": the desk, when nobody else is named.
  void FromDesk() {
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const PageBlock& block = blocks_[i];
      if (static_cast<int>(i) <= title_block_ || !NearTitle(i, 10)) continue;
      if (!Visible(block) || block.words > 10) continue;
      for (std::string part : PartsOf(WithoutDates(Barred(tree_, block)))) {
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
        if (part.size() <= 40) AddName(part, authors_);
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
      if (!ReadsLikeName(block.text) || IsMenuWords(block.text)) continue;
      Take(block.text);
      return;
    }
  }

  const PageTree& tree_;
  const std::vector<PageBlock>& blocks_;
  const HeadFacts& head_;
  int title_block_;
  std::size_t text_begin_;
  std::uint32_t unseen_ = 0;  // contexts that no reader sees
  std::vector<std::string> sites_;
  std::vector<std::string> authors_, second_choice_;
  std::vector<std::string> shown_sites_;  // where a byline stands
  bool settled_ = false;                  // the second choice
};

}  // namespace

std::vector<std::string> ReadAuthors(const PageTree& tree,
                                     const std::vector<PageBlock>& blocks,
                                     const HeadFacts& head, const Body& body,
                                     const Article& article) {
  return AuthorReader(tree, blocks, head, body, article).Run();
}

std::vector<std::string> NamedAuthors(const HeadFacts& head) {
  std::vector<std::string> authors;
  if (const LdArticle* a = head.Main()) {
    for (const LdPerson& person : a->authors) {
      for (const std::string& name : NamesOfValue(person.name)) {
        AddName(name, authors);
      }
    }
  }
  for (const char* key : {"author", "parsely-author", "article:author",
                          "sailthru.author", "twitter:data1", "dc.creator"}) {
    for (const std::string& name : NamesOfValue(head.Meta(key))) {
      if (ReadsLikeName(name)) AddName(name, authors);
    }
  }
  return authors;
}

}  // namespace stemma
