#include "article/metadata.h"

#include <algorithm>

#include "article/body.h"
#include "article/dates.h"
#include "article/html_entities.h"
#include "article/names.h"
#include "article/text_layers.h"
#include "core/url.h"

namespace stemma {
namespace {

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::string OneLine(std::string_view text) {
  std::string out = CanonicalBlockText(text);
  std::replace(out.begin(), out.end(), '\n', ' ');
  return out;
}

bool HasToken(const std::string& list, std::string_view token) {
  std::size_t at = 0;
  while ((at = list.find(token, at)) != std::string::npos) {
    const std::size_t end = at + token.size();
    if ((at == 0 || list[at - 1] == ' ') &&
        (end == list.size() || list[end] == ' ')) {
      return true;
    }
    at = end;
  }
  return false;
}

void ReadMeta(const PageTree& tree, const RawElement& element,
              HeadFacts& head) {
  std::string content = OneLine(tree.scan.Attribute(element, "content"));
  if (content.empty()) content = OneLine(tree.scan.Attribute(element, "value"));
  if (content.empty() || head.meta.size() > 2000) return;
  for (const char* key : {"name", "property", "itemprop", "http-equiv"}) {
    std::string name = Lower(tree.scan.Attribute(element, key));
    if (name.empty()) continue;
    if (key[0] == 'i') name.insert(0, "itemprop:");
    head.meta.emplace_back(std::move(name), content);
  }
}

void ReadLink(const PageTree& tree, const RawElement& element,
              HeadFacts& head) {
  const std::string rel = Lower(tree.scan.Attribute(element, "rel"));
  const bool canonical = head.canonical.empty() && HasToken(rel, "canonical");
  const bool amp = head.amp.empty() && HasToken(rel, "amphtml");
  if (!canonical && !amp) return;
  const std::string url =
      Resolve(tree.scan.Attribute(element, "href"), head.base_url);
  (canonical ? head.canonical : head.amp) = url;
}

std::string HostOf(const std::string& url) {
  const Result<Url> parsed = Url::Parse(url);
  return parsed ? parsed->host() : "";
}

// Whether two addresses name the same page: scheme, "www." and a last slash
// aside.
std::string PageKey(const std::string& url) {
  const Result<Url> parsed = Url::Parse(url);
  if (!parsed || !parsed->IsHttp()) return {};
  std::string host = parsed->host();
  if (host.starts_with("www.")) host.erase(0, 4);
  std::string path = parsed->path();
  while (!path.empty() && path.back() == '/') path.pop_back();
  return host + path + "?" + parsed->query();
}

void ChooseMainArticle(HeadFacts& head, std::string_view page_url) {
  const std::string page = PageKey(std::string(page_url));
  const std::string canonical = PageKey(head.canonical);
  int best = -1, best_score = -1;
  for (std::size_t i = 0; i < head.ld.articles.size(); ++i) {
    const LdArticle& a = head.ld.articles[i];
    int score = 0;
    for (const std::string& url : {a.url, a.main_entity, a.id}) {
      const std::string key = PageKey(url);
      if (!key.empty() && (key == page || key == canonical)) score += 4;
    }
    if (!a.listed) score += 8;
    if (a.type.ends_with("Article") || a.type == "BlogPosting" ||
        a.type == "Report") {
      score += 3;
    }
    if (a.type == "CreativeWork" || a.type == "Review" || a.type == "QAPage") {
      score -= 3;
    }
    if (!a.headline.empty()) score += 1;
    if (!a.published.empty()) score += 1;
    if (a.listed && score < 6) continue;
    if (score > best_score) {
      best_score = score;
      best = static_cast<int>(i);
    }
  }
  head.main_article = best;
}

std::string FirstMeta(const HeadFacts& head,
                      std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    std::string value = head.Meta(name);
    if (!value.empty()) return value;
  }
  return {};
}

// ---- title ----------------------------------------------------------------

constexpr std::string_view kTitleParters[] = {
    " | ",  " - ", " – ", " — ", " :: ", " » ", " · ", " • ", " ‹ ", " « ",
    " // ", " / ", " ~ ", "|",   " : ",  ": ",  " > ", "_",   "-",   "—"};

struct TitleJudge {
  std::vector<std::string> sites;      // folded names of the site
  std::vector<std::string> headlines;  // folded, from other places

