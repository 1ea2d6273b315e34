#include "trace/tree_evidence.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>

#include "trace/compare.h"
#include "trace/normal_form.h"
#include "trace/site_model.h"

namespace stemma {
namespace {

constexpr std::size_t kPhraseWords = 3;

bool SameWords(const NormalText& a, const NormalText& b) {
  return std::ranges::equal(a.tokens, b.tokens, {}, &Token::hash, &Token::hash);
}

double Hours(TimePoint from, TimePoint to) {
  return std::chrono::duration<double, std::ratio<3600>>(to - from).count();
}

// When a publication claims to have appeared, as far as it can be believed: a
// page that was fetched before the moment it claims has a clock or a dateline
// that lies. Midnight to the second is a day without a time.
struct ClaimedDate {
  std::optional<TimePoint> at;
  bool by_day = false;
};

ClaimedDate DateOf(const Publication& publication) {
  ClaimedDate date{publication.published_at,
                   publication.published_precision == Precision::kDay};
  if (!date.at) return date;
  date.by_day =
      date.by_day || date.at->time_since_epoch() % std::chrono::hours(24) ==
                         std::chrono::milliseconds(0);
  if (publication.fetched_at &&
      *date.at > *publication.fetched_at + std::chrono::hours(14)) {
    date.at.reset();
  }
  return date;
}

// One member, read once.
struct Member {
  NormalText text;
  std::vector<std::uint64_t> phrases;  // sorted, without furniture
  std::vector<std::string> credits;    // sites named in furniture
  std::vector<std::string> names;      // sites named elsewhere
  std::vector<std::string> leftovers;  // sites whose furniture it carries
  NormalText title;
  bool title_in_capitals = false;
  std::vector<std::string> title_names;  // sites named in the headline
  ClaimedDate date;
};

bool HasWord(const NormalText& text, std::uint64_t hash) {
  return std::ranges::find(text.tokens, hash, &Token::hash) !=
         text.tokens.end();
}

bool Holds(const std::vector<std::string>& some, std::string_view one) {
  return std::ranges::find(some, one) != some.end();
}

// Whether most words have large letters after their first one.
bool InCapitals(const NormalText& text) {
  std::size_t words = 0;
  std::size_t large = 0;
  for (const Token& token : text.tokens) {
    const std::string_view surface = text.TextOf(token);
    const std::string_view form = text.FormOf(token);
    if (surface.size() < 3 || form.size() != surface.size()) continue;
    ++words;
    large += surface.substr(2) != form.substr(2);
  }
  return words > 0 && 2 * large > words;
}

Member Read(const Publication& publication, const SiteModels& sites) {
  Member member;
  member.text = Normalise(publication.text);
  member.title = Normalise(publication.title);
  member.title_in_capitals = InCapitals(member.title);
  for (const SiteModels::Named& named : sites.PublishersIn(member.title)) {
    if (named.site != publication.site) {
      member.title_names.emplace_back(named.site);
    }
  }
  member.date = DateOf(publication);
  std::vector<bool> furniture(member.text.tokens.size(), false);
  for (const FurnitureRun& run :
       sites.Furniture(publication.site, member.text)) {
    for (std::uint32_t i = run.first_token; i < run.end_token; ++i) {
      furniture[i] = true;
    }
    if (run.reason == FurnitureRun::Reason::kOtherSite && !run.site.empty() &&
        run.site != publication.site) {
      member.leftovers.emplace_back(run.site);
    }
  }
  for (const SiteModels::Named& named : sites.PublishersIn(member.text)) {
    if (named.site == publication.site) continue;
    (furniture[named.token] ? member.credits : member.names)
        .emplace_back(named.site);
  }
  std::vector<std::uint64_t> words;
  for (std::size_t i = 0; i < member.text.tokens.size(); ++i) {
    if (!furniture[i]) words.push_back(member.text.tokens[i].hash);
  }
  for (std::size_t i = 0; i + kPhraseWords <= words.size(); ++i) {
    std::uint64_t hash = 0;
    for (std::size_t k = 0; k < kPhraseWords; ++k) {
      hash = (hash ^ words[i + k]) * 0x9FB21C651E98DF25u;
      hash ^= hash >> 30;
    }
    member.phrases.push_back(hash);
  }
  std::ranges::sort(member.phrases);
  member.phrases.erase(
      std::unique(member.phrases.begin(), member.phrases.end()),
      member.phrases.end());
  return member;
}

// The address without scheme, "www." and a closing slash.
std::string_view Bare(std::string_view url) {
  for (const std::string_view head : {"https://", "http://", "www."}) {
    if (url.starts_with(head)) url.remove_prefix(head.size());
  }
  if (url.ends_with('/')) url.remove_suffix(1);
  return url;
}

bool OnSite(std::string_view url, std::string_view site) {
  url = Bare(url);
  const std::string_view host = url.substr(0, url.find_first_of("/?#:"));
  return !site.empty() &&
         (host == site || (host.size() > site.size() && host.ends_with(site) &&
                           host[host.size() - site.size() - 1] == '.'));
}

// Links of v to u's site: to its front page, and to pages that are not u.
struct SiteLinks {
  bool front = false, other_page = false;
};

SiteLinks LinksToSite(const Publication& v, const Publication& u) {
  SiteLinks links;
  if (u.site == v.site) return links;
  for (const std::string& link : v.links) {
    if (!OnSite(link, u.site) || Bare(link) == Bare(u.url)) continue;
    const bool front = Bare(link).find_first_of("/?#") == std::string::npos;
    (front ? links.front : links.other_page) = true;
  }
  return links;
}

// What v says of u by address, and by claims that article extraction read: a
// source line, a byline, a licence line.
Reference ReferenceTo(const Publication& v, const Publication& u) {
  Reference to;
  const std::string_view address = Bare(u.url);
  for (const SourceClaim& claim : v.claims) {
    to.named = to.named || (u.site != v.site && OnSite(claim.url, u.site));
  }
  if (address.empty() || address == Bare(v.url)) return to;
  const auto is_u = [&](std::string_view url) { return Bare(url) == address; };
  to.canonical = is_u(v.canonical);
  to.linked = std::ranges::any_of(v.links, is_u) ||
              std::ranges::any_of(v.claims, is_u, &SourceClaim::url);
  return to;
}

// The verdict with reference and suspect changing places: what one lacks the
// other has more.
Verdict Reversed(Verdict verdict, long missing, long added) {
  if (verdict != Verdict::kExcerpt && verdict != Verdict::kExtended) {
    return verdict;
  }
  if (missing > 0) return Verdict::kExtended;
  return added > 0 ? Verdict::kExcerpt : verdict;
}

template <class T>
double LogOf(T count) {
  return std::log1p(static_cast<double>(count));
}

class Gatherer {
 public:
  Gatherer(std::span<const Publication> members, const SiteModels* sites)
      : all_(members), sites_(sites ? sites : &own_sites_) {
    // Without an archive the members' own names are all we know.
    for (const Publication& publication : members) {
      own_sites_.Know(publication.site);
    }
  }

