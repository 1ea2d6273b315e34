#include "media/shots.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

namespace stemma {
namespace {

// ---- cuts; frames ----
constexpr std::size_t kAround = 5;     // neighbours on each side
constexpr std::size_t kAhead = 8;      // frames after which a cut is certain
constexpr double kLeastChange = 4;     // grey levels
constexpr double kStandsOut = 3;       // times the neighbours
constexpr double kNoise = 1.0;         // added to the neighbours' change
constexpr std::size_t kWindow = 6;     // frames that tell the whole way
constexpr double kOneStep = 0.4;       // of that way, in a single frame
constexpr int kLeastBits = 50;         // of 256: another picture, not a jolt
constexpr int kOneSidedBits = 70;      // where only one side is calm
constexpr double kSameMoved = 0.85;    // correlation of a shifted picture
constexpr std::int64_t kShortest = 4;  // frames of a shot

// ---- fades and dissolves; seconds ----
constexpr double kEvery = 0.1;     // between the frames kept in `past_`
constexpr std::size_t kGuard = 3;  // of these: calm before and after
constexpr double kSettled = 1.8;   // behind the newest frame
constexpr double kLongest = 4;     // of all that a dissolve is seen in
constexpr std::size_t kLengths[] = {2, 3, 4, 6, 8, 12, 16};  // of `past_`
constexpr std::size_t kPast = 16 + 2 * kGuard + 1;
constexpr double kOneJump = 0.7;     // of the way: a cut, not a dissolve
constexpr double kBackAgain = 0.75;  // correlation of a picture that returned
constexpr double kAfterFade = 0.5;   // when the new picture is there
constexpr double kWayApart = 12;     // grey levels between the two pictures
constexpr double kUnlike = 0.55;     // most correlation between them
constexpr double kCalm = 0.3;        // of the way: what the ends may move
constexpr double kSlower = 0.6;      // than in between
constexpr double kMixed = 0.25;      // of the way: what no mixture explains

double Change(const PdqSamples& a, const PdqSamples& b) {
  std::array<float, 16> sums{};  // side by side, so that it vectorises
  for (std::size_t i = 0; i < a.size(); i += sums.size()) {
    for (std::size_t k = 0; k < sums.size(); ++k) {
      sums[k] += std::abs(a[i + k] - b[i + k]);
    }
  }
  return std::accumulate(sums.begin(), sums.end(), 0.0f) /
         static_cast<double>(a.size());
}

template <class Container>
double Median(Container values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// The second largest: one other cut close by is allowed for.
double Usual(std::vector<double> changes) {
  if (changes.size() < 2) return changes.empty() ? 0 : changes.front();
  std::nth_element(changes.begin(), changes.end() - 2, changes.end());
  return *(changes.end() - 2);
}

// The samples on a 32x32 grid.
constexpr int kGrid = 32;
std::array<float, kGrid * kGrid> Halved(const PdqSamples& samples) {
  std::array<float, kGrid * kGrid> out;
  for (int y = 0; y < kGrid; ++y) {
    for (int x = 0; x < kGrid; ++x) {
      const float* s = samples.data() + 128 * y + 2 * x;
      out[kGrid * y + x] = (s[0] + s[1] + s[64] + s[65]) / 4;
    }
  }
  return out;
}

struct Moments {
  double n = 0, a = 0, b = 0, aa = 0, bb = 0, ab = 0;

  void Add(double x, double y) {
    ++n, a += x, b += y, aa += x * x, bb += y * y, ab += x * y;
  }
  // 0 when one of the two is even.
  double Correlation() const {
    const double va = aa - a * a / n, vb = bb - b * b / n;
    if (va < n || vb < n) return 0;
    return (ab - a * b / n) / std::sqrt(va * vb);
  }
};

}  // namespace

// ---- measures ----

ShotDetector::Frame ShotDetector::Measured(const PdqSamples& samples) {
  Frame frame;
  frame.samples = samples;
  std::array<float, 16> sums{}, all_squares{};
  for (std::size_t i = 0; i < samples.size(); i += sums.size()) {
    for (std::size_t k = 0; k < sums.size(); ++k) {
      const float v = samples[i + k] - 128;
      sums[k] += v;
      all_squares[k] += v * v;
    }
  }
  const double sum = std::accumulate(sums.begin(), sums.end(), 0.0);
  const double squares =
      std::accumulate(all_squares.begin(), all_squares.end(), 0.0);
  const auto n = static_cast<double>(samples.size());
  frame.mean = 128 + sum / n;
  frame.deviation =
      std::sqrt(std::max(0.0, squares / n - (sum / n) * (sum / n)));
  return frame;
}

// Correlation of two pictures; of two even ones, 1 if they are equally bright.
double ShotDetector::Likeness(const Frame& a, const Frame& b) {
  if (a.IsEven() && b.IsEven()) return std::abs(a.mean - b.mean) < 12 ? 1 : 0;
  if (a.IsEven() || b.IsEven()) return 0;
  Moments m;
  for (std::size_t i = 0; i < a.samples.size(); ++i) {
    m.Add(a.samples[i], b.samples[i]);
  }
  return m.Correlation();
}

// The best correlation when one is shifted a little against the other.
double ShotDetector::ShiftedLikeness(const Frame& a, const Frame& b) {
  constexpr int kX = 10, kY = 4;
  const auto p = Halved(a.samples), q = Halved(b.samples);
  double best = -1;
  for (int dy = -kY; dy <= kY; ++dy) {
    for (int dx = -kX; dx <= kX; ++dx) {
      Moments m;
      for (int y = std::max(0, -dy); y < std::min(kGrid, kGrid - dy); ++y) {
        const float* row = p.data() + kGrid * y;
        const float* other = q.data() + kGrid * (y + dy) + dx;
        for (int x = std::max(0, -dx); x < std::min(kGrid, kGrid - dx); ++x) {
          m.Add(row[x], other[x]);
        }
      }
      best = std::max(best, m.Correlation());
    }
  }
  return best;
}

// ---- cuts ----

// Calm before or after, and most of the way in this one step.
bool ShotDetector::StandsOut(std::size_t at) const {
  const Frame& here = recent_[at];
  std::vector<double> before, after;
  for (std::size_t step = 1; step <= kAround; ++step) {
    // The first frame of all has no change.
    if (at >= step && recent_[at - step].number > 0) {
      before.push_back(recent_[at - step].change);
    }
    if (at + step < recent_.size()) {
      after.push_back(recent_[at + step].change);
    }
  }
  // At the very start and end of a video there is nothing to compare with.
  if (before.size() < 2) before.clear();
  if (after.size() < 2) after.clear();
  const auto exceeds = [&](double usual) {
    return here.change >= kStandsOut * (usual + kNoise);
  };
  const auto is_calm = [&](const std::vector<double>& side) {
    return !side.empty() &&
           exceeds(*std::max_element(side.begin(), side.end()));
  };
  // Another cut may be close by, but not where only one side is calm.
  const bool both = !before.empty() && !after.empty() &&
                    exceeds(Usual(before)) && exceeds(Usual(after));
  if (!both && !is_calm(before) && !is_calm(after)) return false;
  const bool even = here.IsEven() || recent_[at - 1].IsEven();
  if (!even && HammingDistance(PdqOf(here.samples).bits,
                               PdqOf(recent_[at - 1].samples).bits) <
                   (both ? kLeastBits : kOneSidedBits)) {
    return false;
  }

  std::vector<double> way;
  for (std::size_t i = at - std::min(at, kWindow); i < at; ++i) {
    for (std::size_t k = at; k < std::min(at + kWindow, recent_.size()); ++k) {
      way.push_back(Change(recent_[i].samples, recent_[k].samples));
    }
  }
  return here.change >= kOneStep * Median(std::move(way));
}

// Whether the picture from before is back soon, or was there just before.
bool ShotDetector::IsFlash(std::size_t at) const {
  const Frame& here = recent_[at];
  const Frame& before = recent_[at - 1];
  const auto is_back = [&](const Frame& one, const Frame& other) {
    return Change(one.samples, other.samples) < here.change / 2 &&
           Likeness(one, other) > kBackAgain;
  };
  for (std::size_t k = at + 1; k < std::min(at + kAhead, recent_.size()); ++k) {
    if (is_back(recent_[k], before)) return true;
  }
  for (std::size_t k = at - 1; k-- > at - std::min(at, kAhead);) {
    if (is_back(recent_[k], here)) return true;
  }
  return false;
}

bool ShotDetector::IsCut(std::size_t at) const {
  if (at == 0 || recent_[at].change < kLeastChange) return false;
  if (!StandsOut(at) || IsFlash(at)) return false;
  return ShiftedLikeness(recent_[at - 1], recent_[at]) < kSameMoved;
}

void ShotDetector::DecideCut(std::size_t at) {
  const Frame& here = recent_[at];
  if (here.number - last_found_ < kShortest || !IsCut(at)) return;
  Found({Transition::kCut, here.number, here.seconds, here.seconds});
}

// ---- fades ----

// An even stretch that no cut begins or ends is the middle of a fade; the new
// shot begins with the first frame that shows something again.
void ShotDetector::FollowFades(const Frame& frame) {
  if (frame.IsEven()) {
    if (even_ && even_->end != 0 && frame.number - even_->end > 2) {
      even_.reset();
    }
    if (!even_) {
      even_ = Even{frame.number, 0, frame.seconds, frame.seconds, {}};
      // A fade takes some time: the picture as it was before that.
      for (const Frame& past : past_) {
        if (past.seconds > frame.seconds - kAfterFade && even_->before) break;
        if (!past.IsEven()) even_->before = past;
      }
    }
    even_->end = 0;
    even_->stop = frame.seconds;
    return;
  }
  if (!even_) return;
  if (even_->end == 0) even_->end = frame.number;
  if (frame.seconds - even_->stop < kAfterFade) return;
  const Even even = *std::exchange(even_, std::nullopt);
  if (!even.before || Likeness(*even.before, frame) > kBackAgain ||
      ShiftedLikeness(*even.before, frame) > kSameMoved) {
    return;
  }
  if (last_found_ >= even.first - 1 || even.first == 0) return;
  Found({Transition::kFade, even.end, even.start, even.stop});
}

// ---- dissolves ----

// Whether the frames from `a` to `b` are mixtures of these two with a growing
// part of `b`. Returns the first with more of `b`, as an index into `past_`.
std::optional<std::size_t> ShotDetector::MixedBetween(std::size_t a,
                                                      std::size_t b) const {
  const PdqSamples& from = past_[a].samples;
  const PdqSamples& to = past_[b].samples;
  const double way = Change(from, to);
  std::optional<std::size_t> turn;
  double last_share = 0;
  for (std::size_t at = a + 1; at < b; ++at) {
    // Least squares: x = from + share * (to - from).
    const PdqSamples& x = past_[at].samples;
    float up = 0, down = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const float d = to[i] - from[i];
      up += d * (x[i] - from[i]);
      down += d * d;
    }
    const float share = up / down;
    float left = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      left += std::abs(x[i] - from[i] - share * (to[i] - from[i]));
    }
    left /= static_cast<float>(x.size());
    const double step = share - last_share;
    if (left > kMixed * way || step < -0.1 || step > kOneJump) return {};
    last_share = share;
    if (!turn && share > 0.5) turn = at;
  }
  if (1 - last_share > kOneJump) return {};
  return turn.value_or(b);
}

