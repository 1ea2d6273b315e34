#include "trace/site_model.h"

#include <algorithm>
#include <utility>

#include "archive/durable_file.h"
#include "trace/varint.h"

namespace stemma {
namespace {

constexpr std::uint64_t kPublisherMask = 0x50554253u;
constexpr std::uint64_t kNumberMask = 0x4E554D42u;
constexpr std::size_t kMaxNameTokens = 5;
constexpr std::uint32_t kPhraseWords = 6;
constexpr std::size_t kPhraseSlots = 1u << 22;  // a row
constexpr std::string_view kMagic = "STMSITE1";
constexpr std::uint32_t kMinPart = 4;  // words of furniture inside a sentence

std::uint64_t Combine(std::uint64_t hash, std::uint64_t next) {
  hash = (hash ^ next) * 0x9FB21C651E98DF25u;
  return hash ^ hash >> 32;
}

std::uint64_t HashOfTitle(std::string_view title) {
  std::vector<std::uint64_t> hashes;
  TokenHashes(title, hashes);
  std::uint64_t hash = 1;
  for (const std::uint64_t word : hashes) hash = Combine(hash, word);
  return hash;
}

// "www.globalresearch.ca": "globalresearch", the longest label but the last.
std::string_view NameOfHost(std::string_view host) {
  std::string_view best;
  while (true) {
    const std::size_t dot = host.find('.');
    if (dot == std::string_view::npos) break;
    if (dot > best.size()) best = host.substr(0, dot);
    host.remove_prefix(dot + 1);
  }
  return best.empty() ? host : best;
}

std::vector<std::uint64_t> WordsOf(const NormalText& text,
                                   const Sentence& sentence) {
  std::vector<std::uint64_t> words;
  for (std::uint32_t i = sentence.first_token; i < sentence.end_token; ++i) {
    words.push_back(text.tokens[i].hash);
  }
  return words;
}

// Calls f(hash) for about one 6-word run in four.
template <class F>
void ForPhrases(const NormalText& text, std::uint32_t first, std::uint32_t end,
                const F& f) {
  for (std::uint32_t i = first; i + kPhraseWords <= end; ++i) {
    std::uint64_t hash = 0;
    for (std::uint32_t k = 0; k < kPhraseWords; ++k) {
      hash = Combine(hash, text.tokens[i + k].hash);
    }
    if ((hash & 3) == 0) f(hash >> 2);
  }
}

// A slot of each row.
std::pair<std::size_t, std::size_t> SlotsOf(std::uint64_t phrase) {
  return {phrase & (kPhraseSlots - 1),
          kPhraseSlots + (phrase >> 24 & (kPhraseSlots - 1))};
}

std::uint64_t Triple(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  return Combine(Combine(Combine(0, a), b), c);
}

}  // namespace

void SiteModels::Know(std::string_view site) {
  const std::string_view name = NameOfHost(site);
  if (name.size() < 4) return;
  if (!labels_.emplace(name, site).second) return;
  known_.emplace_back(site);
  for (std::size_t i = 1; i <= name.size(); ++i) {
    label_starts_.emplace(name.substr(0, i));
  }
  const std::size_t dot = site.rfind('.');
  if (dot != std::string_view::npos) tops_.emplace(site.substr(dot + 1));
}

std::uint32_t SiteModels::NumberOf(std::string_view site) {
  const auto [at, added] =
      site_numbers_.emplace(site, static_cast<std::uint32_t>(sites_.size()));
  if (added) sites_.push_back({.name = std::string(site)});
  return at->second;
}

std::optional<std::uint32_t> SiteModels::FindSite(std::string_view site) const {
  const auto at = site_numbers_.find(std::string(site));
  if (at == site_numbers_.end()) return std::nullopt;
  return at->second;
}

std::size_t SiteModels::PublisherAt(const NormalText& text, std::uint32_t token,
                                    std::uint32_t end,
                                    std::string_view* site) const {
  std::string name;
  std::size_t found = 0;
  for (std::uint32_t i = token; i < end && i - token < kMaxNameTokens; ++i) {
    name += text.FormOf(text.tokens[i]);
    if (!label_starts_.contains(name)) break;
    if (const auto at = labels_.find(name); at != labels_.end()) {
      found = i - token + 1;
      if (site) *site = at->second;
    }
  }
  if (found > 0 && token + found < end &&
      tops_.contains(std::string(text.FormOf(text.tokens[token + found])))) {
    ++found;
  }
  return found;
}

SiteModels::Masked SiteModels::Mask(const NormalText& text,
                                    const Sentence& sentence) const {
  Masked masked;
  masked.hash = 0x4D41534Bu;
  for (std::uint32_t i = sentence.first_token; i < sentence.end_token;) {
    if (const std::size_t named = PublisherAt(text, i, sentence.end_token);
        named > 0) {
      masked.names_publisher = true;
      masked.hash = Combine(masked.hash, kPublisherMask);
      i += static_cast<std::uint32_t>(named);
      continue;
    }
    const Token& token = text.tokens[i++];
    const bool number = token.kind == TokenKind::kNumber;
    masked.holds_number = masked.holds_number || number;
    masked.hash = Combine(masked.hash, number ? kNumberMask : token.hash);
    ++masked.other_words;
  }
  return masked;
}

void SiteModels::Add(const Publication& publication) {
  Add(publication.site, publication.title, Normalise(publication.text));
}

void SiteModels::Add(std::string_view site, std::string_view title,
                     const NormalText& text) {
  Know(site);
  ++publications_;
  const std::uint32_t number = NumberOf(site);
  Site& own = sites_[number];
  if (own.publications >= rule_.halve_at) {
    own.publications /= 2;
    ++own.epoch;
  }
  ++own.publications;
  AddSentences(number, static_cast<std::uint32_t>(HashOfTitle(title)), text);
  AddPhrases(text);
  AddWords(text);
}

void SiteModels::AddSentences(std::uint32_t site, std::uint32_t title,
                              const NormalText& text) {
  std::vector<Sighting> sightings;
  std::unordered_map<std::uint64_t, std::size_t> numbers;
  const auto note = [&](std::uint64_t hash, std::size_t i) -> Sighting& {
    const auto [at, added] = numbers.emplace(hash, sightings.size());
    if (added) sightings.emplace_back().sentence = hash;
    const auto neighbour = [&](std::size_t k) {
      return static_cast<std::uint32_t>(text.sentences[k].hash);
    };
    Sighting& sighting = sightings[at->second];
    sighting.between.emplace_back(
        i > 0 ? neighbour(i - 1) : 0,
        i + 1 < text.sentences.size() ? neighbour(i + 1) : 0);
    return sighting;
  };
  std::deque<std::vector<std::uint64_t>> words;
  for (std::size_t i = 0; i < text.sentences.size(); ++i) {
    const Sentence& sentence = text.sentences[i];
    Sighting& whole = note(sentence.hash, i);
    if (sentence.end_token - sentence.first_token > rule_.max_words) {
      whole.counted = false;
      continue;
    }
    if (whole.words.empty()) {
      whole.words = words.emplace_back(WordsOf(text, sentence));
    }
    const Masked masked = Mask(text, sentence);
    if (masked.names_publisher || masked.holds_number) note(masked.hash, i);
    if (masked.names_publisher &&
        masked.other_words <= rule_.source_line_words) {
      ++source_lines_[masked.hash];
    }
  }
  const EpochOf epoch = [this](std::uint32_t n) { return EpochOfSite(n); };
  for (const Sighting& sighting : sightings) {
    book_.Add(sighting, site, title, epoch);
  }
}

void SiteModels::AddPhrases(const NormalText& text) {
  std::vector<std::uint64_t> phrases;
  ForPhrases(text, 0, static_cast<std::uint32_t>(text.tokens.size()),
             [&](std::uint64_t hash) { phrases.push_back(hash); });
  std::ranges::sort(phrases);
  phrases.erase(std::unique(phrases.begin(), phrases.end()), phrases.end());
  if (phrases_.empty()) phrases_.resize(2 * kPhraseSlots);
  for (const std::uint64_t phrase : phrases) {
    const auto [first, second] = SlotsOf(phrase);
    const std::uint8_t least = std::min(phrases_[first], phrases_[second]);
    if (least == 255) continue;
    for (const std::size_t slot : {first, second}) {
      if (phrases_[slot] == least) ++phrases_[slot];
    }
  }
}

void SiteModels::AddWords(const NormalText& text) {
  std::vector<std::uint64_t> words;
  words.reserve(text.tokens.size());
  for (const Token& token : text.tokens) words.push_back(token.hash);
  std::ranges::sort(words);
  words.erase(std::unique(words.begin(), words.end()), words.end());
  for (const std::uint64_t word : words) ++words_[word];
}

// A file may name a site that it does not list.
std::uint32_t SiteModels::EpochOfSite(std::uint32_t site) const {
  return site < sites_.size() ? sites_[site].epoch : 0;
}

std::uint32_t SiteModels::Seen(const Sightings::OnSite& on) const {
  return SeenNow(on, EpochOfSite(on.site));
}

bool SiteModels::IsFurniture(const Sightings::OnSite& on, double share) const {
  return on.titles_known >= rule_.min_titles && on.site < sites_.size() &&
         Seen(on) >= share * sites_[on.site].publications;
}

bool SiteModels::KnowsWell(std::string_view site) const {
  const auto number = FindSite(site);
  return number && sites_[*number].publications >= rule_.min_publications;
}

// Few sentences stand under many titles; all of them are looked at again, but
// not for each publication of a large archive.
void SiteModels::Settle() const {
  if (publications_ < settle_at_) return;
  settle_at_ = publications_ + publications_ / 64 + 1;
  owners_.clear();
  triples_.clear();
  Sightings seen;
  for (const std::uint64_t hash : book_.UnderManyTitles()) {
    if (!book_.Find(hash, seen)) continue;
    bool furniture = false;
    for (const Sightings::OnSite& on : seen.sites) {
      if (!IsFurniture(on, rule_.leftover_share)) continue;
      const Site& site = sites_[on.site];
      if (site.publications < rule_.min_publications) continue;
      furniture = true;
      const auto [at, added] = owners_.emplace(hash, Owner());
      Owner& owner = at->second;
      ++owner.sites;
      // The name that sorts first: the answer must not depend on map order.
      if (added || site.name < sites_[owner.site].name) {
        owner.site = on.site;
        owner.seen = Seen(on);
      }
    }
    if (!furniture) continue;
    for (std::size_t i = 2; i < seen.words.size(); ++i) {
      triples_.insert(
          Triple(seen.words[i - 2], seen.words[i - 1], seen.words[i]));
    }
  }
}

bool SiteModels::JudgeHash(std::optional<std::uint32_t> own, std::uint64_t hash,
                           FurnitureRun& run) const {
  Sightings seen;
  if (own && book_.Find(hash, seen)) {
    const Sightings::OnSite* on = seen.On(*own);
    if (on && IsFurniture(*on, rule_.min_share)) {
      run.reason = FurnitureRun::Reason::kOwnSite;
      run.site = sites_[*own].name;
      run.seen = Seen(*on);
      run.publications = sites_[*own].publications;
      return true;
    }
  }
  const auto owner = owners_.find(hash);
  if (owner == owners_.end()) return false;
  const Site& site = sites_[owner->second.site];
  run.reason = FurnitureRun::Reason::kOtherSite;
  if (owner->second.sites == 1) run.site = site.name;
  run.seen = owner->second.seen;
  run.publications = site.publications;
  return true;
}

bool SiteModels::JudgeWhole(std::optional<std::uint32_t> own,
                            const NormalText& text, const Sentence& sentence,
                            FurnitureRun& run) const {
  if (sentence.end_token - sentence.first_token > rule_.max_words) return false;
  run.first_token = sentence.first_token;
  run.end_token = sentence.end_token;
  if (JudgeHash(own, sentence.hash, run)) return true;
  const Masked masked = Mask(text, sentence);
  if (!masked.names_publisher && !masked.holds_number) return false;
  if (JudgeHash(own, masked.hash, run)) return true;
  if (masked.names_publisher && masked.other_words <= rule_.source_line_words) {
    run.reason = FurnitureRun::Reason::kSourceLine;
    return true;
  }
  return false;
}

// "... in July of 2008 Read more at Lantern Press": where the line begins, or
// the sentence's end.
std::uint32_t SiteModels::SourceLineAtEnd(const NormalText& text,
                                          const Sentence& sentence) const {
  const std::uint32_t end = sentence.end_token;
  std::uint32_t name = end;
  for (std::uint32_t back = 1;
       back <= kMaxNameTokens && back < end - sentence.first_token; ++back) {
    if (PublisherAt(text, end - back, end) == back) name = end - back;
  }
  if (name == end) return end;
  for (std::uint32_t begin = name; begin > sentence.first_token + 1 &&
                                   name - begin < rule_.source_line_words;) {
    --begin;
    const auto at = source_lines_.find(Mask(text, {begin, end, 0}).hash);
    if (at != source_lines_.end() && at->second >= rule_.min_source_lines) {
      return begin;
    }
  }
  return end;
}

void SiteModels::JudgeParts(const NormalText& text, const Sentence& sentence,
                            bool ends_block,
                            std::vector<FurnitureRun>& runs) const {
  const std::uint32_t first = sentence.first_token;
  std::uint32_t end = sentence.end_token;
  if (ends_block) {
    const std::uint32_t line = SourceLineAtEnd(text, sentence);
    if (line < end) {
      FurnitureRun run;
      run.first_token = line;
      run.end_token = end;
      run.reason = FurnitureRun::Reason::kSourceLine;
      runs.push_back(run);
      end = line;
    }
  }
  if (end - first < 4) return;
  std::vector<bool> known(end - first, false);
  for (std::uint32_t i = first + 2; i < end; ++i) {
    if (!triples_.contains(Triple(text.tokens[i - 2].hash,
                                  text.tokens[i - 1].hash,
                                  text.tokens[i].hash))) {
      continue;
    }
    known[i - first] = known[i - first - 1] = known[i - first - 2] = true;
  }
  const auto count =
      static_cast<std::uint32_t>(std::ranges::count(known, true));
  if (count == 0) return;
  const auto add = [&](std::uint32_t from, std::uint32_t to) {
    FurnitureRun run;
    run.first_token = first + from;
    run.end_token = first + to;
    run.reason = FurnitureRun::Reason::kOtherSite;
    runs.push_back(run);
  };
  const std::uint32_t size = end - first;
  if (2 * count >= size && size <= rule_.max_words) {
    add(0, size);
    return;
  }
  std::uint32_t head = 0;
  while (head < size && known[head]) ++head;
  std::uint32_t tail = size;
  while (tail > head && known[tail - 1]) --tail;
  if (head >= kMinPart) add(0, head);
  if (size - tail >= kMinPart) add(tail, size);
}

std::vector<FurnitureRun> SiteModels::Furniture(std::string_view site,
                                                const NormalText& text) const {
  Settle();
  const std::optional<std::uint32_t> own = FindSite(site);
  std::vector<FurnitureRun> runs;
  for (const TextBlock& block : text.blocks) {
    for (std::uint32_t k = block.first_sentence; k < block.end_sentence; ++k) {
      const Sentence& sentence = text.sentences[k];
      FurnitureRun run;
      if (JudgeWhole(own, text, sentence, run)) {
        runs.push_back(run);
      } else {
        JudgeParts(text, sentence, k + 1 == block.end_sentence, runs);
      }
    }
  }
  std::ranges::sort(runs, {}, &FurnitureRun::first_token);
  return runs;
}

std::vector<SiteModels::Named> SiteModels::PublishersIn(
    const NormalText& text) const {
  std::vector<Named> named;
  for (const Sentence& sentence : text.sentences) {
    for (std::uint32_t i = sentence.first_token; i < sentence.end_token;) {
      std::string_view site;
      const std::size_t words = PublisherAt(text, i, sentence.end_token, &site);
      if (words > 0) named.push_back({i, site});
      i += std::max<std::uint32_t>(1, static_cast<std::uint32_t>(words));
    }
  }
  return named;
}

bool SiteModels::IsFormula(const NormalText& text,
                           const Sentence& sentence) const {
  if (HasManyContexts(sentence.hash)) return true;
  const Masked masked = Mask(text, sentence);
  return masked.names_publisher && HasManyContexts(masked.hash);
}

bool SiteModels::IsSeriesText(std::string_view site,
                              const Sentence& sentence) const {
  const std::optional<std::uint32_t> own = FindSite(site);
  Sightings seen;
  if (!own || !book_.Find(sentence.hash, seen)) return false;
  const Sightings::OnSite* on = seen.On(*own);
  return on && on->titles_known >= rule_.min_titles && Seen(*on) > 0;
}

bool SiteModels::HasManyContexts(std::uint64_t sentence) const {
  Sightings seen;
  return book_.Find(sentence, seen) &&
         seen.before.size() >= rule_.formula_contexts &&
         seen.after.size() >= rule_.formula_contexts;
}

std::uint32_t SiteModels::Frequency(const NormalText& text,
                                    std::uint32_t first_token,
                                    std::uint32_t end_token) const {
  if (phrases_.empty()) return 0;
  std::vector<std::uint8_t> counts;
  ForPhrases(text, first_token, end_token, [&](std::uint64_t hash) {
    const auto [first, second] = SlotsOf(hash);
    counts.push_back(std::min(phrases_[first], phrases_[second]));
  });
  if (counts.empty()) return 0;
  const auto middle =
      counts.begin() + static_cast<std::ptrdiff_t>(counts.size() / 2);
  std::ranges::nth_element(counts, middle);
  return *middle;
}

std::uint32_t SiteModels::PublicationsWith(std::uint64_t word) const {
  const auto at = words_.find(word);
  return at == words_.end() ? 0 : at->second;
}

// ---- the file ----
//
//   magic       8 bytes
//   sizes       u64 each: next event, documents, publications, sites, known
//   names, words,
//               source lines, bytes of phrases
//   sites       varint size and name, varint publications, varint epoch
//   known       varint size and name
//   words       u64 hash, varint count, by hash
//   lines       u64 hash, varint count, by hash
//   phrases     for each used slot the varint distance to it and its count
//   book        trace/sentence_book.h

namespace {

constexpr std::size_t kSizes = 8;

using Counts = std::unordered_map<std::uint64_t, std::uint32_t>;

void EncodeCounts(const Counts& counts, std::string& out) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> sorted(counts.begin(),
                                                              counts.end());
  std::ranges::sort(sorted);
  for (const auto& [hash, count] : sorted) {
    PutNumber(hash, 8, out);
    PutVarint(count, out);
  }
}

std::string EncodePhrases(const std::vector<std::uint8_t>& slots) {
  std::string out;
  std::size_t last = 0;
  for (std::size_t slot = 0; slot < slots.size(); ++slot) {
    if (slots[slot] == 0) continue;
    PutVarint(slot - last, out);
    out.push_back(static_cast<char>(slots[slot]));
    last = slot;
  }
  return out;
}

void PutName(std::string_view name, std::string& out) {
  PutVarint(name.size(), out);
  out += name;
}

// Reads no further than the end; what is missing reads as zero.
class Reader {
 public:
  Reader(const unsigned char* at, const unsigned char* end)
      : at_(at), end_(end) {}
  bool done() const { return at_ == end_; }
  std::uint64_t Varint() { return GetVarint(at_, end_); }
  std::uint64_t Number() {
    if (end_ - at_ < 8) {
      at_ = end_;
      return 0;
    }
    at_ += 8;
    return GetNumber(at_ - 8, 8);
  }
  std::string Name() {
    const std::span<const unsigned char> bytes = Bytes(Varint());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::span<const unsigned char> Bytes(std::uint64_t count) {
    const auto size = static_cast<std::size_t>(
        std::min<std::uint64_t>(count, static_cast<std::uint64_t>(end_ - at_)));
    at_ += size;
    return {at_ - size, size};
  }
  std::span<const unsigned char> Rest() {
    return Bytes(static_cast<std::uint64_t>(end_ - at_));
  }

 private:
  const unsigned char* at_;
  const unsigned char* end_;
};

void DecodeCounts(Reader& reader, std::uint64_t count, Counts& counts) {
  for (; count > 0 && !reader.done(); --count) {
    const std::uint64_t hash = reader.Number();
    counts[hash] = static_cast<std::uint32_t>(reader.Varint());
  }
}

}  // namespace

std::string SiteModels::Encode(const Mark& mark) const {
  const std::string phrases = EncodePhrases(phrases_);
  std::string bytes(kMagic);
  for (const std::uint64_t size :
       {mark.next_event, mark.documents, std::uint64_t{publications_},
        std::uint64_t{sites_.size()}, std::uint64_t{known_.size()},
        std::uint64_t{words_.size()}, std::uint64_t{source_lines_.size()},
        std::uint64_t{phrases.size()}}) {
    PutNumber(size, 8, bytes);
  }
  for (const Site& site : sites_) {
    PutName(site.name, bytes);
    PutVarint(site.publications, bytes);
    PutVarint(site.epoch, bytes);
  }
  for (const std::string& name : known_) PutName(name, bytes);
  EncodeCounts(words_, bytes);
  EncodeCounts(source_lines_, bytes);
  bytes += phrases;
  bytes += book_.Encode([this](std::uint32_t n) { return EpochOfSite(n); });
  return bytes;
}

Status SiteModels::Save(const std::filesystem::path& file,
                        const Mark& mark) const {
  return WriteDurably(file, WithDigest(Encode(mark)));
}

Status SiteModels::Decode() {
  const auto corrupt = [&](std::string_view what) {
    return Error(ErrorCode::kCorrupt, file_->name() + ": " + std::string(what));
  };
  Reader reader(file_->data() + CacheFile::kMagic,
                file_->data() + file_->size());
  std::uint64_t sizes[kSizes];
  for (std::uint64_t& size : sizes) size = reader.Number();
  const auto [next_event, documents, publications, sites, known, words, lines,
              phrase_bytes] = sizes;
  mark_ = {next_event, documents};
  publications_ = static_cast<std::uint32_t>(publications);
  for (std::uint64_t k = 0; k < sites && !reader.done(); ++k) {
    const std::string name = reader.Name();
    Site& site = sites_[NumberOf(name)];
    site.publications = static_cast<std::uint32_t>(reader.Varint());
    site.epoch = static_cast<std::uint32_t>(reader.Varint());
  }
  if (sites_.size() != sites) return corrupt("sites are missing or repeated");
  for (std::uint64_t k = 0; k < known && !reader.done(); ++k) {
    Know(reader.Name());
  }
  DecodeCounts(reader, words, words_);
  DecodeCounts(reader, lines, source_lines_);
  if (phrase_bytes > 0) phrases_.resize(2 * kPhraseSlots);
  const std::span<const unsigned char> packed = reader.Bytes(phrase_bytes);
  const unsigned char* const packed_end = packed.data() + packed.size();
  std::uint64_t slot = 0;
  for (const unsigned char* at = packed.data(); at < packed_end;) {
    slot += GetVarint(at, packed_end);
    if (at == packed_end || slot >= phrases_.size()) {
      return corrupt("phrases end early");
    }
    phrases_[static_cast<std::size_t>(slot)] = *at++;
  }
  STEMMA_TRY(book_, SentenceBook::Over(reader.Rest()));
  return {};
}

Result<SiteModels> SiteModels::Load(const std::filesystem::path& file,
                                    const FurnitureRule& rule) {
  SiteModels models(rule);
  STEMMA_TRY(models.file_, CacheFile::Open(file, kMagic));
  STEMMA_CHECK_OK(models.Decode());
  return models;
}

}  // namespace stemma
