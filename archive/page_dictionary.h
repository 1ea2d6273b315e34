// Dictionaries made of whole pages: news pages of one site share most of their
// bytes, so one page of each template, put into the bundle's dictionary, saves
// more than a trained one (design figures in docs/decisions).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "archive/zstd_frames.h"
#include "core/result.h"

namespace stemma {

// Keeps the first few pages of each host and first path segment.
class PageSamples {
 public:
  // `record` is the whole WARC record of a page as it is compressed.
  void Add(std::string_view uri, std::string_view record);
  void Clear();
  // Whether pages of this place had a part in the last dictionary.
  bool Covers(std::string_view uri) const;
  // Says that a dictionary was made of what is kept now.
  void MarkCovered();

  // All kept pages, first of each place first.
  std::vector<std::string_view> InOrder() const;

 private:
  static constexpr std::size_t kPerPlace = 4;
  static constexpr std::size_t kSmallest = 2 << 10, kLargest = 256 << 10;
  static constexpr std::uint64_t kMostBytes = 12 << 20;
  std::map<std::string, std::vector<std::string>> places_;
  std::vector<std::string> order_;
  std::set<std::string> covered_;
  std::uint64_t bytes_ = 0;
};

struct DictionaryGain {
  std::uint64_t plain = 0, with = 0;  // compressed bytes
  bool Pays() const { return plain > 0 && with * 100 <= plain * 85; }
};

// What `dictionary` does to these pages at `level`.
DictionaryGain MeasureDictionary(const ZstdDictionary& dictionary,
                                 const std::vector<std::string_view>& pages,
                                 int level);

// A dictionary of whole pages, one for each template among `pages`, at most
// `max_bytes`; `id` is taken into 32768..2^31-1. kNotFound when it would not
// pay.
Result<std::shared_ptr<const ZstdDictionary>> BuildPageDictionary(
    const std::vector<std::string_view>& pages, std::size_t max_bytes,
    std::uint32_t id, int level);

}  // namespace stemma