  bool IsSite(std::string_view part) const {
    const std::string folded = FoldForMatch(part);
    if (folded.empty()) return true;
    for (const std::string& site : sites) {
      if (folded == site) return true;
      if (site.size() >= 5 && folded.size() <= site.size() + 14 &&
          folded.find(site) != std::string::npos) {
        return true;
      }
      if (folded.size() >= 4 && site.find(folded) != std::string::npos) {
        return true;
      }
    }
    return false;
  }

  bool IsHeadline(std::string_view part) const {
    const std::string folded = FoldForMatch(part);
    return std::find(headlines.begin(), headlines.end(), folded) !=
           headlines.end();
  }

  std::string Strip(std::string title) const {
    for (int round = 0; round < 4; ++round) {
      if (!StripOnce(title)) break;
    }
    return title;
  }

  bool StripOnce(std::string& title) const {
    for (const std::string_view parter : kTitleParters) {
      const std::size_t last = title.rfind(parter);
      if (last != std::string::npos && last > 0) {
        const std::string_view rest =
            std::string_view(title).substr(last + parter.size());
        const std::string_view kept = std::string_view(title).substr(0, last);
        if (IsSite(rest) || IsHeadline(kept)) {
          title = OneLine(kept);
          return true;
        }
      }
      const std::size_t first = title.find(parter);
      if (first != std::string::npos && first > 0) {
        const std::string_view lead = std::string_view(title).substr(0, first);
        const std::string_view kept =
            std::string_view(title).substr(first + parter.size());
        if ((IsSite(lead) && !kept.empty() && parter != ": " &&
             parter != "-") ||
            IsHeadline(kept)) {
          title = OneLine(kept);
          return true;
        }
      }
    }
    return false;
  }
};

std::string SecondLevel(std::string host) {
  if (host.starts_with("www.")) host.erase(0, 4);
  const std::size_t dot = host.rfind('.');
  if (dot != std::string::npos) host.resize(dot);
  for (const std::string_view tail : {".co", ".com", ".org", ".net", ".gov"}) {
    if (host.size() > tail.size() + 2 && host.ends_with(tail)) {
      host.resize(host.size() - tail.size());
    }
  }
  const std::size_t last = host.rfind('.');
  return last == std::string::npos ? host : host.substr(last + 1);
}

TitleJudge JudgeOf(const HeadFacts& head, const Article& article) {
  TitleJudge judge;
  const auto site = [&](const std::string& name) {
    const std::string folded = FoldForMatch(name);
    if (folded.size() >= 2) judge.sites.push_back(folded);
  };
  site(article.site_name);
  site(head.Meta("og:site_name"));
  site(head.Meta("application-name"));
  site(article.publisher);
  site(head.ld.site_name);
  if (const std::string host = HostOf(article.url); !host.empty()) {
    std::string bare = host;
    if (bare.starts_with("www.")) bare.erase(0, 4);
    site(bare);
    site(SecondLevel(host));
  }
  return judge;
}

// "Video:", "WATCH:", "VIDEO |" before a headline say what kind of page it is.
constexpr std::string_view kKindPrefixes[] = {
    "video:",   "videos:",  "watch:",       "photos:", "photo:",  "audio:",
    "podcast:", "gallery:", "in pictures:", "vídeo:",  "vidéo:",  "vidéo :",
    "видео:",   "відео:",   "wideo:",       "βίντεο:", "视频：",  "视频:",
    "[video]",  "[watch]",  "(video)",      "video |", "video -", "video –"};

std::string WithoutKindPrefix(const std::string& title) {
  const std::string lower = Lower(title);
  for (const std::string_view prefix : kKindPrefixes) {
    if (lower.starts_with(prefix) && lower.size() > prefix.size() + 8) {
      return OneLine(std::string_view(title).substr(prefix.size()));
    }
  }
  return title;
}

void FillTitle(const HeadFacts& head, const std::vector<PageBlock>& blocks,
               int title_block, Article& article) {
  TitleJudge judge = JudgeOf(head, article);
  std::string on_page;
  if (title_block >= 0) {
    on_page = OneLine(blocks[static_cast<std::size_t>(title_block)].text);
  }
  judge.headlines.push_back(FoldForMatch(on_page));
  if (const LdArticle* a = head.Main()) {
    judge.headlines.push_back(FoldForMatch(a->headline));
  }
  std::erase(judge.headlines, "");
  if (!on_page.empty()) {
    article.title_raw = on_page;
  } else {
    for (const std::string& candidate : TitleCandidates(head)) {
      if (judge.IsSite(candidate)) continue;
      article.title_raw = candidate;
      break;
    }
    if (article.title_raw.empty()) article.title_raw = head.title_tag;
  }
  article.title = WithoutKindPrefix(judge.Strip(article.title_raw));
}

// ---- authors ---------------------------------------------------------------

void AddNames(const std::vector<std::string>& names,
              std::vector<std::string>& authors) {
  for (const std::string& name : names) {
    const std::string folded = FoldForMatch(name);
    const bool known = std::any_of(
        authors.begin(), authors.end(),
        [&](const std::string& a) { return FoldForMatch(a) == folded; });
    if (!known && !folded.empty()) authors.push_back(name);
  }
}

class AuthorReader {
 public:
  AuthorReader(const PageTree& tree, const std::vector<PageBlock>& blocks,
               const HeadFacts& head, int title_block, const Article& article)
      : tree_(tree), blocks_(blocks), head_(head), title_block_(title_block) {
    for (const std::string& name :
         {article.site_name, article.publisher, head.ld.site_name,
          SecondLevel(HostOf(article.url)), HostOf(article.url)}) {
      const std::string folded = FoldForMatch(name);
      if (folded.size() > 2) sites_.push_back(folded);
    }
  }

