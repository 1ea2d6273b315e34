#include <nlohmann/json.hpp>

#include "article/discover.h"
#include "article/extract.h"
#include "article/text_layers.h"
#include "core/article_json.h"
#include "core/utf8.h"
#include "tests/fuzz/fuzz_target.h"

namespace stemma::fuzz {

FUZZ_TARGET(article) {
  const PageInput page{bytes, "text/html", "https://a.example/b/c"};
  const Result<Article> article = ExtractArticle(page);
  const Result<Article> again = ExtractArticle(page);
  Require(article.has_value() == again.has_value(),
          "the same page gives the same answer");
  if (article && again) {
    Require(ToJson(*article) == ToJson(*again), "... to the last field");
    for (const Block& block : article->blocks) {
      Require(!block.rule.empty(), "each block says by which rule");
      Require(ValidUtf8(block.text) == block.text, "text is UTF-8");
      Require(CanonicalBlockText(block.text) == block.text,
              "normalizing twice equals once");
      Require(block.source_begin <= block.source_end, "a source is a range");
    }
    for (const MediaLink& media : article->media) {
      Require(media.after_block < static_cast<int>(article->blocks.size()),
              "a medium stands among the blocks");
    }
  }
  (void)Discover(page);
}

}  // namespace stemma::fuzz
