#include "trace/normal_form.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "core/ascii.h"
#include "core/utf8.h"
#include "trace/spelling.h"
#include "trace/word_lists.h"

namespace stemma {
namespace {

enum class Kind : std::uint8_t {
  kOther,
  kLetter,
  kIdeograph,  // a token of its own
  kMark,       // combining: belongs to the letter before
  kDigit,
  kIgnored,  // soft hyphen, zero width, BOM, bidi controls, tatweel
  kSpace,
  kNewline,
  kApostrophe,
  kStop,      // . and its kin: ends a sentence when white space follows
  kHardStop,  // the ideographic stops: end a sentence at once
  kOpen,      // opening quotation mark
  kClose,
  kStraight,  // the typewriter's ", either
  kCurrency,
};

bool IsTokenPerCharacter(char32_t c) {
  return (c >= 0x0E00 && c < 0x0F00) ||    // Thai, Lao
         (c >= 0x1000 && c < 0x10A0) ||    // Myanmar
         (c >= 0x1780 && c < 0x1800) ||    // Khmer
         (c >= 0x3040 && c < 0x3100) ||    // kana
         (c >= 0x31F0 && c < 0x3200) ||    // kana extensions
         (c >= 0x3400 && c < 0x4DC0) ||    // Han extension A
         (c >= 0x4E00 && c < 0xA000) ||    // Han
         (c >= 0xF900 && c < 0xFB00) ||    // Han compatibility
         (c >= 0xFF66 && c < 0xFF9E) ||    // half-width kana
         (c >= 0x1B000 && c < 0x1B170) ||  // kana supplement
         (c >= 0x20000 && c < 0x323B0);    // Han extensions B to H
}

// Of kana: combining, and half width.
bool IsVoicingMark(char32_t c) {
  return c == 0x3099 || c == 0x309A || c == 0xFF9E || c == 0xFF9F;
}

Kind KindByRule(char32_t c) {
  switch (c) {
    case '\n':
    case 0x85:
    case 0x2028:
    case 0x2029:
      return Kind::kNewline;
    case '\'':
    case 0x2018:
    case 0x2019:
    case 0x02BC:
    case 0xFF07:
      return Kind::kApostrophe;
    case '"':
    case 0xFF02:
      return Kind::kStraight;
    case 0x201C:
    case 0x201E:
    case 0xAB:
    case 0x300C:
    case 0x300E:
      return Kind::kOpen;
    case 0x201D:
    case 0xBB:
    case 0x300D:
    case 0x300F:
      return Kind::kClose;
    case '.':
    case '!':
    case '?':
    case 0x2026:
    case 0x061F:
    case 0x06D4:
    case 0x0964:
      return Kind::kStop;
    case 0x3002:
    case 0xFF01:
    case 0xFF1F:
      return Kind::kHardStop;
    case 0x00AD:
    case 0x0640:
    case 0xFEFF:
      return Kind::kIgnored;
    default:
      break;
  }
  if (IsTokenPerCharacter(c)) return Kind::kIdeograph;
  const auto point = static_cast<UChar32>(c);
  if (u_hasBinaryProperty(point, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) ||
      c == 0x200B) {
    return Kind::kIgnored;
  }
  switch (u_charType(point)) {
    case U_UPPERCASE_LETTER:
    case U_LOWERCASE_LETTER:
    case U_TITLECASE_LETTER:
    case U_MODIFIER_LETTER:
    case U_OTHER_LETTER:
    case U_LETTER_NUMBER:
      return Kind::kLetter;
    case U_NON_SPACING_MARK:
    case U_ENCLOSING_MARK:
    case U_COMBINING_SPACING_MARK:
      return Kind::kMark;
    case U_DECIMAL_DIGIT_NUMBER:
      return Kind::kDigit;
    case U_SPACE_SEPARATOR:
    case U_CONTROL_CHAR:
      return Kind::kSpace;
    case U_CURRENCY_SYMBOL:
      return Kind::kCurrency;
    default:
      return Kind::kOther;
  }
}

const UNormalizer2* CaseFolder() {
  UErrorCode status = U_ZERO_ERROR;
  return unorm2_getNFKCCasefoldInstance(&status);
}

// What the first planes' characters are, looked up once.
struct Table {
  static constexpr char32_t kSize = 0x3000;
  std::array<Kind, kSize> kind{};
  std::array<bool, kSize> upper{};
  std::array<char32_t, kSize> fold{};  // 0: ask ICU about the whole token