  TreeEvidence Run() {
    evidence_.size = all_.size();
    evidence_.edges.resize(all_.size() * all_.size());
    evidence_.compared.resize(all_.size() * all_.size());
    evidence_.roots.resize(all_.size());
    members_.reserve(all_.size());
    for (const Publication& publication : all_) {
      members_.push_back(Read(publication, *sites_));
    }
    CountPhrases();
    ReadReferences();
    for (std::size_t u = 0; u < all_.size(); ++u) {
      for (std::size_t v = u + 1; v < all_.size(); ++v) CompareTexts(u, v);
    }
    for (std::size_t u = 0; u < all_.size(); ++u) {
      for (std::size_t v = 0; v < all_.size(); ++v) {
        if (u != v) Describe(u, v);
      }
    }
    for (std::size_t v = 0; v < all_.size(); ++v) DescribeRoot(v);
    for (Member& member : members_) {
      evidence_.phrases.push_back(std::move(member.phrases));
    }
    return std::move(evidence_);
  }

 private:
  void CountPhrases() {
    for (const Member& member : members_) {
      for (const std::uint64_t phrase : member.phrases) ++holders_[phrase];
    }
  }

  void ReadReferences() {
    for (std::size_t u = 0; u < all_.size(); ++u) {
      for (std::size_t v = 0; v < all_.size(); ++v) {
        Reference to = u == v ? Reference() : ReferenceTo(all_[v], all_[u]);
        to.named = to.named || (all_[u].site != all_[v].site &&
                                Holds(members_[v].credits, all_[u].site));
        evidence_.references.push_back(to);
      }
    }
  }

