#include "article/tags.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace stemma {
namespace {

constexpr std::string_view kNames[] = {"",
#define STEMMA_TAG_TEXT(name, text) text,
                                       STEMMA_TAGS(STEMMA_TAG_TEXT)
#undef STEMMA_TAG_TEXT
};

constexpr std::size_t kTags = static_cast<std::size_t>(Tag::kCount);
using TagSet = std::array<bool, kTags>;

template <class... Tags>
constexpr TagSet SetOf(Tags... tags) {
  TagSet set{};
  ((set[static_cast<std::size_t>(tags)] = true), ...);
  return set;
}

constexpr TagSet kVoid =
    SetOf(Tag::kArea, Tag::kBase, Tag::kBr, Tag::kCol, Tag::kEmbed, Tag::kFrame,
          Tag::kHr, Tag::kImg, Tag::kInput, Tag::kLink, Tag::kMeta, Tag::kParam,
          Tag::kSource, Tag::kTrack, Tag::kWbr);

constexpr TagSet kBlock = SetOf(
    Tag::kAddress, Tag::kArticle, Tag::kAside, Tag::kBlockquote, Tag::kBody,
    Tag::kButton, Tag::kCaption, Tag::kCenter, Tag::kDd, Tag::kDetails,
    Tag::kDialog, Tag::kDir, Tag::kDiv, Tag::kDl, Tag::kDt, Tag::kFieldset,
    Tag::kFigcaption, Tag::kFigure, Tag::kFooter, Tag::kForm, Tag::kFrameset,
    Tag::kH1, Tag::kH2, Tag::kH3, Tag::kH4, Tag::kH5, Tag::kH6, Tag::kHeader,
    Tag::kHgroup, Tag::kHr, Tag::kHtml, Tag::kIframe, Tag::kLegend, Tag::kLi,
    Tag::kMain, Tag::kMenu, Tag::kNav, Tag::kOl, Tag::kOptgroup, Tag::kOption,
    Tag::kP, Tag::kPlaintext, Tag::kPre, Tag::kSection, Tag::kSelect,
    Tag::kSummary, Tag::kTable, Tag::kTbody, Tag::kTd, Tag::kTfoot, Tag::kTh,
    Tag::kThead, Tag::kTr, Tag::kUl, Tag::kVideo, Tag::kXmp);

constexpr TagSet kHidden =
    SetOf(Tag::kAudio, Tag::kCanvas, Tag::kDatalist, Tag::kHead, Tag::kMath,
          Tag::kNoembed, Tag::kNoframes, Tag::kNoscript, Tag::kObject,
          Tag::kProgress, Tag::kRp, Tag::kScript, Tag::kSelect, Tag::kStyle,
          Tag::kSvg, Tag::kTemplate, Tag::kTextarea, Tag::kTitle, Tag::kVideo);

bool Has(const TagSet& set, Tag tag) {
  return set[static_cast<std::size_t>(tag)];
}

}  // namespace

Tag TagOf(std::string_view name) {
  const auto* begin = std::next(std::begin(kNames));
  const auto* it = std::lower_bound(begin, std::end(kNames), name);
  if (it == std::end(kNames) || *it != name) return Tag::kOther;
  return static_cast<Tag>(it - std::begin(kNames));
}

std::string_view NameOf(Tag tag) {
  return kNames[static_cast<std::size_t>(tag)];
}

bool IsVoid(Tag tag) { return Has(kVoid, tag); }
bool IsBlockTag(Tag tag) { return Has(kBlock, tag); }
bool IsHiddenTag(Tag tag) { return Has(kHidden, tag); }

int HeadingLevel(Tag tag) {
  if (tag < Tag::kH1 || tag > Tag::kH6) return 0;
  return static_cast<int>(tag) - static_cast<int>(Tag::kH1) + 1;
}

}  // namespace stemma
