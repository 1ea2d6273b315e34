// An Article is the canonical reading of a captured page: what its publisher
// wrote, without the furniture around it, and what the page claims about
// itself. article/ makes it; everything downstream compares it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"

namespace stemma {

enum class BlockKind {
  kTitle,
  kHeading,
  kStandfirst,  // of the headline; a lead of the text is a paragraph
  kParagraph,
  kListItem,
  kQuote,
  kPreformatted,
  kTableRow,
  kCaption,
  kMediaUrl,
};
std::string_view NameOf(BlockKind kind);

// A piece of the page's text. Kept blocks are the article; dropped ones say by
// which rule they went, so that nothing disappears without a reason.
struct Block {
  BlockKind kind = BlockKind::kParagraph;
  std::string text;  // L1: NFC, white space folded; UTF-8
  bool kept = true;
  std::string rule;              // the rule that kept or dropped it
  std::size_t source_begin = 0;  // byte range in the page as decoded to UTF-8
  std::size_t source_end = 0;
};

enum class MediaKind { kVideo, kAudio, kImage, kHls, kDash, kPlayer };
std::string_view NameOf(MediaKind kind);

struct MediaLink {
  MediaKind kind = MediaKind::kVideo;
  std::string url;       // absolute; for kPlayer the player's page
  std::string found_by;  // "video", "source", "og:video", "json-ld", "bare-url"
  std::string mime;      // as claimed by the page, may be empty
  std::string poster;    // absolute, may be empty
  std::string player_id;  // "youtube:ID", may be empty
  int after_block = -1;  // index into Article::blocks, -1 before all or unknown
};

// Who a page says it copied, and how it says so.
struct SourceClaim {
  std::string kind;  // "original-source-line", "republished-from", "byline",
                     // "dateline", "agency", "canonical", "copyright", "link"
  std::string name;  // as written, may be empty
  std::string url;   // absolute, may be empty
  std::optional<DateClaim> date;
  std::string quote;  // the words that make the claim
  int block = -1;     // index into Article::blocks, -1 for head and metadata
  double confidence = 0;
};

struct Article {
  std::string url;
  bool is_article = false;
  double confidence = 0;  // 0 to 1
  std::string title;      // without site suffix or "Video:" prefix
  std::string title_raw;  // as the page has it
  std::string site_name, language, canonical_url, amp_url, section;
  std::vector<std::string> keywords;  // region, theme, tags
  std::string licence;    // the licence claim in the page's words, or its URL
  std::string copyright;  // the copyright line as written
  std::vector<std::string> authors;
  std::string publisher;  // who publishes this page, as it says
  std::optional<DateClaim> published, modified;
  std::vector<DateClaim> dates;  // every date claim, also the conflicting
  std::vector<Block> blocks;     // in page order, kept and dropped
  std::vector<MediaLink> media;
  std::vector<SourceClaim> claims;
  std::vector<std::string> links;  // absolute, in page order, without repeats
  std::string charset;             // the encoding used to decode
  std::vector<std::string> notes;  // caps that fired, conflicts, oddities
  std::string method = "stemma-article/1";
};

// The L1 canonical text ("stemma-text/1"): kept blocks in order, parted by one
// blank line; the title, its standfirst and bare media URLs are not part of it.
std::string CanonicalText(const Article& article);

}  // namespace stemma
