#include "archive/export.h"

#include <fmt/format.h>
#include <unistd.h>
#include <zip.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>

#include "archive/append_file.h"
#include "archive/bundle_seal.h"
#include "archive/bundles_to_give.h"
#include "archive/durable_file.h"
#include "archive/index.h"
#include "archive/index_rows.h"
#include "archive/record_scan.h"
#include "archive/stored_record.h"
#include "hash/labelled_digest.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

std::string Gzip(std::string_view bytes) {
  z_stream z{};
  deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, bytes.size()) + 32, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(out.size() - z.avail_out);
  deflateEnd(&z);
  return out;
}

// A .warc.gz, one member a record, with the CDXJ of what went in.
class GzipWarc {
 public:
  static Result<std::unique_ptr<GzipWarc>> Create(const fs::path& path) {
    STEMMA_TRY(AppendFile file, AppendFile::Create(path));
    return std::unique_ptr<GzipWarc>(new GzipWarc(std::move(file)));
  }
  ~GzipWarc() { deflateEnd(&z_); }
  GzipWarc(const GzipWarc&) = delete;
  GzipWarc& operator=(const GzipWarc&) = delete;

  Status Begin() {
    deflateReset(&z_);
    begin_ = file_.size() + pending_.size();
    return {};
  }
  Status Put(std::string_view bytes) { return Deflate(bytes, Z_NO_FLUSH); }
  // Ends the record; `info` gets its place and goes into the index.
  Status End(RecordInfo info, std::string_view filename) {
    STEMMA_CHECK_OK(Deflate({}, Z_FINISH));
    info.offset = begin_;
    info.length = file_.size() + pending_.size() - begin_;
    digest_.Update(pending_since_);
    pending_since_.clear();
    const std::string record_digest = digest_.Finish().Labelled();
    if (auto line = CdxjOf(info, filename)) {
      line->record_digest = record_digest;
      lines_.push_back(line->Text());
    }
    ++records_;
    return pending_.size() >= (1 << 20) ? Flush() : Status();
  }
  Status Close() {
    STEMMA_CHECK_OK(Flush());
    return file_.Sync();
  }
  std::uint64_t size() const { return file_.size(); }
  std::uint64_t records() const { return records_; }
  std::vector<std::string> SortedLines() {
    std::sort(lines_.begin(), lines_.end());
    return std::move(lines_);
  }

 private:
  explicit GzipWarc(AppendFile file) : file_(std::move(file)) {
    deflateInit2(&z_, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  }
  Status Deflate(std::string_view bytes, int flush) {
    char out[64 << 10];
    z_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    z_.avail_in = static_cast<uInt>(bytes.size());
    int outcome = Z_OK;
    do {
      z_.next_out = reinterpret_cast<Bytef*>(out);
      z_.avail_out = sizeof(out);
      outcome = deflate(&z_, flush);
      const std::string_view made(out, sizeof(out) - z_.avail_out);
      pending_ += made;
      pending_since_ += made;
    } while (z_.avail_out == 0 ||
             (flush == Z_FINISH && outcome != Z_STREAM_END));
    if (pending_since_.size() >= (256 << 10)) {
      digest_.Update(pending_since_);
      pending_since_.clear();
    }
    return pending_.size() >= (4 << 20) ? Flush() : Status();
  }
  Status Flush() {
    STEMMA_TRY(const std::uint64_t at, file_.Append(pending_));
    static_cast<void>(at);
    pending_.clear();
    return {};
  }

  AppendFile file_;
  z_stream z_{};
  std::string pending_, pending_since_;
  Sha256Hasher digest_;
  std::uint64_t begin_ = 0, records_ = 0;
  std::vector<std::string> lines_;
};

// The records of a bundle, as they are.
class CopySink : public RecordInfoSink {
 public:
  CopySink(GzipWarc& to, std::string_view filename, const BundleToGive& bundle)
      : to_(to), filename_(filename), bundle_(bundle) {}
  void OnRecord(std::uint64_t offset, const WarcHeader& header,
                std::string_view text,
                const std::vector<std::string>& oddities) override {
    RecordInfoSink::OnRecord(offset, header, text, oddities);
    gives_ = bundle_.Gives(offset) || header.type() == "warcinfo";
    if (!gives_) return;
    Take(to_.Begin());
    Take(to_.Put(text));
  }
  void OnBlock(std::string_view bytes) override {
    RecordInfoSink::OnBlock(bytes);
    if (gives_) Take(to_.Put(bytes));
  }
  void OnProblem(std::uint64_t offset, std::string_view code,
                 std::string text) override {
    Take(Error(ErrorCode::kCorrupt,
               fmt::format("at {}: {}: {}", offset, code, text)));
  }
  const Status& status() const { return status_; }

