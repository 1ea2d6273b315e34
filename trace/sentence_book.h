// Where sentences were seen: on which sites, under how many titles, between
// which neighbours. What furniture and formulas are told by (site_model.h).
//
// Most sentences are seen once, and cost 28 bytes on disk. A book is one
// immutable part, mapped, and what was added since, in memory; Encode makes the
// next immutable part of both.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/result.h"

namespace stemma {

// All hashes of neighbours and titles are cut to 32 bits: two that fall
// together make a formula look a little less like one, and nothing else.
struct Sightings {
  static constexpr std::size_t kTitles = 3;      // different ones kept a site
  static constexpr std::size_t kNeighbours = 5;  // different ones kept a side

  struct OnSite {
    std::uint32_t site = 0;
    std::uint32_t epoch = 0;  // of the site when last seen
    std::uint32_t seen = 0;   // publications, as of that epoch
    std::uint32_t titles_known = 0;
    std::array<std::uint32_t, kTitles> titles{};
  };
  std::vector<OnSite> sites;
  std::vector<std::uint32_t> before, after;
  std::vector<std::uint64_t> words;  // once seen again on one site

  const OnSite* On(std::uint32_t site) const;
};

// A sentence in one publication.
struct Sighting {
  std::uint64_t sentence = 0;
  bool counted = true;  // on the site, not for its neighbours alone
  std::vector<std::pair<std::uint32_t, std::uint32_t>> between;
  std::span<const std::uint64_t> words;  // empty: not to be kept
};

// A site halves its counts now and then, so that what it has dropped from its
// pages is forgotten: each halving is an epoch. Gives a site's epoch now.
using EpochOf = std::function<std::uint32_t(std::uint32_t site)>;

// Publications of `on` that count today: halved once for each epoch since.
std::uint32_t SeenNow(const Sightings::OnSite& on, std::uint32_t epoch);

class SentenceBook {
 public:
  // Each sentence of a publication once.
  void Add(const Sighting& sighting, std::uint32_t site, std::uint32_t title,
           const EpochOf& epoch);

  // Whether the sentence was ever seen; if so, fills `out`.
  bool Find(std::uint64_t sentence, Sightings& out) const;

  // Sentences that stand under kTitles titles on some site, in no order: only
  // they can be furniture.
  const std::unordered_set<std::uint64_t>& UnderManyTitles() const {
    return titled_;
  }

  // The book as bytes, without what no site counts any more.
  std::string Encode(const EpochOf& epoch) const;
  // Over bytes made by Encode, which must outlive the book. kCorrupt.
  static Result<SentenceBook> Over(std::span<const unsigned char> bytes);

 private:
  struct Once {  // seen by one publication, between one pair
    std::uint32_t site = 0, title = 0, before = 0, after = 0;
    std::uint32_t epoch = 0;
    bool counted = true;
  };
  struct Base {
    const unsigned char* once = nullptr;    // kOnceBytes each, by hash
    const unsigned char* often = nullptr;   // kOftenBytes each, by hash
    const unsigned char* detail = nullptr;  // what `often` points into
    std::uint64_t once_count = 0, often_count = 0, detail_size = 0;
  };
  static Sightings FromOnce(const Once& once);
  bool FindInBase(std::uint64_t sentence, Once& once, Sightings& often,
                  bool& is_once) const;
  Sightings OftenAt(std::uint64_t number) const;
  static Once OnceAt(const unsigned char* at);
  void Note(std::uint64_t sentence, const Sightings& seen);

  Base base_;
  // What was added or changed since; wins over the base.
  std::unordered_map<std::uint64_t, Once> once_;
  std::unordered_map<std::uint64_t, Sightings> often_;
  std::unordered_set<std::uint64_t> titled_;
};

}  // namespace stemma
