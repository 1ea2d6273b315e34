#include "fetch/mime_sniff.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace stemma {
namespace {

constexpr std::string_view kWhitespace = "\t\n\f\r ";

unsigned char ByteAt(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

char Upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
}

MimeType Type(std::string_view type, std::string_view subtype) {
  return {.type = std::string(type),
          .subtype = std::string(subtype),
          .parameters = {}};
}

MimeType TypeOf(std::string_view essence) {
  const std::size_t slash = essence.find('/');
  return Type(essence.substr(0, slash), essence.substr(slash + 1));
}

// A signature at the start of the body; '?' in `mask` lets a byte be anything.
struct Signature {
  std::string_view bytes;
  std::string_view mask;  // empty: all bytes count
  std::string_view essence;
};

using namespace std::string_view_literals;

constexpr Signature kImages[] = {
    {"\0\0\1\0"sv, "", "image/x-icon"},
    {"\0\0\2\0"sv, "", "image/x-icon"},
    {"BM", "", "image/bmp"},
    {"GIF87a", "", "image/gif"},
    {"GIF89a", "", "image/gif"},
    {"RIFF____WEBPVP", "    ????", "image/webp"},
    {"\x89PNG\r\n\x1a\n", "", "image/png"},
    {"\xff\xd8\xff", "", "image/jpeg"},
};

constexpr Signature kMedia[] = {
    {"FORM____AIFF", "    ????", "audio/aiff"},
    {"ID3", "", "audio/mpeg"},
    {"OggS\0"sv, "", "application/ogg"},
    {"MThd\0\0\0\6"sv, "", "audio/midi"},
    {"RIFF____AVI ", "    ????", "video/avi"},
    {"RIFF____WAVE", "    ????", "audio/wave"},
};

constexpr Signature kArchives[] = {
    {"\x1f\x8b\x08", "", "application/x-gzip"},
    {"PK\3\4", "", "application/zip"},
    {"Rar!\x1a\7\0"sv, "", "application/x-rar-compressed"},
};

bool Matches(const Signature& signature, std::string_view body) {
  if (body.size() < signature.bytes.size()) return false;
  for (std::size_t i = 0; i < signature.bytes.size(); ++i) {
    const bool any = i < signature.mask.size() && signature.mask[i] == '?';
    if (!any && body[i] != signature.bytes[i]) return false;
  }
  return true;
}

template <std::size_t N>
std::optional<MimeType> MatchAny(const Signature (&signatures)[N],
                                 std::string_view body) {
  for (const Signature& signature : signatures) {
    if (Matches(signature, body)) return TypeOf(signature.essence);
  }
  return std::nullopt;
}

bool IsMp4(std::string_view body) {
  if (body.size() < 12) return false;
  std::uint32_t box_size = 0;
  for (std::size_t i = 0; i < 4; ++i)
    box_size = box_size << 8 | ByteAt(body, i);
  if (body.size() < box_size || box_size % 4 != 0 ||
      body.substr(4, 4) != "ftyp") {
    return false;
  }
  if (body.substr(8, 3) == "mp4") return true;
  for (std::size_t at = 16; at < box_size; at += 4) {
    if (body.substr(at, 3) == "mp4") return true;
  }
  return false;
}

// Bytes of the EBML variable-size integer that starts with `first`.
std::size_t VintSize(unsigned char first) {
  std::size_t size = 1;
  for (unsigned mask = 0x80; size < 8 && (first & mask) == 0; mask >>= 1) {
    ++size;
  }
  return size;
}

bool IsWebm(std::string_view body) {
  if (!body.starts_with("\x1a\x45\xdf\xa3")) return false;
  for (std::size_t at = 4; at < std::min<std::size_t>(body.size(), 38); ++at) {
    if (body.substr(at, 2) != "\x42\x82") continue;
    at += 2;
    if (at >= body.size()) return false;
    at += VintSize(ByteAt(body, at));
    if (at + 4 > body.size()) return false;
    std::string_view name = body.substr(at);
    name.remove_prefix(std::min(name.find_first_not_of('\0'), name.size()));
    if (name.starts_with("webm")) return true;
  }
  return false;
}

// Length of the MP3 frame at the front of `body`; 0 when there is none.
std::size_t Mp3FrameSize(std::string_view body) {
  constexpr std::array<int, 15> kRates = {
      0,      32000,  40000,  48000,  56000,  64000,  80000, 96000,
      112000, 128000, 160000, 192000, 224000, 256000, 320000};
  constexpr std::array<int, 15> kRates25 = {
      0,     8000,  16000, 24000,  32000,  40000,  48000, 56000,
      64000, 80000, 96000, 112000, 128000, 144000, 160000};
  constexpr std::array<int, 3> kSampleRates = {44100, 48000, 32000};
  if (body.size() < 4 || ByteAt(body, 0) != 0xff ||
      (ByteAt(body, 1) & 0xe0) != 0xe0) {
    return 0;
  }
  const int layer = (ByteAt(body, 1) & 0x06) >> 1;
  const std::size_t rate_index = (ByteAt(body, 2) & 0xf0) >> 4;
  const std::size_t sample_index = (ByteAt(body, 2) & 0x0c) >> 2;
  if (layer == 0 || 4 - layer != 3 || rate_index == 15 || sample_index == 3) {
    return 0;
  }
  const int version = (ByteAt(body, 1) & 0x18) >> 3;
  const int rate = (version & 1) ? kRates[rate_index] : kRates25[rate_index];
  const int scale = version == 1 ? 72 : 144;
  const int padding = (ByteAt(body, 2) & 0x02) ? 1 : 0;
  return static_cast<std::size_t>(rate * scale / kSampleRates[sample_index] +
                                  padding);
}

bool IsMp3WithoutId3(std::string_view body) {
  const std::size_t size = Mp3FrameSize(body);
  if (size < 4 || size + 4 > body.size()) return false;
  return Mp3FrameSize(body.substr(size)) != 0;
}

std::optional<MimeType> MatchMedia(std::string_view body) {
  if (auto type = MatchAny(kMedia, body)) return type;
  if (IsMp4(body)) return Type("video", "mp4");
  if (IsWebm(body)) return Type("video", "webm");
  if (IsMp3WithoutId3(body)) return Type("audio", "mpeg");
  return std::nullopt;
}

bool IsHtml(std::string_view body) {
  constexpr std::string_view kTags[] = {"<!DOCTYPE HTML",
                                        "<HTML",
                                        "<HEAD",
                                        "<SCRIPT",
                                        "<IFRAME",
                                        "<H1",
                                        "<DIV",
                                        "<FONT",
                                        "<TABLE",
                                        "<A",
                                        "<STYLE",
                                        "<TITLE",
                                        "<B",
                                        "<BODY",
                                        "<BR",
                                        "<P"};
  if (body.starts_with("<!--")) return true;
  return std::ranges::any_of(kTags, [body](std::string_view tag) {
    if (body.size() <= tag.size()) return false;
    const char end = body[tag.size()];
    return (end == ' ' || end == '>') &&
           std::ranges::equal(body.substr(0, tag.size()), tag, {}, Upper);
  });
}

// What may hold scripts and so must not be guessed for a server that forbids.
std::optional<MimeType> MatchScriptable(std::string_view body) {
  std::string_view text = body;
  text.remove_prefix(
      std::min(text.find_first_not_of(kWhitespace), text.size()));
  if (IsHtml(text)) return Type("text", "html");
  if (text.starts_with("<?xml")) return Type("text", "xml");
  if (body.starts_with("%PDF-")) return Type("application", "pdf");
  return std::nullopt;
}

bool HasByteOrderMark(std::string_view body) {
  return body.starts_with("\xfe\xff") || body.starts_with("\xff\xfe") ||
         body.starts_with("\xef\xbb\xbf");
}

bool HasBinaryBytes(std::string_view body) {
  return std::ranges::any_of(body, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x08 || byte == 0x0b || (byte >= 0x0e && byte <= 0x1a) ||
           (byte >= 0x1c && byte <= 0x1f);
  });
}

