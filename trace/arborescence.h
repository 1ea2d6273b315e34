// The cheapest directed tree (Chu and Liu 1965, Edmonds 1967).
#pragma once

#include <cstddef>
#include <vector>

namespace stemma {

// `cost[u * n + v]` is what it costs that u is v's parent; the diagonal is not
// read. `root_cost[v]` is what it costs that v is the root. Exactly one node
// becomes the root. Gives each node's parent, n for the root. O(n^3).
std::vector<std::size_t> CheapestTree(std::size_t n,
                                      const std::vector<double>& cost,
                                      const std::vector<double>& root_cost);

}  // namespace stemma