  std::vector<std::string> Run() const {
    std::vector<std::string> persons, organizations;
    FromJsonLd(persons, organizations);
    if (!persons.empty()) return persons;
    FromLabels(persons);
    if (!persons.empty()) return persons;
    for (const char* name :
         {"parsely-author", "author", "article:author", "dc.creator",
          "dcterms.creator", "sailthru.author", "byl", "dc.contributor",
          "itemprop:author", "cxenseparse:author", "article:author_name",
          "og:article:author", "twitter:creator", "authors"}) {
      AddMeta(name, persons, organizations);
      if (!persons.empty()) return persons;
    }
    FromMarkup(persons);
    if (!persons.empty()) return persons;
    FromAuthorLinks(persons);
    if (!persons.empty()) return persons;
    FromByline(persons);
    if (!persons.empty()) return persons;
    FromHints(persons);
    if (!persons.empty()) return persons;
    FromScripts(persons);
    if (!persons.empty()) return persons;
    return organizations;
  }

 private:
  bool IsSite(const std::string& name) const {
    const std::string folded = FoldForMatch(name);
    return std::find(sites_.begin(), sites_.end(), folded) != sites_.end();
  }

  void FromJsonLd(std::vector<std::string>& persons,
                  std::vector<std::string>& organizations) const {
    const LdArticle* a = head_.Main();
    if (a == nullptr) return;
    for (const LdPerson& person : a->authors) {
      std::vector<std::string> names = NamesOfValue(person.name);
      std::erase_if(names, [&](const std::string& n) { return IsSite(n); });
      if (person.organization || IsSite(person.name)) {
        AddNames({person.name}, organizations);
      } else {
        AddNames(names, persons);
      }
    }
  }

  // A site may be named for its author: its name is the last choice.
  void AddMeta(std::string_view name, std::vector<std::string>& out,
               std::vector<std::string>& last_choice) const {
    for (const auto& [key, value] : head_.meta) {
      if (key != name) continue;
      if (value.starts_with("http") || value.starts_with("@")) continue;
      for (const std::string& author : NamesOfValue(value)) {
        AddNames({author}, IsSite(author) ? last_choice : out);
      }
    }
  }

  // <meta name="twitter:label1" content="Written by">, "twitter:data1".
  void FromLabels(std::vector<std::string>& out) const {
    for (const char* number : {"1", "2"}) {
      const std::string label =
          Lower(head_.Meta(std::string("twitter:label") + number));
      if (label != "written by" && label != "geschrieben von" &&
          label != "écrit par" && label != "escrito por" &&
          label != "verfasst von" && label != "scritto da" && label != "by" &&
          label != "author") {
        continue;
      }
      std::vector<std::string> names =
          NamesOfValue(head_.Meta(std::string("twitter:data") + number));
      std::erase_if(names, [&](const std::string& n) { return IsSite(n); });
      AddNames(names, out);
    }
  }

