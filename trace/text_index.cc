#include "trace/text_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "archive/durable_file.h"
#include "trace/normal_form.h"
#include "trace/segment.h"

namespace stemma {
namespace {

constexpr std::uint64_t kBase = 0x9E3779B97F4A7C15u;  // odd, of the rolling sum
constexpr std::size_t kFresh = 8192;  // postings not yet in a sorted run
constexpr std::uint32_t kNoDocument = DocumentRow::kNoMirror;
constexpr std::size_t kMaxAnswers = 1024;  // mirrors counted
// A shingle on more documents than this is not stored any more: bounds what
// two million near copies cost. Verification then counts it as absent.
constexpr std::size_t kMaxStored = 4096;

std::uint64_t Finish(std::uint64_t h) {
  h ^= h >> 31;
  h *= 0xD6E8FEB86659FD93u;
  return h ^ h >> 32;
}

std::uint64_t HashOfWords(std::span<const std::uint64_t> words) {
  std::uint64_t hash = words.size();
  for (const std::uint64_t word : words) hash = Finish(hash ^ word);
  return hash;
}

}  // namespace

std::vector<std::uint64_t> Sketch(std::span<const std::uint64_t> words,
                                  const TextIndexParameters& parameters) {
  const auto length = static_cast<std::size_t>(parameters.shingle_words);
  const std::size_t window = words.size() < parameters.short_text
                                 ? 1
                                 : static_cast<std::size_t>(parameters.window);
  std::vector<std::uint64_t> sketch;
  if (words.empty()) return sketch;
  if (words.size() <= length) {
    sketch.push_back(HashOfWords(words));
    return sketch;
  }
  std::uint64_t top = 1;  // kBase^(length - 1), the weight of the leaving word
  for (std::size_t k = 1; k < length; ++k) top *= kBase;
  const std::size_t count = words.size() - length + 1;
  std::vector<std::uint64_t> shingles(count);
  std::uint64_t sum = 0;
  for (std::size_t k = 0; k < words.size(); ++k) {
    if (k >= length) sum -= top * words[k - length];
    sum = sum * kBase + words[k];
    if (k + 1 >= length) shingles[k + 1 - length] = Finish(sum);
  }
  // Winnowing: the least of each window, the rightmost of equals; taken anew
  // only when the window's least changes.
  std::size_t least = 0;
  for (std::size_t end = 0; end < count; ++end) {
    const bool left = end >= window && least <= end - window;
    if (end == 0 || shingles[end] <= shingles[least]) {
      least = end;
    } else if (left) {
      least = end + 1 - window;
      for (std::size_t k = least + 1; k <= end; ++k) {
        if (shingles[k] <= shingles[least]) least = k;
      }
    }
    if (end + length <= parameters.opening_words) {
      sketch.push_back(shingles[end]);
    }
    if (end + 1 >= std::min(window, count)) {
      if (sketch.empty() || sketch.back() != shingles[least]) {
        sketch.push_back(shingles[least]);
      }
    }
  }
  std::ranges::sort(sketch);
  sketch.erase(std::unique(sketch.begin(), sketch.end()), sketch.end());
  return sketch;
}

// Postings that are not in a segment yet: sorted runs, each about
// `merge_factor` times as long as the next, and a few fresh ones.
struct Runs {
  std::vector<std::vector<Posting>> runs;
  std::vector<Posting> fresh;
  std::size_t size = 0;

