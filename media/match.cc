#include "media/match.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "media/alignment.h"
#include "media/alterations.h"
#include "media/frame_index.h"
#include "media/registration.h"
#include "media/view_match.h"

namespace stemma {
namespace {

constexpr int kRadius = 72;           // bits; chance matches begin above 80
constexpr double kCropEvery = 0.5;    // seconds between samples cropped
constexpr double kWhole = 0.9;        // coverage that counts as all
constexpr int kSharedBy = 3;          // videos: a picture in so many is a sign
constexpr double kLongestIdent = 5;   // seconds
constexpr double kSamePicture = 0.6;  // of the tiles of a still agree

// Parts of a known picture under which a republished crop is looked for.
constexpr Region kCrops[] = {
    {0, 0, 1, 1},              // all
    {0.04, 0.04, 0.96, 0.96},  // centre
    {0.08, 0.08, 0.92, 0.92},
    {0, 0, 0.9, 0.9},  // corners
    {0.1, 0, 1, 0.9},
    {0, 0.1, 0.9, 1},
    {0.1, 0.1, 1, 1},
    {0, 0, 1, 0.8},  // without a lower third
};

Region Inside(const Region& outer, const Region& inner) {
  const double w = outer.right - outer.left, h = outer.bottom - outer.top;
  return {outer.left + inner.left * w, outer.top + inner.top * h,
          outer.left + inner.right * w, outer.top + inner.bottom * h};
}

// One hash of one part of one sample.
struct Look {
  std::uint32_t video = 0, sample = 0;
  Region region;
  bool mirrored = false;
  float weight = 1;
};

// Weight by how much there is to see: flat pictures look alike.
float WeightOf(const Detail& detail) {
  if (detail.energy < kFlatEnergy) return 0;
  return std::min(1.0f, 0.3f + detail.energy / 12);
}

// The looks of a known video: every view, cropped in every way.
template <class TakeFn>
void LooksOfKnown(const VideoReport& report, TakeFn take) {
  double next_crops = -1e18;
  for (std::size_t s = 0; s < report.samples.size(); ++s) {
    const FrameSample& sample = report.samples[s];
    const bool crops = sample.seconds >= next_crops;
    if (crops) next_crops = sample.seconds + kCropEvery - 0.01;
    for (const FrameView& view : sample.views) {
      for (const Region& crop : kCrops) {
        const Region region = Inside(view.region, crop);
        const Patch patch = PatchOf(sample, region, false);
        const float weight = WeightOf(DetailOf(patch));
        if (weight > 0) {
          take(Look{0, static_cast<std::uint32_t>(s), region, false, weight},
               PatchHash(patch));
        }
        if (!crops) break;
      }
    }
  }
}

// The looks of a query: every view, as it is and mirrored.
void LooksOfQuery(const VideoReport& report, std::vector<Look>& looks,
                  std::vector<FrameHash>& hashes) {
  for (std::size_t s = 0; s < report.samples.size(); ++s) {
    const FrameSample& sample = report.samples[s];
    for (const FrameView& view : sample.views) {
      for (const bool mirrored : {false, true}) {
        const Patch patch = PatchOf(sample, view.region, mirrored);
        const float weight = WeightOf(DetailOf(patch));
        if (weight == 0) continue;
        looks.push_back(
            {0, static_cast<std::uint32_t>(s), view.region, mirrored, weight});
        hashes.push_back(PatchHash(patch));
      }
    }
  }
}

bool SameBytes(const VideoReport& a, const VideoReport& b) {
  return a.payload_bytes > 0 && a.payload == b.payload;
}

// Equal media data under other metadata: a remux of the same kind of file.
bool SameMediaData(const VideoReport& a, const VideoReport& b) {
  std::vector<Sha256> left, right;
  for (const auto& [report, out] :
       {std::pair{&a, &left}, std::pair{&b, &right}}) {
    for (const BoxDigest& box : report->boxes) {
      if (box.type == "mdat" && box.size > 64) out->push_back(box.sha256);
    }
  }
  return !left.empty() && left == right;
}

double Covered(const VideoAlignment& alignment, bool query) {
  double seconds = 0;
  std::vector<std::pair<double, double>> spans;
  for (const AlignedSpan& s : alignment.spans) {
    spans.emplace_back(query ? s.q0 : s.r0, query ? s.q1 : s.r1);
  }
  std::sort(spans.begin(), spans.end());
  double reached = -1e18;
  for (const auto& [from, to] : spans) {
    seconds += std::max(0.0, to - std::max(from, reached));
    reached = std::max(reached, to);
  }
  return seconds;
}

VideoComparison ComparisonOf(const VideoReport& query,
                             const VideoReport& reference,
                             const VideoAlignment& alignment) {
  VideoComparison c;
  for (const AlignedSpan& s : alignment.spans) {
    c.segments.push_back({s.r0, s.r1, s.q0, s.q1});
  }
  c.altered = FindAlterations(query, reference, alignment);
  const bool altered =
      std::any_of(c.altered.begin(), c.altered.end(),
                  [](const auto& e) { return e.kind != "overlay"; });
  const double of_q = Covered(alignment, true) / std::max(query.duration, 0.01);
  const double of_r =
      Covered(alignment, false) / std::max(reference.duration, 0.01);
  c.verdict = altered                            ? VideoVerdict::kAltered
              : of_q >= kWhole && of_r >= kWhole ? VideoVerdict::kReencoded
                                                 : VideoVerdict::kSegment;
  const AlignmentLine& line = alignment.lines.front();
  c.reason = fmt::format(
      "{} of {} sampled frames agree ({:.2f}), {:.1f} s of {:.1f} s{}{}",
      alignment.matched, query.samples.size(), alignment.agreement,
      Covered(alignment, true), query.duration,
      alignment.mirrored ? ", mirrored" : "",
      std::abs(line.speed - 1) > 0.005
          ? fmt::format(", at {:.3f} times the speed", line.speed)
          : "");
  return c;
}

VideoComparison WholeSame(const VideoReport& a, const VideoReport& b,
                          std::string reason) {
  VideoComparison c;
  c.verdict = VideoVerdict::kSame;
  c.segments.push_back({0, a.duration, 0, b.duration});
  c.reason = std::move(reason);
  return c;
}

}  // namespace

struct VideoIndex::Impl {
  struct Video {
    std::string id;
    std::shared_ptr<const VideoReport> report;
  };
  std::vector<Video> videos;
  FrameIndex index;
  std::vector<Look> looks;  // beside the entries of `index`
};

VideoIndex::VideoIndex() : impl_(std::make_unique<Impl>()) {}
VideoIndex::~VideoIndex() = default;
VideoIndex::VideoIndex(VideoIndex&&) noexcept = default;
VideoIndex& VideoIndex::operator=(VideoIndex&&) noexcept = default;

std::size_t VideoIndex::size() const { return impl_->videos.size(); }

void VideoIndex::Add(std::string id,
                     std::shared_ptr<const VideoReport> report) {
  const auto video = static_cast<std::uint32_t>(impl_->videos.size());
  LooksOfKnown(*report, [&](Look look, const FrameHash& hash) {
    look.video = video;
    impl_->index.Add(hash);
    impl_->looks.push_back(look);
  });
  impl_->videos.push_back({std::move(id), std::move(report)});
}

namespace {

// Which `most` of the videos have the heaviest votes.
std::vector<bool> Likeliest(
    const std::vector<std::vector<AlignmentVote>>& votes, std::size_t most) {
  std::vector<bool> likely(votes.size(), votes.size() <= most);
  if (votes.size() <= most) return likely;
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t v = 0; v < votes.size(); ++v) {
    double weight = 0;
    for (const AlignmentVote& vote : votes[v]) weight += vote.weight;
    order.emplace_back(-weight, v);
  }
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(most);
  std::ranges::nth_element(order, end);
  for (auto it = order.begin(); it != end; ++it) likely[it->second] = true;
  return likely;
}

// Pictures that several videos share, and nothing else of these videos, are
// a channel's ident or a common still: no sign of copying.
void DropIdents(std::vector<VideoMatch>& matches,
                const std::vector<std::set<int>>& seconds) {
  std::map<int, int> shared;
  for (const std::set<int>& of : seconds) {
    for (const int s : of) ++shared[s];
  }
  std::vector<bool> drop(matches.size(), false);
  for (std::size_t i = 0; i < matches.size(); ++i) {
    if (static_cast<double>(seconds[i].size()) > kLongestIdent) continue;
    const bool all_shared =
        std::all_of(seconds[i].begin(), seconds[i].end(),
                    [&](int s) { return shared[s] >= kSharedBy; });
    drop[i] = all_shared;
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < matches.size(); ++i) {
    if (drop[i]) continue;
    if (kept != i) matches[kept] = std::move(matches[i]);
    ++kept;
  }
  matches.resize(kept);
}

}  // namespace

