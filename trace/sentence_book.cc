#include "trace/sentence_book.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "trace/varint.h"

namespace stemma {
namespace {

// hash 8, site 4, title 4, before 4, after 4, epoch and "counted" 4
constexpr std::size_t kOnceBytes = 28;
// hash 8, offset of the detail 8
constexpr std::size_t kOftenBytes = 16;
constexpr std::size_t kHeader = 32;  // counts of once, often, titled; detail

using Neighbours = std::vector<std::uint32_t>;

void Remember(Neighbours& some, std::uint32_t one) {
  if (some.size() < Sightings::kNeighbours &&
      std::ranges::find(some, one) == some.end()) {
    some.push_back(one);
  }
}

void EncodeDetail(const Sightings& seen, std::string& out) {
  PutVarint(seen.sites.size(), out);
  for (const Sightings::OnSite& on : seen.sites) {
    PutVarint(on.site, out);
    PutVarint(on.epoch, out);
    PutVarint(on.seen, out);
    PutVarint(on.titles_known, out);
    for (std::size_t k = 0; k < on.titles_known; ++k) {
      PutNumber(on.titles[k], 4, out);
    }
  }
  for (const Neighbours* side : {&seen.before, &seen.after}) {
    PutVarint(side->size(), out);
    for (const std::uint32_t one : *side) PutNumber(one, 4, out);
  }
  PutVarint(seen.words.size(), out);
  for (const std::uint64_t word : seen.words) PutNumber(word, 8, out);
}

// Reads no further than `end`, whatever the bytes say.
class DetailReader {
 public:
  DetailReader(const unsigned char* at, const unsigned char* end)
      : at_(at), end_(end) {}

  Sightings Read() {
    Sightings seen;
    for (std::uint64_t left = Count(4); left > 0; --left) {
      Sightings::OnSite on;
      on.site = static_cast<std::uint32_t>(GetVarint(at_, end_));
      on.epoch = static_cast<std::uint32_t>(GetVarint(at_, end_));
      on.seen = static_cast<std::uint32_t>(GetVarint(at_, end_));
      on.titles_known = static_cast<std::uint32_t>(
          std::min<std::uint64_t>(Count(4), Sightings::kTitles));
      for (std::size_t k = 0; k < on.titles_known; ++k) {
        on.titles[k] = static_cast<std::uint32_t>(Number(4));
      }
      seen.sites.push_back(on);
    }
    for (Neighbours* side : {&seen.before, &seen.after}) {
      const std::uint64_t count =
          std::min<std::uint64_t>(Count(4), Sightings::kNeighbours);
      for (std::uint64_t left = count; left > 0; --left) {
        side->push_back(static_cast<std::uint32_t>(Number(4)));
      }
    }
    for (std::uint64_t left = Count(8); left > 0; --left) {
      seen.words.push_back(Number(8));
    }
    return seen;
  }

 private:
  // A count of things of at least `bytes` bytes each, never more than fit.
  std::uint64_t Count(std::size_t bytes) {
    const std::uint64_t count = GetVarint(at_, end_);
    return std::min(count, static_cast<std::uint64_t>(end_ - at_) / bytes);
  }
  std::uint64_t Number(int bytes) {
    if (end_ - at_ < bytes) return 0;
    const std::uint64_t value = GetNumber(at_, bytes);
    at_ += bytes;
    return value;
  }

