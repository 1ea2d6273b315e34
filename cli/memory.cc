#include "cli/memory.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "archive/archive_reader.h"
#include "archive/index.h"
#include "media/match.h"
#include "media/video_json.h"
#include "trace/compare.h"
#include "trace/families.h"
#include "trace/site_model.h"
#include "trace/text_index.h"

namespace stemma::cli {
namespace {

using Videos = std::vector<std::shared_ptr<const VideoReport>>;

// A stored report is bounded by what a worker may answer.
constexpr std::uint64_t kMaxReportBytes = std::uint64_t{1} << 30;

// Known videos that are compared closely with a new one.
constexpr std::size_t kMostVideos = 3;

TimePoint When(const Publication& p) {
  if (p.published_at) return *p.published_at;
  return p.fetched_at.value_or(TimePoint::max());
}

// For ordering many: by day, exact times before days, then our clock.
auto Order(const Publication& p) {
  const TimePoint when = When(p);
  const bool coarse =
      p.published_at && p.published_precision == Precision::kDay;
  return std::tuple(std::chrono::floor<std::chrono::days>(when), coarse, when,
                    p.fetched_at.value_or(TimePoint::max()));
}

// Which of the two was first: by claimed time; a date without time of day
// cannot decide within its day, there our clock does.
bool IsEarlier(const Publication& a, const Publication& b) {
  const bool same_day = std::chrono::floor<std::chrono::days>(When(a)) ==
                        std::chrono::floor<std::chrono::days>(When(b));
  const bool coarse = a.published_precision == Precision::kDay ||
                      b.published_precision == Precision::kDay;
  if (a.published_at && b.published_at && same_day && coarse) {
    return a.fetched_at.value_or(TimePoint::max()) <=
           b.fetched_at.value_or(TimePoint::max());
  }
  return When(a) <= When(b);
}

int Rank(VideoVerdict verdict) {
  switch (verdict) {
    case VideoVerdict::kSame:
      return 5;
    case VideoVerdict::kReencoded:
      return 4;
    case VideoVerdict::kAltered:
      return 3;
    case VideoVerdict::kSegment:
      return 2;
    case VideoVerdict::kDifferent:
      return 1;
    case VideoVerdict::kNotCompared:
      return 0;
  }
  return 0;
}

bool SharesVideo(const VideoComparison& video) {
  return Rank(video.verdict) >= Rank(VideoVerdict::kSegment);
}

double Covered(const Comparison& c) {
  return std::max(c.coverage_reference, c.coverage_suspect);
}

}  // namespace

VideoComparison CompareVideoSets(const Videos& reference,
                                 const Videos& suspect) {
  VideoComparison best;
  if (reference.empty() || suspect.empty()) {
    best.reason = reference.empty() && suspect.empty()
                      ? "neither side has a video"
                  : reference.empty() ? "the reference has no video"
                                      : "the copy has no video";
    return best;
  }
  for (const auto& a : reference) {
    for (const auto& b : suspect) {
      VideoComparison one = CompareVideos(*a, *b);
      if (best.reason.empty() || Rank(one.verdict) > Rank(best.verdict)) {
        best = std::move(one);
      }
    }
  }
  return best;
}

struct Memory::State {
  std::unique_ptr<ArchiveReader> reader;  // null: no archive yet
  TextIndex texts = TextIndex::InMemory();
  SiteModels sites;
  // Known, but not yet in `sites`: what furniture is, is settled again after
  // each change of the model, which takes as long as all of it.
  std::vector<std::string> unlearned;
  VideoIndex videos;
  std::map<std::string, Publication, std::less<>> known;  // by id
  std::map<std::string, Videos, std::less<>> videos_of;   // by publication id

  Status Learn(const Publication& publication, const Videos& reports) {
    if (known.contains(publication.id)) return {};
    sites.Know(publication.site);
    unlearned.push_back(publication.id);
    if (!texts.Contains(publication.id)) {
      STEMMA_CHECK_OK(texts.Add(publication));
    }
    for (const auto& report : reports) videos.Add(publication.id, report);
    videos_of[publication.id] = reports;
    known[publication.id] = publication;
    return {};
  }

  // Brings the model of sites up to date once more than a share is new.
  void LearnSites(double share) {
    const auto most =
        static_cast<std::size_t>(share * static_cast<double>(known.size()));
    if (unlearned.size() <= most) return;
    for (const std::string& id : std::exchange(unlearned, {})) {
      sites.Add(known[id]);
    }
  }

  // Publications that may share something with this one, each with what its
  // videos say about ours (reference: theirs), where that is known.
  using Seen = std::map<std::string, std::optional<VideoComparison>>;
  Seen Candidates(const Publication& publication, const Videos& reports) const {
    Seen seen;
    for (const TextCandidate& c :
         texts.Query(publication.text, publication.site)) {
      seen[c.id];
    }
    for (const auto& report : reports) {
      for (VideoMatch& match : videos.Find(*report, kMostVideos)) {
        std::optional<VideoComparison>& best = seen[match.id];
        if (!best || Rank(match.comparison.verdict) > Rank(best->verdict)) {
          best = std::move(match.comparison);
        }
      }
    }
    return seen;
  }

