#include "cli/page_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "archive/archive_reader.h"
#include "archive/index.h"
#include "article/extract.h"
#include "cli/capture_now.h"
#include "cli/file_blob.h"
#include "cli/publication_of.h"
#include "cli/session.h"
#include "core/article_json.h"
#include "core/http_head.h"
#include "core/url.h"
#include "fetch/coding.h"
#include "hash/sha256.h"
#include "media/keyframes.h"

namespace stemma::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::uint64_t kMaxPageBytes = std::uint64_t{64} << 20;

bool IsFile(std::string_view reference) {
  std::error_code error;
  return fs::exists(fs::path(reference), error) &&
         !fs::is_directory(fs::path(reference), error);
}

bool IsDigest(std::string_view reference) {
  return Sha256::Parse(reference).has_value();
}

Error NothingThere(std::string_view reference, const fs::path& archive) {
  return Error(ErrorCode::kNotFound,
               fmt::format("'{}' is no file, no URL, and no id in the archive "
                           "'{}'; 'stemma list' shows what is there",
                           reference, archive.string()));
}

struct Found {
  std::unique_ptr<ArchiveReader> reader;
  CaptureRow capture;
};

Result<Found> CaptureOfUrl(Session& session, const Url& url,
                           const SourceOptions& options) {
  const std::string address = url.HrefWithoutFragment();
  Result<std::unique_ptr<ArchiveReader>> reader =
      ArchiveReader::Open(session.ArchiveDir());
  if (!reader && reader.error().code() != ErrorCode::kNotFound) {
    return std::move(reader).error();
  }
  if (reader) {
    Result<CaptureRow> capture = (*reader)->NewestCaptureOf(address);
    if (capture) return Found{*std::move(reader), *std::move(capture)};
    if (capture.error().code() != ErrorCode::kNotFound) {
      return std::move(capture).error();
    }
  }
  if (!options.fetch) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("{} has no capture in the archive '{}', and "
                             "--no-fetch forbids capturing it now",
                             address, session.ArchiveDir().string()));
  }
  STEMMA_TRY(const std::string id, CaptureNow(session, url));
  STEMMA_TRY(auto fresh, ArchiveReader::Open(session.ArchiveDir()));
  STEMMA_TRY(CaptureRow capture, fresh->CaptureById(id));
  return Found{std::move(fresh), std::move(capture)};
}

Result<Found> FindCapture(Session& session, std::string_view reference,
                          const SourceOptions& options) {
  if (IsUrl(reference)) {
    STEMMA_TRY(const Url url, Url::Parse(reference));
    return CaptureOfUrl(session, url, options);
  }
  Result<std::unique_ptr<ArchiveReader>> reader =
      ArchiveReader::Open(session.ArchiveDir());
  if (!reader) {
    if (reader.error().code() == ErrorCode::kNotFound) {
      return NothingThere(reference, session.ArchiveDir());
    }
    return std::move(reader).error();
  }
  Result<CaptureRow> capture = (*reader)->CaptureById(reference);
  if (!capture) {
    if (capture.error().code() == ErrorCode::kNotFound) {
      return NothingThere(reference, session.ArchiveDir());
    }
    return std::move(capture).error();
  }
  return Found{*std::move(reader), *std::move(capture)};
}

// The record that holds the page's payload: revisits are followed.
Result<StoredRecord> PageRecord(Found& found) {
  if (found.capture.page_record.empty()) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("capture {} of {} holds no response{}{}",
                             found.capture.id, found.capture.target,
                             found.capture.error.empty() ? "" : ": ",
                             found.capture.error));
  }
  STEMMA_TRY(StoredRecord record,
             found.reader->RecordById(found.capture.page_record));
  if (record.info.type == "revisit") {
    STEMMA_TRY(StoredRecord original, found.reader->ResolveRevisit(record));
    return original;
  }
  return record;
}

Result<LoadedPage> PageOfCapture(Found& found) {
  STEMMA_TRY(const StoredRecord record, PageRecord(found));
  STEMMA_TRY(std::string coded, record.payload.ReadAll(kMaxPageBytes));
  LoadedPage page;
  page.body_sha256 = Sha256Of(coded).Hex();
  STEMMA_TRY(page.body, DecodeContent(record.http_head, std::move(coded)));
  page.content_type = FieldOf(record.http_head, "content-type");
  page.url = found.capture.final_url.empty() ? found.capture.target
                                             : found.capture.final_url;
  page.capture_id = found.capture.id;
  page.fetched_at = ParseTime(found.capture.started);
  return page;
}

