#include "cli/publication_of.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

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

}  // namespace stemma::cli
