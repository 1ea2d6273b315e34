#include "core/article.h"

namespace stemma {

std::string_view NameOf(BlockKind kind) {
  switch (kind) {
    case BlockKind::kTitle:
      return "title";
    case BlockKind::kHeading:
      return "heading";
    case BlockKind::kStandfirst:
      return "standfirst";
    case BlockKind::kParagraph:
      return "paragraph";
    case BlockKind::kListItem:
      return "list-item";
    case BlockKind::kQuote:
      return "quote";
    case BlockKind::kPreformatted:
      return "preformatted";
    case BlockKind::kTableRow:
      return "table-row";
    case BlockKind::kCaption:
      return "caption";
    case BlockKind::kMediaUrl:
      return "media-url";
  }
  return "paragraph";
}

std::string_view NameOf(MediaKind kind) {
  switch (kind) {
    case MediaKind::kVideo:
      return "video";
    case MediaKind::kAudio:
      return "audio";
    case MediaKind::kImage:
      return "image";
    case MediaKind::kHls:
      return "hls";
    case MediaKind::kDash:
      return "dash";
    case MediaKind::kPlayer:
      return "player";
  }
  return "video";
}

std::string CanonicalText(const Article& article) {
  std::string text;
  for (const Block& block : article.blocks) {
    if (!block.kept || block.text.empty()) continue;
    if (block.kind == BlockKind::kTitle ||
        block.kind == BlockKind::kStandfirst ||
        block.kind == BlockKind::kMediaUrl) {
      continue;
    }
    if (!text.empty()) text += "\n\n";
    text += block.text;
  }
  return text;
}

}  // namespace stemma
