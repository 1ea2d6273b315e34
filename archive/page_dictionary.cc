#include "archive/page_dictionary.h"

#include <zdict.h>

#include <algorithm>
#include <optional>

namespace stemma {
namespace {

constexpr std::size_t kSmallestPage = 1 << 10;
// Of longer pages the beginning: there the template lies.
constexpr std::size_t kLongestSample = 256 << 10;
constexpr std::uint64_t kMostKept = 12 << 20;
// Sites that give each page a folder must not make each page a place.
constexpr std::size_t kPlacesOfHost = 8;
constexpr std::size_t kMostPlaces = 1024;
constexpr std::size_t kMostKinds = 16;
constexpr std::size_t kLongestSmall = 2 << 10;

std::uint64_t SizeWith(FrameEncoder& encoder, std::string_view page) {
  const Result<std::string> frame = encoder.Encode(page);
  return frame ? frame->size() : page.size();
}

// How much is measured. Packing anew has the time; of a capture's it is a
// large part.
struct Effort {
  std::size_t tries;    // pages tried for the first one of a place
  std::size_t asked;    // others of the place that a page is tried on
  std::size_t outside;  // of a place, what the finished dictionary is tried on
  std::size_t statistics;  // bytes
};

Effort EffortFor(const DictionaryOptions& options) {
  if (options.whole) return {2, 4, 4, 2 << 20};
  return {1, 2, 3, 768 << 10};
}

// The pages of one place while a dictionary is chosen.
struct Candidate {
  const PageSamples::Place* place = nullptr;
  std::string host;
  std::vector<std::uint64_t> size;  // with what is inside so far; 0: unknown
  std::vector<bool> inside;
  std::string text;     // of those inside
  double expected = 0;  // bytes of pages this place stands for
  bool done = false;
};

std::string_view HostEnd(std::string_view uri) {
  const std::size_t scheme = uri.find("://");
  const std::size_t from = scheme == std::string_view::npos ? 0 : scheme + 3;
  return uri.substr(0, std::min<std::size_t>(uri.find('/', from), 256));
}

// Of a place: "HOST", "HOST/SEGMENT", both with " KIND" for derived texts.
std::string_view HostOfPlace(std::string_view name) {
  return HostEnd(name.substr(0, std::min(name.find(' '), name.size())));
}

class Chooser {
 public:
  Chooser(const PageSamples& samples, const DictionaryOptions& options)
      : options_(options), places_(samples.Places()) {
    for (const PageSamples::Place& place : places_) {
      if (place.pages.size() < 2 || candidates_.size() == kMeasured) continue;
      Candidate c;
      c.place = &place;
      c.host = HostOfPlace(place.names.front());
      c.size.resize(place.pages.size());
      c.inside.resize(place.pages.size());
      c.expected = static_cast<double>(place.bytes) * options.expect;
      candidates_.push_back(std::move(c));
    }
  }

  // Pages for the dictionary, one after the other: first one of each place,
  // then a second where that still pays, ... One place may have more of them
  // than one of many: each step takes milliseconds.
  const std::string& Choose(std::size_t room) {
    const std::size_t rounds = std::clamp<std::size_t>(
        16 / std::max<std::size_t>(candidates_.size(), 1), 2, 8);
    for (std::size_t round = 0; round < rounds; ++round) {
      for (Candidate& c : candidates_) {
        if (!c.done) c.done = !AddBest(c, round, room);
      }
    }
    return content_;
  }

  // A place is served when a page of its own is inside and others were seen:
  // the one page of a place, say its front page, says nothing of its articles.
  static void NamePlaces(const Candidate& c, PageDictionary& built) {
    const std::vector<std::string>& names = c.place->names;
    if (names.size() == 1 && !c.text.empty()) built.places.insert(names[0]);
  }

