// What an event says, as rows of the index. One function for the writer and
// for reindex, so that both arrive at the same content.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "archive/index.h"
#include "archive/index_sqlite.h"
#include "core/article.h"

namespace stemma {

struct EventRows {
  std::uint64_t seq = 0;
  std::uint64_t line_at = 0, line_size = 0;  // in the log; set by the caller
  std::optional<CaptureRow> capture;
  std::vector<RecordInfo> records;
  std::vector<PublicationRow> publications;
  std::vector<MediaRow> media;
  std::vector<DerivedRow> derived;
  std::optional<ComparisonRow> comparison;
};

// Records that cannot be read (a damaged or missing bundle) are given as the
// event tells them. `index` is asked for what earlier events brought.
EventRows RowsOfEvent(const nlohmann::json& event, const RecordSource& records,
                      Index& index);

// The publication behind a derived article or an imported row: `block` is the
// stored JSON. `capture` may be null for imported rows.
Result<Publication> PublicationFromBlock(const PublicationRow& row,
                                         std::string_view block);

// The records an event names, as far as it tells of them.
std::vector<RecordInfo> RecordsInEvent(const nlohmann::json& event);

// Host without "www.", for where nobody told the registrable domain.
std::string SiteOfUrl(std::string_view url);

}  // namespace stemma