  // "author":"Jane Doe" in a script that feeds the page's statistics.
  void FromScripts(std::vector<std::string>& out) const {
    for (const std::uint32_t number : tree_.scan.scripts) {
      const std::string_view text =
          tree_.scan.Content(tree_.scan.elements[number]);
      for (const std::string_view key :
           {"\"author\"", "\"authors\"", "\"pagePostAuthor\"", "\"authorName\"",
            "\"author_name\"", "\"byline\"", "\"articleAuthor\"", "'author'",
            "author:"}) {
        const std::size_t at = text.find(key);
        if (at == std::string_view::npos) continue;
        const std::string_view rest = text.substr(at + key.size(), 120);
        const std::size_t open = rest.find_first_not_of(" :[\n\t");
        if (open == std::string_view::npos ||
            (rest[open] != '"' && rest[open] != '\'')) {
          continue;
        }
        const std::size_t close = rest.find(rest[open], open + 1);
        if (close == std::string_view::npos) continue;
        for (const std::string& name :
             NamesOfValue(rest.substr(open + 1, close - open - 1))) {
          if (ReadsLikeName(name) && !IsSite(name)) AddNames({name}, out);
        }
        if (!out.empty()) return;
      }
    }
  }

  // rel=author and itemprop=author in the page, before or just behind the text.
  void FromMarkup(std::vector<std::string>& out) const {
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const PageBlock& block = blocks_[i];
      if ((block.context & kInAuthor) == 0 || block.text.size() > 120) continue;
      if ((block.context & (kInHidden | kInComment)) != 0) continue;
      std::vector<std::string> names = NamesOf(block.text);
      std::erase_if(names, [&](const std::string& n) { return IsSite(n); });
      AddNames(names, out);
      if (!out.empty()) return;
    }
  }

  bool NearTitle(std::size_t i, std::size_t reach) const {
    const auto title = static_cast<std::size_t>(std::max(title_block_, 0));
    return i + 8 >= title && i <= title + reach;
  }

  // <a href=".../author/jane-doe">Jane Doe</a> near the headline; if there is
  // none, behind the text.
  void FromAuthorLinks(std::vector<std::string>& out) const {
    int tries = 0;
    for (const bool near : {true, false}) {
      for (std::size_t i = 0; i < blocks_.size(); ++i) {
        const PageBlock& block = blocks_[i];
        if (NearTitle(i, 20) != near || block.links.empty()) continue;
        if (static_cast<int>(i) < title_block_ && !near) continue;
        if ((block.context & (kInHidden | kInComment | kInNav)) != 0) continue;
        if (block.text.size() > 300) continue;
        for (const std::uint32_t link : block.links) {
          if (++tries > 200) return;
          const std::string name = AuthorLinkName(link);
          if (!name.empty()) AddNames({name}, out);
        }
        if (!out.empty()) return;
      }
    }
  }

  std::string AuthorLinkName(std::uint32_t link) const {
    const RawElement& element = tree_.scan.elements[link];
    const std::string href = Lower(tree_.scan.Attribute(element, "href"));
    bool authors = false;
    for (const std::string_view path :
         {"/author",    "/autor",       "/auteur", "/staff/",     "/people/",
          "/profile",   "/contributor", "/writer", "/journalist", "/by/",
          "/columnist", "/reporter",    "/team/",  "/user/",      "/users/",
          "/redakt",    "/medarbe",     "/bio/",   "/experts/",   "/editor",
          "author=",    "/newsteam/",   "/profil", "/creator",    "/about/"}) {
      authors = authors || href.find(path) != std::string::npos;
    }
    if (!authors) return {};
    const std::string text = TextOfElement(link);
    const std::vector<std::string> names = NamesOf(text);
    if (names.size() != 1 || IsSite(names[0])) return {};
    return ReadsLikeName(names[0]) ? names[0] : "";
  }