  // What the finished dictionary saves.
  double Saved(const ZstdDictionary& finished, PageDictionary& built) const {
    FrameEncoder with = FrameEncoder::After(options_.level, finished.bytes());
    FrameEncoder without = FrameEncoder::After(options_.instead_level,
                                               options_.instead == nullptr
                                                   ? std::string_view()
                                                   : options_.instead->bytes());
    double saved = 0;
    for (const Candidate& c : candidates_) {
      // Pages inside shrink to nothing and speak for themselves only.
      double plain = 0, less = 0, inside_plain = 0, inside_less = 0;
      std::size_t measured = 0;
      for (std::size_t i = 0; i < c.inside.size(); ++i) {
        const bool told = told_.contains(c.place->sources[i]);
        if ((c.inside[i] || told) && !options_.whole) continue;
        if (!c.inside[i] && ++measured > effort_.outside) continue;
        const std::string_view page = c.place->pages[i];
        const double won = static_cast<double>(SizeWith(without, page)) -
                           static_cast<double>(SizeWith(with, page));
        (c.inside[i] ? inside_plain : plain) +=
            static_cast<double>(page.size());
        (c.inside[i] ? inside_less : less) += won;
      }
      saved += inside_less;
      if (plain == 0) continue;
      NamePlaces(c, built);
      saved +=
          less / plain *
          std::max(0.0, static_cast<double>(c.place->bytes) - inside_plain);
    }
    return saved;
  }

 private:
  static constexpr std::size_t kMeasured = 48;
  // Beyond this a second page of a place costs time for little: tables and
  // content outgrow the processor's cache.
  static constexpr std::size_t kRoomForSeconds = 512 << 10;

  // A page that is tried: what it is expected to save as a part of the
  // dictionary, less what it costs there, and what others shrink to.
  struct Try {
    std::size_t page = 0;
    double gain = 0;
    std::vector<std::pair<std::size_t, std::uint64_t>> sizes;
  };

  // True if a page of this place went in.
  bool AddBest(Candidate& c, std::size_t round, std::size_t room) {
    const std::size_t limit = round == 0 ? room : kRoomForSeconds;
    const std::size_t tries = round == 0 ? effort_.tries : 1;
    Try best;
    std::size_t tried = 0;
    for (std::size_t i = 0; i < c.inside.size() && tried < tries; ++i) {
      const std::string_view page = c.place->pages[i];
      if (c.inside[i] || content_.size() + page.size() > limit) continue;
      ++tried;
      if (Try t = Measure(c, i); t.gain > best.gain) best = std::move(t);
    }
    if (best.gain <= 0) return false;
    const std::string_view page = c.place->pages[best.page];
    content_ += page;
    c.text += page;
    of_host_[c.host] += page;
    c.inside[best.page] = true;
    told_.insert(c.place->sources[best.page]);
    for (const auto& [i, size] : best.sizes) c.size[i] = size;
    return true;
  }

  // A dictionary of this place's pages alone stands for the whole one, which
  // takes many times as long to load: pages of other sites hardly help, and
  // what those of the same host do is in the sizes so far.
  Try Measure(Candidate& c, std::size_t i) {
    FrameEncoder with = FrameEncoder::After(
        options_.level, c.text + std::string(c.place->pages[i]));
    Try t;
    t.page = i;
    double saved = 0, plain = 0;
    for (std::size_t q = c.inside.size();
         q-- > 0 && t.sizes.size() < effort_.asked;) {
      if (c.inside[q] || q == i || told_.contains(c.place->sources[q])) {
        continue;
      }
      const std::string_view page = c.place->pages[q];
      const std::uint64_t now = SizeNow(c, q);
      const std::uint64_t then = std::min(now, SizeWith(with, page));
      plain += static_cast<double>(page.size());
      saved += static_cast<double>(now - then);
      t.sizes.emplace_back(q, then);
    }
    if (plain == 0) return t;
    t.gain = saved * c.expected / plain;
    // Of a whole bundle the page's own record shrinks by about its cost.
    if (!options_.whole) t.gain -= static_cast<double>(SizeNow(c, i));
    return t;
  }

