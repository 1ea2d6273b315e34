// What a visit leads to: the addresses a crawl goes on with, and why others
// are left out. Pure, so that the rules of scope can be read and tested.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/capture_url.h"
#include "cli/seen_links.h"
#include "fetch/frontier.h"
#include "fetch/job.h"

namespace stemma::cli {

// Best first; a listing is looked at before what it lists.
enum CrawlPriority : int {
  kPriorityFeed = 0,
  kPrioritySeed = 5,
  kPrioritySitemap = 10,
  kPriorityOriginal = 15,
  kPriorityArticle = 20,  // named by a feed or a news sitemap
  kPriorityMedia = 25,
  kPriorityNext = 30,  // next and canonical pages
  kPriorityLink = 40,  // plus ten for each link away from a seed
};

struct Discovered {
  std::vector<NewAddress> addresses;
  // Named as the source of a copy: looked at again even if known.
  std::vector<NewAddress> originals;
  // Reason and how many addresses it kept out: "out of scope", "excluded by
  // /tag/", "too deep", "trap: a path that repeats itself".
  std::map<std::string, std::uint64_t> left_out;
};

// The job's own seeds, feeds and sitemaps.
std::vector<NewAddress> SeedsOf(const Job& job);

// Adds `url`, found at `from`, if the job wants it.
void Consider(const Job& job, const Url& url, NewAddress address, TimePoint now,
              Discovered* out);

// What the page of `report` leads to; links that the run has `seen` are left
// out, since its frontier knows them.
Discovered DiscoverFrom(const Job& job, const Address& from,
                        const CaptureReport& report, TimePoint now,
                        const SeenLinks& seen);

}  // namespace stemma::cli
