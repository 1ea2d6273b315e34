#include "article/authors_of_head.h"

#include <string_view>

#include "article/byline_text.h"
#include "article/names.h"
#include "article/phrases.h"

namespace stemma {
namespace {

void FromJsonLd(const HeadFacts& head, AuthorList& authors) {
  const LdArticle* a = head.Main();
  const bool by_page = a == nullptr && head.ld.page.has_value();
  if (by_page) a = &*head.ld.page;
  if (a == nullptr) return;
  for (const LdPerson& person : a->authors) {
    if (by_page && person.organization) continue;
    if (person.organization || authors.IsSite(person.name)) {
      authors.TakeSecond(person.name);
    } else {
      for (const std::string& name : NamesOfValue(person.name))
        authors.Take(name);
    }
  }
  if (!authors.empty()) authors.AddAgencies();
}

// <meta name="twitter:label1" content="Written by">, "twitter:data1".
void FromLabels(const HeadFacts& head, AuthorList& authors) {
  for (const char* number : {"1", "2"}) {
    const std::string label =
        LowerForPhrases(head.Meta(std::string("twitter:label") + number));
    for (const std::string_view known :
         {"written by", "geschrieben von",  "verfasst von",
          "écrit par",  "escrito por",      "scritto da",
          "by",         "author",           "autor",
          "auteur",     "geschreven door",  "skriven av",
          "skrevet av", "skrevet af",       "napisane przez",
          "автор",      "написано автором", "yazan",
          "投稿者",     "执笔者",           "作者"}) {
      if (label != known) continue;
      const std::string value = head.Meta(std::string("twitter:data") + number);
      for (const std::string& name : NamesOfValue(value)) authors.Take(name);
    }
  }
}

void TakeMeta(std::string_view key, std::string_view value,
              AuthorList& authors) {
  if (value.starts_with("http") || value.starts_with("@")) return;
  // "The Site - Jane Doe"
  const std::size_t dash = value.find(" - ");
  if (dash != std::string_view::npos &&
      authors.IsSite(std::string(value.substr(0, dash)))) {
    value.remove_prefix(dash + 3);
  }
  const std::size_t comma = value.find(", ");
  if (key == "citation_author" && comma != std::string_view::npos) {
    authors.Take(std::string(value.substr(comma + 2)) + " " +
                 std::string(value.substr(0, comma)));  // "Doe, Jane"
    return;
  }
  for (const std::string& name : NamesOfValue(value)) {
    if (key == "twitter:creator" && !ReadsLikeName(name)) continue;
    authors.Take(name);
  }
}

void FromMeta(const HeadFacts& head, AuthorList& authors) {
  for (const std::string_view key :
       {"parsely-author", "article:author_name", "article:author",
        "shareaholic:article_author_name", "citation_author", "author",
        "dc.creator", "dcterms.creator", "sailthru.author", "byl",
        "dc.contributor", "itemprop:author", "cxenseparse:author",
        "og:article:author", "dcsext.author", "authors", "twitter:creator"}) {
    for (const auto& [name, value] : head.meta) {
      if (name == key) TakeMeta(key, value, authors);
    }
    if (!authors.empty()) return;
  }
}

std::string_view QuotedBehind(std::string_view rest) {
  const std::size_t open = rest.find_first_not_of(" :[\n\t");
  if (open == std::string_view::npos ||
      (rest[open] != '"' && rest[open] != '\'')) {
    return {};
  }
  const std::size_t close = rest.find(rest[open], open + 1);
  if (close == std::string_view::npos) return {};
  return rest.substr(open + 1, close - open - 1);
}

}  // namespace

void AuthorsOfHead(const HeadFacts& head, AuthorList& authors) {
  for (const auto step : {FromJsonLd, FromLabels, FromMeta}) {
    step(head, authors);
    if (!authors.empty()) return;
    authors.EndSource();
  }
}

void AuthorsOfScripts(const PageTree& tree, AuthorList& authors) {
  for (const std::uint32_t number : tree.scan.scripts) {
    const std::string_view text = tree.scan.Content(tree.scan.elements[number]);
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
        if ((sure || ReadsLikeName(name)) && !authors.IsSite(name))
          authors.Take(name);
      }
      if (!authors.empty()) return;
    }
  }
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
