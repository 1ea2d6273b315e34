#include "cli/memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "archive/archive_reader.h"
#include "archive/index.h"
#include "hash/sha256.h"
#include "media/match.h"
#include "media/video_json.h"
#include "trace/compare.h"
#include "trace/families.h"
#include "trace/misreading.h"
#include "trace/site_model.h"
#include "trace/text_index.h"

namespace stemma::cli {
namespace {

namespace fs = std::filesystem;
using Videos = std::vector<std::shared_ptr<const VideoReport>>;

// Texts kept at hand before the reader is asked to see what was written.
constexpr std::size_t kMaxRecentBytes = 8u << 20;
// So many publications learned when opening are saved for the next one.
constexpr std::size_t kWorthSaving = 64;

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

double Covered(const Comparison& c) {
  return std::max(c.coverage_reference, c.coverage_suspect);
}

// A stored report that we can read; null for one of another version.
Result<std::shared_ptr<const VideoReport>> ReadReport(ArchiveReader& reader,
                                                      const DerivedRow& row) {
  STEMMA_TRY(const StoredRecord record, reader.RecordById(row.record_id));
  STEMMA_TRY(const std::string json, record.payload.ReadAll(kMaxReportBytes));
  Result<VideoReport> report = VideoReportFromJson(json);
  if (!report) return std::shared_ptr<const VideoReport>();
  return std::make_shared<const VideoReport>(*std::move(report));
}

}  // namespace

bool SharesPictures(VideoVerdict verdict) {
  return Rank(verdict) >= Rank(VideoVerdict::kSegment);
}

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

namespace {

// The lock of the segments folder: who holds it may write there.
class SegmentsLock {
 public:
  explicit SegmentsLock(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    file_ =
        ::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file_ >= 0 && ::flock(file_, LOCK_EX | LOCK_NB) != 0) {
      ::close(file_);
      file_ = -1;
    }
  }
  ~SegmentsLock() {
    if (file_ >= 0) ::close(file_);
  }
  SegmentsLock(const SegmentsLock&) = delete;
  SegmentsLock& operator=(const SegmentsLock&) = delete;
  bool held() const { return file_ >= 0; }

 private:
  int file_ = -1;
};

// Everything but the lock itself.
Status RemoveCaches(const fs::path& folder) {
  std::error_code failed;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    if (entry.path().filename() != "lock") files.push_back(entry.path());
  }
  for (const fs::path& file : files) {
    if (!failed) fs::remove(file, failed);
  }
  if (!failed) return {};
  return Error(ErrorCode::kIo, "removing caches in " + folder.string() + ": " +
                                   failed.message());
}

}  // namespace

struct Memory::State {
  explicit State(fs::path dir) : archive(std::move(dir)) {}

  fs::path archive;
  std::optional<SegmentsLock> lock;       // absent: no archive yet
  std::unique_ptr<ArchiveReader> reader;  // null: no archive yet
  TextIndex texts = TextIndex::InMemory();
  SiteModels sites;
  std::uint64_t next_event = 0;  // the first one not learned from the log
  std::size_t learned = 0;       // publications since the caches were saved
  std::vector<std::string> notes;

  // Added since the reader was opened: what it cannot serve yet.
  std::map<std::string, Publication, std::less<>> recent;
  std::size_t recent_bytes = 0;
  // Ids of those that the log's reader will meet again.
  std::unordered_set<std::string> ahead;

  std::optional<VideoIndex> videos;  // read when first asked for
  std::map<std::string, Videos, std::less<>> videos_of;  // by publication id

  fs::path Folder() const { return archive / "segments"; }
  fs::path ModelFile() const { return Folder() / "sites.model"; }
  bool writes() const { return lock && lock->held(); }

  Status OpenCaches(bool anew);
  Status CatchUp();
  Status Refresh();
  Status OpenVideos();
  // A stored report; null and a note when it cannot be read, as one that was
  // erased by decision.
  std::shared_ptr<const VideoReport> Report(const DerivedRow& row);
  Status LearnText(const Publication& publication);
  Result<std::optional<Publication>> Known(const std::string& id);
  Result<std::set<std::string>> FilmsOf(const std::string& id);
  // Publications that may share something with this one, each with what its
  // videos say about ours (reference: theirs), where that is known.
  using Seen = std::map<std::string, std::optional<VideoComparison>>;
  Result<Seen> Candidates(const Publication& publication,
                          const Videos& reports);
  Relative Relate(Publication other, const Publication& publication,
                  std::optional<VideoComparison> seen) const;
};

