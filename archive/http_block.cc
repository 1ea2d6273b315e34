#include "archive/http_block.h"

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "core/ascii.h"
#include "core/trim.h"

namespace stemma {

bool IsPackedType(std::string_view mime) {
  return mime.starts_with("video/") || mime.starts_with("audio/") ||
         (mime.starts_with("image/") && mime != "image/svg+xml") ||
         mime == "application/zip" || mime == "application/gzip";
}

HttpBlockHead ReadHttpHead(std::string_view head) {
  HttpBlockHead read;
  read.status = HttpStatusOf(head);
  ForEachHttpField(head, [&read](std::string_view name, std::string_view text) {
    if (EqualsIgnoringCase(name, "content-type") && read.mime.empty()) {
      const std::string_view mime = Trim(text.substr(0, text.find(';')));
      for (const char c : mime.substr(0, 100)) {
        if (c > ' ' && c < 0x7F) read.mime += Lower(c);
      }
    } else if (EqualsIgnoringCase(name, "transfer-encoding")) {
      const std::string_view last = Trim(text.substr(text.rfind(',') + 1));
      read.chunked = EqualsIgnoringCase(last, "chunked");
    }
  });
  return read;
}

std::string HttpField(std::string_view head, std::string_view wanted) {
  std::string found;
  bool seen = false;
  ForEachHttpField(head, [&](std::string_view name, std::string_view value) {
    if (seen || !EqualsIgnoringCase(name, wanted)) return;
    found = std::string(value);
    seen = true;
  });
  return found;
}

namespace {

class ChunkedPayload {
 public:
  explicit ChunkedPayload(Blob body) : body_(std::move(body)) {}
  Status Walk();
  std::uint64_t size() const { return size_; }
  Result<std::size_t> ReadAt(std::uint64_t at, std::span<char> out) const;

 private:
  // A place inside a chunk: what lies before it, and what is left of it.
  struct Mark {
    std::uint64_t payload = 0, body = 0, left = 0;
  };

  Blob body_;
  std::vector<Mark> marks_;
  std::uint64_t size_ = 0;
};

Status ChunkedPayload::Walk() {
  constexpr std::uint64_t kMostMarks = 40'000;
  const std::uint64_t apart = body_.size() / kMostMarks;
  ChunkWalker walker;
  std::string piece(256 << 10, '\0');
  for (std::uint64_t at = 0; at < body_.size() && !walker.done();) {
    STEMMA_TRY(const std::size_t n, body_.ReadAt(at, piece));
    if (n == 0) break;
    const auto mark = [&](std::string_view payload) {
      const std::uint64_t where =
          at + static_cast<std::uint64_t>(payload.data() - piece.data());
      if (marks_.empty() || where > marks_.back().body + apart) {
        marks_.push_back({size_, where, walker.left_in_chunk()});
      }
      size_ += payload.size();
    };
    walker.Feed(std::string_view(piece).substr(0, n), mark);
    if (walker.broken()) break;
    at += n;
  }
  return {};
}

Result<std::size_t> ChunkedPayload::ReadAt(std::uint64_t at,
                                           std::span<char> out) const {
  if (at >= size_ || out.empty()) return std::size_t{0};
  out = out.first(std::min<std::uint64_t>(out.size(), size_ - at));
  Mark here = *std::prev(std::upper_bound(
      marks_.begin(), marks_.end(), at,
      [](std::uint64_t value, const Mark& m) { return value < m.payload; }));
  ChunkWalker walker = ChunkWalker::InChunk(here.left);
  std::size_t done = 0;
  std::string piece;
  while (done < out.size()) {
    if (here.payload < at && walker.left_in_chunk() > 0) {
      const std::uint64_t n =
          std::min(walker.left_in_chunk(), at - here.payload);
      walker.Skip(n);
      here.payload += n;
      here.body += n;
    }
    piece.resize(std::clamp<std::size_t>(out.size() - done, 4096, 64 << 10));
    STEMMA_TRY(const std::size_t n, body_.ReadAt(here.body, piece));
    if (n == 0) break;
    const auto take = [&](std::string_view payload) {
      const std::uint64_t before =
          at + done - std::min(at + done, here.payload);
      here.payload += payload.size();
      if (before >= payload.size()) return;
      payload.remove_prefix(before);
      payload = payload.substr(0, out.size() - done);
      std::copy(payload.begin(), payload.end(), out.begin() + done);
      done += payload.size();
    };
    if (walker.Feed(std::string_view(piece).substr(0, n), take) < n) break;
    here.body += n;
  }
  return done;
}

}  // namespace

Result<Blob> WithoutChunks(const Blob& body) {
  const auto payload = std::make_shared<ChunkedPayload>(body);
  STEMMA_CHECK_OK(payload->Walk());
  return Blob(payload->size(),
              [payload](std::uint64_t at, std::span<char> out) {
                return payload->ReadAt(at, out);
              });
}

}  // namespace stemma
