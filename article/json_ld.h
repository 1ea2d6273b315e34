// schema.org statements in <script type="application/ld+json">.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "article/prescan.h"

namespace stemma {

struct LdPerson {
  std::string name, url;
  bool organization = false;
};

struct LdVideo {
  std::string content_url, embed_url, thumbnail, mime, upload_date;
};

// One object of an article type.
struct LdArticle {
  std::string type;  // "NewsArticle"
  std::string headline, alternative, description, body, section, language;
  std::string url, main_entity, id;
  std::string published, modified, created;
  std::string licence, copyright_notice, copyright_year, dateline;
  std::string based_on, based_on_name;
  std::vector<LdPerson> authors;
  std::vector<LdPerson> publisher, source_organization, copyright_holder,
      provider;
  std::vector<std::string> keywords;
  bool listed = false;  // only an entry of a list, or part of another object
};

struct LdFacts {
  std::vector<LdArticle> articles;  // in page order
  std::optional<LdArticle> page;    // a WebPage by itself: a weaker statement
  std::vector<LdVideo> videos;
  std::string site_name;  // of a WebSite or an Organization
  std::vector<std::string> breadcrumbs;
  bool list_page = false;      // CollectionPage, ItemList, SearchResults
  std::size_t unreadable = 0;  // scripts that are no JSON
  std::vector<std::string> notes;
};

// Reads every JSON-LD script, @graph, arrays and references by @id included.
// Trailing commas, raw line feeds in strings, comments and HTML references are
// put up with.
LdFacts ReadJsonLd(const Prescan& scan, std::size_t max_bytes);

}  // namespace stemma
