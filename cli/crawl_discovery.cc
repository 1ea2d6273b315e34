#include "cli/crawl_discovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "cli/memory.h"
#include "fetch/trap.h"

namespace stemma::cli {
namespace {

NewAddress Seed(const Url& url, AddressKind kind, int priority,
                std::string_view found_by) {
  NewAddress address;
  address.url = url;
  address.kind = kind;
  address.priority = priority;
  address.found_by = found_by;
  return address;
}

int PriorityOf(LinkKind kind, int depth) {
  switch (kind) {
    case LinkKind::kNext:
    case LinkKind::kCanonical:
    case LinkKind::kRefresh:
      return kPriorityNext;
    default:
      return kPriorityLink + 10 * depth;
  }
}

// Links a crawl goes along; the rest says something about the page only.
bool IsFollowed(LinkKind kind) {
  switch (kind) {
    case LinkKind::kAnchor:
    case LinkKind::kCanonical:
    case LinkKind::kAmp:
    case LinkKind::kNext:
    case LinkKind::kPrev:
    case LinkKind::kFrame:
    case LinkKind::kRefresh:
      return true;
    case LinkKind::kFeed:
    case LinkKind::kAlternate:
    case LinkKind::kShortlink:
      return false;
  }
  return false;
}

void DiscoverLinks(const Job& job, const Address& from,
                   const CaptureReport& report, TimePoint now,
                   const SeenLinks& seen, Discovered* out) {
  if (report.found.nofollow && job.robots == RobotsRule::kObey) {
    out->left_out["the page says nofollow"] += report.found.links.size();
    return;
  }
  // What lies off the scope is kept when something leads there, but leads
  // nowhere itself.
  if (!job.InScope(report.final_url)) return;
  for (const PageLink& link : report.found.links) {
    if (!IsFollowed(link.kind)) continue;
    NewAddress address;
    address.depth = from.depth + 1;
    address.priority = PriorityOf(link.kind, address.depth);
    if (seen.Has(link.url, address.depth, address.priority)) continue;
    const Result<Url> url = Url::Parse(link.url);
    if (!url) continue;
    address.via = from.url;
    address.found_by = NameOf(link.kind);
    Consider(job, *url, std::move(address), now, out);
  }
  if (report.found.links_left_out > 0) {
    out->left_out["beyond the limit of links in one page"] +=
        report.found.links_left_out;
  }
}

// The sources a copy names, and earlier relatives the archive knows: looked at
// once more, since what they said at this moment is what the copy is measured
// against.
void DiscoverOriginals(const Job& job, const Address& from,
                       const CaptureReport& report, TimePoint now,
                       Discovered* out) {
  if (!job.follow_original || from.found_by == "original") return;
  std::set<std::string> named;
  const auto add = [&](const std::string& text) {
    const Result<Url> url = Url::Parse(text);
    if (!url || !url->IsHttp() || url->host().empty() ||
        TrapReason(*url, now) || url->path() == "/" ||
        AddressKey(*url) == AddressKey(report.final_url) ||
        !named.insert(AddressKey(*url)).second || named.size() > 5) {
      return;
    }
    NewAddress address =
        Seed(*url, AddressKind::kPage, kPriorityOriginal, "original");
    address.depth = std::max(from.depth, job.max_depth);
    address.via = from.url;
    out->originals.push_back(std::move(address));
  };
  if (report.article && report.article->is_article) {
    for (const SourceClaim& claim : report.article->claims) {
      const bool names_source = claim.kind == "original-source-line" ||
                                claim.kind == "republished-from" ||
                                claim.kind == "dateline" ||
                                claim.kind == "canonical";
      if (names_source && claim.confidence >= 0.5) add(claim.url);
    }
  }
  for (const Relative& relative : report.relatives) {
    if (relative.earlier) add(relative.publication.url);
  }
}

}  // namespace

std::vector<NewAddress> SeedsOf(const Job& job) {
  std::vector<NewAddress> seeds;
  for (const Url& url : job.feeds) {
    seeds.push_back(Seed(url, AddressKind::kFeed, kPriorityFeed, "seed"));
  }
  for (const Url& url : job.urls) {
    seeds.push_back(Seed(url, AddressKind::kPage, kPrioritySeed, "seed"));
  }
  for (const Url& url : job.sitemaps) {
    seeds.push_back(Seed(url, AddressKind::kSitemap, kPrioritySitemap, "seed"));
  }
  return seeds;
}

void Consider(const Job& job, const Url& url, NewAddress address, TimePoint now,
              Discovered* out) {
  if (!url.IsHttp() || url.host().empty()) {
    ++out->left_out["not http"];
    return;
  }
  if (!job.InScope(url)) {
    ++out->left_out["out of scope"];
    return;
  }
  if (const std::string_view pattern = job.ExcludedBy(url); !pattern.empty()) {
    ++out->left_out[fmt::format("excluded by {}", pattern)];
    return;
  }
  if (address.depth > job.max_depth) {
    ++out->left_out["too deep"];
    return;
  }
  if (const auto trap = TrapReason(url, now)) {
    ++out->left_out["trap: " + *trap];
    return;
  }
  address.url = url;
  out->addresses.push_back(std::move(address));
}

Discovered DiscoverFrom(const Job& job, const Address& from,
                        const CaptureReport& report, TimePoint now,
                        const SeenLinks& seen) {
  Discovered out;
  DiscoverLinks(job, from, report, now, seen, &out);
  DiscoverOriginals(job, from, report, now, &out);
  return out;
}

}  // namespace stemma::cli
