// What captures and bodies hold while they are being written. Not for other
// rooms.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/archive_core.h"
#include "archive/archive_writer.h"
#include "archive/http_block.h"
#include "archive/record_press.h"
#include "core/digest.h"
#include "core/result.h"
#include "hash/sha256.h"

namespace stemma {

// A record's entry in its event; `bundle` and `target` are said there already.
nlohmann::json EntryOf(const RecordInfo& record, const std::string& bundle,
                       const std::string& target);

// A record beside the exchanges; with the core's mutex held.
RecordDraft DraftOther(ArchiveCore& core, std::string_view type,
                       std::string_view uri, std::string_view content_type,
                       std::string_view bytes, std::string_view refers_to,
                       TimePoint date);

// The same, written.
Result<RecordInfo> WriteOther(ArchiveCore& core, std::string_view type,
                              std::string_view uri,
                              std::string_view content_type,
                              std::string_view bytes,
                              std::string_view refers_to, TimePoint date);

struct CaptureDraft::State {
  ArchiveCore* core = nullptr;
  std::map<std::string, nlohmann::json> more;  // keys for records' entries
  std::string id, url;
  std::string type = "capture";
  TimePoint started{};
  std::vector<RecordInfo> records;
  bool closed = false;

  // Writes a record beside the exchanges and keeps it; takes the core's mutex.
  Result<RecordInfo> AddOther(std::string_view record_type,
                              std::string_view uri,
                              std::string_view content_type,
                              std::string_view bytes,
                              std::string_view refers_to);
  RecordInfo Keep(RecordInfo info) {
    info.capture_id = id;
    records.push_back(info);
    return info;
  }
  Result<CaptureInfo> StageAs(std::string_view event_type,
                              const nlohmann::json& facts);
};

struct BodyWriter::State {
  ArchiveCore* core = nullptr;
  CaptureDraft::State* draft = nullptr;
  Exchange head;
  std::string response_id;
  bool chunked = false;
  bool done = false;
  bool streamed = false;  // what is pending is not the whole
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

}  // namespace stemma
