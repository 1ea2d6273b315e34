#include "fetch/feed.h"

#include <algorithm>
#include <utility>

#include "core/ascii.h"
#include "core/trim.h"
#include "fetch/data_url.h"
#include "fetch/feed_date.h"
#include "fetch/feed_html.h"
#include "fetch/feed_json.h"
#include "fetch/xml.h"

namespace stemma {
namespace {

constexpr std::string_view kSpaces = " \t\r\n\f";

// --- names -------------------------------------------------------------------

constexpr std::string_view kAtom10 = "http://www.w3.org/2005/atom";
constexpr std::string_view kAtom03 = "http://purl.org/atom/ns#";
constexpr std::string_view kRss10 = "http://purl.org/rss/1.0/";
constexpr std::string_view kRss090 = "http://my.netscape.com/rdf/simple/0.9/";

// The prefix under which this file speaks of a namespace, whatever the
// document calls it; "" for those that feeds themselves are written in.
std::string PrefixOf(const XmlElement& element) {
  constexpr std::pair<std::string_view, std::string_view> kPrefixes[] = {
      {kAtom10, ""},
      {kAtom03, ""},
      {kRss10, ""},
      {kRss090, ""},
      {"http://purl.org/net/rss1.1#", ""},
      {"http://channel.netscape.com/rdf/simple/0.9/", ""},
      {"http://backend.userland.com/rss", ""},
      {"http://backend.userland.com/rss2", ""},
      {"http://blogs.law.harvard.edu/tech/rss", ""},
      {"http://blogs.law.harvard.edu/tech/rss2", ""},
      {"http://purl.org/dc/elements/1.1/", "dc"},
      {"http://purl.org/dc/terms/", "dcterms"},
      {"http://purl.org/rss/1.0/modules/content/", "content"},
      {"http://search.yahoo.com/mrss/", "media"},
      {"http://search.yahoo.com/mrss", "media"},
      {"http://video.search.yahoo.com/mrss/", "media"},
      {"http://www.itunes.com/dtds/podcast-1.0.dtd", "itunes"},
      {"http://example.com/dtds/podcast-1.0.dtd", "itunes"},
      {"http://wellformedweb.org/commentapi/", "wfw"},
      {"http://purl.org/rss/1.0/modules/slash/", "slash"},
      {"http://purl.org/rss/1.0/modules/syndication/", "sy"},
      {"http://backend.userland.com/creativecommonsrssmodule", "cc"},
      {"http://cyber.law.harvard.edu/rss/creativecommonsrssmodule.html", "cc"},
      {"http://web.resource.org/cc/", "cc"},
      {"http://webns.net/mvcb/", "admin"},
      {"http://www.w3.org/1999/02/22-rdf-syntax-ns#", "rdf"},
      {"http://www.w3.org/1999/xhtml", "xhtml"},
      {"http://www.w3.org/2000/svg", "svg"},
  };
  const std::string ns = Lowered(element.ns);
  for (const auto& [uri, prefix] : kPrefixes) {
    if (ns == uri) return std::string(prefix);
  }
  return Lowered(element.prefix);
}

// "dc_title", "title": lower case.
std::string NameOf(const XmlElement& element) {
  const std::string prefix = PrefixOf(element);
  const std::string name = Lowered(element.name);
  return prefix.empty() ? name : prefix + "_" + name;
}

std::string Attribute(const XmlElement& element, std::string_view name) {
  for (const XmlAttribute& attribute : element.attributes) {
    if (Lowered(attribute.name) == name) return attribute.value;
  }
  return {};
}

// The value of the attribute `prefix`:`name`.
const std::string* Find(const XmlElement& element, std::string_view prefix,
                        std::string_view name) {
  for (const XmlAttribute& attribute : element.attributes) {
    if (attribute.prefix == prefix && attribute.name == name) {
      return &attribute.value;
    }
  }
  return nullptr;
}

std::map<std::string, std::string> AttributeMap(const XmlElement& element) {
  std::map<std::string, std::string> map;
  for (const XmlAttribute& attribute : element.attributes) {
    map.emplace(Lowered(attribute.name), attribute.value);
  }
  return map;
}

std::vector<const XmlElement*> ChildrenOf(const XmlElement& element) {
  std::vector<const XmlElement*> children;
  for (const XmlNode& child : element.children) {
    if (const auto* found = std::get_if<std::unique_ptr<XmlElement>>(&child)) {
      children.push_back(found->get());
    }
  }
  return children;
}

std::string TrimmedText(const XmlElement& element) {
  return std::string(TrimOf(element.Text(), kSpaces));
}

// --- people ------------------------------------------------------------------

bool IsEmail(std::string_view text) {
  const std::size_t at = text.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
         text.find('.', at) != std::string_view::npos &&
         text.find_first_of(" ()<>\"") == std::string_view::npos;
}

// "Name (email)", "email (Name)", "Name <email>", "email", "Name".
FeedPerson ParsePerson(std::string_view text) {
  FeedPerson person;
  text = TrimOf(text, kSpaces);
  const std::size_t open = text.find_first_of("(<");
  const std::size_t close = text.find_last_of(")>");
  if (open != std::string_view::npos && close != std::string_view::npos &&
      close > open) {
    const std::string_view inside =
        TrimOf(text.substr(open + 1, close - open - 1), kSpaces);
    const std::string_view outside = TrimOf(text.substr(0, open), kSpaces);
    if (IsEmail(inside)) {
      person.email = inside;
      person.name = outside;
      return person;
    }
    if (IsEmail(outside)) {
      person.email = outside;
      person.name = inside;
      return person;
    }
  }
  // "me@example.com, Name": the address may stand among other words.
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find_first_of(" ,()<>"));
    if (IsEmail(word)) {
      person.email = word;
      std::string name(text);
      name.erase(name.find(word), word.size());
      person.name = TrimOf(name, kSpaces);
      return person;
    }
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
  }
  person.name = text;
  return person;
}

