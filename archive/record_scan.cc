#include "archive/record_scan.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "archive/arc_scan.h"

namespace stemma {
namespace {

constexpr std::size_t kPiece = 256 << 10;

Status ReadPiece(const Blob& file, std::uint64_t at, std::string& piece) {
  piece.resize(std::min<std::uint64_t>(kPiece, file.size() - at));
  std::size_t done = 0;
  while (done < piece.size()) {
    STEMMA_TRY(const std::size_t n,
               file.ReadAt(at + done, std::span(piece).subspan(done)));
    if (n == 0) break;
    done += n;
  }
  piece.resize(done);
  if (done == 0) {
    return Error(ErrorCode::kIo,
                 fmt::format("file ended at {} of {} bytes", at, file.size()));
  }
  return {};
}

}  // namespace

std::string_view NameOf(WarcContainer container) {
  switch (container) {
    case WarcContainer::kPlain:
      return "warc";
    case WarcContainer::kGzip:
      return "warc.gz";
    case WarcContainer::kZstd:
      return "warc.zst";
  }
  return "warc";
}

std::optional<WarcContainer> DetectContainer(std::string_view first) {
  if (first.starts_with("WARC/")) return WarcContainer::kPlain;
  if (first.starts_with("\x1F\x8B")) return WarcContainer::kGzip;
  if (first.starts_with("\x28\xB5\x2F\xFD") ||
      (first.size() >= 4 && first.substr(1, 3) == "\x2A\x4D\x18" &&
       (static_cast<unsigned char>(first[0]) & 0xF0) == 0x50)) {
    return WarcContainer::kZstd;
  }
  return std::nullopt;
}

std::uint64_t RecordAssembler::Here() const {
  return container_ == WarcContainer::kPlain ? unit_ + fed_ : unit_;
}

void RecordAssembler::UnitBegin(std::uint64_t offset) {
  if (state_ == State::kEnded) Close(true);
  unit_ = offset;
  fed_ = 0;
  records_in_unit_ = 0;
  if (state_ == State::kSkip && container_ != WarcContainer::kPlain) {
    state_ = State::kBetween;
    text_.clear();
  }
  if (container_ == WarcContainer::kGzip && state_ != State::kBetween) {
    sink_.OnProblem(record_, "record-spans-members",
                    "the record goes on beyond its gzip member");
    Close(false);
  }
}

void RecordAssembler::UnitEnd(std::uint64_t end) {
  record_end_ = end;
  if (state_ == State::kEnded && container_ == WarcContainer::kGzip) {
    Close(true);
  }
}

void RecordAssembler::Settle() {
  if (state_ == State::kEnded) Close(true);
}

void RecordAssembler::Gap(std::uint64_t end) {
  // In a gzip file the gap is the record's own member: its checksum was never
  // seen, so its bytes are not known to be right.
  if (state_ == State::kEnded) Close(container_ != WarcContainer::kGzip);
  record_end_ = end;
  if (state_ != State::kBetween && state_ != State::kSkip) {
    Close(false);
  }
  state_ = State::kBetween;
  text_.clear();
}

void RecordAssembler::Finish(std::uint64_t end) {
  if (container_ == WarcContainer::kPlain) record_end_ = end;
  if (state_ == State::kEnded) Close(true);
  if (state_ == State::kHeader &&
      text_.find_first_not_of("\r\n") == std::string::npos) {
    state_ = State::kBetween;
  }
  if (state_ == State::kTrailer && open_) {
    sink_.OnProblem(record_, "record-cut",
                    "the file ends before the record's closing line ends");
    Close(false);
  } else if (state_ == State::kHeader || state_ == State::kBlock) {
    sink_.OnProblem(record_, "record-cut",
                    "the file ends before the record does");
    Close(false);
  }
}

void RecordAssembler::Close(bool whole) {
  if (open_) {
    const std::uint64_t end = container_ == WarcContainer::kPlain && whole
                                  ? unit_ + fed_
                                  : std::max(record_end_, record_);
    sink_.OnEnd(end - record_, whole);
  }
  open_ = false;
  state_ = State::kBetween;
  text_.clear();
}

void RecordAssembler::Feed(std::string_view bytes) {
  while (!bytes.empty()) {
    switch (state_) {
      case State::kEnded:
        if (container_ == WarcContainer::kPlain) {
          Close(true);
          break;
        }
        // Bytes behind the record's end inside its own unit.
        if (fed_ > 0)
          Close(true);
        else
          state_ = State::kBetween;
        break;
      case State::kBetween:
        TakeBetween(bytes);
        break;
      case State::kHeader:
        TakeHeader(bytes);
        break;
      case State::kBlock: {
        const std::size_t n = std::min<std::uint64_t>(left_, bytes.size());
        sink_.OnBlock(bytes.substr(0, n));
        bytes.remove_prefix(n);
        fed_ += n;
        left_ -= n;
        if (left_ == 0) state_ = State::kTrailer;
        break;
      }
      case State::kTrailer:
        TakeTrailer(bytes);
        break;
      case State::kSkip:
        TakeSkip(bytes);
        break;
    }
  }
}

bool RecordAssembler::Skip(std::uint64_t size) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  const bool fits = size <= left_ || size == left_ + kEnd.size();
  if (state_ != State::kBlock || !fits || !sink_.HasEnough()) return false;
  const std::uint64_t of_block = std::min(size, left_);
  fed_ += of_block;
  left_ -= of_block;
  if (left_ == 0) state_ = State::kTrailer;
  if (size > of_block) Feed(kEnd);
  return true;
}

