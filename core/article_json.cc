#include "core/article_json.h"

#include <array>
#include <nlohmann/json.hpp>
#include <optional>

namespace stemma {
namespace {

using Json = nlohmann::json;

std::string_view NameOf(Precision precision) {
  switch (precision) {
    case Precision::kDay:
      return "day";
    case Precision::kMinute:
      return "minute";
    case Precision::kSecond:
      return "second";
  }
  return "day";
}

Precision PrecisionOf(std::string_view name) {
  if (name == "second") return Precision::kSecond;
  return name == "minute" ? Precision::kMinute : Precision::kDay;
}

template <class Kind, std::size_t N>
std::optional<Kind> KindOf(std::string_view name,
                           const std::array<Kind, N>& kinds) {
  for (const Kind kind : kinds) {
    if (stemma::NameOf(kind) == name) return kind;
  }
  return std::nullopt;
}

constexpr std::array kBlockKinds = {
    BlockKind::kTitle,        BlockKind::kHeading,  BlockKind::kStandfirst,
    BlockKind::kParagraph,    BlockKind::kListItem, BlockKind::kQuote,
    BlockKind::kPreformatted, BlockKind::kTableRow, BlockKind::kCaption,
    BlockKind::kMediaUrl};
constexpr std::array kMediaKinds = {MediaKind::kVideo, MediaKind::kAudio,
                                    MediaKind::kImage, MediaKind::kHls,
                                    MediaKind::kDash,  MediaKind::kPlayer};

// Text read from a bundle may hold bytes that are no UTF-8 only if somebody
// damaged it; nlohmann refuses those on output, so `text` is always valid here.
Json OptionalDate(const std::optional<DateClaim>& date) {
  return date ? ToJson(*date) : Json();
}

std::optional<DateClaim> DateFromJson(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  const std::optional<TimePoint> time = ParseTime(json.value("time", ""));
  if (!time) return std::nullopt;
  DateClaim date;
  date.time = *time;
  date.precision = PrecisionOf(json.value("precision", "day"));
  date.has_zone = json.value("has_zone", false);
  date.raw = json.value("raw", "");
  date.source = json.value("source", "");
  return date;
}

// Blocks are most of an article. Field by field, since each pair of an
// initializer list is an array of its own first.
Json BlockToJson(const Block& block) {
  Json json = Json::object();
  json["kind"] = stemma::NameOf(block.kind);
  json["text"] = block.text;
  json["kept"] = block.kept;
  json["rule"] = block.rule;
  json["source"] = {block.source_begin, block.source_end};
  return json;
}

Json MediaToJson(const MediaLink& media) {
  return {{"kind", stemma::NameOf(media.kind)},
          {"url", media.url},
          {"found_by", media.found_by},
          {"mime", media.mime},
          {"poster", media.poster},
          {"player_id", media.player_id},
          {"after_block", media.after_block}};
}

Json ClaimToJson(const SourceClaim& claim) {
  return {{"kind", claim.kind},
          {"name", claim.name},
          {"url", claim.url},
          {"date", OptionalDate(claim.date)},
          {"quote", claim.quote},
          {"block", claim.block},
          {"confidence", claim.confidence}};
}

Article ReadArticle(const Json& json) {
  Article a;
  a.url = json.value("url", "");
  a.is_article = json.value("is_article", false);
  a.confidence = json.value("confidence", 0.0);
  a.title = json.value("title", "");
  a.title_raw = json.value("title_raw", "");
  a.site_name = json.value("site_name", "");
  a.language = json.value("language", "");
  a.canonical_url = json.value("canonical_url", "");
  a.amp_url = json.value("amp_url", "");
  a.section = json.value("section", "");
  a.keywords = json.value("keywords", std::vector<std::string>{});
  a.licence = json.value("licence", "");
  a.copyright = json.value("copyright", "");
  a.authors = json.value("authors", std::vector<std::string>{});
  a.publisher = json.value("publisher", "");
  a.published = DateFromJson(json.value("published", Json()));
  a.modified = DateFromJson(json.value("modified", Json()));
  for (const Json& date : json.value("dates", Json::array())) {
    if (auto claim = DateFromJson(date)) a.dates.push_back(*std::move(claim));
  }
  for (const Json& item : json.value("blocks", Json::array())) {
    Block block;
    block.kind = KindOf(item.value("kind", ""), kBlockKinds)
                     .value_or(BlockKind::kParagraph);
    block.text = item.value("text", "");
    block.kept = item.value("kept", true);
    block.rule = item.value("rule", "");
    const Json source = item.value("source", Json::array({0, 0}));
    block.source_begin = source.at(0).get<std::size_t>();
    block.source_end = source.at(1).get<std::size_t>();
    a.blocks.push_back(std::move(block));
  }
  for (const Json& item : json.value("media", Json::array())) {
    MediaLink media;
    media.kind =
        KindOf(item.value("kind", ""), kMediaKinds).value_or(MediaKind::kVideo);
    media.url = item.value("url", "");
    media.found_by = item.value("found_by", "");
    media.mime = item.value("mime", "");
    media.poster = item.value("poster", "");
    media.player_id = item.value("player_id", "");
    media.after_block = item.value("after_block", -1);
    a.media.push_back(std::move(media));
  }
  for (const Json& item : json.value("claims", Json::array())) {
    SourceClaim claim;
    claim.kind = item.value("kind", "");
    claim.name = item.value("name", "");
    claim.url = item.value("url", "");
    claim.date = DateFromJson(item.value("date", Json()));
    claim.quote = item.value("quote", "");
    claim.block = item.value("block", -1);
    claim.confidence = item.value("confidence", 0.0);
    a.claims.push_back(std::move(claim));
  }
  a.links = json.value("links", std::vector<std::string>{});
  a.charset = json.value("charset", "");
  a.notes = json.value("notes", std::vector<std::string>{});
  a.method = json.value("method", "");
  return a;
}

template <class T, class Fn>
Json ListOf(const std::vector<T>& items, Fn to_json) {
  Json list = Json::array();
  for (const T& item : items) list.push_back(to_json(item));
  return list;
}

}  // namespace

Json ToJson(const DateClaim& date) {
  return {{"time", FormatSeconds(date.time)},
          {"precision", NameOf(date.precision)},
          {"has_zone", date.has_zone},
          {"raw", date.raw},
          {"source", date.source}};
}

Json ToJson(const Article& a) {
  return {
      {"schema", "stemma.article.v1"},
      {"method", a.method},
      {"url", a.url},
      {"is_article", a.is_article},
      {"confidence", a.confidence},
      {"title", a.title},
      {"title_raw", a.title_raw},
      {"site_name", a.site_name},
      {"language", a.language},
      {"canonical_url", a.canonical_url},
      {"amp_url", a.amp_url},
      {"section", a.section},
      {"keywords", a.keywords},
      {"licence", a.licence},
      {"copyright", a.copyright},
      {"authors", a.authors},
      {"publisher", a.publisher},
      {"published", OptionalDate(a.published)},
      {"modified", OptionalDate(a.modified)},
      {"dates", ListOf(a.dates, [](const DateClaim& d) { return ToJson(d); })},
      {"blocks", ListOf(a.blocks, BlockToJson)},
      {"media", ListOf(a.media, MediaToJson)},
      {"claims", ListOf(a.claims, ClaimToJson)},
      {"links", a.links},
      {"charset", a.charset},
      {"notes", a.notes}};
}

Json ToRecordJson(const Article& article) {
  constexpr std::size_t kEnough = 48;
  Json json = ToJson(article);
  for (Json& block : json["blocks"]) {
    if (block["kept"].get<bool>()) continue;
    auto& text = block["text"].get_ref<std::string&>();
    if (text.size() <= kEnough) continue;
    std::size_t end = kEnough;  // of whole code points
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
      --end;
    }
    text.resize(end);
    text += "\u2026";
  }
  return json;
}

Result<Article> ArticleFromJson(const Json& json) {
  if (!json.is_object() ||
      json.value("schema", Json()) != Json("stemma.article.v1")) {
    return Error(ErrorCode::kMalformed,
                 "article JSON: schema is not stemma.article.v1");
  }
  // nlohmann reports a wrong type by throwing; this is where that stops.
  try {
    return ReadArticle(json);
  } catch (const Json::exception& error) {
    return Error(ErrorCode::kMalformed,
                 std::string("article JSON: ") + error.what());
  }
}

}  // namespace stemma
