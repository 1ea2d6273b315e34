#include "article/media_refs.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "article/discover.h"
#include "article/text_layers.h"
#include "core/ascii.h"
#include "core/url.h"

namespace stemma {
namespace {

struct Extension {
  std::string_view ending;
  MediaKind kind;
};
constexpr Extension kExtensions[] = {
    {".mp4", MediaKind::kVideo},  {".m4v", MediaKind::kVideo},
    {".webm", MediaKind::kVideo}, {".mov", MediaKind::kVideo},
    {".ogv", MediaKind::kVideo},  {".mkv", MediaKind::kVideo},
    {".avi", MediaKind::kVideo},  {".flv", MediaKind::kVideo},
    {".wmv", MediaKind::kVideo},  {".3gp", MediaKind::kVideo},
    {".mpg", MediaKind::kVideo},  {".mpeg", MediaKind::kVideo},
    {".m3u8", MediaKind::kHls},   {".mpd", MediaKind::kDash},
    {".mp3", MediaKind::kAudio},  {".m4a", MediaKind::kAudio},
    {".ogg", MediaKind::kAudio},  {".oga", MediaKind::kAudio},
    {".wav", MediaKind::kAudio},  {".aac", MediaKind::kAudio},
    {".opus", MediaKind::kAudio}, {".flac", MediaKind::kAudio},
    {".jpg", MediaKind::kImage},  {".jpeg", MediaKind::kImage},
    {".png", MediaKind::kImage},  {".gif", MediaKind::kImage},
    {".webp", MediaKind::kImage}, {".avif", MediaKind::kImage}};

bool IsStream(MediaKind kind) { return kind != MediaKind::kImage; }

MediaKind KindOfMime(std::string_view mime, MediaKind fallback) {
  const std::string lower = Lowered(mime);
  if (lower.find("mpegurl") != std::string::npos) return MediaKind::kHls;
  if (lower.find("dash+xml") != std::string::npos) return MediaKind::kDash;
  if (lower.starts_with("audio/")) return MediaKind::kAudio;
  if (lower.starts_with("video/")) return MediaKind::kVideo;
  return fallback;
}

// JSON and JavaScript escape "/" and "&" in addresses.
std::string Unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 >= text.size()) {
      out += text[i];
    } else if (text[i + 1] == '/') {
      out += '/';
      ++i;
    } else if (text.compare(i, 6, "\\u0026") == 0) {
      out += '&';
      i += 5;
    } else if (Lowered(text.substr(i, 6)) == "\\u002f") {
      out += '/';
      i += 5;
    } else if (Lowered(text.substr(i, 6)) == "\\u003d") {
      out += '=';
      i += 5;
    }
  }
  return out;
}

constexpr std::string_view kStreamEndings[] = {".mp4",  ".m3u8", ".mpd",
                                               ".webm", ".m4v",  ".mov"};

// One pass: a dot is common in scripts, one with an 'm' or 'w' behind it rare.
std::vector<std::string_view> StreamEndingsIn(std::string_view text) {
  std::array<bool, std::size(kStreamEndings)> seen{};
  for (std::size_t at = text.find('.'); at != std::string_view::npos;
       at = text.find('.', at + 1)) {
    if (at + 1 >= text.size()) break;
    if (text[at + 1] != 'm' && text[at + 1] != 'w') continue;
    for (std::size_t i = 0; i < seen.size(); ++i) {
      if (text.substr(at).starts_with(kStreamEndings[i])) seen[i] = true;
    }
  }
  std::vector<std::string_view> endings;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (seen[i]) endings.push_back(kStreamEndings[i]);
  }
  return endings;
}

class MediaFinder {
 public:
  MediaFinder(const PageTree& tree, const std::vector<PageBlock>& blocks,
              const HeadFacts& head, std::size_t max_media)
      : tree_(tree), blocks_(blocks), head_(head), max_(max_media) {
    endings_ = StreamEndingsIn(tree.scan.source);
  }

  std::vector<PlacedMedia> Run() {
    Elements();
    if (!endings_.empty()) Scripts();
    Texts();
    std::stable_sort(
        found_.begin(), found_.end(),
        [](const auto& a, const auto& b) { return a.source < b.source; });
    Head();
    return Unrepeated();
  }

