#include "archive/archive_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "archive/archive_core.h"
#include "archive/http_block.h"
#include "archive/stored_record.h"
#include "core/url.h"
#include "hash/sha256.h"

namespace stemma {

namespace {

using Json = nlohmann::json;

std::string HostOf(const std::string& url) {
  const Result<Url> parsed = Url::Parse(url);
  return parsed ? parsed->host() : std::string();
}

// What response, revisit and request records of one exchange share.
WarcHeader CommonHeader(std::string_view type, const std::string& id,
                        const Exchange& exchange) {
  WarcHeader header;
  header.Add("WARC-Type", type);
  header.Add("WARC-Record-ID", "<" + id + ">");
  header.Add("WARC-Date", FormatSeconds(exchange.started));
  header.Add("WARC-Target-URI", UriForHeader(exchange.url));
  const Connection& c = exchange.connection;
  if (!c.peer_address.empty()) header.Add("WARC-IP-Address", c.peer_address);
  if (!c.http_protocol.empty()) header.Add("WARC-Protocol", c.http_protocol);
  if (!c.tls_protocol.empty()) header.Add("WARC-Protocol", c.tls_protocol);
  if (!c.cipher_suite.empty()) {
    header.Add("WARC-Cipher-Suite", c.cipher_suite);
  }
  return header;
}

void AddConcurrent(WarcHeader& header, const std::string& id) {
  if (!id.empty()) header.Add("WARC-Concurrent-To", "<" + id + ">");
}

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

}  // namespace

namespace {

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

}  // namespace

struct CaptureDraft::State {
  ArchiveCore* core = nullptr;
  std::map<std::string, Json> more;  // keys for records' entries
  std::string id, url;
  std::string type = "capture";
  TimePoint started{};
  std::vector<RecordInfo> records;
  bool closed = false;

  RecordInfo Keep(RecordInfo info) {
    info.capture_id = id;
    records.push_back(info);
    return info;
  }
  Result<CaptureInfo> StageAs(std::string_view event_type, const Json& facts);
};

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

struct BodyWriter::State {
  ArchiveCore* core = nullptr;
  CaptureDraft::State* draft = nullptr;
  Exchange head;
  std::string response_id;
  bool chunked = false;
  bool done = false;
  std::uint64_t total = 0;
  std::string pending;  // the whole body, or the frame being filled
  std::optional<Sha256> payload_digest;
  std::size_t header_size = 0;        // of the header somebody else wrote
  const WarcHeader* given = nullptr;  // of a record by somebody else
  std::string prefix;                 // of its block, to find the HTTP head

  // Of a streamed body.
  Lane* lane = nullptr;
  std::uint64_t room_at = 0, room_size = 0;
  std::vector<FrameSizes> frames;
  std::optional<FrameEncoder> encoder;
  Sha256Hasher block, payload;
  ChunkStripper stripper;

