#include "trace/tree_posterior.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "trace/arborescence.h"

namespace stemma {
namespace {

struct Costs {
  std::vector<double> edge, root;
};

Costs Random(std::size_t n, std::uint64_t seed, double spread) {
  Costs costs;
  std::uint64_t state = seed * 2862933555777941757u + 3037000493u;
  const auto next = [&] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return spread * static_cast<double>(state >> 40) / (1 << 24);
  };
  for (std::size_t k = 0; k < n * n; ++k) costs.edge.push_back(next());
  for (std::size_t k = 0; k < n; ++k) costs.root.push_back(next());
  return costs;
}

// Whether every node leads to the one root.
bool IsTree(const std::vector<std::size_t>& parent) {
  const std::size_t n = parent.size();
  std::size_t roots = 0;
  for (const std::size_t p : parent) roots += p == n;
  if (roots != 1) return false;
  for (std::size_t v = 0; v < n; ++v) {
    std::size_t at = v;
    for (std::size_t steps = 0; at != n; ++steps) {
      if (steps > n) return false;
      at = parent[at];
    }
  }
  return true;
}

// All trees, one by one.
TreePosterior Counted(std::size_t n, const Costs& costs) {
  TreePosterior sum{std::vector<double>(n * n), std::vector<double>(n)};
  double total = 0;
  std::vector<std::size_t> parent(n, 0);
  while (true) {
    bool own = false;
    for (std::size_t v = 0; v < n; ++v) own = own || parent[v] == v;
    if (!own && IsTree(parent)) {
      double cost = 0;
      for (std::size_t v = 0; v < n; ++v) {
        cost += parent[v] == n ? costs.root[v] : costs.edge[parent[v] * n + v];
      }
      const double weight = std::exp(-cost);
      total += weight;
      for (std::size_t v = 0; v < n; ++v) {
        (parent[v] == n ? sum.root[v] : sum.edge[parent[v] * n + v]) += weight;
      }
    }
    std::size_t digit = 0;
    while (digit < n && ++parent[digit] > n) parent[digit++] = 0;
    if (digit == n) break;
  }
  for (double& p : sum.edge) p /= total;
  for (double& p : sum.root) p /= total;
  return sum;
}

TEST(TreePosterior, IsWhatCountingAllTreesGives) {
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    for (const std::size_t n : {1u, 2u, 3u, 5u}) {
      const Costs costs = Random(n, seed, 6);
      const TreePosterior counted = Counted(n, costs);
      const TreePosterior got = PosteriorOf(n, costs.edge, costs.root);
      for (std::size_t k = 0; k < n * n; ++k) {
        EXPECT_NEAR(got.edge[k], counted.edge[k], 1e-9);
      }
      for (std::size_t v = 0; v < n; ++v) {
        EXPECT_NEAR(got.root[v], counted.root[v], 1e-9);
      }
    }
  }
}

TEST(TreePosterior, EachNodeHasOneParentOrIsTheRoot) {
  for (const double spread : {0.0, 1.0, 40.0, 900.0}) {
    const std::size_t n = 60;
    const Costs costs = Random(n, 3, spread);
    const TreePosterior got = PosteriorOf(n, costs.edge, costs.root);
    for (std::size_t v = 0; v < n; ++v) {
      double sum = got.root[v];
      for (std::size_t u = 0; u < n; ++u) sum += got.edge[u * n + v];
      EXPECT_NEAR(sum, 1, 1e-6) << "spread " << spread << " node " << v;
    }
  }
}

}  // namespace
}  // namespace stemma