 private:
  std::string Attribute(const RawElement& e, std::string_view name) const {
    return tree_.scan.Attribute(e, name);
  }

  void Add(MediaKind kind, const std::string& href, std::string_view by,
           std::uint32_t source, bool placed, const std::string& mime = {},
           const std::string& poster = {}) {
    if (found_.size() >= max_ || href.empty() || href.size() > 8192) return;
    PlacedMedia media;
    media.link.url = Resolve(href, head_.base_url);
    if (media.link.url.empty()) return;
    if (const auto by_path = MediaKindOfPath(media.link.url);
        by_path && kind != MediaKind::kPlayer &&
        *by_path != MediaKind::kImage) {
      kind = *by_path;
    }
    media.link.kind = KindOfMime(mime, kind);
    media.link.found_by = std::string(by);
    media.link.mime = mime;
    if (!poster.empty()) media.link.poster = Resolve(poster, head_.base_url);
    media.placed = placed;
    media.source = source;
    if (kind == MediaKind::kPlayer) {
      media.link.kind = MediaKind::kPlayer;
      media.link.player_id = HostedPlayerId(media.link.url);
    } else if (kind == MediaKind::kVideo && !MediaKindOfPath(media.link.url)) {
      // "og:video" and "embedUrl" often name a player's page.
      media.link.player_id = HostedPlayerId(media.link.url);
      if (!media.link.player_id.empty()) media.link.kind = MediaKind::kPlayer;
    }
    found_.push_back(std::move(media));
  }

  void AddPlayer(std::string id, std::string url, std::string_view by,
                 std::uint32_t source) {
    if (found_.size() >= max_) return;
    PlacedMedia media;
    media.link.kind = MediaKind::kPlayer;
    media.link.url = std::move(url);
    media.link.player_id = std::move(id);
    media.link.found_by = std::string(by);
    media.placed = true;
    media.source = source;
    found_.push_back(std::move(media));
  }

  void Elements() {
    const RawElement* video = nullptr;
    for (const RawElement& e : tree_.scan.elements) {
      switch (e.tag) {
        case Tag::kVideo:
        case Tag::kAudio:
        case Tag::kAmpVideo:
          Player(e);
          video = &e;
          break;
        case Tag::kSource:
          Source(e, video);
          break;
        case Tag::kIframe:
          Frame(e);
          break;
        case Tag::kEmbed:
        case Tag::kObject:
          Plugin(e);
          break;
        case Tag::kImg:
          Image(e);
          break;
        case Tag::kA:
          Link(e);
          break;
        case Tag::kAmpYoutube:
        case Tag::kOther:
          Custom(e);
          break;
        case Tag::kScript:
          ScriptTag(e);
          break;
        default:
          break;
      }
      if (!endings_.empty() || e.tag == Tag::kVideo) DataAttributes(e);
    }
  }

  void Player(const RawElement& e) {
    const bool audio = e.tag == Tag::kAudio;
    const MediaKind kind = audio ? MediaKind::kAudio : MediaKind::kVideo;
    const std::string poster = Attribute(e, "poster");
    for (const char* name : {"src", "data-src"}) {
      Add(kind, Attribute(e, name), audio ? "audio" : "video", e.begin, true,
          Attribute(e, "type"), poster);
    }
    const std::string id = Attribute(e, "data-video-id");
    const std::string account = Attribute(e, "data-account");
    if (!id.empty() && !account.empty()) {
      AddPlayer("brightcove:" + account + "/" + id,
                "https://players.brightcove.net/" + account +
                    "/default_default/index.html?videoId=" + id,
                "brightcove", e.begin);
    }
  }

  void Source(const RawElement& e, const RawElement* video) {
    const std::string type = Attribute(e, "type");
    std::string src = Attribute(e, "src");
    if (src.empty()) src = Attribute(e, "data-src");
    if (src.empty()) return;
    const auto kind = MediaKindOfPath(Resolve(src, head_.base_url));
    const bool media = Lowered(type).starts_with("video/") ||
                       Lowered(type).starts_with("audio/") ||
                       Lowered(type).find("mpegurl") != std::string::npos ||
                       Lowered(type).find("dash") != std::string::npos ||
                       (kind && IsStream(*kind)) ||
                       (video != nullptr && !kind && type.empty());
    if (!media) return;
    Add(kind.value_or(MediaKind::kVideo), src, "source", e.begin, true, type,
        video == nullptr ? "" : Attribute(*video, "poster"));
  }

