#include "fetch/playlist.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/trim.h"
#include "core/utf8.h"
#include "fetch/xml.h"

namespace stemma {
namespace {

std::string_view WithoutMark(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return text;
}

// As much of a text from outside as a note may hold.
std::string Words(std::string_view text) {
  return ValidUtf8(text.substr(0, 200));
}

std::uint64_t NumberOf(std::string_view text, std::uint64_t otherwise = 0) {
  std::uint64_t value = 0;
  const auto [end, errc] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  return errc == std::errc() && end != text.data() ? value : otherwise;
}

// Collects addresses, each once.
class Files {
 public:
  Files(Playlist& playlist, const PlaylistLimits& limits)
      : playlist_(playlist), limits_(limits) {}

  void Add(std::string_view reference, const Url& base) {
    ++asked_;
    const Result<Url> url = Url::Parse(reference, &base);
    if (!url || !url->IsHttp() || url->host().empty()) {
      if (playlist_.notes.size() < 20) {
        playlist_.notes.push_back("not an http address: " + Words(reference));
      }
      return;
    }
    if (seen_.contains(url->HrefWithoutFragment())) return;
    if (playlist_.files.size() >= limits_.max_files) {
      ++playlist_.left_out;
      return;
    }
    seen_.insert(url->HrefWithoutFragment());
    playlist_.files.push_back(*url);
  }
  // Also when the same few addresses are named over and over.
  bool full() const {
    return playlist_.files.size() >= limits_.max_files ||
           asked_ >= 4 * limits_.max_files;
  }
  void LeaveOut(std::uint64_t count) { playlist_.left_out += count; }

 private:
  Playlist& playlist_;
  const PlaylistLimits& limits_;
  std::set<std::string> seen_;
  std::size_t asked_ = 0;
};

// --- HLS ---------------------------------------------------------------------

// `NAME=value,NAME="quoted, value"` (RFC 8216 4.2).
std::map<std::string, std::string> AttributesOf(std::string_view list) {
  std::map<std::string, std::string> attributes;
  while (!list.empty()) {
    const std::size_t equals = list.find('=');
    if (equals == std::string_view::npos) break;
    const std::string name(Trim(list.substr(0, equals)));
    list.remove_prefix(equals + 1);
    std::string_view value;
    if (list.starts_with('"')) {
      const std::size_t end = list.find('"', 1);
      value = list.substr(1, end == std::string_view::npos ? end : end - 1);
      list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
    } else {
      value = list.substr(0, list.find(','));
      list.remove_prefix(value.size());
    }
    const std::size_t comma = list.find(',');
    list.remove_prefix(comma == std::string_view::npos ? list.size()
                                                       : comma + 1);
    attributes[name] = std::string(Trim(value));
  }
  return attributes;
}

struct Variant {
  std::uint64_t bandwidth = 0;
  std::string uri, resolution, audio, subtitles, video;
};
struct Rendition {
  std::string type, group, uri;
  bool is_default = false;
};

// The rendition of a group that a player takes unasked.
const Rendition* RenditionOf(const std::vector<Rendition>& renditions,
                             std::string_view type, std::string_view group) {
  const Rendition* chosen = nullptr;
  for (const Rendition& one : renditions) {
    if (one.type != type || one.group != group || group.empty()) continue;
    if (chosen == nullptr || (one.is_default && !chosen->is_default)) {
      chosen = &one;
    }
  }
  return chosen;
}

class HlsReader {
 public:
  HlsReader(const Url& base, const PlaylistLimits& limits)
      : base_(base), files_(playlist_, limits) {}

  Playlist Read(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      Line(Trim(text.substr(0, end)));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    ChooseVariant();
    playlist_.live = !ended_ && variants_.empty();
    return std::move(playlist_);
  }

 private:
  void Line(std::string_view line) {
    if (line.empty()) return;
    if (!line.starts_with('#')) return Address(line);
    const std::size_t colon = line.find(':');
    const std::string_view tag = line.substr(0, colon);
    const std::string_view rest =
        colon == std::string_view::npos ? "" : line.substr(colon + 1);
    if (tag == "#EXT-X-STREAM-INF") {
      const auto facts = AttributesOf(rest);
      Variant variant;
      const auto get = [&](const char* name) {
        const auto found = facts.find(name);
        return found == facts.end() ? std::string() : found->second;
      };
      variant.bandwidth = NumberOf(get("BANDWIDTH"));
      variant.resolution = get("RESOLUTION");
      variant.audio = get("AUDIO");
      variant.video = get("VIDEO");
      variant.subtitles = get("SUBTITLES");
      pending_ = std::move(variant);
    } else if (tag == "#EXT-X-MEDIA") {
      auto facts = AttributesOf(rest);
      renditions_.push_back({facts["TYPE"], facts["GROUP-ID"], facts["URI"],
                             facts["DEFAULT"] == "YES"});
    } else if (tag == "#EXT-X-KEY" || tag == "#EXT-X-MAP" ||
               tag == "#EXT-X-SESSION-KEY") {
      const std::string uri = AttributesOf(rest)["URI"];
      if (!uri.empty()) files_.Add(uri, base_);
    } else if (tag == "#EXT-X-ENDLIST") {
      ended_ = true;
    }
  }

