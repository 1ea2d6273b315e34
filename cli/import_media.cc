#include "cli/import_media.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <utility>

#include "archive/archive_writer.h"
#include "archive/index.h"
#include "cli/batch_input.h"
#include "cli/file_blob.h"
#include "cli/find_video.h"
#include "cli/session.h"
#include "media/keyframes.h"
#include "media/video_json.h"

namespace stemma::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// A file's bytes without a copy of them in memory.
class MappedFile {
 public:
  static Result<MappedFile> Open(const std::string& path, std::uint64_t size) {
    MappedFile file;
    file.size_ = size;
    if (size == 0) return file;
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
      return Error(ErrorCode::kIo, fmt::format("cannot open '{}'", path));
    }
    file.bytes_ = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    ::close(fd);
    if (file.bytes_ == MAP_FAILED) {
      file.bytes_ = nullptr;
      return Error(ErrorCode::kIo, fmt::format("cannot map '{}'", path));
    }
    return file;
  }
  MappedFile(MappedFile&& other) noexcept
      : bytes_(std::exchange(other.bytes_, nullptr)), size_(other.size_) {}
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile() {
    if (bytes_ != nullptr) ::munmap(bytes_, size_);
  }
  std::string_view bytes() const {
    return {static_cast<const char*>(bytes_), bytes_ == nullptr ? 0 : size_};
  }

 private:
  MappedFile() = default;
  void* bytes_ = nullptr;
  std::size_t size_ = 0;
};

// The type by the first bytes; names lie.
std::string_view TypeOf(std::string_view p) {
  const auto at = [&](std::size_t i, std::string_view text) {
    return p.size() >= i + text.size() && p.substr(i, text.size()) == text;
  };
  if (at(0, "\x89PNG")) return "image/png";
  if (at(0, "\xFF\xD8\xFF")) return "image/jpeg";
  if (at(0, "GIF8")) return "image/gif";
  if (at(0, "\x1A\x45\xDF\xA3")) return "video/x-matroska";
  if (at(0, "RIFF")) return "video/x-msvideo";
  if (at(0, "FLV")) return "video/x-flv";
  if (at(0, "OggS")) return "video/ogg";
  if (at(0, "G")) return "video/mp2t";
  return "video/mp4";
}

Status KeepReport(const VideoReport& report, const RecordInfo& holder,
                  const std::string& capture_id, ArchiveWriter& archive) {
  const std::string sha256 = report.payload.Hex();
  const DerivedRecord record = {
      "video",
      "urn:stemma:video:sha256:" + sha256,
      "application/json",
      ToJson(report, {.samples = true, .frames = false}).dump(),
      holder.id,
      {}};
  const Json event = {{"method", kVideoMethod},
                      {"payload_sha256", sha256},
                      {"status", report.status},
                      {"mode", report.mode},
                      {"frames_decoded", report.frames_decoded},
                      {"keyframes", report.keyframes.size()},
                      {"shots", report.shots.size()}};
  STEMMA_TRY(const CaptureInfo kept,
             archive.AppendDerived(capture_id, event, {&record, 1}));
  static_cast<void>(kept);
  return {};
}

}  // namespace

