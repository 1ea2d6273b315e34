// Dictionaries made of whole pages: news pages of one site share most of their
// bytes, so one or two pages of each template, put into the bundle's
// dictionary, save more than a trained one (figures in docs/decisions).
//
// What goes in is decided by measuring: a page does if it is expected to save
// more bytes than it costs in the dictionary's frame.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "archive/zstd_frames.h"
#include "core/result.h"

namespace stemma {

// Some records seen lately, and how many bytes of pages each place had. A
// place is a host and the first segment of the path: pages of one template
// tend to share both. A copy shares the pages themselves.
class PageSamples {
 public:
  struct Place {
    std::vector<std::string_view> pages;
    // The id of each page's record; of a text made from a page, that page's:
    // with the one in a dictionary the other shrinks to nothing.
    std::vector<std::string_view> sources;
    std::uint64_t bytes = 0;  // of all its pages, also those not kept
    // Places with one page kept are taken together for their host: then one
    // for each page, else one for all.
    std::vector<std::string> names;
  };

  // `per_place` pages of a place are kept, the newest ones.
  explicit PageSamples(std::size_t per_place = 10) : per_place_(per_place) {}

  // `record` is the whole WARC record of a page as it is compressed, `id` its
  // id. Gives the place it was counted for.
  const std::string& AddPage(std::string_view uri, std::string_view id,
                             std::string_view record);
  // A text made from the page whose record has the id `of`: it counts for that
  // page's place, apart from its pages. False if that page is not known (any
  // more).
  bool AddDerived(std::string_view kind, std::string_view of,
                  std::string_view record);
  // Any other text record; `kind` is whatever tells forms apart.
  void AddSmall(std::string_view kind, std::string_view record);
  // Starts counting bytes anew; keeps the pages.
  void ForgetTraffic();

  // Most bytes first. The views hold until the next call of a non-const member.
  std::vector<Place> Places() const;
  std::vector<std::string_view> Small() const;
  // Of all pages counted.
  std::uint64_t page_bytes() const { return page_bytes_; }

 private:
  struct Kept {
    std::vector<std::shared_ptr<const std::string>> pages;
    std::vector<std::string> sources;
    std::size_t next = 0;  // the one to be replaced
    std::uint64_t bytes = 0;
  };
  std::string PlaceFor(std::string_view uri);
  const std::string& Add(std::string place, std::string_view source,
                         std::string_view record);
  void MakeRoom();

  std::size_t per_place_;
  std::map<std::string, Kept> places_;
  std::map<std::string, std::set<std::string>> segments_;  // of a host
  std::map<std::string, Kept> small_;
  std::unordered_map<std::string, std::string> place_of_;  // by record id
  std::uint64_t kept_bytes_ = 0, page_bytes_ = 0;
};

struct DictionaryOptions {
  std::size_t max_bytes = 1 << 20;
  int level = 3;
  std::uint32_t id = 0;  // taken into 32768..2^31-1
  // Bytes of pages to come, for each byte counted in the samples.
  double expect = 1;
  // The samples stand for pages that will be written with the dictionary,
  // those inside it included: a repack. Else for pages yet to come.
  bool whole = false;
  // What would be used otherwise; may be null.
  const ZstdDictionary* instead = nullptr;
  int instead_level = 3;
};

struct PageDictionary {
  std::shared_ptr<const ZstdDictionary> dictionary;
  std::set<std::string> places;  // with a page in it
  std::uint64_t cost = 0;        // bytes of its frame, at most
  double saved = 0;  // bytes on as many pages as counted in the samples, cost
                     // not taken off
};

// kNotFound when no page pays.
Result<PageDictionary> BuildPageDictionary(const PageSamples& samples,
                                           const DictionaryOptions& options);

}  // namespace stemma