  void Frame(const RawElement& e) {
    for (const char* name :
         {"src", "data-src", "data-lazy-src", "data-litespeed-src", "data-url",
          "data-embed-src", "data-cmp-src"}) {
      const std::string src = Resolve(Attribute(e, name), head_.base_url);
      if (src.empty()) continue;
      const auto kind = MediaKindOfPath(src);
      if (kind && IsStream(*kind)) {
        Add(*kind, src, "iframe", e.begin, true);
        return;
      }
      if (!HostedPlayerId(src).empty()) {
        Add(MediaKind::kPlayer, src, "iframe", e.begin, true);
        return;
      }
    }
  }

  void Plugin(const RawElement& e) {
    const std::string src =
        Attribute(e, e.tag == Tag::kObject ? "data" : "src");
    const std::string url = Resolve(src, head_.base_url);
    const auto kind = MediaKindOfPath(url);
    if (kind && IsStream(*kind)) {
      Add(*kind, url, std::string(NameOf(e.tag)), e.begin, true,
          Attribute(e, "type"));
    } else if (!HostedPlayerId(url).empty()) {
      Add(MediaKind::kPlayer, url, std::string(NameOf(e.tag)), e.begin, true);
    }
  }

  void Image(const RawElement& e) {
    for (const char* name : {"data-src", "data-lazy-src", "data-original",
                             "data-srcset", "srcset", "src"}) {
      std::string src = Attribute(e, name);
      if (src.empty() || src.starts_with("data:")) continue;
      if (std::string_view(name).ends_with("srcset")) {
        src = src.substr(0, src.find_first_of(" ,"));
      }
      Add(MediaKind::kImage, src, "img", e.begin, true);
      return;
    }
  }

  void Link(const RawElement& e) {
    const std::string href = Attribute(e, "href");
    if (href.find('.') == std::string::npos) return;
    const auto kind = MediaKindOfPath(href);
    if (kind && IsStream(*kind)) {
      Add(*kind, href, "link", e.begin, true);
    }
  }

  // <lite-youtube videoid>, <amp-youtube data-videoid>
  void Custom(const RawElement& e) {
    if (e.attributes == 0) return;
    const std::string_view tag = tree_.scan.source.substr(e.begin, 24);
    const std::string name = Lowered(tag);
    std::string id;
    if (name.find("youtube") != std::string::npos) {
      for (const char* key : {"videoid", "data-videoid", "video-id"}) {
        if (id.empty()) id = Attribute(e, key);
      }
      if (!id.empty()) {
        AddPlayer("youtube:" + id, "https://www.youtube.com/embed/" + id,
                  "custom-element", e.begin);
      }
    }
  }

  void ScriptTag(const RawElement& e) {
    if (e.attributes == 0) return;
    const std::string post = Attribute(e, "data-telegram-post");
    if (!post.empty()) {
      AddPlayer("telegram:" + post, "https://t.me/" + post + "?embed=1",
                "telegram-widget", e.begin);
    }
    const std::string src = Attribute(e, "src");
    if (src.find("jwplayer.com/players/") != std::string::npos ||
        src.find("jwplatform.com/players/") != std::string::npos) {
      const std::string url = Resolve(src, head_.base_url);
      AddPlayer(HostedPlayerId(url), url, "jwplayer", e.begin);
    }
  }

  static bool IsDataName(std::string_view name) {
    return name.size() > 5 && Lowered(name.substr(0, 5)) == "data-" &&
           Lowered(name) != "data-src";
  }

