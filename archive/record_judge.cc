#include "archive/record_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "archive/bundle_seal.h"
#include "archive/http_block.h"
#include "hash/labelled_digest.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

// One digest of the header against the bytes. Its hashers are kept from record
// to record: making one costs as much as hashing a small block.
class DigestCheck {
 public:
  void Begin(const std::string* field) {
    if (hasher_ != nullptr) static_cast<void>(hasher_->Finish());
    expected_.reset();
    hasher_ = nullptr;
    same_as_ = nullptr;
    there_ = field != nullptr;
    if (there_) expected_ = ParseLabelledDigest(*field);
    if (!expected_) return;
    auto& hasher = hashers_[static_cast<std::size_t>(expected_->algorithm)];
    if (!hasher) hasher.emplace(expected_->algorithm);
    hasher_ = &*hasher;
  }
  // The bytes are those of `other`, which must end first.
  void Follow(const DigestCheck& other) {
    if (expected_ && other.expected_ &&
        expected_->algorithm == other.expected_->algorithm) {
      same_as_ = &other;
      hasher_ = nullptr;
    }
  }
  bool active() const { return hasher_ != nullptr; }
  void Update(std::string_view bytes) {
    if (hasher_ != nullptr) hasher_->Update(bytes);
  }
  // What was expected, and what was found.
  DigestState End() {
    if (!there_) return DigestState::kNone;
    if (!expected_) return DigestState::kUnreadable;
    found_ = same_as_ != nullptr ? same_as_->found_ : hasher_->Finish();
    hasher_ = nullptr;
    return found_ == *expected_ ? DigestState::kMatch : DigestState::kMismatch;
  }
  const std::optional<LabelledDigest>& expected() const { return expected_; }
  const LabelledDigest& found() const { return found_; }
  bool strong() const {
    return expected_ && expected_->algorithm != DigestAlgorithm::kSha1 &&
           expected_->algorithm != DigestAlgorithm::kMd5;
  }
  bool is_sha256() const {
    return expected_ && expected_->algorithm == DigestAlgorithm::kSha256;
  }

 private:
  bool there_ = false;
  std::optional<LabelledDigest> expected_;
  std::array<std::optional<DigestHasher>, 5> hashers_;
  DigestHasher* hasher_ = nullptr;
  const DigestCheck* same_as_ = nullptr;
  LabelledDigest found_;
};

// Runs all of `tasks`; where the bytes are many, each on a thread of its own.
template <std::size_t kCount>
void RunAll(std::size_t bytes,
            const std::array<std::function<void()>, kCount>& tasks) {
  constexpr std::size_t kWorthAThread = 1 << 20;
  std::vector<std::future<void>> running;
  for (std::size_t i = 1; i < kCount; ++i) {
    if (!tasks[i]) continue;
    if (bytes < kWorthAThread) {
      tasks[i]();
    } else {
      running.push_back(std::async(std::launch::async, tasks[i]));
    }
  }
  tasks[0]();
  for (std::future<void>& task : running) task.get();
}

class JudgeSink : public RecordSink {
 public:
  JudgeSink(bool leaves, const JudgeVisitor& visitor)
      : leaves_(leaves), visitor_(visitor) {}

  void OnRecord(std::uint64_t offset, const WarcHeader& header,
                std::string_view text,
                const std::vector<std::string>& oddities) override {
    Begin(offset, header, text, oddities);
  }
  void Begin(std::uint64_t offset, WarcHeader header, std::string_view text,
             const std::vector<std::string>& oddities);
  void OnBlock(std::string_view bytes) override;
  void OnEnd(std::uint64_t length, bool whole) override;
  void OnProblem(std::uint64_t offset, std::string_view code,
                 std::string text) override {
    visitor_.problem(offset, code, std::move(text));
  }

 private:
  enum class Body { kPlain, kHead, kPayload, kChunked };
  std::string_view TakeHead(std::string_view bytes);
  void TakePayload(std::string_view bytes);
  void Note(std::string text);

  bool leaves_;
  const JudgeVisitor& visitor_;
  WarcHeader header_;
  std::uint64_t offset_ = 0;
  JudgedRecord record_;
  DigestCheck block_, payload_, raw_payload_;
  Sha256Hasher leaf_, found_block_;
  std::string head_;
  Body body_ = Body::kPlain;
  ChunkStripper stripper_;
  bool own_block_ = false;  // found_block_ is not what block_ finds
};

