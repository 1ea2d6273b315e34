#include "article/metadata.h"

#include <algorithm>

#include "article/authors.h"
#include "article/body.h"
#include "article/date_claims.h"
#include "article/html_entities.h"
#include "article/phrases.h"
#include "article/text_layers.h"
#include "core/ascii.h"
#include "core/url.h"

namespace stemma {
namespace {

constexpr std::size_t kMaxMeta = 2000;

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
  if (content.empty() || head.meta.size() > kMaxMeta) return;
  for (const char* key : {"name", "property", "itemprop", "http-equiv"}) {
    const std::string names = Lowered(tree.scan.Attribute(element, key));
    std::size_t begin = 0;
    while (begin < names.size() && head.meta.size() <= kMaxMeta) {
      // RDFa: one element may have several properties.
      const bool many = key[0] == 'p';
      const std::size_t end =
          many ? std::min(names.find(' ', begin), names.size()) : names.size();
      std::string name = names.substr(begin, end - begin);
      begin = end + 1;
      if (name.empty()) continue;
      if (key[0] == 'i') name.insert(0, "itemprop:");
      if (name.starts_with("dc:")) name[2] = '.';
      head.meta.emplace_back(std::move(name), content);
    }
  }
}

void ReadLink(const PageTree& tree, const RawElement& element,
              HeadFacts& head) {
  const std::string rel = Lowered(tree.scan.Attribute(element, "rel"));
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
  const std::string lower = Lowered(title);
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
                  const HeadFacts& head, const Body& body, Article& article) {
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
  FillTitle(head, blocks, body.title_block, article);
  article.authors = ReadAuthors(tree, blocks, head, body, article);
  FillDates(tree, blocks, head, body, article);
}

}  // namespace stemma
