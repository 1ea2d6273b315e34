#include "cli/publication_of.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "core/time.h"
#include "core/url.h"
#include "fetch/public_suffix.h"
#include "hash/sha256.h"

namespace stemma::cli {

Publication PublicationOf(const Article& article, std::string id) {
  Publication p;
  p.id = std::move(id);
  p.url = article.url;
  if (const Result<Url> url = Url::Parse(article.url); url) {
    p.site = RegistrableDomain(url->host());
    if (p.site.empty()) p.site = url->host();
  }
  p.title = article.title;
  p.byline = fmt::format("{}", fmt::join(article.authors, ", "));
  p.language = article.language;
  if (article.published) {
    p.published_at = article.published->time;
    p.published_precision = article.published->precision;
  }
  p.links = article.links;
  p.canonical = article.canonical_url;
  p.claims = article.claims;
  p.text = CanonicalText(article);
  p.text_sha256 = Sha256Of(p.text);
  return p;
}

nlohmann::json EventFactsOf(const Article& article,
                            const Publication& publication) {
  nlohmann::json facts = {{"method", article.method},
                          {"text_method", "stemma-text/1"},
                          {"is_article", article.is_article},
                          {"title", publication.title},
                          {"site", publication.site},
                          {"text_sha256", publication.text_sha256.Hex()},
                          {"text_bytes", publication.text.size()}};
  // Where this is long, as it is on no honest page, the record has to do.
  constexpr std::size_t kMostBytes = 8 << 10;
  const std::size_t bytes = publication.url.size() + publication.byline.size() +
                            publication.language.size() +
                            publication.canonical.size();
  if (bytes > kMostBytes) return facts;
  nlohmann::json told = {{"url", publication.url},
                         {"byline", publication.byline},
                         {"language", publication.language},
                         {"canonical", publication.canonical}};
  if (publication.published_at) {
    told["published_at"] = FormatSeconds(*publication.published_at);
  }
  facts["publication"] = std::move(told);
  return facts;
}

}  // namespace stemma::cli
