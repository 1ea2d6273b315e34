#include "article/date_claims.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "article/body.h"
#include "article/dates.h"
#include "article/furniture.h"
#include "article/machine_dates.h"
#include "article/phrases.h"
#include "core/ascii.h"

namespace stemma {
namespace {

class DateReader {
 public:
  DateReader(const PageTree& tree, const std::vector<PageBlock>& blocks,
             const HeadFacts& head, const Body& body, Article& article)
      : tree_(tree),
        blocks_(blocks),
        head_(head),
        title_block_(body.title_block),
        text_begin_(TextBegin(body)),
        article_(article) {}

  void Run() {
    if (const LdArticle* a = head_.Main()) {
      Published(a->published, "json-ld:datePublished");
      Modified(a->modified, "json-ld:dateModified");
    }
    for (const char* name :
         {"article:published_time", "article:published", "parsely-pub-date",
          "og:article:published_time", "sailthru.date",
          "itemprop:datepublished", "datepublished", "article_date_original",
          "originalpublicationdate", "cxenseparse:recs:publishtime",
          "cxenseparse:publishtime", "og:pubdate", "article.published",
          "rnews:datepublished", "citation_publication_date",
          "shareaholic:article_published_time", "bt:pubdate",
          "og:release_date"}) {
      Published(head_.Meta(name), name);
    }
    for (const char* name :
         {"article:modified_time", "og:updated_time", "itemprop:datemodified",
          "dcterms.modified", "last-modified", "lastmod", "revised"}) {
      Modified(head_.Meta(name), name);
    }
    Marked();
    if (const auto& page = head_.ld.page; page && head_.Main() == nullptr) {
      Published(page->published, "json-ld:WebPage:datePublished");
      Modified(page->modified, "json-ld:WebPage:dateModified");
    }
    TextAndTimes();
    for (const char* name :
         {"dc.date.issued", "dcterms.issued", "pubdate", "publishdate",
          "publish-date", "publish_date", "publication_date", "displaydate",
          "itemprop:datecreated", "dcterms.created", "dcterms.date", "dc.date",
          "dc.date.created", "date", "created"}) {
      Published(head_.Meta(name), name);
    }
    if (const LdArticle* a = head_.Main()) {
      Published(a->created, "json-ld:dateCreated");
    }
    if (const auto claim = DateOfUrl(article_.url)) Add(*claim, "url", true);
    if (!article_.published) OtherMeta();
    if (!article_.published) InScripts();
    if (!article_.published) AnywhereInText();
    if (!article_.published) InImageAddress();
    if (!article_.published && article_.modified) {
      article_.published = article_.modified;
    }
    AgreeWithUrl();
  }

 private:
  void Add(DateClaim claim, std::string_view source, bool published) {
    claim.source = std::string(source);
    const auto& chosen = published ? article_.published : article_.modified;
    if (article_.dates.size() < 60) article_.dates.push_back(claim);
    if (!chosen) {
      (published ? article_.published : article_.modified) = std::move(claim);
    }
  }

  void Published(const std::string& text, std::string_view source) {
    if (text.empty()) return;
    if (const auto claim = ReadMachineDate(text)) Add(*claim, source, true);
  }
  void Modified(const std::string& text, std::string_view source) {
    if (text.empty()) return;
    if (const auto claim = ReadMachineDate(text)) Add(*claim, source, false);
  }

  // itemprop=datePublished and dateModified on any element of the page. Where
  // there are many, they are of other stories but for one near the headline.
  void Marked() {
    const bool many = MarkedDays() >= 3;
    int seen = 0;
    for (const RawElement& element : tree_.scan.elements) {
      if (element.attributes == 0 || element.tag == Tag::kMeta) continue;
      const std::string property =
          Lowered(tree_.scan.Attribute(element, "itemprop"));
      const bool published = property == "datepublished";
      if (!published && property != "datemodified") continue;
      std::string value = tree_.scan.Attribute(element, "datetime");
      if (value.empty()) value = tree_.scan.Attribute(element, "content");
      const auto claim = ReadMachineDate(value);
      if (!claim || ++seen > 20) continue;
      if (many && !NearHeadline(element)) continue;
      Add(*claim,
          published ? "itemprop:datePublished" : "itemprop:dateModified",
          published);
    }
  }

