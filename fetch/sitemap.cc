#include "fetch/sitemap.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "core/trim.h"
#include "core/utf8.h"
#include "fetch/xml.h"

namespace stemma {
namespace {

// The gzip members of `bytes`, as far as they go.
std::string Inflate(std::string_view bytes, std::uint64_t max_bytes,
                    Sitemap* sitemap) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return {};
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> guard(&stream,
                                                               &inflateEnd);
  std::string text;
  std::array<char, 64 << 10> piece;
  // zlib only reads through next_in; its type is historical.
  stream.next_in = const_cast<Bytef*>(  // NOLINT(*-const-cast)
      reinterpret_cast<const Bytef*>(bytes.data()));
  stream.avail_in =
      static_cast<uInt>(std::min<std::size_t>(bytes.size(), 1U << 31));
  while (true) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = piece.size();
    const int code = inflate(&stream, Z_NO_FLUSH);
    text.append(piece.data(), piece.size() - stream.avail_out);
    if (text.size() > max_bytes) {
      sitemap->cut = true;
      text.resize(max_bytes);
      return text;
    }
    const bool more = stream.avail_in > 0;
    if (code == Z_STREAM_END && more && inflateReset(&stream) == Z_OK) continue;
    if (code == Z_OK && (more || stream.avail_out == 0)) continue;
    if (code != Z_STREAM_END) sitemap->notes.emplace_back("gzip is damaged");
    return text;
  }
}

// Where the text of an element goes.
enum class Slot {
  kNone,
  kLoc,
  kLastmod,
  kImage,
  kVideoContent,
  kVideoPlayer,
  kVideoThumbnail,
  kVideoTitle,
  kNewsName,
  kNewsLanguage,
  kNewsDate,
  kNewsTitle,
  kLink,
};

class SitemapReader : public XmlHandler {
 public:
  SitemapReader(const SitemapLimits& limits, Sitemap* sitemap)
      : limits_(limits), sitemap_(sitemap) {}

  bool Start(const Name& name,
             const std::vector<XmlAttribute>& attributes) override {
    if (sitemap_->root.empty()) sitemap_->root = name.name;
    text_.clear();
    if (name.name == "url" || name.name == "sitemap") {
      if (sitemap_->entries.size() >= limits_.max_entries) return Cut();
      sitemap_->entries.emplace_back();
      video_ = news_ = image_ = false;
    } else if (name.name == "video") {
      video_ = true;
      if (SitemapEntry* entry = Current(); entry && TakeLink()) {
        entry->videos.emplace_back();
      }
    } else if (name.name == "news") {
      news_ = true;
      if (SitemapEntry* entry = Current()) entry->news.emplace();
    } else if (name.name == "image") {
      image_ = true;
    } else if (name.name == "link") {
      TakeHref(attributes);
    }
    return true;
  }

  bool End(const Name& name) override {
    if (name.name == "video") video_ = false;
    if (name.name == "news") news_ = false;
    if (name.name == "image") image_ = false;
    const std::string_view text = Trim(text_);
    if (!text.empty() && text.size() <= limits_.max_url_bytes) {
      Put(SlotOf(name), text);
    }
    text_.clear();
    return true;
  }

  void Text(std::string_view text) override {
    if (text_.size() <= limits_.max_url_bytes) text_ += text;
  }

 private:
  bool Cut() {
    sitemap_->cut = true;
    return false;
  }

  bool TakeLink() {
    if (links_ >= limits_.max_links) {
      sitemap_->cut = true;
      return false;
    }
    ++links_;
    return true;
  }

  SitemapEntry* Current() {
    return sitemap_->entries.empty() ? nullptr : &sitemap_->entries.back();
  }

  void TakeHref(const std::vector<XmlAttribute>& attributes) {
    for (const XmlAttribute& attribute : attributes) {
      if (attribute.name != "href" || !TakeLink()) continue;
      const std::string url(Trim(attribute.value));
      sitemap_->links.push_back(url);
      if (SitemapEntry* entry = Current()) entry->alternates.push_back(url);
    }
  }

