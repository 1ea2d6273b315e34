#include "media/alignment.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <optional>

#include "media/alignment_spans.h"
#include "media/alignment_votes.h"
#include "media/registration.h"
#include "media/view_match.h"

namespace stemma {
namespace {

constexpr double kSurelySame = 0.7;  // the same
constexpr float kPictureEnergy = 7;  // grey levels: more than a logo on black

// ---- proof on the pictures ----

// The reference sample nearest to `seconds`; -1 when none is within a second.
int NearestSample(const VideoReport& video, double seconds) {
  const auto& samples = video.samples;
  const auto next = std::lower_bound(
      samples.begin(), samples.end(), seconds,
      [](const FrameSample& s, double t) { return s.seconds < t; });
  int best = -1;
  double distance = 1.0;
  for (auto it = next == samples.begin() ? next : next - 1;
       it != samples.end() && it <= next; ++it) {
    const double d = std::abs(it->seconds - seconds);
    if (d < distance) {
      distance = d;
      best = static_cast<int>(it - samples.begin());
    }
  }
  return best;
}

// Details of the samples of one video in one region, made when needed.
class Details {
 public:
  Details(const VideoReport& video, Region region, bool mirrored)
      : video_(video),
        region_(region),
        mirrored_(mirrored),
        details_(video.samples.size()) {}
  const Detail& Of(int sample) {
    auto& detail = details_[static_cast<std::size_t>(sample)];
    if (!detail) {
      detail =
          DetailOf(PatchOf(video_.samples[static_cast<std::size_t>(sample)],
                           region_, mirrored_));
    }
    return *detail;
  }
  // How alike neighbouring samples are: fast pictures cannot be compared when
  // the two videos were not sampled at the same moments.
  double Steadiness(int sample) {
    double least = 1;
    for (const int other : {sample - 1, sample + 1}) {
      if (other < 0 || other >= std::ssize(details_)) continue;
      const double a = Agreement(Of(sample), Of(other));
      if (a >= 0) least = std::min(least, a);
    }
    return least;
  }

 private:
  const VideoReport& video_;
  Region region_;
  bool mirrored_;
  std::vector<std::optional<Detail>> details_;
};

// One way in which the query's picture lies in the reference's, with the
// details of both that Walk asks for.
struct Geometry {
  bool mirrored = false;
  AlignmentLine found_on;
  Region q_region;
  Region begun_at;  // the reference's region that registration began with
  Region r_region;
  std::optional<Details> q, r;
};

// The geometries tried for one pair of videos. Lines of one copy share theirs:
// it is found once, and the pictures are made ready for comparing once.
class Geometries {
 public:
  Geometries(const VideoReport& query, const VideoReport& reference)
      : query_(query),
        reference_(reference),
        kept_(std::max<std::size_t>(
            1, kKeptDetails /
                   (query.samples.size() + reference.samples.size() + 1))) {}

  // A geometry for `line`, whose regions are those its votes name: one that
  // is known, where most of the pairs show the same in it.
  Geometry& Of(const Line& line, std::span<const PatchPair> pairs) {
    for (Geometry& known : all_) {
      if (IsOf(known, line) && Fits(known, pairs)) return Ready(known);
    }
    return Add(line, pairs);
  }
  // One that rests on other pairs than it was found on: of `known`, begun at
  // what was found.
  Geometry& Refined(const Geometry& known, std::span<const PatchPair> pairs) {
    Line line;
    line.at = known.found_on;
    line.mirrored = known.mirrored;
    line.q_region = known.q_region;
    line.r_region = known.r_region;
    return Add(line, pairs);
  }
  // The one that rests on the line's own pairs.
  Geometry& Own(const Line& line, std::span<const PatchPair> pairs) {
    for (Geometry& known : all_) {
      if (IsOf(known, line) && known.found_on == line.at) return Ready(known);
    }
    return Add(line, pairs);
  }

 private:
  static constexpr std::size_t kKeptDetails = 8192;  // 5 KB each

