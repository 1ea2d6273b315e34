#include "trace/families.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <numeric>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>

#include "trace/misreading.h"
#include "trace/normal_form.h"
#include "trace/site_model.h"
#include "trace/text_index.h"

namespace stemma {
namespace {

// The words of a text without what is known to be its site's furniture, as the
// index should see them.
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
  std::vector<std::uint32_t> tokens;
  for (std::uint32_t i = 0; i < text.tokens.size(); ++i) {
    if (furniture[i]) continue;
    words.push_back(text.tokens[i].hash);
    tokens.push_back(i);
  }
  if (sites) ReadThroughNoise(text, tokens, *sites, words);
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

// Calls `work` for 0 to n - 1, on as many threads as there are cores.
template <class WorkFn>
void InParallel(std::size_t n, const WorkFn& work) {
  std::atomic<std::size_t> next = 0;
  const auto run = [&] {
    for (std::size_t i = next++; i < n; i = next++) work(i);
  };
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::jthread> others;
  for (std::size_t t = 1; t < std::min(cores, n); ++t) others.emplace_back(run);
  run();
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

  // In batches: the index is asked and fed in order, on one thread; reading
  // the texts and comparing them, which is nearly all of the work, is shared.
  // The relations come in the same order whatever the number of threads.
  std::vector<Republication> Run(
      const std::function<void(std::size_t)>& progress) {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      numbers_.emplace(all_[i].id, i);
    }
    for (std::size_t first = 0; first < all_.size(); first += kBatch) {
      const std::size_t end = std::min(all_.size(), first + kBatch);
      const std::vector<Read> texts = ReadTexts(first, end);
      const std::vector<Pair> pairs = FindPairs(first, texts);
      ComparePairs(first, texts, pairs);
      if (progress) progress(end);
    }
    return std::move(relations_);
  }

 private:
  static constexpr std::size_t kBatch = 512;

  struct Read {
    NormalText text;
    std::vector<std::uint64_t> words;
  };
  struct Pair {
    std::size_t earlier = 0, later = 0;  // in the order given
  };

  std::vector<Read> ReadTexts(std::size_t first, std::size_t end) const {
    std::vector<Read> texts(end - first);
    const auto read = [&](std::size_t k) {
      texts[k].text = Normalise(all_[first + k].text);
      texts[k].words =
          ContentWords(all_[first + k], texts[k].text, options_.sites);
    };
    read(0);  // the site models settle when they are first asked
    InParallel(texts.size() - 1, [&](std::size_t k) { read(k + 1); });
    return texts;
  }

  std::vector<Pair> FindPairs(std::size_t first,
                              const std::vector<Read>& texts) {
    std::vector<Pair> pairs;
    for (std::size_t k = 0; k < texts.size(); ++k) {
      const Publication& publication = all_[first + k];
      for (const TextCandidate& candidate : index_.QueryWords(texts[k].words)) {
        for (const std::string& id : index_.Mirrors(
                 candidate.document, limits_.max_pairs_of_identical)) {
          pairs.push_back({numbers_.at(id), first + k});
        }
      }
      // In memory, adding cannot fail.
      if (!index_.AddWords(publication.id, publication.site, texts[k].words)) {
        break;
      }
    }
    return pairs;
  }

  void ComparePairs(std::size_t first, const std::vector<Read>& texts,
                    const std::vector<Pair>& pairs) {
    std::vector<std::optional<Republication>> found(pairs.size());
    InParallel(pairs.size(), [&](std::size_t k) {
      found[k] = CompareTwo(pairs[k], texts[pairs[k].later - first].text);
    });
    for (std::optional<Republication>& relation : found) {
      if (relation) relations_.push_back(*std::move(relation));
    }
  }

  std::optional<Republication> CompareTwo(const Pair& pair,
                                          const NormalText& text) const {
    const Publication& earlier = all_[pair.earlier];
    const Publication& later = all_[pair.later];
    const NormalText other = Normalise(earlier.text);
    const ComparedText x{&other, earlier.title, earlier.site};
    const ComparedText y{&text, later.title, later.site};
    const bool forward = Before(all_, pair.earlier, pair.later);
    const Comparison comparison =
        forward ? Compare(x, y, options_) : Compare(y, x, options_);
    if (comparison.verdict == Verdict::kUnrelated) return std::nullopt;
    Republication relation;
    relation.a = (forward ? earlier : later).id;
    relation.b = (forward ? later : earlier).id;
    relation.verdict = comparison.verdict;
    relation.flags = comparison.flags;
    relation.coverage_a = comparison.coverage_reference;
    relation.coverage_b = comparison.coverage_suspect;
    relation.longest_run_words = comparison.longest_run_words;
    return relation;
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