  std::string TextOfElement(std::uint32_t number) const {
    const auto ref = static_cast<std::int32_t>(number);
    for (std::size_t i = 0; i < tree_.nodes.size(); ++i) {
      const Node& node = tree_.nodes[i];
      if (node.kind != NodeKind::kElement || node.ref != ref) continue;
      std::string text;
      for (std::int32_t k = static_cast<std::int32_t>(i) + 1; k < node.end;
           ++k) {
        const Node& inner = tree_.nodes[static_cast<std::size_t>(k)];
        if (inner.kind == NodeKind::kText) text += tree_.Text(inner);
        if (text.size() > 400) break;
      }
      return OneLine(text);
    }
    return {};
  }

  // A name near the headline in an element whose class or id says what it is.
  // A hint only: it counts when the text reads like a name, and for nothing but
  // the author.
  void FromHints(std::vector<std::string>& out) const {
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const PageBlock& block = blocks_[i];
      if (block.text.size() > 120 || !NearTitle(i, 40)) continue;
      if ((block.context & (kInHidden | kInComment | kInNav)) != 0) continue;
      std::int32_t node =
          tree_.nodes[static_cast<std::size_t>(block.first)].parent;
      bool hinted = false;
      for (int level = 0; level < 4 && node > 0 && !hinted; ++level) {
        const std::string names = Lower(tree_.Attribute(node, "class") + " " +
                                        tree_.Attribute(node, "id"));
        hinted = names.find("author") != std::string::npos ||
                 names.find("byline") != std::string::npos ||
                 names.find("autor") != std::string::npos ||
                 names.find("writer") != std::string::npos;
        node = tree_.nodes[static_cast<std::size_t>(node)].parent;
      }
      if (!hinted) continue;
      std::string_view text = block.text;
      if (const auto date = FindDate(text, ""))
        text = text.substr(0, date->begin);
      for (const std::string& name : NamesOf(text)) {
        if (ReadsLikeName(name) && !IsSite(name)) AddNames({name}, out);
      }
      if (!out.empty()) return;
    }
  }

  // "By Jane Doe" in a short block near the headline; "Written by Jane Doe"
  // anywhere behind it.
  void FromByline(std::vector<std::string>& out) const {
    for (const bool near : {true, false}) {
      for (std::size_t i = 0; i < blocks_.size(); ++i) {
        const PageBlock& block = blocks_[i];
        if (NearTitle(i, 25) != near || block.text.size() > 150) continue;
        if (static_cast<int>(i) < title_block_ && !near) continue;
        if ((block.context & (kInHidden | kInComment | kInNav)) != 0) continue;
        ReadByline(i, near, out);
        if (!out.empty()) return;
      }
    }
  }

  void ReadByline(std::size_t i, bool near,
                  std::vector<std::string>& out) const {
    std::string text = blocks_[i].text;
    const std::string lower = Lower(text);
    bool opens = false, alone = false;
    for (const std::string_view opener :
         {"written by", "article by", "posted by", "words by", "story by",
          "author:", "autor:", "by:", "geschrieben von", "text:", "von:"}) {
      opens = opens || lower.starts_with(opener);
    }
    if (!near && !opens) return;
    for (const std::string_view whole :
         {"by", "written by", "article by", "author", "author:", "autor:",
          "von", "par", "por", "written by:", "posted by", "by:"}) {
      alone = alone || lower == whole;
    }
    if (alone && i + 1 < blocks_.size()) {
      text = "by " + blocks_[i + 1].text;
    } else if (lower.starts_with("by") && text.size() > 4 && text[2] >= 'A' &&
               text[2] <= 'Z') {
      text.insert(2, " ");  // <span>By</span><span>Jane Doe</span>
    } else if (!OpensByline(text)) {
      const std::size_t by = text.find(" by ");
      if (by == std::string::npos || blocks_[i].words > 14) return;
      text.erase(0, by + 1);
    }
    text.resize(std::min(text.size(), text.find('\n')));
    if (text.size() > 150) return;
    if (const auto date = FindDate(text, "")) text.resize(date->begin);
    std::vector<std::string> names = NamesOf(text);
    std::erase_if(names, [&](const std::string& n) {
      return IsSite(n) || (n[0] >= 'a' && n[0] <= 'z') ||
             (n.find(' ') != std::string::npos && !ReadsLikeName(n));
    });
    AddNames(names, out);
  }

  const PageTree& tree_;
  const std::vector<PageBlock>& blocks_;
  const HeadFacts& head_;
  int title_block_;
  std::vector<std::string> sites_;
};

// ---- dates
// -------------------------------------------------------------------

