#include "article/json_ld.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "article/html_entities.h"
#include "article/phrases.h"
#include "core/ascii.h"
#include "core/utf8.h"

namespace stemma {
namespace {

using Json = nlohmann::json;

// Deeper objects are no statement about the article.
constexpr int kMaxDepth = 24;
constexpr std::size_t kMaxArticles = 200;

// JSON as people write it: raw control characters inside strings are escaped,
// commas before a closing bracket and after the last value go.
std::string Mend(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\' && i + 1 < text.size()) {
        const char next = text[i + 1];
        static constexpr std::string_view kEscapes = "\"\\/bfnrtu";
        if (kEscapes.find(next) == std::string_view::npos) {
          if (next != '\n' && next != '\r') out += next;
        } else {
          out += c;
          out += next;
        }
        ++i;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        out += ' ';
      } else {
        if (c == '"') in_string = false;
        out += c;
      }
      continue;
    }
    if (c == '"') in_string = true;
    if (c == ']' || c == '}') {
      std::size_t end = out.size();
      while (end > 0 && (out[end - 1] == ' ' || out[end - 1] == '\n' ||
                         out[end - 1] == '\r' || out[end - 1] == '\t')) {
        --end;
      }
      if (end > 0 && out[end - 1] == ',') out.erase(end - 1);
    }
    out += c;
  }
  const std::size_t last = out.find_last_not_of(" \t\r\n;");
  if (last != std::string::npos) out.resize(last + 1);
  return out;
}

std::string_view WithoutWrapping(std::string_view text) {
  const auto strip = [&](std::string_view what, std::string_view closing) {
    const std::size_t at = text.find(what);
    if (at == std::string_view::npos || at >= 64) return;
    text.remove_prefix(at + what.size());
    text = text.substr(0, text.rfind(closing));
  };
  strip("<![CDATA[", "]]>");
  strip("<!--", "-->");
  const std::size_t begin = text.find_first_of("{[");
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin);
  const std::size_t end = text.find_last_of("}]");
  if (end == std::string_view::npos) return {};
  return text.substr(0, end + 1);
}

Json ParseLenient(std::string_view text) {
  text = WithoutWrapping(text);
  if (text.empty()) return Json(Json::value_t::discarded);
  Json json = Json::parse(text, nullptr, false, true);
  if (json.is_discarded()) json = Json::parse(Mend(text), nullptr, false, true);
  return json;
}

std::string Clean(const std::string& text) {
  // Publishers escape for HTML inside JSON: one round is taken back.
  std::string out = DecodeReferences(text, false);
  const std::size_t begin = out.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  const std::size_t end = out.find_last_not_of(" \t\r\n");
  return out.substr(begin, end - begin + 1);
}