  void Add(std::span<const Posting> sorted, std::size_t factor) {
    size += sorted.size();
    const auto middle = static_cast<std::ptrdiff_t>(fresh.size());
    fresh.insert(fresh.end(), sorted.begin(), sorted.end());
    std::inplace_merge(fresh.begin(), fresh.begin() + middle, fresh.end());
    if (fresh.size() < kFresh) return;
    runs.push_back(std::exchange(fresh, {}));
    while (runs.size() > 1 &&
           runs[runs.size() - 2].size() < factor * runs.back().size()) {
      const std::vector<Posting> last = std::move(runs.back());
      runs.pop_back();
      std::vector<Posting> merged(runs.back().size() + last.size());
      std::ranges::merge(runs.back(), last, merged.begin());
      runs.back() = std::move(merged);
    }
  }
  template <class F>
  void ForEachRun(const F& f) const {
    for (const std::vector<Posting>& run : runs) f(run);
    f(fresh);
  }
  std::vector<Posting> Take() {
    std::vector<Posting> all;
    all.reserve(size);
    ForEachRun([&](const std::vector<Posting>& run) {
      const auto middle = static_cast<std::ptrdiff_t>(all.size());
      all.insert(all.end(), run.begin(), run.end());
      std::inplace_merge(all.begin(), all.begin() + middle, all.end());
    });
    *this = {};
    return all;
  }
};

struct TextIndex::State {
  TextIndexParameters parameters;
  std::filesystem::path directory;  // empty: in memory only
  bool writes = false;

  std::vector<DocumentRow> documents;
  std::unordered_map<std::string, std::uint32_t> by_id;
  std::unordered_map<std::uint64_t, std::uint32_t> by_text;
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> mirrors;
  std::unordered_map<std::string, std::uint32_t> sites;
  std::vector<std::uint32_t> site_of;  // by document

  std::vector<Segment> segments;  // in order of documents
  std::vector<std::filesystem::path> files;
  std::uint32_t flushed = 0;  // documents in segments
  Runs recent;

  void Note(DocumentRow row) {
    const auto number = static_cast<std::uint32_t>(documents.size());
    by_id.emplace(row.id, number);
    if (row.mirror_of == kNoDocument) {
      by_text.emplace(row.text_hash, number);
    } else {
      mirrors[row.mirror_of].push_back(number);
    }
    const auto [site, added] =
        sites.emplace(row.site, static_cast<std::uint32_t>(sites.size()));
    site_of.push_back(site->second);
    documents.push_back(std::move(row));
  }

  Status Load();
  Status WriteSegment(std::span<const Posting> postings, std::uint32_t first,
                      std::uint32_t count);
  Status MergeSegments();
  std::filesystem::path FileOf(std::uint32_t first, std::uint32_t count) const {
    return directory / fmt::format("{:010}-{:010}.seg", first, count);
  }

  // The documents of a hash, at most `limit`; returns whether there are more.
  bool Find(std::uint64_t hash, std::size_t limit,
            std::vector<std::uint32_t>& found) const {
    found.clear();
    std::size_t count = 0;
    for (const Segment& segment : segments) {
      count += segment.Find(hash, limit - std::min(limit, found.size()), found);
      if (count > limit) return true;
    }
    recent.ForEachRun([&](const std::vector<Posting>& run) {
      auto at = std::ranges::lower_bound(run, Posting{hash, 0});
      for (; at != run.end() && at->hash == hash && count <= limit; ++at) {
        ++count;
        if (found.size() < limit) found.push_back(at->document);
      }
    });
    return count > limit;
  }
  bool Holds(std::uint64_t hash, std::uint32_t document) const {
    for (const Segment& segment : segments) {
      if (document < segment.first_document() + segment.documents() &&
          document >= segment.first_document()) {
        return segment.Holds(hash, document);
      }
    }
    bool found = false;
    recent.ForEachRun([&](const std::vector<Posting>& run) {
      found = found || std::ranges::binary_search(run, Posting{hash, document});
    });
    return found;
  }
};

TextIndex::TextIndex(std::unique_ptr<State> state) : state_(std::move(state)) {}
TextIndex::TextIndex(TextIndex&&) noexcept = default;
TextIndex& TextIndex::operator=(TextIndex&&) noexcept = default;
TextIndex::~TextIndex() = default;

TextIndex TextIndex::InMemory(const TextIndexParameters& parameters) {
  auto state = std::make_unique<State>();
  state->parameters = parameters;
  return TextIndex(std::move(state));
}

Result<TextIndex> TextIndex::Open(const std::filesystem::path& directory,
                                  const TextIndexParameters& parameters) {
  auto state = std::make_unique<State>();
  state->parameters = parameters;
  state->directory = directory;
  state->writes = true;
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    return Error(
        ErrorCode::kIo,
        fmt::format("making {}: {}", directory.string(), error.message()));
  }
  STEMMA_CHECK_OK(state->Load());
  return TextIndex(std::move(state));
}

