// The JSON form of an Article ("stemma.article.v1"): what `extract --json`
// prints and what a `derive` record in a bundle holds. Reading is strict about
// types and lenient about unknown keys.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/article.h"
#include "core/result.h"

namespace stemma {

nlohmann::json ToJson(const DateClaim& date);
nlohmann::json ToJson(const Article& article);
// The form that is kept beside a page: of blocks left out (menus, lists of
// other articles: most of a page's text) only the first 48 bytes, then an
// ellipsis. `source` says where in the page the rest is.
nlohmann::json ToRecordJson(const Article& article);
Result<Article> ArticleFromJson(const nlohmann::json& json);

}  // namespace stemma
