#include "media/alignment_votes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <tuple>
#include <utility>

namespace stemma {
namespace {

constexpr double kBin = 0.25;  // seconds of offset
constexpr double kSpeeds[] = {1.0, 1.04, 24.0 / 25, 25.0 / 24};
constexpr std::size_t kMostLines = 16;  // tried for one pair of videos

struct Tally {
  std::int64_t bin;
  std::uint32_t q;
  double weight;
};

// The peaks of the votes over offset for one speed. Each query sample counts
// once for each bin, so that a still picture, which fits anywhere, does not
// drown the rest.
void FindPeaks(const VideoReport& query, const VideoReport& reference,
               std::span<const AlignmentVote> votes, double speed,
               bool mirrored, std::vector<Line>& lines) {
  std::vector<Tally> tallies;
  for (const AlignmentVote& vote : votes) {
    if (vote.mirrored != mirrored) continue;
    const double offset = reference.samples[vote.r].seconds -
                          speed * query.samples[vote.q].seconds;
    const auto bin = static_cast<std::int64_t>(std::floor(offset / kBin + 0.5));
    for (const int step : {-1, 0, 1}) {
      tallies.push_back(
          {bin + step, vote.q, vote.weight * (step == 0 ? 1.0 : 0.5)});
    }
  }
  std::sort(tallies.begin(), tallies.end(), [](const Tally& a, const Tally& b) {
    return std::tie(a.bin, a.q, b.weight) < std::tie(b.bin, b.q, a.weight);
  });
  std::map<std::int64_t, double> bins;
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    const bool first = i == 0 || tallies[i].bin != tallies[i - 1].bin ||
                       tallies[i].q != tallies[i - 1].q;
    if (first) bins[tallies[i].bin] += tallies[i].weight;
  }
  for (const auto& [bin, weight] : bins) {
    const auto other = [&](std::int64_t n) {
      const auto found = bins.find(n);
      return found == bins.end() ? 0.0 : found->second;
    };
    if (weight < 0.8 || weight < other(bin - 1) || weight <= other(bin + 1)) {
      continue;
    }
    Line line;
    line.at = {speed, static_cast<double>(bin) * kBin};
    line.mirrored = mirrored;
    line.votes = weight;
    lines.push_back(line);
  }
}

bool IsNear(const AlignmentVote& vote, const Line& line,
            const VideoReport& query, const VideoReport& reference) {
  return vote.mirrored == line.mirrored &&
         std::abs(line.at.At(query.samples[vote.q].seconds) -
                  reference.samples[vote.r].seconds) < 1.5 * kBin;
}

}  // namespace

std::vector<Line> LinesOf(const VideoReport& query,
                          const VideoReport& reference,
                          std::span<const AlignmentVote> votes) {
  std::vector<Line> lines;
  for (const bool mirrored : {false, true}) {
    for (const double speed : kSpeeds) {
      FindPeaks(query, reference, votes, speed, mirrored, lines);
    }
  }
  std::stable_sort(
      lines.begin(), lines.end(),
      [](const Line& a, const Line& b) { return a.votes > b.votes; });
  if (lines.size() > kMostLines) lines.resize(kMostLines);
  return lines;
}

void ChooseRegions(const VideoReport& query, const VideoReport& reference,
                   std::span<const AlignmentVote> votes, Line& line) {
  const auto key = [](const Region& r) {
    const auto n = [](double v) {
      return static_cast<int>(std::lround(v * 64));
    };
    return std::array{n(r.left), n(r.top), n(r.right), n(r.bottom)};
  };
  std::map<std::pair<std::array<int, 4>, std::array<int, 4>>,
           std::pair<double, const AlignmentVote*>>
      sums;
  for (const AlignmentVote& vote : votes) {
    if (!IsNear(vote, line, query, reference)) continue;
    auto& [sum, first] = sums[{key(vote.q_region), key(vote.r_region)}];
    sum += vote.weight;
    if (first == nullptr) first = &vote;
  }
  double best = 0;
  for (const auto& [regions, entry] : sums) {
    if (entry.first <= best) continue;
    best = entry.first;
    line.q_region = entry.second->q_region;
    line.r_region = entry.second->r_region;
  }
}

std::vector<PatchPair> PairsOn(const VideoReport& query,
                               const VideoReport& reference,
                               std::span<const AlignmentVote> votes,
                               const Line& line) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> on;
  for (const AlignmentVote& vote : votes) {
    if (IsNear(vote, line, query, reference)) on.emplace_back(vote.q, vote.r);
  }
  std::sort(on.begin(), on.end());
  // For each query sample the reference sample nearest to the line.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> one;
  const auto away = [&](const auto& pair) {
    return std::abs(line.at.At(query.samples[pair.first].seconds) -
                    reference.samples[pair.second].seconds);
  };
  for (const auto& pair : on) {
    if (one.empty() || one.back().first != pair.first) {
      one.push_back(pair);
    } else if (away(pair) < away(one.back())) {
      one.back() = pair;
    }
  }
  std::vector<PatchPair> pairs;
  const std::size_t n = std::min(one.size(), kPairs);
  for (std::size_t i = 0; i < n; ++i) {
    const auto& [q, r] = one[i * one.size() / n];
    pairs.push_back({&query.samples[q], &reference.samples[r]});
  }
  return pairs;
}

}  // namespace stemma