  Status StartStream();
  Status WriteFrame(bool last);
  void Hash(std::string_view bytes);
  Sha256 PayloadDigest();
  Status DropStream();
  WarcHeader ResponseHeader(const Exchange& exchange,
                            const std::string& chain) const;
  RecordDraft DraftRequest(const Exchange& exchange) const;
  Result<RecordDraft> DraftResponse(const Exchange& exchange,
                                    const std::string& chain);
  Result<RecordInfo> WriteRequest(Lane& to, const Exchange& exchange);
  Result<std::string> WriteChain(Lane& to, const Exchange& exchange);
  Result<RecordInfo> FinishBuffered(const Exchange& exchange);
  Result<RecordInfo> FinishStream(const Exchange& exchange);
  Result<Sha256> BlockDigestAgain(const Exchange& exchange);
};

WarcHeader BodyWriter::State::ResponseHeader(const Exchange& exchange,
                                             const std::string& chain) const {
  if (given != nullptr) return *given;
  WarcHeader header = CommonHeader("response", response_id, exchange);
  AddConcurrent(header, chain);
  if (exchange.truncated) {
    header.Add("WARC-Truncated", NameOf(*exchange.truncated));
  }
  header.Add("Content-Type", "application/http; msgtype=response");
  return header;
}

// With the core's mutex held.
RecordDraft BodyWriter::State::DraftRequest(const Exchange& exchange) const {
  RecordDraft record;
  record.header = CommonHeader("request", core->NewId(), exchange);
  if (exchange.status != 0) AddConcurrent(record.header, response_id);
  record.header.Add("Content-Type", "application/http; msgtype=request");
  record.head = exchange.request;
  return record;
}

// The same; nothing when no request was sent.
Result<RecordInfo> BodyWriter::State::WriteRequest(Lane& to,
                                                   const Exchange& exchange) {
  if (exchange.request.empty()) return RecordInfo();
  STEMMA_TRY(RecordInfo info, core->Write(to, DraftRequest(exchange)));
  return draft->Keep(std::move(info));
}

void BodyWriter::State::Hash(std::string_view bytes) {
  block.Update(bytes);
  if (chunked) {
    stripper.Feed(bytes, [this](std::string_view p) { payload.Update(p); });
  } else {
    payload.Update(bytes);
  }
}

Sha256 BodyWriter::State::PayloadDigest() {
  if (payload_digest) return *payload_digest;
  if (lane == nullptr) {
    if (chunked) {
      stripper.Feed(pending, [this](std::string_view p) { payload.Update(p); });
    } else {
      payload.Update(pending);
    }
  }
  payload_digest = payload.Finish();
  return *payload_digest;
}

// The body has outgrown the buffer: take a lane and leave room for the header.
Status BodyWriter::State::StartStream() {
  const std::lock_guard lock(core->mutex);
  STEMMA_TRY(lane, core->LeaseLane());
  // Digests, lengths and a longer head come at the end.
  constexpr std::size_t kSlack = 4096 + 600;
  room_size = ResponseHeader(head, response_id).Serialize().size() +
              head.response_head.size() + kSlack + header_size;
  auto at = lane->file.Append(VoidFrame(room_size));
  if (!at) return core->Fail(std::move(at).error());
  room_at = *at;
  encoder.emplace(1, lane->dictionary);
  block.Update(head.response_head);
  return {};
}

Status BodyWriter::State::WriteFrame(bool last) {
  const std::size_t size =
      last ? pending.size()
           : std::min(pending.size(), core->options().frame_bytes);
  std::string_view content = std::string_view(pending).substr(0, size);
  STEMMA_TRY(const std::string frame, encoder->Encode(content));
  {
    const std::lock_guard lock(core->mutex);
    STEMMA_CHECK_OK(core->CheckUsable());
    auto put = lane->file.Append(frame);
    if (!put) return core->Fail(std::move(put).error());
  }
  frames.push_back({static_cast<std::uint32_t>(frame.size()),
                    static_cast<std::uint32_t>(size)});
  pending.erase(0, size);
  return {};
}

// With the core's mutex held: as if the body had never come.
Status BodyWriter::State::DropStream() {
  if (lane == nullptr) return {};
  Status cut;
  if (core->CheckUsable()) {
    cut = lane->file.Truncate(room_at);
    if (!cut) core->Fail(cut.error());
  }
  core->Release(*lane);
  lane = nullptr;
  return cut;
}

// With the core's mutex held.
Result<RecordDraft> BodyWriter::State::DraftResponse(const Exchange& exchange,
                                                     const std::string& chain) {
  RecordDraft record;
  record.header = ResponseHeader(exchange, chain);
  record.head = exchange.response_head;
  record.body = pending;
  record.payload_digest = true;
  const auto facts = ReadHttpHead(exchange.response_head);
  if (!chunked && !facts.chunked && !pending.empty()) {
    record.payload = PayloadDigest();
  }
  record.incompressible = IsPackedType(facts.mime);
  return record;
}

// The record of the certificates, if it is new to the lane; its id or "".
// With the core's mutex held.
Result<std::string> BodyWriter::State::WriteChain(Lane& to,
                                                  const Exchange& exchange) {
  RecordInfo written;
  STEMMA_TRY(std::string id,
             core->ChainRecord(to, exchange.connection, HostOf(exchange.url),
                               FormatSeconds(exchange.started), &written));
  if (!written.id.empty()) draft->Keep(std::move(written));
  return id;
}

Result<RecordInfo> BodyWriter::State::FinishBuffered(const Exchange& exchange) {
  std::unique_lock lock(core->mutex);
  const bool answered = exchange.status != 0 || !exchange.response_head.empty();
  const auto drafts = [&](Lane& to) -> Result<std::vector<RecordDraft>> {
    std::vector<RecordDraft> records;
    STEMMA_TRY(const std::string chain, WriteChain(to, exchange));
    if (answered) {
      STEMMA_TRY(RecordDraft response, DraftResponse(exchange, chain));
      records.push_back(std::move(response));
    }
    if (!exchange.request.empty()) records.push_back(DraftRequest(exchange));
    return records;
  };
  const std::size_t before = draft->records.size();
  STEMMA_TRY(const std::vector<RecordInfo> written,
             core->WriteToMain(lock, drafts));
  const std::size_t with_chain = draft->records.size();
  for (const RecordInfo& info : written) draft->Keep(info);
  if (!written.empty()) return draft->records[with_chain];
  return with_chain > before ? draft->records.back() : RecordInfo();
}

// The head that is known now is not the one that was hashed: read the body
// back. Happens when a transfer coding was taken off on the way.
Result<Sha256> BodyWriter::State::BlockDigestAgain(const Exchange& exchange) {
  block.Finish();
  block.Update(exchange.response_head);
  FrameDecoder decoder(lane->dictionary);
  std::uint64_t at = room_at + room_size;
  std::string content;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    STEMMA_TRY(const std::string frame,
               lane->file.ReadAt(at, frames[i].stored));
    STEMMA_CHECK_OK(decoder.DecodeInto(frame, content));
    std::string_view bytes = content;
    if (i + 1 == frames.size()) bytes.remove_suffix(4);
    block.Update(bytes);
    at += frames[i].stored;
  }
  return block.Finish();
}

