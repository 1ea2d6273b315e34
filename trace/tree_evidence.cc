#include "trace/tree_evidence.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <unordered_map>
#include <utility>

#include "trace/compare.h"
#include "trace/normal_form.h"
#include "trace/site_model.h"

namespace stemma {
namespace {

constexpr std::size_t kPhraseWords = 3;

// One member, read once.
struct Member {
  NormalText text;
  std::vector<std::uint64_t> phrases;  // sorted, without furniture
  std::vector<std::string> credits;    // sites named in furniture
  std::vector<std::string> names;      // sites named elsewhere
  std::vector<std::string> leftovers;  // sites whose furniture it carries
  std::vector<std::uint64_t> title;
};

bool Holds(const std::vector<std::string>& some, std::string_view one) {
  return std::ranges::find(some, one) != some.end();
}

Member Read(const Publication& publication, const SiteModels& sites) {
  Member member;
  member.text = Normalise(publication.text);
  TokenHashes(publication.title, member.title);
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

bool LinksTo(const Publication& v, const Publication& u) {
  if (u.url.empty()) return false;
  return std::ranges::any_of(v.links,
                             [&](const std::string& link) {
                               return Bare(link) == Bare(u.url);
                             }) ||
         std::ranges::any_of(v.claims, [&](const SourceClaim& claim) {
           return Bare(claim.url) == Bare(u.url);
         });
}

bool LinksToSite(const Publication& v, const Publication& u) {
  if (u.site == v.site) return false;
  return std::ranges::any_of(
      v.links, [&](const std::string& link) { return OnSite(link, u.site); });
}

// Whether v says that it has its text from u's site: a source line, a byline, a
// licence line that article extraction read as a claim.
bool ClaimsSite(const Publication& v, const Publication& u) {
  return std::ranges::any_of(v.claims, [&](const SourceClaim& claim) {
    return OnSite(claim.url, u.site);
  });
}

double Hours(TimePoint from, TimePoint to) {
  return std::chrono::duration<double, std::ratio<3600>>(to - from).count();
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
    set(EdgeFeature::kLink, LinksTo(child, parent));
    set(EdgeFeature::kSiteLink,
        !LinksTo(child, parent) && LinksToSite(child, parent));
    set(EdgeFeature::kCanonical, !child.canonical.empty() &&
                                     child.canonical != child.url &&
                                     Bare(child.canonical) == Bare(parent.url));
    set(EdgeFeature::kCredits,
        other_site && (Holds(members_[v].credits, parent.site) ||
                       ClaimsSite(child, parent)));
    set(EdgeFeature::kNames,
        other_site && Holds(members_[v].names, parent.site));
    set(EdgeFeature::kLeftover,
        other_site && Holds(members_[v].leftovers, parent.site));
    const auto [common, other] = Credits(u, v);
    set(EdgeFeature::kCommonCredit, common);
    set(EdgeFeature::kOtherCredit, other);
    const auto [kept, foreign] = Leftovers(u, v);
    set(EdgeFeature::kCommonLeftover, kept);
    set(EdgeFeature::kOtherLeftover, foreign);
    set(EdgeFeature::kLinkBack,
        LinksTo(parent, child) || LinksToSite(parent, child));
    set(EdgeFeature::kCreditsBack,
        other_site && (Holds(members_[u].credits, child.site) ||
                       ClaimsSite(parent, child)));
    set(EdgeFeature::kLeftoverBack,
        other_site && Holds(members_[u].leftovers, child.site));
    DescribeDates(parent, child, set);
    set(EdgeFeature::kSameTitle, members_[u].title == members_[v].title);
    set(EdgeFeature::kSameByline,
        !parent.byline.empty() && parent.byline == child.byline);
    set(EdgeFeature::kSharedVideo,
        std::ranges::any_of(child.media, [&](const std::string& video) {
          return Holds(parent.media, video);
        }));
  }

  bool Refers(std::size_t from, std::size_t to) const {
    return all_[from].site != all_[to].site &&
           (Holds(members_[from].credits, all_[to].site) ||
            ClaimsSite(all_[from], all_[to]) || LinksTo(all_[from], all_[to]));
  }
  // Third members that v refers to: whether u refers to one of them too, and
  // whether there is one that u does not refer to.
  std::pair<bool, bool> Credits(std::size_t u, std::size_t v) const {
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
  static void DescribeDates(const Publication& parent, const Publication& child,
                            const Set& set) {
    if (child.fetched_at && parent.published_at &&
        Hours(*child.fetched_at, *parent.published_at) > 0) {
      set(EdgeFeature::kBornLater, 1);
    }
    if (child.fetched_at && parent.fetched_at &&
        Hours(*child.fetched_at, *parent.fetched_at) > 1) {
      set(EdgeFeature::kFetchedAfter, 1);
    }
    if (!parent.published_at || !child.published_at) {
      set(EdgeFeature::kUndated, 1);
      return;
    }
    const double hours = Hours(*parent.published_at, *child.published_at);
    const bool by_day = parent.published_precision == Precision::kDay ||
                        child.published_precision == Precision::kDay;
    if (hours == 0) {
      set(EdgeFeature::kSameDate, 1);
    } else if (hours < (by_day ? -24.0 : -1.0)) {
      set(EdgeFeature::kDatedAfter, 1);
    } else {
      set(EdgeFeature::kDelay, std::log1p(std::max(0.0, hours)));
    }
  }

  void DescribeRoot(std::size_t v) {
    RootFeatures& f = evidence_.roots[v];
    const auto set = [&](RootFeature feature, double value) {
      f[static_cast<std::size_t>(feature)] = value;
    };
    const std::size_t n = all_.size();
    const double others = static_cast<double>(std::max<std::size_t>(1, n - 1));
    std::size_t longest = 1;
    bool earliest = all_[v].published_at.has_value();
    bool first = all_[v].fetched_at.has_value();
    bool links = false;
    double credited = 0;
    double linked = 0;
    for (std::size_t u = 0; u < n; ++u) {
      longest = std::max(longest, members_[u].phrases.size() + 1);
      if (u == v) continue;
      earliest = earliest && (!all_[u].published_at ||
                              *all_[u].published_at >= *all_[v].published_at);
      first = first && (!all_[u].fetched_at ||
                        *all_[u].fetched_at >= *all_[v].fetched_at);
      links = links || LinksTo(all_[v], all_[u]);
      credited += Holds(members_[u].credits, all_[v].site) ||
                  Holds(members_[u].names, all_[v].site);
      linked += LinksTo(all_[u], all_[v]);
    }
    set(RootFeature::kBias, 1);
    set(RootFeature::kCredits, !members_[v].credits.empty());
    set(RootFeature::kLinks, links);
    set(RootFeature::kLeftover, !members_[v].leftovers.empty());
    set(RootFeature::kEarliest, earliest);
    set(RootFeature::kUndated, !all_[v].published_at);
    set(RootFeature::kShortness,
        std::log(static_cast<double>(longest) /
                 static_cast<double>(members_[v].phrases.size() + 1)));
    set(RootFeature::kCreditedBy, credited / others);
    set(RootFeature::kLinkedBy, linked / others);
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
