#include "cli/capture_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "archive/archive_reader.h"
#include "archive/index.h"
#include "article/extract.h"
#include "cli/capture_hop.h"
#include "cli/capture_player.h"
#include "cli/capture_stream.h"
#include "cli/media_shelf.h"
#include "cli/memory.h"
#include "cli/publication_of.h"
#include "core/article_json.h"
#include "core/digest.h"
#include "core/http_head.h"
#include "fetch/coding.h"
#include "hash/sha256.h"
#include "media/video_json.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::json;

// Pages larger than this are kept but not read.
constexpr std::uint64_t kMaxPageBytes = std::uint64_t{32} << 20;

void Say(const CaptureTools& tools, std::string_view words) {
  if (tools.progress) tools.progress(words);
}

// --- a visit: hops until something that is no redirect ----------------------

struct Visit {
  Hop last;
  Url final_url;
  std::vector<std::string> redirects;
  std::vector<std::string> notes;
  std::optional<Error> stopped;       // why a redirect was not followed
  std::optional<StreamFacts> stream;  // when it is a playlist
};

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

Json ConnectionFacts(const Connection& connection) {
  Json facts = {{"peer", connection.peer_address},
                {"port", connection.peer_port},
                {"protocol", connection.http_protocol}};
  if (!connection.local_address.empty()) {
    facts["local"] = connection.local_address;
  }
  if (!connection.tls_protocol.empty()) {
    facts["tls"] = connection.tls_protocol;
    facts["cipher"] = connection.cipher_suite;
  }
  if (!connection.tls_verify.empty()) {
    facts["tls_verify"] = connection.tls_verify;
    facts["close_notify"] = connection.tls_close_notify;
  }
  Json chain = Json::array();
  for (const std::string& der : connection.certificates) {
    chain.push_back(Sha256Of(der).Hex());
  }
  if (!chain.empty()) facts["certificates"] = std::move(chain);
  return facts;
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
  facts["connection"] = ConnectionFacts(visit.last.exchange.connection);
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

// A medium's place on the shelf while it is being visited.
class ShelfPlace {
 public:
  static Result<ShelfPlace> Take(const Url& url, CaptureTools& tools,
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
      options.headers.insert(options.headers.end(), fields.begin(),
                             fields.end());
    }
    return place;
  }
  ShelfPlace(ShelfPlace&& other) noexcept
      : shelf_(std::exchange(other.shelf_, nullptr)),
        url_(std::move(other.url_)),
        etag_(std::move(other.etag_)),
        last_modified_(std::move(other.last_modified_)) {}
  ShelfPlace& operator=(ShelfPlace&&) = delete;
  ~ShelfPlace() {
    if (shelf_ != nullptr) {
      shelf_->Put(url_, std::move(etag_), std::move(last_modified_));
    }
  }
  void Learn(const CaptureReport& report) {
    const bool whole = report.status == 200 && !report.truncated &&
                       !report.failure && report.redirects.empty();
    if (!whole) return;
    etag_ = report.etag;
    last_modified_ = report.last_modified;
  }

 private:
  ShelfPlace() = default;
  MediaShelf* shelf_ = nullptr;
  std::string url_, etag_, last_modified_;
};

