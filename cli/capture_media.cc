#include "cli/capture_media.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "archive/archive_reader.h"
#include "archive/index.h"
#include "cli/c2pa.h"
#include "cli/capture_player.h"
#include "cli/capture_visit.h"
#include "cli/memory.h"
#include "core/digest.h"
#include "media/video_json.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::json;

// The page's media in page order, each address once. The article knows places,
// discovery also sees what is not near the text.
std::vector<MediaLink> MediaToFetch(const CaptureReport& report) {
  std::vector<MediaLink> links;
  std::set<std::string> seen;
  const auto add = [&](const std::vector<MediaLink>& media) {
    for (const MediaLink& link : media) {
      if (IsFetched(link.kind) && seen.insert(link.url).second) {
        links.push_back(link);
      }
    }
  };
  if (report.article) add(report.article->media);
  add(report.found.media);
  return links;
}

// The report of a video the archive has read before.
std::shared_ptr<const VideoReport> KnownReport(const std::string& sha256,
                                               ArchiveWriter& archive) {
  const auto payload = Sha256::Parse(sha256);
  Index* index = payload ? archive.IndexFor(*payload) : nullptr;
  if (!index) return nullptr;
  const auto rows = index->DerivedFromPayload(sha256, "video");
  if (!rows || rows->empty()) return nullptr;
  const auto record = index->Record(rows->front().record_id);
  if (!record || !*record) return nullptr;
  const Result<Blob> blob = archive.Payload(**record);
  if (!blob) return nullptr;
  const Result<std::string> json = blob->ReadAll(std::uint64_t{1} << 30);
  if (!json) return nullptr;
  Result<VideoReport> report = VideoReportFromJson(*json);
  if (!report) return nullptr;
  return std::make_shared<const VideoReport>(*std::move(report));
}

// Reads the video in the worker and keeps report and pictures.
Status DeriveVideo(const RecordInfo& holder, const std::string& capture_id,
                   const CaptureOptions& options, CaptureTools& tools,
                   CapturedMedia& media) {
  media.report = KnownReport(media.sha256, tools.archive);
  if (media.report) return {};
  STEMMA_TRY(const Blob payload, tools.archive.Payload(holder));
  KeyframeOptions how;
  how.mode = options.keyframes;
  how.images_in_memory = options.keyframes != "none";
  how.image_side = 640;
  Result<VideoReport> read = ReadVideo(payload, how);
  if (!read) {
    media.error = "keyframes: " + read.error().message();
    return {};
  }
  JudgeC2pa(payload, *read);
  std::vector<KeyframeImage> images = std::exchange(read->images, {});
  std::vector<DerivedRecord> records;
  records.push_back({"video",
                     "urn:stemma:video:sha256:" + media.sha256,
                     "application/json",
                     ToJson(*read, {.samples = true, .frames = false}).dump(),
                     holder.id,
                     {}});
  for (KeyframeImage& image : images) {
    const Keyframe& frame = read->keyframes[image.keyframe];
    const Json facts = {
        {"pts", frame.pts},
        {"time_base", {frame.time_base.num, frame.time_base.den}},
        {"frame", frame.frame},
        {"pixels_sha256", frame.pixels.Hex()},
        {"pdq_quality", frame.pdq_quality}};
    records.push_back({"keyframe",
                       fmt::format("urn:stemma:keyframe:sha256:{}:{}",
                                   media.sha256, frame.frame),
                       image.mime, std::move(image.bytes), holder.id,
                       facts.dump()});
  }
  Json event = {{"method", kVideoMethod},
                {"payload_sha256", media.sha256},
                {"status", read->status},
                {"mode", read->mode},
                {"frames_decoded", read->frames_decoded},
                {"keyframes", read->keyframes.size()},
                {"shots", read->shots.size()}};
  // What a copy says of its origin, bound as it was found.
  for (const char* key :
       {"c2pa_sha256", "c2pa_bytes", "c2pa_state", "c2pa_codes"}) {
    if (read->facts.contains(key)) event[key] = read->facts[key];
  }
  STEMMA_TRY(const auto logged,
             tools.archive.StageDerived(capture_id, event, records));
  (void)logged;
  if (read->status != "ok") media.error = "video: " + read->reason;
  media.report = std::make_shared<const VideoReport>(*std::move(read));
  return {};
}

Status CaptureMedium(const MediaLink& link, const CaptureOptions& page_options,
                     CaptureTools& tools, CaptureReport& page) {
  CapturedMedia media;
  media.link = link;
  const Result<Url> url = Url::Parse(link.url);
  if (!url || !url->IsHttp()) {
    media.error = "not an http address";
    page.media.push_back(std::move(media));
    return {};
  }
  tools.Say("fetching " + link.url);
  CaptureOptions options = page_options;
  options.headers = {{"Referer", page.final_url.Origin() + "/"}};
  options.facts_json = Json{
      {"embedded_in", page.info.id},
      {"found_by", link.found_by},
      {"after_block",
       link.after_block}}.dump();
  CaptureReport report;
  STEMMA_TRY(ShelfPlace place, ShelfPlace::Take(*url, tools, options));
  STEMMA_TRY(const Visit visit,
             StoreVisit(*url, options, options.media_limits, tools, report));
  place.Learn(report);
  media.capture_id = report.info.id;
  media.sha256 = report.payload_sha256;
  if (visit.last.record) {
    media.bytes =
        (visit.last.original ? *visit.last.original : *visit.last.record)
            .payload_bytes;
  }
  if (report.failure) {
    media.error = report.failure->message();
  } else if (report.status != 200 && report.status != 206 &&
             !(report.not_modified && visit.last.original)) {
    media.error = fmt::format("HTTP status {}", report.status);
  } else if (options.derive && link.kind == MediaKind::kVideo &&
             options.keyframes != "none") {
    STEMMA_CHECK_OK(DeriveVideo(
        visit.last.original ? *visit.last.original : *visit.last.record,
        report.info.id, options, tools, media));
  }
  if (report.truncated && media.error.empty()) {
    media.error = fmt::format("cut: {}", NameOf(*report.truncated));
  }
  page.media.push_back(std::move(media));
  return {};
}

