#include "archive/page_dictionary.h"

#include <zdict.h>
#include <zstd.h>

#include <algorithm>

namespace stemma {
namespace {

// Host and first path segment: pages of one template tend to share both.
std::string PlaceOf(std::string_view uri) {
  const std::size_t scheme = uri.find("://");
  if (scheme == std::string_view::npos) return std::string(uri.substr(0, 64));
  std::size_t end = uri.find('/', scheme + 3);
  if (end == std::string_view::npos) return std::string(uri);
  const std::size_t second = uri.find('/', end + 1);
  if (second != std::string_view::npos) end = second;
  return std::string(uri.substr(0, std::min<std::size_t>(end, 256)));
}

// Size of `page` compressed after `prefix`.
std::size_t SizeAfter(ZSTD_CCtx* context, std::string_view prefix,
                      std::string_view page, std::string& scratch) {
  scratch.resize(ZSTD_compressBound(page.size()));
  if (!prefix.empty()) {
    ZSTD_CCtx_refPrefix(context, prefix.data(), prefix.size());
  }
  const std::size_t size = ZSTD_compress2(
      context, scratch.data(), scratch.size(), page.data(), page.size());
  return ZSTD_isError(size) ? page.size() : size;
}

}  // namespace

void PageSamples::Add(std::string_view uri, std::string_view record) {
  if (record.size() < kSmallest || record.size() > kLargest ||
      bytes_ + record.size() > kMostBytes) {
    return;
  }
  std::string place = PlaceOf(uri);
  auto& pages = places_[place];
  if (pages.size() >= kPerPlace) return;
  if (pages.empty()) order_.push_back(std::move(place));
  pages.emplace_back(record);
  bytes_ += record.size();
}

bool PageSamples::Covers(std::string_view uri) const {
  return covered_.contains(PlaceOf(uri));
}

void PageSamples::MarkCovered() {
  covered_.insert(order_.begin(), order_.end());
}

void PageSamples::Clear() {
  places_.clear();
  order_.clear();
  bytes_ = 0;
}

std::vector<std::string_view> PageSamples::InOrder() const {
  std::vector<std::string_view> pages;
  for (std::size_t round = 0; round < kPerPlace; ++round) {
    for (const std::string& place : order_) {
      const auto& kept = places_.at(place);
      if (round < kept.size()) pages.emplace_back(kept[round]);
    }
  }
  return pages;
}

DictionaryGain MeasureDictionary(const ZstdDictionary& dictionary,
                                 const std::vector<std::string_view>& pages,
                                 int level) {
  DictionaryGain gain;
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(
      ZSTD_createCCtx(), ZSTD_freeCCtx);
  std::unique_ptr<ZSTD_CDict, decltype(&ZSTD_freeCDict)> prepared(
      ZSTD_createCDict(dictionary.bytes().data(), dictionary.bytes().size(),
                       level),
      ZSTD_freeCDict);
  std::string scratch;
  for (const std::string_view page : pages) {
    scratch.resize(ZSTD_compressBound(page.size()));
    const std::size_t plain =
        ZSTD_compressCCtx(context.get(), scratch.data(), scratch.size(),
                          page.data(), page.size(), level);
    const std::size_t with =
        ZSTD_compress_usingCDict(context.get(), scratch.data(), scratch.size(),
                                 page.data(), page.size(), prepared.get());
    if (ZSTD_isError(plain) || ZSTD_isError(with)) continue;
    gain.plain += plain;
    gain.with += with;
  }
  return gain;
}

Result<std::shared_ptr<const ZstdDictionary>> BuildPageDictionary(
    const std::vector<std::string_view>& pages, std::size_t max_bytes,
    std::uint32_t id, int level) {
  const auto does_not_pay = [] {
    return Error(ErrorCode::kNotFound, "a page dictionary would not pay");
  };
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(
      ZSTD_createCCtx(), ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);

  // A page goes in when those already inside do little for it: it shows a new
  // template. The first page always does.
  constexpr std::size_t kRoomForTables = 16 << 10;
  std::string content, scratch;
  std::vector<std::string_view> outside;
  for (const std::string_view page : pages) {
    outside.push_back(page);
    if (content.size() + page.size() + kRoomForTables > max_bytes) continue;
    if (!content.empty()) {
      const std::size_t alone = SizeAfter(context.get(), {}, page, scratch);
      const std::size_t after =
          SizeAfter(context.get(), content, page, scratch);
      if (after * 100 < alone * 70) continue;
    }
    content += page;
    outside.pop_back();
  }
  if (content.empty()) return does_not_pay();

  std::string samples;
  std::vector<std::size_t> sizes;
  for (const std::string_view page : pages) {
    if (sizes.size() == 200) break;
    samples += page;
    sizes.push_back(page.size());
  }
  ZDICT_params_t parameters{};
  parameters.compressionLevel = level;
  parameters.dictID = 32768 + id % (0x7FFFFFFFU - 32768);
  std::string bytes(content.size() + kRoomForTables, '\0');
  const std::size_t size =
      ZDICT_finalizeDictionary(bytes.data(), bytes.size(), content.data(),
                               content.size(), samples.data(), sizes.data(),
                               static_cast<unsigned>(sizes.size()), parameters);
  if (ZDICT_isError(size)) return does_not_pay();
  bytes.resize(size);
  STEMMA_TRY(auto dictionary, ZstdDictionary::FromBytes(std::move(bytes)));
  if (!MeasureDictionary(*dictionary, outside, level).Pays()) {
    return does_not_pay();
  }
  return dictionary;
}

}  // namespace stemma
