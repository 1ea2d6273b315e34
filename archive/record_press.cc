#include "archive/record_press.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "archive/http_block.h"
#include "archive/merkle.h"
#include "archive/stored_record.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

std::string Payload(std::string_view head, std::string_view body) {
  if (!ReadHttpHead(head).chunked) return std::string(body);
  std::string payload;
  ChunkStripper stripper;
  stripper.Feed(body, [&payload](std::string_view p) { payload += p; });
  return payload;
}

WarcHeader CompleteHeader(const RecordDraft& draft,
                          const std::string& warcinfo_id) {
  WarcHeader header = draft.header;
  if (header.type() != "warcinfo") {
    header.Add("WARC-Warcinfo-ID", "<" + warcinfo_id + ">");
  }
  header.Add("WARC-Block-Digest", Sha256Of(draft.head, draft.body).Labelled());
  if (draft.payload) {
    header.Add("WARC-Payload-Digest", draft.payload->Labelled());
  } else if (draft.payload_digest) {
    const std::string payload = Payload(draft.head, draft.body);
    // An empty body has no digest: nothing may be found to be the same as it.
    if (!payload.empty()) {
      header.Add("WARC-Payload-Digest", Sha256Of(payload).Labelled());
    }
  }
  header.Add("Content-Length",
             std::to_string(draft.head.size() + draft.body.size()));
  return header;
}

}  // namespace

// A pair of encoders while one thread uses it.
class RecordPress::Loan {
 public:
  explicit Loan(RecordPress& press) : press_(press) {
    std::unique_lock lock(press_.mutex_);
    press_.returned_.wait(lock, [this] {
      return !press_.free_.empty() || press_.made_ < press_.most_;
    });
    if (press_.free_.empty()) {
      ++press_.made_;
      encoders_ = std::make_unique<Encoders>();
    } else {
      encoders_ = std::move(press_.free_.back());
      press_.free_.pop_back();
    }
  }
  ~Loan() {
    const std::lock_guard lock(press_.mutex_);
    press_.free_.push_back(std::move(encoders_));
    press_.returned_.notify_one();
  }
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;

  FrameEncoder& For(bool incompressible) {
    std::optional<FrameEncoder>& encoder =
        incompressible ? encoders_->packed : encoders_->text;
    if (!encoder) {
      encoder.emplace(incompressible ? 1 : press_.level_, press_.dictionary_);
    }
    return *encoder;
  }

 private:
  RecordPress& press_;
  std::unique_ptr<Encoders> encoders_;
};

RecordPress::RecordPress(std::string warcinfo_id, int level,
                         std::shared_ptr<const ZstdDictionary> dictionary,
                         std::size_t frame_bytes)
    : warcinfo_id_(std::move(warcinfo_id)),
      level_(level),
      dictionary_(std::move(dictionary)),
      frame_bytes_(frame_bytes),
      most_(std::max(1U, std::thread::hardware_concurrency())) {}

Result<PressedRecord> RecordPress::Press(const RecordDraft& draft) {
  Loan loan(*this);  // also bounds how many records are in memory twice
  const WarcHeader header = CompleteHeader(draft, warcinfo_id_);
  PressedRecord pressed;
  pressed.info = InfoFromHeader(header, draft.head);
  std::string& content = pressed.content;
  content = header.Serialize();
  content.reserve(content.size() + draft.head.size() + draft.body.size() + 4);
  content += draft.head;
  content += draft.body;
  content += "\r\n\r\n";
  pressed.leaf = LeafHash(content);
  STEMMA_TRY(pressed.frames, Frames(content, loan.For(draft.incompressible)));
  if (draft.incompressible) content = std::string();
  return pressed;
}

Result<std::string> RecordPress::Encode(std::string_view content) {
  Loan loan(*this);
  return loan.For(false).Encode(content);
}

Result<std::string> RecordPress::Frames(std::string_view content,
                                        FrameEncoder& encoder) const {
  std::string bytes;
  std::vector<FrameSizes> frames;
  do {
    const std::size_t size =
        content.size() <= kLargestFrame ? content.size() : frame_bytes_;
    STEMMA_TRY(const std::string frame,
               encoder.Encode(content.substr(0, size)));
    if (frames.empty() && size == content.size()) return frame;
    frames.push_back({static_cast<std::uint32_t>(frame.size()),
                      static_cast<std::uint32_t>(size)});
    bytes += frame;
    content.remove_prefix(size);
  } while (!content.empty());
  return bytes + SeekTable(frames);
}

}  // namespace stemma
