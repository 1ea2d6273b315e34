// How likely each edge is over all trees of a family, each tree weighed by
// exp(-cost): the directed matrix-tree theorem (Koo, Globerson, Carreras,
// Collins 2007; Tutte 1948).
#pragma once

#include <cstddef>
#include <vector>

namespace stemma {

struct TreePosterior {
  std::vector<double> edge;  // [u * n + v]: u is v's parent
  std::vector<double> root;  // [v]: v is the root
};

// Costs as CheapestTree reads them, in nats. The probabilities of each node's
// parents and of its being the root sum to 1. O(n^3) time, O(n^2) memory.
TreePosterior PosteriorOf(std::size_t n, const std::vector<double>& cost,
                          const std::vector<double>& root_cost);

}  // namespace stemma