// --- the reader --------------------------------------------------------------

// What is inherited down the tree.
struct Scope {
  std::string base;
  std::string language;

  Scope Within(const XmlElement& element) const {
    Scope scope = *this;
    if (const std::string* own = Find(element, "xml", "base")) {
      const std::string resolved = ResolveFeedUrl(*own, base);
      // Only the web can be a base: anything else must not change addresses.
      const Result<Url> url = Url::Parse(resolved);
      if (url && url->IsSpecial()) scope.base = resolved;
    }
    if (const std::string* own = Find(element, "xml", "lang")) {
      scope.language = *own;
    }
    return scope;
  }
};

bool IsHtmlType(std::string_view type) {
  return type == "text/html" || type == "application/xhtml+xml";
}

std::string MimeOfAtomType(std::string_view type) {
  if (type == "text") return "text/plain";
  if (type == "html") return "text/html";
  if (type == "xhtml") return "application/xhtml+xml";
  return std::string(type);
}

bool IsXmlType(std::string_view type) {
  return type.ends_with("+xml") || type.ends_with("/xml");
}

class FeedReader {
 public:
  FeedReader(const FeedLimits& limits, Feed* feed)
      : limits_(limits), feed_(*feed) {}

  // False when the root is that of no feed.
  bool Read(const XmlElement& root, const Scope& outer) {
    const Scope scope = outer.Within(root);
    const std::string name = NameOf(root);
    feed_.version = VersionOf(root, name);
    if (feed_.version.empty()) return false;
    if (name == "channel") {
      ReadCdf(root, scope, &feed_.head);
      ReadHead(root, scope);
    } else if (feed_.version.starts_with("atom")) {
      ReadHead(root, scope);
    } else {
      for (const XmlElement* child : ChildrenOf(root)) {
        ReadTopLevel(*child, scope);
      }
    }
    FinishItem(&feed_.head);
    for (FeedItem& entry : feed_.entries) FinishItem(&entry);
    return true;
  }