class DateReader {
 public:
  DateReader(const PageTree& tree, const std::vector<PageBlock>& blocks,
             const HeadFacts& head, int title_block, Article& article)
      : tree_(tree),
        blocks_(blocks),
        head_(head),
        title_block_(title_block),
        article_(article) {}

  void Run() {
    if (const LdArticle* a = head_.Main()) {
      Published(a->published, "json-ld:datePublished");
      Modified(a->modified, "json-ld:dateModified");
    }
    for (const char* name :
         {"article:published_time", "article:published", "parsely-pub-date",
          "og:article:published_time", "sailthru.date",
          "itemprop:datepublished", "datepublished", "article_date_original",
          "originalpublicationdate", "cxenseparse:recs:publishtime",
          "cxenseparse:publishtime", "og:pubdate", "article.published",
          "rnews:datepublished", "citation_publication_date",
          "shareaholic:article_published_time", "bt:pubdate",
          "og:release_date"}) {
      Published(head_.Meta(name), name);
    }
    for (const char* name :
         {"article:modified_time", "og:updated_time", "itemprop:datemodified",
          "dcterms.modified", "last-modified", "lastmod", "revised"}) {
      Modified(head_.Meta(name), name);
    }
    Marked();
    TextAndTimes();
    for (const char* name :
         {"dc.date.issued", "dcterms.issued", "pubdate", "publishdate",
          "publish-date", "publish_date", "publication_date", "displaydate",
          "itemprop:datecreated", "dcterms.created", "dcterms.date", "dc.date",
          "dc.date.created", "date", "created"}) {
      Published(head_.Meta(name), name);
    }
    if (const LdArticle* a = head_.Main()) {
      Published(a->created, "json-ld:dateCreated");
    }
    if (const auto claim = DateOfUrl(article_.url)) Add(*claim, "url", true);
    if (!article_.published) OtherMeta();
    if (!article_.published) InScripts();
    if (!article_.published) AnywhereInText();
    if (!article_.published && article_.modified) {
      article_.published = article_.modified;
    }
  }

 private:
  void Add(DateClaim claim, std::string_view source, bool published) {
    claim.source = std::string(source);
    const auto& chosen = published ? article_.published : article_.modified;
    if (article_.dates.size() < 60) article_.dates.push_back(claim);
    if (!chosen) {
      (published ? article_.published : article_.modified) = std::move(claim);
    }
  }

  void Published(const std::string& text, std::string_view source) {
    if (text.empty()) return;
    if (const auto claim = ReadMachineDate(text)) Add(*claim, source, true);
  }
  void Modified(const std::string& text, std::string_view source) {
    if (text.empty()) return;
    if (const auto claim = ReadMachineDate(text)) Add(*claim, source, false);
  }

  // itemprop=datePublished and dateModified on any element of the page.
  void Marked() {
    int seen = 0;
    for (const RawElement& element : tree_.scan.elements) {
      if (element.attributes == 0 || element.tag == Tag::kMeta) continue;
      const std::string property =
          Lower(tree_.scan.Attribute(element, "itemprop"));
      const bool published = property == "datepublished";
      if (!published && property != "datemodified") continue;
      std::string value = tree_.scan.Attribute(element, "datetime");
      if (value.empty()) value = tree_.scan.Attribute(element, "content");
      const auto claim = ReadMachineDate(value);
      if (!claim || ++seen > 20) continue;
      Add(*claim,
          published ? "itemprop:datePublished" : "itemprop:dateModified",
          published);
    }
  }

  // What a reader sees near the headline, with the time of the <time> element
  // that says the same day; a <time> alone counts behind the headline before
  // those of other stories above it.
  void TextAndTimes() {
    const std::vector<DateClaim> texts = TextNearTitle();
    const std::uint32_t title =
        title_block_ < 0
            ? 0
            : blocks_[static_cast<std::size_t>(title_block_)].source_begin;
    std::vector<DateClaim> behind, above;
    for (const RawElement& element : tree_.scan.elements) {
      if (element.tag != Tag::kTime) continue;
      auto claim = ReadMachineDate(tree_.scan.Attribute(element, "datetime"));
      if (!claim) continue;
      auto& list = element.begin >= title ? behind : above;
      if (list.size() < 20) list.push_back(*std::move(claim));
    }
    behind.insert(behind.end(), above.begin(), above.end());
    if (!texts.empty()) {
      const std::string day = DayAsWritten(texts.front());
      for (const DateClaim& time : behind) {
        if (DayAsWritten(time) != day) continue;
        Add(time, "time", true);
        break;
      }
    }
    for (const DateClaim& text : texts) Add(text, "text", true);
    for (const DateClaim& time : behind) Add(time, "time", true);
  }