Result<std::string> ReadFile(std::string_view path) {
  STEMMA_TRY(const Blob blob, FileBlob(std::string(path)));
  Result<std::string> bytes = blob.ReadAll(kMaxPageBytes);
  if (!bytes) return std::move(bytes).error().Context(path);
  return bytes;
}

bool LooksLikeHtml(std::string_view path, std::string_view bytes) {
  for (const std::string_view suffix : {".html", ".htm", ".xhtml"}) {
    if (path.ends_with(suffix)) return true;
  }
  const std::size_t first = bytes.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  return first != std::string_view::npos && bytes[first] == '<';
}

// A row of `import --articles`, or plain text with what a file name tells.
Publication PublicationOfRow(const Json& row) {
  Publication p;
  p.id = row.value("id", "");
  p.url = row.value("url", "");
  p.site = row.value("site", "");
  p.title = row.value("title", "");
  p.byline = row.value("byline", "");
  p.language = row.value("lang", "");
  p.published_at = ParseTime(row.value("published_at", ""));
  p.fetched_at = ParseTime(row.value("fetched_at", ""));
  p.links = row.value("links", std::vector<std::string>{});
  p.canonical = row.value("canonical", "");
  p.text = row.value("text", "");
  p.text_sha256 = Sha256Of(p.text);
  return p;
}

Result<LoadedPublication> PublicationOfJson(std::string_view path,
                                            std::string_view bytes) {
  const Json json = Json::parse(bytes, nullptr, false);
  const auto bad = [&](std::string_view why) {
    return Error(ErrorCode::kMalformed, fmt::format("{}: {}", path, why));
  };
  if (!json.is_object()) return bad("not a JSON object");
  LoadedPublication loaded;
  loaded.body_sha256 = Sha256Of(bytes).Hex();
  if (json.contains("schema")) {
    Result<Article> article = ArticleFromJson(json);
    if (!article) return std::move(article).error().Context(path);
    loaded.publication = PublicationOf(*article, std::string(path));
    loaded.method = article->method;
    loaded.article = *std::move(article);
    return loaded;
  }
  try {  // nlohmann reports a wrong type by throwing
    loaded.publication = PublicationOfRow(json);
  } catch (const Json::exception& error) {
    return bad(error.what());
  }
  if (loaded.publication.id.empty()) loaded.publication.id = path;
  loaded.method = "as-given";
  return loaded;
}

Result<LoadedPublication> PublicationOfFile(std::string_view path) {
  STEMMA_TRY(const std::string bytes, ReadFile(path));
  if (path.ends_with(".json")) return PublicationOfJson(path, bytes);
  LoadedPublication loaded;
  loaded.body_sha256 = Sha256Of(bytes).Hex();
  if (LooksLikeHtml(path, bytes)) {
    Result<Article> article = ExtractArticle({bytes, "", ""});
    if (!article) return std::move(article).error().Context(path);
    loaded.publication = PublicationOf(*article, std::string(path));
    loaded.method = article->method;
    loaded.article = *std::move(article);
    return loaded;
  }
  loaded.publication.id = path;
  loaded.publication.text = bytes;
  loaded.publication.text_sha256 = Sha256Of(bytes);
  loaded.method = "as-given";
  return loaded;
}

// The derived article if there is one, else made now from the stored page.
Result<LoadedPublication> PublicationOfCapture(Found& found) {
  STEMMA_TRY(const LoadedPage page, PageOfCapture(found));
  LoadedPublication loaded;
  loaded.body_sha256 = page.body_sha256;
  STEMMA_TRY(const std::vector<DerivedRow> derived,
             found.reader->index().DerivedOf(found.capture.id, "article"));
  Result<Article> article = Error(ErrorCode::kNotFound, "no article derived");
  if (!derived.empty()) {
    STEMMA_TRY(const StoredRecord record,
               found.reader->RecordById(derived.back().record_id));
    STEMMA_TRY(const std::string text, record.payload.ReadAll(kMaxPageBytes));
    article = ArticleFromJson(Json::parse(text, nullptr, false));
  }
  if (!article) {
    article = ExtractArticle({page.body, page.content_type, page.url});
  }
  if (!article) return std::move(article).error().Context(page.url);
  loaded.publication = PublicationOf(*article, found.capture.id);
  loaded.publication.fetched_at = page.fetched_at;
  loaded.method = article->method;
  loaded.article = *std::move(article);
  STEMMA_TRY(const std::vector<MediaRow> media,
             found.reader->index().MediaOf(found.capture.id));
  for (const MediaRow& medium : media) {
    loaded.publication.media.push_back(medium.payload_sha256);
  }
  return loaded;
}

