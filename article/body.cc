#include "article/body.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <utility>

#include "article/body_draft.h"
#include "article/body_extent.h"
#include "article/body_page.h"
#include "article/body_remains.h"
#include "article/body_rules.h"
#include "article/body_shape.h"
#include "core/utf8.h"

namespace stemma {
namespace {

void DropAll(Body& body) {
  for (BodyVerdict& verdict : body.verdicts) {
    if (verdict.rule.empty()) verdict.rule = "no-body";
  }
  if (body.title_block >= 0) {
    body.verdicts[static_cast<std::size_t>(body.title_block)] = {
        true, "title", BlockKind::kTitle};
  }
}

void Conclude(const std::vector<PageBlock>& blocks, Body& body) {
  double kept = 0, prose = 0;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (!body.verdicts[i].kept || body.verdicts[i].kind == BlockKind::kTitle) {
      continue;
    }
    kept += blocks[i].weight;
    if (LooksLikeProse(blocks[i])) prose += blocks[i].weight;
  }
  body.is_article = prose >= 200;
  body.confidence = kept == 0 ? 0.0 : prose / kept;
}

}  // namespace

std::string FoldForMatch(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    const char32_t c = NextCodePoint(text, &at);
    if (c < 0x80) {
      if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
        out += static_cast<char>(c);
      } else if (c >= 'A' && c <= 'Z') {
        out += static_cast<char>(c + 32);
      }
    } else if (u_isalnum(static_cast<UChar32>(c))) {
      AppendUtf8(static_cast<char32_t>(u_foldCase(static_cast<UChar32>(c), 0)),
                 &out);
    }
  }
  return out;
}

std::size_t TextBegin(const Body& body) {
  const auto first =
      static_cast<std::size_t>(std::max(body.title_block + 1, 0));
  for (std::size_t i = first; i < body.verdicts.size(); ++i) {
    const BodyVerdict& verdict = body.verdicts[i];
    if (verdict.kept && verdict.rule != "standfirst" &&
        verdict.kind != BlockKind::kStandfirst) {
      return i;
    }
  }
  return body.verdicts.size();
}

Body FindBody(const PageTree& tree, const std::vector<PageBlock>& blocks,
              const std::vector<std::vector<MarkerHit>>& markers,
              const BodyHints& hints) {
  BodyDraft draft{tree, blocks, markers, hints};
  ReadPage(draft);
  if (FindTextShape(draft)) {
    FindTextExtent(draft);
    JudgeBlocks(draft);
    ClearRemains(draft);
  } else {
    DropAll(draft.body);
  }
  Conclude(blocks, draft.body);
  return std::move(draft.body);
}

}  // namespace stemma