  Slot SlotOf(const Name& name) const {
    if (name.name == "loc") {
      const bool is_image =
          image_ || name.ns.find("image") != std::string_view::npos;
      return is_image ? Slot::kImage : Slot::kLoc;
    }
    if (name.name == "lastmod") return Slot::kLastmod;
    if (name.name == "link") return Slot::kLink;
    if (video_) {
      if (name.name == "content_loc") return Slot::kVideoContent;
      if (name.name == "player_loc") return Slot::kVideoPlayer;
      if (name.name == "thumbnail_loc") return Slot::kVideoThumbnail;
      if (name.name == "title") return Slot::kVideoTitle;
    }
    if (news_) {
      if (name.name == "name") return Slot::kNewsName;
      if (name.name == "language") return Slot::kNewsLanguage;
      if (name.name == "publication_date") return Slot::kNewsDate;
      if (name.name == "title") return Slot::kNewsTitle;
    }
    return Slot::kNone;
  }

  void Put(Slot slot, std::string_view text) {
    if (slot == Slot::kLink) {
      if (TakeLink()) sitemap_->links.emplace_back(text);
      return;
    }
    SitemapEntry* entry = Current();
    if (!entry) return;
    switch (slot) {
      case Slot::kLoc:
        if (entry->url.empty()) entry->url = text;
        return;
      case Slot::kLastmod:
        entry->lastmod = text;
        entry->modified = ParseTime(text);
        return;
      case Slot::kImage:
        if (TakeLink()) entry->images.emplace_back(text);
        return;
      default:
        break;
    }
    if (entry->news) PutNews(slot, text, &*entry->news);
    if (!entry->videos.empty()) PutVideo(slot, text, &entry->videos.back());
  }

  static void PutNews(Slot slot, std::string_view text, SitemapNews* news) {
    if (slot == Slot::kNewsName) news->publication = text;
    if (slot == Slot::kNewsLanguage) news->language = text;
    if (slot == Slot::kNewsDate) news->date = text;
    if (slot == Slot::kNewsTitle) news->title = text;
  }

  static void PutVideo(Slot slot, std::string_view text, SitemapVideo* video) {
    if (slot == Slot::kVideoContent) video->content = text;
    if (slot == Slot::kVideoPlayer) video->player = text;
    if (slot == Slot::kVideoThumbnail) video->thumbnail = text;
    if (slot == Slot::kVideoTitle) video->title = text;
  }

  const SitemapLimits& limits_;
  Sitemap* sitemap_;
  std::string text_;
  std::size_t links_ = 0;
  bool video_ = false, news_ = false, image_ = false;
};

void ReadTextSitemap(std::string_view text, const SitemapLimits& limits,
                     Sitemap* sitemap) {
  sitemap->root = "text";
  sitemap->well_formed = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
    const std::string_view line = Trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const bool is_url =
        line.starts_with("http://") || line.starts_with("https://");
    if (!is_url || line.size() > limits.max_url_bytes) continue;
    if (sitemap->entries.size() >= limits.max_entries) {
      sitemap->cut = true;
      return;
    }
    sitemap->entries.emplace_back().url = ValidUtf8(line);
  }
}

void ReadXmlSitemap(std::string_view text, const SitemapLimits& limits,
                    Sitemap* sitemap) {
  SitemapReader reader(limits, sitemap);
  const XmlReport report = ReadXml(text, reader);
  sitemap->well_formed = report.well_formed;
  if (!report.first_error.empty()) {
    sitemap->notes.push_back("XML: " + report.first_error);
  }
  std::erase_if(sitemap->entries,
                [](const SitemapEntry& entry) { return entry.url.empty(); });
}

}  // namespace

Result<Sitemap> ParseSitemap(std::string_view bytes,
                             const SitemapLimits& limits) {
  Sitemap sitemap;
  const bool is_gzip = bytes.starts_with("\x1f\x8b");
  std::string plain = is_gzip ? Inflate(bytes, limits.max_bytes, &sitemap)
                              : std::string(bytes.substr(0, limits.max_bytes));
  if (!is_gzip && bytes.size() > limits.max_bytes) sitemap.cut = true;
  const std::string text = XmlToUtf8(std::move(plain), "");
  if (Trim(text).starts_with('<')) {
    ReadXmlSitemap(text, limits, &sitemap);
  } else {
    ReadTextSitemap(text, limits, &sitemap);
  }
  if (sitemap.entries.empty() && sitemap.links.empty() &&
      sitemap.root != "urlset" && sitemap.root != "sitemapindex") {
    return Error(ErrorCode::kMalformed,
                 "no sitemap: neither <urlset>, <sitemapindex>, a feed nor "
                 "lines of addresses");
  }
  return sitemap;
}

}  // namespace stemma