  Table() {
    for (char32_t c = 0; c < kSize; ++c) {
      kind[c] = KindByRule(c);
      upper[c] = u_isUUppercase(static_cast<UChar32>(c)) != 0;
      const UChar unit = static_cast<UChar>(c);
      UChar out[8];
      UErrorCode status = U_ZERO_ERROR;
      const std::int32_t length =
          unorm2_normalize(CaseFolder(), &unit, 1, out, 8, &status);
      // One that may join with what stands before it, as the vowels of Hangul
      // syllables taken apart, has no fold of its own.
      if (U_SUCCESS(status) && length == 1 &&
          unorm2_hasBoundaryBefore(CaseFolder(), static_cast<UChar32>(c))) {
        fold[c] = out[0];
      }
    }
  }
};

const Table& Characters() {
  static const Table table;
  return table;
}

Kind KindOf(const Table& table, char32_t c) {
  return c < Table::kSize ? table.kind[c] : KindByRule(c);
}

bool IsUpper(const Table& table, char32_t c) {
  return c < Table::kSize ? table.upper[c]
                          : u_isUUppercase(static_cast<UChar32>(c)) != 0;
}

// The slow way, for what the table cannot say: compositions, ligatures, wide
// forms. Vowel points of Arabic and Hebrew are typography, like capitals.
std::string FoldByIcu(std::string_view word) {
  std::u16string source;
  for (std::size_t at = 0; at < word.size();) {
    const char32_t c = NextCodePoint(word, &at);
    if ((c >= 0x064B && c <= 0x0652) || (c >= 0x05B0 && c <= 0x05C7)) continue;
    if (c < 0x10000) {
      source.push_back(static_cast<char16_t>(c));
    } else {
      source.push_back(static_cast<char16_t>(0xD7C0 + (c >> 10)));
      source.push_back(static_cast<char16_t>(0xDC00 + (c & 0x3FF)));
    }
  }
  std::u16string folded(source.size() * 4 + 32, u'\0');
  UErrorCode status = U_ZERO_ERROR;
  const std::int32_t length = unorm2_normalize(
      CaseFolder(), source.data(), static_cast<std::int32_t>(source.size()),
      folded.data(), static_cast<std::int32_t>(folded.size()), &status);
  if (U_FAILURE(status)) return std::string(word);
  folded.resize(static_cast<std::size_t>(length));
  std::string result;
  for (std::size_t i = 0; i < folded.size(); ++i) {
    char32_t c = folded[i];
    if (c >= 0xD800 && c < 0xDC00 && i + 1 < folded.size()) {
      c = 0x10000 + ((c - 0xD800) << 10) + (folded[++i] - 0xDC00u);
    }
    AppendUtf8(c, &result);
  }
  return result;
}

std::uint64_t Mix(std::uint64_t h) {
  h ^= h >> 32;
  h *= 0xD6E8FEB86659FD93u;
  h ^= h >> 32;
  h *= 0xD6E8FEB86659FD93u;
  return h ^ h >> 32;
}

// The same on every machine: hashes are written to segment files.
std::uint64_t LoadLittle(const char* bytes, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i]))
             << (8 * i);
  }
  return value;
}

std::uint64_t HashForm(std::string_view form) {
  std::uint64_t h = 0x9E3779B97F4A7C15u * (form.size() + 1);
  while (form.size() > 8) {
    h = Mix(h ^ LoadLittle(form.data(), 8));
    form.remove_prefix(8);
  }
  return Mix(h ^ LoadLittle(form.data(), form.size()));
}

bool IsGroupingSpace(char32_t c) {
  return c == 0xA0 || c == 0x202F || c == 0x2009 || c == 0x2007;
}

