#include "article/prescan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "article/html_entities.h"
#include "core/ascii.h"

namespace stemma {
namespace {

// The tags whose end may be left out, with the bits that one of them closes in
// the element it stands in.
enum OptionalEnd : std::uint32_t {
  kPBit = 1,
  kLiBit = 2,
  kDtBit = 4,
  kDdBit = 8,
  kTdBit = 16,
  kThBit = 32,
  kTrBit = 64,
  kTbodyBit = 128,
  kTheadBit = 256,
  kTfootBit = 512,
  kOptionBit = 1024,
  kOptgroupBit = 2048,
  kRtBit = 4096,
  kRpBit = 8192,
  kColgroupBit = 16384,
  kHtmlBit = 32768,
  kHeadBit = 65536,
  kBodyBit = 131072,
};

std::uint32_t OptionalBit(Tag tag) {
  switch (tag) {
    case Tag::kP:
      return kPBit;
    case Tag::kLi:
      return kLiBit;
    case Tag::kDt:
      return kDtBit;
    case Tag::kDd:
      return kDdBit;
    case Tag::kTd:
      return kTdBit;
    case Tag::kTh:
      return kThBit;
    case Tag::kTr:
      return kTrBit;
    case Tag::kTbody:
      return kTbodyBit;
    case Tag::kThead:
      return kTheadBit;
    case Tag::kTfoot:
      return kTfootBit;
    case Tag::kOption:
      return kOptionBit;
    case Tag::kOptgroup:
      return kOptgroupBit;
    case Tag::kRt:
      return kRtBit;
    case Tag::kRp:
      return kRpBit;
    case Tag::kColgroup:
      return kColgroupBit;
    case Tag::kHtml:
      return kHtmlBit;
    case Tag::kHead:
      return kHeadBit;
    case Tag::kBody:
      return kBodyBit;
    default:
      return 0;
  }
}

bool IsRawText(Tag tag) {
  switch (tag) {
    case Tag::kScript:
    case Tag::kStyle:
    case Tag::kTitle:
    case Tag::kTextarea:
    case Tag::kXmp:
    case Tag::kIframe:
    case Tag::kNoembed:
    case Tag::kNoframes:
      return true;
    default:
      return false;
  }
}

// HTML Standard 13.2.6.5: start tags that end <svg> and <math>.
bool BreaksOutOfForeign(Tag tag) {
  return (IsBlockTag(tag) && tag != Tag::kVideo && tag != Tag::kIframe) ||
         tag == Tag::kSpan || tag == Tag::kImg || tag == Tag::kB ||
         tag == Tag::kEm || tag == Tag::kI || tag == Tag::kBr ||
         tag == Tag::kStrong || tag == Tag::kSmall || tag == Tag::kCode;
}

class Scanner {
 public:
  Scanner(std::string_view source, const HtmlLimits& limits) : limits_(limits) {
    scan_.source = source;
    // Never more than the source but for a few references; what is not used
    // is never touched.
    scan_.text.reserve(source.size() + source.size() / 16);
    scan_.shape.reserve(source.size() / 4);
    levels_.push_back(0);
  }

  Prescan Run() {
    const std::string_view s = scan_.source;
    while (at_ < s.size()) {
      const void* found = std::memchr(s.data() + at_, '<', s.size() - at_);
      const std::size_t open =
          found == nullptr ? s.size()
                           : static_cast<std::size_t>(
                                 static_cast<const char*>(found) - s.data());
      if (open + 1 >= s.size()) {
        Text(at_, s.size());
        break;
      }
      const char next = s[open + 1];
      if (IsAlpha(next)) {
        Text(at_, open);
        StartTag(open);
      } else if (next == '/') {
        Text(at_, open);
        EndTag(open);
      } else if (next == '!' || next == '?') {
        Text(at_, open);
        Declaration(open);
      } else {
        Text(at_, open + 1);
        at_ = open + 1;
      }
    }
    WriteNotes();
    return std::move(scan_);
  }