Result<TextIndex> TextIndex::OpenToRead(const std::filesystem::path& directory,
                                        const TextIndexParameters& parameters) {
  // A merge may take files away between the listing and the reading.
  constexpr int kAttempts = 3;
  Status loaded;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto state = std::make_unique<State>();
    state->parameters = parameters;
    state->directory = directory;
    loaded = state->Load();
    if (loaded) return TextIndex(std::move(state));
  }
  return std::move(loaded).error();
}

namespace {

struct SegmentName {
  std::uint32_t first = 0, count = 0;
  std::filesystem::path path;
};

// "0000000000-0000000123.seg"
bool ParseName(const std::filesystem::path& path, SegmentName& name) {
  const std::string stem = path.stem().string();
  if (path.extension() != ".seg" || stem.size() != 21 || stem[10] != '-') {
    return false;
  }
  const auto number = [&](std::size_t at, std::uint32_t& value) {
    const char* begin = stem.data() + at;
    const auto [end, errc] = std::from_chars(begin, begin + 10, value);
    return errc == std::errc() && end == begin + 10;
  };
  name.path = path;
  return number(0, name.first) && number(11, name.count);
}

}  // namespace

Status TextIndex::State::Load() {
  std::vector<SegmentName> names;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(directory, error)) {
    SegmentName name;
    if (ParseName(entry.path(), name)) {
      names.push_back(std::move(name));
    } else if (writes && entry.path().extension() == ".tmp") {
      // A torn write: it never became real.
      std::filesystem::remove(entry.path(), error);
    }
  }
  std::ranges::sort(names, [](const SegmentName& a, const SegmentName& b) {
    return a.first != b.first ? a.first < b.first : a.count > b.count;
  });
  for (const SegmentName& name : names) {
    if (name.first + name.count <= flushed) {
      // A merge was cut short after its result became real.
      if (writes) std::filesystem::remove(name.path, error);
      continue;
    }
    if (name.first != flushed) {
      return Error(ErrorCode::kCorrupt,
                   fmt::format("segments in {}: documents {} to {} are missing;"
                               " delete the folder and run stemma reindex",
                               directory.string(), flushed, name.first));
    }
    STEMMA_TRY(Segment segment, Segment::Open(name.path));
    STEMMA_TRY(std::vector<DocumentRow> rows, segment.Rows());
    for (DocumentRow& row : rows) Note(std::move(row));
    flushed = name.first + name.count;
    segments.push_back(std::move(segment));
    files.push_back(name.path);
  }
  return {};
}

Status TextIndex::Add(const Publication& publication) {
  return Add(publication.id, publication.site, publication.text);
}

Status TextIndex::Add(std::string_view id, std::string_view site,
                      std::string_view text) {
  std::vector<std::uint64_t> words;
  words.reserve(text.size() / 5);
  TokenHashes(text, words);
  return AddWords(id, site, words);
}

Status TextIndex::AddWords(std::string_view id, std::string_view site,
                           std::span<const std::uint64_t> words) {
  State& state = *state_;
  if (state.by_id.contains(std::string(id))) return {};
  DocumentRow row;
  row.id = id;
  row.site = site;
  row.text_hash = HashOfWords(words);
  const auto number = static_cast<std::uint32_t>(state.documents.size());
  if (const auto same = state.by_text.find(row.text_hash);
      same != state.by_text.end()) {
    row.mirror_of = same->second;
    state.Note(std::move(row));
    return {};
  }
  const std::vector<std::uint64_t> sketch = Sketch(words, state.parameters);
  row.sketch_size = static_cast<std::uint32_t>(sketch.size());
  state.Note(std::move(row));
  std::vector<Posting> postings;
  postings.reserve(sketch.size());
  for (const std::uint64_t hash : sketch) {
    postings.push_back({hash >> (64 - kPostingHashBits), number});
  }
  state.recent.Add(postings, state.parameters.merge_factor);
  if (state.writes && state.recent.size >= state.parameters.flush_postings) {
    return Flush();
  }
  return {};
}