std::vector<VideoMatch> VideoIndex::Find(const VideoReport& query,
                                         std::size_t most) const {
  std::vector<Look> looks;
  std::vector<FrameHash> hashes;
  LooksOfQuery(query, looks, hashes);
  std::vector<std::vector<AlignmentVote>> votes(impl_->videos.size());
  for (const FrameIndex::Hit& hit : impl_->index.Find(hashes, kRadius)) {
    const Look& q = looks[hit.query];
    const Look& r = impl_->looks[hit.entry];
    const double nearness = 1 - hit.distance / (kRadius + 8.0);
    votes[r.video].push_back({q.sample, r.sample, q.mirrored, q.region,
                              r.region, nearness * q.weight * r.weight});
  }
  const std::vector<bool> likely = Likeliest(votes, most);
  std::vector<VideoMatch> matches;
  std::vector<std::set<int>> seconds;
  for (std::size_t v = 0; v < votes.size(); ++v) {
    const VideoReport& reference = *impl_->videos[v].report;
    const bool same =
        SameBytes(reference, query) || SameMediaData(reference, query);
    std::optional<VideoAlignment> alignment;
    if (votes[v].size() >= 3 && !same && likely[v]) {
      alignment = Align(query, reference, votes[v]);
    }
    if (!alignment && !same) continue;
    VideoMatch match;
    match.id = impl_->videos[v].id;
    std::set<int> of;
    if (same) {
      match.score = 1;
      match.comparison =
          WholeSame(reference, query,
                    SameBytes(reference, query) ? "the same bytes"
                                                : "the same media data");
      for (int s = 0; s <= static_cast<int>(std::min(query.duration, 1e5));
           ++s) {
        of.insert(s);
      }
    } else {
      match.mirrored = alignment->mirrored;
      match.speed = alignment->lines.front().speed;
      match.comparison = ComparisonOf(query, reference, *alignment);
      for (std::size_t k = 0; k < alignment->samples.size(); ++k) {
        if (alignment->samples[k].kind == AlignedSample::Kind::kMatch) {
          of.insert(static_cast<int>(query.samples[k].seconds));
        }
      }
      match.score = 1 - std::exp(-static_cast<double>(of.size()) / 3);
    }
    matches.push_back(std::move(match));
    seconds.push_back(std::move(of));
  }
  DropIdents(matches, seconds);
  std::stable_sort(matches.begin(), matches.end(),
                   [](const VideoMatch& a, const VideoMatch& b) {
                     return a.score > b.score;
                   });
  return matches;
}