const Json* Member(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

// A text: a string, a number, {"@value": ...}, or the first of a list of them.
std::string TextOf(const Json* value) {
  for (int i = 0; value != nullptr && i < 3; ++i) {
    if (value->is_string()) {
      return Clean(value->get_ref<const std::string&>());
    }
    if (value->is_number_integer()) {
      return fmt::format("{}", value->get<std::int64_t>());
    }
    if (value->is_array()) {
      value = value->empty() ? nullptr : &value->front();
    } else if (value->is_object()) {
      value = Member(*value, "@value");
    } else {
      return {};
    }
  }
  return {};
}

std::string TextOf(const Json& object, const char* key) {
  return TextOf(Member(object, key));
}

// An address: a string, or an object's @id or url.
std::string UrlOf(const Json* value) {
  if (value != nullptr && value->is_array()) {
    value = value->empty() ? nullptr : &value->front();
  }
  if (value == nullptr) return {};
  if (value->is_string()) return Clean(value->get_ref<const std::string&>());
  if (!value->is_object()) return {};
  std::string url = TextOf(*value, "@id");
  if (!url.starts_with("http")) {
    const std::string other = TextOf(*value, "url");
    if (!other.empty()) url = other;
  }
  return url;
}

std::vector<std::string> TypesOf(const Json& object) {
  std::vector<std::string> types;
  const Json* type = Member(object, "@type");
  if (type == nullptr) type = Member(object, "type");
  const auto add = [&](const Json& t) {
    if (!t.is_string()) return;
    std::string name = t.get<std::string>();
    const std::size_t slash = name.find_last_of("/:#");
    if (slash != std::string::npos) name.erase(0, slash + 1);
    types.push_back(std::move(name));
  };
  if (type == nullptr) return types;
  if (type->is_array()) {
    for (const Json& t : *type) add(t);
  } else {
    add(*type);
  }
  return types;
}

bool IsArticleType(std::string_view type) {
  return type.ends_with("Article") || type.ends_with("NewsArticle") ||
         type == "BlogPosting" || type == "Report" ||
         type == "SocialMediaPosting" || type == "LiveBlogPosting" ||
         type == "TechArticle" || type == "Review" ||
         type == "OpinionNewsArticle" || type == "Recipe" || type == "HowTo" ||
         type == "CreativeWork" || type == "QAPage" || type == "MediaReview";
}

bool IsListType(std::string_view type) {
  return type == "CollectionPage" || type == "ItemList" ||
         type == "SearchResultsPage" || type == "Blog";
}

bool LeadsToListing(std::string_view key) {
  return key == "itemListElement" || key == "hasPart" || key == "mentions" ||
         key == "citation" || key == "comment" || key == "relatedLink" ||
         key == "blogPost" || key == "blogPosts" || key == "review" ||
         key == "isRelatedTo" || key == "liveBlogUpdate" ||
         key == "significantLink" || key == "about" || key == "isPartOf";
}

class Reader {
 public:
  explicit Reader(LdFacts& facts) : facts_(facts) {}

  void Read(const Json& root) {
    by_id_.clear();
    Walk(root, 0, false, true);
    Walk(root, 0, false, false);
  }

 private:
  // The first walk learns the names of things, the second reads them.
  void Walk(const Json& value, int depth, bool listed, bool learning) {
    if (depth > kMaxDepth) return;
    if (value.is_array()) {
      for (const Json& item : value) Walk(item, depth + 1, listed, learning);
      return;
    }
    if (!value.is_object()) return;
    if (learning) {
      Learn(value);
    } else {
      listed = ReadObject(value, listed) || listed;
    }
    for (const auto& [key, member] : value.items()) {
      if (!member.is_structured()) continue;
      Walk(member, depth + 1, listed || LeadsToListing(key), learning);
    }
  }

  void Learn(const Json& object) {
    const std::string id = TextOf(object, "@id");
    if (id.empty() || object.size() < 2) return;
    const auto [it, added] = by_id_.emplace(id, &object);
    if (!added && it->second->size() < object.size()) it->second = &object;
  }

  const Json& Resolve(const Json& object) const {
    if (object.is_object() && object.size() <= 2) {
      const auto it = by_id_.find(TextOf(object, "@id"));
      if (it != by_id_.end()) return *it->second;
    }
    return object;
  }

  // True when what is inside is listed only.
  bool ReadObject(const Json& object, bool listed) {
    bool list = false;
    for (const std::string& type : TypesOf(object)) {
      if (IsArticleType(type)) {
        if (facts_.articles.size() < kMaxArticles) {
          facts_.articles.push_back(ArticleOf(object, type, listed));
        }
        return false;
      }
      if (type == "VideoObject") {
        ReadVideo(object);
        return false;
      }
      if (type.ends_with("WebPage") && !listed && !facts_.page) {
        facts_.page = ArticleOf(object, type, listed);
      }
      if (type == "WebSite" && facts_.site_name.empty()) {
        facts_.site_name = TextOf(object, "name");
      }
      if (type == "BreadcrumbList") {
        ReadBreadcrumbs(object);
        return true;
      }
      if (IsListType(type)) {
        if (!listed) facts_.list_page = true;
        list = true;
      }
    }
    return list;
  }

  void ReadVideo(const Json& object) {
    LdVideo video;
    video.content_url = UrlOf(Member(object, "contentUrl"));
    if (video.content_url.empty()) {
      video.content_url = UrlOf(Member(object, "contentURL"));
    }
    video.embed_url = UrlOf(Member(object, "embedUrl"));
    if (video.embed_url.empty()) {
      video.embed_url = UrlOf(Member(object, "embedURL"));
    }
    video.thumbnail = UrlOf(Member(object, "thumbnailUrl"));
    if (video.thumbnail.empty()) {
      video.thumbnail = UrlOf(Member(object, "thumbnail"));
    }
    video.mime = TextOf(object, "encodingFormat");
    video.upload_date = TextOf(object, "uploadDate");
    if (video.content_url.empty() && video.embed_url.empty()) return;
    if (facts_.videos.size() < kMaxArticles) facts_.videos.push_back(video);
  }

  void ReadBreadcrumbs(const Json& object) {
    const Json* items = Member(object, "itemListElement");
    if (items == nullptr || !items->is_array()) return;
    for (const Json& item : *items) {
      if (!item.is_object()) continue;
      std::string name = TextOf(item, "name");
      const Json* thing = Member(item, "item");
      if (name.empty() && thing != nullptr && thing->is_object()) {
        name = TextOf(*thing, "name");
      }
      if (!name.empty()) facts_.breadcrumbs.push_back(std::move(name));
    }
  }

  void AddPeople(const Json* value, std::vector<LdPerson>& people) const {
    if (value == nullptr || people.size() > 50) return;
    if (value->is_array()) {
      for (const Json& item : *value) {
        if (!item.is_array()) AddPeople(&item, people);
      }
      return;
    }
    LdPerson person;
    if (value->is_string()) {
      person.name = Clean(value->get_ref<const std::string&>());
    } else if (value->is_object()) {
      const Json& object = Resolve(*value);
      const Json* name = Member(object, "name");
      if (name != nullptr && name->is_array()) {
        for (const Json& n : *name) AddPeople(&n, people);
        return;
      }
      person.name = TextOf(name);
      if (person.name.empty()) {
        const std::string given = TextOf(object, "givenName");
        const std::string family = TextOf(object, "familyName");
        person.name = given.empty() || family.empty() ? given + family
                                                      : given + " " + family;
      }
      person.url = UrlOf(Member(object, "url"));
      for (const std::string& type : TypesOf(object)) {
        if (type.ends_with("Organization")) person.organization = true;
      }
    }
    if (!person.name.empty()) people.push_back(std::move(person));
  }

  LdArticle ArticleOf(const Json& object, const std::string& type,
                      bool listed) const {
    LdArticle a;
    a.type = type;
    a.listed = listed;
    a.headline = TextOf(object, "headline");
    if (a.headline.empty()) a.headline = TextOf(object, "name");
    a.alternative = TextOf(object, "alternativeHeadline");
    a.description = TextOf(object, "description");
    a.body = TextOf(object, "articleBody");
    if (a.body.empty()) a.body = TextOf(object, "text");
    if (a.body.empty()) a.body = TextOf(object, "reviewBody");
    a.section = TextOf(object, "articleSection");
    a.language = TextOf(object, "inLanguage");
    a.url = UrlOf(Member(object, "url"));
    a.main_entity = UrlOf(Member(object, "mainEntityOfPage"));
    a.id = TextOf(object, "@id");
    a.published = TextOf(object, "datePublished");
    a.modified = TextOf(object, "dateModified");
    a.created = TextOf(object, "dateCreated");
    a.licence = UrlOf(Member(object, "license"));
    a.copyright_notice = TextOf(object, "copyrightNotice");
    a.copyright_year = TextOf(object, "copyrightYear");
    a.dateline = TextOf(object, "dateline");
    const Json* based_on = Member(object, "isBasedOn");
    if (based_on == nullptr) based_on = Member(object, "isBasedOnUrl");
    a.based_on = UrlOf(based_on);
    if (based_on != nullptr && based_on->is_object()) {
      a.based_on_name = TextOf(*based_on, "name");
    }
    AddPeople(Member(object, "author"), a.authors);
    if (a.authors.empty()) AddPeople(Member(object, "creator"), a.authors);
    AddPeople(Member(object, "publisher"), a.publisher);
    AddPeople(Member(object, "sourceOrganization"), a.source_organization);
    AddPeople(Member(object, "copyrightHolder"), a.copyright_holder);
    AddPeople(Member(object, "provider"), a.provider);
    ReadKeywords(object, a);
    return a;
  }

  static void ReadKeywords(const Json& object, LdArticle& a) {
    const Json* value = Member(object, "keywords");
    if (value == nullptr) return;
    const auto add = [&](const std::string& list) {
      std::size_t begin = 0;
      while (begin <= list.size() && a.keywords.size() < 100) {
        std::size_t end = list.find_first_of(",;", begin);
        if (end == std::string::npos) end = list.size();
        std::string word = Clean(list.substr(begin, end - begin));
        if (!word.empty()) a.keywords.push_back(std::move(word));
        begin = end + 1;
      }
    };
    if (value->is_string()) add(value->get<std::string>());
    if (value->is_array()) {
      for (const Json& item : *value) {
        if (item.is_string()) add(item.get<std::string>());
      }
    }
  }

  LdFacts& facts_;
  std::map<std::string, const Json*> by_id_;
};

bool IsJsonLd(std::string type) {
  type = Lowered(type);
  return type.find("ld+json") != std::string::npos;
}

}  // namespace

LdFacts ReadJsonLd(const Prescan& scan, std::size_t max_bytes) {
  LdFacts facts;
  std::size_t left = max_bytes;
  for (const std::uint32_t number : scan.scripts) {
    const RawElement& script = scan.elements[number];
    if (!IsJsonLd(scan.Attribute(script, "type"))) continue;
    const std::string_view content = scan.Content(script);
    if (content.size() > left) {
      facts.notes.emplace_back("limit: JSON-LD left unread (too large)");
      continue;
    }
    left -= content.size();
    const Json json = ParseLenient(content);
    if (json.is_discarded()) {
      ++facts.unreadable;
      continue;
    }
    Reader(facts).Read(json);
  }
  if (facts.unreadable > 0) {
    facts.notes.push_back(
        fmt::format("json-ld: {} scripts are no JSON", facts.unreadable));
  }
  return facts;
}

}  // namespace stemma