Status TextIndex::Flush() {
  State& state = *state_;
  const auto count =
      static_cast<std::uint32_t>(state.documents.size()) - state.flushed;
  if (!state.writes || count == 0) return {};
  const std::vector<Posting> postings = state.recent.Take();
  STEMMA_CHECK_OK(state.WriteSegment(postings, state.flushed, count));
  return state.MergeSegments();
}

Status TextIndex::State::WriteSegment(std::span<const Posting> postings,
                                      std::uint32_t first,
                                      std::uint32_t count) {
  const std::span rows = std::span(documents).subspan(first, count);
  const std::filesystem::path file = FileOf(first, count);
  STEMMA_CHECK_OK(WriteDurably(file, EncodeSegment(postings, first, rows)));
  STEMMA_TRY(Segment segment, Segment::Open(file));
  segments.push_back(std::move(segment));
  files.push_back(file);
  flushed = first + count;
  return {};
}

// The last `merge_factor` segments become one while they are of like size.
Status TextIndex::State::MergeSegments() {
  const std::size_t factor = parameters.merge_factor;
  while (segments.size() >= factor) {
    const std::size_t from = segments.size() - factor;
    std::uint64_t most = 0;
    std::uint64_t total = 0;
    for (std::size_t k = from; k < segments.size(); ++k) {
      most = std::max(most, segments[k].postings());
      total += segments[k].postings();
    }
    if (most * 2 > total + 1) return {};  // one is of the level above
    std::vector<Posting> merged;
    merged.reserve(total);
    for (std::size_t k = from; k < segments.size(); ++k) {
      const auto middle = static_cast<std::ptrdiff_t>(merged.size());
      segments[k].Read(merged);
      std::inplace_merge(merged.begin(), merged.begin() + middle, merged.end());
    }
    // Shingles on very many documents lose the later ones.
    std::size_t same = 0;
    std::erase_if(merged, [&, last = std::uint64_t{~0ull}](
                              const Posting& posting) mutable {
      same = posting.hash == last ? same + 1 : 0;
      last = posting.hash;
      return same >= kMaxStored;
    });
    const std::uint32_t first = segments[from].first_document();
    const std::uint32_t count = flushed - first;
    const std::vector<std::filesystem::path> old(
        files.begin() + static_cast<std::ptrdiff_t>(from), files.end());
    const std::span rows = std::span(documents).subspan(first, count);
    const std::filesystem::path file = FileOf(first, count);
    STEMMA_CHECK_OK(WriteDurably(file, EncodeSegment(merged, first, rows)));
    STEMMA_TRY(Segment segment, Segment::Open(file));
    segments.erase(segments.begin() + static_cast<std::ptrdiff_t>(from),
                   segments.end());
    files.resize(from);
    segments.push_back(std::move(segment));
    files.push_back(file);
    std::error_code ignored;
    for (const auto& path : old) std::filesystem::remove(path, ignored);
  }
  return {};
}

std::vector<TextCandidate> TextIndex::Query(std::string_view text) const {
  std::vector<std::uint64_t> words;
  TokenHashes(text, words);
  return QueryAll(words);
}

std::vector<TextCandidate> TextIndex::QueryAll(
    std::span<const std::uint64_t> words) const {
  std::vector<TextCandidate> found;
  for (const TextCandidate& candidate : QueryWords(words)) {
    const std::size_t left = kMaxAnswers - found.size();
    for (std::string& id : Mirrors(candidate.document, left)) {
      found.push_back(candidate);
      found.back().id = std::move(id);
    }
  }
  return found;
}

