#include <algorithm>
#include <charconv>

#include "archive/draft_state.h"
#include "archive/event_log.h"
#include "archive/http_block.h"
#include "archive/stored_record.h"

namespace stemma {
namespace {

using Json = nlohmann::json;

// Room for the body that a head announces, as far as it may wait in memory: a
// string that grows holds itself twice. What is never written to costs nothing.
std::size_t LikelySize(std::string_view response_head, std::size_t most) {
  const std::string length = HttpField(response_head, "content-length");
  std::size_t size = 0;
  const auto [end, error] =
      std::from_chars(length.data(), length.data() + length.size(), size);
  return error == std::errc() ? std::min(size, most) : 0;
}

}  // namespace

Json EntryOf(const RecordInfo& record, const std::string& bundle,
             const std::string& target) {
  Json entry = {{"id", record.id},
                {"type", record.type},
                {"offset", record.offset},
                {"length", record.length},
                {"block_sha256", record.block_sha256.Hex()}};
  if (record.bundle != bundle) entry["bundle"] = record.bundle;
  if (!record.uri.empty() && record.uri != target) entry["uri"] = record.uri;
  if (record.payload_sha256) {
    entry["payload_sha256"] = record.payload_sha256->Hex();
  }
  return entry;
}

RecordDraft DraftOther(ArchiveCore& core, std::string_view type,
                       std::string_view uri, std::string_view content_type,
                       std::string_view bytes, std::string_view refers_to,
                       TimePoint date) {
  RecordDraft record;
  record.header.Add("WARC-Type", type);
  record.header.Add("WARC-Record-ID", "<" + core.NewId() + ">");
  record.header.Add("WARC-Date", FormatSeconds(date));
  if (!uri.empty()) record.header.Add("WARC-Target-URI", UriForHeader(uri));
  if (!refers_to.empty()) {
    record.header.Add("WARC-Refers-To", "<" + UriForHeader(refers_to) + ">");
  }
  record.header.Add("Content-Type", UriForHeader(content_type));
  record.body = bytes;
  record.payload_digest = type == "resource";
  record.incompressible = IsPackedType(content_type);
  return record;
}

Result<RecordInfo> WriteOther(ArchiveCore& core, std::string_view type,
                              std::string_view uri,
                              std::string_view content_type,
                              std::string_view bytes,
                              std::string_view refers_to, TimePoint date) {
  STEMMA_TRY(Lane* const main, core.MainLane());
  return core.Write(
      *main, DraftOther(core, type, uri, content_type, bytes, refers_to, date));
}

// With the core's mutex held.
Result<CaptureInfo> CaptureDraft::State::StageAs(std::string_view event_type,
                                                 const Json& facts) {
  if (closed) {
    return Error(ErrorCode::kInvalidArgument, "the capture is closed already");
  }
  STEMMA_CHECK_OK(CheckEventFields(facts));
  Json event = facts;
  const std::string text =
      facts.dump(-1, ' ', false, Json::error_handler_t::replace);
  // A line of the log is short; facts that are not go into a record.
  constexpr std::size_t kLongFacts = 30'000;
  if (text.size() > kLongFacts) {
    STEMMA_TRY(RecordInfo info,
               WriteOther(*core, "metadata", url, "application/json", text, "",
                          started));
    info = Keep(std::move(info));
    event = {{"facts_record", info.id}};
    for (const char* key : {"status", "final", "page", "reason"}) {
      if (facts.contains(key)) event[key] = facts[key];
    }
  }
  event["id"] = id;
  event["target"] = url;
  event["started"] = FormatMillis(started);
  const std::string bundle = records.empty() ? "" : records.front().bundle;
  if (!bundle.empty()) event["bundle"] = {{"name", bundle}};
  Json entries = Json::array();
  for (const RecordInfo& record : records) {
    Json entry = Json::object();
    const auto with = more.find(record.id);
    if (with != more.end()) entry = with->second;
    entry.update(EntryOf(record, bundle, url));
    entries.push_back(std::move(entry));
  }
  // What one line cannot hold goes into lines before it. An entry may be long:
  // it names the address of its hop.
  constexpr std::size_t kLineBytes = 60'000;
  const auto size_of = [](const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace).size() + 1;
  };
  std::size_t left = 0;  // bytes of the entries from `begin` on
  for (const Json& entry : entries) left += size_of(entry);
  const std::size_t beside = size_of(event) + 400;  // seq, prev, t, ...
  CaptureInfo info{id, 0, records};
  std::size_t begin = 0;
  while (begin < entries.size() && beside + left > kLineBytes) {
    Json part = {{"of", id}, {"target", url}, {"bundle", {{"name", bundle}}}};
    std::size_t size = size_of(part) + 400;
    part["records"] = Json::array();
    while (begin < entries.size() && beside + left > kLineBytes) {
      const std::size_t more_size = size_of(entries[begin]);
      if (!part["records"].empty() && size + more_size > kLineBytes) break;
      size += more_size;
      left -= more_size;
      part["records"].push_back(entries[begin++]);
    }
    STEMMA_CHECK_OK(core->Stage("capture.records", part, {}));
  }
  event["records"] =
      Json(entries.begin() + static_cast<std::ptrdiff_t>(begin), entries.end());
  if (begin > 0) event["records_before"] = begin;
  info.seq = core->next_seq();
  STEMMA_CHECK_OK(core->Stage(event_type, event, records));
  closed = true;
  return info;
}