void RecordAssembler::TakeBetween(std::string_view& bytes) {
  record_ = Here();
  if (container_ != WarcContainer::kPlain && ++records_in_unit_ == 2) {
    sink_.OnProblem(record_, "two-records-in-one",
                    "more than one record in one frame or member");
  }
  text_.clear();
  state_ = State::kHeader;
  TakeHeader(bytes);
}

void RecordAssembler::TakeHeader(std::string_view& bytes) {
  const WarcHeaderLimits limits;
  const std::size_t before = text_.size();
  // In steps that double: most headers are short, most blocks are long.
  constexpr std::size_t kFirstStep = 2 << 10;
  const std::size_t step = std::max(kFirstStep, before);
  const std::size_t n =
      std::min({bytes.size(), limits.max_bytes + 4 - before, step});
  text_ += bytes.substr(0, n);
  // Blank lines between records: seen in the wild, no harm in them.
  if (before == 0 && (text_[0] == '\r' || text_[0] == '\n')) {
    const std::size_t blank =
        std::min(text_.find_first_not_of("\r\n"), text_.size());
    bytes.remove_prefix(blank);
    fed_ += blank;
    text_.clear();
    record_ = Here();
    return;
  }
  const std::size_t end = WarcHeaderEnd(text_);
  if (end == std::string::npos && text_.size() < limits.max_bytes) {
    bytes.remove_prefix(n);
    fed_ += n;
    // Do not gather a quarter of a megabyte of what is no record.
    if (text_.size() >= 8 && !text_.starts_with("WARC/")) {
      sink_.OnProblem(record_, "no-record", "no WARC record begins here");
      state_ = State::kSkip;
    }
    return;
  }
  std::vector<std::string> oddities;
  const std::string text = text_.substr(0, end);
  Result<WarcHeader> header = ParseWarcHeader(text, &oddities);
  const std::size_t taken = std::min(
      bytes.size(), (end == std::string::npos ? text_.size() : end) - before);
  bytes.remove_prefix(taken);
  fed_ += taken;
  text_.clear();
  if (!header) {
    const std::string& message = header.error().message();
    const std::size_t colon = message.find(": ");
    sink_.OnProblem(record_, message.substr(0, colon),
                    message.substr(colon == std::string::npos ? 0 : colon + 2));
    state_ = State::kSkip;
    return;
  }
  open_ = true;
  left_ = *header->content_length();
  state_ = left_ == 0 ? State::kTrailer : State::kBlock;
  sink_.OnRecord(record_, *header, text, oddities);
}

void RecordAssembler::TakeTrailer(std::string_view& bytes) {
  const std::size_t n = std::min<std::size_t>(bytes.size(), 4 - text_.size());
  text_ += bytes.substr(0, n);
  if (!std::string_view("\r\n\r\n").starts_with(text_)) {
    sink_.OnProblem(record_, "record-end",
                    "the block does not end where Content-Length says");
    record_end_ = Here();
    if (open_) Close(false);
    // What follows cannot be trusted to be a record; look for one.
    state_ = State::kSkip;
    bytes.remove_prefix(n);
    fed_ += n;
    return;
  }
  bytes.remove_prefix(n);
  fed_ += n;
  if (text_.size() == 4) {
    text_.clear();
    state_ = State::kEnded;
  }
}

