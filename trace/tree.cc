#include "trace/tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "trace/arborescence.h"
#include "trace/tree_evidence.h"
#include "trace/tree_posterior.h"
#include "trace/tree_weights.h"

namespace stemma {
namespace {

// With less than this many nats between the trees in which u is v's parent and
// those in which v is u's, nothing decides.
constexpr double kDirectionGap = 1.0;
// A second parent must explain so many phrases that the first cannot, and this
// share of all that it cannot.
constexpr std::size_t kSecondPhrases = 12;
constexpr double kSecondShare = 0.6;
// Siblings that agree against their parent in so many phrases had a source
// that is not here.
constexpr std::size_t kHiddenSiblings = 3;
constexpr std::size_t kHiddenPhrases = 3;

template <class Features>
double Score(const Features& features, const Features& weights) {
  return std::inner_product(features.begin(), features.end(), weights.begin(),
                            0.0);
}

// In the unit a reader would choose.
std::string DatedLater(double hours) {
  const double minutes = hours * 60;
  if (minutes < 1) return "dated the same, as far as the dates go";
  if (minutes < 90) return fmt::format("dated {:.0f} minutes later", minutes);
  if (hours < 48) return fmt::format("dated {:.0f} hours later", hours);
  return fmt::format("dated {:.0f} days later", hours / 24);
}

using Phrases = std::vector<std::uint64_t>;

// Phrases of `child` that `without` lacks and `with` has.
std::size_t CountOnly(const Phrases& child, const Phrases& without,
                      const Phrases& with) {
  return static_cast<std::size_t>(
      std::ranges::count_if(child, [&](std::uint64_t phrase) {
        return !std::ranges::binary_search(without, phrase) &&
               std::ranges::binary_search(with, phrase);
      }));
}
std::size_t CountMissing(const Phrases& child, const Phrases& without) {
  return static_cast<std::size_t>(
      std::ranges::count_if(child, [&](std::uint64_t phrase) {
        return !std::ranges::binary_search(without, phrase);
      }));
}

class Inferrer {
 public:
  Inferrer(std::span<const Publication> members, const TreeOptions& options)
      : all_(members), evidence_(GatherEvidence(members, options.sites)) {}

  StemmaTree Run() {
    const std::size_t n = all_.size();
    StemmaTree tree;
    for (const Publication& member : all_) tree.members.push_back(member.id);
    if (n == 0) return tree;
    cost_.assign(n * n, 0);
    root_cost_.resize(n);
    for (std::size_t v = 0; v < n; ++v) {
      root_cost_[v] = -Score(evidence_.roots[v], kRootWeights);
      for (std::size_t u = 0; u < n; ++u) {
        if (u != v)
          cost_[u * n + v] = -Score(evidence_.Edge(u, v), kEdgeWeights);
      }
    }
    posterior_ = PosteriorOf(n, cost_, root_cost_);
    parent_ = MostExpectedEdges();
    for (std::size_t v = 0; v < n; ++v) {
      if (parent_[v] == n) {
        tree.root = all_[v].id;
      } else {
        tree.edges.push_back(EdgeTo(v));
      }
    }
    tree.hidden = HiddenNodes();
    return tree;
  }

 private:
  double Cost(std::size_t u, std::size_t v) const {
    return cost_[u * all_.size() + v];
  }
  double Feature(std::size_t u, std::size_t v, EdgeFeature feature) const {
    return evidence_.Edge(u, v)[static_cast<std::size_t>(feature)];
  }

  // The tree with the most edges right that can be expected, over all trees.
  std::vector<std::size_t> MostExpectedEdges() const {
    std::vector<double> edge(posterior_.edge.size());
    std::vector<double> root(posterior_.root.size());
    std::ranges::transform(posterior_.edge, edge.begin(), std::negate<>());
    std::ranges::transform(posterior_.root, root.begin(), std::negate<>());
    return CheapestTree(all_.size(), edge, root);
  }

  StemmaEdge EdgeTo(std::size_t v) const {
    const std::size_t n = all_.size();
    const std::size_t u = parent_[v];
    StemmaEdge edge;
    edge.parent = all_[u].id;
    edge.child = all_[v].id;
    edge.verdict = evidence_.Compared(u, v).verdict;
    double runner_up = root_cost_[v];
    for (std::size_t w = 0; w < n; ++w) {
      if (w != v && w != u) runner_up = std::min(runner_up, Cost(w, v));
    }
    edge.confidence = posterior_.edge[u * n + v];
    edge.gap = runner_up - Cost(u, v);
    edge.directed = Directed(u, v);
    edge.evidence = Words(u, v);
    if (!edge.directed) {
      edge.evidence.emplace_back("nothing decides which of the two was first");
    }
    AddSecondParent(u, v, edge);
    return edge;
  }