  std::size_t MarkedDays() const {
    std::set<std::string> days;
    for (const RawElement& element : tree_.scan.elements) {
      if (element.attributes == 0 || days.size() >= 3) continue;
      if (Lowered(tree_.scan.Attribute(element, "itemprop")) !=
          "datepublished") {
        continue;
      }
      const std::string value = tree_.scan.Attribute(element, "datetime");
      if (!value.empty()) days.insert(value.substr(0, 10));
    }
    return days.size();
  }

  bool NearHeadline(const RawElement& element) const {
    constexpr std::size_t kReach = 20;  // blocks
    if (title_block_ < 0) return false;
    const auto title = static_cast<std::size_t>(title_block_);
    const std::size_t first = title - std::min<std::size_t>(title, 3);
    const std::size_t last = std::min(blocks_.size() - 1, title + kReach);
    return element.begin >= blocks_[first].source_begin &&
           element.begin <= blocks_[last].source_end;
  }

  // What a reader sees near the headline, with the time of the <time> element
  // that says the same day; a <time> alone counts behind the headline before
  // those of other stories above it.
  void TextAndTimes() {
    const std::vector<DateClaim> texts = TextNearTitle();
    const std::vector<DateClaim> times = TimesByPlace();
    if (!texts.empty()) {
      const std::string day = DayAsWritten(texts.front());
      for (const DateClaim& time : times) {
        if (DayAsWritten(time) != day) continue;
        Add(time, "time", true);
        break;
      }
    }
    for (const DateClaim& text : texts) Add(text, text.source, true);
    for (const DateClaim& time : times) Add(time, "time", true);
  }

  // Where a date of the article stands, the likeliest first.
  enum Place { kUnderHeadline, kOverHeadline, kBehind, kFarAbove, kPlaces };
  static constexpr std::size_t kOver = 3;  // blocks

  Place PlaceOf(std::size_t block) const {
    const auto title = static_cast<std::size_t>(std::max(title_block_, 0));
    if (block + kOver < title) return kFarAbove;
    if (block < title) return kOverHeadline;
    return block < text_begin_ ? kUnderHeadline : kBehind;
  }

  std::vector<DateClaim> TimesByPlace() const {
    constexpr std::size_t kMost = 20;  // of each place
    std::array<std::vector<DateClaim>, kPlaces> times;
    std::size_t block = 0;
    for (const RawElement& element : tree_.scan.elements) {
      if (element.tag != Tag::kTime) continue;
      auto claim = ReadMachineDate(tree_.scan.Attribute(element, "datetime"));
      if (!claim) continue;
      while (block + 1 < blocks_.size() &&
             blocks_[block].source_end <= element.begin) {
        ++block;
      }
      auto& list = times[PlaceOf(block)];
      if (list.size() < kMost) list.push_back(*std::move(claim));
    }
    std::vector<DateClaim> all;
    for (const auto& list : times) {
      all.insert(all.end(), list.begin(), list.end());
    }
    return all;
  }

  // A page that hides its headline until a script shows it hides nothing.
  bool Hidden(const PageBlock& block) const {
    return (block.context & kInHidden) != 0 &&
           (title_block_ < 0 ||
            (blocks_[static_cast<std::size_t>(title_block_)].context &
             kInHidden) == 0);
  }