 protected:
  void OnInfo(const WarcHeader&, const RecordInfo& info, std::string_view,
              bool) override {
    if (!gives_) return;
    Take(to_.Put("\r\n\r\n"));
    Take(to_.End(info, filename_));
  }

 private:
  void Take(Status status) {
    if (status_ && !status) status_ = std::move(status);
  }
  GzipWarc& to_;
  std::string filename_;
  const BundleToGive& bundle_;
  bool gives_ = false;
  Status status_;
};

// Records of the chosen captures, each once, originals of revisits before all.
class Selection {
 public:
  Selection(ArchiveReader& reader, ExportReport& report)
      : reader_(reader), report_(report) {}
  Result<std::vector<RecordInfo>> Of(const std::vector<std::string>& captures) {
    for (const std::string& id : captures) {
      STEMMA_TRY(const CaptureRow row, reader_.CaptureById(id));
      STEMMA_TRY(const std::vector<RecordInfo> records,
                 reader_.index().RecordsOf(row.id));
      for (const RecordInfo& record : records) STEMMA_CHECK_OK(Add(record));
    }
    return std::move(records_);
  }

 private:
  Status Add(const RecordInfo& record) {
    if (!seen_.insert(record.id).second) return {};
    STEMMA_CHECK_OK(AddWarcinfo(record.bundle));
    if (record.type == "revisit") {
      STEMMA_TRY(const StoredRecord revisit, reader_.RecordAt(record));
      const Result<StoredRecord> original = reader_.ResolveRevisit(revisit);
      if (original) {
        STEMMA_CHECK_OK(Add(original->info));
      } else {
        report_.missing.push_back(record.id);
      }
    }
    records_.push_back(record);
    return {};
  }
  // The bundle's first record explains all others of it.
  Status AddWarcinfo(const std::string& bundle) {
    if (!bundles_.insert(bundle).second) return {};
    BundleShelf shelf(reader_.dir());
    STEMMA_TRY(const auto view, shelf.Find(bundle));
    FrameWalker walker(view->file());
    while (true) {
      STEMMA_TRY(const std::optional<FrameInfo> frame, walker.Next());
      if (!frame) return {};
      if (frame->kind != FrameInfo::Kind::kData) continue;
      STEMMA_TRY(StoredRecord record,
                 OpenRecord(view, frame->offset, frame->size));
      record.info.bundle = bundle;
      if (record.info.type == "warcinfo") records_.push_back(record.info);
      return {};
    }
  }

  ArchiveReader& reader_;
  ExportReport& report_;
  std::set<std::string> seen_, bundles_;
  std::vector<RecordInfo> records_;
};

Status CopyRecord(ArchiveReader& reader, const RecordInfo& record, GzipWarc& to,
                  std::string_view filename) {
  STEMMA_TRY(const Blob bytes, reader.RecordBytes(record));
  STEMMA_CHECK_OK(to.Begin());
  STEMMA_CHECK_OK(bytes.ForEachPiece(
      [&to](std::string_view piece) { return to.Put(piece); }));
  return to.End(record, filename);
}

Status WriteRecords(ArchiveReader& reader, const ExportOptions& options,
                    GzipWarc& to, std::string_view filename,
                    ExportReport& report) {
  if (!options.captures.empty()) {
    STEMMA_TRY(const std::vector<RecordInfo> records,
               Selection(reader, report).Of(options.captures));
    for (const RecordInfo& record : records) {
      STEMMA_CHECK_OK(CopyRecord(reader, record, to, filename));
    }
    return {};
  }
  STEMMA_TRY(const std::vector<BundleToGive> bundles, BundlesToGive(reader));
  for (const BundleToGive& bundle : bundles) {
    STEMMA_TRY(const Blob file, bundle.File());
    CopySink sink(to, filename, bundle);
    STEMMA_CHECK_OK(ScanWarc(file, sink));
    if (!sink.status()) return sink.status().error().Context(bundle.name);
  }
  return {};
}

// A name to write to before the final one; removed if not renamed.
class Unfinished {
 public:
  explicit Unfinished(const fs::path& to)
      : to_(to), beside_(to.string() + ".part") {
    std::error_code ignored;
    fs::remove(beside_, ignored);
  }
  ~Unfinished() {
    std::error_code ignored;
    fs::remove(beside_, ignored);
  }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  const fs::path& path() const { return beside_; }
  Status Settle() {
    std::error_code failed;
    fs::rename(beside_, to_, failed);
    if (failed) {
      return Error(ErrorCode::kIo, fmt::format("renaming to {}: {}",
                                               to_.string(), failed.message()));
    }
    return SyncFolder(to_.parent_path());
  }

