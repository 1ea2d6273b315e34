#include "cli/capture_stream.h"

#include <chrono>
#include <deque>
#include <set>
#include <utility>

#include "core/http_head.h"
#include "fetch/coding.h"
#include "fetch/playlist.h"

namespace stemma::cli {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::uint64_t kMaxPlaylists = 8;
constexpr int kMaxFailures = 5;  // in a row: the rest will fail as well
constexpr std::size_t kMaxNotes = 20;

std::optional<std::string> TextOf(const Hop& hop) {
  if (!hop.kept) return std::nullopt;
  const std::string& head = hop.exchange.response_head;
  Result<std::string> text =
      DecodeContent(head, DecodeTransfer(head, *hop.kept));
  if (!text) return std::nullopt;
  return *std::move(text);
}

Result<Playlist> Read(const Hop& hop, const Url& url) {
  const std::optional<std::string> text = TextOf(hop);
  if (!text) return Error(ErrorCode::kLimit, "a playlist too long to read");
  return LooksLikeHls(*text) ? ReadHls(*text, url) : ReadDash(*text, url);
}

class Stream {
 public:
  Stream(const CaptureOptions& options, const FetchLimits& limits,
         CaptureDraft& draft, CaptureTools& tools)
      : options_(options), limits_(limits), draft_(draft), tools_(tools) {
    std::erase_if(options_.headers, [](const auto& field) {
      return field.first.starts_with("If-");
    });
  }

  Result<StreamFacts> Run(const Hop& first) {
    STEMMA_TRY(const Url url, Url::Parse(first.exchange.url));
    const std::optional<std::string> text = TextOf(first);
    facts_.kind = text && LooksLikeHls(*text) ? "hls" : "dash";
    seen_.insert(url.HrefWithoutFragment());
    Take(first, url);
    while (!playlists_.empty()) {
      const Url next = playlists_.front();
      playlists_.pop_front();
      STEMMA_TRY(const std::optional<Hop> hop, Get(next));
      if (!hop) continue;
      ++facts_.playlists;
      Take(*hop, next);
    }
    for (const Url& file : files_) {
      if (Ended()) {
        ++facts_.left_out;
        continue;
      }
      STEMMA_TRY(const std::optional<Hop> hop, Get(file));
      if (hop) ++facts_.files;
    }
    return std::move(facts_);
  }

 private:
  void Note(std::string text) {
    if (facts_.notes.size() < kMaxNotes) {
      facts_.notes.push_back(std::move(text));
    }
  }

  bool Ended() const {
    return failures_ >= kMaxFailures ||
           facts_.bytes >= limits_.max_body_bytes ||
           Steady::now() - begun_ >= limits_.total;
  }

  void Take(const Hop& hop, const Url& url) {
    const Result<Playlist> list = Read(hop, url);
    if (!list) return Note(url.Href() + ": " + list.error().message());
    for (const std::string& note : list->notes) Note(note);
    if (!list->choice.empty()) facts_.choice = list->choice;
    facts_.live |= list->live;
    facts_.left_out += list->left_out;
    for (const Url& next : list->next) {
      if (!seen_.insert(next.HrefWithoutFragment()).second) continue;
      if (facts_.playlists + playlists_.size() >= kMaxPlaylists) {
        ++facts_.left_out;
      } else {
        playlists_.push_back(next);
      }
    }
    for (const Url& file : list->files) {
      if (seen_.insert(file.HrefWithoutFragment()).second) {
        files_.push_back(file);
      }
    }
  }

  // A good answer, or nothing; redirects are followed once.
  Result<std::optional<Hop>> Get(Url url) {
    FetchLimits rest = limits_;
    rest.max_body_bytes -= std::min(rest.max_body_bytes, facts_.bytes);
    const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(
        Steady::now() - begun_);
    rest.total = std::max(std::chrono::milliseconds(1), rest.total - spent);
    for (int hops = 0; hops < 5; ++hops) {
      STEMMA_TRY(Hop hop, FetchHop(url, options_, rest, draft_, tools_));
      if (hop.failure) {
        if (hop.failure->code() == ErrorCode::kInterrupted) {
          return *std::move(hop.failure);
        }
        Note(url.HrefWithoutFragment() + ": " + hop.failure->message());
        break;
      }
      facts_.bytes += hop.exchange.body_bytes;
      if (const auto target = RedirectTarget(hop.exchange, url);
          target && target->IsHttp()) {
        url = *target;
        continue;
      }
      if (hop.exchange.status != 200 || hop.exchange.truncated) {
        Note(url.HrefWithoutFragment() +
             (hop.exchange.truncated
                  ? std::string(": cut short")
                  : ": status " + std::to_string(hop.exchange.status)));
        break;
      }
      failures_ = 0;
      return std::optional<Hop>(std::move(hop));
    }
    ++facts_.missing;
    ++failures_;
    return std::optional<Hop>();
  }

  CaptureOptions options_;
  const FetchLimits& limits_;
  CaptureDraft& draft_;
  CaptureTools& tools_;
  StreamFacts facts_;
  std::deque<Url> playlists_;
  std::vector<Url> files_;
  std::set<std::string> seen_;
  int failures_ = 0;
  Steady::time_point begun_ = Steady::now();
};

}  // namespace

bool IsPlaylist(const Hop& hop) {
  if (hop.exchange.status != 200 || hop.exchange.truncated || !hop.kept) {
    return false;
  }
  const std::string type = FieldOf(hop.exchange.response_head, "content-type");
  const Result<Url> url = Url::Parse(hop.exchange.url);
  const std::string path = url ? url->path() : std::string();
  const auto says = [&](std::string_view word) {
    return type.find(word) != std::string::npos;
  };
  const bool hls = says("mpegurl") || says("mpegURL") || says("MPEGURL") ||
                   path.ends_with(".m3u8");
  const bool dash = says("dash+xml") || path.ends_with(".mpd");
  if (!hls && !dash) return false;
  const std::optional<std::string> text = TextOf(hop);
  return text && (hls ? LooksLikeHls(*text) : LooksLikeDash(*text));
}

Result<StreamFacts> FetchStream(const Hop& hop, const CaptureOptions& options,
                                const FetchLimits& limits, CaptureDraft& draft,
                                CaptureTools& tools) {
  return Stream(options, limits, draft, tools).Run(hop);
}

}  // namespace stemma::cli