 private:
  std::size_t FindFrom(std::size_t at, char c) const {
    const std::size_t found = scan_.source.find(c, at);
    return found == std::string_view::npos ? scan_.source.size() : found;
  }

  // Text that is plain but for references; goes on with the last piece when no
  // tag came between.
  void Text(std::size_t begin, std::size_t end) {
    if (begin >= end) return;
    std::string& text = scan_.text;
    const bool joins =
        !scan_.pieces.empty() && scan_.shape.size() == shape_after_text_;
    if (!joins) {
      TextPiece piece;
      piece.text = static_cast<std::uint32_t>(text.size());
      piece.begin = static_cast<std::uint32_t>(begin);
      scan_.pieces.push_back(piece);
    } else {
      Mark(begin);
    }
    const std::string_view s = scan_.source;
    std::size_t at = begin;
    while (at < end) {
      const void* found = std::memchr(s.data() + at, '&', end - at);
      if (found == nullptr) break;
      const std::size_t amp =
          static_cast<std::size_t>(static_cast<const char*>(found) - s.data());
      text.append(s, at, amp - at);
      std::size_t taken = DecodeReference(s.substr(0, end), amp, false, text);
      if (taken == 0) {
        text += '&';
        taken = 1;
      }
      at = amp + taken;
      if (taken > 1) Mark(at);
    }
    text.append(s, at, end - at);
    TextPiece& piece = scan_.pieces.back();
    piece.size = static_cast<std::uint32_t>(text.size()) - piece.text;
    piece.end = static_cast<std::uint32_t>(end);
    if (!joins) {
      const bool blank =
          std::all_of(text.begin() + piece.text, text.end(), IsHtmlSpace);
      if (blank) {
        // Blank text never opens a paragraph, so libxml2 must see a blank.
        scan_.shape += ' ';
        scan_.pieces.pop_back();
        text.resize(piece.text);
        return;
      }
      fmt::format_to(std::back_inserter(scan_.shape), "T{};",
                     scan_.pieces.size() - 1);
      shape_after_text_ = scan_.shape.size();
    }
  }

  // Only where text and source stop running in step.
  void Mark(std::size_t source) {
    const TextPiece& piece = scan_.pieces.back();
    const auto at = static_cast<std::uint32_t>(scan_.text.size());
    if (!scan_.marks.empty() && IsOf(scan_.marks.back(), piece)) {
      const OffsetMark& last = scan_.marks.back();
      if (last.source + (at - last.text) == source) return;
    } else if (piece.begin + (at - piece.text) == source) {
      return;
    }
    scan_.marks.push_back({static_cast<std::uint32_t>(scan_.text.size()),
                           static_cast<std::uint32_t>(source)});
  }

  void Declaration(std::size_t open) {
    const std::string_view s = scan_.source;
    ++scan_.comments;
    if (s.compare(open, 4, "<!--") != 0) {
      at_ = std::min(FindFrom(open + 2, '>') + 1, s.size());
      return;
    }
    // "<!-->" and "<!--->" are whole comments.
    if (s.compare(open + 4, 1, ">") == 0) {
      at_ = open + 5;
      return;
    }
    if (s.compare(open + 4, 2, "->") == 0) {
      at_ = open + 6;
      return;
    }
    std::size_t at = open + 4;
    while (true) {
      at = s.find("--", at);
      if (at == std::string_view::npos) {
        at_ = s.size();
        return;
      }
      if (s.compare(at + 2, 1, ">") == 0) {
        at_ = at + 3;
        return;
      }
      if (s.compare(at + 2, 2, "!>") == 0) {
        at_ = at + 4;
        return;
      }
      ++at;
    }
  }