std::vector<TextCandidate> TextIndex::QueryWords(
    std::span<const std::uint64_t> words) const {
  const State& state = *state_;
  const TextIndexParameters& limits = state.parameters;
  const std::vector<std::uint64_t> sketch = Sketch(words, limits);
  struct Hits {
    std::uint32_t strong = 0, weak = 0;
  };
  std::unordered_map<std::uint32_t, Hits> hits;
  std::vector<std::uint64_t> common;  // on too many documents to find by
  std::vector<std::uint32_t> found;
  std::vector<std::uint32_t> sites;
  for (const std::uint64_t full : sketch) {
    const std::uint64_t hash = full >> (64 - kPostingHashBits);
    if (state.Find(hash, limits.max_document_frequency, found)) {
      common.push_back(hash);
      continue;
    }
    if (found.empty()) continue;
    sites.clear();
    for (const std::uint32_t document : found) {
      sites.push_back(state.site_of[document]);
    }
    std::ranges::sort(sites);
    bool weak = false;
    for (std::size_t k = limits.site_furniture - 1; k < sites.size(); ++k) {
      weak = weak || sites[k] == sites[k + 1 - limits.site_furniture];
    }
    for (const std::uint32_t document : found) {
      Hits& here = hits[document];
      weak ? ++here.weak : ++here.strong;
    }
  }

  std::vector<TextCandidate> candidates;
  for (const auto& [document, here] : hits) {
    const DocumentRow& row = state.documents[document];
    const bool is_short =
        std::min(sketch.size(), std::size_t{row.sketch_size}) <=
        limits.short_sketch;
    const std::size_t needed = is_short ? 1 : limits.min_hits;
    if (here.strong < needed && here.strong + here.weak < limits.weak_hits) {
      continue;
    }
    TextCandidate candidate;
    candidate.document = document;
    candidate.hits = here.strong + here.weak;
    candidates.push_back(std::move(candidate));
  }
  // The best by what was found; verification costs look-ups.
  const auto better = [](const TextCandidate& a, const TextCandidate& b) {
    return a.hits != b.hits ? a.hits > b.hits : a.document < b.document;
  };
  if (candidates.size() > limits.max_candidates) {
    std::ranges::nth_element(
        candidates,
        candidates.begin() + static_cast<std::ptrdiff_t>(limits.max_candidates),
        better);
    candidates.resize(limits.max_candidates);
  }
  for (TextCandidate& candidate : candidates) {
    const DocumentRow& row = state.documents[candidate.document];
    candidate.id = row.id;
    for (const std::uint64_t hash : common) {
      candidate.hits += state.Holds(hash, candidate.document);
    }
    const auto all = static_cast<double>(candidate.hits);
    candidate.of_query = all / static_cast<double>(sketch.size());
    candidate.of_document = std::min(1.0, all / row.sketch_size);
    candidate.containment = std::max(candidate.of_query, candidate.of_document);
  }
  std::ranges::sort(
      candidates, [](const TextCandidate& a, const TextCandidate& b) {
        return a.containment != b.containment ? a.containment > b.containment
                                              : a.document < b.document;
      });
  return candidates;
}

std::vector<std::string> TextIndex::Mirrors(std::uint32_t number,
                                            std::size_t most) const {
  const State& state = *state_;
  std::vector<std::string> ids;
  if (number >= state.documents.size() || most == 0) return ids;
  const DocumentRow& row = state.documents[number];
  const std::uint32_t first =
      row.mirror_of == kNoDocument ? number : row.mirror_of;
  ids.push_back(state.documents[first].id);
  if (const auto at = state.mirrors.find(first); at != state.mirrors.end()) {
    for (const std::uint32_t mirror : at->second) {
      if (ids.size() == most) break;
      ids.push_back(state.documents[mirror].id);
    }
  }
  return ids;
}

bool TextIndex::Contains(std::string_view id) const {
  return state_->by_id.contains(std::string(id));
}

TextIndexStats TextIndex::Stats() const {
  TextIndexStats stats;
  stats.documents = state_->documents.size();
  for (const DocumentRow& row : state_->documents) {
    stats.texts += row.mirror_of == kNoDocument;
  }
  stats.postings = state_->recent.size;
  stats.segments = state_->segments.size();
  for (const Segment& segment : state_->segments) {
    stats.postings += segment.postings();
    stats.posting_bytes += segment.posting_bytes();
    stats.row_bytes += segment.row_bytes();
  }
  return stats;
}

}  // namespace stemma
