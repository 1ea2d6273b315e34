#include "media/shots.h"

#include <algorithm>
#include <cmath>

namespace stemma {
namespace {

double Change(const PdqSamples& a, const PdqSamples& b) {
  float sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
  return sum / static_cast<double>(a.size());
}

constexpr double kLeastChange = 5;     // grey levels
constexpr double kStandsOut = 3;       // times the neighbours
constexpr double kNoise = 1.0;         // added to the neighbours' change
constexpr int kLeastBits = 50;         // of 256: another picture, not a jolt
constexpr std::int64_t kShortest = 4;  // frames of a shot

}  // namespace

bool ShotDetector::IsCut(std::size_t at) const {
  const Entry& here = recent_[at];
  if (here.change < kLeastChange || here.bits < kLeastBits) return false;
  std::vector<double> around;
  for (int step = -3; step <= 3; ++step) {
    const auto k = static_cast<std::ptrdiff_t>(at) + step;
    if (step == 0 || k < 1 || k >= std::ssize(recent_)) continue;
    around.push_back(recent_[static_cast<std::size_t>(k)].change);
  }
  if (around.empty()) return true;
  std::nth_element(around.begin(), around.begin() + around.size() / 2,
                   around.end());
  const double usual = around[around.size() / 2] + kNoise;
  if (here.change < kStandsOut * usual) return false;
  // A flash: soon the picture is nearly what it was before.
  const PdqSamples& before = recent_[at - 1].samples;
  for (std::size_t k = at + 1; k < std::min(at + 5, recent_.size()); ++k) {
    if (Change(recent_[k].samples, before) < here.change / 2) return false;
  }
  return true;
}

std::optional<std::int64_t> ShotDetector::Decide(std::size_t at) {
  const std::int64_t frame =
      next_ - static_cast<std::int64_t>(recent_.size() - at);
  if (frame - last_cut_ < kShortest || at == 0 || !IsCut(at)) {
    return std::nullopt;
  }
  last_cut_ = frame;
  return frame;
}

std::optional<std::int64_t> ShotDetector::Add(const PdqSamples& samples,
                                              const FrameHash& hash) {
  Entry entry{samples, 0, 0};
  if (!recent_.empty()) {
    entry.change = Change(samples, recent_.back().samples);
    entry.bits = HammingDistance(hash, last_hash_);
  }
  last_hash_ = hash;
  recent_.push_back(entry);
  ++next_;
  constexpr std::size_t kKept = 2 * kLookahead;
  if (recent_.size() > kKept) recent_.pop_front();
  if (recent_.size() <= kLookahead) return std::nullopt;
  return Decide(recent_.size() - 1 - kLookahead);
}

std::vector<std::int64_t> ShotDetector::Finish() {
  std::vector<std::int64_t> cuts;
  const std::size_t from =
      recent_.size() > kLookahead ? recent_.size() - kLookahead : 1;
  for (std::size_t at = from; at < recent_.size(); ++at) {
    if (const auto cut = Decide(at)) cuts.push_back(*cut);
  }
  return cuts;
}

}  // namespace stemma