  void CompareTexts(std::size_t u, std::size_t v) {
    CompareOptions options;
    options.sites = sites_;
    options.with_text = false;
    const Comparison c = Compare(
        ComparedText{&members_[u].text, all_[u].title, all_[u].site},
        ComparedText{&members_[v].text, all_[v].title, all_[v].site}, options);
    const auto count = [&](const char* name) {
      const auto at = c.counts.find(name);
      return at == c.counts.end() ? 0L : static_cast<long>(at->second);
    };
    PairComparison forward;
    forward.verdict = c.verdict;
    forward.coverage_parent = c.coverage_reference;
    forward.coverage_child = c.coverage_suspect;
    const long shared = count("shared_words");
    forward.drops = std::max(0L, count("reference_words") - shared);
    forward.adds = std::max(0L, count("suspect_words") - shared);
    forward.changes = count("critical") + count("minor") +
                      count("moved_blocks") + (count("missing_words") > 0) +
                      (count("added_words") > 0);
    forward.respelled = count("respelled") + count("misread_words");
    forward.regrouped = count("regrouped");
    forward.repointed = count("repointed");
    forward.rewrapped = count("rewrapped");
    forward.reparted = count("reparagraphed");
    PairComparison back = forward;
    std::swap(back.adds, back.drops);
    std::swap(back.coverage_parent, back.coverage_child);
    back.verdict =
        Reversed(c.verdict, count("missing_words"), count("added_words"));
    evidence_.compared[u * all_.size() + v] = forward;
    evidence_.compared[v * all_.size() + u] = back;
  }

  // Phrases of v that u lacks and a third member has; and those that u and v
  // share with few others.
  std::pair<std::size_t, std::size_t> Readings(std::size_t u,
                                               std::size_t v) const {
    const std::vector<std::uint64_t>& theirs = members_[u].phrases;
    std::size_t regained = 0;
    std::size_t shared = 0;
    const auto few =
        std::max<std::uint32_t>(2, static_cast<std::uint32_t>(all_.size() / 3));
    auto at = theirs.begin();
    for (const std::uint64_t phrase : members_[v].phrases) {
      while (at != theirs.end() && *at < phrase) ++at;
      const bool both = at != theirs.end() && *at == phrase;
      const std::uint32_t holders = holders_.at(phrase);
      if (both) {
        shared += holders <= few;
      } else {
        regained += holders >= 2;
      }
    }
    return {regained, shared};
  }

