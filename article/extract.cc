#include "article/extract.h"

#include <fmt/format.h>

#include <algorithm>

#include "article/body.h"
#include "article/charset.h"
#include "article/metadata.h"
#include "article/page_tree.h"
#include "article/segment.h"

namespace stemma {
namespace {

BodyHints HintsOf(const HeadFacts& head) {
  BodyHints hints;
  hints.titles = TitleCandidates(head);
  if (const LdArticle* a = head.Main()) hints.articleBody = a->body;
  hints.description = head.Meta("og:description");
  hints.list_page = head.ld.list_page && head.Main() == nullptr;
  return hints;
}

void FillBlocks(std::vector<PageBlock> blocks, Body body, Article& article) {
  article.blocks.reserve(blocks.size());
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    Block block;
    block.kind = body.verdicts[i].kind;
    block.text = std::move(blocks[i].text);
    block.kept = body.verdicts[i].kept;
    block.rule = std::move(body.verdicts[i].rule);
    block.source_begin = blocks[i].source_begin;
    block.source_end = blocks[i].source_end;
    article.blocks.push_back(std::move(block));
  }
}

}  // namespace

Result<Article> ExtractArticle(const PageInput& page, const HtmlLimits& limits,
                               const SiteRules*) {
  if (page.bytes.empty()) {
    return Error(ErrorCode::kInvalidArgument, "extract: the page is empty");
  }
  DecodedText decoded =
      DecodePage(page.bytes, page.content_type, limits.max_bytes);
  STEMMA_TRY(const PageTree tree, BuildTree(decoded.utf8, limits));
  std::vector<PageBlock> blocks = SegmentPage(tree);
  const HeadFacts head = ReadHead(tree, page.url, limits.max_json_bytes);
  Body body = FindBody(tree, blocks, HintsOf(head));

  Article article;
  article.url = page.url;
  article.charset = decoded.charset.encoding;
  article.is_article = body.is_article;
  article.confidence = body.confidence;
  article.notes = std::move(decoded.notes);
  const auto note = [&](const std::vector<std::string>& notes) {
    article.notes.insert(article.notes.end(), notes.begin(), notes.end());
  };
  note(tree.scan.notes);
  note(head.ld.notes);
  note(body.notes);
  FillMetadata(tree, blocks, head, body.title_block, article);
  FillBlocks(std::move(blocks), std::move(body), article);
  return article;
}

}  // namespace stemma