// Looks for the next record: at the next unit of a compressed file, behind a
// blank line in a plain one.
void RecordAssembler::TakeSkip(std::string_view& bytes) {
  if (container_ != WarcContainer::kPlain) {
    fed_ += bytes.size();
    bytes = {};
    return;
  }
  constexpr std::string_view kMark = "\r\n\r\nWARC/1.";
  const std::size_t keep = text_.size();
  text_ += bytes;
  const std::size_t at = text_.find(kMark);
  if (at == std::string::npos) {
    fed_ += bytes.size();
    bytes = {};
    if (text_.size() > kMark.size()) {
      text_.erase(0, text_.size() - kMark.size() + 1);
    }
    return;
  }
  // The mark's blank line belongs to the gap, "WARC/1." to the record.
  const std::size_t into = at + 4;
  if (into >= keep) {
    const std::size_t taken = into - keep;
    bytes.remove_prefix(taken);
    fed_ += taken;
    text_.clear();
    state_ = State::kBetween;
  } else {
    // The record's first bytes came with the piece before.
    const std::string begun = text_.substr(into, keep - into);
    fed_ -= begun.size();
    text_.clear();
    state_ = State::kBetween;
    std::string_view view(begun);
    TakeBetween(view);
  }
}

namespace {

Status ScanPlain(const Blob& file, UnitTaker& assembler) {
  assembler.UnitBegin(0);
  std::string piece;
  for (std::uint64_t at = 0; at < file.size(); at += piece.size()) {
    STEMMA_CHECK_OK(ReadPiece(file, at, piece));
    assembler.Feed(piece);
  }
  assembler.Finish(file.size());
  return {};
}

// A z_stream for gzip members.
class Inflater {
 public:
  Inflater() { ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK; }
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  bool ready() const { return ready_; }
  z_stream* get() { return &stream_; }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

// The next place from `at` on where a gzip member may begin.
Result<std::uint64_t> NextGzipMagic(const Blob& file, std::uint64_t at) {
  std::string piece;
  while (at < file.size()) {
    STEMMA_CHECK_OK(ReadPiece(file, at, piece));
    const std::size_t found = piece.find(std::string_view("\x1F\x8B\x08", 3));
    if (found != std::string::npos) return at + found;
    if (at + piece.size() >= file.size()) break;
    at += piece.size() - 2;
  }
  return file.size();
}

Status ScanGzip(const Blob& file, UnitTaker& assembler, RecordSink& sink,
                const ScanLimits& limits) {
  Inflater inflater;
  if (!inflater.ready()) return Error(ErrorCode::kIo, "zlib does not start");
  z_stream* z = inflater.get();
  std::string piece, out(kPiece, '\0');
  std::uint64_t at = 0;  // of the next byte not yet given to zlib
  while (at < file.size()) {
    const std::uint64_t begin = at;
    std::uint64_t inflated = 0;
    assembler.UnitBegin(begin);
    inflateReset(z);
    int outcome = Z_OK;
    bool too_much = false;
    while (outcome == Z_OK && at < file.size()) {
      STEMMA_CHECK_OK(ReadPiece(file, at, piece));
      z->next_in = reinterpret_cast<Bytef*>(piece.data());
      z->avail_in = static_cast<uInt>(piece.size());
      do {
        z->next_out = reinterpret_cast<Bytef*>(out.data());
        z->avail_out = static_cast<uInt>(out.size());
        outcome = inflate(z, Z_NO_FLUSH);
        const std::size_t got = out.size() - z->avail_out;
        inflated += got;
        assembler.Feed(std::string_view(out).substr(0, got));
        const std::uint64_t taken = at + piece.size() - z->avail_in - begin;
        too_much = inflated > taken * limits.max_ratio + limits.slack;
      } while (outcome == Z_OK && z->avail_out == 0 && !too_much);
      at += piece.size() - z->avail_in;
      if (outcome == Z_BUF_ERROR) outcome = Z_OK;
      if (too_much) break;
    }
    if (outcome == Z_STREAM_END) {
      assembler.UnitEnd(at);
      continue;
    }
    if (too_much) {
      sink.OnProblem(begin, "bomb", "the member inflates beyond all reason");
    } else if (outcome == Z_OK) {
      sink.OnProblem(begin, "member-cut", "the file ends inside a gzip member");
    } else {
      sink.OnProblem(begin, "member-damaged",
                     z->msg == nullptr ? "not a gzip member" : z->msg);
    }
    assembler.Gap(at);
    if (outcome == Z_OK && !too_much) break;
    STEMMA_TRY(at, NextGzipMagic(file, std::max(begin + 1,
                                                at == begin ? at : begin + 1)));
  }
  assembler.Finish(file.size());
  return {};
}

}  // namespace

Status StreamFrame(const Blob& file, const FrameInfo& frame,
                   const std::shared_ptr<const ZstdDictionary>& dictionary,
                   RecordAssembler& assembler, RecordSink& sink) {
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(
      ZSTD_createDCtx(), ZSTD_freeDCtx);
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, 23);
  if (dictionary) {
    ZSTD_DCtx_loadDictionary(context.get(), dictionary->bytes().data(),
                             dictionary->bytes().size());
  }
  std::string piece, out(kPiece, '\0');
  const std::uint64_t end = frame.offset + frame.size;
  std::uint64_t fed = 0;
  std::size_t left = 1;
  for (std::uint64_t at = frame.offset; at < end && left != 0;
       at += piece.size()) {
    STEMMA_CHECK_OK(ReadPiece(file, at, piece));
    ZSTD_inBuffer in{piece.data(),
                     std::min<std::uint64_t>(piece.size(), end - at), 0};
    bool full = true;
    while ((in.pos < in.size || full) && left != 0) {
      ZSTD_outBuffer to{out.data(), out.size(), 0};
      left = ZSTD_decompressStream(context.get(), &to, &in);
      if (ZSTD_isError(left)) {
        sink.OnProblem(frame.offset, "frame-damaged", ZSTD_getErrorName(left));
        assembler.Gap(end);
        return {};
      }
      assembler.Feed(std::string_view(out).substr(0, to.pos));
      fed += to.pos;
      if (left != 0 && frame.content_size.value_or(0) > fed &&
          assembler.Skip(*frame.content_size - fed)) {
        return {};
      }
      full = to.pos == out.size();
    }
  }
  if (left != 0) {
    sink.OnProblem(frame.offset, "frame-damaged", "the frame is cut short");
    assembler.Gap(end);
  }
  return {};
}