  // Reads the name at `at`, lower case, at most 64 bytes of it.
  std::string_view Name(std::size_t at, std::size_t& end) {
    const std::string_view s = scan_.source;
    std::size_t size = 0;
    end = at;
    while (end < s.size() && !IsHtmlSpace(s[end]) && s[end] != '/' &&
           s[end] != '>') {
      if (size < name_.size()) name_[size++] = Lower(s[end]);
      ++end;
    }
    return {name_.data(), size};
  }

  // The attributes of a start tag; false when the page ends inside it.
  bool Attributes(std::size_t at, RawElement* element, bool& self_closing) {
    const std::string_view s = scan_.source;
    self_closing = false;
    while (true) {
      while (at < s.size() && (IsHtmlSpace(s[at]) || s[at] == '/')) {
        self_closing = s[at] == '/';
        ++at;
      }
      if (at >= s.size()) return false;
      if (s[at] == '>') {
        at_ = at + 1;
        return true;
      }
      self_closing = false;
      RawAttribute attribute;
      attribute.name = static_cast<std::uint32_t>(at);
      ++at;  // also a leading "="
      while (at < s.size() && !IsHtmlSpace(s[at]) && s[at] != '/' &&
             s[at] != '>' && s[at] != '=') {
        ++at;
      }
      attribute.name_size = static_cast<std::uint32_t>(at) - attribute.name;
      std::size_t after = at;
      while (after < s.size() && IsHtmlSpace(s[after])) ++after;
      if (after < s.size() && s[after] == '=') {
        at = after + 1;
        if (!Value(at, attribute)) return false;
      }
      Keep(attribute, element);
    }
  }

  bool Value(std::size_t& at, RawAttribute& attribute) {
    const std::string_view s = scan_.source;
    while (at < s.size() && IsHtmlSpace(s[at])) ++at;
    if (at >= s.size()) return false;
    std::size_t begin = at, end = at;
    if (s[at] == '"' || s[at] == '\'') {
      begin = at + 1;
      end = s.find(s[at], begin);
      if (end == std::string_view::npos) return false;
      at = end + 1;
    } else {
      while (end < s.size() && !IsHtmlSpace(s[end]) && s[end] != '>') ++end;
      at = end;
    }
    attribute.value = static_cast<std::uint32_t>(begin);
    attribute.value_size = static_cast<std::uint32_t>(end - begin);
    return true;
  }

  void Keep(RawAttribute attribute, RawElement* element) {
    if (element == nullptr) return;
    if (element->attributes >= limits_.max_attributes ||
        element->attributes == 0xFFFF) {
      ++attributes_dropped_;
      return;
    }
    if (attribute.value_size > limits_.max_attribute_bytes) {
      attribute.value_size =
          static_cast<std::uint32_t>(limits_.max_attribute_bytes);
      ++values_cut_;
    }
    ++element->attributes;
    scan_.attributes.push_back(attribute);
  }

  void StartTag(std::size_t open) {
    std::size_t name_end = 0;
    const std::string_view name = Name(open + 1, name_end);
    const Tag tag = TagOf(name);
    const bool keep = scan_.elements.size() < limits_.max_nodes;
    RawElement element;
    element.tag = tag;
    element.begin = static_cast<std::uint32_t>(open);
    element.first_attribute =
        static_cast<std::uint32_t>(scan_.attributes.size());
    bool self_closing = false;
    if (!Attributes(name_end, keep ? &element : nullptr, self_closing)) {
      at_ = scan_.source.size();  // the page ends in a tag: no tag, no text
      return;
    }
    element.end = static_cast<std::uint32_t>(at_);
    if (IsRawText(tag) && foreign_ == 0) RawContent(tag, name, element);
    if (!keep) {
      ++elements_dropped_;
      if (!IsVoid(tag) && !IsRawText(tag)) ++dropped_open_[KeyOf(tag, name)];
      if (IsBlockTag(tag) && !IsRawText(tag)) Break();
      return;
    }
    const auto number = static_cast<std::uint32_t>(scan_.elements.size());
    scan_.elements.push_back(element);
    if (tag == Tag::kScript) scan_.scripts.push_back(number);
    if (tag == Tag::kTitle && foreign_ == 0) scan_.titles.push_back(number);
    if (tag == Tag::kTextarea) scan_.textareas.push_back(number);
    Emit(tag, name, number, self_closing);
  }

