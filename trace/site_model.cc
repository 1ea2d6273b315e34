#include "trace/site_model.h"

#include <algorithm>
#include <utility>

#include "trace/word_lists.h"

namespace stemma {
namespace {

constexpr std::uint64_t kPublisherMask = 0x50554253u;
constexpr std::uint64_t kNumberMask = 0x4E554D42u;
constexpr std::size_t kMaxNameTokens = 5;
constexpr std::uint32_t kPhraseWords = 6;
constexpr std::size_t kPhraseSlots = 1u << 24;
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

// Calls f(slot) for about one 6-word run in four.
template <class F>
void ForPhrases(const NormalText& text, std::uint32_t first, std::uint32_t end,
                const F& f) {
  for (std::uint32_t i = first; i + kPhraseWords <= end; ++i) {
    std::uint64_t hash = 0;
    for (std::uint32_t k = 0; k < kPhraseWords; ++k) {
      hash = Combine(hash, text.tokens[i + k].hash);
    }
    if ((hash & 3) == 0) f(hash >> 2 & (kPhraseSlots - 1));
  }
}

std::uint64_t Triple(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  return Combine(Combine(Combine(0, a), b), c);
}

}  // namespace

void SiteModels::Know(std::string_view site) {
  const std::string_view name = NameOfHost(site);
  if (name.size() < 4) return;
  if (!labels_.emplace(name, site).second) return;
  for (std::size_t i = 1; i <= name.size(); ++i) {
    label_starts_.emplace(name.substr(0, i));
  }
  const std::size_t dot = site.rfind('.');
  if (dot != std::string_view::npos) tops_.emplace(site.substr(dot + 1));
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

void SiteModels::Remember(std::vector<std::uint64_t>& some,
                          std::uint64_t one) const {
  if (some.size() < rule_.formula_contexts &&
      std::ranges::find(some, one) == some.end()) {
    some.push_back(one);
  }
}

void SiteModels::Add(const Publication& publication) {
  Add(publication.site, publication.title, Normalise(publication.text));
}

void SiteModels::Add(std::string_view site, std::string_view title,
                     const NormalText& text) {
  Know(site);
  settled_ = false;
  ++publications_;
  Site& own = sites_[std::string(site)];
  if (own.name.empty()) own.name = site;
  ++own.publications;
  const std::uint64_t title_hash = HashOfTitle(title);

  std::vector<std::uint64_t> seen;
  for (std::size_t i = 0; i < text.sentences.size(); ++i) {
    const Sentence& sentence = text.sentences[i];
    Context& context = contexts_[sentence.hash];
    Remember(context.before, i > 0 ? text.sentences[i - 1].hash : 0);
    Remember(context.after,
             i + 1 < text.sentences.size() ? text.sentences[i + 1].hash : 0);
    if (sentence.end_token - sentence.first_token > rule_.max_words) continue;
    seen.push_back(sentence.hash);
    if (const auto at = own.sentences.find(sentence.hash);
        at != own.sentences.end() && at->second.words.empty()) {
      at->second.words = WordsOf(text, sentence);
    }
    const Masked masked = Mask(text, sentence);
    if (masked.names_publisher) {
      Context& alike = contexts_[masked.hash];
      Remember(alike.before, i > 0 ? text.sentences[i - 1].hash : 0);
      Remember(alike.after,
               i + 1 < text.sentences.size() ? text.sentences[i + 1].hash : 0);
    }
    if (masked.names_publisher &&
        masked.other_words <= rule_.source_line_words) {
      ++source_lines_[masked.hash];
    }
    if (masked.names_publisher || masked.holds_number) {
      seen.push_back(masked.hash);
    }
  }
  std::ranges::sort(seen);
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  for (const std::uint64_t hash : seen) {
    Count& count = own.sentences[hash];
    ++count.seen;
    if (count.titles.size() < rule_.min_titles &&
        std::ranges::find(count.titles, title_hash) == count.titles.end()) {
      count.titles.push_back(title_hash);
    }
  }

  std::vector<std::uint64_t> phrases;
  ForPhrases(text, 0, static_cast<std::uint32_t>(text.tokens.size()),
             [&](std::uint64_t slot) { phrases.push_back(slot); });
  std::ranges::sort(phrases);
  phrases.erase(std::unique(phrases.begin(), phrases.end()), phrases.end());
  if (phrases_.empty()) phrases_.resize(kPhraseSlots);
  for (const std::uint64_t slot : phrases) {
    if (phrases_[slot] < 255) ++phrases_[slot];
  }

  std::vector<std::uint64_t> words;
  words.reserve(text.tokens.size());
  for (const Token& token : text.tokens) words.push_back(token.hash);
  std::ranges::sort(words);
  words.erase(std::unique(words.begin(), words.end()), words.end());
  for (const std::uint64_t word : words) ++words_[word];
}

bool SiteModels::IsFurniture(const Site& site, const Count& count,
                             double share) const {
  return count.titles.size() >= rule_.min_titles &&
         count.seen >= share * site.publications;
}

const SiteModels::Site* SiteModels::SiteOf(std::string_view site) const {
  const auto at = sites_.find(std::string(site));
  return at == sites_.end() ? nullptr : &at->second;
}

bool SiteModels::KnowsWell(std::string_view site) const {
  const Site* own = SiteOf(site);
  return own && own->publications >= rule_.min_publications;
}

void SiteModels::Settle() const {
  if (settled_) return;
  owners_.clear();
  triples_.clear();
  for (const auto& [name, site] : sites_) {
    if (site.publications < rule_.min_publications) continue;
    for (const auto& [hash, count] : site.sentences) {
      if (!IsFurniture(site, count, rule_.leftover_share)) continue;
      for (std::size_t i = 2; i < count.words.size(); ++i) {
        triples_.insert(
            Triple(count.words[i - 2], count.words[i - 1], count.words[i]));
      }
      Owner& owner = owners_[hash];
      ++owner.sites;
      // The name that sorts first: the answer must not depend on map order.
      if (!owner.site || site.name < owner.site->name) {
        owner.site = &site;
        owner.seen = count.seen;
      }
    }
  }
  settled_ = true;
}

bool SiteModels::JudgeHash(const Site* own, std::uint64_t hash,
                           FurnitureRun& run) const {
  if (own) {
    const auto at = own->sentences.find(hash);
    if (at != own->sentences.end() &&
        IsFurniture(*own, at->second, rule_.min_share)) {
      run.reason = FurnitureRun::Reason::kOwnSite;
      run.site = own->name;
      run.seen = at->second.seen;
      run.publications = own->publications;
      return true;
    }
  }
  const auto owner = owners_.find(hash);
  if (owner == owners_.end()) return false;
  run.reason = FurnitureRun::Reason::kOtherSite;
  if (owner->second.sites == 1) run.site = owner->second.site->name;
  run.seen = owner->second.seen;
  run.publications = owner->second.site->publications;
  return true;
}

bool SiteModels::JudgeWhole(const Site* own, const NormalText& text,
                            const Sentence& sentence, FurnitureRun& run) const {
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
  const Site* own = SiteOf(site);
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
  const Site* own = SiteOf(site);
  if (!own) return false;
  const auto at = own->sentences.find(sentence.hash);
  return at != own->sentences.end() &&
         at->second.titles.size() >= rule_.min_titles;
}

bool SiteModels::HasManyContexts(std::uint64_t sentence) const {
  const auto at = contexts_.find(sentence);
  return at != contexts_.end() &&
         at->second.before.size() >= rule_.formula_contexts &&
         at->second.after.size() >= rule_.formula_contexts;
}

std::uint32_t SiteModels::Frequency(const NormalText& text,
                                    std::uint32_t first_token,
                                    std::uint32_t end_token) const {
  if (phrases_.empty()) return 0;
  std::vector<std::uint8_t> counts;
  ForPhrases(text, first_token, end_token,
             [&](std::uint64_t slot) { counts.push_back(phrases_[slot]); });
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

}  // namespace stemma
