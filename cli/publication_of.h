// From an Article to the Publication that comparisons and families work on.
#pragma once

#include <string>

#include "core/article.h"
#include "core/publication.h"

namespace stemma::cli {

// `id`: the capture's. fetched_at and media are the caller's to fill in.
Publication PublicationOf(const Article& article, std::string id);

}  // namespace stemma::cli
