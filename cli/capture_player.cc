#include "cli/capture_player.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "archive/warc_record.h"
#include "cli/extractor.h"
#include "cli/file_blob.h"
#include "cli/media_shelf.h"
#include "core/time.h"
#include "media/keyframes.h"

namespace stemma::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// A folder of its own beside the job's state, gone when the work is done.
class WorkFolder {
 public:
  static Result<WorkFolder> Make(const fs::path& archive) {
    std::error_code failed;
    fs::create_directories(archive / "jobs", failed);
    std::string name = (archive / "jobs" / "extract-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      return Error(ErrorCode::kIo, "no folder for an extractor in " +
                                       (archive / "jobs").string());
    }
    return WorkFolder(name);
  }
  WorkFolder(WorkFolder&& other) noexcept
      : path_(std::exchange(other.path_, {})) {}
  WorkFolder& operator=(WorkFolder&&) = delete;
  ~WorkFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  explicit WorkFolder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

Result<RecordInfo> KeepFile(const fs::path& file, const Url& url,
                            CaptureDraft& draft, CaptureTools& tools,
                            bool* video) {
  STEMMA_TRY(const Blob blob, FileBlob(file.string()));
  STEMMA_TRY(const std::string prefix, blob.ReadPrefix(4096));
  *video = LooksLikeVideo(prefix);
  WarcHeader header;
  header.Add("WARC-Type", "resource");
  header.Add("WARC-Record-ID", "<" + tools.archive.NewRecordId() + ">");
  header.Add("WARC-Date", FormatSeconds(tools.clock()));
  header.Add("WARC-Target-URI", UriForHeader(url.HrefWithoutFragment()));
  header.Add("Content-Type", *video ? "video/mp4"
                             : file.extension() == ".json"
                                 ? "application/json"
                                 : "application/octet-stream");
  STEMMA_TRY(BodyWriter body, draft.BeginRecord(header));
  STEMMA_CHECK_OK(blob.ForEachPiece(
      [&body](std::string_view piece) { return body.Append(piece); }));
  const Sha256 digest = body.PayloadDigest();
  return body.FinishRecord(header, digest);
}

Result<KeptFilm> Keep(const Extracted& got, const MediaLink& link,
                      const Url& url, const std::string& page_id,
                      const CaptureOptions& options, CaptureTools& tools) {
  STEMMA_TRY(CaptureDraft draft, tools.archive.BeginCapture(
                                     url.HrefWithoutFragment(), tools.clock()));
  KeptFilm kept;
  Json files = Json::array();
  for (const fs::path& file : got.files) {
    bool video = false;
    STEMMA_TRY(const RecordInfo record,
               KeepFile(file, url, draft, tools, &video));
    files.push_back(
        {{"record", record.id}, {"name", file.filename().string()}});
    if (video && !kept.film) kept.film = record;
  }
  if (!got.said.empty()) {
    STEMMA_TRY(
        const RecordInfo said,
        draft.AddMetadata(url.HrefWithoutFragment(), "text/plain", got.said,
                          kept.film ? kept.film->id : std::string()));
    static_cast<void>(said);
  }
  Json facts = {{"embedded_in", page_id},
                {"found_by", link.found_by},
                {"after_block", link.after_block},
                {"extractor",
                 {{"command", options.extractor},
                  {"exit", got.exit_code < 0 ? 255 : got.exit_code},
                  {"player", link.player_id},
                  {"files", std::move(files)}}}};
  if (kept.film) {
    facts["page"] = kept.film->id;
    facts["final"] = url.HrefWithoutFragment();
    STEMMA_TRY(kept.info, draft.Commit(facts));
    return kept;
  }
  kept.error = got.exit_code == 0
                   ? "the extractor brought no video"
                   : fmt::format("the extractor ended with {}", got.exit_code);
  STEMMA_TRY(kept.info,
             draft.CommitFailed(Error(ErrorCode::kNetwork, kept.error), facts));
  return kept;
}

}  // namespace

Result<std::optional<KeptFilm>> CapturePlayer(const MediaLink& link,
                                              const Url& url,
                                              const std::string& page_id,
                                              const CaptureOptions& options,
                                              CaptureTools& tools) {
  const auto go_on = [&tools] {
    return !tools.wait || tools.wait(std::chrono::milliseconds(0));
  };
  const std::string place = "extractor " + url.HrefWithoutFragment();
  if (tools.shelf != nullptr) {
    if (tools.between_requests) tools.between_requests();
    STEMMA_TRY(const auto done, tools.shelf->Take(place, go_on));
    if (!done.empty()) {
      tools.shelf->Put(place, "", "");
      return std::optional<KeptFilm>();
    }
  }
  const auto run = [&]() -> Result<KeptFilm> {
    if (tools.may_fetch) STEMMA_CHECK_OK(tools.may_fetch(url));
    if (tools.between_requests) tools.between_requests();
    STEMMA_TRY(const WorkFolder folder, WorkFolder::Make(tools.archive.dir()));
    ExtractorLimits limits;
    limits.max_bytes = options.media_limits.max_body_bytes;
    limits.time = options.media_limits.total;
    STEMMA_TRY(const Extracted got,
               RunExtractor(options.extractor, url.HrefWithoutFragment(),
                            folder.path(), limits, go_on));
    if (!go_on()) return Error(ErrorCode::kInterrupted, "told to stop");
    return Keep(got, link, url, page_id, options, tools);
  };
  Result<KeptFilm> kept = run();
  if (tools.shelf != nullptr) tools.shelf->Put(place, "done", "");
  if (kept) return std::optional<KeptFilm>(*std::move(kept));
  if (kept.error().code() != ErrorCode::kRefused) return kept.error();
  KeptFilm refused;
  refused.error = kept.error().message();
  return std::optional<KeptFilm>(std::move(refused));
}

}  // namespace stemma::cli