  // data-video-src, data-mp4, data-setup='{"sources":[...]}': any data
  // attribute that holds an address of a stream.
  void DataAttributes(const RawElement& e) {
    for (std::size_t i = 0; i < e.attributes; ++i) {
      const RawAttribute& a = tree_.scan.attributes[e.first_attribute + i];
      const std::string_view name =
          tree_.scan.source.substr(a.name, a.name_size);
      const std::string_view raw =
          tree_.scan.source.substr(a.value, a.value_size);
      if (raw.size() < 6) continue;
      if (!IsDataName(name)) continue;
      bool stream = false;
      for (const std::string_view ending : kStreamEndings) {
        stream = stream || raw.find(ending) != std::string_view::npos;
      }
      if (!stream) continue;
      const std::string value = Attribute(e, Lowered(name));
      const auto kind = MediaKindOfPath(value);
      if (kind && IsStream(*kind) && value.find('"') == std::string::npos) {
        Add(*kind, value, Lowered(name), e.begin, true, {},
            Attribute(e, "data-poster"));
      } else {
        Quoted(value, Lowered(name), e.begin);
      }
    }
  }

  // Addresses of streams between quotes, as player setups have them.
  void Quoted(std::string_view text, std::string_view by,
              std::uint32_t source) {
    for (const std::string_view ending : endings_) {
      std::size_t at = 0;
      std::size_t floor = 0;
      while ((at = text.find(ending, at)) != std::string_view::npos) {
        const std::size_t hit = at;
        at += ending.size();
        std::size_t begin = hit;
        while (begin > floor && hit - begin < 2048 &&
               std::string_view("\"' \n<>()`").find(text[begin - 1]) ==
                   std::string_view::npos) {
          --begin;
        }
        std::size_t end = at;
        while (end < text.size() && end - at < 2048 &&
               std::string_view("\"' \n<>()`").find(text[end]) ==
                   std::string_view::npos) {
          ++end;
        }
        floor = end;
        at = std::max(at, end);
        std::string url = Unescape(text.substr(begin, end - begin));
        while (!url.empty() && url.back() == '\\') url.pop_back();
        if (url.find(':') == std::string::npos && !url.starts_with("/") &&
            url.find('/') == std::string::npos) {
          continue;
        }
        const auto kind = MediaKindOfPath(Resolve(url, head_.base_url));
        if (kind && IsStream(*kind)) Add(*kind, url, by, source, true);
      }
    }
  }

  void Scripts() {
    for (const std::uint32_t number : tree_.scan.scripts) {
      const RawElement& script = tree_.scan.elements[number];
      const std::string_view content = tree_.scan.Content(script);
      if (content.size() < 8) continue;
      if (Lowered(Attribute(script, "type")).find("ld+json") !=
          std::string::npos) {
        continue;
      }
      Quoted(content, "script", script.begin);
    }
  }

  void Texts() {
    for (const PageBlock& block : blocks_) {
      const bool bare = IsBareMediaUrl(block.text);
      if (block.text.find("://") == std::string::npos) continue;
      for (const std::string& url : BareMediaUrls(block.text)) {
        const bool shortcode = block.text.find("[video") != std::string::npos;
        Add(MediaKindOfPath(url).value_or(MediaKind::kVideo), url,
            shortcode ? "shortcode" : "bare-url", block.source_begin, true);
      }
      if (bare && BareMediaUrls(block.text).empty()) {
        Add(MediaKind::kPlayer, block.text, "bare-url", block.source_begin,
            true);
      }
    }
  }

  void Head() {
    std::string type, poster;
    for (const auto& [name, value] : head_.meta) {
      if (name == "og:video:type") type = value;
      if (name == "og:image" && poster.empty()) poster = value;
    }
    for (const auto& [name, value] : head_.meta) {
      if (name == "og:video" || name == "og:video:url" ||
          name == "og:video:secure_url" || name == "twitter:player:stream" ||
          name == "og:audio" || name == "og:audio:url") {
        Add(name.starts_with("og:audio") ? MediaKind::kAudio
                                         : MediaKind::kVideo,
            value, name, 0, false, name == "og:video" ? type : "", poster);
      } else if (name == "twitter:player") {
        const std::string url = Resolve(value, head_.base_url);
        if (!HostedPlayerId(url).empty()) {
          Add(MediaKind::kPlayer, url, name, 0, false);
        }
      } else if (name == "og:image") {
        Add(MediaKind::kImage, value, name, 0, false);
      }
    }
    for (const LdVideo& video : head_.ld.videos) {
      Add(MediaKind::kVideo, video.content_url, "json-ld", 0, false, video.mime,
          video.thumbnail);
      const std::string embed = Resolve(video.embed_url, head_.base_url);
      if (!embed.empty()) {
        const auto kind = MediaKindOfPath(embed);
        Add(kind ? *kind : MediaKind::kPlayer, embed, "json-ld", 0, false, {},
            video.thumbnail);
      }
    }
  }

