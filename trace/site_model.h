// What is furniture on a site: share bars, pleas for donations, notices.
//
// Nobody writes rules per site; a block that stands on many publications of one
// site under different titles is the site's, not the article's. The model is
// learned from the publications themselves and can be cited: for each block it
// says on how many of how many publications it was seen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/publication.h"
#include "trace/normal_form.h"

namespace stemma {

// When a block counts as furniture of its site.
struct FurnitureRule {
  int min_titles = 3;           // under at least so many different titles
  double min_share = 0.10;      // and on this share of the site's publications
  int min_sites = 3;            // a skeleton furniture on so many sites is
                                // furniture everywhere
  std::size_t max_words = 120;  // longer blocks are never furniture
};

// Why a block was taken for furniture.
struct FurnitureEvidence {
  std::string site;      // empty: learned across sites
  int seen = 0;          // publications of the site that carry the block
  int publications = 0;  // publications of the site that were read
  int sites = 0;         // sites that carry a block of this shape
};

class SiteModels {
 public:
  explicit SiteModels(const FurnitureRule& rule = {}) : rule_(rule) {}

  // Learns from one publication. Order does not matter. Each publication must
  // be added once. Linear in the text.
  void Add(const Publication& publication);
  void Add(std::string_view site, std::uint64_t title, const NormalText& text);

  // Whether a block is furniture on `site`; nullopt when not. An unknown site
  // is judged by what was learned across sites.
  std::optional<FurnitureEvidence> Furniture(std::string_view site,
                                             const TextBlock& block) const;
  // Sites whose own furniture holds this block (not common to many sites): a
  // copy that carries it passed through that site. At most `limit` names.
  std::vector<std::string> SitesWithFurniture(const TextBlock& block,
                                              std::size_t limit = 4) const;
  // How many publications were read whose text holds this word.
  int DocumentsWith(std::uint64_t word) const;
  int publications() const { return publications_; }

 private:
  struct Count {
    std::uint32_t seen = 0;
    std::vector<std::uint64_t> titles;  // up to min_titles different ones
  };
  struct Site {
    std::string name;
    std::uint32_t publications = 0;
    std::unordered_map<std::uint64_t, Count> blocks, skeletons;
  };
  bool Holds(const Site& site, const Count& count) const;

  FurnitureRule rule_;
  int publications_ = 0;
  std::unordered_map<std::string, Site> sites_;
  std::unordered_map<std::uint64_t, std::uint32_t> words_;
  // Made by Settle() on first question after an Add.
  void Settle() const;
  mutable bool settled_ = false;
  mutable std::unordered_map<std::uint64_t, std::vector<const Site*>> owners_;
  mutable std::unordered_map<std::uint64_t, std::uint32_t> common_;
};

}  // namespace stemma
