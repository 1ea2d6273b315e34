// The index: what the log and the bundles say, arranged for looking up. It is
// a cache; Reindex builds it again to the same content. The only abstract
// class of the archive: SQLite today, PostgreSQL beside it later, one
// conformance suite over both.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/records.h"
#include "core/digest.h"
#include "core/publication.h"
#include "core/result.h"
#include "core/time.h"

namespace stemma {

struct CaptureRow {
  std::string id;
  std::uint64_t seq = 0;
  std::string type;         // "capture", "capture.failed", "import"
  std::string t;            // time of the event
  std::string started;      // WARC-Date of its first record, or t
  std::string target;       // as asked for
  std::string final_url;    // after redirects
  int status = 0;           // of the final response
  std::string mime;         // of the final response
  std::string error;        // of a failed one
  std::string event;        // the whole event, one line of JSON
  std::string page_record;  // id of the final response or revisit, or empty
};

struct PublicationRow {
  std::string id;         // capture id, or the imported id
  std::uint64_t seq = 0;  // of the event that brought it
  std::string url, site, title, byline, language, canonical;
  std::string published_at;  // RFC 3339, empty if not claimed
  std::string fetched_at;
  std::string text_sha256;
  std::string method;     // "stemma-article/1"; "import" for rows
  std::string record_id;  // holds the article's JSON, or the row
};

struct MediaRow {
  std::string payload_sha256;  // hex
  std::string capture_id;
  std::string record_id;  // the response, revisit or resource
  std::string url;
  std::string mime;
  std::uint64_t bytes = 0;
  std::string reference;  // the name given at import, else empty
  std::string page;       // capture of the page that embeds it, or empty
};

// Something derived from a medium or a page: where its JSON or image lies.
struct DerivedRow {
  std::string capture_id;
  std::uint64_t seq = 0;
  std::string kind;  // "article", "fingerprint", "keyframe", ...
  std::string method;
  std::string record_id;
  std::string refers_to;      // record it was made from
  std::string of_sha256;      // payload it was made from, hex, or empty
  std::string output_sha256;  // of the record's block
  std::string facts;          // the entry of the event, JSON
};

struct ComparisonRow {
  std::uint64_t seq = 0;
  std::string a, b;           // as in the event: capture or imported ids
  std::string verdict;        // "" when only the video was compared
  std::string video_verdict;  // "" when only the text was compared
  std::string event;          // the whole event, one line of JSON
};

struct CaptureQuery {
  std::string url;  // exact; empty: all
  std::string url_prefix;
  std::string type;  // empty: all
  bool newest_first = true;
  std::size_t limit = 0;  // 0: no limit
  std::size_t offset = 0;
};

class Index {
 public:
  virtual ~Index() = default;

  // Lookups. Ids are with "urn:uuid:"; nullopt or empty when there is none.
  virtual Result<std::optional<CaptureRow>> Capture(std::string_view id) = 0;
  virtual Result<std::vector<CaptureRow>> Captures(const CaptureQuery& q) = 0;
  virtual Result<std::optional<RecordInfo>> Record(std::string_view id) = 0;
  virtual Result<std::vector<RecordInfo>> RecordsOf(
      std::string_view capture_id) = 0;
  // Responses and resources with this payload, oldest first.
  virtual Result<std::vector<RecordInfo>> RecordsWithPayload(
      const Sha256& payload) = 0;
  // Responses of exactly this URL, newest first; revisits only on request.
  virtual Result<std::vector<RecordInfo>> ResponsesOf(std::string_view uri,
                                                      bool with_revisits,
                                                      std::size_t limit) = 0;

  virtual Result<std::optional<PublicationRow>> PublicationById(
      std::string_view id) = 0;
  virtual Result<std::vector<PublicationRow>> PublicationsOf(
      std::string_view url) = 0;
  // In the order of the log, from the event numbered `from_seq` on.
  virtual Status ForEachPublication(
      std::uint64_t from_seq,
      const std::function<Status(const PublicationRow&)>& visit) = 0;

  // Media in this capture, and those that were captured for its page.
  virtual Result<std::vector<MediaRow>> MediaOf(
      std::string_view capture_id) = 0;
  virtual Result<std::vector<MediaRow>> MediaWithPayload(
      std::string_view sha256_hex) = 0;
  virtual Status ForEachMedia(
      const std::function<Status(const MediaRow&)>& visit) = 0;

  virtual Result<std::vector<DerivedRow>> DerivedOf(std::string_view capture_id,
                                                    std::string_view kind) = 0;
  virtual Result<std::vector<DerivedRow>> DerivedFromPayload(
      std::string_view sha256_hex, std::string_view kind) = 0;
  virtual Status ForEachDerived(
      std::string_view kind,
      const std::function<Status(const DerivedRow&)>& visit) = 0;

  virtual Result<std::vector<ComparisonRow>> ComparisonsWith(
      std::string_view id) = 0;
  virtual Status ForEachComparison(
      const std::function<Status(const ComparisonRow&)>& visit) = 0;

  struct Totals {
    std::uint64_t events = 0, captures = 0, failed = 0, records = 0,
                  publications = 0, media = 0, comparisons = 0;
  };
  virtual Result<Totals> Count() = 0;

  // Everything as text in one order: two indexes with the same dump hold the
  // same content.
  virtual Result<std::string> Dump() = 0;
};

// Opens index.sqlite of the archive and brings it up to date with the log. A
// damaged or foreign one is built anew; in memory if `dir` is not writable.
Result<std::unique_ptr<Index>> OpenIndex(const std::filesystem::path& dir);

// Whether index.sqlite, as far as it reaches, says what log and bundles say.
// kIo when it cannot be read.
Result<bool> IndexAgrees(const std::filesystem::path& dir);

// Builds index.sqlite anew from log and bundles; gives what it now holds.
Result<Index::Totals> Reindex(const std::filesystem::path& dir);

}  // namespace stemma