Result<RecordInfo> BodyWriter::State::FinishStream(const Exchange& exchange) {
  pending += "\r\n\r\n";
  STEMMA_CHECK_OK(WriteFrame(true));
  Sha256 digest;
  if (exchange.response_head == head.response_head) {
    digest = block.Finish();
  } else {
    STEMMA_TRY(digest, BlockDigestAgain(exchange));
  }
  const std::lock_guard lock(core->mutex);
  STEMMA_CHECK_OK(core->CheckUsable());
  // The chain's record follows the response; its id is settled before.
  RecordInfo chain_record;
  const std::uint64_t body_end = lane->file.size();

  WarcHeader header = ResponseHeader(exchange, "");
  std::string chain_id;
  // Put the seek table first, then chain and request behind it.
  std::vector<FrameSizes> table;
  std::string known_key;
  for (const std::string& der : exchange.connection.certificates) {
    known_key += Sha256Of(der).Hex();
  }
  const auto known = lane->chains.find(known_key);
  if (known != lane->chains.end()) chain_id = known->second;

  const auto header_frame =
      [&](const std::string& chain) -> Result<std::string> {
    header = ResponseHeader(exchange, chain);
    header.Add("WARC-Warcinfo-ID", "<" + lane->press->warcinfo_id() + ">");
    header.Add("WARC-Block-Digest", digest.Labelled());
    if (given == nullptr || payload_digest) {
      header.Add("WARC-Payload-Digest", PayloadDigest().Labelled());
    }
    header.Add("Content-Length",
               std::to_string(exchange.response_head.size() + total));
    std::string text = header.Serialize() + exchange.response_head;
    STEMMA_TRY(std::string frame, lane->press->Encode(text));
    table = {{static_cast<std::uint32_t>(frame.size()),
              static_cast<std::uint32_t>(text.size())}};
    return frame;
  };
  // The table's size does not depend on the header, so its place is known: the
  // record ends there, and the chain's record may be written before the room
  // is filled.
  const std::size_t table_size = 8 + (frames.size() + 2) * 8 + 9;
  if (chain_id.empty() && !exchange.connection.certificates.empty()) {
    auto hole = lane->file.Append(VoidFrame(table_size));
    if (!hole) return core->Fail(std::move(hole).error());
    STEMMA_TRY(chain_id, core->ChainRecord(
                             *lane, exchange.connection, HostOf(exchange.url),
                             FormatSeconds(exchange.started), &chain_record));
  }
  STEMMA_TRY(std::string frame, header_frame(chain_id));
  if (frame.size() + 8 > room_size) {
    return core->Fail(Error(ErrorCode::kLimit,
                            fmt::format("response head of {} grew beyond its "
                                        "room",
                                        exchange.url)));
  }
  const std::size_t left = room_size - frame.size();
  table.push_back({static_cast<std::uint32_t>(left), 0});
  table.insert(table.end(), frames.begin(), frames.end());
  frame += VoidFrame(left);
  if (Status put = lane->file.Overwrite(room_at, frame); !put) {
    return core->Fail(std::move(put).error());
  }
  const std::string seek = SeekTable(table);
  if (lane->file.size() == body_end) {
    auto put = lane->file.Append(seek);
    if (!put) return core->Fail(std::move(put).error());
  } else if (Status put = lane->file.Overwrite(body_end, seek); !put) {
    return core->Fail(std::move(put).error());
  }
  RecordInfo info = InfoFromHeader(
      header, given == nullptr ? std::string_view(exchange.response_head)
                               : std::string_view(prefix));
  info.bundle = lane->name;
  info.offset = room_at;
  info.length = body_end + seek.size() - room_at;
  ++lane->records;
  ++lane->uncommitted;
  core->Remember(info);
  info = draft->Keep(std::move(info));
  if (!chain_record.id.empty()) draft->Keep(chain_record);
  STEMMA_TRY(const RecordInfo request, WriteRequest(*lane, exchange));
  static_cast<void>(request);
  core->Release(*lane);
  lane = nullptr;
  return info;
}