Status TakeExtension(const Blob& file, const FrameInfo& frame,
                     SeekTableCheck& tables, RecordAssembler& assembler,
                     RecordSink& sink) {
  if (frame.magic != kSeekTableMagic) {
    tables.Other(frame);
    return {};
  }
  const bool open = !assembler.between() && !assembler.ended();
  STEMMA_TRY(const std::string wrong, tables.Judge(file, frame, open));
  if (!wrong.empty()) {
    sink.OnProblem(frame.offset, "seek-table-wrong",
                   "not the seek table of the record before: " + wrong);
  }
  assembler.Trailing(frame.offset + frame.size);
  return {};
}

void JudgeFrameForm(const FrameInfo& frame, const ZstdDictionary* dictionary,
                    const FrameLimits& limits, RecordSink& sink) {
  if (!frame.content_size) {
    sink.OnProblem(frame.offset, "no-content-size",
                   "the frame does not state its content size");
  }
  if (!frame.has_checksum) {
    sink.OnProblem(frame.offset, "no-checksum", "the frame has no checksum");
  }
  if (frame.window > limits.max_window &&
      (!frame.content_size || *frame.content_size > limits.max_window)) {
    sink.OnProblem(frame.offset, "window-too-large",
                   fmt::format("the frame's window is {} bytes", frame.window));
  }
  if (dictionary != nullptr && frame.dictionary_id != dictionary->id()) {
    sink.OnProblem(frame.offset, "dictionary-id",
                   frame.dictionary_id
                       ? "the frame names another dictionary"
                       : "the frame does not name the file's dictionary");
  }
  if (dictionary == nullptr && frame.dictionary_id.value_or(0) != 0) {
    sink.OnProblem(frame.offset, "dictionary-missing",
                   "the frame needs a dictionary the file does not have");
  }
}