  void Address(std::string_view line) {
    if (!pending_) return files_.Add(line, base_);
    pending_->uri = std::string(line);
    variants_.push_back(*std::exchange(pending_, std::nullopt));
  }

  void Next(const std::string& uri) {
    const Result<Url> url = Url::Parse(uri, &base_);
    if (!url || !url->IsHttp()) {
      playlist_.notes.push_back("not an http address: " + Words(uri));
      return;
    }
    playlist_.next.push_back(*url);
  }

  void ChooseVariant() {
    if (variants_.empty()) return;
    const Variant& best =
        *std::ranges::max_element(variants_, {}, &Variant::bandwidth);
    playlist_.choice = fmt::format(
        "{}{}{} bit/s, of {}", Words(best.resolution),
        best.resolution.empty() ? "" : ", ", best.bandwidth, variants_.size());
    Next(best.uri);
    for (const auto& [type, group] :
         {std::pair("VIDEO", &best.video), std::pair("AUDIO", &best.audio),
          std::pair("SUBTITLES", &best.subtitles)}) {
      const Rendition* rendition = RenditionOf(renditions_, type, *group);
      if (rendition != nullptr && !rendition->uri.empty() &&
          rendition->uri != best.uri) {
        Next(rendition->uri);
      }
    }
  }

  const Url& base_;
  Playlist playlist_;
  Files files_;
  std::optional<Variant> pending_;
  std::vector<Variant> variants_;
  std::vector<Rendition> renditions_;
  bool ended_ = false;
};

// --- DASH --------------------------------------------------------------------

std::vector<const XmlElement*> ChildrenOf(const XmlElement& element,
                                          std::string_view name) {
  std::vector<const XmlElement*> found;
  for (const XmlNode& node : element.children) {
    const auto* child = std::get_if<std::unique_ptr<XmlElement>>(&node);
    if (child != nullptr && (*child)->name == name) {
      found.push_back(child->get());
    }
  }
  return found;
}

std::string AttributeOf(const XmlElement* element, std::string_view name) {
  if (element == nullptr) return {};
  const std::string* value = element->Find(name);
  return value == nullptr ? std::string() : std::string(Trim(*value));
}

// "PT1H2M3.5S" in seconds (XML Schema's duration, days at most).
double SecondsOf(std::string_view text) {
  if (!text.starts_with('P')) return 0;
  double seconds = 0, number = 0, scale = 0;
  for (const char c : text.substr(1)) {
    if (c >= '0' && c <= '9') {
      const double digit = c - '0';
      if (scale == 0) {
        number = number * 10 + digit;
      } else {
        number += digit * scale;
        scale /= 10;
      }
    } else if (c == '.' || c == ',') {
      scale = 0.1;
    } else {
      const double unit = c == 'D'   ? 86'400
                          : c == 'H' ? 3'600
                          : c == 'M' ? 60
                          : c == 'S' ? 1
                                     : 0;
      seconds += number * unit;
      number = scale = 0;
    }
  }
  return seconds;
}

// $RepresentationID$, $Number%05d$, $Time$, $Bandwidth$, $$ (5.3.9.4.4).
std::string Expand(std::string_view form, const std::string& id,
                   std::uint64_t bandwidth, std::uint64_t number,
                   std::uint64_t time) {
  std::string out;
  for (std::size_t at = 0; at < form.size();) {
    if (form[at] != '$') {
      out += form[at++];
      continue;
    }
    const std::size_t end = form.find('$', at + 1);
    if (end == std::string_view::npos) break;
    const std::string_view field = form.substr(at + 1, end - at - 1);
    const std::string_view name = field.substr(0, field.find('%'));
    std::size_t width = 0;
    if (name.size() < field.size()) {
      width = std::min<std::size_t>(
          20,
          static_cast<std::size_t>(NumberOf(field.substr(name.size() + 2))));
    }
    const auto put = [&](std::uint64_t value) {
      out += fmt::format("{:0{}}", value, width);
    };
    if (name.empty()) {
      out += '$';
    } else if (name == "RepresentationID") {
      out += id;
    } else if (name == "Number") {
      put(number);
    } else if (name == "Time") {
      put(time);
    } else if (name == "Bandwidth") {
      put(bandwidth);
    }
    at = end + 1;
  }
  return out;
}

class DashReader {
 public:
  DashReader(const Url& base, const PlaylistLimits& limits)
      : base_(base), files_(playlist_, limits) {}