void JudgeSink::Note(std::string text) {
  const std::size_t colon = text.find(": ");
  RecordFinding finding;
  finding.code = text.substr(0, colon);
  if (colon != std::string::npos) text.erase(0, colon + 2);
  finding.text = std::move(text);
  record_.findings.push_back(std::move(finding));
}

void JudgeSink::Begin(std::uint64_t offset, WarcHeader header,
                      std::string_view text,
                      const std::vector<std::string>& oddities) {
  header_ = std::move(header);
  offset_ = offset;
  record_ = JudgedRecord();
  for (const std::string& odd : oddities) Note(odd);
  for (std::string& odd : WarcRuleBreaks(header_)) Note(std::move(odd));
  block_.Begin(header_.Find("WARC-Block-Digest"));
  // A revisit's payload digest is that of another record's payload.
  const bool revisit = header_.type() == "revisit";
  const std::string* payload =
      revisit ? nullptr : header_.Find("WARC-Payload-Digest");
  payload_.Begin(payload);
  raw_payload_.Begin(nullptr);
  head_.clear();
  stripper_ = ChunkStripper();
  body_ = HoldsHttp(header_) ? Body::kHead : Body::kPlain;
  if (body_ == Body::kPlain) payload_.Follow(block_);
  own_block_ = leaves_ && !block_.is_sha256();
  if (leaves_) {
    leaf_.Update(std::string_view("\0", 1));
    leaf_.Update(text);
  }
}

void JudgeSink::OnBlock(std::string_view bytes) {
  const std::string_view body = body_ == Body::kHead ? TakeHead(bytes) : bytes;
  std::function<void()> leaf;
  if (leaves_) leaf = [this, bytes] { leaf_.Update(bytes); };
  RunAll<3>(bytes.size(),
            {[this, bytes] {
               block_.Update(bytes);
               if (own_block_) found_block_.Update(bytes);
             },
             [this, body] { TakePayload(body); }, std::move(leaf)});
}

// Takes what belongs to the HTTP head; returns what lies behind it.
std::string_view JudgeSink::TakeHead(std::string_view bytes) {
  constexpr std::size_t kMaxHead = 256 << 10;
  const std::size_t before = head_.size();
  std::size_t end;
  if (before == 0) {
    end = HttpHeadEnd(bytes.substr(0, kMaxHead));
    head_ = bytes.substr(0, std::min(end, kMaxHead));
  } else {
    const std::size_t from = before < 3 ? 0 : before - 3;
    head_ += bytes.substr(0, kMaxHead - std::min(kMaxHead, before));
    end = HttpHeadEnd(std::string_view(head_).substr(from));
    if (end != std::string_view::npos) head_.resize(from + end);
  }
  const bool complete = end != std::string_view::npos;
  if (!complete && head_.size() < kMaxHead) return {};
  body_ = Body::kPayload;
  if (ReadHttpHead(head_).chunked) {
    body_ = Body::kChunked;
    // The commonest mistake is the digest of the body with its chunk sizes;
    // tell it from damage.
    raw_payload_.Begin(payload_.active() ? header_.Find("WARC-Payload-Digest")
                                         : nullptr);
  }
  return bytes.substr(std::min(bytes.size(), head_.size() - before));
}

void JudgeSink::TakePayload(std::string_view bytes) {
  if (body_ == Body::kChunked) {
    raw_payload_.Update(bytes);
    if (payload_.active()) {
      stripper_.Feed(bytes, [this](std::string_view p) { payload_.Update(p); });
    }
  } else {
    payload_.Update(bytes);
  }
}