  const unsigned char* at_;
  const unsigned char* end_;
};

// The entry of `sentence` among `count` of `stride` bytes sorted by hash.
const unsigned char* FindEntry(const unsigned char* entries,
                               std::uint64_t count, std::size_t stride,
                               std::uint64_t sentence) {
  std::uint64_t low = 0;
  std::uint64_t high = count;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    const unsigned char* at = entries + middle * stride;
    const std::uint64_t hash = GetNumber(at, 8);
    if (hash == sentence) return at;
    if (hash < sentence) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return nullptr;
}

template <class Map>
std::vector<std::uint64_t> SortedKeys(const Map& map) {
  std::vector<std::uint64_t> keys;
  keys.reserve(map.size());
  for (const auto& [key, value] : map) keys.push_back(key);
  std::ranges::sort(keys);
  return keys;
}

}  // namespace

const Sightings::OnSite* Sightings::On(std::uint32_t site) const {
  const auto at = std::ranges::find(sites, site, &OnSite::site);
  return at == sites.end() ? nullptr : &*at;
}

std::uint32_t SeenNow(const Sightings::OnSite& on, std::uint32_t epoch) {
  const std::uint32_t halvings = epoch - on.epoch;
  return halvings >= 32 ? 0 : on.seen >> halvings;
}

Sightings SentenceBook::FromOnce(const Once& once) {
  Sightings seen;
  if (once.counted) {
    Sightings::OnSite on;
    on.site = once.site;
    on.epoch = once.epoch;
    on.seen = 1;
    on.titles_known = 1;
    on.titles[0] = once.title;
    seen.sites.push_back(on);
  }
  seen.before.push_back(once.before);
  seen.after.push_back(once.after);
  return seen;
}

SentenceBook::Once SentenceBook::OnceAt(const unsigned char* at) {
  Once once;
  once.site = static_cast<std::uint32_t>(GetNumber(at + 8, 4));
  once.title = static_cast<std::uint32_t>(GetNumber(at + 12, 4));
  once.before = static_cast<std::uint32_t>(GetNumber(at + 16, 4));
  once.after = static_cast<std::uint32_t>(GetNumber(at + 20, 4));
  const std::uint64_t last = GetNumber(at + 24, 4);
  once.counted = (last & 1) != 0;
  once.epoch = static_cast<std::uint32_t>(last >> 1);
  return once;
}

Sightings SentenceBook::OftenAt(std::uint64_t number) const {
  const std::uint64_t offset = std::min(
      GetNumber(base_.often + number * kOftenBytes + 8, 8), base_.detail_size);
  return DetailReader(base_.detail + offset, base_.detail + base_.detail_size)
      .Read();
}

bool SentenceBook::FindInBase(std::uint64_t sentence, Once& once,
                              Sightings& often, bool& is_once) const {
  if (const unsigned char* at =
          FindEntry(base_.once, base_.once_count, kOnceBytes, sentence)) {
    once = OnceAt(at);
    is_once = true;
    return true;
  }
  is_once = false;
  if (const unsigned char* at =
          FindEntry(base_.often, base_.often_count, kOftenBytes, sentence)) {
    often = OftenAt(static_cast<std::uint64_t>(at - base_.often) / kOftenBytes);
    return true;
  }
  return false;
}

bool SentenceBook::Find(std::uint64_t sentence, Sightings& out) const {
  if (const auto at = often_.find(sentence); at != often_.end()) {
    out = at->second;
    return true;
  }
  if (const auto at = once_.find(sentence); at != once_.end()) {
    out = FromOnce(at->second);
    return true;
  }
  Once once;
  bool is_once = false;
  if (!FindInBase(sentence, once, out, is_once)) return false;
  if (is_once) out = FromOnce(once);
  return true;
}

void SentenceBook::Note(std::uint64_t sentence, const Sightings& seen) {
  for (const Sightings::OnSite& on : seen.sites) {
    if (on.titles_known >= Sightings::kTitles) titled_.insert(sentence);
  }
}

void SentenceBook::Add(const Sighting& sighting, std::uint32_t site,
                       std::uint32_t title, const EpochOf& epoch) {
  Sightings seen;
  const bool known = Find(sighting.sentence, seen);
  if (!known && sighting.between.size() == 1) {
    Once once;
    once.site = site;
    once.title = title;
    once.before = sighting.between.front().first;
    once.after = sighting.between.front().second;
    once.epoch = epoch(site);
    once.counted = sighting.counted;
    once_.emplace(sighting.sentence, once);
    return;
  }
  // A site that has forgotten the sentence sees it for the first time.
  std::erase_if(seen.sites, [&](const Sightings::OnSite& on) {
    return SeenNow(on, epoch(on.site)) == 0;
  });
  if (sighting.counted) {
    auto at = std::ranges::find(seen.sites, site, &Sightings::OnSite::site);
    if (at == seen.sites.end()) {
      seen.sites.emplace_back().site = site;
      at = seen.sites.end() - 1;
    } else if (seen.words.empty()) {
      seen.words.assign(sighting.words.begin(), sighting.words.end());
    }
    Sightings::OnSite& on = *at;
    const std::uint32_t now = epoch(site);
    on.seen = SeenNow(on, now) + 1;
    on.epoch = now;
    const auto titles_end = on.titles.begin() + on.titles_known;
    if (on.titles_known < Sightings::kTitles &&
        std::find(on.titles.begin(), titles_end, title) == titles_end) {
      on.titles[on.titles_known++] = title;
    }
  }
  for (const auto& [before, after] : sighting.between) {
    Remember(seen.before, before);
    Remember(seen.after, after);
  }
  Note(sighting.sentence, seen);
  once_.erase(sighting.sentence);
  often_[sighting.sentence] = std::move(seen);
}

std::string SentenceBook::Encode(const EpochOf& epoch) const {
  std::string once_part;
  std::string often_part;
  std::string detail;
  std::uint64_t once_count = 0;
  std::uint64_t often_count = 0;
  const auto lives = [&](const Sightings& seen) {
    return std::ranges::any_of(seen.sites, [&](const Sightings::OnSite& on) {
      return SeenNow(on, epoch(on.site)) > 0;
    });
  };
  const auto put_once = [&](std::uint64_t hash, const Once& once) {
    if (epoch(once.site) != once.epoch) return;  // one, halved
    PutNumber(hash, 8, once_part);
    for (const std::uint32_t n :
         {once.site, once.title, once.before, once.after}) {
      PutNumber(n, 4, once_part);
    }
    PutNumber(once.epoch << 1 | (once.counted ? 1u : 0u), 4, once_part);
    ++once_count;
  };
  const auto put_often = [&](std::uint64_t hash, const Sightings& seen) {
    if (!lives(seen)) return;
    PutNumber(hash, 8, often_part);
    PutNumber(detail.size(), 8, often_part);
    EncodeDetail(seen, detail);
    ++often_count;
  };
  const auto changed = [&](std::uint64_t hash) {
    return once_.contains(hash) || often_.contains(hash);
  };

  const std::vector<std::uint64_t> new_once = SortedKeys(once_);
  auto next = new_once.begin();
  for (std::uint64_t k = 0; k < base_.once_count; ++k) {
    const unsigned char* at = base_.once + k * kOnceBytes;
    const std::uint64_t hash = GetNumber(at, 8);
    for (; next != new_once.end() && *next < hash; ++next) {
      put_once(*next, once_.at(*next));
    }
    if (!changed(hash)) put_once(hash, OnceAt(at));
  }
  for (; next != new_once.end(); ++next) put_once(*next, once_.at(*next));

  const std::vector<std::uint64_t> new_often = SortedKeys(often_);
  next = new_often.begin();
  for (std::uint64_t k = 0; k < base_.often_count; ++k) {
    const std::uint64_t hash = GetNumber(base_.often + k * kOftenBytes, 8);
    for (; next != new_often.end() && *next < hash; ++next) {
      put_often(*next, often_.at(*next));
    }
    if (!changed(hash)) put_often(hash, OftenAt(k));
  }
  for (; next != new_often.end(); ++next) put_often(*next, often_.at(*next));

  std::vector<std::uint64_t> titled;
  Sightings seen;
  for (const std::uint64_t hash : titled_) {
    if (Find(hash, seen) && lives(seen)) titled.push_back(hash);
  }
  std::ranges::sort(titled);

  std::string bytes;
  bytes.reserve(kHeader + once_part.size() + often_part.size() +
                8 * titled.size() + detail.size());
  PutNumber(once_count, 8, bytes);
  PutNumber(often_count, 8, bytes);
  PutNumber(titled.size(), 8, bytes);
  PutNumber(detail.size(), 8, bytes);
  bytes += once_part;
  bytes += often_part;
  for (const std::uint64_t hash : titled) PutNumber(hash, 8, bytes);
  bytes += detail;
  return bytes;
}

Result<SentenceBook> SentenceBook::Over(std::span<const unsigned char> bytes) {
  const auto corrupt = [] {
    return Error(ErrorCode::kCorrupt, "book of sentences: sizes contradict");
  };
  if (bytes.size() < kHeader) return corrupt();
  SentenceBook book;
  Base& base = book.base_;
  base.once_count = GetNumber(bytes.data(), 8);
  base.often_count = GetNumber(bytes.data() + 8, 8);
  const std::uint64_t titled = GetNumber(bytes.data() + 16, 8);
  base.detail_size = GetNumber(bytes.data() + 24, 8);
  std::uint64_t left = bytes.size() - kHeader;
  const auto take = [&left](std::uint64_t count, std::uint64_t each) {
    if (count > left / each) return false;
    left -= count * each;
    return true;
  };
  if (!take(base.once_count, kOnceBytes) ||
      !take(base.often_count, kOftenBytes) || !take(titled, 8) ||
      !take(base.detail_size, 1) || left != 0) {
    return corrupt();
  }
  base.once = bytes.data() + kHeader;
  base.often = base.once + base.once_count * kOnceBytes;
  const unsigned char* titles = base.often + base.often_count * kOftenBytes;
  base.detail = titles + 8 * titled;
  for (std::uint64_t k = 0; k < titled; ++k) {
    book.titled_.insert(GetNumber(titles + 8 * k, 8));
  }
  return book;
}

}  // namespace stemma