 private:
  bool is_atom() const { return feed_.version.starts_with("atom"); }

  static std::string VersionOf(const XmlElement& root,
                               const std::string& name) {
    const std::string ns = Lowered(root.ns);
    if (name == "feed") {
      if (ns == kAtom10) return "atom10";
      if (ns == kAtom03 || Attribute(root, "version") == "0.3") return "atom03";
      return "atom";
    }
    if (name == "entry" && ns == kAtom10) return "atom10";
    if (name == "rss") {
      const std::string version = Attribute(root, "version");
      if (version == "0.91") return "rss091u";
      if (version == "0.92" || version == "0.93" || version == "0.94") {
        return "rss0" + version.substr(2);
      }
      return version.starts_with("2.") ? "rss20" : "rss";
    }
    if (name == "rdf_rdf") {
      for (const XmlElement* child : ChildrenOf(root)) {
        if (Lowered(child->ns) == kRss090) return "rss090";
      }
      return "rss10";
    }
    if (name == "channel") return root.name == "CHANNEL" ? "cdf" : "rss";
    return {};
  }

  static bool IsEntry(const std::string& name) {
    return name == "item" || name == "entry" || name == "product";
  }

  void ReadTopLevel(const XmlElement& element, const Scope& outer) {
    const std::string name = NameOf(element);
    if (name == "channel" || name == "feedinfo") {
      ReadHead(element, outer.Within(element));
      if (const std::string* about = Find(element, "rdf", "about");
          about && feed_.head.id.empty()) {
        feed_.head.id = *about;
      }
    } else if (IsEntry(name)) {
      ReadEntry(element, outer);
    } else {
      ReadChild(element, name, outer, &feed_.head);
    }
  }

  void ReadHead(const XmlElement& element, const Scope& scope) {
    for (const XmlElement* child : ChildrenOf(element)) {
      const std::string name = NameOf(*child);
      if (IsEntry(name)) {
        ReadEntry(*child, scope);
      } else {
        ReadChild(*child, name, scope, &feed_.head);
      }
    }
  }

  void ReadEntry(const XmlElement& element, const Scope& outer) {
    if (feed_.entries.size() >= limits_.max_entries) {
      feed_.cut = true;
      return;
    }
    FeedItem& entry = feed_.entries.emplace_back();
    const Scope scope = outer.Within(element);
    if (feed_.version == "cdf") ReadCdf(element, scope, &entry);
    if (const std::string* about = Find(element, "rdf", "about")) {
      entry.id = *about;
    }
    ReadItem(element, scope, &entry);
  }

  void ReadItem(const XmlElement& element, const Scope& scope, FeedItem* item) {
    for (const XmlElement* child : ChildrenOf(element)) {
      ReadChild(*child, NameOf(*child), scope, item);
    }
  }

  // CDF says in attributes what others say in elements.
  void ReadCdf(const XmlElement& element, const Scope& scope, FeedItem* item) {
    const std::string href = Attribute(element, "href");
    if (!href.empty()) {
      AddLink({.href = ResolveFeedUrl(href, scope.base),
               .rel = "alternate",
               .type = "text/html",
               .title = {},
               .hreflang = {},
               .length = {}},
              item);
    }
    SetDate(Attribute(element, "lastmod"), &item->updated);
  }

  // --- one child element

  void ReadChild(const XmlElement& element, const std::string& name,
                 const Scope& outer, FeedItem* item) {
    const Scope scope = outer.Within(element);
    if (ReadText(element, name, scope, item)) return;
    if (ReadPerson(element, name, scope, item)) return;
    if (ReadDate(element, name, item)) return;
    if (ReadLink(element, name, scope, item)) return;
    if (ReadTag(element, name, item)) return;
    if (name.starts_with("media_"))
      return ReadMedia(element, name, scope, item);
    if (ReadNested(element, name, scope, item)) return;
    ReadSimple(element, name, scope, item);
  }