CaptureDraft::CaptureDraft(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
CaptureDraft::CaptureDraft(CaptureDraft&&) noexcept = default;
CaptureDraft& CaptureDraft::operator=(CaptureDraft&&) noexcept = default;
CaptureDraft::~CaptureDraft() {
  if (!state_ || state_->closed || state_->records.empty()) return;
  // Its records are in the bundle; say so, rather than leave them unnamed.
  const std::lock_guard lock(state_->core->mutex);
  const auto staged = state_->StageAs(
      "capture.failed",
      {{"reason", NameOf(ErrorCode::kInterrupted)},
       {"message", "the capture was given up before it was committed"}});
  static_cast<void>(staged);
}

const std::string& CaptureDraft::id() const { return state_->id; }
std::span<const RecordInfo> CaptureDraft::records() const {
  return state_->records;
}

Result<BodyWriter> CaptureDraft::BeginExchange(const Exchange& head) {
  auto body = std::make_unique<BodyWriter::State>();
  {
    const std::lock_guard lock(state_->core->mutex);
    STEMMA_CHECK_OK(state_->core->CheckUsable());
    body->response_id = state_->core->NewId();
  }
  body->core = state_->core;
  body->draft = state_.get();
  body->head = head;
  body->chunked = ReadHttpHead(head.response_head).chunked;
  body->pending.reserve(
      LikelySize(head.response_head, body->core->options().buffer_bytes));
  return BodyWriter(std::move(body));
}

Status CaptureDraft::Note(std::string_view record_id, const Json& more) {
  STEMMA_CHECK_OK(CheckEventFields(more));
  state_->more[std::string(record_id)] = more;
  return {};
}

Result<BodyWriter> CaptureDraft::BeginRecord(const WarcHeader& header) {
  STEMMA_TRY(BodyWriter body, BeginExchange(Exchange()));
  body.state_->header_size = header.Serialize().size();
  return body;
}

Result<RecordInfo> CaptureDraft::AddExchange(const Exchange& exchange,
                                             std::string_view body) {
  STEMMA_TRY(BodyWriter writer, BeginExchange(exchange));
  STEMMA_CHECK_OK(writer.Append(body));
  return writer.Finish(exchange);
}

Result<RecordInfo> CaptureDraft::AddRevisit(const Exchange& exchange,
                                            const RevisitOf& original,
                                            RevisitProfile profile) {
  STEMMA_TRY(BodyWriter writer, BeginExchange(exchange));
  return writer.FinishAsRevisit(exchange, original, profile);
}

Result<RecordInfo> CaptureDraft::State::AddOther(std::string_view record_type,
                                                 std::string_view uri,
                                                 std::string_view content_type,
                                                 std::string_view bytes,
                                                 std::string_view refers_to) {
  const std::lock_guard lock(core->mutex);
  STEMMA_TRY(RecordInfo info, WriteOther(*core, record_type, uri, content_type,
                                         bytes, refers_to, started));
  return Keep(std::move(info));
}

Result<RecordInfo> CaptureDraft::AddResource(std::string_view uri,
                                             std::string_view content_type,
                                             std::string_view bytes) {
  return state_->AddOther("resource", uri, content_type, bytes, "");
}

Result<RecordInfo> CaptureDraft::AddConversion(std::string_view uri,
                                               std::string_view content_type,
                                               std::string_view bytes,
                                               std::string_view refers_to) {
  return state_->AddOther("conversion", uri, content_type, bytes, refers_to);
}

Result<RecordInfo> CaptureDraft::AddMetadata(std::string_view uri,
                                             std::string_view content_type,
                                             std::string_view bytes,
                                             std::string_view refers_to) {
  return state_->AddOther("metadata", uri, content_type, bytes, refers_to);
}

Result<CaptureInfo> CaptureDraft::Stage(const Json& facts) {
  const std::lock_guard lock(state_->core->mutex);
  return state_->StageAs(state_->type, facts);
}

Result<CaptureInfo> CaptureDraft::StageFailed(const Error& error,
                                              const Json& facts) {
  const std::lock_guard lock(state_->core->mutex);
  Json with = facts;
  with["reason"] = NameOf(error.code());
  with["message"] = error.message();
  return state_->StageAs("capture.failed", with);
}

Result<CaptureInfo> CaptureDraft::Commit(const Json& facts) {
  STEMMA_TRY(CaptureInfo info, Stage(facts));
  STEMMA_CHECK_OK(state_->core->Sync());
  return info;
}

Result<CaptureInfo> CaptureDraft::CommitFailed(const Error& error,
                                               const Json& facts) {
  STEMMA_TRY(CaptureInfo info, StageFailed(error, facts));
  STEMMA_CHECK_OK(state_->core->Sync());
  return info;
}

}  // namespace stemma