// The text index and the site models, as far as they were saved. They are
// caches: where one cannot be read, both are learned anew.
Status Memory::State::OpenCaches(bool anew) {
  const auto open = [this] {
    return writes() ? TextIndex::Open(Folder())
                    : TextIndex::OpenToRead(Folder());
  };
  Result<TextIndex> index = open();
  Result<SiteModels> models = SiteModels::Load(ModelFile());
  if (!anew && index && models &&
      index->Stats().documents >= models->mark().documents) {
    texts = *std::move(index);
    sites = *std::move(models);
    next_event = sites.mark().next_event;
    return {};
  }
  if (!writes()) return {};
  STEMMA_CHECK_OK(RemoveCaches(Folder()));
  STEMMA_TRY(texts, open());
  return {};
}

Status Memory::State::LearnText(const Publication& publication) {
  sites.Add(publication);
  ++learned;
  if (texts.Contains(publication.id)) return {};
  return texts.AddWords(publication.id, publication.site,
                        WordsToIndex(publication.text, sites));
}

// Reads what the log says since.
Status Memory::State::CatchUp() {
  // Names of all sites first: text that names one is read with that in mind.
  STEMMA_CHECK_OK(reader->index().ForEachPublication(
      next_event, [this](const PublicationRow& row) -> Status {
        sites.Know(row.site);
        return {};
      }));
  std::uint64_t next = next_event;
  STEMMA_CHECK_OK(reader->index().ForEachPublication(
      next_event, [this, &next](const PublicationRow& row) -> Status {
        next = row.seq + 1;
        if (ahead.erase(row.id) > 0) return {};
        Result<Publication> publication = reader->PublicationById(row.id);
        if (publication) return LearnText(*publication);
        notes.push_back("not compared with: " + publication.error().message());
        return {};
      }));
  next_event = next;
  return {};
}

// Lets the reader see what was written since, and forgets what it now serves.
Status Memory::State::Refresh() {
  STEMMA_TRY(reader, ArchiveReader::Open(archive));
  recent.clear();
  recent_bytes = 0;
  return CatchUp();
}

std::shared_ptr<const VideoReport> Memory::State::Report(
    const DerivedRow& row) {
  auto report = ReadReport(*reader, row);
  if (report) return *std::move(report);
  notes.push_back("not compared with: " + report.error().message());
  return nullptr;
}

// All videos, under the publications they are bound to.
Status Memory::State::OpenVideos() {
  if (videos) return {};
  videos.emplace();
  for (const auto& [id, reports] : videos_of) {
    for (const auto& report : reports) videos->Add(id, report);
  }
  if (!reader) return {};
  std::set<std::string> done;
  return reader->index().ForEachDerived(
      "video", [&](const DerivedRow& row) -> Status {
        if (done.contains(row.of_sha256)) return {};
        const auto report = Report(row);
        if (!report) return {};
        done.insert(row.of_sha256);
        STEMMA_TRY(const std::vector<MediaRow> media,
                   reader->index().MediaWithPayload(row.of_sha256));
        std::set<std::string> owners;
        for (const MediaRow& medium : media) {
          owners.insert(medium.page.empty() ? medium.capture_id : medium.page);
        }
        for (const std::string& owner : owners) {
          if (!videos_of.contains(owner)) videos->Add(owner, report);
        }
        return {};
      });
}

// The publication with this id; none when it is not (or no longer) there.
Result<std::optional<Publication>> Memory::State::Known(const std::string& id) {
  if (const auto at = recent.find(id); at != recent.end()) {
    return std::optional(at->second);
  }
  if (!reader) return std::optional<Publication>();
  Result<Publication> found = reader->PublicationById(id);
  if (found) return std::optional(*std::move(found));
  if (found.error().code() != ErrorCode::kNotFound) {
    notes.push_back("not compared with: " + found.error().message());
  }
  return std::optional<Publication>();
}

