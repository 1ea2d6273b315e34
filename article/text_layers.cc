#include "article/text_layers.h"

#include <fmt/format.h>
#include <unicode/bytestream.h>
#include <unicode/edits.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/uvernum.h>

#include <algorithm>
#include <map>

#include "core/ascii.h"
#include "core/utf8.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

enum class Fate { kKeep, kSpace, kLine, kDrop };

// What becomes of a code point in L1; see text_layers.h.
Fate FateOf(char32_t c) {
  if (c < 0x80) {
    if (c == '\n') return Fate::kLine;
    if (c == ' ' || c == '\t' || c == '\f' || c == '\r' || c == '\v') {
      return Fate::kSpace;
    }
    return c < 0x20 || c == 0x7F ? Fate::kDrop : Fate::kKeep;
  }
  if (c < 0xA0) return c == 0x85 ? Fate::kSpace : Fate::kDrop;
  switch (c) {
    case 0xA0:
    case 0x1680:
    case 0x2028:
    case 0x2029:
    case 0x202F:
    case 0x205F:
    case 0x3000:
      return Fate::kSpace;
    case 0xAD:
    case 0x200B:
    case 0x2060:
    case 0xFEFF:
      return Fate::kDrop;
    default:
      return c >= 0x2000 && c <= 0x200A ? Fate::kSpace : Fate::kKeep;
  }
}

// Collects L1 text; white space is owed until something follows it.
class Folder {
 public:
  Folder(std::size_t size, OffsetSteps* steps) : steps_(steps) {
    out_.reserve(size);
  }
  void Space(std::size_t at) {
    if (!space_ && !line_) owed_from_ = at;
    space_ = true;
  }
  void Line(std::size_t at) {
    if (!space_ && !line_) owed_from_ = at;
    line_ = true;
  }
  // Before what comes from byte `at`.
  void Pay(std::size_t at) {
    if (!out_.empty()) {
      if (steps_ != nullptr && (line_ || space_)) {
        AddStep(*steps_, out_.size(), owed_from_);
      }
      if (line_) {
        out_ += '\n';
      } else if (space_) {
        out_ += ' ';
      }
    }
    line_ = space_ = false;
    if (steps_ != nullptr) AddStep(*steps_, out_.size(), at);
  }
  std::string out_;

 private:
  OffsetSteps* steps_;
  std::size_t owed_from_ = 0;
  bool space_ = false, line_ = false;
};

// Every code point below U+0300 is in NFC with any neighbour below it.
std::string ToNfc(std::string text, bool above_latin, OffsetSteps* steps) {
  if (!above_latin) return text;
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  if (U_FAILURE(status)) return text;
  const icu::StringPiece piece(text.data(), static_cast<int>(text.size()));
  if (nfc->isNormalizedUTF8(piece, status) && U_SUCCESS(status)) return text;
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  status = U_ZERO_ERROR;
  icu::Edits edits;
  nfc->normalizeUTF8(0, piece, sink, steps == nullptr ? nullptr : &edits,
                     status);
  if (U_FAILURE(status)) return text;
  if (steps != nullptr) {
    OffsetSteps composed;
    icu::Edits::Iterator it = edits.getFineIterator();
    while (it.next(status) && U_SUCCESS(status)) {
      AddStep(composed, static_cast<std::size_t>(it.destinationIndex()),
              static_cast<std::size_t>(it.sourceIndex()));
    }
    *steps = Through(composed, *steps, out.size());
  }
  return out;
}

std::string Point(char32_t c) {
  return fmt::format("U+{:04X}", static_cast<unsigned>(c));
}

std::string_view InvisibleKind(char32_t c) {
  if (c == 0xAD) return "soft-hyphen";
  if (c == 0x200B || c == 0x2060 || c == 0xFEFF) return "zero-width";
  if ((c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) ||
      c == 0x200E || c == 0x200F) {
    return "bidi-control";
  }
  return {};
}

// Which of the three look-alike scripts a letter is of: 1 Latin, 2 Cyrillic,
// 4 Greek, 0 anything else.
int LookAlikeScript(char32_t c) {
  if (c < 0x80) {
    return IsAlpha(static_cast<char>(c)) ? 1 : 0;
  }
  if (c < 0xC0) return 0;
  if (c < 0x250) return u_isalpha(static_cast<UChar32>(c)) ? 1 : 0;
  if (c >= 0x370 && c < 0x400)
    return u_isalpha(static_cast<UChar32>(c)) ? 4 : 0;
  if (c >= 0x400 && c < 0x530) return 2;
  return 0;
}

class OddityFinder {
 public:
  explicit OddityFinder(std::string_view text) : text_(text) {}

  std::vector<TextFinding> Run() {
    std::size_t at = 0;
    while (at < text_.size()) {
      const std::size_t begin = at;
      const char32_t c = NextCodePoint(text_, &at);
      Look(c, begin, at);
    }
    EndWord(text_.size());
    return std::move(findings_);
  }

