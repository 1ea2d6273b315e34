// From an Article to the Publication that comparisons and families work on.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/article.h"
#include "core/publication.h"

namespace stemma::cli {

// `id`: the capture's. fetched_at and media are the caller's to fill in.
Publication PublicationOf(const Article& article, std::string id);

// What the event says that logs `article`, read as `publication`: enough for an
// index, so that it need not read the article's record.
nlohmann::json EventFactsOf(const Article& article,
                            const Publication& publication);

}  // namespace stemma::cli