bool IsFetched(MediaKind kind) {
  return kind == MediaKind::kVideo || kind == MediaKind::kHls ||
         kind == MediaKind::kDash;
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

// Visits and stores. The report has the facts of the visit and nothing derived.
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

// --- what is derived from a stored page -------------------------------------

bool MayBeArticle(std::string_view mime, std::string_view body) {
  if (mime.find("html") != std::string_view::npos) return true;
  if (mime == "text/plain" || mime.starts_with("application/xml")) return false;
  return mime.empty() && body.find('<') != std::string_view::npos;
}

// A page that is stored, and its body where that is still at hand.
struct StoredPage {
  const RecordInfo& record;
  const RecordInfo& holder;  // the response that has its payload
  const std::string& response_head;
  std::optional<std::string> payload;  // transfer coding removed
};

// The page's text as a reader sees it: content coding removed.
Result<std::string> PageBody(const StoredPage& page, CaptureTools& tools,
                             CaptureReport& report) {
  if (page.payload) {
    return DecodeContent(page.response_head, *page.payload, {}, &report.notes);
  }
  STEMMA_TRY(const Blob payload, tools.archive.Payload(page.holder));
  STEMMA_TRY(const std::string coded, payload.ReadAll(kMaxPageBytes));
  return DecodeContent(page.response_head, coded, {}, &report.notes);
}

Result<std::string> PagePrefix(const StoredPage& page, CaptureTools& tools) {
  constexpr std::size_t kPrefix = 4096;
  if (page.payload) return page.payload->substr(0, kPrefix);
  STEMMA_TRY(const Blob payload, tools.archive.Payload(page.holder));
  return payload.ReadPrefix(kPrefix);
}

void ReadLinks(const std::string& body, const std::string& content_type,
               CaptureReport& report) {
  Result<Discovery> found =
      DiscoverAddresses({body, content_type, report.final_url.Href()});
  if (found) {
    report.found = *std::move(found);
  } else {
    report.notes.push_back("links not read: " + found.error().message());
  }
}

Status DeriveArticle(const std::string& body, const std::string& content_type,
                     const RecordInfo& page, CaptureTools& tools,
                     CaptureReport& report) {
  const PageInput input{body, content_type, report.final_url.Href()};
  Result<Article> article = ExtractArticle(input);
  if (!article) {
    report.notes.push_back("article not read: " + article.error().message());
    STEMMA_TRY(const auto logged, tools.archive.StageDerived(
                                      report.info.id,
                                      {{"method", "stemma-article/1"},
                                       {"failed", article.error().message()}},
                                      {}));
    (void)logged;
    return {};
  }
  Publication publication = PublicationOf(*article, report.info.id);
  publication.fetched_at = ParseTime(page.date);
  DerivedRecord record{"article",
                       "urn:stemma:article:" + report.info.id,
                       "application/json",
                       ToRecordJson(*article).dump(),
                       page.id,
                       {}};
  const Json facts = EventFactsOf(*article, publication);
  STEMMA_TRY(const auto logged,
             tools.archive.StageDerived(report.info.id, facts, {&record, 1}));
  (void)logged;
  report.article = *std::move(article);
  if (report.article->is_article && !publication.text.empty()) {
    report.publication = std::move(publication);
  }
  return {};
}

// --- embedded media ---------------------------------------------------------

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
  const Json event = {{"method", kVideoMethod},
                      {"payload_sha256", media.sha256},
                      {"status", read->status},
                      {"mode", read->mode},
                      {"frames_decoded", read->frames_decoded},
                      {"keyframes", read->keyframes.size()},
                      {"shots", read->shots.size()}};
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
  Say(tools, "fetching " + link.url);
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

// --- have we seen this before, and where? -----------------------------------

Json PermilleOf(double share) { return std::lround(share * 1000); }

Status LogComparison(const Relative& relative, const Publication& publication,
                     CaptureTools& tools) {
  const std::string& reference =
      relative.earlier ? relative.publication.id : publication.id;
  const std::string& suspect =
      relative.earlier ? publication.id : relative.publication.id;
  const Comparison& c = relative.comparison;
  int critical = 0;
  for (const Change& change : c.changes) {
    critical += change.severity == Severity::kCritical;
  }
  Json event = {
      {"a", reference},
      {"b", suspect},
      {"verdict", NameOf(c.verdict)},
      {"flags", c.flags},
      {"headline", c.headline},
      {"coverage_permille",
       {PermilleOf(c.coverage_reference), PermilleOf(c.coverage_suspect)}},
      {"critical", critical},
      {"minor", c.changes.size() - static_cast<std::size_t>(critical)},
      {"method", "stemma-norm/1"},
      {"video", {{"verdict", NameOf(relative.video.verdict)}}}};
  STEMMA_TRY(const auto seq, tools.archive.StageEvent("compare", event));
  (void)seq;
  return {};
}

Status CompareWithMemory(CaptureTools& tools, CaptureReport& report) {
  if (!tools.memory || !report.publication) return {};
  std::vector<std::shared_ptr<const VideoReport>> videos;
  for (const CapturedMedia& media : report.media) {
    if (media.report) videos.push_back(media.report);
  }
  std::unique_lock<std::mutex> lock;
  if (tools.memory_lock) lock = std::unique_lock(*tools.memory_lock);
  STEMMA_TRY(report.relatives,
             tools.memory->RelativesOf(*report.publication, videos, 3));
  STEMMA_CHECK_OK(tools.memory->Add(*report.publication, videos));
  lock = {};
  for (const Relative& relative : report.relatives) {
    STEMMA_CHECK_OK(LogComparison(relative, *report.publication, tools));
  }
  return {};
}

// --- everything after the page is safe ---------------------------------------

// The URL is itself a video.
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
    Say(tools, "extracting " + link.url);
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

// What a stored page is read for: its links and media always, its article and
// verdicts when `options.derive`.
Status ReadPage(const StoredPage& page, const CaptureOptions& options,
                CaptureTools& tools, CaptureReport& report,
                const std::function<Status()>& media_step) {
  const std::string content_type = FieldOf(page.response_head, "content-type");
  STEMMA_TRY(const std::string prefix, PagePrefix(page, tools));
  if (LooksLikeVideo(prefix)) {
    return DeriveLoneVideo(page.record, page.holder, options, tools, report);
  }
  Result<std::string> body = PageBody(page, tools, report);
  if (!body) {
    report.notes.push_back("page not read: " + body.error().message());
    return {};
  }
  if (body->empty() || !MayBeArticle(page.record.mime, *body)) return {};
  ReadLinks(*body, content_type, report);
  if (options.derive) {
    STEMMA_CHECK_OK(
        DeriveArticle(*body, content_type, page.record, tools, report));
  }
  STEMMA_CHECK_OK(media_step());
  return options.derive ? CompareWithMemory(tools, report) : Status();
}

// The videos that were captured for a page, decoded now.
Status DeriveStoredMedia(ArchiveReader& reader, const CaptureOptions& options,
                         CaptureTools& tools, CaptureReport& report) {
  STEMMA_TRY(const std::vector<MediaRow> rows,
             reader.index().MediaOf(report.info.id));
  for (const MediaRow& row : rows) {
    STEMMA_TRY(const StoredRecord stored, reader.RecordById(row.record_id));
    RecordInfo holder = stored.info;
    if (stored.info.type == "revisit") {
      STEMMA_TRY(const StoredRecord original, reader.ResolveRevisit(stored));
      holder = original.info;
    }
    CapturedMedia media;
    media.link.url = row.url;
    media.link.mime = row.mime;
    media.capture_id = row.capture_id;
    media.sha256 = row.payload_sha256;
    media.bytes = row.bytes;
    const bool playlist =
        row.mime.ends_with("mpegurl") || row.mime == "application/dash+xml";
    if (options.keyframes != "none" && !playlist) {
      STEMMA_CHECK_OK(
          DeriveVideo(holder, row.capture_id, options, tools, media));
    }
    report.media.push_back(std::move(media));
  }
  return {};
}

}  // namespace

