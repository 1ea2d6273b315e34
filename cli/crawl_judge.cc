#include "cli/crawl_judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/memory.h"
#include "fetch/revisit.h"

namespace stemma::cli {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

// Listings are there to be looked at in every run that the job allows.
bool IsListing(const Address& address) {
  return address.found_by == "seed" || address.kind != AddressKind::kPage;
}

// Another text, where both visits read one; else other bytes.
bool Changed(const Address& before, const CaptureReport& report,
             const std::string& text_sha256) {
  if (!before.text_sha256.empty() && !text_sha256.empty()) {
    return before.text_sha256 != text_sha256;
  }
  return before.payload_sha256 != report.payload_sha256;
}

void JudgeGood(const Job& job, const Address& address,
               const CaptureReport& report, TimePoint now, VisitRecord* visit) {
  visit->good = true;
  visit->etag = report.etag;
  visit->last_modified = report.last_modified;
  visit->payload_sha256 = report.payload_sha256;
  if (report.publication) {
    visit->text_sha256 = report.publication->text_sha256.Hex();
  }
  visit->history = address.history;
  if (address.last_capture.empty()) {
    visit->outcome = VisitOutcome::kNew;
  } else {
    const bool changed =
        !report.not_modified && Changed(address, report, visit->text_sha256);
    visit->outcome =
        changed ? VisitOutcome::kChanged : VisitOutcome::kUnchanged;
    const milliseconds since =
        address.last_visit ? now - *address.last_visit : milliseconds(0);
    visit->history = AfterVisit(address.history, since, changed);
  }
  if (report.not_modified && !address.payload_sha256.empty()) {
    // What the server says has not changed is what we have.
    visit->payload_sha256 = address.payload_sha256;
    visit->text_sha256 = address.text_sha256;
    if (visit->etag.empty()) visit->etag = address.etag;
    if (visit->last_modified.empty()) {
      visit->last_modified = address.last_modified;
    }
  }
  RevisitRules rules;
  rules.min_interval = job.min_interval;
  visit->due = now + (IsListing(address) ? job.min_interval
                                         : NextInterval(visit->history, rules));
  // A medium does not change under its address; its pages bring it back.
  if (address.kind == AddressKind::kMedia) visit->due.reset();
}

void JudgeBad(const Job& job, const Address& address,
              const CaptureReport& report, TimePoint now, VisitRecord* visit) {
  const milliseconds later = std::max<milliseconds>(job.min_interval, hours(1));
  if (report.failure) {
    visit->outcome = report.failure->code() == ErrorCode::kRefused
                         ? VisitOutcome::kRefused
                         : VisitOutcome::kFailed;
    visit->reason = report.failure->message();
    visit->due = now + later;
    return;
  }
  visit->reason = fmt::format("HTTP status {}", report.status);
  if (report.redirect_not_followed) {
    visit->reason += "; " + report.redirect_not_followed->message();
  }
  const bool gone = report.status == 404 || report.status == 410;
  const bool was_there = !address.last_capture.empty();
  visit->outcome =
      gone && was_there ? VisitOutcome::kGone : VisitOutcome::kFailed;
  if (report.redirect_not_followed &&
      report.redirect_not_followed->code() == ErrorCode::kRefused) {
    visit->outcome = VisitOutcome::kRefused;
  }
  if (IsListing(address)) {
    visit->due = now + job.min_interval;
  } else if (gone && was_there) {
    visit->due = now + std::max<milliseconds>(job.min_interval, hours(24 * 7));
  } else if (!gone) {
    visit->due = now + later;
  }
}

}  // namespace

VisitRecord JudgeVisit(const Job& job, const Address& address,
                       const CaptureReport& report, TimePoint now) {
  VisitRecord visit;
  visit.status = report.status;
  visit.capture = report.info.id;
  visit.bytes = report.bytes;
  for (const CapturedMedia& media : report.media) {
    if (!media.capture_id.empty() && media.capture_id != report.info.id) {
      visit.bytes += media.bytes;
    }
  }
  const bool good = !report.failure &&
                    (report.status == 200 || report.not_modified) &&
                    !(report.not_modified && address.last_capture.empty() &&
                      report.payload_sha256.empty());
  if (good) {
    JudgeGood(job, address, report, now, &visit);
  } else {
    JudgeBad(job, address, report, now, &visit);
  }
  return visit;
}

std::vector<std::pair<std::string, std::string>> ConditionsFor(
    const Address& address) {
  std::vector<std::pair<std::string, std::string>> fields;
  if (address.last_capture.empty() || AsksUnconditionally(address.visits + 1)) {
    return fields;
  }
  if (!address.etag.empty()) {
    fields.emplace_back("If-None-Match", address.etag);
  }
  if (!address.last_modified.empty()) {
    fields.emplace_back("If-Modified-Since", address.last_modified);
  }
  return fields;
}

bool IsAltered(Verdict verdict, VideoVerdict video) {
  const bool words = verdict == Verdict::kExcerpt ||
                     verdict == Verdict::kExtended ||
                     verdict == Verdict::kEdited;
  const bool pictures =
      video == VideoVerdict::kAltered || video == VideoVerdict::kSegment;
  return words || pictures;
}

std::vector<FoundCopy> CopiesIn(const CaptureReport& report) {
  std::vector<FoundCopy> copies;
  for (const Relative& relative : report.relatives) {
    const Verdict verdict = relative.comparison.verdict;
    const bool shares_video = SharesPictures(relative.video.verdict);
    const bool shares_text =
        verdict != Verdict::kUnrelated && verdict != Verdict::kQuoting;
    if (!shares_text && !shares_video) continue;
    FoundCopy copy;
    copy.url = report.final_url.HrefWithoutFragment();
    copy.capture = report.info.id;
    copy.other_url = relative.publication.url;
    copy.other_id = relative.publication.id;
    copy.verdict = NameOf(verdict);
    copy.video = NameOf(relative.video.verdict);
    copy.other_is_earlier = relative.earlier;
    copy.altered = IsAltered(verdict, relative.video.verdict);
    copies.push_back(std::move(copy));
  }
  return copies;
}

}  // namespace stemma::cli