  std::vector<PlacedMedia> Unrepeated() {
    std::unordered_map<std::string, std::size_t> seen;
    std::vector<PlacedMedia> out;
    for (PlacedMedia& media : found_) {
      const std::string& key =
          media.link.player_id.empty() ? media.link.url : media.link.player_id;
      const auto [it, added] = seen.emplace(key, out.size());
      if (added) {
        out.push_back(std::move(media));
        continue;
      }
      MediaLink& first = out[it->second].link;
      if (first.mime.empty()) first.mime = media.link.mime;
      if (first.poster.empty()) first.poster = media.link.poster;
    }
    return out;
  }

  const PageTree& tree_;
  const std::vector<PageBlock>& blocks_;
  const HeadFacts& head_;
  std::size_t max_;
  std::vector<std::string_view> endings_;  // those that the page has
  std::vector<PlacedMedia> found_;
};

std::string_view PathOf(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t from = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t path = url.find('/', from);
  if (scheme != std::string_view::npos && path == std::string_view::npos) {
    return {};
  }
  const std::size_t begin = scheme == std::string_view::npos ? 0 : path;
  const std::size_t end = url.find_first_of("?#", begin);
  return url.substr(begin, end == std::string_view::npos ? end : end - begin);
}

std::string_view IdIn(std::string_view url, std::string_view after) {
  const std::size_t at = url.find(after);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = url.substr(at + after.size());
  return rest.substr(0, rest.find_first_of("/?&#\"'"));
}

struct PlayerHost {
  std::string_view host;    // the end of the host name
  std::string_view before;  // what stands before the id
  std::string_view name;
};
constexpr PlayerHost kPlayers[] = {
    {"youtube.com", "/embed/", "youtube"},
    {"youtube-nocookie.com", "/embed/", "youtube"},
    {"youtube.com", "watch?v=", "youtube"},
    {"youtube.com", "&v=", "youtube"},
    {"youtube.com", "/v/", "youtube"},
    {"youtube.com", "/shorts/", "youtube"},
    {"youtube.com", "/live/", "youtube"},
    {"youtu.be", "youtu.be/", "youtube"},
    {"player.vimeo.com", "/video/", "vimeo"},
    {"vimeo.com", "vimeo.com/", "vimeo"},
    {"dailymotion.com", "/embed/video/", "dailymotion"},
    {"dailymotion.com", "?video=", "dailymotion"},
    {"dailymotion.com", "/video/", "dailymotion"},
    {"rumble.com", "/embed/", "rumble"},
    {"bitchute.com", "/embed/", "bitchute"},
    {"bitchute.com", "/video/", "bitchute"},
    {"odysee.com", "/embed/", "odysee"},
    {"rutube.ru", "/play/embed/", "rutube"},
    {"rutube.ru", "/video/", "rutube"},
    {"ok.ru", "/videoembed/", "ok"},
    {"facebook.com", "/plugins/video.php?href=", "facebook"},
    {"facebook.com", "/videos/", "facebook"},
    {"tiktok.com", "/embed/v2/", "tiktok"},
    {"tiktok.com", "/embed/", "tiktok"},
    {"tiktok.com", "/video/", "tiktok"},
    {"twitter.com", "/i/videos/", "x"},
    {"instagram.com", "/reel/", "instagram"},
    {"jwplayer.com", "/players/", "jwplayer"},
    {"jwplatform.com", "/players/", "jwplayer"},
    {"streamable.com", "/e/", "streamable"},
    {"soundcloud.com", "/player/?url=", "soundcloud"},
    {"archive.org", "/embed/", "archive.org"},
    {"twitch.tv", "?video=", "twitch"},
    {"brighteon.com", "/embed/", "brighteon"},
    {"gab.com", "/tv/embed/", "gab"},
    {"bilibili.com", "bvid=", "bilibili"},
    {"youku.com", "/embed/", "youku"}};

