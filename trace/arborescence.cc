#include "trace/arborescence.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace stemma {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

// Chu-Liu, Edmonds on a dense matrix with node 0 as the given root: the
// cheapest way into each node; a cycle is contracted and solved one level up.
std::vector<std::size_t> Solve(std::size_t n, const std::vector<double>& cost) {
  std::vector<std::size_t> parent(n, 0);
  for (std::size_t v = 1; v < n; ++v) {
    double best = kNever;
    for (std::size_t u = 0; u < n; ++u) {
      if (u != v && cost[u * n + v] < best) {
        best = cost[u * n + v];
        parent[v] = u;
      }
    }
  }
  // A cycle among the parents?
  std::vector<std::size_t> seen(n, n);
  std::vector<std::size_t> cycle;
  for (std::size_t start = 1; start < n && cycle.empty(); ++start) {
    std::size_t v = start;
    while (v != 0 && seen[v] == n) {
      seen[v] = start;
      v = parent[v];
    }
    if (v != 0 && seen[v] == start) {
      std::size_t w = v;
      do {
        cycle.push_back(w);
        w = parent[w];
      } while (w != v);
    }
  }
  if (cycle.empty()) return parent;

  // Contract the cycle into one node, the last.
  std::vector<bool> in_cycle(n, false);
  for (const std::size_t v : cycle) in_cycle[v] = true;
  std::vector<std::size_t> outside;
  for (std::size_t v = 0; v < n; ++v) {
    if (!in_cycle[v]) outside.push_back(v);
  }
  const std::size_t m = outside.size() + 1;
  const std::size_t hub = m - 1;
  std::vector<double> smaller(m * m, kNever);
  std::vector<std::size_t> enters(m, 0), leaves(m, 0);
  for (std::size_t a = 0; a + 1 < m; ++a) {
    for (std::size_t b = 0; b + 1 < m; ++b) {
      smaller[a * m + b] = cost[outside[a] * n + outside[b]];
    }
    for (const std::size_t v : cycle) {
      const double in = cost[outside[a] * n + v] - cost[parent[v] * n + v];
      if (in < smaller[a * m + hub]) {
        smaller[a * m + hub] = in;
        enters[a] = v;
      }
      const double out = cost[v * n + outside[a]];
      if (out < smaller[hub * m + a]) {
        smaller[hub * m + a] = out;
        leaves[a] = v;
      }
    }
  }
  const std::vector<std::size_t> upper = Solve(m, smaller);
  for (std::size_t b = 1; b + 1 < m; ++b) {
    parent[outside[b]] = upper[b] == hub ? leaves[b] : outside[upper[b]];
  }
  parent[enters[upper[hub]]] = outside[upper[hub]];
  return parent;
}

}  // namespace

std::vector<std::size_t> CheapestTree(std::size_t n,
                                      const std::vector<double>& cost,
                                      const std::vector<double>& root_cost) {
  // A node above all; what it costs to hang on it is made so high that just
  // one node does.
  double high = 1;
  for (const double c : cost) high += std::abs(c);
  const std::size_t m = n + 1;
  std::vector<double> all(m * m, kNever);
  for (std::size_t u = 0; u < n; ++u) {
    all[u + 1] = root_cost[u] + high;
    for (std::size_t v = 0; v < n; ++v) {
      if (u != v) all[(u + 1) * m + v + 1] = cost[u * n + v];
    }
  }
  const std::vector<std::size_t> parents = Solve(m, all);
  std::vector<std::size_t> result(n, n);
  for (std::size_t v = 0; v < n; ++v) {
    result[v] = parents[v + 1] == 0 ? n : parents[v + 1] - 1;
  }
  return result;
}

}  // namespace stemma