  bool ReadText(const XmlElement& element, const std::string& name,
                const Scope& scope, FeedItem* item) {
    if (name == "title" || name == "dc_title") {
      item->title = TextOf(element, scope, "text/plain");
    } else if (name == "media_title") {
      if (!item->title) item->title = TextOf(element, scope, "text/plain");
    } else if (name == "subtitle" || name == "tagline" ||
               name == "itunes_subtitle") {
      SetUnless(name == "itunes_subtitle", element, scope, "text/plain",
                &item->summary);
    } else if (name == "summary" || name == "description" ||
               name == "dc_description" || name == "abstract" ||
               name == "media_description" || name == "itunes_summary") {
      ReadSummary(element, name, scope, item);
    } else if (name == "rights" || name == "copyright" || name == "dc_rights") {
      item->rights = TextOf(element, scope, "text/plain");
    } else if (name == "info") {
      item->info = TextOf(element, scope, "text/plain");
    } else if (name == "content" || name == "content_encoded" ||
               name == "fullitem" || name == "body" || name == "xhtml_body" ||
               name == "prodlink") {
      ReadContent(element, name, scope, item);
    } else {
      return false;
    }
    return true;
  }

  void SetUnless(bool weak, const XmlElement& element, const Scope& scope,
                 std::string_view default_type, std::optional<FeedText>* text) {
    if (weak && *text) return;
    *text = TextOf(element, scope, default_type);
  }

  void ReadSummary(const XmlElement& element, const std::string& name,
                   const Scope& scope, FeedItem* item) {
    const bool is_plain = name == "summary" || name == "abstract";
    const bool is_weak =
        name.starts_with("media_") || name.starts_with("itunes_");
    const bool plain_default = is_plain && is_atom();
    if (is_weak && item->summary) return;
    FeedText text =
        TextOf(element, scope, plain_default ? "text/plain" : "text/html");
    // Two descriptions: the second is the whole of what the first sums up.
    if (item->summary && !is_atom() && item != &feed_.head) {
      AddContent(std::move(text), item);
    } else {
      item->summary = std::move(text);
    }
  }

  void ReadContent(const XmlElement& element, const std::string& name,
                   const Scope& scope, FeedItem* item) {
    std::string_view default_type = "text/plain";
    if (name == "content_encoded" || name == "fullitem") {
      default_type = "text/html";
    } else if (name.ends_with("body")) {
      default_type = "application/xhtml+xml";
    }
    FeedText text = TextOf(element, scope, default_type);
    text.src = Attribute(element, "src");
    if (!text.src.empty()) text.src = ResolveFeedUrl(text.src, scope.base);
    AddContent(std::move(text), item);
  }

  void AddContent(FeedText text, FeedItem* item) {
    if (item->contents.size() < limits_.max_per_entry) {
      item->contents.push_back(std::move(text));
    }
  }

  // A text construct of any format, decoded, cleaned and resolved.
  FeedText TextOf(const XmlElement& element, const Scope& scope,
                  std::string_view default_type) {
    FeedText text;
    text.base = scope.base;
    text.language = scope.language;
    const std::string type = Lowered(Attribute(element, "type"));
    const std::string mode = Lowered(Attribute(element, "mode"));
    text.type = type.empty() ? std::string(default_type) : MimeOfAtomType(type);
    const bool has_elements =
        !ChildrenOf(element).empty() && !IsWrappedText(element, text.type);
    if (has_elements) {
      text.value = TrimOf(InlineMarkup(element, text.type), kSpaces);
      if (!IsHtmlType(text.type) && !IsXmlType(text.type)) {
        text.type = "text/html";
      }
    } else {
      text.value = TrimmedText(element);
      if (text.type == "application/xhtml+xml") {
        text.value = std::string(TrimOf(MarkupOf(element), kSpaces));
      }
    }
    if (!has_elements && IsBase64(text.type, type, mode)) {
      if (auto decoded = ForgivingBase64Decode(text.value)) {
        text.value = *decoded;
        text.type = LooksLikeHtml(text.value) ? "text/html" : text.type;
      }
    }
    // RSS titles and Atom 0.3 text are often HTML without saying so.
    if (text.type == "text/plain" && type.empty() && !is_atom10() &&
        LooksLikeHtml(text.value)) {
      text.type = "text/html";
    }
    if (IsHtmlType(text.type)) {
      text.value =
          std::string(TrimOf(CleanFeedHtml(text.value, scope.base), kSpaces));
    }
    return text;
  }