 private:
  void Look(char32_t c, std::size_t begin, std::size_t) {
    if (const int script = LookAlikeScript(c); script != 0) {
      if (scripts_ == 0) word_ = begin;
      scripts_ |= script;
      return;
    }
    const std::string_view kind = InvisibleKind(c);
    if (!kind.empty()) {
      Add(std::string(kind), begin, Point(c));
      return;  // an invisible character ends no word
    }
    EndWord(begin);
    if (c >= 0x80 && !u_isdefined(static_cast<UChar32>(c))) {
      Add("unassigned", begin, Point(c));
    }
  }

  void EndWord(std::size_t end) {
    if (scripts_ == 3 || scripts_ == 5 || scripts_ == 6 || scripts_ == 7) {
      Add("homoglyph", word_, std::string(text_.substr(word_, end - word_)));
    }
    scripts_ = 0;
  }

  void Add(std::string kind, std::size_t offset, std::string detail) {
    if (!findings_.empty() && findings_.back().kind == kind &&
        findings_.back().detail == detail) {
      ++findings_.back().count;
      return;
    }
    TextFinding finding;
    finding.kind = std::move(kind);
    finding.offset = offset;
    finding.detail = std::move(detail);
    findings_.push_back(std::move(finding));
  }

  std::string_view text_;
  std::vector<TextFinding> findings_;
  int scripts_ = 0;
  std::size_t word_ = 0;
};

bool InCanonicalText(const Block& block) {
  return block.kept && !block.text.empty() && block.kind != BlockKind::kTitle &&
         block.kind != BlockKind::kStandfirst &&
         block.kind != BlockKind::kMediaUrl;
}

}  // namespace

std::string TextLayerLabel() {
  return "stemma-text/1; Unicode " U_UNICODE_VERSION "; ICU " U_ICU_VERSION;
}

std::string CanonicalBlockText(std::string_view text) {
  return CanonicalBlockText(text, nullptr);
}

std::string CanonicalBlockText(std::string_view text, OffsetSteps* steps) {
  Folder folder(text.size(), steps);
  bool above_latin = false;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t begin = at;
    // Most of most pages: printable ASCII in a row stays as it is.
    while (at < text.size() && text[at] > ' ' && text[at] <= '~') ++at;
    if (at > begin) {
      folder.Pay(begin);
      folder.out_.append(text, begin, at - begin);
      continue;
    }
    const char32_t c = NextCodePoint(text, &at);
    switch (FateOf(c)) {
      case Fate::kSpace:
        folder.Space(begin);
        break;
      case Fate::kLine:
        folder.Line(begin);
        break;
      case Fate::kDrop:
        break;
      case Fate::kKeep:
        folder.Pay(begin);
        above_latin = above_latin || c >= 0x300;
        if (c == 0xFFFD) {
          folder.out_ += "\xEF\xBF\xBD";
        } else {
          folder.out_.append(text, begin, at - begin);
        }
        break;
    }
  }
  return ToNfc(std::move(folder.out_), above_latin, steps);
}

std::vector<TextFinding> FindOddities(std::string_view text) {
  return OddityFinder(text).Run();
}

TextLayers LayersOf(const Article& article) {
  TextLayers layers;
  layers.label = TextLayerLabel();
  layers.text = CanonicalText(article);
  layers.digest = Sha256Of(layers.text);
  std::size_t at = 0;
  for (std::size_t i = 0; i < article.blocks.size(); ++i) {
    const Block& block = article.blocks[i];
    if (!InCanonicalText(block)) continue;
    if (at > 0) at += 2;  // the blank line CanonicalText puts between
    BlockDigest digest;
    digest.block = static_cast<int>(i);
    digest.begin = at;
    digest.end = at + block.text.size();
    digest.digest = Sha256Of(block.text);
    at = digest.end;
    layers.blocks.push_back(digest);
    for (TextFinding& finding : FindOddities(block.text)) {
      finding.block = digest.block;
      layers.findings.push_back(std::move(finding));
    }
  }
  return layers;
}

std::size_t SourceOffset(const Article& article, const TextLayers& layers,
                         std::size_t offset) {
  for (const BlockDigest& digest : layers.blocks) {
    if (offset > digest.end) continue;
    const Block& block = article.blocks[static_cast<std::size_t>(digest.block)];
    if (offset <= digest.begin) return block.source_begin;
    if (offset == digest.end) return block.source_end;
    const std::size_t size = digest.end - digest.begin;
    const std::size_t span = block.source_end - block.source_begin;
    return block.source_begin + (offset - digest.begin) * span / size;
  }
  return article.blocks.empty() ? 0 : article.blocks.back().source_end;
}

}  // namespace stemma
