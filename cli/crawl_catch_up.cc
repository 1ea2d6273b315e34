#include <nlohmann/json.hpp>
#include <utility>

#include "archive/index.h"
#include "cli/crawl_judge.h"
#include "cli/crawl_loop.h"
#include "core/http_head.h"
#include "fetch/coding.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::json;

}  // namespace

Status CrawlLoop::CatchUpWithLog() {
  STEMMA_TRY(std::uint64_t seq, frontier_.SyncedSeq());
  Index* index = archive_.index();
  if (index == nullptr) return {};
  STEMMA_TRY(const Index::Totals totals, index->Count());
  latest_seq_ = totals.events;
  // A frontier that has never run has nothing to catch up with.
  if (seq == 0 && !run_.resumed) {
    return frontier_.SetSyncedSeq(latest_seq_);
  }
  if (totals.events == 0) return {};
  STEMMA_TRY(const auto reader, ArchiveReader::Open(archive_.dir()));
  for (; seq <= totals.events; ++seq) {
    const Result<Json> event = reader->Event(seq);
    if (!event) {
      // Numbers begin at 0 or 1, and end at one of two places.
      if (event.error().code() == ErrorCode::kNotFound) continue;
      return event.error();
    }
    STEMMA_CHECK_OK(ApplyEvent(*reader, *event));
  }
  STEMMA_CHECK_OK(frontier_.SetSyncedSeq(latest_seq_));
  return {};
}

Status CrawlLoop::ApplyEvent(ArchiveReader& reader, const Json& event) {
  const std::string type = event.value("type", "");
  if (type != "capture" && type != "capture.failed") return {};
  if (event.value("job", "") != job().name) return {};
  const Result<CaptureRow> capture = reader.CaptureById(event.value("id", ""));
  if (!capture) return {};  // a page's medium, or not of ours
  if (event.value("kind", "") == "robots") {
    return ApplyRobotsEvent(reader, *capture);
  }
  if (event.contains("page") && event.value("kind", "") != "media") return {};
  return ApplyPageEvent(reader, *capture, event);
}

Status CrawlLoop::ApplyRobotsEvent(ArchiveReader& reader,
                                   const CaptureRow& capture) {
  const Result<Url> url = Url::Parse(capture.target);
  if (!url || capture.status == 0 || capture.status >= 500) return {};
  RobotsRow row;
  row.status = capture.status;
  row.fetched = ParseTime(capture.t).value_or(options_.clock());
  if (capture.status == 200) {
    const Result<StoredRecord> record = reader.RecordById(capture.page_record);
    if (!record) return {};
    Result<std::string> body = record->payload.ReadPrefix(kRobotsBytes);
    if (!body) return {};
    row.body = DecodeContent(record->http_head, *std::move(body)).value_or("");
  }
  return frontier_.KeepRobots(url->Origin(), row);
}

Status CrawlLoop::ApplyPageEvent(ArchiveReader& reader,
                                 const CaptureRow& capture, const Json& event) {
  Result<Url> url = Url::Parse(capture.target);
  if (!url) return {};
  STEMMA_TRY(std::optional<Address> address, frontier_.Find(*url));
  if (!address) {
    NewAddress lost;
    lost.url = *url;
    lost.depth = event.value("depth", 0);
    lost.via = event.value("via", "");
    lost.found_by = event.value("found_by", "");
    for (const AddressKind kind :
         {AddressKind::kFeed, AddressKind::kSitemap, AddressKind::kMedia}) {
      if (event.value("kind", "") == NameOf(kind)) lost.kind = kind;
    }
    STEMMA_TRY(const auto added, frontier_.Add(lost, options_.clock()));
    static_cast<void>(added);
    STEMMA_TRY(address, frontier_.Find(*url));
    if (!address) return {};
  }
  const TimePoint at = ParseTime(capture.t).value_or(options_.clock());
  if (address->last_visit && *address->last_visit >= at) return {};

  // The page is safe; what was made of it may not be. It is read again.
  CaptureReport report;
  report.info.id = capture.id;
  report.info.seq = capture.seq;
  report.status = capture.status;
  report.final_url = *url;
  if (!capture.error.empty()) {
    report.failure = Error(ErrorCode::kNetwork, capture.error);
  }
  report.not_modified = capture.status == 304;
  Discovered found;
  if (!capture.page_record.empty() && capture.status == 200) {
    CaptureOptions how = OptionsFor(*address, "");
    STEMMA_TRY(const auto derived, reader.index().DerivedOf(capture.id, ""));
    how.derive = how.derive && derived.empty();
    Worker nobody;
    STEMMA_TRY(nobody.fetcher, Fetcher::Create(options_.policy));
    CaptureTools tools = ToolsFor(nobody, true);
    STEMMA_CHECK_OK(DeriveCapture(reader, capture.id, how, tools, report));
    STEMMA_TRY(const StoredRecord record,
               reader.RecordById(capture.page_record));
    report.response_head = record.http_head;
    report.etag = FieldOf(record.http_head, "etag");
    report.last_modified = FieldOf(record.http_head, "last-modified");
    if (record.info.type == "revisit") {
      STEMMA_TRY(const StoredRecord original, reader.ResolveRevisit(record));
      report.holder = original.info;
    } else {
      report.holder = record.info;
    }
    if (address->kind == AddressKind::kPage) {
      found = DiscoverFrom(job(), *address, report, at, seen_links_);
    } else {
      const Result<Discovered> listed = ReadListing(*address, report);
      if (listed) found = *listed;
    }
    // Media of the page that the killed run did not come to.
    for (const MediaLink& link : report.found.media) {
      const Result<Url> medium = Url::Parse(link.url);
      if (!job().media || !medium || !medium->IsHttp() ||
          (link.kind != MediaKind::kVideo && link.kind != MediaKind::kHls &&
           link.kind != MediaKind::kDash)) {
        continue;
      }
      STEMMA_TRY(
          const auto stored,
          reader.index().ResponsesOf(medium->HrefWithoutFragment(), true, 1));
      if (!stored.empty()) continue;
      NewAddress missing;
      missing.url = *medium;
      missing.kind = AddressKind::kMedia;
      missing.priority = kPriorityMedia;
      missing.depth = address->depth + 1;
      missing.via = capture.id;  // of a medium: the capture of its page
      missing.found_by = link.found_by;
      found.addresses.push_back(std::move(missing));
    }
  }
  AddAll(found);
  return frontier_.Complete(address->id,
                            JudgeVisit(job(), *address, report, at), at);
}

}  // namespace stemma::cli