  static bool IsOf(const Geometry& known, const Line& line) {
    return known.mirrored == line.mirrored && known.q_region == line.q_region &&
           known.begun_at == line.r_region;
  }
  static bool Fits(const Geometry& known, std::span<const PatchPair> pairs) {
    std::size_t fit = 0;
    for (const PatchPair& pair : pairs) {
      const double agreement =
          Agreement(DetailOf(PatchOf(*pair.q, known.q_region, known.mirrored)),
                    DetailOf(PatchOf(*pair.r, known.r_region, false)));
      fit += agreement >= kSurelySame;
    }
    return 2 * fit > pairs.size();
  }
  Geometry& Add(const Line& line, std::span<const PatchPair> pairs) {
    all_.push_back(
        {line.mirrored,
         line.at,
         line.q_region,
         line.r_region,
         Register(pairs, line.q_region, line.mirrored, line.r_region),
         {},
         {}});
    return Ready(all_.back());
  }
  // With its details, which may have been dropped since.
  Geometry& Ready(Geometry& geometry) {
    std::erase(in_use_, &geometry);
    in_use_.push_back(&geometry);
    if (in_use_.size() > kept_) {
      in_use_.front()->q.reset();
      in_use_.front()->r.reset();
      in_use_.pop_front();
    }
    if (!geometry.q) {
      geometry.q.emplace(query_, geometry.q_region, geometry.mirrored);
      geometry.r.emplace(reference_, geometry.r_region, false);
    }
    return geometry;
  }

  const VideoReport& query_;
  const VideoReport& reference_;
  std::size_t kept_;
  std::deque<Geometry> all_;
  std::deque<Geometry*> in_use_;  // the last one used at the end
};

// The energy of the part where captions are rare, the upper 70 %.
float EnergyAbove(const Detail& detail) {
  constexpr int kEnd = Patch::kSide * Patch::kSide * 7 / 10;
  float squares = 0, n = 0;
  for (int i = 0; i < kEnd; ++i) {
    if (!detail.inside[i]) continue;
    squares += detail.value[i] * detail.value[i];
    n += 1;
  }
  return n > 0 ? std::sqrt(squares / n) : 0;
}

struct Walked {
  std::vector<AlignedSample> samples;
  int matched = 0;
};

// Compares every query sample with what the line says it shows.
Walked Walk(const VideoReport& query, const VideoReport& reference,
            const Line& line, Details& q_details, Details& r_details) {
  Walked walked;
  walked.samples.resize(query.samples.size());
  for (std::size_t k = 0; k < query.samples.size(); ++k) {
    AlignedSample& at = walked.samples[k];
    const double r_time = line.at.At(query.samples[k].seconds);
    if (r_time < -0.2 || r_time > reference.duration + 0.2) continue;
    const int nearest = NearestSample(reference, r_time);
    if (nearest < 0) continue;
    at.r = nearest;
    const Detail& q = q_details.Of(static_cast<int>(k));
    double best = -1;
    int best_r = nearest;
    for (const int r : {nearest, nearest - 1, nearest + 1}) {
      if (r < 0 || r >= std::ssize(reference.samples)) continue;
      const double away = std::abs(
          reference.samples[static_cast<std::size_t>(r)].seconds - r_time);
      if (r != nearest && away > 0.3) continue;
      const double score =
          Agreement(q, r_details.Of(r)) - (r == nearest ? 0 : 0.02);
      if (score > best) {
        best = score;
        best_r = r;
      }
    }
    at.score = best;
    const Detail& r = r_details.Of(nearest);
    const bool q_flat = q.energy < kFlatEnergy, r_flat = r.energy < kFlatEnergy;
    if (q_flat && r_flat) continue;
    if (best >= kMatch) {
      at.kind = AlignedSample::Kind::kMatch;
      at.r = best_r;
      ++walked.matched;
    } else if (q_flat || r_flat) {
      // A logo or a caption on black is no other picture; a whole picture is.
      if (EnergyAbove(q_flat ? r : q) > kPictureEnergy) {
        at.kind = AlignedSample::Kind::kMismatch;
      }
    } else if (best < 0.34 && r_details.Steadiness(nearest) > 0.6) {
      at.kind = AlignedSample::Kind::kMismatch;
    }
  }
  return walked;
}

// Pairs of samples that the lines say show the same, evenly spread.
std::vector<PatchPair> MatchedPairs(const VideoReport& query,
                                    const VideoReport& reference,
                                    const std::vector<Walked>& walks) {
  std::vector<PatchPair> matched;
  for (std::size_t k = 0; k < query.samples.size(); ++k) {
    for (const Walked& walk : walks) {
      const AlignedSample& at = walk.samples[k];
      if (at.kind != AlignedSample::Kind::kMatch) continue;
      matched.push_back({&query.samples[k],
                         &reference.samples[static_cast<std::size_t>(at.r)]});
      break;
    }
  }
  std::vector<PatchPair> pairs;
  const std::size_t n = std::min(matched.size(), kPairs);
  for (std::size_t i = 0; i < n; ++i) {
    pairs.push_back(matched[i * matched.size() / n]);
  }
  return pairs;
}

// ---- finer offset ----

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2,
                   values.end());
  return values[values.size() / 2];
}