  // With the pages of its host that are inside so far.
  std::uint64_t SizeNow(Candidate& c, std::size_t i) {
    if (c.size[i] == 0) {
      const std::string& content = of_host_[c.host];
      if (!so_far_ || so_far_host_ != c.host ||
          so_far_size_ != content.size()) {
        so_far_.emplace(FrameEncoder::After(options_.level, content));
        so_far_host_ = c.host;
        so_far_size_ = content.size();
      }
      c.size[i] = SizeWith(*so_far_, c.place->pages[i]);
    }
    return c.size[i];
  }

  const DictionaryOptions& options_;
  const Effort effort_ = EffortFor(options_);
  std::vector<PageSamples::Place> places_;
  std::vector<Candidate> candidates_;
  std::string content_;
  std::set<std::string_view> told_;             // sources of what is inside
  std::map<std::string, std::string> of_host_;  // content by host
  // The encoder for sizes so far, and what it has loaded.
  std::optional<FrameEncoder> so_far_;
  std::string so_far_host_;
  std::size_t so_far_size_ = 0;
};

}  // namespace

std::string PageSamples::PlaceFor(std::string_view uri) {
  std::string host(HostEnd(uri));
  if (uri.size() <= host.size()) return host;
  const std::string_view path = uri.substr(host.size() + 1);
  const std::size_t end = path.find('/');
  if (end == std::string_view::npos) return host;
  std::string segment(path.substr(0, std::min<std::size_t>(end, 128)));
  std::set<std::string>& known = segments_[host];
  if (!known.contains(segment)) {
    if (known.size() >= kPlacesOfHost) return host;
    known.insert(segment);
  }
  return host + "/" + segment;
}

const std::string& PageSamples::AddPage(std::string_view uri,
                                        std::string_view id,
                                        std::string_view record) {
  const std::string& place = Add(PlaceFor(uri), id, record);
  // What is made of a page follows it soon.
  constexpr std::size_t kMostKnown = 4096;
  if (place_of_.size() >= kMostKnown) place_of_.clear();
  place_of_[std::string(id)] = place;
  return place;
}

bool PageSamples::AddDerived(std::string_view kind, std::string_view of,
                             std::string_view record) {
  const auto page = place_of_.find(std::string(of));
  if (page == place_of_.end()) return false;
  Add(page->second + " " + std::string(kind), of, record);
  return true;
}

const std::string& PageSamples::Add(std::string place, std::string_view source,
                                    std::string_view record) {
  if (places_.size() >= kMostPlaces) {
    places_.clear();
    segments_.clear();
    kept_bytes_ = 0;
  }
  const auto at = places_.try_emplace(std::move(place)).first;
  Kept& kept = at->second;
  kept.bytes += record.size();
  page_bytes_ += record.size();
  if (record.size() < kSmallestPage) return at->first;
  const std::string_view sample = record.substr(0, kLongestSample);
  if (kept.pages.size() < per_place_) {
    kept.pages.push_back(std::make_shared<const std::string>(sample));
    kept.sources.emplace_back(source);
  } else {
    const std::size_t at_slot = kept.next++ % per_place_;
    kept_bytes_ -= kept.pages[at_slot]->size();
    kept.pages[at_slot] = std::make_shared<const std::string>(sample);
    kept.sources[at_slot] = source;
  }
  kept_bytes_ += sample.size();
  if (kept_bytes_ > kMostKept) MakeRoom();
  return at->first;
}

// Takes from the place with the least traffic that has any.
void PageSamples::MakeRoom() {
  while (kept_bytes_ > kMostKept * 3 / 4) {
    Kept* least = nullptr;
    for (auto& [name, kept] : places_) {
      if (kept.pages.empty()) continue;
      if (least == nullptr || kept.bytes < least->bytes) least = &kept;
    }
    if (least == nullptr) return;
    for (const auto& page : least->pages) kept_bytes_ -= page->size();
    least->pages.clear();
    least->sources.clear();
    least->next = 0;
  }
}

void PageSamples::AddSmall(std::string_view kind, std::string_view record) {
  auto at = small_.find(std::string(kind));
  if (at == small_.end()) {
    if (small_.size() >= kMostKinds) return;
    at = small_.try_emplace(std::string(kind)).first;
  }
  Kept& kept = at->second;
  kept.bytes += record.size();
  constexpr std::size_t kPerKind = 2;
  if (kept.pages.size() < kPerKind) {
    kept.pages.push_back(
        std::make_shared<const std::string>(record.substr(0, kLongestSmall)));
  }
}

void PageSamples::ForgetTraffic() {
  for (auto& [name, kept] : places_) kept.bytes = 0;
  page_bytes_ = 0;
}

std::vector<PageSamples::Place> PageSamples::Places() const {
  std::vector<Place> places;
  std::map<std::string, std::size_t> of_host;  // where in `places`
  for (const auto& [name, kept] : places_) {
    if (kept.pages.empty() || kept.bytes == 0) continue;
    std::size_t at = places.size();
    if (kept.pages.size() == 1) {
      const std::size_t kind = std::min(name.find(' '), name.size());
      const std::string host(HostOfPlace(name));
      at = of_host.try_emplace(host + name.substr(kind), at).first->second;
    }
    if (at == places.size()) places.emplace_back();
    Place& place = places[at];
    place.names.push_back(name);
    place.bytes += kept.bytes;
    for (const auto& page : kept.pages) place.pages.push_back(*page);
    place.sources.insert(place.sources.end(), kept.sources.begin(),
                         kept.sources.end());
  }
  std::stable_sort(
      places.begin(), places.end(),
      [](const Place& a, const Place& b) { return a.bytes > b.bytes; });
  return places;
}

std::vector<std::string_view> PageSamples::Small() const {
  std::vector<std::string_view> records;
  for (const auto& [kind, kept] : small_) {
    for (const auto& record : kept.pages) records.push_back(*record);
  }
  return records;
}

Result<PageDictionary> BuildPageDictionary(const PageSamples& samples,
                                           const DictionaryOptions& options) {
  const auto does_not_pay = [] {
    return Error(ErrorCode::kNotFound, "a page dictionary would not pay");
  };
  constexpr std::size_t kRoomForTables = 16 << 10;
  std::string small;
  for (const std::string_view record : samples.Small()) small += record;
  const std::size_t taken = kRoomForTables + small.size();
  if (options.max_bytes <= taken) return does_not_pay();
  Chooser chooser(samples, options);
  std::string content = chooser.Choose(options.max_bytes - taken);
  if (content.empty()) return does_not_pay();
  content += small;

  // Of these only the statistics of what compression leaves are taken.
  const std::size_t most = EffortFor(options).statistics;
  std::string all;
  all.reserve(most + kLongestSample);
  std::vector<std::size_t> sizes;
  for (const PageSamples::Place& place : samples.Places()) {
    for (const std::string_view page : place.pages) {
      if (sizes.size() == 100 || all.size() > most) break;
      all += page;
      sizes.push_back(page.size());
    }
  }
  ZDICT_params_t parameters{};
  parameters.compressionLevel = options.level;
  parameters.dictID = 32768 + options.id % (0x7FFFFFFFU - 32768);
  std::string bytes(content.size() + kRoomForTables, '\0');
  const std::size_t size = ZDICT_finalizeDictionary(
      bytes.data(), bytes.size(), content.data(), content.size(), all.data(),
      sizes.data(), static_cast<unsigned>(sizes.size()), parameters);
  if (ZDICT_isError(size)) return does_not_pay();
  bytes.resize(size);
  PageDictionary built;
  STEMMA_TRY(built.dictionary, ZstdDictionary::FromBytes(std::move(bytes)));
  // Its frame is packed better, which takes longer than all the rest.
  FrameEncoder quick(3, nullptr);
  built.cost = SizeWith(quick, built.dictionary->bytes());
  built.saved = chooser.Saved(*built.dictionary, built);
  return built;
}

}  // namespace stemma