  void Describe(std::size_t u, std::size_t v) {
    EdgeFeatures& f = evidence_.edges[u * all_.size() + v];
    const auto set = [&](EdgeFeature feature, double value) {
      f[static_cast<std::size_t>(feature)] = value;
    };
    const Publication& parent = all_[u];
    const Publication& child = all_[v];
    const PairComparison& texts = evidence_.Compared(u, v);
    set(EdgeFeature::kAdds, LogOf(texts.adds));
    set(EdgeFeature::kDrops, LogOf(texts.drops));
    set(EdgeFeature::kChanges, LogOf(texts.changes));
    set(EdgeFeature::kRespelled, LogOf(texts.respelled));
    set(EdgeFeature::kRegrouped, LogOf(texts.regrouped));
    set(EdgeFeature::kRepointed, LogOf(texts.repointed));
    set(EdgeFeature::kRewrapped, LogOf(texts.rewrapped));
    set(EdgeFeature::kReparted, LogOf(texts.reparted));
    const auto [regained, shared] = Readings(u, v);
    set(EdgeFeature::kRegained, LogOf(regained));
    set(EdgeFeature::kShared, LogOf(shared));

    const bool other_site = parent.site != child.site;
    const Reference& reference = evidence_.Refers(v, u);
    const SiteLinks links = LinksToSite(child, parent);
    set(EdgeFeature::kRefers, reference.any());
    set(EdgeFeature::kLink, reference.linked || reference.canonical);
    set(EdgeFeature::kOtherPage,
        !reference.linked && !reference.canonical && links.other_page);
    set(EdgeFeature::kNames,
        other_site && (links.front || Holds(members_[v].names, parent.site)));
    set(EdgeFeature::kLeftover,
        other_site && Holds(members_[v].leftovers, parent.site));
    const auto [common, other] = ThirdReferences(u, v);
    set(EdgeFeature::kCommonReference, common);
    set(EdgeFeature::kOtherReference, other);
    const auto [kept, foreign] = Leftovers(u, v);
    set(EdgeFeature::kCommonLeftover, kept);
    set(EdgeFeature::kOtherLeftover, foreign);
    DescribeDates(u, v, set);
    DescribeParent(u, v, set);
    DescribeTitles(u, v, set);
    set(EdgeFeature::kSameTitle,
        SameWords(members_[u].title, members_[v].title));
    set(EdgeFeature::kSharedVideo,
        std::ranges::any_of(child.media, [&](const std::string& video) {
          return Holds(parent.media, video);
        }));
  }

  bool Refers(std::size_t from, std::size_t to) const {
    return evidence_.Refers(from, to).any();
  }
  // Third members that v refers to: whether u refers to one of them too, and
  // whether there is one that u does not refer to.
  std::pair<bool, bool> ThirdReferences(std::size_t u, std::size_t v) const {
    bool common = false;
    bool other = false;
    for (std::size_t w = 0; w < all_.size(); ++w) {
      if (w == u || w == v || all_[w].site == all_[u].site) continue;
      if (!Refers(v, w)) continue;
      (Refers(u, w) ? common : other) = true;
    }
    return {common, other};
  }
  std::pair<bool, bool> Leftovers(std::size_t u, std::size_t v) const {
    bool kept = false;
    bool foreign = false;
    for (const std::string& site : members_[v].leftovers) {
      if (site == all_[u].site) continue;
      (Holds(members_[u].leftovers, site) ? kept : foreign) = true;
    }
    return {kept, foreign};
  }

  template <class Set>
  void DescribeDates(std::size_t u, std::size_t v, const Set& set) const {
    const ClaimedDate& parent = members_[u].date;
    const ClaimedDate& child = members_[v].date;
    const auto& fetched = all_[v].fetched_at;
    if (fetched && parent.at && Hours(*fetched, *parent.at) > 0) {
      set(EdgeFeature::kBornLater, 1);
    }
    if (fetched && all_[u].fetched_at &&
        Hours(*fetched, *all_[u].fetched_at) > 1) {
      set(EdgeFeature::kFetchedAfter, 1);
    }
    if (!parent.at || !child.at) {
      set(EdgeFeature::kUndated, 1);
      return;
    }
    const double hours = Hours(*parent.at, *child.at);
    if (hours == 0) {
      set(EdgeFeature::kSameDate, 1);
    } else if (hours < (parent.by_day || child.by_day ? -24.0 : -1.0)) {
      set(EdgeFeature::kDatedAfter, 1);
    } else {
      set(EdgeFeature::kDelay, std::log1p(std::max(0.0, hours)));
    }
  }