// Digests of the videos bound to a publication.
Result<std::set<std::string>> Memory::State::FilmsOf(const std::string& id) {
  std::set<std::string> films;
  if (const auto at = videos_of.find(id); at != videos_of.end()) {
    for (const auto& report : at->second) films.insert(report->payload.Hex());
    return films;
  }
  if (!reader) return films;
  STEMMA_TRY(const std::vector<MediaRow> media, reader->index().MediaOf(id));
  for (const MediaRow& medium : media) {
    films.insert(medium.payload_sha256);
  }
  return films;
}

Result<Memory::State::Seen> Memory::State::Candidates(
    const Publication& publication, const Videos& reports) {
  Seen seen;
  for (const TextCandidate& c :
       texts.QueryAll(WordsToIndex(publication.text, sites))) {
    seen[c.id];
  }
  if (!reports.empty()) STEMMA_CHECK_OK(OpenVideos());
  for (const auto& report : reports) {
    for (VideoMatch& match : videos->Find(*report, kMostVideos)) {
      std::optional<VideoComparison>& best = seen[match.id];
      if (!best || Rank(match.comparison.verdict) > Rank(best->verdict)) {
        best = std::move(match.comparison);
      }
    }
  }
  return seen;
}

Relative Memory::State::Relate(Publication other,
                               const Publication& publication,
                               std::optional<VideoComparison> seen) const {
  Relative relative;
  relative.publication = std::move(other);
  relative.earlier = IsEarlier(relative.publication, publication);
  CompareOptions options;
  options.sites = &sites;
  relative.comparison =
      relative.earlier ? Compare(relative.publication, publication, options)
                       : Compare(publication, relative.publication, options);
  // Whether they share pictures is enough to choose by; what exactly is said
  // when it is chosen.
  if (seen) relative.video = *std::move(seen);
  return relative;
}

Memory::Memory(std::unique_ptr<State> state) : state_(std::move(state)) {}
Memory::~Memory() = default;

Result<std::unique_ptr<Memory>> Memory::Open(const fs::path& dir) {
  return Open(dir, false);
}

Status Memory::Rebuild(const fs::path& dir) {
  STEMMA_TRY(const std::unique_ptr<Memory> memory, Open(dir, true));
  if (!memory->state_->writes()) {
    return Error(ErrorCode::kBusy, "rebuilding " +
                                       memory->state_->Folder().string() +
                                       ": another process writes there");
  }
  return memory->Flush();
}

Status Memory::Forget(const fs::path& dir) {
  const SegmentsLock lock(dir / "segments");
  if (!lock.held()) {
    return Error(ErrorCode::kBusy, "removing caches in " +
                                       (dir / "segments").string() +
                                       ": another process writes there");
  }
  return RemoveCaches(dir / "segments");
}

Result<std::unique_ptr<Memory>> Memory::Open(const fs::path& dir, bool anew) {
  auto state = std::make_unique<State>(dir);
  Result<std::unique_ptr<ArchiveReader>> reader = ArchiveReader::Open(dir);
  if (!reader) {
    if (reader.error().code() != ErrorCode::kNotFound) {
      return std::move(reader).error();
    }
    return std::unique_ptr<Memory>(new Memory(std::move(state)));
  }
  state->reader = *std::move(reader);
  state->lock.emplace(state->Folder());
  STEMMA_CHECK_OK(state->OpenCaches(anew));
  STEMMA_CHECK_OK(state->CatchUp());
  auto memory = std::unique_ptr<Memory>(new Memory(std::move(state)));
  // So that the next one need not read as much again.
  if (memory->state_->learned >= kWorthSaving) {
    STEMMA_CHECK_OK(memory->Flush());
  }
  return memory;
}

Result<bool> Memory::IsSeenAgain(const Publication& a, const Publication& b) {
  if (a.url.empty() || a.url != b.url || a.text_sha256 != b.text_sha256) {
    return false;
  }
  if (a.id == b.id) return true;
  STEMMA_TRY(const std::set<std::string> films, state_->FilmsOf(a.id));
  STEMMA_TRY(const std::set<std::string> others, state_->FilmsOf(b.id));
  return films == others;
}

