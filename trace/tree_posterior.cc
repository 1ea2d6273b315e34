#include "trace/tree_posterior.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace stemma {
namespace {

using Matrix = std::vector<double>;  // n x n by rows

// Gauss-Jordan with partial pivoting; false when the matrix is singular.
bool Invert(std::size_t n, Matrix& a, Matrix& inverse) {
  inverse.assign(n * n, 0);
  for (std::size_t i = 0; i < n; ++i) inverse[i * n + i] = 1;
  for (std::size_t column = 0; column < n; ++column) {
    std::size_t pivot = column;
    for (std::size_t row = column + 1; row < n; ++row) {
      if (std::abs(a[row * n + column]) > std::abs(a[pivot * n + column])) {
        pivot = row;
      }
    }
    const double head = a[pivot * n + column];
    if (!(std::abs(head) > 1e-300)) return false;
    for (std::size_t k = 0; k < n; ++k) {
      std::swap(a[pivot * n + k], a[column * n + k]);
      std::swap(inverse[pivot * n + k], inverse[column * n + k]);
      a[column * n + k] /= head;
      inverse[column * n + k] /= head;
    }
    for (std::size_t row = 0; row < n; ++row) {
      const double factor = a[row * n + column];
      if (row == column || factor == 0) continue;
      for (std::size_t k = 0; k < n; ++k) {
        a[row * n + k] -= factor * a[column * n + k];
        inverse[row * n + k] -= factor * inverse[column * n + k];
      }
    }
  }
  return true;
}

// Each node on its own, as if no cycle could arise.
TreePosterior Local(std::size_t n, const Matrix& weight, const Matrix& root) {
  TreePosterior posterior{Matrix(n * n, 0), Matrix(n, 0)};
  for (std::size_t v = 0; v < n; ++v) {
    double total = root[v];
    for (std::size_t u = 0; u < n; ++u) total += weight[u * n + v];
    for (std::size_t u = 0; u < n; ++u) {
      posterior.edge[u * n + v] = weight[u * n + v] / total;
    }
    posterior.root[v] = root[v] / total;
  }
  return posterior;
}

}  // namespace

TreePosterior PosteriorOf(std::size_t n, const std::vector<double>& cost,
                          const std::vector<double>& root_cost) {
  // A node has one parent or is the root: a factor common to all of these
  // choices changes nothing, and keeps the numbers in range.
  Matrix weight(n * n, 0);
  Matrix root(n, 0);
  for (std::size_t v = 0; v < n; ++v) {
    double least = root_cost[v];
    for (std::size_t u = 0; u < n; ++u) {
      if (u != v) least = std::min(least, cost[u * n + v]);
    }
    for (std::size_t u = 0; u < n; ++u) {
      if (u != v) weight[u * n + v] = std::exp(least - cost[u * n + v]);
    }
    root[v] = std::exp(least - root_cost[v]);
  }
  // The Laplacian, its first row replaced by the roots' weights.
  Matrix laplacian(n * n, 0);
  for (std::size_t v = 0; v < n; ++v) {
    for (std::size_t u = 0; u < n; ++u) {
      if (u == v) continue;
      laplacian[u * n + v] -= weight[u * n + v];
      laplacian[v * n + v] += weight[u * n + v];
    }
  }
  for (std::size_t v = 0; v < n; ++v) laplacian[v] = root[v];
  Matrix inverse;
  if (!Invert(n, laplacian, inverse)) return Local(n, weight, root);

  TreePosterior posterior{Matrix(n * n, 0), Matrix(n, 0)};
  const auto bounded = [](double p) {
    return std::isfinite(p) ? std::clamp(p, 0.0, 1.0) : 0.0;
  };
  for (std::size_t v = 0; v < n; ++v) {
    for (std::size_t u = 0; u < n; ++u) {
      if (u == v) continue;
      const double here = v == 0 ? 0 : inverse[v * n + v];
      const double there = u == 0 ? 0 : inverse[v * n + u];
      posterior.edge[u * n + v] = bounded(weight[u * n + v] * (here - there));
    }
    posterior.root[v] = bounded(root[v] * inverse[v * n]);
  }
  return posterior;
}

}  // namespace stemma
