#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "archive/draft_state.h"
#include "archive/stored_record.h"
#include "core/url.h"

namespace stemma {
namespace {

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

}  // namespace

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
  streamed = true;
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

// The records of the certificates and what came with them, as far as they are
// new to the lane; the chain's id or "". With the core's mutex held.
Result<std::string> BodyWriter::State::WriteChain(Lane& to,
                                                  const Exchange& exchange) {
  std::vector<RecordInfo> written;
  STEMMA_TRY(std::string id,
             core->ChainRecords(to, exchange.connection, HostOf(exchange.url),
                                FormatSeconds(exchange.started), &written));
  for (RecordInfo& record : written) draft->Keep(std::move(record));
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
  // The chain's records follow the response; their ids are settled before.
  std::vector<RecordInfo> tls_records;
  const std::uint64_t body_end = lane->file.size();

  WarcHeader header = ResponseHeader(exchange, "");
  // Put the seek table first, then chain and request behind it.
  std::vector<FrameSizes> table;
  std::optional<std::string> chain_id =
      core->KnownChain(*lane, exchange.connection);

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
  // record ends there, and the chain's records may be written before the room
  // is filled.
  const std::size_t table_size = 8 + (frames.size() + 2) * 8 + 9;
  if (!chain_id) {
    auto hole = lane->file.Append(VoidFrame(table_size));
    if (!hole) return core->Fail(std::move(hole).error());
    STEMMA_TRY(chain_id, core->ChainRecords(
                             *lane, exchange.connection, HostOf(exchange.url),
                             FormatSeconds(exchange.started), &tls_records));
  }
  STEMMA_TRY(std::string frame, header_frame(*chain_id));
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
  for (const RecordInfo& record : tls_records) draft->Keep(record);
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

std::optional<std::string> BodyWriter::TakeBody() {
  if (!state_->done || state_->streamed) return std::nullopt;
  return std::move(state_->pending);
}

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
  std::vector<RecordInfo> tls_records;
  STEMMA_TRY(
      const std::string chain,
      s.core->ChainRecords(*main, exchange.connection, HostOf(exchange.url),
                           FormatSeconds(exchange.started), &tls_records));
  for (const RecordInfo& record : tls_records) s.draft->Keep(record);
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

}  // namespace stemma