// Cuts that both videos have are exact to a frame.
std::optional<double> OffsetFromCuts(const VideoReport& query,
                                     const VideoReport& reference,
                                     const AlignmentLine& line,
                                     const Walked& walked) {
  const auto matched_at = [&](double q) {
    const int k = NearestSample(query, q);
    return k >= 0 && walked.samples[static_cast<std::size_t>(k)].kind ==
                         AlignedSample::Kind::kMatch;
  };
  std::vector<double> deltas;
  for (std::size_t i = 1; i < query.shots.size(); ++i) {
    const double q = query.shots[i].start;
    if (!matched_at(q - 0.3) || !matched_at(q + 0.3)) continue;
    for (std::size_t j = 1; j < reference.shots.size(); ++j) {
      const double delta = reference.shots[j].start - line.At(q);
      if (std::abs(delta) < 0.4) deltas.push_back(delta);
    }
  }
  if (deltas.empty()) return std::nullopt;
  return Median(std::move(deltas));
}

// Without cuts: where between the samples the correlation peaks.
double OffsetFromMotion(const VideoReport& query, const VideoReport& reference,
                        const AlignmentLine& line, const Walked& walked,
                        Details& q_details, Details& r_details) {
  double sum = 0, weights = 0;
  for (std::size_t k = 0; k < walked.samples.size(); ++k) {
    const AlignedSample& at = walked.samples[k];
    if (at.kind != AlignedSample::Kind::kMatch) continue;
    if (at.r < 1 || at.r + 1 >= std::ssize(reference.samples)) continue;
    const auto r = static_cast<std::size_t>(at.r);
    const Detail& q = q_details.Of(static_cast<int>(k));
    const double left = Correlation(q, r_details.Of(at.r - 1));
    const double here = Correlation(q, r_details.Of(at.r));
    const double right = Correlation(q, r_details.Of(at.r + 1));
    const double bend = 2 * here - left - right;
    if (here < left || here < right || bend < 0.02) continue;
    const double step =
        (reference.samples[r + 1].seconds - reference.samples[r - 1].seconds) /
        2;
    const double peak =
        reference.samples[r].seconds + 0.5 * (right - left) / bend * step;
    sum += bend * (peak - line.At(query.samples[k].seconds));
    weights += bend;
  }
  return weights > 0.1 ? std::clamp(sum / weights, -0.3, 0.3) : 0;
}

// ---- spans ----