  bool Directed(std::size_t u, std::size_t v) const {
    const std::size_t n = all_.size();
    constexpr double kLeast = 1e-12;
    return std::log((posterior_.edge[u * n + v] + kLeast) /
                    (posterior_.edge[v * n + u] + kLeast)) >= kDirectionGap;
  }

  void AddSecondParent(std::size_t u, std::size_t v, StemmaEdge& edge) const {
    const Phrases& child = evidence_.phrases[v];
    const std::size_t unexplained = CountMissing(child, evidence_.phrases[u]);
    if (unexplained < kSecondPhrases) return;
    std::size_t best = all_.size();
    std::size_t most = 0;
    for (std::size_t w = 0; w < all_.size(); ++w) {
      if (w == u || w == v) continue;
      // What stands below it can only have fed it if it claims to be older.
      if (IsAncestor(v, w) && Feature(v, w, EdgeFeature::kDatedAfter) == 0) {
        continue;
      }
      const std::size_t count =
          CountOnly(child, evidence_.phrases[u], evidence_.phrases[w]);
      if (count > most) {
        most = count;
        best = w;
      }
    }
    if (most < kSecondPhrases ||
        static_cast<double>(most) <
            kSecondShare * static_cast<double>(unexplained)) {
      return;
    }
    edge.second_parent = all_[best].id;
    edge.second_evidence.push_back(
        fmt::format("{} of {} phrases that the first parent lacks stand in it",
                    most, unexplained));
  }

  bool IsAncestor(std::size_t ancestor, std::size_t node) const {
    const std::size_t n = all_.size();
    while (parent_[node] != n) {
      node = parent_[node];
      if (node == ancestor) return true;
    }
    return false;
  }

  // ---- evidence in words ----

  static std::string Name(const Publication& publication) {
    if (!publication.site.empty()) return publication.site;
    return publication.url.empty() ? publication.id : publication.url;
  }

  std::vector<std::string> Words(std::size_t u, std::size_t v) const {
    struct Item {
      double weight;
      std::string words;
    };
    std::vector<Item> items;
    const auto add = [&](EdgeFeature feature, std::string words) {
      if (Feature(u, v, feature) <= 0) return;
      items.push_back(
          {std::abs(kEdgeWeights[static_cast<std::size_t>(feature)]),
           std::move(words)});
    };
    const std::string parent = Name(all_[u]);
    add(EdgeFeature::kRefers, ReferenceInWords(u, v));
    add(EdgeFeature::kTitleNames, "names " + parent + " in its headline");
    add(EdgeFeature::kNames, "names " + parent);
    add(EdgeFeature::kLeftover, "carries furniture of " + parent);
    add(EdgeFeature::kCommonLeftover, "both carry furniture of a third site");
    add(EdgeFeature::kCommonReference, "both name the same third source");
    add(EdgeFeature::kShared, "shares readings that few others have");
    add(EdgeFeature::kSameTitle, "has the same headline");
    add(EdgeFeature::kParentCited,
        "others name " + parent + " as their source");
    add(EdgeFeature::kSharedVideo, "shows the same video");
    std::ranges::stable_sort(items, [](const Item& a, const Item& b) {
      return a.weight > b.weight;
    });
    std::vector<std::string> words;
    for (Item& item : items) words.push_back(std::move(item.words));
    words.push_back(TextInWords(u, v));
    AddDates(u, v, words);
    return words;
  }

  std::string ReferenceInWords(std::size_t u, std::size_t v) const {
    const Reference& to = evidence_.Refers(v, u);
    std::string words;
    const auto add = [&](bool said, const std::string& what) {
      if (said) words += (words.empty() ? "" : ", ") + what;
    };
    add(to.named, "names " + Name(all_[u]) + " as its source");
    add(to.linked, "links to " + all_[u].url);
    add(to.canonical, "gives " + all_[u].url + " as canonical");
    return words;
  }

  std::string TextInWords(std::size_t u, std::size_t v) const {
    const PairComparison& texts = evidence_.Compared(u, v);
    if (texts.adds == 0 && texts.drops == 0) return "has the same words";
    std::size_t nearer = 0;
    for (std::size_t w = 0; w < all_.size(); ++w) {
      if (w == v || w == u) continue;
      const PairComparison& other = evidence_.Compared(w, v);
      nearer += other.adds + other.drops < texts.adds + texts.drops;
    }
    return fmt::format("lacks {} of its words and adds {}{}", texts.drops,
                       texts.adds,
                       nearer == 0 ? "; no other text is nearer" : "");
  }