  std::vector<DateClaim> TextNearTitle() const {
    std::vector<DateClaim> found;
    const std::size_t from =
        title_block_ < 3 ? 0 : static_cast<std::size_t>(title_block_) - 3;
    const std::size_t to = std::min(blocks_.size(), from + 30);
    // Behind the headline before what stands above it.
    for (const bool behind : {true, false}) {
      for (std::size_t i = from; i < to && found.size() < 5; ++i) {
        const PageBlock& block = blocks_[i];
        if ((static_cast<int>(i) >= title_block_) != behind) continue;
        if (block.text.size() > 200 || (block.context & kInHidden) != 0) {
          continue;
        }
        if (block.words > 24 && block.ends_sentence) continue;
        if (const auto date = FindDate(block.text, article_.language)) {
          found.push_back(date->claim);
        }
      }
    }
    return found;
  }

  // <meta name="published_on"> and its like; title="2013-04-04T18:52:11+00:00".
  void OtherMeta() {
    for (const auto& [name, value] : head_.meta) {
      if (name.find("publi") != std::string::npos && value.size() < 60 &&
          value.find_first_of("0123456789") != std::string::npos) {
        Published(value, name);
      }
    }
    for (const RawElement& element : tree_.scan.elements) {
      if (element.attributes == 0 ||
          (element.tag != Tag::kSpan && element.tag != Tag::kAbbr)) {
        continue;
      }
      const std::string title = tree_.scan.Attribute(element, "title");
      if (title.size() < 16 || title.size() > 30 || title[4] != '-' ||
          title[10] != 'T') {
        continue;
      }
      Published(title, "title-attribute");
      if (article_.published) return;
    }
  }

  // "datePublished":"2020-01-30T..." in a script that is no JSON-LD.
  void InScripts() {
    for (const std::uint32_t number : tree_.scan.scripts) {
      const std::string_view text =
          tree_.scan.Content(tree_.scan.elements[number]);
      for (const std::string_view key :
           {"datePublished", "publishedAt", "published_at", "publishDate",
            "publish_date", "publishedDate", "published_time",
            "publicationDate", "publication_date", "date_published", "pubDate",
            "datePublication", "firstPublished", "postDate", "page_date",
            "articleDate", "\"published\"", "\"createdAt\""}) {
        const std::size_t at = text.find(key);
        if (at == std::string_view::npos) continue;
        std::string_view rest = text.substr(at + key.size(), 60);
        const std::size_t digit = rest.find_first_of("0123456789");
        if (digit == std::string_view::npos || digit > 8) continue;
        rest = rest.substr(digit);
        rest = rest.substr(0, rest.find_first_of("\"'\\,}"));
        if (const auto claim = ReadMachineDate(rest)) {
          Add(*claim, "script", true);
          return;
        }
      }
    }
  }

  // The first short text with a date, behind the headline before others.
  void AnywhereInText() {
    for (const bool behind : {true, false}) {
      for (std::size_t i = 0; i < std::min<std::size_t>(blocks_.size(), 3000);
           ++i) {
        const PageBlock& block = blocks_[i];
        if ((static_cast<int>(i) > title_block_) != behind) continue;
        if ((block.context & kInHidden) != 0) continue;
        const std::string_view head =
            std::string_view(block.text).substr(0, 160);
        if (const auto date = FindDate(head, article_.language)) {
          Add(date->claim, "text", true);
          return;
        }
      }
    }
  }

  const PageTree& tree_;
  const std::vector<PageBlock>& blocks_;
  const HeadFacts& head_;
  int title_block_;
  Article& article_;
};

}  // namespace

std::string HeadFacts::Meta(std::string_view name) const {
  for (const auto& [key, value] : meta) {
    if (key == name) return value;
  }
  return {};
}

