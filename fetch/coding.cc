#include "fetch/coding.h"

#include <brotli/decode.h>
#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "core/ascii.h"
#include "core/http_head.h"

namespace stemma {
std::string DecodeTransfer(std::string_view head, std::string body,
                           std::vector<std::string>* notes) {
  const Result<HttpHead> parsed = ParseHttpHead(head);
  if (!parsed || FramingOf(*parsed).kind != Framing::Kind::kChunked) {
    return body;
  }
  std::string payload;
  ChunkWalker walker;
  walker.Feed(body, &payload);
  if (notes != nullptr && !walker.done()) {
    notes->push_back(walker.broken()
                         ? "chunked body broken: " + walker.why()
                         : "chunked body ends before its last chunk");
  }
  return payload;
}

namespace {

// Where decoded bytes go: stops at the limit.
class Output {
 public:
  Output(std::string* out, std::uint64_t limit) : out_(out), limit_(limit) {}
  // False when the limit was reached; what fits is kept.
  bool Append(const char* data, std::size_t size) {
    const std::uint64_t room = limit_ - out_->size();
    out_->append(data,
                 static_cast<std::size_t>(std::min<std::uint64_t>(room, size)));
    return size <= room;
  }
  bool empty() const { return out_->empty(); }

 private:
  std::string* out_;
  std::uint64_t limit_;
};

enum class End { kWhole, kCut, kDamaged, kLimit, kTail };

constexpr std::size_t kPiece = 64 << 10;

struct EndInflate {
  void operator()(z_stream* z) const {
    inflateEnd(z);
    delete z;
  }
};

// One zlib, gzip (all members) or raw deflate stream. `window_bits` as zlib's.
End Inflate(std::string_view in, int window_bits, Output* out) {
  auto z = std::unique_ptr<z_stream, EndInflate>(new z_stream{});
  if (inflateInit2(z.get(), window_bits) != Z_OK) return End::kDamaged;
  std::array<char, kPiece> piece;
  std::size_t at = 0;
  while (at < in.size()) {
    const std::size_t give = std::min<std::size_t>(in.size() - at, 1 << 30);
    // zlib promises not to write through next_in; its type is historical.
    z->next_in = const_cast<Bytef*>(  // NOLINT(*-const-cast)
        reinterpret_cast<const Bytef*>(in.data() + at));
    z->avail_in = static_cast<uInt>(give);
    z->next_out = reinterpret_cast<Bytef*>(piece.data());
    z->avail_out = static_cast<uInt>(piece.size());
    const int code = inflate(z.get(), Z_NO_FLUSH);
    at += give - z->avail_in;
    if (!out->Append(piece.data(), piece.size() - z->avail_out)) {
      return End::kLimit;
    }
    if (code == Z_STREAM_END) {
      if (at == in.size()) return End::kWhole;
      const bool another = window_bits >= 16 && in.size() - at >= 2 &&
                           in[at] == '\x1f' && in[at + 1] == '\x8b';
      if (!another) return End::kTail;
      if (inflateReset(z.get()) != Z_OK) return End::kDamaged;
      continue;
    }
    if (code != Z_OK) return End::kDamaged;
    if (z->avail_in == give && z->avail_out == piece.size()) break;
  }
  // All input is in; what the window still holds comes out.
  for (;;) {
    z->next_in = nullptr;
    z->avail_in = 0;
    z->next_out = reinterpret_cast<Bytef*>(piece.data());
    z->avail_out = static_cast<uInt>(piece.size());
    const int code = inflate(z.get(), Z_NO_FLUSH);
    const std::size_t got = piece.size() - z->avail_out;
    if (!out->Append(piece.data(), got)) return End::kLimit;
    if (code == Z_STREAM_END) return End::kWhole;
    if (code != Z_OK || got == 0) return End::kCut;
  }
}

End DecodeBrotli(std::string_view in, Output* out) {
  const std::unique_ptr<BrotliDecoderState,
                        decltype(&BrotliDecoderDestroyInstance)>
      state(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr),
            &BrotliDecoderDestroyInstance);
  if (!state) return End::kDamaged;
  std::size_t in_left = in.size();
  const auto* next_in = reinterpret_cast<const std::uint8_t*>(in.data());
  std::array<char, kPiece> piece;
  for (;;) {
    std::size_t out_left = piece.size();
    auto* next_out = reinterpret_cast<std::uint8_t*>(piece.data());
    const BrotliDecoderResult code = BrotliDecoderDecompressStream(
        state.get(), &in_left, &next_in, &out_left, &next_out, nullptr);
    if (!out->Append(piece.data(), piece.size() - out_left)) {
      return End::kLimit;
    }
    switch (code) {
      case BROTLI_DECODER_RESULT_SUCCESS:
        return in_left == 0 ? End::kWhole : End::kTail;
      case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
        return End::kCut;
      case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
        break;
      case BROTLI_DECODER_RESULT_ERROR:
        return End::kDamaged;
    }
  }
}

End DecodeZstd(std::string_view in, int max_window_log, Output* out) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(
      ZSTD_createDCtx(), &ZSTD_freeDCtx);
  if (!context) return End::kDamaged;
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, max_window_log);
  ZSTD_inBuffer input{in.data(), in.size(), 0};
  std::array<char, kPiece> piece;
  std::size_t hint = 1;
  for (;;) {
    ZSTD_outBuffer output{piece.data(), piece.size(), 0};
    hint = ZSTD_decompressStream(context.get(), &output, &input);
    if (ZSTD_isError(hint)) return End::kDamaged;
    if (!out->Append(piece.data(), output.pos)) return End::kLimit;
    if (input.pos == input.size && output.pos < piece.size()) {
      return hint == 0 ? End::kWhole : End::kCut;
    }
  }
}