  void Emit(Tag tag, std::string_view name, std::uint32_t number,
            bool self_closing) {
    std::string& shape = scan_.shape;
    if (foreign_ > 0 && BreaksOutOfForeign(tag)) {
      while (foreign_ > 0) {
        shape += foreign_svg_ ? "</svg>" : "</math>";
        --foreign_;
        Leave(foreign_svg_ ? Tag::kSvg : Tag::kMath, 0);
      }
    }
    if (tag == Tag::kIframe) {
      // Its content is no text; the place of the frame is what counts.
      fmt::format_to(std::back_inserter(shape), "<iframe s={}></iframe>",
                     number);
      return;
    }
    if (IsRawText(tag) && foreign_ == 0) return;
    if (tag == Tag::kHead || tag == Tag::kLink || tag == Tag::kMeta ||
        tag == Tag::kBase) {
      // Read from the element list. In the tree they could only do harm: a
      // stray <meta> in the text opens no paragraph.
      return;
    }
    if (IsVoid(tag)) {
      fmt::format_to(std::back_inserter(shape), "<{} s={}>", NameOf(tag),
                     number);
      return;
    }
    if (!Enter(tag, name)) {
      if (IsBlockTag(tag)) Break();
      return;
    }
    shape += '<';
    AppendName(tag, name);
    fmt::format_to(std::back_inserter(shape), " s={}>", number);
    if (tag == Tag::kSvg || tag == Tag::kMath) {
      if (foreign_ == 0) foreign_svg_ = tag == Tag::kSvg;
      if ((tag == Tag::kSvg) == foreign_svg_) ++foreign_;
    }
    if (self_closing && foreign_ > 0) CloseAs(tag, name);
  }

  void AppendName(Tag tag, std::string_view name) {
    if (tag != Tag::kOther) {
      scan_.shape += NameOf(tag);
      return;
    }
    // A name libxml2 knows nothing about and reads the same in any version.
    scan_.shape += 'x';
    for (const char c : name.substr(0, 40)) {
      scan_.shape += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
    }
  }

  // A line ends here although no element does.
  void Break() {
    if (scan_.shape.ends_with("B;")) return;
    if (elements_dropped_ > 0 && scan_.shape.size() == shape_after_text_) {
      // So much page that a line of its own is too much to keep.
      if (!scan_.text.ends_with(' ')) {
        scan_.text += ' ';
        ++scan_.pieces.back().size;
      }
      return;
    }
    scan_.shape += "B;";
  }

  std::uint32_t KeyOf(Tag tag, std::string_view name) const {
    if (tag != Tag::kOther) return static_cast<std::uint32_t>(tag);
    std::uint32_t hash = 2166136261U;  // FNV-1a
    for (const char c : name) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    }
    return hash | 0x100U;
  }

  // What is known of the open elements is kept coarse on purpose: one entry per
  // level for the tags that must be closed, and bits for those that need not
  // be. It bounds the depth and finds end tags without a start.
  bool Enter(Tag tag, std::string_view name) {
    const std::uint32_t bit = OptionalBit(tag);
    if (bit != 0) {
      std::uint32_t& level = levels_.back();
      if (bit == kTrBit) level &= ~(kTdBit | kThBit);
      if ((level & bit) == 0) ++open_[KeyOf(tag, name)];
      level |= bit;
      return true;
    }
    if (static_cast<int>(levels_.size()) > limits_.max_depth) {
      ++too_deep_;
      ++dropped_open_[KeyOf(tag, name)];
      return false;
    }
    levels_.push_back(0);
    ++open_[KeyOf(tag, name)];
    return true;
  }