void JudgeSink::OnEnd(std::uint64_t length, bool whole) {
  if (body_ == Body::kHead) head_.clear();  // the block ended inside its head
  record_.whole = whole;
  record_.info = InfoFromHeader(header_, head_);
  record_.info.offset = offset_;
  record_.info.length = length;
  if (leaves_) {
    leaf_.Update("\r\n\r\n");
    record_.leaf = leaf_.Finish();
  }
  record_.block = block_.End();
  if (own_block_) {
    record_.found_block = found_block_.Finish();
  } else if (leaves_) {
    std::copy(block_.found().bytes.begin(), block_.found().bytes.end(),
              reinterpret_cast<char*>(record_.found_block.bytes.data()));
  }
  record_.payload = payload_.End();
  const DigestState raw = raw_payload_.End();
  const bool any = block_.expected() || payload_.expected();
  record_.weak = any && !block_.strong() && !payload_.strong();
  if (whole && record_.block == DigestState::kMismatch) {
    Note(
        fmt::format("block-digest-mismatch: the header says {}, the block is "
                    "{}",
                    block_.expected()->Text(), block_.found().Text()));
  }
  if (whole && record_.payload == DigestState::kMismatch) {
    if (raw == DigestState::kMatch) {
      record_.payload_has_chunks = true;
      Note(
          "payload-digest-chunked: the payload digest is that of the body "
          "with its chunk sizes, a common mistake");
    } else {
      Note(
          fmt::format("payload-digest-mismatch: the header says {}, the "
                      "payload is {}",
                      payload_.expected()->Text(), payload_.found().Text()));
    }
  }
  const bool http = header_.type() == "response" && HoldsHttp(header_);
  if (whole && http && record_.info.status == 0) {
    Note("response-not-http: the block of a response is no HTTP response");
  }
  if (body_ == Body::kChunked && whole && record_.info.truncated.empty() &&
      payload_.expected() && (stripper_.broken() || !stripper_.done())) {
    Note("chunks-broken: the chunked body does not end as it should");
  }
  visitor_.record(std::move(record_));
}

// ---------------------------------------------------------------------------
// zstd on all cores. The reader walks frames and hands out batches; a worker
// inflates each frame and, when it holds exactly one record, judges it. Frames
// that hold parts of a record come back inflated and are judged in order.

struct Item {
  FrameInfo frame;
  std::string stored;   // until inflated
  std::string content;  // of a part
  std::uint64_t content_size = 0;
  bool is_part = false;
  bool begins = false;  // like a record
  std::optional<JudgedRecord> record;
  std::string damage;  // why it does not inflate
};

struct Batch {
  std::vector<Item> items;
  bool done = false;
};

// A frame's content as the one record it holds, if it holds just that.
struct OneRecord {
  WarcHeader header;
  std::vector<std::string> oddities;
  std::string_view text, block;

  bool Read(std::string_view content) {
    if (!content.starts_with("WARC/")) return false;
    const std::size_t end =
        WarcHeaderEnd(content.substr(0, WarcHeaderLimits().max_bytes));
    if (end == std::string_view::npos) return false;
    text = content.substr(0, end);
    oddities.clear();
    Result<WarcHeader> read = ParseWarcHeader(text, &oddities);
    if (!read || content.size() < end + 4 ||
        *read->content_length() != content.size() - end - 4 ||
        !content.ends_with("\r\n\r\n")) {
      return false;
    }
    header = *std::move(read);
    block = content.substr(end, content.size() - end - 4);
    return true;
  }
};

// What one worker needs to judge frame after frame.
class FrameJudge {
 public:
  FrameJudge(std::shared_ptr<const ZstdDictionary> dictionary,
             const JudgeOptions& options)
      : limits_(options.limits.frames),
        decoder_(std::move(dictionary)),
        sink_(options.leaves, visitor_) {
    visitor_.record = [this](JudgedRecord record) {
      item_->record = std::move(record);
    };
    // A frame that is just one record has no way to go wrong as a whole.
    visitor_.problem = [](std::uint64_t, std::string_view, std::string) {};
  }

  void Judge(Item& item) {
    const Result<std::string_view> content =
        decoder_.DecodeHere(item.stored, limits_);
    item.content_size = content ? content->size() : 0;
    item.begins = content && content->starts_with("WARC/");
    if (!content) {
      item.damage = content.error().message();
    } else if (one_.Read(*content)) {
      item_ = &item;
      sink_.Begin(item.frame.offset, std::move(one_.header), one_.text,
                  one_.oddities);
      sink_.OnBlock(one_.block);
      sink_.OnEnd(item.frame.size, true);
    } else {
      item.is_part = true;
      item.content = *content;
    }
    item.stored = std::string();
  }