std::string Resolve(std::string_view href, const std::string& base) {
  const std::size_t begin = href.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  const Result<Url> parsed_base = Url::Parse(base);
  const Result<Url> url =
      Url::Parse(href, parsed_base ? &*parsed_base : nullptr);
  if (!url || !url->IsHttp()) return {};
  return url->Href();
}

HeadFacts ReadHead(const PageTree& tree, std::string_view page_url,
                   std::size_t max_json_bytes) {
  HeadFacts head;
  head.base_url = std::string(page_url);
  for (const RawElement& element : tree.scan.elements) {
    if (element.tag == Tag::kBase && tree.scan.Has(element, "href")) {
      const std::string base =
          Resolve(tree.scan.Attribute(element, "href"), std::string(page_url));
      if (!base.empty()) head.base_url = base;
      break;
    }
  }
  for (const RawElement& element : tree.scan.elements) {
    if (element.tag == Tag::kMeta) ReadMeta(tree, element, head);
    if (element.tag == Tag::kLink) ReadLink(tree, element, head);
    if (element.tag == Tag::kHtml && head.html_lang.empty()) {
      head.html_lang = tree.scan.Attribute(element, "lang");
      if (head.html_lang.empty()) {
        head.html_lang = tree.scan.Attribute(element, "xml:lang");
      }
    }
  }
  for (const std::uint32_t number : tree.scan.titles) {
    const std::string title = OneLine(
        DecodeReferences(tree.scan.Content(tree.scan.elements[number]), false));
    if (title.empty()) continue;
    head.title_tag = title;
    break;
  }
  head.ld = ReadJsonLd(tree.scan, max_json_bytes);
  ChooseMainArticle(head, page_url);
  return head;
}

std::vector<std::string> TitleCandidates(const HeadFacts& head) {
  std::vector<std::string> titles;
  const auto add = [&](std::string title) {
    title = OneLine(title);
    if (!title.empty() &&
        std::find(titles.begin(), titles.end(), title) == titles.end()) {
      titles.push_back(std::move(title));
    }
  };
  if (const LdArticle* a = head.Main()) add(a->headline);
  for (const char* name :
       {"og:title", "parsely-title", "twitter:title", "dc.title",
        "sailthru.title", "itemprop:headline", "title"}) {
    add(head.Meta(name));
  }
  add(head.title_tag);
  return titles;
}

void FillMetadata(const PageTree& tree, const std::vector<PageBlock>& blocks,
                  const HeadFacts& head, int title_block, Article& article) {
  const LdArticle* a = head.Main();
  article.canonical_url = head.canonical;
  article.amp_url = head.amp;
  article.site_name =
      FirstMeta(head, {"og:site_name", "application-name", "twitter:app:name"});
  if (article.site_name.empty()) article.site_name = head.ld.site_name;
  if (a != nullptr && !a->publisher.empty()) {
    article.publisher = a->publisher.front().name;
  }
  if (article.publisher.empty()) {
    article.publisher = FirstMeta(
        head, {"dc.publisher", "article:publisher", "publisher", "copyright"});
    if (article.publisher.starts_with("http")) article.publisher.clear();
  }
  if (article.publisher.empty()) article.publisher = article.site_name;
  article.language = head.html_lang;
  if (article.language.empty() && a != nullptr) article.language = a->language;
  if (article.language.empty()) {
    article.language = FirstMeta(
        head, {"og:locale", "content-language", "dc.language", "language"});
    std::replace(article.language.begin(), article.language.end(), '_', '-');
  }
  article.section = a != nullptr && !a->section.empty()
                        ? a->section
                        : FirstMeta(head, {"article:section", "parsely-section",
                                           "section", "og:section"});
  if (a != nullptr) article.keywords = a->keywords;
  for (const auto& [name, value] : head.meta) {
    if (name == "article:tag" && article.keywords.size() < 100) {
      article.keywords.push_back(value);
    }
  }
  if (a != nullptr) {
    article.licence = a->licence;
    article.copyright = a->copyright_notice;
  }
  if (article.licence.empty()) {
    article.licence =
        FirstMeta(head, {"dc.rights", "dcterms.license", "license"});
  }
  FillTitle(head, blocks, title_block, article);
  article.authors =
      AuthorReader(tree, blocks, head, title_block, article).Run();
  DateReader(tree, blocks, head, title_block, article).Run();
}

}  // namespace stemma