// Assigns each query sample to the line that explains it best; the first line
// is preferred, since a still picture fits several.
void Assign(const std::vector<Walked>& walks, VideoAlignment& alignment) {
  alignment.samples.assign(walks.front().samples.size(), {});
  for (std::size_t k = 0; k < alignment.samples.size(); ++k) {
    AlignedSample& to = alignment.samples[k];
    for (std::size_t l = 0; l < walks.size(); ++l) {
      const AlignedSample& at = walks[l].samples[k];
      if (l == 0) {
        to = at;
        if (at.kind == AlignedSample::Kind::kMatch) to.line = 0;
        continue;
      }
      const bool better = at.kind == AlignedSample::Kind::kMatch &&
                          (to.kind != AlignedSample::Kind::kMatch ||
                           (to.line > 0 && at.score > to.score + 0.25));
      if (better) {
        to = at;
        to.line = static_cast<int>(l);
      }
    }
  }
  // A few samples of another line prove nothing, least of all while the first
  // line does not contradict them.
  constexpr std::size_t kLeastRun = 4;
  for (std::size_t k = 0; k < alignment.samples.size();) {
    std::size_t end = k;
    while (end < alignment.samples.size() &&
           alignment.samples[end].line == alignment.samples[k].line) {
      ++end;
    }
    int against = 0;
    for (std::size_t i = k; i < end; ++i) {
      const AlignedSample& first = walks.front().samples[i];
      if (first.kind == AlignedSample::Kind::kMismatch || first.r < 0)
        ++against;
    }
    if (alignment.samples[k].line > 0 &&
        (end - k < kLeastRun || 2 * against < static_cast<int>(end - k))) {
      for (std::size_t i = k; i < end; ++i) {
        alignment.samples[i] = walks.front().samples[i];
      }
    }
    k = end;
  }
  // A lone sample of one line inside another's run is noise.
  auto& s = alignment.samples;
  for (std::size_t k = 1; k + 1 < s.size(); ++k) {
    if (s[k].line >= 0 && s[k - 1].line == s[k + 1].line &&
        s[k - 1].line >= 0 && s[k].line != s[k - 1].line) {
      s[k].line = s[k - 1].line;
    }
  }
}

// How many samples only `walk` explains, in its longest stretch.
int OnlyHere(const Walked& walk, const std::vector<Walked>& chosen) {
  int best = 0, run = 0;
  for (std::size_t k = 0; k < walk.samples.size(); ++k) {
    bool only = walk.samples[k].kind == AlignedSample::Kind::kMatch;
    for (const Walked& other : chosen) {
      const AlignedSample& at = other.samples[k];
      if (at.kind == AlignedSample::Kind::kMatch &&
          at.score > walk.samples[k].score - 0.25) {
        only = false;
      }
    }
    run = only ? run + 1 : 0;
    best = std::max(best, run);
  }
  return best;
}

// The line to begin with: the best of the speed (and side) whose lines together
// explain most samples, less a price for each line after the first. -1: none.
int BestLine(const std::vector<Line>& lines, const std::vector<Walked>& tried) {
  constexpr int kPriceOfLine = 4;  // samples
  constexpr int kPlainSpeed = 3;   // samples in favour of speed 1
  int best = -1, best_score = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool leads =
        std::none_of(tried.begin(), tried.end(), [&](const Walked& other) {
          const auto k = static_cast<std::size_t>(&other - tried.data());
          return lines[k].at.speed == lines[i].at.speed &&
                 lines[k].mirrored == lines[i].mirrored &&
                 (other.matched > tried[i].matched ||
                  (other.matched == tried[i].matched && k < i));
        });
    if (!leads || tried[i].matched == 0) continue;
    std::vector<Walked> chosen = {tried[i]};
    int score = tried[i].matched + (lines[i].at.speed == 1 ? kPlainSpeed : 0);
    for (;;) {
      int most = kPriceOfLine;
      std::size_t next = lines.size();
      for (std::size_t k = 0; k < lines.size(); ++k) {
        if (k == i || lines[k].at.speed != lines[i].at.speed ||
            lines[k].mirrored != lines[i].mirrored ||
            tried[k].samples.empty()) {
          continue;
        }
        const int only = OnlyHere(tried[k], chosen);
        if (only > most) {
          most = only;
          next = k;
        }
      }
      if (next == lines.size()) break;
      score += most - kPriceOfLine;
      chosen.push_back(tried[next]);
    }
    if (score > best_score) {
      best_score = score;
      best = static_cast<int>(i);
    }
  }
  return best;
}

}  // namespace