  bool is_atom10() const { return feed_.version == "atom10"; }

  bool IsBase64(std::string_view mime, std::string_view written,
                std::string_view mode) const {
    if (mode == "base64") return true;
    return is_atom10() && !written.empty() && !mime.starts_with("text/") &&
           !IsXmlType(mime) && mime.find('/') != std::string_view::npos;
  }

  // Escaped HTML within a <div>, both at once: some programs write it.
  bool IsWrappedText(const XmlElement& element, std::string_view type) const {
    const std::vector<const XmlElement*> children = ChildrenOf(element);
    return is_atom10() && type == "text/html" && children.size() == 1 &&
           children[0]->name == "div" && ChildrenOf(*children[0]).empty();
  }

  // Atom 1.0: the <div> round XHTML is wrapping, not content.
  std::string InlineMarkup(const XmlElement& element, std::string_view type) {
    const std::vector<const XmlElement*> children = ChildrenOf(element);
    const bool wrapped = is_atom10() && type == "application/xhtml+xml" &&
                         children.size() == 1 && children[0]->name == "div";
    return MarkupOf(wrapped ? *children[0] : element);
  }

  bool ReadPerson(const XmlElement& element, const std::string& name,
                  const Scope& scope, FeedItem* item) {
    const bool is_author = name == "author" || name == "dc_author" ||
                           name == "dc_creator" || name == "managingeditor" ||
                           name == "itunes_author";
    const bool is_publisher =
        name == "webmaster" || name == "dc_publisher" || name == "publisher";
    const bool is_contributor =
        name == "contributor" || name == "dc_contributor";
    if (name == "itunes_owner") {
      item->publisher = PersonOf(element, scope);
      return true;
    }
    if (!is_author && !is_publisher && !is_contributor) return false;
    FeedPerson person = PersonOf(element, scope);
    if (is_publisher) {
      item->publisher = std::move(person);
      return true;
    }
    auto& people = is_author ? item->authors : item->contributors;
    const bool is_repeat = name == "itunes_author" && !people.empty();
    if (!is_repeat && people.size() < limits_.max_per_entry) {
      people.push_back(std::move(person));
    }
    return true;
  }

  FeedPerson PersonOf(const XmlElement& element, const Scope& scope) {
    const std::vector<const XmlElement*> children = ChildrenOf(element);
    if (children.empty()) return ParsePerson(element.Text());
    FeedPerson person;
    for (const XmlElement* child : children) {
      const std::string name = Lowered(child->name);
      const std::string text = TrimmedText(*child);
      if (name == "name") person.name = text;
      if (name == "email") person.email = text;
      if (name == "url" || name == "uri" || name == "homepage") {
        person.url = ResolveFeedUrl(text, scope.Within(*child).base);
      }
    }
    return person;
  }

  static void SetDate(std::string_view text, FeedDate* date) {
    text = TrimOf(text, kSpaces);
    if (text.empty()) return;
    date->raw = text;
    date->time = ParseFeedDate(text);
  }

  static bool ReadDate(const XmlElement& element, const std::string& name,
                       FeedItem* item) {
    if (name == "dcterms_valid") {
      ReadValidity(element.Text(), item);
      return true;
    }
    FeedDate* date = nullptr;
    if (name == "published" || name == "issued" || name == "pubdate" ||
        name == "dcterms_issued") {
      date = &item->published;
    } else if (name == "updated" || name == "modified" ||
               name == "lastbuilddate" || name == "dc_date" ||
               name == "dcterms_modified") {
      date = &item->updated;
    } else if (name == "created" || name == "dcterms_created") {
      date = &item->created;
    } else if (name == "expirationdate") {
      date = &item->expired;
    }
    if (!date) return false;
    SetDate(element.Text(), date);
    return true;
  }