// Reads one text. Full also keeps places, sentences, blocks and quotations.
template <bool Full>
class Reader {
 public:
  Reader(std::string_view text, NormalText* normal,
         std::vector<std::uint64_t>* hashes)
      : text_(text), table_(Characters()), normal_(normal), hashes_(hashes) {}

  void Run() {
    while (at_ < text_.size()) Step();
    if constexpr (Full) {
      EndBlock();
      normal_->code_points = points_;
    }
  }

 private:
  struct Place {
    std::size_t byte;
    std::uint32_t point;
  };
  Place Here() const { return {at_, points_}; }
  void Return(Place place) {
    at_ = place.byte;
    points_ = place.point;
  }
  char32_t Next() {
    ++points_;
    const auto byte = static_cast<unsigned char>(text_[at_]);
    if (byte < 0x80) {
      ++at_;
      return byte;
    }
    return NextCodePoint(text_, &at_);
  }
  // The next character that is not ignored, without moving; 0 at the end.
  char32_t Peek() {
    const Place here = Here();
    char32_t c = 0;
    while (at_ < text_.size()) {
      const char32_t next = Next();
      if (KindOf(table_, next) == Kind::kIgnored) continue;
      c = next;
      break;
    }
    Return(here);
    return c;
  }

  // `c` was just read. A kana and its voicing mark are one, also where they
  // were taken apart.
  void Ideograph(Place start, char32_t c) {
    form_.clear();
    AppendUtf8(c, &form_);
    Place end = Here();
    const char32_t mark = at_ < text_.size() ? Next() : 0;
    const bool voiced = IsVoicingMark(mark);
    if (voiced) {
      AppendUtf8(mark, &form_);
      end = Here();
    }
    Return(end);
    if (voiced || c >= 0xF900) form_ = FoldByIcu(form_);
    Emit(start, end, TokenKind::kWord, false);
  }

  void Step() {
    const Place start = Here();
    const char32_t c = Next();
    switch (KindOf(table_, c)) {
      case Kind::kLetter:
        Return(start);
        Word(start);
        break;
      case Kind::kDigit:
        Return(start);
        Number(start, false);
        break;
      case Kind::kIdeograph:
        Ideograph(start, c);
        break;
      case Kind::kCurrency:
        form_.clear();
        AppendUtf8(c, &form_);
        Emit(start, Here(), TokenKind::kWord, false);
        break;
      case Kind::kSpace:
        spaced_ = true;
        break;
      case Kind::kNewline:
        Newline();
        break;
      case Kind::kStop:
        stop_ = stop_ == 0 || c != '.' ? c : stop_;
        spaced_ = false;
        break;
      case Kind::kHardStop:
        stop_ = c;
        spaced_ = true;
        break;
      case Kind::kOpen:
        if constexpr (Full) OpenQuote(c);
        break;
      case Kind::kClose:
        if constexpr (Full) CloseQuote(c);
        break;
      case Kind::kStraight:
        if constexpr (Full) StraightQuote();
        break;
      case Kind::kOther:
        Symbol(c, start);
        break;
      default:
        break;
    }
  }

  void Symbol(char32_t c, Place start) {
    if (c == '%' || c == 0xFF05 || c == 0x066A) {
      form_ = "percent";
      Emit(start, Here(), TokenKind::kWord, false);
      return;
    }
    const bool minus = c == '-' || c == 0x2212;
    if (minus && spaced_ && KindOf(table_, Peek()) == Kind::kDigit) {
      Number(start, true);
      return;
    }
    // A list item opens a sentence, whatever stands before it.
    if (after_newline_ &&
        (c == '*' || c == '-' || c == 0x2022 || c == 0x2013 || c == 0x2014)) {
      list_item_ = true;
    }
    spaced_ = false;
  }

  // White space with a second line feed parts blocks.
  void Newline() {
    spaced_ = true;
    after_newline_ = true;
    if constexpr (Full) {
      const Place here = Here();
      while (at_ < text_.size()) {
        const Place before = Here();
        const Kind kind = KindOf(table_, Next());
        if (kind == Kind::kNewline) {
          EndBlock();
          return;
        }
        if (kind != Kind::kSpace && kind != Kind::kIgnored) {
          Return(before);
          return;
        }
      }
      Return(here);
      while (at_ < text_.size()) Next();
    }
  }