std::optional<VideoAlignment> Align(const VideoReport& query,
                                    const VideoReport& reference,
                                    std::span<const AlignmentVote> votes) {
  std::vector<Line> lines = LinesOf(query, reference, votes);
  if (lines.empty()) return std::nullopt;

  // Each line finds its own geometry; then the speed whose lines explain the
  // most with the fewest lines wins, and its best line's geometry is shared.
  std::vector<Walked> tried(lines.size());
  Geometries geometries(query, reference);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    Line& line = lines[i];
    ChooseRegions(query, reference, votes, line);
    const std::vector<PatchPair> pairs = PairsOn(query, reference, votes, line);
    if (pairs.size() < 3) continue;
    Geometry& geometry = geometries.Of(line, pairs);
    tried[i] = Walk(query, reference, line, *geometry.q, *geometry.r);
  }
  const int best = BestLine(lines, tried);
  if (best < 0) return std::nullopt;

  VideoAlignment alignment;
  std::vector<Walked> walks;
  const Line& main = lines[static_cast<std::size_t>(best)];
  // Found on its own pictures, not borrowed, since this one is kept.
  Geometry& own = geometries.Own(main, PairsOn(query, reference, votes, main));
  alignment.lines.push_back(main.at);
  walks.push_back(Walk(query, reference, main, *own.q, *own.r));

  // Other lines with the same geometry: excerpts in another order or place.
  std::vector<std::pair<AlignmentLine, Walked>> others;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Line& line = lines[i];
    if (static_cast<int>(i) == best || line.mirrored != main.mirrored ||
        std::abs(line.at.speed - main.at.speed) > 1e-6) {
      continue;
    }
    others.emplace_back(line.at, Walk(query, reference, line, *own.q, *own.r));
  }
  // The one that explains most of what is left comes next.
  constexpr std::size_t kMostParts = 6;
  while (walks.size() < kMostParts) {
    int most = 3;
    std::size_t next = others.size();
    for (std::size_t i = 0; i < others.size(); ++i) {
      const int only = OnlyHere(others[i].second, walks);
      if (only > most) {
        most = only;
        next = i;
      }
    }
    if (next == others.size()) break;
    alignment.lines.push_back(others[next].first);
    walks.push_back(std::move(others[next].second));
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(next));
  }
  // A part alone may leave its geometry open (nothing moves at the left, say);
  // all that matched together does not.
  Geometry& geometry =
      walks.size() == 1
          ? own
          : geometries.Refined(own, MatchedPairs(query, reference, walks));
  Details& q_details = *geometry.q;
  Details& r_details = *geometry.r;
  alignment.mirrored = geometry.mirrored;
  alignment.q_region = geometry.q_region;
  alignment.r_region = geometry.r_region;
  for (std::size_t l = 0; l < walks.size(); ++l) {
    AlignmentLine& line = alignment.lines[l];
    if (const auto delta = OffsetFromCuts(query, reference, line, walks[l])) {
      line.offset += *delta;
    } else {
      line.offset += OffsetFromMotion(query, reference, line, walks[l],
                                      q_details, r_details);
    }
    Line refined = main;
    refined.at = line;
    walks[l] = Walk(query, reference, refined, q_details, r_details);
  }
  Assign(walks, alignment);
  for (const AlignedSample& at : alignment.samples) {
    if (at.kind != AlignedSample::Kind::kMatch) continue;
    ++alignment.matched;
    alignment.agreement += at.score;
    alignment.correlation += Correlation(
        q_details.Of(static_cast<int>(&at - alignment.samples.data())),
        r_details.Of(at.r));
  }
  alignment.agreement /= std::max(alignment.matched, 1);
  alignment.correlation /= std::max(alignment.matched, 1);
  MakeSpans(query, reference, alignment);
  if (!IsEnough(query, reference, alignment)) return std::nullopt;
  return alignment;
}

}  // namespace stemma