Result<CaptureReport> CaptureUrl(const Url& url, const CaptureOptions& options,
                                 CaptureTools& tools) {
  CaptureReport report;
  Say(tools, "fetching " + url.HrefWithoutFragment());

  CaptureOptions how = options;
  std::optional<ShelfPlace> place;
  const auto kind = MediaKindOfPath(url.Href());
  if (kind && IsFetched(*kind)) {
    STEMMA_TRY(ShelfPlace taken, ShelfPlace::Take(url, tools, how));
    place.emplace(std::move(taken));
  }
  STEMMA_TRY(Visit visit, StoreVisit(url, how, how.limits, tools, report));
  if (place) place->Learn(report);
  place.reset();
  if (tools.between_requests) tools.between_requests();
  if (tools.acknowledge && !report.failure) {
    tools.acknowledge(url.HrefWithoutFragment());
  }
  const bool readable = !report.failure && report.status == 200 &&
                        visit.last.record && !report.not_modified;
  if (!readable) return report;

  StoredPage page{
      *visit.last.record,
      visit.last.original ? *visit.last.original : *visit.last.record,
      visit.last.exchange.response_head,
      {}};
  if (visit.last.kept) {
    page.payload = DecodeTransfer(page.response_head, *visit.last.kept);
    visit.last.kept.reset();
  }
  STEMMA_CHECK_OK(ReadPage(page, options, tools, report, [&]() -> Status {
    if (!options.media) return {};
    return CaptureMediaOfPage(options, tools, report);
  }));
  return report;
}

Status DeriveCapture(ArchiveReader& reader, const std::string& capture_id,
                     const CaptureOptions& options, CaptureTools& tools,
                     CaptureReport& report) {
  STEMMA_TRY(const CaptureRow capture, reader.CaptureById(capture_id));
  report.info.id = capture.id;
  report.info.seq = capture.seq;
  report.status = capture.status;
  report.mime = capture.mime;
  if (capture.page_record.empty() || capture.status != 200) return {};
  STEMMA_TRY(report.final_url,
             Url::Parse(capture.final_url.empty() ? capture.target
                                                  : capture.final_url));
  STEMMA_TRY(const StoredRecord page, reader.RecordById(capture.page_record));
  RecordInfo holder = page.info;
  if (page.info.type == "revisit") {
    STEMMA_TRY(const StoredRecord original, reader.ResolveRevisit(page));
    holder = original.info;
  }
  if (holder.payload_sha256) {
    report.payload_sha256 = holder.payload_sha256->Hex();
  }
  return ReadPage(
      StoredPage{page.info, holder, page.http_head, {}}, options, tools, report,
      [&]() { return DeriveStoredMedia(reader, options, tools, report); });
}

}  // namespace stemma::cli