  // False when no such element can be open.
  bool Leave(Tag tag, std::uint32_t key) {
    if (key == 0) key = KeyOf(tag, {});
    const auto dropped = dropped_open_.find(key);
    if (dropped != dropped_open_.end() && dropped->second > 0) {
      --dropped->second;
      return false;
    }
    const auto open = open_.find(key);
    if (open == open_.end() || open->second == 0) return false;
    --open->second;
    const std::uint32_t bit = OptionalBit(tag);
    if (bit != 0) {
      for (std::size_t i = levels_.size(); i-- > 0;) {
        if ((levels_[i] & bit) == 0) continue;
        levels_[i] &= ~bit;
        break;
      }
      return true;
    }
    if (levels_.size() > 1) {
      const std::uint32_t bits = levels_.back();
      levels_.pop_back();
      // An inline end tag closes no paragraph, so what was open stays open.
      MergeDown(bits);
    }
    return true;
  }

  void MergeDown(std::uint32_t bits) {
    const std::uint32_t both = bits & levels_.back();
    levels_.back() |= bits;
    if (both == 0) return;
    for (int i = 0; i < static_cast<int>(Tag::kCount); ++i) {
      const Tag tag = static_cast<Tag>(i);
      if ((OptionalBit(tag) & both) != 0) {
        int& count = open_[static_cast<std::uint32_t>(i)];
        if (count > 0) --count;
      }
    }
  }

  void CloseAs(Tag tag, std::string_view name) {
    if (!Leave(tag, KeyOf(tag, name))) {
      if (tag == Tag::kP) Break();
      return;
    }
    scan_.shape += "</";
    AppendName(tag, name);
    scan_.shape += '>';
    if (foreign_ > 0 && (tag == Tag::kSvg || tag == Tag::kMath) &&
        (tag == Tag::kSvg) == foreign_svg_) {
      --foreign_;
    }
  }

  void EndTag(std::size_t open) {
    const std::string_view s = scan_.source;
    if (open + 2 >= s.size()) {
      at_ = s.size();
      return;
    }
    if (!IsAlpha(s[open + 2])) {  // bogus comment
      ++scan_.comments;
      at_ = std::min(FindFrom(open + 2, '>') + 1, s.size());
      return;
    }
    std::size_t name_end = 0;
    const std::string_view name = Name(open + 2, name_end);
    const Tag tag = TagOf(name);
    bool self_closing = false;
    if (!Attributes(name_end, nullptr, self_closing)) {
      at_ = s.size();
      return;
    }
    if (tag == Tag::kBr) {  // "</br>" is a line break
      scan_.shape += "<br>";
      return;
    }
    // What follows </body> and </html> is still page, as browsers have it.
    if (IsVoid(tag) || tag == Tag::kHead || tag == Tag::kBody ||
        tag == Tag::kHtml || (IsRawText(tag) && foreign_ == 0)) {
      return;
    }
    CloseAs(tag, name);
  }

  // Sets the content of a raw text element and goes behind its end tag.
  void RawContent(Tag tag, std::string_view name, RawElement& element) {
    const std::size_t begin = at_;
    std::size_t end = EndOfRaw(begin, name, tag == Tag::kScript);
    element.content_begin = static_cast<std::uint32_t>(begin);
    element.content_end = static_cast<std::uint32_t>(end);
    if (end < scan_.source.size()) {
      bool self_closing = false;
      if (!Attributes(end + 2 + name.size(), nullptr, self_closing)) {
        at_ = scan_.source.size();
      }
    } else {
      at_ = end;
    }
  }

  bool IsTagNamed(std::size_t at, std::string_view name) const {
    const std::string_view s = scan_.source;
    if (at + name.size() > s.size()) return false;
    for (std::size_t i = 0; i < name.size(); ++i) {
      if (Lower(s[at + i]) != name[i]) return false;
    }
    const std::size_t end = at + name.size();
    return end < s.size() &&
           (IsHtmlSpace(s[end]) || s[end] == '/' || s[end] == '>');
  }