// The page's hosted players, each once, in page order.
std::vector<MediaLink> PlayersOf(const CaptureReport& report) {
  constexpr std::size_t kMostPlayers = 5;
  std::vector<MediaLink> players;
  std::set<std::string> seen;
  const auto add = [&](const std::vector<MediaLink>& media) {
    for (const MediaLink& link : media) {
      const std::string& key =
          link.player_id.empty() ? link.url : link.player_id;
      if (link.kind == MediaKind::kPlayer && seen.insert(key).second &&
          players.size() < kMostPlayers) {
        players.push_back(link);
      }
    }
  };
  if (report.article) add(report.article->media);
  add(report.found.media);
  return players;
}

Status CapturePlayers(const CaptureOptions& options, CaptureTools& tools,
                      CaptureReport& report) {
  if (options.extractor.empty()) return {};
  for (const MediaLink& link : PlayersOf(report)) {
    const Result<Url> url = Url::Parse(link.url);
    if (!url || !url->IsHttp()) continue;
    tools.Say("extracting " + link.url);
    STEMMA_TRY(const std::optional<KeptFilm> kept,
               CapturePlayer(link, *url, report.info.id, options, tools));
    if (!kept) continue;
    CapturedMedia media;
    media.link = link;
    media.capture_id = kept->info.id;
    media.error = kept->error;
    if (kept->film) {
      media.bytes = kept->film->payload_bytes;
      if (kept->film->payload_sha256) {
        media.sha256 = kept->film->payload_sha256->Hex();
      }
      if (options.derive && options.keyframes != "none") {
        STEMMA_CHECK_OK(
            DeriveVideo(*kept->film, kept->info.id, options, tools, media));
      }
    }
    report.media.push_back(std::move(media));
  }
  return {};
}

// The record that holds the payload of a stored medium.
Result<RecordInfo> HolderOf(const MediaRow& row, ArchiveReader& reader) {
  STEMMA_TRY(const StoredRecord stored, reader.RecordById(row.record_id));
  if (stored.info.type != "revisit") return stored.info;
  STEMMA_TRY(const StoredRecord original, reader.ResolveRevisit(stored));
  return original.info;
}

}  // namespace

bool IsFetched(MediaKind kind) {
  return kind == MediaKind::kVideo || kind == MediaKind::kHls ||
         kind == MediaKind::kDash;
}

Status CaptureMediaOfPage(const CaptureOptions& options, CaptureTools& tools,
                          CaptureReport& report) {
  const std::vector<MediaLink> links = MediaToFetch(report);
  const std::size_t fetched =
      std::min(links.size(), static_cast<std::size_t>(options.max_media));
  for (std::size_t i = 0; i < fetched; ++i) {
    STEMMA_CHECK_OK(CaptureMedium(links[i], options, tools, report));
  }
  if (fetched < links.size()) {
    report.notes.push_back(
        fmt::format("{} more media not fetched", links.size() - fetched));
  }
  return CapturePlayers(options, tools, report);
}

Status DeriveLoneVideo(const RecordInfo& page, const RecordInfo& holder,
                       const CaptureOptions& options, CaptureTools& tools,
                       CaptureReport& report) {
  CapturedMedia media;
  media.link.url = report.final_url.Href();
  media.link.found_by = "page itself";
  media.link.mime = page.mime;
  media.capture_id = report.info.id;
  media.sha256 = report.payload_sha256;
  media.bytes = holder.payload_bytes;
  if (options.derive && options.keyframes != "none") {
    STEMMA_CHECK_OK(DeriveVideo(holder, report.info.id, options, tools, media));
  }
  report.media.push_back(std::move(media));
  return {};
}

Status DeriveStoredMedia(ArchiveReader& reader, const CaptureOptions& options,
                         CaptureTools& tools, CaptureReport& report) {
  STEMMA_TRY(const std::vector<MediaRow> rows,
             reader.index().MediaOf(report.info.id));
  for (const MediaRow& row : rows) {
    CapturedMedia media;
    media.link.url = row.url;
    media.link.mime = row.mime;
    media.capture_id = row.capture_id;
    media.sha256 = row.payload_sha256;
    media.bytes = row.bytes;
    const Result<RecordInfo> holder = HolderOf(row, reader);
    if (!holder) {
      if (holder.error().code() != ErrorCode::kNotFound) return holder.error();
      media.error = holder.error().message();  // erased by decision
      report.media.push_back(std::move(media));
      continue;
    }
    const bool playlist =
        row.mime.ends_with("mpegurl") || row.mime == "application/dash+xml";
    if (options.keyframes != "none" && !playlist) {
      STEMMA_CHECK_OK(
          DeriveVideo(*holder, row.capture_id, options, tools, media));
    }
    report.media.push_back(std::move(media));
  }
  return {};
}

}  // namespace stemma::cli