// `candidates` as publications, each of those that were seen again once: as
// the earliest of its captures.
Result<std::vector<Publication>> Memory::DistinctOf(
    const std::vector<std::string>& candidates) {
  std::vector<Publication> all;
  for (const std::string& id : candidates) {
    STEMMA_TRY(std::optional<Publication> known, state_->Known(id));
    if (known) all.push_back(*std::move(known));
  }
  std::ranges::sort(all, {}, [](const Publication& p) {
    return std::tuple(std::string_view(p.url), BytesOf(p.text_sha256),
                      p.fetched_at.value_or(TimePoint::max()),
                      std::string_view(p.id));
  });
  std::vector<Publication> distinct;
  for (Publication& one : all) {
    if (!distinct.empty()) {
      STEMMA_TRY(const bool again, IsSeenAgain(distinct.back(), one));
      if (again) continue;
    }
    distinct.push_back(std::move(one));
  }
  return distinct;
}

Result<std::vector<Relative>> Memory::RelativesOf(
    const Publication& publication, const Videos& videos, std::size_t limit) {
  std::vector<Relative> relatives;
  STEMMA_TRY(State::Seen candidates, state_->Candidates(publication, videos));
  candidates.erase(publication.id);
  std::vector<std::string> ids;
  for (const auto& [id, seen] : candidates) ids.push_back(id);
  STEMMA_TRY(std::vector<Publication> others, DistinctOf(ids));
  for (Publication& other : others) {
    if (!publication.url.empty() && other.url == publication.url) continue;
    std::optional<VideoComparison> seen = std::move(candidates[other.id]);
    Relative relative =
        state_->Relate(std::move(other), publication, std::move(seen));
    if (relative.comparison.verdict == Verdict::kUnrelated &&
        !SharesPictures(relative.video.verdict)) {
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
    const bool known = relative.video.verdict != VideoVerdict::kNotCompared;
    if (relative.earlier && known) continue;
    STEMMA_TRY(const Videos theirs, VideosOf(relative.publication.id));
    relative.video = relative.earlier ? CompareVideoSets(theirs, videos)
                                      : CompareVideoSets(videos, theirs);
  }
  return relatives;
}

Status Memory::Add(const Publication& publication, const Videos& videos) {
  State& state = *state_;
  if (state.recent.contains(publication.id)) return {};
  state.sites.Know(publication.site);
  STEMMA_CHECK_OK(state.LearnText(publication));
  state.ahead.insert(publication.id);
  state.recent[publication.id] = publication;
  state.recent_bytes += publication.text.size();
  if (!videos.empty()) {
    state.videos_of[publication.id] = videos;
    if (state.videos) {
      for (const auto& report : videos) {
        state.videos->Add(publication.id, report);
      }
    }
  }
  if (state.reader && state.recent_bytes > kMaxRecentBytes) {
    return state.Refresh();
  }
  return {};
}

std::size_t Memory::texts() const { return state_->texts.Stats().documents; }

const SiteModels& Memory::sites() const { return state_->sites; }

Status Memory::NeedArchive() const {
  if (state_->reader) return {};
  return Error(ErrorCode::kNotFound,
               fmt::format("there is no archive in {}; name one with "
                           "--archive, or make one with stemma capture or "
                           "stemma import",
                           state_->archive.string()));
}

const std::vector<std::string>& Memory::notes() const { return state_->notes; }

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
    for (const DerivedRow& row : derived) {
      auto report = state_->Report(row);
      if (!report) continue;
      videos.push_back(std::move(report));
      break;
    }
  }
  return videos;
}

Status Memory::Flush() {
  State& state = *state_;
  if (!state.lock) {  // the archive was made since
    state.lock.emplace(state.Folder());
    STEMMA_CHECK_OK(state.OpenCaches(false));
  }
  if (state.learned == 0 || !state.writes()) return {};
  STEMMA_CHECK_OK(state.Refresh());
  STEMMA_CHECK_OK(state.texts.Flush());
  STEMMA_CHECK_OK(state.sites.Save(
      state.ModelFile(), {state.next_event, state.texts.Stats().documents}));
  state.learned = 0;
  return {};
}

}  // namespace stemma::cli