  // "start=2002-10-13T09:00+01:00;end=...;scheme=W3C-DTF"
  static void ReadValidity(std::string_view text, FeedItem* item) {
    while (!text.empty()) {
      const std::string_view part = text.substr(0, text.find(';'));
      const std::size_t equals = part.find('=');
      if (equals != std::string_view::npos) {
        const std::string key =
            Lowered(TrimOf(part.substr(0, equals), kSpaces));
        if (key == "start" || key == "end") {
          item->other["validity_" + key] =
              TrimOf(part.substr(equals + 1), kSpaces);
        }
      }
      text.remove_prefix(std::min(part.size() + 1, text.size()));
    }
  }

  bool ReadLink(const XmlElement& element, const std::string& name,
                const Scope& scope, FeedItem* item) {
    if (name == "link") {
      ReadLinkElement(element, scope, item);
    } else if (name == "id" || name == "guid") {
      ReadId(element, name, scope, item);
    } else if (name == "enclosure") {
      const std::string url = Attribute(element, "url");
      AddEnclosure({.href = ResolveFeedUrl(url, scope.base),
                    .rel = "enclosure",
                    .type = Attribute(element, "type"),
                    .title = {},
                    .hreflang = {},
                    .length = Attribute(element, "length")},
                   item);
    } else {
      return false;
    }
    return true;
  }

  void ReadLinkElement(const XmlElement& element, const Scope& scope,
                       FeedItem* item) {
    FeedLink link;
    link.rel = Lowered(Attribute(element, "rel"));
    if (link.rel.empty()) link.rel = "alternate";
    link.type = Attribute(element, "type");
    link.title = Attribute(element, "title");
    link.hreflang = Attribute(element, "hreflang");
    link.length = Attribute(element, "length");
    const std::string* href = element.Find("href");
    const std::string text = TrimmedText(element);
    if (href) {
      link.href = ResolveFeedUrl(*href, scope.base);
    } else if (!text.empty()) {
      link.href = ResolveFeedUrl(text, scope.base);
      if (link.type.empty()) link.type = "text/html";
    } else {
      return;
    }
    if (href && link.rel == "alternate" && link.type.empty()) {
      link.type = "text/html";
    }
    if (link.rel == "enclosure") {
      AddEnclosure(std::move(link), item);
    } else {
      AddLink(std::move(link), item);
    }
  }

  void AddEnclosure(FeedLink link, FeedItem* item) {
    if (item->enclosures.size() < limits_.max_per_entry) {
      item->enclosures.push_back(std::move(link));
    }
  }

  void AddLink(FeedLink link, FeedItem* item) {
    const bool is_page =
        link.rel == "alternate" &&
        (link.type.empty() || link.type.find("html") != std::string::npos);
    if (is_page && item->link.empty()) item->link = link.href;
    if (item->links.size() < limits_.max_per_entry) {
      item->links.push_back(std::move(link));
    }
  }

  void ReadId(const XmlElement& element, const std::string& name,
              const Scope& scope, FeedItem* item) {
    const std::string text = TrimmedText(element);
    const std::string permalink = Lowered(Attribute(element, "ispermalink"));
    const bool is_link = name == "guid" && permalink != "false";
    // atom:id is an IRI and compared as written; but relative ones exist.
    const bool resolves = is_link || name == "id";
    item->id = resolves ? ResolveFeedUrl(text, scope.base) : text;
    item->id_is_link = is_link;
  }