  Playlist Read(const XmlElement& mpd) {
    playlist_.live = AttributeOf(&mpd, "type") == "dynamic";
    total_ = SecondsOf(AttributeOf(&mpd, "mediaPresentationDuration"));
    const Url base = BaseOf(mpd, base_);
    for (const XmlElement* period : ChildrenOf(mpd, "Period")) {
      const double own = SecondsOf(AttributeOf(period, "duration"));
      seconds_ = own > 0 ? own : total_;
      const Url period_base = BaseOf(*period, base);
      for (const XmlElement* set : ChildrenOf(*period, "AdaptationSet")) {
        Set(*set, *period, period_base);
      }
    }
    return std::move(playlist_);
  }

 private:
  Url BaseOf(const XmlElement& element, const Url& base) {
    const auto bases = ChildrenOf(element, "BaseURL");
    if (bases.empty()) return base;
    const Result<Url> url = Url::Parse(Trim(bases.front()->Text()), &base);
    return url && url->IsHttp() ? *url : base;
  }

  void Set(const XmlElement& set, const XmlElement& period, const Url& base) {
    const XmlElement* best = nullptr;
    std::uint64_t most = 0;
    const auto representations = ChildrenOf(set, "Representation");
    for (const XmlElement* one : representations) {
      const std::uint64_t bandwidth = NumberOf(AttributeOf(one, "bandwidth"));
      if (best == nullptr || bandwidth > most) {
        best = one;
        most = bandwidth;
      }
    }
    if (best == nullptr) return;
    const std::string width = AttributeOf(best, "width");
    playlist_.choice += fmt::format(
        "{}{}{} bit/s, of {}", playlist_.choice.empty() ? "" : "; ",
        width.empty()
            ? ""
            : Words(width) + "x" + Words(AttributeOf(best, "height")) + ", ",
        most, representations.size());
    Representation(*best, most, {best, &set, &period},
                   BaseOf(*best, BaseOf(set, base)), base);
  }

  // The first that is there, from the innermost level out.
  static const XmlElement* Inherited(
      const std::vector<const XmlElement*>& levels, std::string_view name) {
    for (const XmlElement* level : levels) {
      const auto found = ChildrenOf(*level, name);
      if (!found.empty()) return found.front();
    }
    return nullptr;
  }
  static std::string InheritedAttribute(
      const std::vector<const XmlElement*>& levels, std::string_view element,
      std::string_view name) {
    for (const XmlElement* level : levels) {
      for (const XmlElement* found : ChildrenOf(*level, element)) {
        std::string value = AttributeOf(found, name);
        if (!value.empty()) return value;
      }
    }
    return {};
  }

  void Representation(const XmlElement& representation, std::uint64_t bandwidth,
                      const std::vector<const XmlElement*>& levels,
                      const Url& base, const Url& outer) {
    if (const XmlElement* list = Inherited(levels, "SegmentList")) {
      return List(*list, base);
    }
    if (Inherited(levels, "SegmentTemplate") != nullptr) {
      return Template(AttributeOf(&representation, "id"), bandwidth, levels,
                      base);
    }
    // One file, addressed by itself.
    if (base.Href() == outer.Href() && base.Href() == base_.Href()) {
      playlist_.notes.push_back("a representation without an address");
      return;
    }
    files_.Add(base.Href(), base);
  }

  void List(const XmlElement& list, const Url& base) {
    for (const XmlElement* first : ChildrenOf(list, "Initialization")) {
      const std::string source = AttributeOf(first, "sourceURL");
      files_.Add(source.empty() ? base.Href() : source, base);
    }
    for (const XmlElement* segment : ChildrenOf(list, "SegmentURL")) {
      const std::string media = AttributeOf(segment, "media");
      files_.Add(media.empty() ? base.Href() : media, base);
    }
  }