  // Letters and what belongs to them, up to the token's end.
  void Word(Place start) {
    form_.clear();
    slow_ = false;
    bool ascii = true;
    int letters = 0;
    int digits = 0;
    int segment = 0;  // letters since the last inner dot
    bool dotted = false;
    Place end = start;
    bool capital = false;
    while (at_ < text_.size()) {
      const Place before = Here();
      const char32_t c = Next();
      if (c < 0x80) {
        if (IsAlpha(static_cast<char>(c))) {
          if (letters + digits == 0) capital = c < 'a';
          form_.push_back(static_cast<char>(c | 0x20));
          ++letters;
          ++segment;
          end = Here();
          continue;
        }
        if (c >= '0' && c <= '9') {
          form_.push_back(static_cast<char>(c));
          ++digits;
          end = Here();
          continue;
        }
        if (c == '\'' && JoinsLetters()) {
          form_.push_back('\'');
          continue;
        }
        if (c == '.' && segment == 1 && (letters == 1 || dotted) &&
            digits == 0 && SingleLetterFollows()) {
          dotted = true;
          segment = 0;
          continue;
        }
        Return(before);
        break;
      }
      const Kind kind = KindOf(table_, c);
      if (kind == Kind::kIgnored) continue;
      if (kind == Kind::kApostrophe && JoinsLetters()) {
        form_.push_back('\'');
        continue;
      }
      if (kind != Kind::kLetter && kind != Kind::kMark &&
          kind != Kind::kDigit) {
        Return(before);
        break;
      }
      if (letters + digits == 0) capital = IsUpper(table_, c);
      ascii = false;
      const char32_t fold = c < Table::kSize ? table_.fold[c] : 0;
      if (fold == 0 || kind == Kind::kMark) slow_ = true;
      AppendUtf8(fold == 0 ? c : fold, &form_);
      kind == Kind::kDigit ? ++digits : ++letters;
      if (kind == Kind::kLetter) ++segment;
      end = Here();
    }
    if (slow_) form_ = FoldByIcu(form_);
    if (ascii && !dotted) {
      if (form_ == "per" && JoinCent(end)) {
        form_ = "percent";
      } else {
        FoldSpelling(form_);
      }
    }
    const bool number = digits > 1 && digits * 2 >= letters;
    dotted_ = dotted;
    Emit(start, end, number ? TokenKind::kNumber : TokenKind::kWord, capital);
  }

  // Whether a letter follows, as after an inner apostrophe.
  bool JoinsLetters() { return KindOf(table_, Peek()) == Kind::kLetter; }

  // "U.S": one letter, and no second one behind it.
  bool SingleLetterFollows() {
    const Place here = Here();
    bool single = false;
    if (at_ < text_.size() && KindOf(table_, Next()) == Kind::kLetter) {
      const Kind after =
          at_ < text_.size() ? KindOf(table_, Next()) : Kind::kOther;
      single = after != Kind::kLetter && after != Kind::kMark &&
               after != Kind::kDigit && after != Kind::kApostrophe;
    }
    Return(here);
    return single;
  }

  // After "per": takes " cent" with it.
  bool JoinCent(Place& end) {
    const Place here = Here();
    bool space = false;
    while (at_ < text_.size()) {
      const Place before = Here();
      const Kind kind = KindOf(table_, Next());
      if (kind == Kind::kSpace || kind == Kind::kNewline) {
        space = true;
        continue;
      }
      Return(before);
      break;
    }
    if (space && text_.substr(at_).starts_with("cent")) {
      at_ += 4;
      points_ += 4;
      const Kind next = KindOf(table_, Peek());
      if (at_ >= text_.size() ||
          (next != Kind::kLetter && next != Kind::kDigit)) {
        end = Here();
        return true;
      }
    }
    Return(here);
    return false;
  }