  bool ReadTag(const XmlElement& element, const std::string& name,
               FeedItem* item) {
    if (name == "category" || name == "dc_subject" || name == "keywords") {
      std::string term = Attribute(element, "term");
      if (term.empty()) term = TrimmedText(element);
      std::string scheme = Attribute(element, "scheme");
      if (scheme.empty()) scheme = Attribute(element, "domain");
      AddTag({term, scheme, Attribute(element, "label")}, item);
      return true;
    }
    if (name == "media_category") {
      std::string scheme = Attribute(element, "scheme");
      if (scheme.empty()) {
        scheme = "http://search.yahoo.com/mrss/category_schema";
      }
      AddTag({TrimmedText(element), scheme, Attribute(element, "label")}, item);
      return true;
    }
    if (name == "itunes_category") {
      AddTag({Attribute(element, "text"), "http://www.itunes.com/", {}}, item);
      return true;
    }
    if (name != "tags" && name != "itunes_keywords" &&
        name != "media_keywords") {
      return false;
    }
    const std::string text = element.Text();
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::string_view term = rest.substr(0, rest.find(','));
      AddTag({std::string(TrimOf(term, kSpaces)), {}, {}}, item);
      rest.remove_prefix(std::min(term.size() + 1, rest.size()));
    }
    return true;
  }

  void AddTag(FeedTag tag, FeedItem* item) {
    if (tag.term.empty() && tag.scheme.empty() && tag.label.empty()) return;
    if (item->tags.size() < limits_.max_per_entry) {
      item->tags.push_back(std::move(tag));
    }
  }

  // --- media RSS

  void ReadMedia(const XmlElement& element, const std::string& name,
                 const Scope& scope, FeedItem* item) {
    if (name == "media_group") return ReadItem(element, scope, item);
    if (name == "media_content") return ReadMediaContent(element, scope, item);
    if (name == "media_thumbnail") {
      return AddMedia(MediaOf(element, scope), &item->thumbnails);
    }
    if (name == "media_player") {
      FeedMedia media = MediaOf(element, scope);
      media.player = std::exchange(media.url, {});
      return AddMedia(std::move(media), &item->media);
    }
    if (item->media_notes.size() < limits_.max_per_entry) {
      item->media_notes.push_back({.kind = name.substr(6),
                                   .text = TrimmedText(element),
                                   .attributes = AttributeMap(element)});
    }
  }

  FeedMedia MediaOf(const XmlElement& element, const Scope& scope) {
    FeedMedia media;
    media.attributes = AttributeMap(element);
    std::string url = Attribute(element, "url");
    if (url.empty()) url = TrimmedText(element);
    if (!url.empty()) media.url = ResolveFeedUrl(url, scope.base);
    media.type = Attribute(element, "type");
    media.medium = Attribute(element, "medium");
    return media;
  }

  // What stands within <media:content> is about that file.
  void ReadMediaContent(const XmlElement& element, const Scope& scope,
                        FeedItem* item) {
    FeedMedia media = MediaOf(element, scope);
    if (!element.Find("url")) media.url.clear();
    for (const XmlElement* child : ChildrenOf(element)) {
      const std::string name = NameOf(*child);
      if (name == "media_player") {
        media.player = ResolveFeedUrl(Attribute(*child, "url"), scope.base);
      } else if (name == "media_title") {
        media.title = TrimmedText(*child);
        ReadChild(*child, name, scope, item);
      } else {
        ReadChild(*child, name, scope, item);
      }
    }
    AddMedia(std::move(media), &item->media);
  }

  void AddMedia(FeedMedia media, std::vector<FeedMedia>* list) {
    if (list->size() < limits_.max_per_entry) list->push_back(std::move(media));
  }

  // --- nested things and all the rest

  bool ReadNested(const XmlElement& element, const std::string& name,
                  const Scope& scope, FeedItem* item) {
    if (name == "source") {
      item->source = std::make_unique<FeedItem>();
      const std::string url = Attribute(element, "url");
      if (!url.empty() || ChildrenOf(element).empty()) {
        item->source->title = TextOf(element, scope, "text/plain");
        item->source->link = url;
      } else {
        ReadItem(element, scope, item->source.get());
        FinishItem(item->source.get());
      }
      return true;
    }
    if (name == "image" || name == "textinput") {
      auto& nested = name == "image" ? item->image : item->text_input;
      nested = std::make_unique<FeedItem>();
      ReadItem(element, scope, nested.get());
      return true;
    }
    if (name == "cloud") {
      item->cloud = AttributeMap(element);
      return true;
    }
    return false;
  }

  void ReadSimple(const XmlElement& element, const std::string& name,
                  const Scope& scope, FeedItem* item) {
    const std::string text = TrimmedText(element);
    if (name == "generator") {
      item->generator = text;
      item->generator_version = Attribute(element, "version");
      std::string url = Attribute(element, "uri");
      if (url.empty()) url = Attribute(element, "url");
      if (!url.empty()) item->generator_url = ResolveFeedUrl(url, scope.base);
    } else if (name == "admin_generatoragent") {
      item->generator = item->generator_url = Attribute(element, "resource");
    } else if (name == "icon") {
      item->icon = ResolveFeedUrl(text, scope.base);
    } else if (name == "logo") {
      item->logo = ResolveFeedUrl(text, scope.base);
    } else if (name == "comments") {
      item->comments = ResolveFeedUrl(text, scope.base);
    } else if (name == "docs") {
      item->docs = ResolveFeedUrl(text, scope.base);
    } else if (name == "license" || name == "cc_license") {
      const std::string resource = Attribute(element, "resource");
      item->license = resource.empty() ? text : resource;
    } else if (name == "itunes_image") {
      item->image = std::make_unique<FeedItem>();
      item->image->other["url"] = Attribute(element, "href");
    } else if (name.starts_with("wfw_") || name == "url") {
      item->other[name] = ResolveFeedUrl(text, scope.base);
    } else if (ChildrenOf(element).empty() && !text.empty() &&
               item->other.size() < limits_.max_per_entry) {
      item->other[name] = text;
    }
  }

  // What can only be known when all is read.
  void FinishItem(FeedItem* item) {
    const bool has_link = !item->link.empty();
    if (item->id_is_link && !has_link) {
      item->link = item->id;
    } else {
      item->id_is_link = false;
    }
    if (!item->link.empty()) return;
    for (const FeedLink& link : item->links) {
      if (link.rel == "alternate") {
        item->link = link.href;
        return;
      }
    }
  }

  const FeedLimits& limits_;
  Feed& feed_;
};

}  // namespace