MimeType TextOrBinary(std::string_view body) {
  return HasByteOrderMark(body) || !HasBinaryBytes(body)
             ? Type("text", "plain")
             : Type("application", "octet-stream");
}

MimeType IdentifyUnknown(std::string_view body, bool sniff_scriptable) {
  if (sniff_scriptable) {
    if (auto type = MatchScriptable(body)) return *type;
  }
  if (body.starts_with("%!PS-Adobe-")) {
    return Type("application", "postscript");
  }
  if (body.size() >= 4 && HasByteOrderMark(body)) return Type("text", "plain");
  if (auto type = MatchAny(kImages, body)) return *type;
  if (auto type = MatchMedia(body)) return *type;
  if (auto type = MatchAny(kArchives, body)) return *type;
  return TextOrBinary(body);
}

bool IsApacheBug(std::string_view content_type) {
  return content_type == "text/plain" ||
         content_type == "text/plain; charset=ISO-8859-1" ||
         content_type == "text/plain; charset=iso-8859-1" ||
         content_type == "text/plain; charset=UTF-8";
}

bool IsUnknown(const std::optional<MimeType>& supplied) {
  if (!supplied) return true;
  const std::string essence = supplied->Essence();
  return essence == "unknown/unknown" || essence == "application/unknown" ||
         essence == "*/*";
}

}  // namespace

MimeType SniffMimeType(const SniffInput& input) {
  const std::string_view body = input.body.substr(0, kSniffBytes);
  const std::optional<MimeType> supplied = ParseMimeType(input.content_type);
  if (IsUnknown(supplied)) return IdentifyUnknown(body, !input.no_sniff);
  if (supplied->IsXml() || supplied->Essence() == "text/html") {
    return *supplied;
  }
  if (input.no_sniff) return *supplied;
  if (input.from_http && IsApacheBug(input.content_type)) {
    return TextOrBinary(body);
  }
  if (!input.media_supported) return *supplied;
  if (supplied->type == "image") {
    return MatchAny(kImages, body).value_or(*supplied);
  }
  if (supplied->type == "audio" || supplied->type == "video" ||
      supplied->Essence() == "application/ogg") {
    return MatchMedia(body).value_or(*supplied);
  }
  return *supplied;
}

}  // namespace stemma
