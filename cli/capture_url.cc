#include "cli/capture_url.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "archive/archive_reader.h"
#include "archive/index.h"
#include "article/discover.h"
#include "cli/capture_compare.h"
#include "cli/capture_media.h"
#include "cli/capture_render.h"
#include "cli/capture_visit.h"
#include "cli/memory.h"
#include "cli/publication_of.h"
#include "core/article_json.h"
#include "core/http_head.h"
#include "fetch/coding.h"
#include "hash/sha256.h"

namespace stemma::cli {
namespace {

using Json = nlohmann::json;

// Pages larger than this are kept but not read.
constexpr std::uint64_t kMaxPageBytes = std::uint64_t{32} << 20;

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

// The page's text as a reader sees it: content coding removed. What was odd
// about that (a body that inflates beyond the limit) is in `notes`.
Result<std::string> PageBody(StoredPage page, CaptureTools& tools,
                             std::vector<std::string>& notes) {
  if (page.payload) {
    return DecodeContent(page.response_head, *std::move(page.payload), {},
                         &notes);
  }
  STEMMA_TRY(const Blob payload, tools.archive.Payload(page.holder));
  STEMMA_TRY(std::string coded, payload.ReadAll(kMaxPageBytes));
  return DecodeContent(page.response_head, std::move(coded), {}, &notes);
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

// The page's links and its article; links alone where it holds none.
Result<Article> ReadArticle(const std::string& body,
                            const std::string& content_type,
                            CaptureReport& report) {
  Result<PageReading> read =
      stemma::ReadPage({body, content_type, report.final_url.Href()});
  if (!read) {
    ReadLinks(body, content_type, report);
    return std::move(read).error();
  }
  report.found = std::move(read->found);
  return std::move(read->article);
}

Status DeriveArticle(const std::string& body, const std::string& content_type,
                     const RecordInfo& page,
                     const std::vector<std::string>& decoding,
                     CaptureTools& tools, CaptureReport& report) {
  Result<Article> article = ReadArticle(body, content_type, report);
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
  Json facts = EventFactsOf(*article, publication);
  if (!decoding.empty()) facts["notes"] = decoding;
  STEMMA_TRY(const auto logged,
             tools.archive.StageDerived(report.info.id, facts, {&record, 1}));
  (void)logged;
  report.article = *std::move(article);
  if (report.article->is_article && !publication.text.empty()) {
    report.publication = std::move(publication);
  }
  return {};
}

// What a stored page is read for: its links and media always, its article and
// verdicts when `options.derive`.
Status ReadPage(StoredPage page, const CaptureOptions& options,
                CaptureTools& tools, CaptureReport& report,
                const std::function<Status(const std::string&)>& media_step) {
  const RecordInfo& record = page.record;
  const std::string content_type = FieldOf(page.response_head, "content-type");
  STEMMA_TRY(const std::string prefix, PagePrefix(page, tools));
  if (LooksLikeVideo(prefix)) {
    return DeriveLoneVideo(record, page.holder, options, tools, report);
  }
  std::vector<std::string> decoding;
  Result<std::string> body = PageBody(std::move(page), tools, decoding);
  report.notes.insert(report.notes.end(), decoding.begin(), decoding.end());
  if (!body) {
    report.notes.push_back("page not read: " + body.error().message());
    return {};
  }
  if (body->empty() || !MayBeArticle(record.mime, *body)) return {};
  if (options.derive) {
    STEMMA_CHECK_OK(
        DeriveArticle(*body, content_type, record, decoding, tools, report));
  } else {
    ReadLinks(*body, content_type, report);
  }
  STEMMA_CHECK_OK(media_step(*body));
  return options.derive ? CompareWithMemory(tools, report) : Status();
}

}  // namespace

Result<CaptureReport> CaptureUrl(const Url& url, const CaptureOptions& options,
                                 CaptureTools& tools) {
  CaptureReport report;
  tools.Say("fetching " + url.HrefWithoutFragment());

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
    page.payload =
        DecodeTransfer(page.response_head, *std::move(visit.last.kept));
  }
  const auto media_step = [&](const std::string& body) -> Status {
    STEMMA_CHECK_OK(RenderPage(body, page.record, options, tools, report));
    if (!options.media) return {};
    return CaptureMediaOfPage(options, tools, report);
  };
  STEMMA_CHECK_OK(
      ReadPage(std::move(page), options, tools, report, media_step));
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
  return ReadPage(StoredPage{page.info, holder, page.http_head, {}}, options,
                  tools, report, [&](const std::string&) {
                    return DeriveStoredMedia(reader, options, tools, report);
                  });
}

}  // namespace stemma::cli