Result<ImportedMedium> ImportMedium(const MediaToImport& medium,
                                    const ImportMediaOptions& options,
                                    Session& session, ArchiveWriter& archive) {
  STEMMA_TRY(const Blob blob, FileBlob(medium.path));
  STEMMA_TRY(const std::string prefix, blob.ReadPrefix(4096));
  if (!IsMedium(prefix)) {
    return Error(ErrorCode::kUnsupported,
                 fmt::format("import '{}': neither a video nor a PNG or JPEG "
                             "image by its first bytes",
                             medium.path));
  }
  STEMMA_TRY(const VideoReport report, ReadMedium(blob));
  ImportedMedium done;
  done.path = medium.path;
  done.reference = medium.reference;
  done.sha256 = report.payload.Hex();
  done.uri = "urn:stemma:import:sha256:" + done.sha256;
  done.status = report.status;
  done.reason = report.reason;

  STEMMA_TRY(CaptureDraft draft,
             archive.BeginImport(done.uri, session.clock()));
  RecordInfo holder;
  if (options.reference_only) {
    const Json note = {{"path", fs::absolute(medium.path).string()},
                       {"sha256", done.sha256},
                       {"bytes", report.payload_bytes}};
    STEMMA_TRY(
        holder,
        draft.AddMetadata(
            done.uri, "application/json",
            note.dump(-1, ' ', false, Json::error_handler_t::replace), {}));
  } else {
    STEMMA_TRY(const MappedFile file,
               MappedFile::Open(medium.path, blob.size()));
    STEMMA_TRY(holder,
               draft.AddResource(done.uri, TypeOf(prefix), file.bytes()));
  }
  Json media = Json::array();
  media.push_back({{"record", holder.id},
                   {"reference", medium.reference},
                   {"payload_sha256", done.sha256},
                   {"file", fs::path(medium.path).filename().string()}});
  STEMMA_TRY(const CaptureInfo capture,
             draft.Commit({{"media", std::move(media)}}));
  done.capture_id = capture.id;
  if (options.acks) *session.out << "ACK " << done.uri << std::endl;
  STEMMA_CHECK_OK(KeepReport(report, holder, capture.id, archive));
  return done;
}

namespace {

// One answer for each file; in a batch also for lines that cannot be read.
class Import {
 public:
  Import(const ImportMediaOptions& options, Session& session,
         ArchiveWriter& archive)
      : options_(options), session_(session), archive_(archive) {}

  void Take(const MediaToImport& medium) {
    const Result<ImportedMedium> done =
        ImportMedium(medium, options_, session_, archive_);
    if (!done) {
      const int code = session_.Fail(done.error());
      session_.exit_code = std::max(session_.exit_code, code);
      return;
    }
    if (session_.json) {
      *session_.out << Json{{"path", done->path},
                            {"reference", done->reference},
                            {"capture", done->capture_id},
                            {"uri", done->uri},
                            {"sha256", done->sha256},
                            {"status", done->status},
                            {"reason", done->reason}}
                           .dump(-1, ' ', false, Json::error_handler_t::replace)
                    << "\n";
    } else {
      *session_.out << fmt::format("{}  {}  {}\n", done->status,
                                   done->capture_id, ForTerminal(done->path));
    }
    if (!done->reason.empty()) {
      session_.Note(done->path + ": " + done->reason);
    }
  }

  Status TakeLines(BatchInput in) {
    std::string line;
    while (true) {
      STEMMA_TRY(const bool more, in.Next(line));
      if (!more) return {};
      const Json item = Json::parse(line, nullptr, false);
      std::string file, reference;
      if (item.is_object()) {
        for (const char* key : {"file", "path"}) {
          const auto found = item.find(key);
          if (found != item.end() && found->is_string()) file = *found;
        }
        const auto found = item.find("reference");
        if (found != item.end() && found->is_string()) reference = *found;
      }
      if (file.empty()) {
        session_.Note(
            fmt::format("import: line {} names no file", in.number()));
        session_.exit_code = std::max<int>(session_.exit_code, kBadAnswer);
        continue;
      }
      Take({(in.folder() / file).string(), reference});
    }
  }

 private:
  const ImportMediaOptions& options_;
  Session& session_;
  ArchiveWriter& archive_;
};

}  // namespace

void ImportMedia(const std::vector<std::string>& files,
                 const std::string& batch, const ImportMediaOptions& options,
                 Session& session) {
  std::optional<BatchInput> lines;
  if (!batch.empty()) {
    Result<BatchInput> in = BatchInput::Open(batch);
    if (!in) {
      session.exit_code = session.Fail(in.error());
      return;
    }
    lines = *std::move(in);
  }
  ArchiveOptions archive_options;
  archive_options.job = "import";
  archive_options.clock = session.clock;
  Result<std::unique_ptr<ArchiveWriter>> archive =
      ArchiveWriter::Open(session.ArchiveDir(), archive_options);
  if (!archive) {
    session.exit_code = session.Fail(archive.error());
    return;
  }
  Import import(options, session, **archive);
  for (const std::string& file : files) import.Take({file, {}});
  if (!lines) return;
  const Status read = import.TakeLines(*std::move(lines));
  if (!read) session.exit_code = session.Fail(read.error());
}

}  // namespace stemma::cli
