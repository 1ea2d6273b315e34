// One capture's part of a report: from where, how, from whom, what.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "archive/archive_reader.h"
#include "archive/index.h"
#include "core/result.h"
#include "review/report.h"

namespace stemma {

// A capture with the records that its sections are read from.
struct CaptureRecords {
  CaptureRow row;
  nlohmann::json event;  // with the facts of its facts_record, if it has one
  std::vector<RecordInfo> records;
  std::optional<StoredRecord> response, request, warcinfo, certificates;
};
Result<CaptureRecords> ReadCaptureRecords(ArchiveReader& reader,
                                          const std::string& id);

// {where_from, how, from_whom, what}; `what` without media.
nlohmann::json CaptureSections(const CaptureRecords& capture);

// The media of a capture, each with its keyframes; their pictures go to
// `pictures` unless it is null.
Result<nlohmann::json> MediaOfCapture(
    ArchiveReader& reader, const CaptureRow& capture,
    std::map<std::string, ReportPicture>* pictures);

// The article as derived: {title, byline, dates, text_sha256, method, ...};
// null without one.
Result<nlohmann::json> ArticleFacts(ArchiveReader& reader,
                                    const CaptureRow& capture);

}  // namespace stemma