  void AddDates(std::size_t u, std::size_t v,
                std::vector<std::string>& words) const {
    if (Feature(u, v, EdgeFeature::kDatedAfter) > 0) {
      words.emplace_back("although it claims an earlier date");
    } else if (Feature(u, v, EdgeFeature::kSameDate) > 0) {
      words.emplace_back("claims the same moment");
    } else if (Feature(u, v, EdgeFeature::kUndated) > 0) {
      words.emplace_back("one of the two claims no date");
    } else {
      const double hours = std::expm1(Feature(u, v, EdgeFeature::kDelay));
      words.push_back(DatedLater(hours));
    }
  }

  // ---- copies that are not here ----

  std::vector<HiddenNode> HiddenNodes() const {
    const std::size_t n = all_.size();
    std::vector<HiddenNode> hidden;
    for (std::size_t p = 0; p < n; ++p) {
      std::vector<std::size_t> children;
      for (std::size_t v = 0; v < n; ++v) {
        if (parent_[v] == p) children.push_back(v);
      }
      if (children.size() < kHiddenSiblings) continue;
      // Phrases the parent lacks, with the children that have them.
      std::map<std::vector<std::size_t>, std::size_t> groups;
      std::unordered_map<std::uint64_t, std::vector<std::size_t>> holders;
      for (const std::size_t v : children) {
        for (const std::uint64_t phrase : evidence_.phrases[v]) {
          if (!std::ranges::binary_search(evidence_.phrases[p], phrase)) {
            holders[phrase].push_back(v);
          }
        }
      }
      for (const auto& [phrase, who] : holders) {
        if (who.size() >= kHiddenSiblings) ++groups[who];
      }
      const auto best = std::ranges::max_element(
          groups, {}, [](const auto& group) { return group.second; });
      if (best == groups.end() || best->second < kHiddenPhrases) continue;
      HiddenNode node;
      node.id = fmt::format("*h{}", hidden.size() + 1);
      node.parent = all_[p].id;
      for (const std::size_t v : best->first) {
        node.children.push_back(all_[v].id);
      }
      node.evidence.push_back(fmt::format(
          "{} copies of {} agree in {} phrases that it does not have",
          best->first.size(), Name(all_[p]), best->second));
      hidden.push_back(std::move(node));
    }
    return hidden;
  }

  std::span<const Publication> all_;
  TreeEvidence evidence_;
  std::vector<double> cost_, root_cost_;
  TreePosterior posterior_;
  std::vector<std::size_t> parent_;
};

// Of texts that are equal byte for byte only the earliest takes part where
// there are too many members; the others hang on it.
StemmaTree InferCollapsed(std::span<const Publication> all,
                          const TreeOptions& options) {
  std::unordered_map<std::string_view, std::size_t> first;
  std::vector<Publication> kept;
  std::vector<std::size_t> stands_for(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto [at, added] = first.emplace(all[i].text, kept.size());
    if (added) {
      kept.push_back(all[i]);
    } else if (all[i].published_at &&
               (!kept[at->second].published_at ||
                *all[i].published_at < *kept[at->second].published_at)) {
      kept[at->second] = all[i];
    }
    stands_for[i] = at->second;
  }
  if (kept.size() > options.max_members) kept.resize(options.max_members);
  StemmaTree tree = Inferrer(kept, options).Run();
  tree.members.clear();
  for (std::size_t i = 0; i < all.size(); ++i) {
    tree.members.push_back(all[i].id);
    const std::size_t k = stands_for[i];
    if (k < kept.size() && kept[k].id == all[i].id) continue;
    StemmaEdge edge;
    edge.parent = k < kept.size() ? kept[k].id : tree.root;
    edge.child = all[i].id;
    edge.directed = false;
    edge.verdict = k < kept.size() ? Verdict::kIdentical : Verdict::kUnrelated;
    edge.evidence.emplace_back(k < kept.size()
                                   ? "has the same text; one of many mirrors"
                                   : "not compared: the family is too large");
    tree.edges.push_back(std::move(edge));
  }
  return tree;
}

}  // namespace

StemmaTree InferTree(std::span<const Publication> publications,
                     std::span<const Republication> /*relations*/,
                     const TreeOptions& options) {
  if (publications.size() > options.max_members) {
    return InferCollapsed(publications, options);
  }
  return Inferrer(publications, options).Run();
}

}  // namespace stemma