std::vector<PictureMatch> VideoIndex::FindPicture(
    const FrameSample& query) const {
  VideoReport still;
  still.samples.push_back(query);
  std::vector<Look> looks;
  std::vector<FrameHash> hashes;
  LooksOfQuery(still, looks, hashes);
  std::vector<FrameIndex::Hit> hits = impl_->index.Find(hashes, kRadius);
  std::stable_sort(hits.begin(), hits.end(), [](const auto& a, const auto& b) {
    return a.distance < b.distance;
  });
  constexpr std::size_t kMostTried = 2000;
  if (hits.size() > kMostTried) hits.resize(kMostTried);

  std::vector<PictureMatch> matches;
  std::set<std::pair<std::uint32_t, int>> seen;  // video, two-second stretch
  for (const FrameIndex::Hit& hit : hits) {
    const Look& q = looks[hit.query];
    const Look& r = impl_->looks[hit.entry];
    const FrameSample& sample =
        impl_->videos[r.video].report->samples[r.sample];
    const std::pair place{r.video, static_cast<int>(sample.seconds / 2)};
    if (seen.contains(place)) continue;
    const PatchPair pair{&query, &sample};
    const Region region = Register({&pair, 1}, q.region, q.mirrored, r.region);
    const double score =
        Agreement(DetailOf(PatchOf(query, q.region, q.mirrored)),
                  DetailOf(PatchOf(sample, region, false)));
    if (score < kSamePicture) continue;
    seen.insert(place);
    matches.push_back(
        {impl_->videos[r.video].id, sample.seconds, score, q.mirrored, region});
  }
  std::stable_sort(matches.begin(), matches.end(),
                   [](const PictureMatch& a, const PictureMatch& b) {
                     return a.score > b.score;
                   });
  return matches;
}

VideoComparison CompareVideos(const VideoReport& a, const VideoReport& b) {
  VideoComparison c;
  if (SameBytes(a, b)) return WholeSame(a, b, "the same bytes");
  if (SameMediaData(a, b)) {
    return WholeSame(a, b, "the same media data in another container");
  }
  for (const auto& [report, name] : {std::pair{&a, "A"}, std::pair{&b, "B"}}) {
    if (report->status == "rejected") {
      c.reason = fmt::format("video {} could not be decoded: {}", name,
                             report->reason);
      return c;
    }
    if (report->samples.empty()) {
      c.reason = fmt::format("video {} has no samples to compare", name);
      return c;
    }
  }
  VideoIndex index;
  // The caller's value outlives the index.
  index.Add("a", std::shared_ptr<const VideoReport>(&a, [](auto*) {}));
  std::vector<VideoMatch> matches = index.Find(b);
  if (!matches.empty()) return std::move(matches.front().comparison);
  c.verdict = VideoVerdict::kDifferent;
  c.reason = "no pictures in common for 3 s or more";
  return c;
}

}  // namespace stemma