 private:
  FrameLimits limits_;
  FrameDecoder decoder_;
  JudgeVisitor visitor_;
  JudgeSink sink_;
  OneRecord one_;
  Item* item_ = nullptr;
};

class ParallelJudge {
 public:
  ParallelJudge(const Blob& file, const JudgeOptions& options,
                const JudgeVisitor& visitor, int threads)
      : file_(file),
        options_(options),
        visitor_(visitor),
        sink_(options.leaves, visitor),
        assembler_(WarcContainer::kZstd, sink_),
        threads_(threads) {}
  ~ParallelJudge() { Stop(); }

  Status Run();

 private:
  void StartWorkers();
  void Stop();
  void Work();
  void Push(std::shared_ptr<Batch> batch);
  Status TakeOldest();
  Status Drain(std::size_t leave);
  Status Merge(Item& item);
  Status TakeDictionary(FrameWalker& walker, const FrameInfo& frame);

  const Blob& file_;
  const JudgeOptions& options_;
  const JudgeVisitor& visitor_;
  JudgeSink sink_;
  RecordAssembler assembler_;
  SeekTableCheck tables_;
  int threads_;
  std::shared_ptr<const ZstdDictionary> dictionary_;
  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable work_, done_;
  std::deque<std::shared_ptr<Batch>> queue_, pending_;
  bool stop_ = false;
};

void ParallelJudge::StartWorkers() {
  for (int i = 0; i < threads_; ++i) {
    workers_.emplace_back([this] { Work(); });
  }
}

void ParallelJudge::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  work_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

void ParallelJudge::Work() {
  FrameJudge judge(dictionary_, options_);
  while (true) {
    std::shared_ptr<Batch> batch;
    {
      std::unique_lock lock(mutex_);
      work_.wait(lock, [this] { return stop_ || !queue_.empty(); });
      if (stop_) return;
      batch = std::move(queue_.front());
      queue_.pop_front();
    }
    for (Item& item : batch->items) {
      if (item.frame.kind == FrameInfo::Kind::kData && !item.stored.empty()) {
        judge.Judge(item);
      }
    }
    {
      const std::lock_guard lock(mutex_);
      batch->done = true;
    }
    done_.notify_one();
  }
}

void ParallelJudge::Push(std::shared_ptr<Batch> batch) {
  pending_.push_back(batch);
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(batch));
  }
  work_.notify_one();
}

Status ParallelJudge::TakeOldest() {
  const std::shared_ptr<Batch> batch = pending_.front();
  pending_.pop_front();
  {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&batch] { return batch->done; });
  }
  for (Item& item : batch->items) STEMMA_CHECK_OK(Merge(item));
  return {};
}

Status ParallelJudge::Drain(std::size_t leave) {
  while (pending_.size() > leave) STEMMA_CHECK_OK(TakeOldest());
  return {};
}

Status ParallelJudge::Merge(Item& item) {
  const std::uint64_t end = item.frame.offset + item.frame.size;
  if (item.frame.kind == FrameInfo::Kind::kExtension) {
    return TakeExtension(file_, item.frame, tables_, assembler_, sink_);
  }
  if (!item.damage.empty()) {
    tables_.Damage();
    visitor_.problem(item.frame.offset, "frame-damaged", item.damage);
    assembler_.Gap(end);
    return {};
  }
  const bool between = assembler_.between() || assembler_.ended();
  tables_.Data(item.frame, item.content_size, between && item.begins);
  if (item.is_part || !between) {
    std::string content = std::move(item.content);
    if (!item.is_part) {
      // It looks like a record of its own, yet the one before goes on here.
      STEMMA_TRY(const std::string stored, FrameWalker(file_).Read(item.frame));
      FrameDecoder decoder(dictionary_);
      STEMMA_CHECK_OK(
          decoder.DecodeInto(stored, content, options_.limits.frames));
    }
    assembler_.UnitBegin(item.frame.offset);
    assembler_.Feed(content);
    assembler_.UnitEnd(end);
    return {};
  }
  assembler_.Settle();
  if (item.record) visitor_.record(*std::move(item.record));
  return {};
}

