// The checks of a report, made while it is written, each with an outcome in
// the words of W3C EARL: passed, failed, cantTell, inapplicable, untested.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "archive/archive_reader.h"
#include "archive/evidence.h"
#include "review/report_capture.h"

namespace stemma {

// {check, outcome, code?, what}
nlohmann::json CheckRow(std::string_view check, std::string_view outcome,
                        std::string what, std::string_view code = {});

// The digests of a capture's records, computed from their stored bytes.
nlohmann::json CheckRecords(ArchiveReader& reader,
                            const CaptureRecords& capture);
// The digests of a bundle file against those its seal states.
nlohmann::json CheckBundle(const std::filesystem::path& archive,
                           const nlohmann::json& bundle);
// The log as a whole, and what could not be looked at.
nlohmann::json CheckLog(const EvidenceReport& evidence);
// What the capturing connection and the article's dates allow to be said.
nlohmann::json CheckConnection(const nlohmann::json& from_whom);

}  // namespace stemma