  // Where "</name" stands, or the end of the page. In a script, an end tag
  // inside "<!-- <script>" closes only the inner one (13.2.5.29).
  std::size_t EndOfRaw(std::size_t at, std::string_view name,
                       bool script) const {
    const std::string_view s = scan_.source;
    bool escaped = false, twice = false;
    std::size_t comment_end = 0;  // the next one's place while `escaped`
    while (true) {
      const std::size_t next = FindFrom(at, '<');
      if (escaped) {
        if (comment_end < at)
          comment_end = std::min(s.find("-->", at), s.size());
        if (comment_end < next) {
          escaped = twice = false;
          at = comment_end + 1;
          continue;
        }
      }
      if (next == s.size()) return next;
      at = next + 1;
      if (s.compare(next, 2, "</") == 0) {
        if (!IsTagNamed(next + 2, name)) continue;
        if (!twice) return next;
        twice = false;
      } else if (script && s.compare(next, 4, "<!--") == 0) {
        escaped = true;
        at = next + 2;  // "<!-->" ends it at once
      } else if (escaped && IsTagNamed(next + 1, name)) {
        twice = true;
      }
    }
  }

  void WriteNotes() {
    const auto note = [&](std::size_t count, std::string_view what) {
      if (count > 0)
        scan_.notes.push_back(fmt::format("limit: {} {}", count, what));
    };
    note(attributes_dropped_, "attributes dropped (too many on one tag)");
    note(values_cut_, "attribute values cut");
    note(elements_dropped_, "elements dropped (too many), their text kept");
    note(too_deep_, "tags dropped (too deep), their text kept");
  }

  const HtmlLimits& limits_;
  Prescan scan_;
  std::size_t at_ = 0;
  std::size_t shape_after_text_ = std::string::npos;
  std::array<char, 64> name_{};
  std::vector<std::uint32_t> levels_;
  std::unordered_map<std::uint32_t, int> open_, dropped_open_;
  int foreign_ = 0;
  bool foreign_svg_ = true;
  std::size_t attributes_dropped_ = 0, values_cut_ = 0;
  std::size_t elements_dropped_ = 0, too_deep_ = 0;
};

bool SameName(std::string_view raw, std::string_view lower) {
  return raw.size() == lower.size() &&
         std::equal(raw.begin(), raw.end(), lower.begin(),
                    [](char a, char b) { return Lower(a) == b; });
}

const RawAttribute* Find(const Prescan& scan, const RawElement& element,
                         std::string_view name) {
  for (std::size_t i = 0; i < element.attributes; ++i) {
    const RawAttribute& a = scan.attributes[element.first_attribute + i];
    if (SameName(scan.source.substr(a.name, a.name_size), name)) return &a;
  }
  return nullptr;
}

}  // namespace

bool Prescan::Has(const RawElement& element, std::string_view name) const {
  return Find(*this, element, name) != nullptr;
}

std::string Prescan::Attribute(const RawElement& element,
                               std::string_view name) const {
  const RawAttribute* a = Find(*this, element, name);
  if (a == nullptr) return {};
  return DecodeReferences(source.substr(a->value, a->value_size), true);
}

std::uint32_t Prescan::SourceOf(const TextPiece& piece,
                                std::uint32_t at) const {
  const auto after = std::upper_bound(
      marks.begin(), marks.end(), at,
      [](std::uint32_t t, const OffsetMark& mark) { return t < mark.text; });
  if (after != marks.begin() && IsOf(*std::prev(after), piece)) {
    const OffsetMark& mark = *std::prev(after);
    return mark.source + (at - mark.text);
  }
  return piece.begin + (at - piece.text);
}

Prescan ScanMarkup(std::string_view source, const HtmlLimits& limits) {
  return Scanner(source, limits).Run();
}

}  // namespace stemma
