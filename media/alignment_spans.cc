#include "media/alignment_spans.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace stemma {
namespace {

constexpr double kSample = 0.25;       // seconds between samples, about
constexpr int kLeastSamples = 11;      // matched, more than 2.5 s
constexpr double kLeastEvidence = 8;   // samples' worth of full agreement
constexpr double kLeastSeconds = 2.6;  // of matched query time
constexpr double kShortSeconds = 4;    // below this the pictures must agree
constexpr double kShortEvidence = 12;  // nearly to the last tile
constexpr double kBridge = 0.8;        // seconds of mismatch passed over
constexpr double kSnap = 0.4;          // to a cut or an end

double SnapTo(double t, const std::vector<double>& marks) {
  double best = t, distance = kSnap;
  for (const double mark : marks) {
    if (std::abs(mark - t) < distance) {
      distance = std::abs(mark - t);
      best = mark;
    }
  }
  return best;
}

struct Run {
  int line;
  std::size_t first, last;
};

// Runs of matched samples, over unknown ones and over short mismatches.
std::vector<Run> RunsOf(const VideoReport& query,
                        const VideoAlignment& alignment) {
  std::vector<Run> runs;
  for (std::size_t k = 0; k < alignment.samples.size(); ++k) {
    const AlignedSample& at = alignment.samples[k];
    if (at.kind != AlignedSample::Kind::kMatch) continue;
    if (!runs.empty() && runs.back().line == at.line) {
      double mismatch = 0;
      for (std::size_t i = runs.back().last + 1; i < k; ++i) {
        if (alignment.samples[i].kind == AlignedSample::Kind::kMismatch) {
          mismatch += query.samples[i].seconds - query.samples[i - 1].seconds;
        }
      }
      if (mismatch <= kBridge) {
        runs.back().last = k;
        continue;
      }
    }
    runs.push_back({at.line, k, k});
  }
  std::erase_if(runs, [](const Run& run) { return run.last - run.first < 2; });
  return runs;
}

}  // namespace

void MakeSpans(const VideoReport& query, const VideoReport& reference,
               VideoAlignment& alignment) {
  std::vector<double> cuts = {0, query.duration};
  for (const Shot& shot : query.shots) cuts.push_back(shot.start);
  std::vector<Run> runs = RunsOf(query, alignment);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    Run run = runs[i];
    // Unknown samples beside a run belong to it, up to the next run.
    const std::size_t low = i == 0 ? 0 : runs[i - 1].last + 1;
    const std::size_t high =
        i + 1 < runs.size() ? runs[i + 1].first : alignment.samples.size();
    const auto unknown = [&](std::size_t k) {
      return alignment.samples[k].kind == AlignedSample::Kind::kUnknown &&
             alignment.samples[k].r >= 0;
    };
    while (run.first > low && unknown(run.first - 1)) --run.first;
    while (run.last + 1 < high && unknown(run.last + 1)) ++run.last;

    const AlignmentLine& line =
        alignment.lines[static_cast<std::size_t>(run.line)];
    AlignedSpan span;
    span.line = run.line;
    span.q0 = query.samples[run.first].seconds - kSample / 2;
    span.q1 = query.samples[run.last].seconds + kSample / 2;
    // The reference's own ends, and cuts of the query, are where joins lie.
    std::vector<double> marks = cuts;
    marks.push_back((0 - line.offset) / line.speed);
    marks.push_back((reference.duration - line.offset) / line.speed);
    span.q0 = SnapTo(span.q0, marks);
    span.q1 = SnapTo(span.q1, marks);
    if (!alignment.spans.empty()) {
      AlignedSpan& before = alignment.spans.back();
      if (span.q0 < before.q1) {
        const double middle = SnapTo((span.q0 + before.q1) / 2, cuts);
        span.q0 = before.q1 = middle;
        before.r1 =
            alignment.lines[static_cast<std::size_t>(before.line)].At(middle);
      }
    }
    span.q0 = std::clamp(span.q0, 0.0, query.duration);
    span.q1 = std::clamp(span.q1, span.q0, query.duration);
    // Within the reference, and both ends moved together.
    double r0 = line.At(span.q0), r1 = line.At(span.q1);
    if (r0 < 0) {
      span.q0 += -r0 / line.speed;
      r0 = 0;
    }
    if (r1 > reference.duration) {
      span.q1 -= (r1 - reference.duration) / line.speed;
      r1 = reference.duration;
    }
    if (span.q1 - span.q0 < 0.4 || r1 <= r0) continue;
    span.r0 = r0;
    span.r1 = r1;
    alignment.spans.push_back(span);
  }
}

bool IsEnough(const VideoReport& query, const VideoReport& reference,
              const VideoAlignment& alignment) {
  double seconds = 0;
  for (const AlignedSpan& span : alignment.spans) seconds += span.q1 - span.q0;
  const double shorter = std::min(query.duration, reference.duration);
  if (shorter < 3.2) {
    return alignment.matched >= 3 && seconds >= 0.8 * shorter &&
           alignment.agreement >= 0.75;
  }
  const double evidence =
      alignment.matched * 2 * (alignment.agreement - kMatch);
  return alignment.matched >= kLeastSamples && seconds >= kLeastSeconds &&
         evidence >=
             (seconds < kShortSeconds ? kShortEvidence : kLeastEvidence);
}

}  // namespace stemma
