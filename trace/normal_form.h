// The normal form "stemma-norm/1": a text as a sequence of tokens, each with
// its place in the text as given and a compare form in which typography,
// house style and Unicode form no longer matter. Verdicts, fingerprints and
// furniture models all stand on it, so its name goes into every record.
//
// Compare forms: NFC; soft hyphens, zero-width characters and the BOM are
// dropped; quotation marks, dashes, ellipses and spaces are not part of any
// token; letters are folded to lower case; digit grouping and the dots of
// abbreviations go; British spellings of a short rule set become American;
// "per cent" and "%" become "percent". Ideographs and kana are one token each
// (UAX 29 leaves segmenting them to dictionaries, and dictionaries change).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/comparison.h"

namespace stemma {

inline constexpr std::string_view kNormalForm = "stemma-norm/1";

enum class TokenKind : std::uint8_t {
  kWord,
  kNumber,  // holds a digit
};

struct Token {
  std::uint64_t hash = 0;            // of the compare form
  std::uint32_t begin = 0, end = 0;  // code points, half open
  std::uint32_t byte_begin = 0, byte_end = 0;
  std::uint32_t form_begin = 0, form_size = 0;  // in NormalText::forms
  TokenKind kind = TokenKind::kWord;
  bool capital = false;         // begins with an upper case letter
  bool opens_sentence = false;  // first of a sentence
  bool quoted = false;          // inside a matched pair of quotation marks
};

// A sentence. Furniture is learned by the sentence, because house styles join
// and split paragraphs.
struct Sentence {
  std::uint32_t first_token = 0, end_token = 0;
  std::uint64_t hash = 0;  // of its compare forms
};

// A paragraph: what stands between blank lines.
struct TextBlock {
  Span span;  // code points, without the white space around
  std::uint32_t first_token = 0, end_token = 0;
  std::uint32_t first_sentence = 0, end_sentence = 0;
};

struct NormalText {
  std::string_view text;  // as given; the caller keeps the bytes alive
  std::vector<Token> tokens;
  std::string forms;  // the compare forms, end to end
  std::vector<Sentence> sentences;
  std::vector<TextBlock> blocks;
  std::size_t code_points = 0;  // of the whole text
  bool cut = false;             // longer than the limit: the rest was not read

  std::string_view FormOf(const Token& token) const {
    return std::string_view(forms).substr(token.form_begin, token.form_size);
  }
  std::string_view TextOf(const Token& token) const {
    return text.substr(token.byte_begin, token.byte_end - token.byte_begin);
  }
};

struct NormalFormLimits {
  std::size_t max_bytes = 64u << 20;
};

// Linear in the text. Ill-formed UTF-8 counts as core/utf8.h reads it and parts
// tokens. Pure: no locale, no state.
NormalText Normalise(std::string_view text,
                     const NormalFormLimits& limits = {});

// The hashes of the compare forms alone, equal to Token::hash in order: what
// the index needs, several times faster.
void TokenHashes(std::string_view text, std::vector<std::uint64_t>& hashes);

// The hash of a compare form, as Token::hash.
std::uint64_t HashOfForm(std::string_view form);

// The text of a half-open range of code points. Out of range is clipped.
std::string_view CodePoints(std::string_view text, Span span);

}  // namespace stemma
