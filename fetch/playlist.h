// Playlists of segmented video: HLS (RFC 8216) and MPEG-DASH (ISO/IEC 23009-1).
// Read for one purpose: to know every file that one viewing needs. What is
// stored stays as it came; nothing here rewrites a playlist.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/url.h"

namespace stemma {

struct PlaylistLimits {
  std::size_t max_bytes = 8 << 20;
  std::size_t max_files = 10'000;  // later ones are counted, not listed
};

// What a playlist leads to. A master playlist names `next` playlists (the best
// variant and the sound and subtitles that belong to it); a media playlist and
// a DASH manifest name `files`.
struct Playlist {
  std::vector<Url> next;     // playlists to read after this one
  std::vector<Url> files;    // in playing order, each once: initialisation
                             // sections, keys, segments
  std::string choice;        // the variant in words: "1280x720, 2400000 bit/s"
  bool live = false;         // it will grow: what is listed is not all
  std::size_t left_out = 0;  // files beyond the limit
  std::vector<std::string> notes;  // what could not be made out
};

bool LooksLikeHls(std::string_view text);
bool LooksLikeDash(std::string_view text);

// Reads an HLS playlist that was found at `base`. The best variant is the one
// with the highest BANDWIDTH; ties go to the first. Byte ranges of one file
// make one file. kMalformed: it does not begin with #EXTM3U. kLimit: too long.
Result<Playlist> ReadHls(std::string_view text, const Url& base,
                         const PlaylistLimits& limits = {});

// Reads a DASH manifest: of each adaptation set the representation with the
// highest bandwidth, addressed by SegmentTemplate (numbers, times, timeline),
// SegmentList or a lone BaseURL. kMalformed: no MPD. kLimit: too long.
Result<Playlist> ReadDash(std::string_view text, const Url& base,
                          const PlaylistLimits& limits = {});

}  // namespace stemma