  Relative Relate(const Publication& other, const Publication& publication,
                  std::optional<VideoComparison> seen) const {
    Relative relative;
    relative.publication = other;
    relative.earlier = IsEarlier(other, publication);
    CompareOptions options;
    options.sites = &sites;
    const Publication& first = relative.earlier ? other : publication;
    const Publication& second = relative.earlier ? publication : other;
    relative.comparison = Compare(first, second, options);
    // Whether they share pictures is enough to choose by; what exactly is said
    // when it is chosen.
    if (seen) relative.video = *std::move(seen);
    return relative;
  }

  void CompareVideosOf(Relative& relative, const Videos& reports) const {
    const bool known = relative.video.verdict != VideoVerdict::kNotCompared;
    if (relative.earlier && known) return;
    const auto found = videos_of.find(relative.publication.id);
    const Videos none;
    const Videos& theirs = found == videos_of.end() ? none : found->second;
    relative.video = relative.earlier ? CompareVideoSets(theirs, reports)
                                      : CompareVideoSets(reports, theirs);
  }
};

Memory::Memory(std::unique_ptr<State> state) : state_(std::move(state)) {}
Memory::~Memory() = default;

Result<std::unique_ptr<Memory>> Memory::Open(const std::filesystem::path& dir) {
  auto state = std::make_unique<State>();
  Result<std::unique_ptr<ArchiveReader>> reader = ArchiveReader::Open(dir);
  if (!reader) {
    if (reader.error().code() != ErrorCode::kNotFound) {
      return std::move(reader).error();
    }
    return std::unique_ptr<Memory>(new Memory(std::move(state)));
  }
  state->reader = *std::move(reader);
  // The segments are a cache: one that is damaged or not writable is replaced
  // by an index in memory for this run.
  if (Result<TextIndex> texts = TextIndex::Open(dir / "segments"); texts) {
    state->texts = *std::move(texts);
  }
  // Names of all sites first: text that names one is read with that in mind.
  STEMMA_CHECK_OK(state->reader->index().ForEachPublication(
      [&](const PublicationRow& row) -> Status {
        state->sites.Know(row.site);
        return {};
      }));
  auto memory = std::unique_ptr<Memory>(new Memory(std::move(state)));
  STEMMA_CHECK_OK(memory->state_->reader->ForEachPublication(
      [&](const Publication& publication) -> Status {
        STEMMA_TRY(const Videos videos, memory->VideosOf(publication.id));
        return memory->state_->Learn(publication, videos);
      }));
  return memory;
}

Result<std::vector<Relative>> Memory::RelativesOf(
    const Publication& publication, const Videos& videos, std::size_t limit) {
  std::vector<Relative> relatives;
  constexpr double kShare = 1.0 / 32;
  state_->LearnSites(kShare);
  for (auto& [id, seen] : state_->Candidates(publication, videos)) {
    const auto other = state_->known.find(id);
    if (other == state_->known.end() || id == publication.id) continue;
    if (!publication.url.empty() && other->second.url == publication.url) {
      continue;
    }
    Relative relative =
        state_->Relate(other->second, publication, std::move(seen));
    if (relative.comparison.verdict == Verdict::kUnrelated &&
        !SharesVideo(relative.video)) {
      continue;
    }
    relatives.push_back(std::move(relative));
  }
  const auto key = [](const Relative& r) {
    const bool copy = Covered(r.comparison) >= kRepublicationCoverage;
    // Whole per cents: a word more or less does not outweigh being first.
    return std::tuple(!r.earlier, !copy,
                      -static_cast<int>(Covered(r.comparison) * 100),
                      Order(r.publication), r.publication.id);
  };
  std::sort(
      relatives.begin(), relatives.end(),
      [&](const Relative& a, const Relative& b) { return key(a) < key(b); });
  if (relatives.size() > limit) {
    relatives.erase(relatives.begin() + static_cast<std::ptrdiff_t>(limit),
                    relatives.end());
  }
  for (Relative& relative : relatives) {
    state_->CompareVideosOf(relative, videos);
  }
  return relatives;
}

Status Memory::Add(const Publication& publication, const Videos& videos) {
  return state_->Learn(publication, videos);
}

const SiteModels& Memory::sites() const {
  state_->LearnSites(0);
  return state_->sites;
}

Result<Videos> Memory::VideosOf(const std::string& capture_id) {
  if (const auto it = state_->videos_of.find(capture_id);
      it != state_->videos_of.end()) {
    return it->second;
  }
  Videos videos;
  if (!state_->reader) return videos;
  Index& index = state_->reader->index();
  STEMMA_TRY(const std::vector<MediaRow> media, index.MediaOf(capture_id));
  for (const MediaRow& medium : media) {
    STEMMA_TRY(const std::vector<DerivedRow> derived,
               index.DerivedFromPayload(medium.payload_sha256, "video"));
    if (derived.empty()) continue;
    STEMMA_TRY(const StoredRecord record,
               state_->reader->RecordById(derived.front().record_id));
    STEMMA_TRY(const std::string json, record.payload.ReadAll(kMaxReportBytes));
    // A report of an older version that we cannot read is no report.
    if (Result<VideoReport> report = VideoReportFromJson(json); report) {
      videos.push_back(std::make_shared<const VideoReport>(*std::move(report)));
    }
  }
  return videos;
}

Status Memory::Flush() { return state_->texts.Flush(); }

}  // namespace stemma::cli