Result<RecordInfo> BodyWriter::FinishRecord(const WarcHeader& header,
                                            std::optional<Sha256> payload) {
  State& s = *state_;
  if (s.done) {
    return Error(ErrorCode::kInvalidArgument, "the body has ended already");
  }
  s.done = true;
  s.payload_digest = payload;
  s.given = &header;
  if (s.lane != nullptr) return s.FinishStream(Exchange());
  const std::lock_guard lock(s.core->mutex);
  STEMMA_TRY(Lane* const main, s.core->MainLane());
  RecordDraft record;
  record.header = header;
  record.body = s.pending;
  if (HoldsHttp(header)) {
    const std::size_t end = HttpHeadEnd(s.pending);
    if (end != std::string::npos) {
      record.head = std::string_view(s.pending).substr(0, end);
      record.body = std::string_view(s.pending).substr(end);
    }
  }
  record.payload = payload;
  record.incompressible = IsPackedType(ReadHttpHead(record.head).mime);
  STEMMA_TRY(RecordInfo info, s.core->Write(*main, record));
  return s.draft->Keep(std::move(info));
}

BodyWriter::BodyWriter(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
BodyWriter::BodyWriter(BodyWriter&&) noexcept = default;
BodyWriter& BodyWriter::operator=(BodyWriter&&) noexcept = default;
BodyWriter::~BodyWriter() {
  if (!state_ || state_->lane == nullptr) return;
  const std::lock_guard lock(state_->core->mutex);
  const Status dropped = state_->DropStream();
  static_cast<void>(dropped);
}

std::uint64_t BodyWriter::size() const { return state_->total; }

Status BodyWriter::Append(std::string_view bytes) {
  State& s = *state_;
  if (s.done || s.payload_digest) {
    return Error(ErrorCode::kInvalidArgument, "the body has ended already");
  }
  s.total += bytes.size();
  if (s.lane == nullptr) {
    s.pending += bytes;
    if (s.pending.size() <= s.core->options().buffer_bytes) return {};
    STEMMA_CHECK_OK(s.StartStream());
    s.Hash(s.pending);
    if (s.header_size != 0) {
      const std::size_t end =
          HttpHeadEnd(std::string_view(s.pending).substr(0, 256 << 10));
      if (end != std::string::npos) s.prefix = s.pending.substr(0, end);
    }
  } else {
    s.Hash(bytes);
    s.pending += bytes;
  }
  while (s.pending.size() >= s.core->options().frame_bytes) {
    STEMMA_CHECK_OK(s.WriteFrame(false));
  }
  return {};
}

Sha256 BodyWriter::PayloadDigest() { return state_->PayloadDigest(); }

Result<RecordInfo> BodyWriter::Finish(const Exchange& exchange) {
  State& s = *state_;
  if (s.done) {
    return Error(ErrorCode::kInvalidArgument, "the body has ended already");
  }
  s.done = true;
  return s.lane == nullptr ? s.FinishBuffered(exchange)
                           : s.FinishStream(exchange);
}

namespace {

// Why a revisit would not replay, or would stand for what was never said.
std::string_view RevisitFlaw(const Exchange& exchange,
                             const RevisitOf& original,
                             RevisitProfile profile) {
  if (original.record_id.empty() || original.uri.empty() ||
      !ParseTime(original.date)) {
    return "a revisit needs id, URI and date of the record it repeats";
  }
  if (profile == RevisitProfile::kServerNotModified) {
    return exchange.status == 304 ? "" : "the server did not say 304";
  }
  if (!original.payload) {
    return "a revisit of an identical payload needs its digest";
  }
  // All empty bodies are alike, and none says anything of another.
  static const Sha256 kEmpty = Sha256Of("");
  return *original.payload == kEmpty ? "an empty payload is no original" : "";
}

}  // namespace

Result<RecordInfo> BodyWriter::FinishAsRevisit(const Exchange& exchange,
                                               const RevisitOf& original,
                                               RevisitProfile profile) {
  State& s = *state_;
  if (s.done) {
    return Error(ErrorCode::kInvalidArgument, "the body has ended already");
  }
  std::string_view flaw = RevisitFlaw(exchange, original, profile);
  for (const RecordInfo& record : s.draft->records) {
    if (record.id == original.record_id && record.type == "revisit") {
      flaw = "a revisit of a revisit finds no payload";
    }
  }
  if (!flaw.empty()) {
    return Error(ErrorCode::kInvalidArgument, std::string(flaw));
  }
  s.done = true;
  const std::lock_guard lock(s.core->mutex);
  STEMMA_CHECK_OK(s.DropStream());
  STEMMA_TRY(Lane* const main, s.core->MainLane());
  const bool identical = profile == RevisitProfile::kIdenticalPayload;
  RecordInfo chain_record;
  STEMMA_TRY(
      const std::string chain,
      s.core->ChainRecord(*main, exchange.connection, HostOf(exchange.url),
                          FormatSeconds(exchange.started), &chain_record));
  if (!chain_record.id.empty()) s.draft->Keep(chain_record);
  RecordDraft record;
  WarcHeader& header = record.header;
  header = CommonHeader("revisit", s.response_id, exchange);
  AddConcurrent(header, chain);
  header.Add("WARC-Profile", identical
                                 ? "http://netpreserve.org/warc/1.1/revisit/"
                                   "identical-payload-digest"
                                 : "http://netpreserve.org/warc/1.1/revisit/"
                                   "server-not-modified");
  if (identical) {
    header.Add("WARC-Payload-Digest", original.payload->Labelled());
    header.Add("WARC-Truncated", "length");
  }
  header.Add("WARC-Refers-To", "<" + original.record_id + ">");
  header.Add("WARC-Refers-To-Target-URI", UriForHeader(original.uri));
  header.Add("WARC-Refers-To-Date", original.date);
  header.Add("Content-Type", "application/http; msgtype=response");
  record.head = exchange.response_head;
  STEMMA_TRY(RecordInfo revisit, s.core->Write(*main, record));
  revisit = s.draft->Keep(std::move(revisit));
  STEMMA_TRY(const RecordInfo request, s.WriteRequest(*main, exchange));
  static_cast<void>(request);
  return revisit;
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

Result<RecordInfo> CaptureDraft::AddResource(std::string_view uri,
                                             std::string_view content_type,
                                             std::string_view bytes) {
  const std::lock_guard lock(state_->core->mutex);
  STEMMA_TRY(RecordInfo info,
             WriteOther(*state_->core, "resource", uri, content_type, bytes, "",
                        state_->started));
  return state_->Keep(std::move(info));
}

Result<RecordInfo> CaptureDraft::AddConversion(std::string_view uri,
                                               std::string_view content_type,
                                               std::string_view bytes,
                                               std::string_view refers_to) {
  const std::lock_guard lock(state_->core->mutex);
  STEMMA_TRY(RecordInfo info,
             WriteOther(*state_->core, "conversion", uri, content_type, bytes,
                        refers_to, state_->started));
  return state_->Keep(std::move(info));
}

Result<RecordInfo> CaptureDraft::AddMetadata(std::string_view uri,
                                             std::string_view content_type,
                                             std::string_view bytes,
                                             std::string_view refers_to) {
  const std::lock_guard lock(state_->core->mutex);
  STEMMA_TRY(RecordInfo info,
             WriteOther(*state_->core, "metadata", uri, content_type, bytes,
                        refers_to, state_->started));
  return state_->Keep(std::move(info));
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
