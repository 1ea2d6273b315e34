#include <algorithm>
#include <filesystem>
#include <utility>

#include "archive/archive_core.h"
#include "archive/page_dictionary.h"
#include "archive/page_samples.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

}  // namespace

void ArchiveCore::NoteSample(Lane& lane, const RecordDraft& record,
                             const RecordInfo& info, std::string_view content) {
  if (&lane != main_ || options_.dictionary_after == 0) return;
  switch (SampleKindOf(info, record.head)) {
    case SampleKind::kNone:
      return;
    case SampleKind::kDerived:
      if (samples_.AddDerived(info.mime, info.refers_to, content)) {
        lane.page_bytes += content.size();
        return;
      }
      [[fallthrough]];
    case SampleKind::kSmall:
      samples_.AddSmall(info.type + " " + info.mime, content);
      return;
    case SampleKind::kPage:
      break;
  }
  lane.page_bytes += content.size();
  const std::string& place = samples_.AddPage(info.uri, info.id, content);
  if (!next_dictionary_.places.contains(place)) {
    lane.strange_bytes += content.size();
  }
}

DictionaryOptions ArchiveCore::HowToBuild() {
  std::uint8_t id[4];
  FillRandom(id);
  DictionaryOptions how;
  how.max_bytes =
      std::min<std::size_t>(options_.dictionary_bytes, std::size_t{8} << 20);
  how.level = how.instead_level = options_.level;
  how.id = std::uint32_t{id[0]} | std::uint32_t{id[1]} << 8 |
           std::uint32_t{id[2]} << 16 | std::uint32_t{id[3]} << 24;
  return how;
}

// A run begins with a dictionary of the pages of the run before, if as many
// pages again would pay for it: the last run is the best guess at this one.
void ArchiveCore::LearnFromLastRun() {
  if (learned_ || options_.dictionary_after == 0) return;
  learned_ = true;
  const std::vector<fs::path> bundles =
      BundlesOfLastRun(dir_ / "bundles", options_.job);
  const double part = TakeSamples(bundles, samples_);
  if (part == 0) return;
  DictionaryOptions how = HowToBuild();
  how.expect = 1 / part;
  auto built = BuildPageDictionary(samples_, how);
  if (!built ||
      built->saved * how.expect < static_cast<double>(built->cost) * 1.5) {
    return;
  }
  next_dictionary_ = *std::move(built);
}

// A bundle is ended once a better dictionary would already have saved on its
// pages what the next one costs: whatever is still to come, that is at most
// twice what knowing the future would have cost. No capture ever waits.
void ArchiveCore::ConsiderDictionary(std::unique_lock<std::mutex>& lock) {
  const Lane& lane = *main_;
  if (options_.dictionary_after == 0 || lane.retiring) return;
  if (lane.page_bytes < lane.look_at &&
      lane.strange_bytes < lane.look_at_strange) {
    return;
  }
  const bool strangers = lane.strange_bytes >= lane.look_at_strange;
  const std::uint64_t about = strangers ? lane.strange_bytes : lane.page_bytes;
  const auto pages = static_cast<double>(lane.page_bytes);
  const auto strange = static_cast<double>(lane.strange_bytes);
  DictionaryOptions how = HowToBuild();
  const std::string name = lane.name;
  const std::shared_ptr<const ZstdDictionary> instead = lane.dictionary;
  how.instead = instead.get();
  how.expect = 16;                       // runs go on
  const PageSamples samples = samples_;  // shares their bytes
  wait_beyond_ = lane.page_bytes + options_.dictionary_after / 2;
  lock.unlock();
  auto built = BuildPageDictionary(samples, how);
  constexpr double kOfANewBundle = 16 << 10;  // its facts, its name
  // About a twentieth of what the pages in question take: less is not worth
  // the time.
  const double least = static_cast<double>(about) / 100;
  const double price =
      built ? std::max(static_cast<double>(built->cost) + kOfANewBundle, least)
            : 0;
  const bool pays = built && built->saved >= price;
  if (pays) built->dictionary->Frame();  // packs it
  lock.lock();
  wait_beyond_ = ~std::uint64_t{0};
  Lane* const still = Find(name);  // others may have sealed it
  if (still == nullptr) return;
  if (pays) {
    next_dictionary_ = *std::move(built);
    still->retiring = true;
    return;
  }
  // Asked again when it would pay if things go on like this. More pages of
  // places that are in it hardly ever change the answer.
  const double missing = built && built->saved > 0 ? price / built->saved : 3;
  const auto later = [](double bytes) {
    return static_cast<std::uint64_t>(bytes);
  };
  still->look_at =
      std::max(still->look_at, later(pages * std::clamp(missing, 2.0, 8.0)));
  still->look_at_strange = std::max(
      still->look_at_strange, later(strange * std::clamp(missing, 1.25, 2.0)));
}

}  // namespace stemma