  // Digits with their separators; letters right behind belong to it ("54th").
  void Number(Place start, bool negative) {
    form_ = negative ? "-" : "";
    std::size_t group = 0;  // digits since the last separator
    bool grouped = false;
    int dots = 0;
    bool dots_group = true;  // every dot had three digits behind it
    bool letters = false;
    Place end = Here();
    while (at_ < text_.size()) {
      const Place before = Here();
      const char32_t c = Next();
      const Kind kind = KindOf(table_, c);
      if (kind == Kind::kDigit) {
        AppendDigit(c);
        ++group;
        end = Here();
        continue;
      }
      if (kind == Kind::kIgnored) continue;
      if (kind == Kind::kLetter || kind == Kind::kMark) {
        const char32_t fold = c < Table::kSize ? table_.fold[c] : 0;
        AppendUtf8(fold == 0 ? c : fold, &form_);
        letters = true;
        end = Here();
        continue;
      }
      if (!letters) {
        const std::size_t ahead = DigitsAhead();
        const bool group_like =
            ahead == 3 && (grouped ? group == 3 : group <= 3);
        if ((c == ',' || c == 0x066C || kind == Kind::kApostrophe ||
             IsGroupingSpace(c)) &&
            group_like) {
          grouped = true;
          group = 0;
          continue;
        }
        if ((c == ',' || c == 0x066B || c == '.') && ahead > 0) {
          if (c == '.') {
            ++dots;
            dots_group = dots_group && ahead == 3;
          }
          form_.push_back('.');
          group = 0;
          continue;
        }
      }
      Return(before);
      break;
    }
    if (dots > 1 && dots_group) std::erase(form_, '.');
    Emit(start, end, TokenKind::kNumber, false);
  }

  void AppendDigit(char32_t c) {
    if (c < 0x80) {
      form_.push_back(static_cast<char>(c));
      return;
    }
    const std::int32_t value = u_charDigitValue(static_cast<UChar32>(c));
    form_.push_back(static_cast<char>('0' + std::clamp(value, 0, 9)));
  }

  // How many digits stand right ahead, up to four.
  std::size_t DigitsAhead() {
    const Place here = Here();
    std::size_t count = 0;
    while (count < 4 && at_ < text_.size() &&
           KindOf(table_, Next()) == Kind::kDigit) {
      ++count;
    }
    Return(here);
    return count;
  }

  void Emit(Place start, Place end, TokenKind kind, bool capital) {
    const std::uint64_t hash = HashForm(form_);
    if constexpr (!Full) {
      hashes_->push_back(hash);
    } else {
      AddToken(start, end, kind, capital, hash);
    }
    stop_ = 0;
    spaced_ = false;
    after_newline_ = false;
    list_item_ = false;
  }

  void AddToken(Place start, Place end, TokenKind kind, bool capital,
                std::uint64_t hash) {
    Token token;
    token.hash = hash;
    token.begin = start.point;
    token.end = end.point;
    token.byte_begin = static_cast<std::uint32_t>(start.byte);
    token.byte_end = static_cast<std::uint32_t>(end.byte);
    token.form_begin = static_cast<std::uint32_t>(normal_->forms.size());
    token.form_size = static_cast<std::uint32_t>(form_.size());
    token.kind = kind;
    token.capital = capital;
    token.opens_sentence = !in_block_ || OpensSentence(token, start);
    normal_->forms += form_;
    if (!in_block_) BeginBlock(start);
    if (token.opens_sentence) BeginSentence();
    normal_->tokens.push_back(token);
    block_end_ = end.point;
    previous_dotted_ = dotted_;
    dotted_ = false;
  }

  bool OpensSentence(const Token& token, Place start) {
    if (list_item_) return true;
    if (stop_ == 0 || !spaced_) return false;
    std::size_t at = start.byte;
    const char32_t first = NextCodePoint(text_, &at);
    const bool lower = u_isULowercase(static_cast<UChar32>(first)) != 0;
    if (lower) return false;
    if (stop_ != '.') return true;
    const Token& last = normal_->tokens.back();
    if (previous_dotted_) return Words().function.contains(token.hash);
    if (last.end - last.begin == 1 && last.capital) return false;
    return !(last.capital && Words().abbreviations.contains(last.hash)) ||
           Words().function.contains(token.hash);
  }

