// What is furniture on a site: share bars, pleas for donations, notices.
//
// Nobody writes rules per site; a sentence that stands on many publications of
// one site under different titles is the site's, not the article's. The model
// is learned from the publications themselves and can be cited: for each run it
// says on how many of how many publications it was seen. Sentences rather than
// paragraphs, because house styles join and split paragraphs.
//
// The models are kept in one file beside the text segments, a cache that is
// mapped and not read: opening them costs the same for ten publications and for
// a million. Each site halves its counts every `halve_at` publications, so that
// what it no longer shows is forgotten and the file stops growing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/publication.h"
#include "core/result.h"
#include "trace/cache_file.h"
#include "trace/normal_form.h"
#include "trace/sentence_book.h"

namespace stemma {

// When a sentence counts as furniture. Fitted on the DEV corpus only as far as
// docs/decisions/trace-furniture.md says.
struct FurnitureRule {
  std::uint32_t min_titles = Sightings::kTitles;  // under so many titles
  double min_share = 0.10;       // on this share of the site's publications
  double leftover_share = 0.25;  // to be known as furniture on another site
  std::size_t max_words = 120;   // longer sentences are never furniture
  std::size_t source_line_words = 10;  // a line no longer than this that names
                                       // a publisher is about the publisher
  // A sentence after so many different ones is a formula, not a copy.
  std::size_t formula_contexts = Sightings::kNeighbours;
  std::uint32_t min_source_lines = 3;  // as often a glued source line must
                                       // stand alone elsewhere
  std::uint32_t min_publications = 8;  // fewer: too little seen of a site
  std::uint32_t halve_at = 2048;       // publications of a site
};

// Why a run of tokens was taken for furniture.
struct FurnitureRun {
  std::uint32_t first_token = 0, end_token = 0;
  enum class Reason { kOwnSite, kOtherSite, kSourceLine, kShape } reason;
  std::string_view site;   // whose; the model keeps the bytes alive
  std::uint32_t seen = 0;  // publications of that site with the sentence
  std::uint32_t publications = 0;  // of that site
};

class SiteModels {
 public:
  explicit SiteModels(const FurnitureRule& rule = {}) : rule_(rule) {}
  SiteModels(SiteModels&&) noexcept = default;
  SiteModels& operator=(SiteModels&&) noexcept = default;
  // What Save wrote. kNotFound; kCorrupt: delete it and learn again.
  static Result<SiteModels> Load(const std::filesystem::path& file,
                                 const FurnitureRule& rule = {});
  // How far its writer had read when it was saved.
  struct Mark {
    std::uint64_t next_event = 0;  // of the log: the first one not learned
    std::uint64_t documents = 0;   // in the text index beside it, at least
  };
  // Writes all that is known, durably and in place of what was there.
  Status Save(const std::filesystem::path& file, const Mark& mark) const;
  const Mark& mark() const { return mark_; }

  // Makes a publisher's name known, so that lines naming it can be told.
  // Names known before Add serve best. `site` is a host name.
  void Know(std::string_view site);
  // Learns from one publication; each must be added once. Linear in the text.
  void Add(const Publication& publication);
  void Add(std::string_view site, std::string_view title,
           const NormalText& text);

  // The furniture of a text from `site`, in order, without overlap.
  std::vector<FurnitureRun> Furniture(std::string_view site,
                                      const NormalText& text) const;
  // Publishers named in a text, by name or host: each place once.
  struct Named {
    std::uint32_t token = 0;
    std::string_view site;  // the model keeps the bytes alive
  };
  std::vector<Named> PublishersIn(const NormalText& text) const;
  // Whether a sentence is known to follow many different sentences.
  bool IsFormula(const NormalText& text, const Sentence& sentence) const;
  // Whether a sentence stands under several titles on one site, be it on few of
  // its publications: the closing words of a series, say.
  bool IsSeriesText(std::string_view site, const Sentence& sentence) const;
  // On how many publications the phrases of a passage stand: the median over a
  // sample of its 6-word runs; 0 when the sample is empty.
  std::uint32_t Frequency(const NormalText& text, std::uint32_t first_token,
                          std::uint32_t end_token) const;
  // On how many publications a word stands.
  std::uint32_t PublicationsWith(std::uint64_t word) const;
  std::uint32_t publications() const { return publications_; }
  // Enough seen of `site` to trust what is not furniture there.
  bool KnowsWell(std::string_view site) const;

 private:
  struct Site {
    std::string name;
    std::uint32_t publications = 0;  // as of this epoch
    std::uint32_t epoch = 0;
  };
  // A sentence with publishers' names and numbers masked.
  struct Masked {
    std::uint64_t hash = 0;
    bool names_publisher = false, holds_number = false;
    std::size_t other_words = 0;
  };
  std::uint32_t NumberOf(std::string_view site);
  std::optional<std::uint32_t> FindSite(std::string_view site) const;
  Masked Mask(const NormalText& text, const Sentence& sentence) const;
  std::size_t PublisherAt(const NormalText& text, std::uint32_t token,
                          std::uint32_t end,
                          std::string_view* site = nullptr) const;
  void AddSentences(std::uint32_t site, std::uint32_t title,
                    const NormalText& text);
  void AddPhrases(const NormalText& text);
  void AddWords(const NormalText& text);
  std::uint32_t EpochOfSite(std::uint32_t site) const;
  std::uint32_t Seen(const Sightings::OnSite& on) const;
  bool IsFurniture(const Sightings::OnSite& on, double share) const;
  bool HasManyContexts(std::uint64_t sentence) const;
  bool JudgeHash(std::optional<std::uint32_t> own, std::uint64_t hash,
                 FurnitureRun& run) const;
  bool JudgeWhole(std::optional<std::uint32_t> own, const NormalText& text,
                  const Sentence& sentence, FurnitureRun& run) const;
  void JudgeParts(const NormalText& text, const Sentence& sentence,
                  bool ends_block, std::vector<FurnitureRun>& runs) const;
  std::uint32_t SourceLineAtEnd(const NormalText& text,
                                const Sentence& sentence) const;
  void Settle() const;
  std::string Encode(const Mark& mark) const;
  Status Decode();

  FurnitureRule rule_;
  Mark mark_;
  std::optional<CacheFile> file_;  // what book_ is over
  std::uint32_t publications_ = 0;
  std::deque<Site> sites_;  // by number
  std::unordered_map<std::string, std::uint32_t> site_numbers_;
  std::unordered_map<std::string, std::string> labels_;  // name to site
  std::vector<std::string> known_;  // as told to Know, first to last
  std::unordered_set<std::string> label_starts_, tops_;
  SentenceBook book_;
  std::unordered_map<std::uint64_t, std::uint32_t> words_;
  // How many publications hold a phrase: a count-min sketch of two rows with
  // conservative update (Estan, Varghese 2002). Never too low, seldom too high;
  // counts stop at 255.
  std::vector<std::uint8_t> phrases_;
  // Masked short sentences that name a publisher, and how often they stand.
  std::unordered_map<std::uint64_t, std::uint32_t> source_lines_;

  // Furniture of any site, found again as the archive grows: sentence hash to
  // the site it is furniture on.
  struct Owner {
    std::uint32_t site = 0, seen = 0;
    int sites = 0;
  };
  mutable std::uint32_t settle_at_ = 0;  // when there are so many publications
  mutable std::unordered_map<std::uint64_t, Owner> owners_;
  // Every three words in a row of such sentences: finds furniture with a
  // misread letter, and furniture run into a sentence of the article.
  mutable std::unordered_set<std::uint64_t> triples_;
};

}  // namespace stemma