Status ParallelJudge::TakeDictionary(FrameWalker& walker,
                                     const FrameInfo& frame) {
  if (frame.offset != 0) {
    STEMMA_CHECK_OK(Drain(0));
    visitor_.problem(frame.offset, "second-dictionary",
                     "a dictionary frame that is not the first frame");
    return {};
  }
  STEMMA_TRY(const std::string bytes, walker.Read(frame));
  auto read = ZstdDictionary::FromFrameContent(
      std::string_view(bytes).substr(8), options_.limits.frames);
  if (!read) {
    visitor_.problem(0, "dictionary-damaged", read.error().message());
    return {};
  }
  dictionary_ = *std::move(read);
  return {};
}

Status ParallelJudge::Run() {
  // Small enough that no worker is left with much when the others are done.
  constexpr std::uint64_t kBatchStored = 1 << 20, kBatchContent = 2 << 20;
  constexpr std::size_t kBatchFrames = 256;
  FrameWalker walker(file_, 0, options_.limits.frames);
  auto batch = std::make_shared<Batch>();
  std::uint64_t stored = 0, content = 0;
  bool started = false;
  const auto send = [&]() -> Status {
    if (batch->items.empty()) return {};
    if (!started) StartWorkers();
    started = true;
    Push(std::exchange(batch, std::make_shared<Batch>()));
    stored = content = 0;
    return Drain(static_cast<std::size_t>(threads_) * 4);
  };
  while (walker.offset() < walker.size()) {
    const std::uint64_t at = walker.offset();
    const Result<std::optional<FrameInfo>> next = walker.Next();
    if (!next) {
      if (next.error().code() == ErrorCode::kIo) return next.error();
      STEMMA_CHECK_OK(send());
      STEMMA_CHECK_OK(Drain(0));
      const bool cut = next.error().message().ends_with("cut short");
      visitor_.problem(at, cut ? "frame-cut" : "frame-damaged",
                       next.error().message());
      assembler_.Gap(at);
      tables_.Damage();
      STEMMA_CHECK_OK(walker.Resync(at + 1));
      continue;
    }
    const FrameInfo& frame = **next;
    if (frame.kind == FrameInfo::Kind::kDictionary) {
      STEMMA_CHECK_OK(TakeDictionary(walker, frame));
      continue;
    }
    Item item;
    item.frame = frame;
    if (frame.kind == FrameInfo::Kind::kExtension) {
      if (at == 0) {
        visitor_.problem(0, "bad-start",
                         "the file begins with a frame that "
                         "holds no record and no dictionary");
      }
    } else {
      JudgeFrameForm(frame, dictionary_.get(), options_.limits.frames, sink_);
      const std::uint64_t size =
          frame.content_size.value_or(std::uint64_t{8} << 20);
      if (size > options_.limits.frames.max_content) {
        STEMMA_CHECK_OK(send());
        STEMMA_CHECK_OK(Drain(0));
        tables_.Data(frame, size, assembler_.between() || assembler_.ended());
        assembler_.UnitBegin(frame.offset);
        STEMMA_CHECK_OK(
            StreamFrame(file_, frame, dictionary_, assembler_, sink_));
        assembler_.UnitEnd(frame.offset + frame.size);
        continue;
      }
      STEMMA_CHECK_OK(walker.ReadInto(frame, item.stored));
      stored += frame.size;
      content += size;
    }
    batch->items.push_back(std::move(item));
    if (stored >= kBatchStored || content >= kBatchContent ||
        batch->items.size() >= kBatchFrames) {
      STEMMA_CHECK_OK(send());
    }
  }
  STEMMA_CHECK_OK(send());
  STEMMA_CHECK_OK(Drain(0));
  assembler_.Finish(file_.size());
  return {};
}

}  // namespace

Status JudgeWarc(const Blob& file, const JudgeOptions& options,
                 const JudgeVisitor& visitor) {
  STEMMA_TRY(const std::string first, file.ReadPrefix(8));
  const std::optional<WarcContainer> container = DetectContainer(first);
  // A small file is done before a thread has started.
  constexpr std::uint64_t kSmall = 4 << 20;
  if (container != WarcContainer::kZstd ||
      (options.threads == 0 && file.size() < kSmall)) {
    JudgeSink sink(options.leaves, visitor);
    return ScanWarc(file, sink, options.limits);
  }
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  ParallelJudge judge(
      file, options, visitor,
      std::max(1, options.threads > 0 ? options.threads : cores));
  return judge.Run();
}

}  // namespace stemma
