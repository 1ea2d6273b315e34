#include "media/mp4_boxes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace stemma {
namespace {

constexpr std::string_view kC2paUuid =
    "\xd8\xfe\xc3\xd6\x1b\x0e\x48\x3c\x92\x97\x58\x28\x87\x7e\xc4\x81";
constexpr std::size_t kMostDamage = 20;

std::uint32_t U32(std::string_view bytes, std::size_t at) {
  if (at + 4 > bytes.size()) return 0;
  const auto b = [&](std::size_t i) {
    return static_cast<std::uint32_t>(
        static_cast<unsigned char>(bytes[at + i]));
  };
  return b(0) << 24 | b(1) << 16 | b(2) << 8 | b(3);
}

std::uint64_t U64(std::string_view bytes, std::size_t at) {
  return std::uint64_t{U32(bytes, at)} << 32 | U32(bytes, at + 4);
}

std::string TypeName(std::string_view type) {
  std::string name;
  for (const char c : type) {
    if (c >= 0x20 && c < 0x7f)
      name += c;
    else
      name += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return name;
}

bool IsOneOf(std::string_view type, std::span<const std::string_view> names) {
  return std::find(names.begin(), names.end(), type) != names.end();
}

bool IsContainer(std::string_view type) {
  static constexpr std::string_view kNames[] = {
      "moov", "trak", "mdia", "minf", "stbl", "edts", "udta",
      "dinf", "mvex", "moof", "traf", "tref", "mfra"};
  return IsOneOf(type, kNames);
}

// Where a box's content lies in its parent's bytes.
struct Box {
  std::string_view type;
  std::size_t content = 0, end = 0;
};

// The box at `at`; false when its size cannot be.
bool BoxAt(std::string_view bytes, std::size_t at, Box& box) {
  if (bytes.size() - at < 8) return false;
  std::uint64_t size = U32(bytes, at);
  std::size_t head = 8;
  box.type = bytes.substr(at + 4, 4);
  if (size == 1) {
    if (bytes.size() - at < 16) return false;
    size = U64(bytes, at + 8);
    head = 16;
  } else if (size == 0) {
    size = bytes.size() - at;
  }
  if (size < head || size > bytes.size() - at) return false;
  box.content = at + head;
  box.end = at + static_cast<std::size_t>(size);
  return true;
}

void Refuse(BoxWalk& walk, std::string why) {
  if (walk.refusal.empty()) walk.refusal = std::move(why);
}

void Note(BoxWalk& walk, std::string what) {
  if (walk.damage.size() < kMostDamage) walk.damage.push_back(std::move(what));
}

struct TrackTimes {
  bool is_video = false;
  bool many_edits = false;
  std::int64_t first_media_time = 0;
  std::int64_t first_composition = 0;  // when its first sample is shown
};

// One walk through `moov`.
class MoovWalker {
 public:
  MoovWalker(std::uint64_t file_size, const BoxLimits& limits, BoxWalk& walk)
      : file_size_(file_size), limits_(limits), walk_(walk) {}

  void Walk(std::string_view content, int depth);
  void Finish();

 private:
  void Leaf(std::string_view type, std::string_view content);
  void SampleSizes(std::string_view content);
  void Table(std::string_view type, std::string_view content,
             std::size_t entry_bytes);
  void DataReferences(std::string_view content);
  void SampleEntry(std::string_view content);
  void EditList(std::string_view content);
  void FirstComposition(std::string_view content);
  TrackTimes& Track() {
    if (tracks_.empty()) tracks_.emplace_back();
    return tracks_.back();
  }

  std::uint64_t file_size_, boxes_ = 0;
  const BoxLimits& limits_;
  BoxWalk& walk_;
  std::vector<TrackTimes> tracks_;
};

void MoovWalker::Walk(std::string_view content, int depth) {
  if (depth > limits_.max_depth) {
    Refuse(walk_,
           fmt::format("boxes nested deeper than {}", limits_.max_depth));
    return;
  }
  for (std::size_t at = 0; at < content.size() && walk_.refusal.empty();) {
    Box box;
    if (!BoxAt(content, at, box)) {
      // QuickTime ends `udta` with four zero bytes.
      if (content.size() - at > 4) {
        Note(walk_,
             fmt::format("a box with an impossible size in moov, depth {}",
                         depth));
      }
      return;
    }
    if (++boxes_ > limits_.max_boxes) {
      Refuse(walk_, fmt::format("more than {} boxes", limits_.max_boxes));
      return;
    }
    const std::string_view inside =
        content.substr(box.content, box.end - box.content);
    if (box.type == "trak") {
      tracks_.emplace_back();
      if (++walk_.tracks > limits_.max_tracks) {
        Refuse(walk_, fmt::format("more than {} tracks", limits_.max_tracks));
        return;
      }
    }
    if (IsContainer(box.type))
      Walk(inside, depth + 1);
    else
      Leaf(box.type, inside);
    at = box.end;
  }
}

void MoovWalker::Leaf(std::string_view type, std::string_view content) {
  if (type == "cmov") {
    Refuse(walk_, "a compressed movie header (cmov)");
  } else if (type == "stsz") {
    SampleSizes(content);
  } else if (type == "stts" || type == "ctts") {
    Table(type, content, 8);
    if (type == "ctts") FirstComposition(content);
  } else if (type == "stsc") {
    Table(type, content, 12);
  } else if (type == "stco" || type == "stss") {
    Table(type, content, 4);
  } else if (type == "co64") {
    Table(type, content, 8);
  } else if (type == "dref") {
    DataReferences(content);
  } else if (type == "stsd") {
    SampleEntry(content);
  } else if (type == "elst") {
    EditList(content);
  } else if (type == "hdlr" && content.size() >= 12) {
    if (content.substr(8, 4) == "vide") {
      ++walk_.video_tracks;
      Track().is_video = true;
    }
  } else if (type == "mvhd" && content.size() >= 8) {
    const std::uint64_t created =
        content[0] == 1 ? U64(content, 4) : U32(content, 4);
    if (created != 0 && created <= 0xffffffffu) {
      walk_.creation_1904 = static_cast<std::uint32_t>(created);
    }
  }
}

void MoovWalker::SampleSizes(std::string_view content) {
  const std::uint64_t size = U32(content, 4), count = U32(content, 8);
  walk_.samples += count;
  // A sample has at least one byte, whatever the table says.
  if (count > file_size_ || walk_.samples > limits_.max_samples) {
    Refuse(walk_, fmt::format("{} samples claimed in a file of {} bytes",
                              walk_.samples, file_size_));
  } else if (size == 0 && count * 4 + 12 > content.size()) {
    Note(walk_, "the table of sample sizes is shorter than it says");
  }
}

void MoovWalker::Table(std::string_view type, std::string_view content,
                       std::size_t entry_bytes) {
  const std::uint64_t count = U32(content, 4);
  if (count * entry_bytes + 8 > content.size()) {
    Note(walk_, fmt::format("table {} claims {} entries, {} fit", type, count,
                            content.size() / entry_bytes));
    if (count > limits_.max_samples) {
      Refuse(walk_, fmt::format("table {} claims {} entries", type, count));
    }
  }
}

void MoovWalker::DataReferences(std::string_view content) {
  const std::uint32_t count = U32(content, 4);
  std::size_t at = 8;
  for (std::uint32_t i = 0; i < count; ++i) {
    Box box;
    if (at >= content.size() || !BoxAt(content, at, box)) return;
    // Flag 1: the media data is in this file (ISO/IEC 14496-12 8.7.2).
    const bool here = (U32(content, box.content) & 1) != 0;
    if (!here) {
      walk_.external_data = true;
      Refuse(walk_, "its media data is in another file (dref)");
    }
    at = box.end;
  }
}

void MoovWalker::SampleEntry(std::string_view content) {
  // Visual sample entries: 8 bytes of FullBox head, then boxes with width and
  // height 24 bytes into their content. Sound has no sizes there, so only
  // known picture codecs are looked at.
  static constexpr std::string_view kVisual[] = {
      "avc1", "avc3", "hvc1", "hev1", "vp08", "vp09", "av01",
      "mp4v", "jpeg", "mjpa", "mjpb", "png ", "encv"};
  std::size_t at = 8;
  Box box;
  while (at < content.size() && BoxAt(content, at, box)) {
    const std::string_view entry =
        content.substr(box.content, box.end - box.content);
    if (IsOneOf(box.type, kVisual) && entry.size() >= 28) {
      const std::uint32_t both = U32(entry, 24);
      const std::uint32_t width = both >> 16, height = both & 0xffff;
      if (width > limits_.max_side || height > limits_.max_side) {
        Refuse(walk_, fmt::format("pictures of {}x{}, limit is {} a side",
                                  width, height, limits_.max_side));
      }
    }
    at = box.end;
  }
}

void MoovWalker::EditList(std::string_view content) {
  const std::uint32_t count = U32(content, 4);
  const bool wide = !content.empty() && content[0] == 1;
  TrackTimes& track = Track();
  if (count > 1) track.many_edits = true;
  if (count >= 1) {
    track.first_media_time = wide ? static_cast<std::int64_t>(U64(content, 16))
                                  : static_cast<std::int32_t>(U32(content, 12));
  }
}

// ctts: u32 count, then (u32 samples, offset) pairs; signed in version 1.
void MoovWalker::FirstComposition(std::string_view content) {
  if (U32(content, 4) == 0) return;
  const std::uint32_t offset = U32(content, 12);
  Track().first_composition =
      !content.empty() && content[0] == 1
          ? std::int64_t{static_cast<std::int32_t>(offset)}
          : std::int64_t{offset};
}

// An edit that begins with the first picture shown only undoes the delay of
// reordered pictures.
void MoovWalker::Finish() {
  for (const TrackTimes& track : tracks_) {
    if (!track.is_video) continue;
    if (track.many_edits || track.first_media_time < 0 ||
        track.first_media_time > track.first_composition) {
      walk_.edit_list = true;
    }
  }
}

// Reads `n` bytes at `offset`; fewer at the end.
Result<std::string> ReadPiece(const Blob& video, std::uint64_t offset,
                              std::uint64_t n) {
  std::string bytes(n, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    STEMMA_TRY(const std::size_t got,
               video.ReadAt(offset + done, std::span(bytes).subspan(done)));
    if (got == 0) break;
    done += got;
  }
  bytes.resize(done);
  return bytes;
}

// What one top-level box adds to the walk.
Status TakeTopLevel(const Blob& video, const BoxDigest& box, std::size_t head,
                    const BoxLimits& limits, BoxWalk& walk) {
  const std::uint64_t inside = box.size - head;
  if (box.type == "ftyp") {
    STEMMA_TRY(const std::string brand,
               ReadPiece(video, box.offset + head,
                         std::min<std::uint64_t>(4, inside)));
    walk.major_brand = TypeName(brand);
  } else if (box.type == "moov") {
    if (walk.has_moov) {
      Note(walk, "a second moov box");
      return {};
    }
    walk.has_moov = true;
    walk.moov_first =
        std::none_of(walk.boxes.begin(), walk.boxes.end(),
                     [](const BoxDigest& b) { return b.type == "mdat"; });
    if (inside > limits.max_moov_bytes) {
      Refuse(walk, fmt::format("a moov box of {} bytes", inside));
      return {};
    }
    STEMMA_TRY(const std::string moov,
               ReadPiece(video, box.offset + head, inside));
    WalkMoov(moov, video.size(), limits, walk);
  } else if (box.type == "moof") {
    ++walk.fragments;
  } else if (box.type == "uuid") {
    STEMMA_TRY(const std::string uuid,
               ReadPiece(video, box.offset + head,
                         std::min<std::uint64_t>(16, inside)));
    if (uuid == kC2paUuid && !walk.c2pa) walk.c2pa = box.offset;
  }
  return {};
}

}  // namespace

bool LooksLikeMp4(std::string_view prefix) {
  static constexpr std::string_view kFirst[] = {"ftyp", "moov", "mdat", "free",
                                                "skip", "wide", "pnot", "styp",
                                                "moof", "sidx", "uuid"};
  if (prefix.size() < 8) return false;
  const std::uint32_t size = U32(prefix, 0);
  return (size >= 8 || size <= 1) && IsOneOf(prefix.substr(4, 4), kFirst);
}

void WalkMoov(std::string_view moov, std::uint64_t file_size,
              const BoxLimits& limits, BoxWalk& walk) {
  MoovWalker walker(file_size, limits, walk);
  walker.Walk(moov, 1);
  walker.Finish();
}

Result<BoxWalk> WalkBoxes(const Blob& video, const BoxLimits& limits) {
  BoxWalk walk;
  std::uint64_t at = 0;
  while (at < video.size()) {
    STEMMA_TRY(const std::string head, ReadPiece(video, at, 16));
    if (at == 0) walk.is_mp4 = LooksLikeMp4(head);
    if (!walk.is_mp4) return walk;
    std::uint64_t size = head.size() < 8 ? 0 : U32(head, 0);
    std::size_t head_bytes = 8;
    const std::uint64_t left = video.size() - at;
    if (head.size() >= 8 && size == 0) size = left;  // to the end of the file
    if (size == 1 && head.size() == 16) {
      size = U64(head, 8);
      head_bytes = 16;
    }
    const bool named =
        head.size() >= 8 &&
        std::all_of(head.begin() + 4, head.begin() + 8,
                    [](char c) { return c >= 0x20 && c < 0x7f; });
    if (size < head_bytes || !named) {
      walk.trailing_bytes = left;
      break;
    }
    if (walk.boxes.size() >= limits.max_boxes) {
      Refuse(walk, fmt::format("more than {} boxes", limits.max_boxes));
      break;
    }
    BoxDigest box;
    box.type = TypeName(std::string_view(head).substr(4, 4));
    box.offset = at;
    box.size = std::min(size, left);
    if (size > left) {
      // Junk after a whole movie may look like a huge box.
      static constexpr std::string_view kKnown[] = {
          "moov", "mdat", "moof", "free", "skip", "uuid",
          "mfra", "sidx", "styp", "udta", "meta", "wide"};
      if (!IsOneOf(box.type, kKnown)) {
        walk.trailing_bytes = left;
        break;
      }
      walk.media_complete = false;
      Note(walk, fmt::format("box {} at {} lacks its last {} bytes", box.type,
                             at, size - left));
    }
    STEMMA_CHECK_OK(TakeTopLevel(video, box, head_bytes, limits, walk));
    walk.boxes.push_back(std::move(box));
    at += std::min(size, left);
  }
  return walk;
}

}  // namespace stemma
