// From the text that is compared back to the bytes as they came: each token of
// the match text leads to a range of the canonical text, and that to the bytes
// of the page that made it. Random pages, of pieces that are hard to follow.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "article/extract.h"
#include "article/source_map.h"
#include "article/text_layers.h"
#include "core/utf8.h"
#include "trace/normal_form.h"

namespace stemma {
namespace {

// A piece of a page and the text it makes: `made` is canonical (L1).
struct Piece {
  std::string_view source, made;
  // No piece but itself may touch it: its text would be composed with theirs.
  bool combines = false;
};

constexpr Piece kPieces[] = {
    {"a", "a"},
    {"z", "z"},
    {"T", "T"},
    {"7", "7"},
    {"&amp;", "&"},
    {"&eacute;", "é"},
    {"&#233;", "é"},
    {"&#xE9;", "é"},
    {"&eacute", "é"},  // no semicolon
    {"e&#x301;", "é", true},
    {"&#1072;", "а"},  // Cyrillic, looks like Latin
    {"&#146;", "’"},   // windows-1252 by custom
    {"&#xD83D;", "\xEF\xBF\xBD"},
    {"&#x110000;", "\xEF\xBF\xBD"},
    {"&#x1F600;", "😀"},
    {"&fjlig;", "fj"},
    {"&#64257;", "ﬁ"},
    {"&shy;", ""},
    {"&#8203;", ""},
    {"&#xFEFF;", ""},
    {"&#x2060;", ""},
    {"<b>", ""},
    {"</b>", ""},
    {"<i class='x'>", ""},
    {"<!-- a > b -->", ""},
    {" ", " "},
    {"\r\n", " "},
    {"\t", " "},
    {"&nbsp;", " "},
    {"&#x2003;", " "},
};

// Written in the page itself, where its encoding has them.
constexpr Piece kUnicodePieces[] = {
    {"é", "é"},       {"e\xCC\x81", "é", true}, {"а", "а"}, {"字", "字"},
    {"😀", "😀"},     {"\xE2\x80\x8B", ""},     {"“", "“"}, {"\xC2\xA0", " "},
    {"\xC2\xAD", ""},
};
constexpr Piece kCyrillicPieces[] = {{"\xE0", "а"}, {"\xE9", "й"}};
constexpr Piece kJapanesePieces[] = {{"\x93\xFA", "日"}, {"\x81\x42", "。"}};

struct Encoding {
  const char* type;
  std::vector<Piece> pieces;
  bool wide = false;  // two bytes for each of the source's
};

std::vector<Encoding> Encodings() {
  const std::vector<Piece> ascii(std::begin(kPieces), std::end(kPieces));
  const auto with = [&ascii](auto& more) {
    std::vector<Piece> all = ascii;
    all.insert(all.end(), std::begin(more), std::end(more));
    return all;
  };
  return {{"text/html; charset=utf-8", with(kUnicodePieces)},
          {"text/html; charset=windows-1251", with(kCyrillicPieces)},
          {"text/html; charset=shift_jis", with(kJapanesePieces)},
          {"text/html; charset=utf-16le", ascii, true}};
}

// A page of one paragraph, and where each of its pieces stands.
struct Page {
  std::string bytes;
  struct Place {
    std::size_t begin, end;
    std::string_view made;
  };
  std::vector<Place> places;
};

Page Random(const Encoding& encoding, std::mt19937& random) {
  Page page;
  const auto write = [&](std::string_view source) {
    for (const char c : source) {
      page.bytes += c;
      if (encoding.wide) page.bytes += '\0';
    }
  };
  const auto pick = [&](std::size_t n) { return random() % n; };
  write("<!doctype html><title>t</title><p>");
  bool combined = false;
  for (std::size_t n = 20 + pick(60); n > 0; --n) {
    // Words of letters, so that there are tokens to follow.
    const Piece& piece = pick(3) == 0
                             ? encoding.pieces[pick(encoding.pieces.size())]
                             : kPieces[pick(4)];
    if (piece.combines && combined) continue;
    combined = piece.combines;
    const std::size_t begin = page.bytes.size();
    write(piece.source);
    page.places.push_back({begin, page.bytes.size(), piece.made});
  }
  write("</p>");
  return page;
}

// What the pieces with any byte in [begin, end) make together.
std::string MadeBy(const Page& page, std::size_t begin, std::size_t end) {
  std::string made;
  for (const Page::Place& place : page.places) {
    if (place.end > begin && place.begin < end) made += place.made;
  }
  return made;
}

// What the first piece at or behind `at` that makes anything makes.
std::string_view NextMade(const Page& page, std::size_t at) {
  for (const Page::Place& place : page.places) {
    if (place.end > at && !place.made.empty()) return place.made;
  }
  return {};
}

bool IsBlank(std::string_view text) { return text == " " || text == "\n"; }

void CheckLetters(const Page& page, const SourceMap& map, std::size_t block,
                  const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    NextCodePoint(text, &end);
    const std::string letter = text.substr(at, end - at);
    const std::size_t raw = map.Raw(block, at);
    const std::string made = MadeBy(page, raw, raw + 1);
    if (IsBlank(letter)) {
      // White space between tags counts from the end of the text before it.
      EXPECT_TRUE(made == " " || made.empty())
          << "byte " << at << " of " << text << " came from " << made;
      EXPECT_EQ(NextMade(page, raw), " ") << "byte " << at << " of " << text;
    } else {
      EXPECT_NE(made.find(letter), std::string::npos)
          << letter << ", byte " << at << " of " << text << ", came from "
          << made;
    }
    at = end;
  }
}

void CheckTokens(const Page& page, const SourceMap& map, std::size_t block,
                 const std::string& text) {
  const NormalText normal = Normalise(text);
  for (const Token& token : normal.tokens) {
    const std::string made = MadeBy(page, map.Raw(block, token.byte_begin),
                                    map.Raw(block, token.byte_end));
    EXPECT_NE(made.find(normal.TextOf(token)), std::string::npos)
        << normal.TextOf(token) << " of " << text << " came from " << made;
    EXPECT_LE(made.size(), normal.TextOf(token).size() + 4) << text;
  }
}

TEST(SourceOffsets, EachLetterOfTheMatchTextLeadsToTheBytesThatMadeIt) {
  std::mt19937 random(20201130);
  int letters = 0;
  for (const Encoding& encoding : Encodings()) {
    for (int round = 0; round < 400; ++round) {
      const Page page = Random(encoding, random);
      const PageInput input{page.bytes, encoding.type,
                            "https://gazette.example/a"};
      const Result<Article> article = ExtractArticle(input);
      const Result<SourceMap> map = SourceMap::Of(input);
      ASSERT_TRUE(article.has_value() && map.has_value());
      for (std::size_t i = 0; i < article->blocks.size(); ++i) {
        const std::string& text = article->blocks[i].text;
        CheckLetters(page, *map, i, text);
        CheckTokens(page, *map, i, text);
        letters += static_cast<int>(text.size());
      }
      if (HasFailure()) FAIL() << encoding.type << ": " << page.bytes;
    }
  }
  EXPECT_GT(letters, 40'000);  // the pages hold something
}

}  // namespace
}  // namespace stemma