enum class Coding { kIdentity, kGzip, kDeflate, kBrotli, kZstd, kUnknown };

Coding CodingOf(std::string_view name) {
  const std::string lower = Lowered(name);
  if (lower == "identity" || lower == "none") return Coding::kIdentity;
  if (lower == "gzip" || lower == "x-gzip") return Coding::kGzip;
  if (lower == "deflate") return Coding::kDeflate;
  if (lower == "br") return Coding::kBrotli;
  if (lower == "zstd") return Coding::kZstd;
  return Coding::kUnknown;
}

End DecodeOne(Coding coding, std::string_view in, const DecodeLimits& limits,
              Output* out) {
  switch (coding) {
    case Coding::kGzip:
      return Inflate(in, 15 + 16, out);
    case Coding::kDeflate: {
      // RFC 9110 8.4.1.2 means zlib; some servers send raw deflate.
      const End end = Inflate(in, 15, out);
      if (end != End::kDamaged || !out->empty()) return end;
      return Inflate(in, -15, out);
    }
    case Coding::kBrotli:
      return DecodeBrotli(in, out);
    case Coding::kZstd:
      return DecodeZstd(in, limits.max_window_log, out);
    case Coding::kIdentity:
    case Coding::kUnknown:
      break;
  }
  return End::kDamaged;
}

std::string_view Describe(End end) {
  switch (end) {
    case End::kWhole:
      return "whole";
    case End::kCut:
      return "ends too early; the text is incomplete";
    case End::kDamaged:
      return "is damaged; the text may be incomplete";
    case End::kLimit:
      return "grows beyond the limit; decoding stopped";
    case End::kTail:
      return "is followed by other bytes, left out";
  }
  return "";
}

}  // namespace

Result<std::string> DecodeContent(std::string_view head, std::string body,
                                  const DecodeLimits& limits,
                                  std::vector<std::string>* notes) {
  STEMMA_TRY(const HttpHead parsed, ParseHttpHead(head));
  std::vector<std::string> names = SplitList(parsed.Joined("Content-Encoding"));
  std::erase_if(names, [](const std::string& name) {
    return CodingOf(name) == Coding::kIdentity;
  });
  if (names.size() > static_cast<std::size_t>(limits.max_codings)) {
    return Error(ErrorCode::kLimit,
                 fmt::format("{} content codings, at most {} are undone",
                             names.size(), limits.max_codings));
  }
  const std::uint64_t limit = std::min(
      limits.max_bytes, limits.max_ratio * body.size() + limits.slack_bytes);
  std::string text = std::move(body);
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    const Coding coding = CodingOf(*name);
    if (coding == Coding::kUnknown) {
      return Error(ErrorCode::kUnsupported,
                   fmt::format("content coding '{}' is not one we can undo",
                               FieldToUtf8(name->substr(0, 40))));
    }
    if (text.empty()) break;
    std::string decoded;
    Output out(&decoded, limit);
    const End end = DecodeOne(coding, text, limits, &out);
    if (notes != nullptr && end != End::kWhole) {
      notes->push_back(
          decoded.empty() && end == End::kDamaged
              ? fmt::format("says {}, but is not; read as it is", *name)
              : fmt::format("{} body {}", *name, Describe(end)));
    }
    if (decoded.empty() && end == End::kDamaged) break;
    text = std::move(decoded);
    if (end != End::kLimit) continue;
    text.resize(std::min<std::uint64_t>(text.size(), limits.kept_beyond));
    text.shrink_to_fit();
    break;
  }
  return text;
}

}  // namespace stemma