 private:
  fs::path to_, beside_;
};

// pages.jsonl: captures with a page, ts as its WARC-Date.
Result<std::string> PagesOf(ArchiveReader& reader, const ExportOptions& options,
                            ExportReport& report) {
  std::string text =
      R"({"format":"json-pages-1.0","id":"pages","title":"All Pages"})"
      "\n";
  const std::set<std::string> wanted(options.captures.begin(),
                                     options.captures.end());
  CaptureQuery query;
  query.newest_first = false;
  query.limit = 1000;
  while (true) {
    STEMMA_TRY(const std::vector<CaptureRow> rows,
               reader.index().Captures(query));
    for (const CaptureRow& row : rows) {
      if (!wanted.empty() && !wanted.contains(row.id) &&
          !wanted.contains(
              row.id.substr(std::min<std::size_t>(9, row.id.size())))) {
        continue;
      }
      if (row.page_record.empty() || row.status >= 400 ||
          !row.mime.starts_with("text/html")) {
        continue;
      }
      STEMMA_TRY(const auto record, reader.index().Record(row.page_record));
      if (!record) continue;
      Json page = {
          {"id", row.id.substr(std::min<std::size_t>(9, row.id.size()))},
          {"url", record->uri},
          {"ts", record->date},
          {"size", record->payload_bytes},
          {"seed", row.target == record->uri}};
      STEMMA_TRY(const auto article, reader.index().PublicationById(row.id));
      page["title"] =
          article && !article->title.empty() ? article->title : record->uri;
      text += page.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
      ++report.pages;
    }
    if (rows.size() < query.limit) return text;
    query.offset += rows.size();
  }
}

struct DiscardZip {
  void operator()(zip_t* zip) const { zip_discard(zip); }
};

class ZipWriter {
 public:
  explicit ZipWriter(const fs::path& path) {
    int code = 0;
    zip_.reset(zip_open(path.c_str(), ZIP_CREATE | ZIP_EXCL, &code));
  }
  Status Add(const std::string& name, zip_source_t* source, bool deflate,
             TimePoint time) {
    if (!zip_ || source == nullptr) return Failed(name);
    const zip_int64_t index =
        zip_file_add(zip_.get(), name.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      zip_source_free(source);
      return Failed(name);
    }
    const auto at = static_cast<zip_uint64_t>(index);
    zip_set_file_compression(zip_.get(), at,
                             deflate ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
    zip_file_set_mtime(zip_.get(), at,
                       std::chrono::system_clock::to_time_t(time), 0);
    return {};
  }
  // Kept alive until Close, as libzip reads only then.
  Status AddText(const std::string& name, std::string text, bool deflate,
                 TimePoint time) {
    kept_.push_back(std::make_unique<std::string>(std::move(text)));
    if (!zip_) return Failed(name);
    return Add(name,
               zip_source_buffer(zip_.get(), kept_.back()->data(),
                                 kept_.back()->size(), 0),
               deflate, time);
  }
  Status AddFile(const std::string& name, const fs::path& file,
                 TimePoint time) {
    if (!zip_) return Failed(name);
    return Add(name, zip_source_file(zip_.get(), file.c_str(), 0, -1), false,
               time);
  }
  Status Close() {
    if (!zip_) return Failed("the package");
    if (zip_close(zip_.get()) != 0) return Failed("the package");
    zip_.release();
    return {};
  }

 private:
  Error Failed(const std::string& what) {
    return Error(ErrorCode::kIo,
                 fmt::format("packing {}: {}", what,
                             zip_ ? zip_strerror(zip_.get()) : "cannot open"));
  }
  std::unique_ptr<zip_t, DiscardZip> zip_;
  std::vector<std::unique_ptr<std::string>> kept_;
};

Json ResourceOf(const std::string& path, std::uint64_t bytes,
                const std::string& hash) {
  return {{"name", path.substr(path.rfind('/') + 1)},
          {"path", path},
          {"hash", hash},
          {"bytes", bytes}};
}

Result<std::string> DigestOfFile(const fs::path& path) {
  STEMMA_TRY(const Blob file, BlobOfFile(path.string()));
  STEMMA_TRY(const Sha256 digest, Sha256OfBlob(file));
  return digest.Labelled();
}

}  // namespace

CompressedCdx CompressCdx(const std::vector<std::string>& lines,
                          std::string_view filename,
                          std::size_t lines_a_block) {
  CompressedCdx made;
  made.idx = fmt::format(
      "!meta 0 {{\"format\":\"cdxj-gzip-1.0\",\"filename\":\"{}\"}}\n",
      filename);
  for (std::size_t i = 0; i < lines.size(); i += lines_a_block) {
    std::string block;
    for (std::size_t j = i; j < std::min(i + lines_a_block, lines.size());
         ++j) {
      block += lines[j] + "\n";
    }
    const std::string packed = Gzip(block);
    const std::string& first = lines[i];
    const std::size_t json = first.find(" {");
    made.idx +=
        fmt::format("{} {{\"offset\":{},\"length\":{},\"digest\":\"{}\"}}\n",
                    first.substr(0, json), made.gz.size(), packed.size(),
                    Sha256Of(packed).Labelled());
    made.gz += packed;
  }
  return made;
}

Result<ExportReport> ExportWarcGz(ArchiveReader& reader, const fs::path& to,
                                  const ExportOptions& options) {
  STEMMA_CHECK_OK(RefuseToReplace(to));
  ExportReport report;
  Unfinished part(to);
  STEMMA_TRY(const auto warc, GzipWarc::Create(part.path()));
  STEMMA_CHECK_OK(
      WriteRecords(reader, options, *warc, to.filename().string(), report));
  STEMMA_CHECK_OK(warc->Close());
  STEMMA_CHECK_OK(part.Settle());
  report.records = warc->records();
  report.bytes = warc->size();
  return report;
}

Result<ExportReport> ExportWacz(ArchiveReader& reader, const fs::path& to,
                                const ExportOptions& options) {
  STEMMA_CHECK_OK(RefuseToReplace(to));
  ExportReport report;
  Unfinished warc_part(to.string() + ".warc.gz");
  Unfinished part(to);
  STEMMA_TRY(const auto warc, GzipWarc::Create(warc_part.path()));
  STEMMA_CHECK_OK(WriteRecords(reader, options, *warc, "data.warc.gz", report));
  STEMMA_CHECK_OK(warc->Close());
  report.records = warc->records();
  STEMMA_TRY(const std::string warc_hash, DigestOfFile(warc_part.path()));
  STEMMA_TRY(std::string pages, PagesOf(reader, options, report));

  ZipWriter zip(part.path());
  Json resources = Json::array();
  resources.push_back(
      ResourceOf("archive/data.warc.gz", warc->size(), warc_hash));
  STEMMA_CHECK_OK(
      zip.AddFile("archive/data.warc.gz", warc_part.path(), options.now));
  const auto add = [&](const std::string& name, std::string text,
                       bool deflate) -> Status {
    resources.push_back(
        ResourceOf(name, text.size(), Sha256Of(text).Labelled()));
    return zip.AddText(name, std::move(text), deflate, options.now);
  };
  const std::vector<std::string> lines = warc->SortedLines();
  constexpr std::size_t kLarge = 10'000;
  if (lines.size() > kLarge) {
    CompressedCdx cdx = CompressCdx(lines, "index.cdx.gz");
    STEMMA_CHECK_OK(add("indexes/index.cdx.gz", std::move(cdx.gz), false));
    STEMMA_CHECK_OK(add("indexes/index.idx", std::move(cdx.idx), true));
  } else {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    STEMMA_CHECK_OK(add("indexes/index.cdx", std::move(text), true));
  }
  STEMMA_CHECK_OK(add("pages/pages.jsonl", std::move(pages), true));
  const std::string time = FormatSeconds(options.now);
  const Json package = {
      {"profile", "data-package"},
      {"wacz_version", "1.1.1"},
      {"title", options.title.empty() ? "stemma archive" : options.title},
      {"software", options.software},
      {"created", time},
      {"modified", time},
      {"resources", resources}};
  const std::string datapackage =
      package.dump(2, ' ', false, Json::error_handler_t::replace);
  std::string digest;
  if (options.sign) {
    STEMMA_TRY(digest, options.sign(datapackage));
  } else {
    digest = Json{{"path", "datapackage.json"},
                  {"hash", Sha256Of(datapackage).Labelled()}}
                 .dump();
  }
  STEMMA_CHECK_OK(
      zip.AddText("datapackage.json", datapackage, true, options.now));
  STEMMA_CHECK_OK(zip.AddText("datapackage-digest.json", std::move(digest),
                              true, options.now));
  STEMMA_CHECK_OK(zip.Close());
  std::error_code ignored;
  report.bytes = fs::file_size(part.path(), ignored);
  STEMMA_CHECK_OK(part.Settle());
  return report;
}

}  // namespace stemma