// Looks for one that ended a little before the newest of `past_`, with calm
// before it and after.
void ShotDetector::FindDissolve() {
  if (past_.size() < 2 * kGuard + 1) return;
  const std::size_t b_at = past_.size() - 1 - kGuard;
  const Frame& b = past_[b_at];
  for (const std::size_t length : kLengths) {
    if (b_at < length + kGuard) return;
    const std::size_t a_at = b_at - length;
    const Frame& a = past_[a_at];
    const Frame& before = past_[a_at - kGuard];
    if (before.number < last_found_) return;
    if (past_.back().seconds - before.seconds > kLongest) return;
    const double way = Change(a.samples, b.samples);
    if (way < kWayApart || a.IsEven() || b.IsEven()) continue;
    // Slower at both ends than in between, or it is a picture that changes all
    // the time.
    const double calm =
        way * std::min(kCalm, kSlower * static_cast<double>(kGuard) /
                                  static_cast<double>(length));
    if (Change(before.samples, a.samples) > calm ||
        Change(b.samples, past_.back().samples) > calm ||
        Likeness(a, b) > kUnlike || ShiftedLikeness(a, b) > kSameMoved) {
      continue;
    }
    const std::optional<std::size_t> turn = MixedBetween(a_at, b_at);
    if (!turn) continue;
    const std::int64_t frame = past_[*turn].number;
    if (frame - last_found_ < kShortest || frame < settled_) return;
    Found({Transition::kDissolve, frame, a.seconds, b.seconds});
    return;
  }
}

