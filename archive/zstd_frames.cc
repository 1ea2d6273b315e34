#include "archive/zstd_frames.h"

#include <fmt/format.h>
// For one hint; a library that does not know it says so and goes on.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace stemma {
namespace {

std::uint32_t Le32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

std::uint64_t LeN(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

void PutLe32(std::string& out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

bool IsSkippable(std::uint32_t magic) {
  return (magic & 0xFFFFFFF0U) == 0x184D2A50U;
}

Error Malformed(std::uint64_t at, std::string_view why) {
  return Error(ErrorCode::kMalformed, fmt::format("frame at {}: {}", at, why));
}

Error ZstdError(std::string_view doing, std::size_t code) {
  return Error(ErrorCode::kMalformed,
               fmt::format("{}: {}", doing, ZSTD_getErrorName(code)));
}

}  // namespace

Result<std::shared_ptr<const ZstdDictionary>> ZstdDictionary::FromBytes(
    std::string bytes) {
  const unsigned id = ZSTD_getDictID_fromDict(bytes.data(), bytes.size());
  if (id == 0) {
    return Error(ErrorCode::kMalformed,
                 "dictionary without magic number or id");
  }
  std::shared_ptr<ZstdDictionary> dictionary(new ZstdDictionary());
  dictionary->bytes_ = std::move(bytes);
  dictionary->id_ = id;
  ZSTD_DDict* decoding =
      ZSTD_createDDict(dictionary->bytes_.data(), dictionary->bytes_.size());
  if (decoding == nullptr) {
    return Error(ErrorCode::kMalformed, "dictionary cannot be loaded");
  }
  dictionary->decoding_ = decoding;
  return std::shared_ptr<const ZstdDictionary>(std::move(dictionary));
}

Result<std::shared_ptr<const ZstdDictionary>> ZstdDictionary::FromFrameContent(
    std::string_view content, const FrameLimits& limits) {
  if (content.size() < 8) {
    return Error(ErrorCode::kMalformed, "dictionary frame is too short");
  }
  if (Le32(content) != kZstdMagic) return FromBytes(std::string(content));
  FrameDecoder decoder(nullptr);
  FrameLimits inner = limits;
  inner.max_content = limits.max_dictionary;
  auto bytes = decoder.Decode(content, inner);
  if (!bytes) return std::move(bytes).error().Context("dictionary");
  return FromBytes(*std::move(bytes));
}

ZstdDictionary::~ZstdDictionary() {
  ZSTD_freeDDict(static_cast<ZSTD_DDict*>(decoding_));
}

const std::string& ZstdDictionary::Frame() const {
  std::call_once(framed_, [this] {
    // Written once and read with every record, but never worth the seconds
    // that the highest levels take.
    FrameEncoder encoder(12, nullptr);
    auto packed = encoder.Encode(bytes_);
    const std::string& content =
        packed && packed->size() < bytes_.size() ? *packed : bytes_;
    PutLe32(frame_, kDictionaryFrameMagic);
    PutLe32(frame_, static_cast<std::uint32_t>(content.size()));
    frame_ += content;
  });
  return frame_;
}

struct FrameEncoder::State {
  State(int level, std::string_view with) : context(ZSTD_createCCtx()) {
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setParameter(context, ZSTD_c_dictIDFlag, 1);
    if (with.empty()) return;
    if (level == 3) {
      // zstd chooses smaller tables for small dictionaries; these are its own
      // for large ones, 1 to 2 % better on pages.
      ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 21);
      ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, 17);
      ZSTD_CCtx_setParameter(context, ZSTD_c_chainLog, 16);
      ZSTD_CCtx_setParameter(context, ZSTD_c_minMatch, 5);
      ZSTD_CCtx_setParameter(context, ZSTD_c_strategy, ZSTD_dfast);
    }
    // Its tables are looked up where they are: copying them into the context
    // for each page takes a quarter of the time, and saves nothing.
    ZSTD_CCtx_setParameter(context, ZSTD_c_forceAttachDict,
                           ZSTD_dictForceAttach);
    // Digested once, at the first frame, and used for all.
    ZSTD_CCtx_loadDictionary(context, with.data(), with.size());
  }
  ~State() { ZSTD_freeCCtx(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  ZSTD_CCtx* context;
};

FrameEncoder::FrameEncoder(int level,
                           std::shared_ptr<const ZstdDictionary> dictionary)
    : state_(std::make_unique<State>(
          level, dictionary ? dictionary->bytes() : std::string_view())) {}
FrameEncoder::FrameEncoder(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
FrameEncoder FrameEncoder::After(int level, std::string_view content) {
  return FrameEncoder(std::make_unique<State>(level, content));
}
FrameEncoder::~FrameEncoder() = default;
FrameEncoder::FrameEncoder(FrameEncoder&&) noexcept = default;
FrameEncoder& FrameEncoder::operator=(FrameEncoder&&) noexcept = default;

Result<std::string> FrameEncoder::Encode(std::string_view content) {
  std::string frame;
  std::size_t size = 0;
  frame.resize_and_overwrite(ZSTD_compressBound(content.size()),
                             [&](char* to, std::size_t most) -> std::size_t {
                               size = ZSTD_compress2(state_->context, to, most,
                                                     content.data(),
                                                     content.size());
                               return ZSTD_isError(size) != 0 ? 0 : size;
                             });
  if (ZSTD_isError(size)) {
    return Error(ErrorCode::kIo,
                 fmt::format("compressing {} bytes: {}", content.size(),
                             ZSTD_getErrorName(size)));
  }
  return frame;
}

struct FrameDecoder::State {
  explicit State(std::shared_ptr<const ZstdDictionary> with)
      : dictionary(std::move(with)), context(ZSTD_createDCtx()) {}
  ~State() { ZSTD_freeDCtx(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // The context, at the start of a frame.
  ZSTD_DCtx* Fresh(const void* dict) const {
    ZSTD_DCtx_reset(context, ZSTD_reset_session_and_parameters);
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 23);
    if (dict != nullptr) {
      ZSTD_DCtx_refDDict(context, static_cast<const ZSTD_DDict*>(dict));
    }
    return context;
  }

  // At least `size` bytes; never cleared, for that would cost as much as
  // inflating.
  char* Room(std::size_t size) {
    if (size > room_size) {
      room.reset();
      room = std::make_unique_for_overwrite<char[]>(size);
      room_size = size;
    }
    return room.get();
  }
  // The same with the old bytes first.
  char* MoreRoom(std::size_t size) {
    if (size > room_size) {
      const std::size_t grown = std::max(size, room_size * 2);
      auto larger = std::make_unique_for_overwrite<char[]>(grown);
      if (room) std::memcpy(larger.get(), room.get(), room_size);
      room = std::move(larger);
      room_size = grown;
    }
    return room.get();
  }

  std::shared_ptr<const ZstdDictionary> dictionary;
  ZSTD_DCtx* context;
  std::unique_ptr<char[]> room;
  std::size_t room_size = 0;
};

FrameDecoder::FrameDecoder(std::shared_ptr<const ZstdDictionary> dictionary)
    : state_(std::make_unique<State>(std::move(dictionary))) {}
FrameDecoder::~FrameDecoder() = default;
FrameDecoder::FrameDecoder(FrameDecoder&&) noexcept = default;
FrameDecoder& FrameDecoder::operator=(FrameDecoder&&) noexcept = default;

Result<std::string> FrameDecoder::Decode(std::string_view frame,
                                         const FrameLimits& limits) {
  std::string content;
  STEMMA_CHECK_OK(DecodeInto(frame, content, limits));
  return content;
}

Status FrameDecoder::DecodeInto(std::string_view frame, std::string& content,
                                const FrameLimits& limits) {
  STEMMA_TRY(const std::string_view decoded, DecodeHere(frame, limits));
  content.assign(decoded);
  return {};
}

Result<std::string_view> FrameDecoder::DecodeHere(std::string_view frame,
                                                  const FrameLimits& limits) {
  const unsigned long long claimed =
      ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (claimed == ZSTD_CONTENTSIZE_ERROR) {
    return Error(ErrorCode::kMalformed, "not a zstd frame");
  }
  const bool known = claimed != ZSTD_CONTENTSIZE_UNKNOWN;
  if (known && claimed > limits.max_content) {
    return Error(ErrorCode::kLimit,
                 fmt::format("frame claims {} bytes, limit is {}", claimed,
                             limits.max_content));
  }
  ZSTD_DCtx* context = state_->Fresh(
      state_->dictionary ? state_->dictionary->decoding_ : nullptr);
  // A claim is no fact: a block of 128 KiB takes at least three stored bytes,
  // so a frame of this size cannot hold more than the second term.
  const std::uint64_t most = (frame.size() / 3 + 1) * (128 << 10);
  if (known && claimed <= most) {
    char* content = state_->Room(claimed);
    const std::size_t got = ZSTD_decompressDCtx(context, content, claimed,
                                                frame.data(), frame.size());
    if (ZSTD_isError(got)) return ZstdError("inflating", got);
    if (got != claimed) {
      return Error(
          ErrorCode::kMalformed,
          fmt::format("frame claims {} bytes and holds {}", claimed, got));
    }
    return std::string_view(content, got);
  }
  ZSTD_inBuffer in{frame.data(), frame.size(), 0};
  std::size_t size = 0;
  while (true) {
    const std::size_t step = ZSTD_DStreamOutSize();
    ZSTD_outBuffer out{state_->MoreRoom(size + step), size + step, size};
    const std::size_t left = ZSTD_decompressStream(context, &out, &in);
    if (ZSTD_isError(left)) return ZstdError("inflating", left);
    const bool full = out.pos == out.size;
    size = out.pos;
    if (size > limits.max_content) {
      return Error(
          ErrorCode::kLimit,
          fmt::format("frame holds more than {} bytes", limits.max_content));
    }
    if (left == 0) break;
    if (in.pos == in.size && !full) {
      return Error(ErrorCode::kMalformed, "frame is cut short");
    }
  }
  return std::string_view(state_->Room(size), size);
}

Result<std::string> FrameDecoder::DecodePrefix(std::string_view frame,
                                               std::size_t max_bytes) {
  ZSTD_DCtx* context = state_->Fresh(
      state_->dictionary ? state_->dictionary->decoding_ : nullptr);
  std::string content(max_bytes, '\0');
  ZSTD_inBuffer in{frame.data(), frame.size(), 0};
  ZSTD_outBuffer out{content.data(), content.size(), 0};
  while (out.pos < out.size) {
    const std::size_t before_in = in.pos, before_out = out.pos;
    const std::size_t left = ZSTD_decompressStream(context, &out, &in);
    if (ZSTD_isError(left)) return ZstdError("inflating", left);
    if (left == 0) break;
    if (in.pos == before_in && out.pos == before_out) break;
  }
  content.resize(out.pos);
  return content;
}

FrameWalker::FrameWalker(Blob file, std::uint64_t offset,
                         const FrameLimits& limits)
    : file_(std::move(file)), offset_(offset), limits_(limits) {}

// At least `size` bytes from `at` on, or all there are.
Result<std::string_view> FrameWalker::Peek(std::uint64_t at, std::size_t size) {
  constexpr std::size_t kWindow = 256 << 10;
  if (at >= file_.size()) return std::string_view();
  size = std::min<std::uint64_t>(size, file_.size() - at);
  const bool inside =
      at >= window_at_ && at + size <= window_at_ + window_.size();
  if (!inside) {
    window_.resize(
        std::min<std::uint64_t>(std::max(size, kWindow), file_.size() - at));
    window_at_ = at;
    std::size_t done = 0;
    while (done < window_.size()) {
      STEMMA_TRY(const std::size_t n,
                 file_.ReadAt(at + done, std::span(window_).subspan(done)));
      if (n == 0) break;
      done += n;
    }
    window_.resize(done);
  }
  return std::string_view(window_).substr(at - window_at_, size);
}

Result<FrameInfo> FrameWalker::ReadFrameAt(std::uint64_t at) {
  FrameInfo info;
  info.offset = at;
  const std::uint64_t left = file_.size() - at;
  STEMMA_TRY(const std::string_view head, Peek(at, 18));
  if (head.size() < 4) return Malformed(at, "the file is cut short");
  info.magic = Le32(head);
  if (IsSkippable(info.magic)) {
    if (head.size() < 8) return Malformed(at, "the file is cut short");
    const std::uint64_t content = Le32(head.substr(4));
    info.kind = info.magic == kDictionaryFrameMagic
                    ? FrameInfo::Kind::kDictionary
                    : FrameInfo::Kind::kExtension;
    info.size = 8 + content;
    info.content_size = content;
    if (info.kind == FrameInfo::Kind::kDictionary &&
        content > limits_.max_dictionary) {
      return Error(
          ErrorCode::kLimit,
          fmt::format("frame at {}: dictionary of {} bytes, limit is {}", at,
                      content, limits_.max_dictionary));
    }
    if (info.size > left) return Malformed(at, "the file is cut short");
    return info;
  }
  if (info.magic != kZstdMagic) {
    return Malformed(
        at, fmt::format("no frame begins here (0x{:08x})", info.magic));
  }
  // RFC 8878 3.1.1.1: descriptor, window, dictionary id, content size.
  if (head.size() < 6) return Malformed(at, "the file is cut short");
  const auto descriptor = static_cast<unsigned char>(head[4]);
  const bool single_segment = (descriptor & 0x20) != 0;
  // Bit 3 is reserved; bit 4 is unused, and no encoder sets it: it is the one
  // bit of a frame whose change a decoder would not notice.
  if ((descriptor & 0x18) != 0) return Malformed(at, "reserved bit is set");
  info.has_checksum = (descriptor & 0x04) != 0;
  static constexpr std::size_t kIdSizes[] = {0, 1, 2, 4};
  static constexpr std::size_t kContentSizes[] = {0, 2, 4, 8};
  const std::size_t id_size = kIdSizes[descriptor & 3];
  std::size_t content_size_size = kContentSizes[descriptor >> 6];
  if (content_size_size == 0 && single_segment) content_size_size = 1;
  std::size_t pos = 5;
  if (!single_segment) {
    const auto window = static_cast<unsigned char>(head[pos++]);
    const std::uint64_t base = std::uint64_t{1} << (10 + (window >> 3));
    info.window = base + base / 8 * (window & 7);
  }
  if (head.size() < pos + id_size + content_size_size) {
    return Malformed(at, "the file is cut short");
  }
  if (id_size != 0) {
    info.dictionary_id =
        static_cast<std::uint32_t>(LeN(head.substr(pos, id_size)));
  }
  pos += id_size;
  if (content_size_size != 0) {
    info.content_size = LeN(head.substr(pos, content_size_size)) +
                        (content_size_size == 2 ? 256 : 0);
  }
  pos += content_size_size;
  if (single_segment) info.window = *info.content_size;

  // RFC 8878 3.1.1.2: blocks of three header bytes, until the last one.
  std::uint64_t size = pos;
  while (true) {
    STEMMA_TRY(const std::string_view block, Peek(at + size, 3));
    if (block.size() < 3) return Malformed(at, "the file is cut short");
    const std::uint64_t header = LeN(block.substr(0, 3));
    const unsigned type = header >> 1 & 3;
    const std::uint64_t block_size = header >> 3;
    if (type == 3) return Malformed(at, "reserved block type");
    if (block_size > (128 << 10)) return Malformed(at, "block is too large");
    size += 3 + (type == 1 ? 1 : block_size);
    if (size > left) return Malformed(at, "the file is cut short");
    if ((header & 1) != 0) break;
  }
  if (info.has_checksum) size += 4;
  if (size > left) return Malformed(at, "the file is cut short");
  info.size = size;
  return info;
}

Result<std::optional<FrameInfo>> FrameWalker::Next() {
  if (offset_ >= file_.size()) return std::optional<FrameInfo>();
  STEMMA_TRY(const FrameInfo info, ReadFrameAt(offset_));
  offset_ += info.size;
  return std::optional<FrameInfo>(info);
}

Result<std::string> FrameWalker::Read(const FrameInfo& frame) {
  std::string bytes;
  STEMMA_CHECK_OK(ReadInto(frame, bytes));
  return bytes;
}

Status FrameWalker::ReadInto(const FrameInfo& frame, std::string& bytes) {
  bytes.resize(frame.size);
  std::size_t done = 0;
  if (frame.offset >= window_at_ &&
      frame.offset + frame.size <= window_at_ + window_.size()) {
    std::memcpy(bytes.data(), window_.data() + (frame.offset - window_at_),
                frame.size);
    return {};
  }
  while (done < bytes.size()) {
    STEMMA_TRY(
        const std::size_t n,
        file_.ReadAt(frame.offset + done, std::span(bytes).subspan(done)));
    if (n == 0) {
      return Error(ErrorCode::kIo, fmt::format("file ended at {} while reading",
                                               frame.offset + done));
    }
    done += n;
  }
  return {};
}

Status FrameWalker::Resync(std::uint64_t from) {
  // Each candidate costs a walk over its blocks; a file made of candidates
  // must not cost the square of its size.
  int tries = 10'000;
  while (from < file_.size() && tries > 0) {
    STEMMA_TRY(const std::string_view view, Peek(from, 64 << 10));
    const std::string bytes(view);  // ReadFrameAt moves the window
    if (bytes.size() < 4) break;
    for (std::size_t i = 0; i + 4 <= bytes.size() && tries > 0; ++i) {
      const std::uint32_t magic = Le32(std::string_view(bytes).substr(i));
      if (magic != kZstdMagic && !IsSkippable(magic)) continue;
      --tries;
      if (ReadFrameAt(from + i)) {
        offset_ = from + i;
        return {};
      }
    }
    from += bytes.size() - 3;
  }
  offset_ = file_.size();
  return {};
}

std::string VoidFrame(std::size_t size) {
  std::string frame;
  PutLe32(frame, kVoidMagic);
  PutLe32(frame, static_cast<std::uint32_t>(size - 8));
  frame.resize(size, '\0');
  return frame;
}

std::string SeekTable(const std::vector<FrameSizes>& frames) {
  std::string table;
  PutLe32(table, kSeekTableMagic);
  PutLe32(table, static_cast<std::uint32_t>(frames.size() * 8 + 9));
  for (const FrameSizes& frame : frames) {
    PutLe32(table, frame.stored);
    PutLe32(table, frame.content);
  }
  PutLe32(table, static_cast<std::uint32_t>(frames.size()));
  table += '\0';
  PutLe32(table, kSeekableMagic);
  return table;
}

}  // namespace stemma