  // What the words before a date say of it: 1 published, -1 changed since.
  static int LabelOf(std::string_view before) {
    const std::string lower = LowerForPhrases(before.substr(
        before.size() - std::min<std::size_t>(before.size(), 60)));
    std::size_t published = 0, changed = 0;
    for (const std::string_view word :
         {"published", "posted", "first published", "veröffentlicht",
          "erstellt", "publié", "publicado", "publicada", "pubblicato",
          "gepubliceerd", "opublikowano", "опубликовано", "publicerad",
          "publisert", "δημοσιεύθηκε", "发布", "公開", "نشر"}) {
      const std::size_t at = lower.rfind(word);
      if (at != std::string::npos) published = std::max(published, at + 1);
    }
    for (const std::string_view word :
         {"updated",    "modified",   "reviewed",   "edited",    "aktualisiert",
          "geändert",   "stand:",     "mis à jour", "modifié",   "actualizado",
          "aggiornato", "atualizado", "bijgewerkt", "gewijzigd", "aktualizacja",
          "обновлено",  "uppdaterad", "oppdatert",  "更新",      "تحديث"}) {
      const std::size_t at = lower.rfind(word);
      if (at != std::string::npos) changed = std::max(changed, at + 1);
    }
    if (published == 0 && changed == 0) return 0;
    return published >= changed ? 1 : -1;
  }

  std::vector<DateClaim> TextNearTitle() const {
    std::vector<DateClaim> found;
    const auto title = static_cast<std::size_t>(std::max(title_block_, 0));
    const std::size_t from = title - std::min(title, kOver);
    const std::size_t to = std::min(blocks_.size(), from + 30);
    for (const Place place : {kUnderHeadline, kOverHeadline, kBehind}) {
      for (std::size_t i = from; i < to && found.size() < 5; ++i) {
        const PageBlock& block = blocks_[i];
        if (PlaceOf(i) != place) continue;
        if (block.text.size() > 200 || Hidden(block)) continue;
        if ((block.context & (kInFigcaption | kInQuote)) != 0) continue;
        if (NamesPictureOwner(block.text)) continue;
        if (block.words > 24 && block.ends_sentence) continue;
        if (const auto date = FindDate(block.text, article_.language)) {
          found.push_back(date->claim);
          const int label =
              block.words <= 16
                  ? LabelOf(std::string_view(block.text).substr(0, date->begin))
                  : 0;
          const bool sentence = block.words > 16 && block.ends_sentence;
          found.back().source = sentence     ? "text:sentence"
                                : label == 0 ? "text"
                                : label > 0  ? "text:published"
                                             : "text:updated";
        }
      }
    }
    if (!article_.published) {
      if (const auto far = LabelledFar(to)) found.push_back(*far);
    }
    // Labelled as the day of publication first, as a later one last.
    const auto rank = [](const DateClaim& claim) {
      return claim.source == "text:published" ? 0
             : claim.source == "text"         ? 1
             : claim.source == "text:updated" ? 2
                                              : 3;
    };
    std::stable_sort(found.begin(), found.end(),
                     [&](const DateClaim& a, const DateClaim& b) {
                       return rank(a) < rank(b);
                     });
    return found;
  }

  // "Posted on April 13, 2023" below the text.
  std::optional<DateClaim> LabelledFar(std::size_t from) const {
    for (std::size_t i = from; i < blocks_.size(); ++i) {
      const PageBlock& block = blocks_[i];
      if (block.words > 8 || block.text.size() > 80 || Hidden(block)) continue;
      if ((block.context & (kInAside | kInNav | kInComment)) != 0) continue;
      const auto date = FindDate(block.text, article_.language);
      if (!date ||
          LabelOf(std::string_view(block.text).substr(0, date->begin)) <= 0) {
        continue;
      }
      DateClaim claim = date->claim;
      claim.source = "text:published";
      return claim;
    }
    return std::nullopt;
  }

  // Of dates that readers see the one that the address names, too.
  void AgreeWithUrl() {
    if (!article_.published) return;
    const std::string& source = article_.published->source;
    if (!source.starts_with("text") && source != "time") return;
    const auto named = DateOfUrl(article_.url);
    std::string prefix = named ? DayAsWritten(*named) : MonthOfUrl();
    if (prefix.empty() ||
        DayAsWritten(*article_.published).starts_with(prefix)) {
      return;
    }
    for (const DateClaim& claim : article_.dates) {
      if (claim.source == "url" || !DayAsWritten(claim).starts_with(prefix)) {
        continue;
      }
      article_.published = claim;
      return;
    }
    if (named) {
      article_.published = *named;
      article_.published->source = "url";
    }
  }

