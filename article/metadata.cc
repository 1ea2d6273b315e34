#include "article/metadata.h"

#include <algorithm>
#include <set>

#include "article/authors.h"
#include "article/body.h"
#include "article/dates.h"
#include "article/html_entities.h"
#include "article/phrases.h"
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
    if (!article_.published) InImageAddress();
    if (!article_.published && article_.modified) {
      article_.published = article_.modified;
    }
    AgreeWithUrl();
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

  // itemprop=datePublished and dateModified on any element of the page. Where
  // there are many, they are of other stories but for one near the headline.
  void Marked() {
    const bool many = MarkedDays() >= 3;
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
      if (many && !NearHeadline(element)) continue;
      Add(*claim,
          published ? "itemprop:datePublished" : "itemprop:dateModified",
          published);
    }
  }

  std::size_t MarkedDays() const {
    std::set<std::string> days;
    for (const RawElement& element : tree_.scan.elements) {
      if (element.attributes == 0 || days.size() >= 3) continue;
      if (Lower(tree_.scan.Attribute(element, "itemprop")) != "datepublished") {
        continue;
      }
      const std::string value = tree_.scan.Attribute(element, "datetime");
      if (!value.empty()) days.insert(value.substr(0, 10));
    }
    return days.size();
  }

  bool NearHeadline(const RawElement& element) const {
    constexpr std::size_t kReach = 20;  // blocks
    if (title_block_ < 0) return false;
    const auto title = static_cast<std::size_t>(title_block_);
    const std::size_t first = title - std::min<std::size_t>(title, 3);
    const std::size_t last = std::min(blocks_.size() - 1, title + kReach);
    return element.begin >= blocks_[first].source_begin &&
           element.begin <= blocks_[last].source_end;
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
    for (const DateClaim& text : texts) Add(text, text.source, true);
    for (const DateClaim& time : behind) Add(time, "time", true);
  }

  // A page that hides its headline until a script shows it hides nothing.
  bool Hidden(const PageBlock& block) const {
    return (block.context & kInHidden) != 0 &&
           (title_block_ < 0 ||
            (blocks_[static_cast<std::size_t>(title_block_)].context &
             kInHidden) == 0);
  }

  // What the words before a date say of it: 1 published, -1 changed since.
  static int LabelOf(std::string_view before) {
    const std::string lower = LowerForPhrases(before.substr(
        before.size() - std::min<std::size_t>(before.size(), 60)));
    std::size_t published = 0, changed = 0;
    for (const std::string_view word :
         {"published", "posted", "first published", "veröffentlicht",
          "erstellt", "publié", "publicado", "publicada", "pubblicato",
          "gepubliceerd", "opublikowano", "опубликовано", "publicerad",
          "publisert", "δημοσιεύθηκε", "发布", "公開", "نشر"}) {
      const std::size_t at = lower.rfind(word);
      if (at != std::string::npos) published = std::max(published, at + 1);
    }
    for (const std::string_view word :
         {"updated",    "modified",   "reviewed",   "edited",    "aktualisiert",
          "geändert",   "stand:",     "mis à jour", "modifié",   "actualizado",
          "aggiornato", "atualizado", "bijgewerkt", "gewijzigd", "aktualizacja",
          "обновлено",  "uppdaterad", "oppdatert",  "更新",      "تحديث"}) {
      const std::size_t at = lower.rfind(word);
      if (at != std::string::npos) changed = std::max(changed, at + 1);
    }
    if (published == 0 && changed == 0) return 0;
    return published >= changed ? 1 : -1;
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
        if (block.text.size() > 200 || Hidden(block)) continue;
        if ((block.context & kInFigcaption) != 0) continue;
        if (block.words > 24 && block.ends_sentence) continue;
        if (const auto date = FindDate(block.text, article_.language)) {
          found.push_back(date->claim);
          const int label =
              block.words <= 16
                  ? LabelOf(std::string_view(block.text).substr(0, date->begin))
                  : 0;
          found.back().source = label == 0  ? "text"
                                : label > 0 ? "text:published"
                                            : "text:updated";
        }
      }
    }
    if (!article_.published) {
      if (const auto far = LabelledFar(to)) found.push_back(*far);
    }
    // Labelled as the day of publication first, as a later one last.
    const auto rank = [](const DateClaim& claim) {
      return claim.source == "text:published" ? 0
             : claim.source == "text"         ? 1
                                              : 2;
    };
    std::stable_sort(found.begin(), found.end(),
                     [&](const DateClaim& a, const DateClaim& b) {
                       return rank(a) < rank(b);
                     });
    return found;
  }

  // "Posted on April 13, 2023" below the text.
  std::optional<DateClaim> LabelledFar(std::size_t from) const {
    for (std::size_t i = from; i < blocks_.size(); ++i) {
      const PageBlock& block = blocks_[i];
      if (block.words > 8 || block.text.size() > 80 || Hidden(block)) continue;
      if ((block.context & (kInAside | kInNav | kInComment)) != 0) continue;
      const auto date = FindDate(block.text, article_.language);
      if (!date ||
          LabelOf(std::string_view(block.text).substr(0, date->begin)) <= 0) {
        continue;
      }
      DateClaim claim = date->claim;
      claim.source = "text:published";
      return claim;
    }
    return std::nullopt;
  }

  // Of dates that readers see the one that the address names, too.
  void AgreeWithUrl() {
    if (!article_.published) return;
    const std::string& source = article_.published->source;
    if (!source.starts_with("text") && source != "time") return;
    const auto named = DateOfUrl(article_.url);
    std::string prefix = named ? DayAsWritten(*named) : MonthOfUrl();
    if (prefix.empty() ||
        DayAsWritten(*article_.published).starts_with(prefix)) {
      return;
    }
    for (const DateClaim& claim : article_.dates) {
      if (claim.source == "url" || !DayAsWritten(claim).starts_with(prefix)) {
        continue;
      }
      article_.published = claim;
      return;
    }
    if (named) {
      article_.published = *named;
      article_.published->source = "url";
    }
  }

  // "/2017/09/" of the address as "2017-09"; "" when it has none.
  std::string MonthOfUrl() const {
    const std::string& url = article_.url;
    for (std::size_t i = 0; i + 9 <= url.size(); ++i) {
      const auto digit = [&](std::size_t k) {
        return url[i + k] >= '0' && url[i + k] <= '9';
      };
      if (url[i] == '/' && (url[i + 1] == '1' || url[i + 1] == '2') &&
          digit(2) && digit(3) && digit(4) && url[i + 5] == '/' && digit(6) &&
          digit(7) && url[i + 8] == '/') {
        return url.substr(i + 1, 4) + "-" + url.substr(i + 6, 2);
      }
    }
    return {};
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

  // Editorial systems file a page's picture under the day it came with.
  void InImageAddress() {
    for (const char* name :
         {"og:image", "twitter:image", "twitter:image:src"}) {
      const auto claim = DateOfUrl(head_.Meta(name));
      if (claim) return Add(*claim, "image-address", true);
    }
  }

  // The first short text with a date, behind the headline before others.
  void AnywhereInText() {
    for (const bool behind : {true, false}) {
      for (std::size_t i = 0; i < std::min<std::size_t>(blocks_.size(), 3000);
           ++i) {
        const PageBlock& block = blocks_[i];
        if ((static_cast<int>(i) > title_block_) != behind) continue;
        if (Hidden(block)) continue;
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

std::string LanguageOf(const HeadFacts& head) {
  std::string language = head.html_lang;
  if (language.empty() && head.Main() != nullptr) {
    language = head.Main()->language;
  }
  if (language.empty()) {
    language = FirstMeta(
        head, {"og:locale", "content-language", "dc.language", "language"});
    std::replace(language.begin(), language.end(), '_', '-');
  }
  return language;
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
  article.language = LanguageOf(head);
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
  article.authors = ReadAuthors(tree, blocks, head, title_block, article);
  DateReader(tree, blocks, head, title_block, article).Run();
}

}  // namespace stemma