// ---- all together ----

void ShotDetector::Found(const ShotBoundary& boundary) {
  const auto later = [&](const ShotBoundary& b) {
    return b.frame > boundary.frame;
  };
  found_.insert(std::find_if(found_.begin(), found_.end(), later), boundary);
  last_found_ = std::max(last_found_, boundary.frame);
}

// What lies before frame `before` is certain now.
std::vector<ShotBoundary> ShotDetector::Settle(std::int64_t before) {
  std::vector<ShotBoundary> certain;
  settled_ = std::max(settled_, before);
  while (!found_.empty() && found_.front().frame < settled_) {
    certain.push_back(found_.front());
    found_.pop_front();
  }
  return certain;
}

std::vector<ShotBoundary> ShotDetector::Add(const PdqSamples& samples,
                                            double seconds) {
  Frame frame = Measured(samples);
  frame.number = next_++;
  frame.seconds = seconds;
  if (!recent_.empty()) {
    frame.change = Change(samples, recent_.back().samples);
  }
  recent_.push_back(frame);
  constexpr std::size_t kKept = 2 * kAhead + 1;
  if (recent_.size() > kKept) recent_.pop_front();
  if (recent_.size() > kAhead) DecideCut(recent_.size() - 1 - kAhead);

  // The slower ways are looked for among frames that cuts are decided for.
  if (recent_.size() > kAhead) {
    const Frame& decided = recent_[recent_.size() - 1 - kAhead];
    FollowFades(decided);
    if (past_.empty() || decided.seconds >= past_.back().seconds + kEvery) {
      past_.push_back(decided);
      while (past_.size() > kPast) past_.pop_front();
      FindDissolve();
    }
  }
  std::int64_t before = settled_;
  for (const Frame& past : past_) {
    if (past.seconds < seconds - kSettled) before = past.number;
  }
  return Settle(before);
}

std::vector<ShotBoundary> ShotDetector::Finish() {
  const std::size_t from =
      recent_.size() > kAhead ? recent_.size() - kAhead : 1;
  for (std::size_t at = from; at < recent_.size(); ++at) {
    DecideCut(at);
    FollowFades(recent_[at]);
  }
  return Settle(next_);
}

}  // namespace stemma