Result<LoadedVideo> StoredVideo(Session& session, std::string_view reference,
                                const SourceOptions& options) {
  std::shared_ptr<ArchiveReader> reader;
  MediaRow medium;
  if (IsDigest(reference)) {
    STEMMA_TRY(auto opened, ArchiveReader::Open(session.ArchiveDir()));
    STEMMA_TRY(
        const std::vector<MediaRow> rows,
        opened->index().MediaWithPayload(Sha256::Parse(reference)->Hex()));
    if (rows.empty()) return NothingThere(reference, session.ArchiveDir());
    medium = rows.front();
    reader = std::move(opened);
  } else {
    STEMMA_TRY(Found found, FindCapture(session, reference, options));
    STEMMA_TRY(const std::vector<MediaRow> rows,
               found.reader->index().MediaOf(found.capture.id));
    if (rows.empty()) {
      return Error(ErrorCode::kNotFound,
                   fmt::format("capture {} of {} holds no video",
                               found.capture.id, found.capture.target));
    }
    medium = rows.front();
    reader = std::move(found.reader);
  }
  STEMMA_TRY(StoredRecord record, reader->RecordById(medium.record_id));
  if (record.info.type == "revisit") {
    STEMMA_TRY(StoredRecord original, reader->ResolveRevisit(record));
    record = std::move(original);
  }
  LoadedVideo video;
  // The blob reads through the reader: keep it alive as long as the blob.
  video.bytes = Blob(record.payload.size(),
                     [reader, payload = record.payload](std::uint64_t offset,
                                                        std::span<char> out) {
                       return payload.ReadAt(offset, out);
                     });
  video.name = medium.url;
  video.capture_id = medium.capture_id;
  video.sha256 = medium.payload_sha256;
  return video;
}

}  // namespace

bool IsUrl(std::string_view reference) {
  return reference.starts_with("http://") || reference.starts_with("https://");
}

Result<LoadedPage> LoadPage(Session& session, std::string_view reference,
                            const SourceOptions& options) {
  if (!IsUrl(reference) && IsFile(reference)) {
    LoadedPage page;
    STEMMA_TRY(page.body, ReadFile(reference));
    page.body_sha256 = Sha256Of(page.body).Hex();
    return page;
  }
  STEMMA_TRY(Found found, FindCapture(session, reference, options));
  return PageOfCapture(found);
}

Result<LoadedPublication> LoadPublication(Session& session,
                                          std::string_view reference,
                                          const SourceOptions& options) {
  if (!IsUrl(reference) && IsFile(reference)) {
    return PublicationOfFile(reference);
  }
  Result<Found> found = FindCapture(session, reference, options);
  if (found) return PublicationOfCapture(*found);
  if (IsUrl(reference) || found.error().code() != ErrorCode::kNotFound) {
    return std::move(found).error();
  }
  // Not a capture: perhaps an imported article.
  Result<std::unique_ptr<ArchiveReader>> reader =
      ArchiveReader::Open(session.ArchiveDir());
  if (!reader) return std::move(found).error();
  Result<Publication> row = (*reader)->PublicationById(reference);
  if (!row) return std::move(found).error();
  LoadedPublication loaded;
  loaded.body_sha256 = row->text_sha256.Hex();
  loaded.publication = *std::move(row);
  loaded.method = "as-imported";
  return loaded;
}

Result<LoadedVideo> LoadVideo(Session& session, std::string_view reference,
                              const SourceOptions& options) {
  if (!IsUrl(reference) && IsFile(reference)) {
    LoadedVideo video;
    STEMMA_TRY(video.bytes, FileBlob(std::string(reference)));
    video.name = fs::path(reference).filename().string();
    return video;
  }
  return StoredVideo(session, reference, options);
}

}  // namespace stemma::cli
