#include "cli/capture_visit.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "cli/connection_facts.h"
#include "core/digest.h"
#include "core/http_head.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::json;

Result<Visit> FollowHops(const Url& url, const CaptureOptions& options,
                         const FetchLimits& limits, CaptureDraft& draft,
                         CaptureTools& tools) {
  Visit visit;
  visit.final_url = url;
  std::set<std::string> seen;
  for (int hops = 0;; ++hops) {
    seen.insert(visit.final_url.HrefWithoutFragment());
    STEMMA_TRY(Hop hop,
               FetchHop(visit.final_url, options, limits, draft, tools));
    for (std::string& note : hop.notes) visit.notes.push_back(std::move(note));
    // A refused or broken hop does not undo the redirect that led to it: what
    // was captured stays the visit's last word.
    if (hop.failure && visit.last.record) {
      visit.stopped = hop.failure->Context(
          fmt::format("redirect to {}", visit.final_url.Href()));
      return visit;
    }
    visit.last = std::move(hop);
    if (visit.last.failure) return visit;
    const std::optional<Url> next =
        RedirectTarget(visit.last.exchange, visit.final_url);
    if (!next) return visit;
    const std::string target = next->HrefWithoutFragment();
    std::string_view why;
    if (!next->IsHttp()) why = "not an http(s) address";
    if (seen.contains(target)) why = "a redirect loop";
    if (hops >= options.max_redirects) why = "too many redirects";
    if (!why.empty()) {
      visit.stopped = Error(ErrorCode::kNetwork,
                            fmt::format("redirect to {}: {}", target, why));
      return visit;
    }
    visit.redirects.push_back(target);
    visit.final_url = *next;
  }
}

Json JsonOf(const StreamFacts& stream) {
  Json facts = {{"kind", stream.kind},       {"playlists", stream.playlists},
                {"files", stream.files},     {"bytes", stream.bytes},
                {"missing", stream.missing}, {"left_out", stream.left_out},
                {"live", stream.live}};
  if (!stream.choice.empty()) facts["choice"] = stream.choice;
  if (!stream.notes.empty()) facts["notes"] = stream.notes;
  return facts;
}

Json VisitFacts(const Visit& visit, const CaptureOptions& options) {
  Json facts = Json::parse(options.facts_json, nullptr, false);
  if (!facts.is_object()) facts = Json::object();
  facts["final"] = visit.final_url.HrefWithoutFragment();
  facts["connection"] = ConnectionFacts(visit.last.exchange.connection,
                                        visit.last.exchange.started);
  if (visit.last.exchange.status != 0) {
    facts["status"] = visit.last.exchange.status;
  }
  if (!visit.redirects.empty()) facts["redirects"] = visit.redirects;
  if (!visit.last.unusable.empty()) {
    facts["received_hex"] = HexOf(visit.last.unusable);
  }
  if (visit.last.exchange.truncated) {
    facts["truncated"] = NameOf(*visit.last.exchange.truncated);
  }
  if (visit.stopped) {
    facts["redirect_not_followed"] = visit.stopped->message();
  }
  if (!visit.last.joined.empty()) facts["joined"] = visit.last.joined;
  if (visit.stream) facts["stream"] = JsonOf(*visit.stream);
  if (!visit.notes.empty()) facts["notes"] = visit.notes;
  return facts;
}

// Logs the visit; durable on return if the options want that.
Result<CaptureInfo> Log(CaptureDraft& draft, const Visit& visit,
                        const CaptureOptions& options, ArchiveWriter& archive) {
  const Json facts = VisitFacts(visit, options);
  const std::optional<Error>& failure = visit.last.failure;
  if (options.durable_first) {
    return failure ? draft.CommitFailed(*failure, facts) : draft.Commit(facts);
  }
  STEMMA_TRY(CaptureInfo info,
             failure ? draft.StageFailed(*failure, facts) : draft.Stage(facts));
  STEMMA_CHECK_OK(archive.SyncIfMuch());
  return info;
}

}  // namespace

Result<ShelfPlace> ShelfPlace::Take(const Url& url, CaptureTools& tools,
                                    CaptureOptions& options) {
  ShelfPlace place;
  if (tools.shelf == nullptr) return place;
  place.url_ = url.HrefWithoutFragment();
  if (tools.between_requests) tools.between_requests();
  STEMMA_TRY(const MediaShelf::Fields fields,
             tools.shelf->Take(place.url_, [&tools] {
               return !tools.wait || tools.wait(std::chrono::milliseconds(0));
             }));
  place.shelf_ = tools.shelf;
  if (!fields.empty()) {
    std::erase_if(options.headers, [](const auto& field) {
      return field.first.starts_with("If-");
    });
    options.headers.insert(options.headers.end(), fields.begin(), fields.end());
  }
  return place;
}

ShelfPlace::ShelfPlace(ShelfPlace&& other) noexcept
    : shelf_(std::exchange(other.shelf_, nullptr)),
      url_(std::move(other.url_)),
      etag_(std::move(other.etag_)),
      last_modified_(std::move(other.last_modified_)) {}

ShelfPlace::~ShelfPlace() {
  if (shelf_ != nullptr) {
    shelf_->Put(url_, std::move(etag_), std::move(last_modified_));
  }
}

void ShelfPlace::Learn(const CaptureReport& report) {
  const bool whole = report.status == 200 && !report.truncated &&
                     !report.failure && report.redirects.empty();
  if (!whole) return;
  etag_ = report.etag;
  last_modified_ = report.last_modified;
}

Result<Visit> StoreVisit(const Url& url, const CaptureOptions& options,
                         const FetchLimits& limits, CaptureTools& tools,
                         CaptureReport& report) {
  STEMMA_TRY(CaptureDraft draft, tools.archive.BeginCapture(
                                     url.HrefWithoutFragment(), tools.clock()));
  STEMMA_TRY(Visit visit, FollowHops(url, options, limits, draft, tools));
  if (options.streams && !visit.last.original && IsPlaylist(visit.last)) {
    STEMMA_TRY(visit.stream, FetchStream(visit.last, options,
                                         options.media_limits, draft, tools));
  }
  STEMMA_TRY(report.info, Log(draft, visit, options, tools.archive));
  report.failure = visit.last.failure;
  report.final_url = visit.final_url;
  report.status = visit.last.exchange.status;
  report.truncated = visit.last.exchange.truncated;
  report.redirects = visit.redirects;
  report.redirect_not_followed = visit.stopped;
  report.notes = visit.notes;
  if (visit.last.record) {
    const RecordInfo& record = *visit.last.record;
    report.mime = record.mime;
    const RecordInfo& holder =
        visit.last.original ? *visit.last.original : record;
    if (holder.payload_sha256) {
      report.payload_sha256 = holder.payload_sha256->Hex();
    }
    report.not_modified = visit.last.exchange.status == 304;
    report.holder = holder;
  }
  report.response_head = visit.last.exchange.response_head;
  report.bytes = visit.last.exchange.body_bytes;
  report.etag = FieldOf(visit.last.exchange.response_head, "etag");
  report.last_modified =
      FieldOf(visit.last.exchange.response_head, "last-modified");
  return visit;
}

}  // namespace stemma::cli
