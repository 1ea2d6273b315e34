#include "archive/archive_writer.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "archive/archive_core.h"
#include "archive/draft_state.h"
#include "archive/stored_record.h"

namespace stemma {
namespace {

using Json = nlohmann::json;

}  // namespace

ArchiveWriter::ArchiveWriter(std::unique_ptr<ArchiveCore> core)
    : core_(std::move(core)) {}
ArchiveWriter::~ArchiveWriter() = default;

Result<std::unique_ptr<ArchiveWriter>> ArchiveWriter::Open(
    const std::filesystem::path& dir, ArchiveOptions options) {
  auto core = std::make_unique<ArchiveCore>(dir, std::move(options));
  Status opened = core->Open();
  if (!opened) return std::move(opened).error();
  return std::unique_ptr<ArchiveWriter>(new ArchiveWriter(std::move(core)));
}

TimePoint ArchiveWriter::Now() const { return core_->options().clock(); }
const std::filesystem::path& ArchiveWriter::dir() const { return core_->dir(); }

Result<CaptureDraft> ArchiveWriter::BeginCapture(std::string_view url,
                                                 TimePoint started) {
  const std::lock_guard lock(core_->mutex);
  STEMMA_CHECK_OK(core_->CheckUsable());
  STEMMA_CHECK_OK(core_->CheckSpace());
  auto draft = std::make_unique<CaptureDraft::State>();
  draft->core = core_.get();
  draft->id = core_->NewId();
  draft->url = std::string(url);
  draft->started = started;
  return CaptureDraft(std::move(draft));
}

std::string ArchiveWriter::NewRecordId() {
  const std::lock_guard lock(core_->mutex);
  return core_->NewId();
}

Result<CaptureDraft> ArchiveWriter::BeginImport(std::string_view url,
                                                TimePoint started) {
  STEMMA_TRY(CaptureDraft draft, BeginCapture(url, started));
  draft.state_->type = "import";
  return draft;
}

Status ArchiveWriter::Sync() { return core_->Sync(); }
Status ArchiveWriter::SyncIfMuch() { return core_->SyncIfMuch(); }

Result<std::uint64_t> ArchiveWriter::AppendEvent(std::string_view type,
                                                 const Json& fields) {
  std::unique_lock lock(core_->mutex);
  const std::uint64_t seq = core_->next_seq();
  STEMMA_CHECK_OK(core_->Stage(type, fields, {}));
  STEMMA_CHECK_OK(core_->SyncWith(lock));
  return seq;
}

Result<std::uint64_t> ArchiveWriter::StageEvent(std::string_view type,
                                                const Json& fields) {
  const std::lock_guard lock(core_->mutex);
  const std::uint64_t seq = core_->next_seq();
  STEMMA_CHECK_OK(core_->Stage(type, fields, {}));
  return seq;
}

Result<CaptureInfo> ArchiveWriter::StageDerived(
    std::string_view capture_id, const Json& facts,
    std::span<const DerivedRecord> records) {
  return StageMade("derive", capture_id, facts, records);
}

Result<CaptureInfo> ArchiveWriter::StageRows(
    const Json& facts, std::span<const DerivedRecord> records) {
  return StageMade("import", "", facts, records);
}

Result<CaptureInfo> ArchiveWriter::StageMade(
    std::string_view type, std::string_view capture_id, const Json& facts,
    std::span<const DerivedRecord> records) {
  STEMMA_CHECK_OK(CheckEventFields(facts));
  CaptureInfo info{std::string(capture_id), 0, {}};
  std::vector<Json> entries;
  const TimePoint now = core_->options().clock();
  const auto drafts = [&](Lane&) -> Result<std::vector<RecordDraft>> {
    std::vector<RecordDraft> made;
    for (const DerivedRecord& record : records) {
      // A conversion stands on one record; without one it is a resource.
      made.push_back(DraftOther(
          *core_, record.refers_to.empty() ? "resource" : "conversion",
          record.uri, record.content_type, record.bytes, record.refers_to,
          now));
    }
    return made;
  };
  std::unique_lock lock(core_->mutex);
  std::vector<RecordInfo> written;
  if (!records.empty()) {
    STEMMA_TRY(written, core_->WriteToMain(lock, drafts));
  }
  const std::string bundle = written.empty() ? "" : written.front().bundle;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const DerivedRecord& record = records[i];
    written[i].capture_id = info.id;
    Json entry = Json::object();
    if (!record.facts.empty()) {
      entry = Json::parse(record.facts, nullptr, false);
      if (!entry.is_object() || !CheckEventFields(entry)) {
        return Error(ErrorCode::kInvalidArgument,
                     "facts of a derived record are no object for an event");
      }
    }
    entry.update(EntryOf(written[i], bundle, ""));
    if (!record.kind.empty()) entry["kind"] = record.kind;
    entries.push_back(std::move(entry));
  }
  info.records = std::move(written);
  // Several lines if one cannot hold all; each stands for itself.
  std::size_t begin = 0;
  do {
    Json event = facts;
    if (!info.id.empty()) event["of"] = info.id;
    if (!bundle.empty()) event["bundle"] = {{"name", bundle}};
    event["records"] = Json::array();
    std::size_t size =
        event.dump(-1, ' ', false, Json::error_handler_t::replace).size();
    std::size_t end = begin;
    while (end < entries.size()) {
      const std::size_t more =
          entries[end]
              .dump(-1, ' ', false, Json::error_handler_t::replace)
              .size() +
          1;
      if (end > begin && size + more > 60'000) break;
      size += more;
      event["records"].push_back(entries[end++]);
    }
    info.seq = core_->next_seq();
    STEMMA_CHECK_OK(core_->Stage(
        type, event, std::span(info.records).subspan(begin, end - begin)));
    begin = end;
  } while (begin < entries.size());
  return info;
}

Result<CaptureInfo> ArchiveWriter::AppendDerived(
    std::string_view capture_id, const Json& facts,
    std::span<const DerivedRecord> records) {
  STEMMA_TRY(CaptureInfo info, StageDerived(capture_id, facts, records));
  STEMMA_CHECK_OK(core_->Sync());
  return info;
}

Result<Blob> ArchiveWriter::Payload(const RecordInfo& record) {
  BundleShelf shelf(core_->dir());
  STEMMA_TRY(StoredRecord stored, shelf.Record(record));
  return stored.payload;
}

Index* ArchiveWriter::index() {
  const std::lock_guard lock(core_->mutex);
  if (!core_->CatchUpIndex()) return nullptr;
  return core_->index();
}

Index* ArchiveWriter::IndexAsItIs() {
  const std::lock_guard lock(core_->mutex);
  return core_->index();
}

Index* ArchiveWriter::IndexFor(const Sha256& payload) {
  const std::lock_guard lock(core_->mutex);
  if (core_->Recent(payload) && !core_->CatchUpIndex()) return nullptr;
  return core_->index();
}

std::optional<RecordInfo> ArchiveWriter::ResponseOf(std::string_view url) {
  Index* index = nullptr;
  {
    const std::lock_guard lock(core_->mutex);
    if (auto recent = core_->RecentOf(url)) return recent;
    index = core_->index();
  }
  if (index == nullptr) return std::nullopt;
  const auto newest = index->ResponsesOf(url, false, 100);
  if (!newest) return std::nullopt;
  for (const RecordInfo& record : *newest) {
    if (StandsFor304(record)) return record;
  }
  return std::nullopt;
}

std::optional<RecordInfo> ArchiveWriter::ResponseWith(const Sha256& payload) {
  Index* index = nullptr;
  {
    const std::lock_guard lock(core_->mutex);
    if (auto recent = core_->Recent(payload)) return recent;
    if (!core_->IndexHas(payload)) return std::nullopt;
    index = core_->index();
  }
  if (index == nullptr) return std::nullopt;
  const auto same = index->RecordsWithPayload(payload);
  if (!same) return std::nullopt;
  for (const RecordInfo& record : *same) {
    // The index has no date of a record that can no longer be read.
    if (record.type == "response" && record.truncated.empty() &&
        !record.date.empty()) {
      return record;
    }
  }
  return std::nullopt;
}

Result<std::vector<SealedBundle>> ArchiveWriter::SealedBundles() const {
  return stemma::SealedBundles(core_->dir());
}

Result<Repacked> ArchiveWriter::Repack(const SealedBundle& bundle,
                                       const RepackOptions& options) {
  return core_->Repack(bundle, options);
}

Status ArchiveWriter::Redact(const std::string& bundle,
                             const Redactions& before,
                             std::span<const RecordToRedact> records,
                             const Json& more) {
  return core_->Redact(bundle, before, records, more);
}

Result<std::vector<Repacked>> ArchiveWriter::RepackFirstBundles(
    std::uint64_t most_bytes) {
  return core_->RepackFirstBundles(most_bytes);
}

Status ArchiveWriter::Seal() { return core_->Seal(); }
const std::vector<std::string>& ArchiveWriter::recovery_notes() const {
  return core_->notes();
}

}  // namespace stemma