namespace {

Status ScanZstd(const Blob& file, RecordAssembler& assembler, RecordSink& sink,
                const ScanLimits& limits) {
  FrameWalker walker(file, 0, limits.frames);
  std::shared_ptr<const ZstdDictionary> dictionary;
  std::optional<FrameDecoder> decoder(std::in_place, nullptr);
  std::string bytes;
  SeekTableCheck tables;
  while (walker.offset() < walker.size()) {
    const std::uint64_t at = walker.offset();
    Result<std::optional<FrameInfo>> next = walker.Next();
    if (!next) {
      if (next.error().code() == ErrorCode::kIo) return next.error();
      const bool cut = next.error().message().ends_with("cut short");
      sink.OnProblem(at, cut ? "frame-cut" : "frame-damaged",
                     next.error().message());
      assembler.Gap(at);
      tables.Damage();
      STEMMA_CHECK_OK(walker.Resync(at + 1));
      continue;
    }
    const FrameInfo& frame = **next;
    if (frame.kind == FrameInfo::Kind::kDictionary) {
      if (frame.offset != 0) {
        sink.OnProblem(at, "second-dictionary",
                       "a dictionary frame that is not the first frame");
        continue;
      }
      STEMMA_CHECK_OK(walker.ReadInto(frame, bytes));
      auto read = ZstdDictionary::FromFrameContent(
          std::string_view(bytes).substr(8), limits.frames);
      if (!read) {
        sink.OnProblem(at, "dictionary-damaged", read.error().message());
        continue;
      }
      dictionary = *std::move(read);
      decoder.emplace(dictionary);
      sink.OnDictionary(*dictionary);
      continue;
    }
    if (frame.kind == FrameInfo::Kind::kExtension) {
      if (frame.offset == 0) {
        sink.OnProblem(at, "bad-start",
                       "the file begins with a frame that "
                       "holds no record and no dictionary");
      }
      STEMMA_CHECK_OK(TakeExtension(file, frame, tables, assembler, sink));
      continue;
    }
    JudgeFrameForm(frame, dictionary.get(), limits.frames, sink);
    const bool begins = assembler.between() || assembler.ended();
    assembler.UnitBegin(frame.offset);
    const std::uint64_t size = frame.content_size.value_or(~std::uint64_t{0});
    if (assembler.Skip(size)) {
      tables.Data(frame, size, false);
      assembler.UnitEnd(frame.offset + frame.size);
      continue;
    }
    if (size > limits.frames.max_content) {
      tables.Data(frame, frame.content_size.value_or(0), begins);
      STEMMA_CHECK_OK(StreamFrame(file, frame, dictionary, assembler, sink));
    } else {
      STEMMA_CHECK_OK(walker.ReadInto(frame, bytes));
      const auto content = decoder->DecodeHere(bytes, limits.frames);
      if (!content) {
        sink.OnProblem(frame.offset, "frame-damaged",
                       content.error().message());
        assembler.Gap(frame.offset + frame.size);
        tables.Damage();
        continue;
      }
      tables.Data(frame, content->size(),
                  begins && content->starts_with("WARC/"));
      assembler.Feed(*content);
    }
    assembler.UnitEnd(frame.offset + frame.size);
  }
  assembler.Finish(file.size());
  return {};
}

}  // namespace

Status ScanWarc(const Blob& file, RecordSink& sink, const ScanLimits& limits) {
  STEMMA_TRY(const std::string first, file.ReadPrefix(8));
  const std::optional<WarcContainer> container = DetectContainer(first);
  STEMMA_TRY(const bool arc, IsArc(file));
  if (arc) {
    ArcAssembler records(container.value_or(WarcContainer::kPlain), sink);
    return container ? ScanGzip(file, records, sink, limits)
                     : ScanPlain(file, records);
  }
  if (!container) {
    return Error(ErrorCode::kMalformed,
                 first.empty() ? "the file is empty" : "not a WARC file");
  }
  RecordAssembler assembler(*container, sink);
  switch (*container) {
    case WarcContainer::kPlain:
      return ScanPlain(file, assembler);
    case WarcContainer::kGzip:
      return ScanGzip(file, assembler, sink, limits);
    case WarcContainer::kZstd:
      return ScanZstd(file, assembler, sink, limits);
  }
  return {};
}

Result<Blob> BlobOfFile(const std::string& path) {
  const auto failure = [&path](std::string_view doing) {
    return Error(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                 fmt::format("{} {}: {}", doing, path,
                             std::generic_category().message(errno)));
  };
  struct File {
    int descriptor;
    ~File() { ::close(descriptor); }
  };
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return failure("opening");
  const auto file = std::make_shared<const File>(descriptor);
  struct stat facts{};
  if (::fstat(descriptor, &facts) != 0) return failure("looking at");
  if (!S_ISREG(facts.st_mode)) {
    return Error(ErrorCode::kIo, path + " is not a regular file");
  }
  return Blob(
      static_cast<std::uint64_t>(facts.st_size),
      [file, path](std::uint64_t offset,
                   std::span<char> out) -> Result<std::size_t> {
        while (true) {
          const ssize_t n = ::pread(file->descriptor, out.data(), out.size(),
                                    static_cast<off_t>(offset));
          if (n >= 0) return static_cast<std::size_t>(n);
          if (errno == EINTR) continue;
          return Error(ErrorCode::kIo,
                       fmt::format("reading {}: {}", path,
                                   std::generic_category().message(errno)));
        }
      });
}

}  // namespace stemma
