#include "trace/families.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "trace/normal_form.h"
#include "trace/site_model.h"
#include "trace/text_index.h"

namespace stemma {
namespace {

// The words of a text without what is known to be its site's furniture.
std::vector<std::uint64_t> ContentWords(const Publication& publication,
                                        const NormalText& text,
                                        const SiteModels* sites) {
  std::vector<bool> furniture(text.tokens.size(), false);
  if (sites) {
    for (const FurnitureRun& run : sites->Furniture(publication.site, text)) {
      for (std::uint32_t i = run.first_token; i < run.end_token; ++i) {
        furniture[i] = true;
      }
    }
  }
  std::vector<std::uint64_t> words;
  for (std::size_t i = 0; i < text.tokens.size(); ++i) {
    if (!furniture[i]) words.push_back(text.tokens[i].hash);
  }
  return words;
}

std::optional<TimePoint> TimeOf(const Publication& publication) {
  return publication.published_at ? publication.published_at
                                  : publication.fetched_at;
}

// Whether `a` claims to be older than `b`, or comes first where nothing does.
bool Before(std::span<const Publication> all, std::size_t a, std::size_t b) {
  const auto x = TimeOf(all[a]);
  const auto y = TimeOf(all[b]);
  if (x && y && *x != *y) return *x < *y;
  return a < b;
}

class RelationFinder {
 public:
  RelationFinder(std::span<const Publication> publications,
                 const CompareOptions& options, const RelationLimits& limits)
      : all_(publications),
        options_(options),
        limits_(limits),
        index_(TextIndex::InMemory()) {
    options_.with_text = false;
  }

  std::vector<Republication> Run(
      const std::function<void(std::size_t)>& progress) {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      numbers_.emplace(all_[i].id, i);
      const NormalText text = Normalise(all_[i].text);
      const std::vector<std::uint64_t> words =
          ContentWords(all_[i], text, options_.sites);
      for (const TextCandidate& candidate : index_.QueryWords(words)) {
        CompareWithMirrors(i, text, candidate.document);
      }
      // The index numbers texts in the order they are added, as we do.
      if (auto status = index_.AddWords(all_[i].id, all_[i].site, words);
          !status) {
        break;  // in memory, adding cannot fail
      }
      if (progress) progress(i + 1);
    }
    return std::move(relations_);
  }

 private:
  void CompareWithMirrors(std::size_t i, const NormalText& text,
                          std::uint32_t document) {
    std::size_t count = 0;
    for (const std::string& id : index_.Mirrors(document)) {
      if (count++ == limits_.max_pairs_of_identical) break;
      CompareTwo(numbers_.at(id), i, text);
    }
  }

  void CompareTwo(std::size_t earlier, std::size_t i, const NormalText& text) {
    const NormalText other = Normalise(all_[earlier].text);
    const ComparedText x{&other, all_[earlier].title, all_[earlier].site};
    const ComparedText y{&text, all_[i].title, all_[i].site};
    const bool forward = Before(all_, earlier, i);
    const Comparison comparison =
        forward ? Compare(x, y, options_) : Compare(y, x, options_);
    if (comparison.verdict == Verdict::kUnrelated) return;
    Republication relation;
    relation.a = all_[forward ? earlier : i].id;
    relation.b = all_[forward ? i : earlier].id;
    relation.verdict = comparison.verdict;
    relation.flags = comparison.flags;
    relation.coverage_a = comparison.coverage_reference;
    relation.coverage_b = comparison.coverage_suspect;
    relation.longest_run_words = comparison.longest_run_words;
    relations_.push_back(std::move(relation));
  }

  std::span<const Publication> all_;
  CompareOptions options_;
  RelationLimits limits_;
  TextIndex index_;
  std::unordered_map<std::string, std::size_t> numbers_;
  std::vector<Republication> relations_;
};

class UnionFind {
 public:
  explicit UnionFind(std::size_t size) : parent_(size) {
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
  }
  std::size_t Find(std::size_t x) {
    while (parent_[x] != x) x = parent_[x] = parent_[parent_[x]];
    return x;
  }
  void Unite(std::size_t a, std::size_t b) { parent_[Find(b)] = Find(a); }

 private:
  std::vector<std::size_t> parent_;
};

struct Link {
  std::size_t a = 0, b = 0;
  double coverage_a = 0, coverage_b = 0;
  double Weight() const {
    return std::max(coverage_a, coverage_b) + std::min(coverage_a, coverage_b);
  }
  bool Mutual() const {
    return coverage_a >= kRepublicationCoverage &&
           coverage_b >= kRepublicationCoverage;
  }
};

}  // namespace

bool IsRepublication(const Republication& relation) {
  return relation.verdict != Verdict::kUnrelated &&
         relation.verdict != Verdict::kQuoting &&
         std::max(relation.coverage_a, relation.coverage_b) >=
             kRepublicationCoverage;
}

std::vector<Republication> FindRelations(
    std::span<const Publication> publications, const CompareOptions& options,
    const RelationLimits& limits,
    const std::function<void(std::size_t)>& progress) {
  return RelationFinder(publications, options, limits).Run(progress);
}

std::vector<std::vector<std::string>> Families(
    std::span<const Publication> publications,
    std::span<const Republication> relations) {
  std::unordered_map<std::string_view, std::size_t> numbers;
  for (std::size_t i = 0; i < publications.size(); ++i) {
    numbers.emplace(publications[i].id, i);
  }
  std::vector<Link> links;
  for (const Republication& relation : relations) {
    if (!IsRepublication(relation)) continue;
    const auto a = numbers.find(relation.a);
    const auto b = numbers.find(relation.b);
    if (a == numbers.end() || b == numbers.end()) continue;
    links.push_back(
        {a->second, b->second, relation.coverage_a, relation.coverage_b});
  }
  std::vector<const Link*> best(publications.size(), nullptr);
  for (const Link& link : links) {
    for (const std::size_t side : {link.a, link.b}) {
      if (!best[side] || link.Weight() > best[side]->Weight()) {
        best[side] = &link;
      }
    }
  }
  UnionFind families(publications.size());
  for (const Link& link : links) {
    if (link.Mutual()) families.Unite(link.a, link.b);
  }
  // A page that holds another and more besides belongs to the family it shares
  // most with; what else it holds does not come along.
  for (const Link& link : links) {
    const std::size_t holder =
        link.coverage_a < link.coverage_b ? link.a : link.b;
    const std::size_t held = holder == link.a ? link.b : link.a;
    const Link& own = *best[holder];
    const std::size_t partner = own.a == holder ? own.b : own.a;
    if (families.Find(partner) == families.Find(held) || partner == held) {
      families.Unite(holder, held);
    }
  }
  std::unordered_map<std::size_t, std::vector<std::string>> groups;
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < publications.size(); ++i) {
    auto& group = groups[families.Find(i)];
    if (group.empty()) order.push_back(families.Find(i));
    group.push_back(publications[i].id);
  }
  std::vector<std::vector<std::string>> result;
  for (const std::size_t root : order) {
    if (groups[root].size() > 1) result.push_back(std::move(groups[root]));
  }
  return result;
}

}  // namespace stemma