std::string FeedPerson::Display() const {
  if (name.empty()) return email;
  return email.empty() ? name : name + " (" + email + ")";
}

std::string Feed::LinkTo(std::string_view rel) const {
  for (const FeedLink& link : head.links) {
    if (link.rel == rel) return link.href;
  }
  return {};
}

Result<Feed> ParseFeed(const FeedInput& input, const FeedLimits& limits) {
  Feed feed;
  feed.cut = input.bytes.size() > limits.max_bytes;
  const std::string text = XmlToUtf8(
      std::string(input.bytes.substr(0, limits.max_bytes)), input.charset);
  if (TrimOf(text, kSpaces).starts_with('{')) {
    STEMMA_CHECK_OK(ReadJsonFeed(text, input.url, limits, &feed));
    return feed;
  }
  const XmlTree tree = ReadXmlTree(text);
  feed.well_formed = tree.report.well_formed;
  if (!tree.report.first_error.empty()) {
    feed.notes.push_back("XML: " + tree.report.first_error);
  }
  const Scope scope{.base = input.url, .language = {}};
  if (!tree.root || !FeedReader(limits, &feed).Read(*tree.root, scope)) {
    return Error(ErrorCode::kMalformed,
                 tree.root
                     ? "no feed: the root element is <" + tree.root->name + ">"
                     : "no feed: no XML element and no JSON object");
  }
  return feed;
}

}  // namespace stemma