bool HostEnds(std::string_view host, std::string_view end) {
  return host == end ||
         (host.ends_with(end) && host[host.size() - end.size() - 1] == '.');
}

std::string BrightcoveId(std::string_view url) {
  const std::string_view account = IdIn(url, "brightcove.net/");
  std::string_view video = IdIn(url, "videoId=");
  if (account.empty() || video.empty()) return {};
  return "brightcove:" + std::string(account) + "/" + std::string(video);
}

}  // namespace

std::optional<MediaKind> MediaKindOfPath(std::string_view url) {
  const std::string_view path = PathOf(url);
  const std::size_t dot = path.rfind('.');
  if (dot == std::string_view::npos || path.size() - dot > 6) {
    return std::nullopt;
  }
  const std::string ending = Lowered(path.substr(dot));
  for (const Extension& extension : kExtensions) {
    if (ending == extension.ending) return extension.kind;
  }
  return std::nullopt;
}

std::string HostedPlayerId(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::string_view rest = url.substr(scheme + 3);
  std::string host = Lowered(rest.substr(0, rest.find_first_of("/?#")));
  host.resize(std::min(host.size(), host.find(':')));
  if (HostEnds(host, "brightcove.net")) return BrightcoveId(url);
  if (host == "t.me" || host == "telegram.me") {
    if (url.find("embed") == std::string_view::npos) return {};
    const std::string_view path = PathOf(url);
    return path.size() < 3 ? "" : "telegram:" + std::string(path.substr(1));
  }
  if ((HostEnds(host, "vk.com") || HostEnds(host, "vkvideo.ru")) &&
      url.find("video_ext.php") != std::string_view::npos) {
    return "vk:" + std::string(IdIn(url, "oid=")) + "_" +
           std::string(IdIn(url, "&id="));
  }
  for (const PlayerHost& player : kPlayers) {
    if (!HostEnds(host, player.host)) continue;
    std::string_view id = IdIn(url, player.before);
    if (player.name == "jwplayer") id = id.substr(0, id.find_first_of("-."));
    if (player.host == "vimeo.com" && player.before == "vimeo.com/" &&
        (id.empty() ||
         id.find_first_not_of("0123456789") != std::string_view::npos)) {
      continue;
    }
    if (id.empty() || id == "videoseries") continue;
    return std::string(player.name) + ":" + std::string(id);
  }
  return {};
}

std::vector<std::string> BareMediaUrls(std::string_view text) {
  std::vector<std::string> urls;
  std::size_t at = 0;
  while ((at = text.find("http", at)) != std::string_view::npos) {
    const std::size_t begin = at;
    at += 4;
    const std::string_view rest = text.substr(begin);
    if (!rest.starts_with("http://") && !rest.starts_with("https://")) continue;
    std::size_t end = begin;
    while (end < text.size() && static_cast<unsigned char>(text[end]) > ' ' &&
           std::string_view("\"<>[]()'").find(text[end]) ==
               std::string_view::npos) {
      ++end;
    }
    while (end > begin && std::string_view(".,;:!?").find(text[end - 1]) !=
                              std::string_view::npos) {
      --end;
    }
    const std::string url(text.substr(begin, end - begin));
    at = std::max(at, end);
    const auto kind = MediaKindOfPath(url);
    if (kind && IsStream(*kind) && urls.size() < 200) urls.push_back(url);
  }
  return urls;
}

bool IsBareMediaUrl(std::string_view text) {
  if (!text.starts_with("http") || text.find(' ') != std::string_view::npos ||
      text.find('\n') != std::string_view::npos || text.size() > 2048) {
    return false;
  }
  const auto kind = MediaKindOfPath(text);
  return (kind && IsStream(*kind)) || !HostedPlayerId(text).empty();
}

std::vector<PlacedMedia> FindMedia(const PageTree& tree,
                                   const std::vector<PageBlock>& blocks,
                                   const HeadFacts& head,
                                   std::size_t max_media) {
  return MediaFinder(tree, blocks, head, max_media).Run();
}

}  // namespace stemma