  // What makes u a likely source whatever v says: copies are made from the
  // original more often than from a copy.
  template <class Set>
  void DescribeParent(std::size_t u, std::size_t v, const Set& set) const {
    bool copies = false;
    bool earliest = members_[u].date.at.has_value();
    double cited = 0;
    for (std::size_t w = 0; w < all_.size(); ++w) {
      if (w == v) continue;
      if (Refers(v, w)) return;  // it says itself where it is from
      if (w == u) continue;
      copies = copies || Refers(u, w);
      cited += Refers(w, u) ? 1 : 0;
      earliest = earliest && (!members_[w].date.at ||
                              *members_[w].date.at >= *members_[u].date.at);
    }
    set(EdgeFeature::kParentCopies, copies);
    set(EdgeFeature::kParentEarliest, earliest);
    if (all_.size() > 2) {
      set(EdgeFeature::kParentCited,
          cited / static_cast<double>(all_.size() - 2));
    }
  }

  template <class Set>
  void DescribeTitles(std::size_t u, std::size_t v, const Set& set) const {
    const Member& parent = members_[u];
    const Member& child = members_[v];
    const auto kept = static_cast<std::size_t>(std::ranges::count_if(
        parent.title.tokens,
        [&](const Token& word) { return HasWord(child.title, word.hash); }));
    std::size_t regained = 0;
    for (const Token& word : child.title.tokens) {
      if (HasWord(parent.title, word.hash)) continue;
      for (std::size_t w = 0; w < all_.size(); ++w) {
        if (w == u || w == v) continue;
        if (!HasWord(members_[w].title, word.hash)) continue;
        ++regained;
        break;
      }
    }
    set(EdgeFeature::kTitleLost, LogOf(parent.title.tokens.size() - kept));
    set(EdgeFeature::kTitleRegained, LogOf(regained));
    set(EdgeFeature::kTitleUncapped,
        kept > 0 && parent.title_in_capitals && !child.title_in_capitals);
    set(EdgeFeature::kTitleNames,
        all_[u].site != all_[v].site && Holds(child.title_names, all_[u].site));
  }

  void DescribeRoot(std::size_t v) {
    RootFeatures& f = evidence_.roots[v];
    const auto set = [&](RootFeature feature, double value) {
      f[static_cast<std::size_t>(feature)] = value;
    };
    const std::size_t n = all_.size();
    const double others = static_cast<double>(std::max<std::size_t>(1, n - 1));
    std::size_t longest = 1;
    bool earliest = members_[v].date.at.has_value();
    bool first = all_[v].fetched_at.has_value();
    bool refers = false;
    double named = 0;
    double referred = 0;
    for (std::size_t u = 0; u < n; ++u) {
      longest = std::max(longest, members_[u].phrases.size() + 1);
      if (u == v) continue;
      earliest = earliest && (!members_[u].date.at ||
                              *members_[u].date.at >= *members_[v].date.at);
      first = first && (!all_[u].fetched_at ||
                        *all_[u].fetched_at >= *all_[v].fetched_at);
      refers = refers || Refers(v, u);
      named += Holds(members_[u].credits, all_[v].site) ||
               Holds(members_[u].names, all_[v].site);
      referred += Refers(u, v);
    }
    set(RootFeature::kCredits, !members_[v].credits.empty());
    set(RootFeature::kRefers, refers);
    set(RootFeature::kLeftover, !members_[v].leftovers.empty());
    set(RootFeature::kEarliest, earliest);
    set(RootFeature::kUndated, !members_[v].date.at);
    set(RootFeature::kShortness,
        std::log(static_cast<double>(longest) /
                 static_cast<double>(members_[v].phrases.size() + 1)));
    set(RootFeature::kNamedBy, named / others);
    set(RootFeature::kReferredToBy, referred / others);
    set(RootFeature::kFirstFetched, first);
  }

  std::span<const Publication> all_;
  SiteModels own_sites_;
  const SiteModels* sites_;
  std::vector<Member> members_;
  std::unordered_map<std::uint64_t, std::uint32_t> holders_;
  TreeEvidence evidence_;
};

}  // namespace

TreeEvidence GatherEvidence(std::span<const Publication> members,
                            const SiteModels* sites) {
  return Gatherer(members, sites).Run();
}

}  // namespace stemma