  void BeginBlock(Place start) {
    in_block_ = true;
    TextBlock block;
    block.span.begin = start.point;
    block.first_token = static_cast<std::uint32_t>(normal_->tokens.size());
    block.first_sentence =
        static_cast<std::uint32_t>(normal_->sentences.size());
    normal_->blocks.push_back(block);
  }

  void BeginSentence() {
    EndSentence();
    Sentence sentence;
    sentence.first_token = static_cast<std::uint32_t>(normal_->tokens.size());
    sentence.end_token = sentence.first_token;
    normal_->sentences.push_back(sentence);
    sentence_open_ = true;
  }

  void EndSentence() {
    if (!sentence_open_) return;
    Sentence& sentence = normal_->sentences.back();
    sentence.end_token = static_cast<std::uint32_t>(normal_->tokens.size());
    std::uint64_t hash = 0;
    for (std::uint32_t i = sentence.first_token; i < sentence.end_token; ++i) {
      hash = Mix(hash ^ normal_->tokens[i].hash);
    }
    sentence.hash = hash;
    sentence_open_ = false;
  }

  void EndBlock() {
    if (in_block_) {
      EndSentence();
      TextBlock& block = normal_->blocks.back();
      block.span.end = block_end_;
      block.end_token = static_cast<std::uint32_t>(normal_->tokens.size());
      block.end_sentence =
          static_cast<std::uint32_t>(normal_->sentences.size());
      if (quote_ != 0) MarkQuoted(quote_from_);
    }
    quote_ = 0;
    in_block_ = false;
    stop_ = 0;
  }

  void OpenQuote(char32_t c) {
    if (quote_ != 0) return;
    quote_ = c;
    quote_from_ = normal_->tokens.size();
  }
  // German texts close with the mark that others open with: „..." and »...«
  // are met half way: any mark closes what is open.
  void CloseQuote(char32_t c) {
    if (quote_ == 0) {
      if (c == 0xBB) OpenQuote(c);
      return;
    }
    MarkQuoted(quote_from_);
    quote_ = 0;
  }
  void StraightQuote() { quote_ == 0 ? OpenQuote('"') : CloseQuote('"'); }
  void MarkQuoted(std::size_t from) {
    for (std::size_t i = from; i < normal_->tokens.size(); ++i) {
      normal_->tokens[i].quoted = true;
    }
  }

  std::string_view text_;
  const Table& table_;
  NormalText* normal_;
  std::vector<std::uint64_t>* hashes_;
  std::size_t at_ = 0;
  std::uint32_t points_ = 0;
  std::string form_;
  bool slow_ = false;

  char32_t stop_ = 0;  // the last stop since the last token
  bool spaced_ = true;
  bool after_newline_ = true;
  bool list_item_ = false;
  bool dotted_ = false, previous_dotted_ = false;
  bool in_block_ = false;
  bool sentence_open_ = false;
  std::size_t block_end_ = 0;
  char32_t quote_ = 0;
  std::size_t quote_from_ = 0;
};

}  // namespace

NormalText Normalise(std::string_view text, const NormalFormLimits& limits) {
  NormalText normal;
  normal.text = text;
  if (text.size() > limits.max_bytes) {
    normal.text = text.substr(0, limits.max_bytes);
    normal.cut = true;
  }
  normal.tokens.reserve(normal.text.size() / 5);
  normal.forms.reserve(normal.text.size());
  Reader<true>(normal.text, &normal, nullptr).Run();
  return normal;
}

std::uint64_t HashOfForm(std::string_view form) { return HashForm(form); }

void TokenHashes(std::string_view text, std::vector<std::uint64_t>& hashes) {
  Reader<false>(text, nullptr, &hashes).Run();
}

std::string_view CodePoints(std::string_view text, Span span) {
  std::size_t at = 0;
  std::size_t point = 0;
  while (at < text.size() && point < span.begin) {
    NextCodePoint(text, &at);
    ++point;
  }
  const std::size_t begin = at;
  while (at < text.size() && point < span.end) {
    NextCodePoint(text, &at);
    ++point;
  }
  return text.substr(begin, at - begin);
}

}  // namespace stemma