  void Template(const std::string& id, std::uint64_t bandwidth,
                const std::vector<const XmlElement*>& levels, const Url& base) {
    const auto get = [&](std::string_view name) {
      return InheritedAttribute(levels, "SegmentTemplate", name);
    };
    if (const std::string first = get("initialization"); !first.empty()) {
      files_.Add(Expand(first, id, bandwidth, 0, 0), base);
    }
    const std::string media = get("media");
    if (media.empty()) return;
    std::uint64_t number = NumberOf(get("startNumber"), 1);
    const std::uint64_t scale =
        std::max<std::uint64_t>(1, NumberOf(get("timescale"), 1));
    const XmlElement* timeline = nullptr;
    for (const XmlElement* level : levels) {
      for (const XmlElement* form : ChildrenOf(*level, "SegmentTemplate")) {
        const auto found = ChildrenOf(*form, "SegmentTimeline");
        if (timeline == nullptr && !found.empty()) timeline = found.front();
      }
    }
    if (timeline != nullptr) {
      return Timeline(*timeline, media, id, bandwidth, number, scale, base);
    }
    const std::uint64_t duration = NumberOf(get("duration"));
    if (duration == 0 || seconds_ <= 0) {
      playlist_.notes.push_back("the number of segments is not said");
      return;
    }
    const double each =
        static_cast<double>(duration) / static_cast<double>(scale);
    const double exact = std::min(1e9, std::ceil(seconds_ / each - 1e-6));
    auto count = static_cast<std::uint64_t>(std::max(1.0, exact));
    for (std::uint64_t i = 0; i < count; ++i, ++number) {
      if (files_.full()) return files_.LeaveOut(count - i);
      files_.Add(Expand(media, id, bandwidth, number, i * duration), base);
    }
  }

  // S elements: start, duration, repeats (5.3.9.6).
  void Timeline(const XmlElement& timeline, const std::string& media,
                const std::string& id, std::uint64_t bandwidth,
                std::uint64_t number, std::uint64_t scale, const Url& base) {
    std::uint64_t time = 0;
    const auto stretches = ChildrenOf(timeline, "S");
    for (std::size_t s = 0; s < stretches.size(); ++s) {
      const std::uint64_t duration = NumberOf(AttributeOf(stretches[s], "d"));
      const std::string start = AttributeOf(stretches[s], "t");
      if (!start.empty()) time = NumberOf(start);
      std::uint64_t repeats = 0;
      const std::string r = AttributeOf(stretches[s], "r");
      if (r.starts_with('-') && duration > 0) {
        // Until the next stretch, or the end.
        const std::string next =
            s + 1 < stretches.size() ? AttributeOf(stretches[s + 1], "t") : "";
        const std::uint64_t end =
            next.empty() ? static_cast<std::uint64_t>(std::min(
                               1e15, seconds_ * static_cast<double>(scale)))
                         : NumberOf(next);
        repeats = end > time ? (end - time + duration - 1) / duration - 1 : 0;
      } else {
        repeats = NumberOf(r);
      }
      for (std::uint64_t i = 0; i <= repeats; ++i, ++number, time += duration) {
        if (files_.full()) {
          files_.LeaveOut(std::min<std::uint64_t>(repeats - i + 1, 1U << 20));
          break;
        }
        files_.Add(Expand(media, id, bandwidth, number, time), base);
      }
    }
  }

  const Url& base_;
  Playlist playlist_;
  Files files_;
  double total_ = 0, seconds_ = 0;
};

Status CheckSize(std::string_view text, const PlaylistLimits& limits) {
  if (text.size() <= limits.max_bytes) return {};
  return Error(ErrorCode::kLimit,
               fmt::format("a playlist of {} bytes, at most {} are read",
                           text.size(), limits.max_bytes));
}

}  // namespace

bool LooksLikeHls(std::string_view text) {
  return WithoutMark(text).starts_with("#EXTM3U");
}

bool LooksLikeDash(std::string_view text) {
  return text.substr(0, 4096).find("<MPD") != std::string_view::npos;
}

Result<Playlist> ReadHls(std::string_view text, const Url& base,
                         const PlaylistLimits& limits) {
  STEMMA_CHECK_OK(CheckSize(text, limits));
  if (!LooksLikeHls(text)) {
    return Error(ErrorCode::kMalformed, "no HLS playlist: #EXTM3U is missing");
  }
  // RFC 8216 4.1: UTF-8; what is not cannot be told on.
  const std::string valid = ValidUtf8(WithoutMark(text));
  return HlsReader(base, limits).Read(valid);
}

Result<Playlist> ReadDash(std::string_view text, const Url& base,
                          const PlaylistLimits& limits) {
  STEMMA_CHECK_OK(CheckSize(text, limits));
  const XmlTree tree = ReadXmlTree(XmlToUtf8(std::string(text), ""), 200'000);
  if (tree.root == nullptr || tree.root->name != "MPD") {
    return Error(ErrorCode::kMalformed, "no DASH manifest: MPD is missing");
  }
  return DashReader(base, limits).Read(*tree.root);
}

}  // namespace stemma