  // "/2017/09/" of the address as "2017-09"; "" when it has none.
  std::string MonthOfUrl() const {
    const std::string& url = article_.url;
    for (std::size_t i = 0; i + 9 <= url.size(); ++i) {
      const auto digit = [&](std::size_t k) {
        return url[i + k] >= '0' && url[i + k] <= '9';
      };
      if (url[i] == '/' && (url[i + 1] == '1' || url[i + 1] == '2') &&
          digit(2) && digit(3) && digit(4) && url[i + 5] == '/' && digit(6) &&
          digit(7) && url[i + 8] == '/') {
        return url.substr(i + 1, 4) + "-" + url.substr(i + 6, 2);
      }
    }
    return {};
  }

  // <meta name="published_on"> and its like; title="2013-04-04T18:52:11+00:00".
  void OtherMeta() {
    for (const auto& [name, value] : head_.meta) {
      if (name.find("publi") != std::string::npos && value.size() < 60 &&
          value.find_first_of("0123456789") != std::string::npos) {
        Published(value, name);
      }
    }
    for (const RawElement& element : tree_.scan.elements) {
      if (element.attributes == 0 ||
          (element.tag != Tag::kSpan && element.tag != Tag::kAbbr)) {
        continue;
      }
      const std::string title = tree_.scan.Attribute(element, "title");
      if (title.size() < 16 || title.size() > 30 || title[4] != '-' ||
          title[10] != 'T') {
        continue;
      }
      Published(title, "title-attribute");
      if (article_.published) return;
    }
  }

  // "datePublished":"2020-01-30T..." in a script that is no JSON-LD.
  void InScripts() {
    for (const std::uint32_t number : tree_.scan.scripts) {
      const std::string_view text =
          tree_.scan.Content(tree_.scan.elements[number]);
      for (const std::string_view key :
           {"datePublished", "publishedAt", "published_at", "publishDate",
            "publish_date", "publishedDate", "published_time",
            "publicationDate", "publication_date", "date_published", "pubDate",
            "datePublication", "firstPublished", "postDate", "page_date",
            "articleDate", "\"published\"", "\"createdAt\""}) {
        const std::size_t at = text.find(key);
        if (at == std::string_view::npos) continue;
        std::string_view rest = text.substr(at + key.size(), 60);
        const std::size_t digit = rest.find_first_of("0123456789");
        if (digit == std::string_view::npos || digit > 8) continue;
        rest = rest.substr(digit);
        rest = rest.substr(0, rest.find_first_of("\"'\\,}"));
        if (const auto claim = ReadMachineDate(rest)) {
          Add(*claim, "script", true);
          return;
        }
      }
    }
  }

  // Editorial systems file a page's picture under the day it came with.
  void InImageAddress() {
    for (const char* name :
         {"og:image", "twitter:image", "twitter:image:src"}) {
      const auto claim = DateOfUrl(head_.Meta(name));
      if (claim) return Add(*claim, "image-address", true);
    }
  }

  // The first short text with a date, behind the headline before others.
  void AnywhereInText() {
    for (const bool behind : {true, false}) {
      for (std::size_t i = 0; i < std::min<std::size_t>(blocks_.size(), 3000);
           ++i) {
        const PageBlock& block = blocks_[i];
        if ((static_cast<int>(i) > title_block_) != behind) continue;
        if (Hidden(block)) continue;
        const std::string_view head =
            std::string_view(block.text).substr(0, 160);
        if (const auto date = FindDate(head, article_.language)) {
          Add(date->claim, "text", true);
          return;
        }
      }
    }
  }

  const PageTree& tree_;
  const std::vector<PageBlock>& blocks_;
  const HeadFacts& head_;
  int title_block_;
  std::size_t text_begin_;
  Article& article_;
};

}  // namespace

void FillDates(const PageTree& tree, const std::vector<PageBlock>& blocks,
               const HeadFacts& head, const Body& body, Article& article) {
  DateReader(tree, blocks, head, body, article).Run();
}

}  // namespace stemma
