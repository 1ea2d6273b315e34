#include "archive/cdxj_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "archive/cdxj.h"
#include "core/surt.h"
#include "core/time.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

std::uint64_t First64(const Sha256& digest) {
  std::uint64_t key = 0;
  for (int i = 0; i < 8; ++i) key = key << 8 | digest.bytes[i];
  return key;
}

// 64 bits are enough to tell apart what honest files hold; who can make two
// URLs with the same ones gains an unnoticed line in an index, no more.
std::uint64_t UrlKey(std::string_view url) { return First64(Sha256Of(url)); }

std::uint64_t NumberOf(std::string_view digits) {
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

}  // namespace

void ListedRecords::Add(const RecordInfo& record) {
  if (!IsListedInCdxj(record)) return;
  const std::optional<TimePoint> time = ParseTime(record.date);
  // As an index states them.
  const bool resource = record.type == "resource";
  const std::optional<Sha256> payload = resource && !record.payload_sha256
                                            ? record.block_sha256
                                            : record.payload_sha256;
  places_.push_back(
      {record.offset, record.length, UrlKey(record.uri),
       time ? NumberOf(Format14(*time)) : 0,
       payload ? UrlKey(payload->Labelled()) : 0,
       UrlKey(record.type == "revisit" ? "warc/revisit" : record.mime),
       static_cast<std::uint32_t>(std::max(record.status, 0)), resource,
       false});
}

ListedRecords::Place* ListedRecords::At(std::uint64_t offset) {
  const auto place = std::lower_bound(
      places_.begin(), places_.end(), offset,
      [](const Place& p, std::uint64_t at) { return p.offset < at; });
  return place != places_.end() && place->offset == offset ? &*place : nullptr;
}

bool ListedRecords::Has(std::string_view url, TimePoint when) const {
  const auto key = [](std::uint64_t of_url, std::uint64_t at) {
    return of_url ^ (at * 0x9E3779B97F4A7C15U);
  };
  if (visits_.size() != places_.size()) {
    visits_.clear();
    for (const Place& p : places_) visits_.push_back(key(p.url, p.when));
    std::sort(visits_.begin(), visits_.end());
  }
  return std::binary_search(visits_.begin(), visits_.end(),
                            key(UrlKey(url), NumberOf(Format14(when))));
}

void CdxjCheck::Feed(std::string_view bytes) {
  for (std::size_t end; (end = bytes.find('\n')) != std::string_view::npos;
       bytes.remove_prefix(end + 1)) {
    const std::string_view piece = bytes.substr(0, end);
    const std::size_t length = carry_.size() + piece.size();
    if (too_long_) {
      at_ += piece.size() + 1;
    } else {
      if (carry_.empty()) {
        TakeLine(piece);
      } else {
        carry_ += piece;
        TakeLine(carry_);
      }
      at_ += length + 1;
    }
    carry_.clear();
    too_long_ = false;
  }
  if (too_long_) {
    at_ += bytes.size();
    return;
  }
  carry_ += bytes;
  if (carry_.size() > kMaxLine) {
    report_("cdxj-form", at_, fmt::format("a line of more than {}", kMaxLine));
    at_ += carry_.size();
    carry_.clear();
    too_long_ = true;
  }
}

void CdxjCheck::Finish() {
  if (!carry_.empty()) TakeLine(carry_);
  carry_.clear();
}

void CdxjCheck::TakeLine(std::string_view line) {
  // Other tools begin an index with lines of their own (CDXJ 0.1.0: "!").
  if (line.starts_with('!') && last_.empty()) return;
  if (line < last_) report_("cdxj-unsorted", at_, "lines are not sorted");
  last_ = line;
  const Result<CdxjLine> parsed = ParseCdxjLine(line);
  if (!parsed) {
    report_("cdxj-form", at_, parsed.error().message());
    return;
  }
  ListedRecords* records = find_(parsed->filename);
  if (records == nullptr) {
    report_("cdxj-filename", at_,
            fmt::format("it is about '{}'", parsed->filename));
    return;
  }
  ListedRecords::Place* place = records->At(parsed->offset);
  if (place == nullptr || place->length != parsed->length ||
      place->url != UrlKey(parsed->url)) {
    report_("cdxj-offset", at_,
            fmt::format("no such record at {}", parsed->offset));
    return;
  }
  records->Hit(*place);
  if (NumberOf(std::string_view(parsed->timestamp).substr(0, 14)) !=
      place->when) {
    report_("cdxj-date", at_, "the record has another date");
  }
  if (!parsed->status.empty() && place->status != 0 &&
      NumberOf(parsed->status) != place->status) {
    report_("cdxj-status", at_, "the record has another status");
  }
  const auto digest = Sha256::Parse(parsed->digest);
  if (digest && place->payload != 0 &&
      UrlKey(digest->Labelled()) != place->payload) {
    report_("cdxj-digest", at_, "the record states another digest");
  }
  if (ours_) JudgeOurs(line, *parsed, *place);
  if (parsed->key != SurtKey(parsed->url)) {
    report_("cdxj-key", at_,
            fmt::format("key of {} should be {}", parsed->url,
                        SurtKey(parsed->url)));
  }
}

// Ours say all that the record says, in one form.
void CdxjCheck::JudgeOurs(std::string_view line, const CdxjLine& parsed,
                          const ListedRecords::Place& place) {
  if (parsed.Text() != line) {
    report_("cdxj-form", at_, "not in the form that was written");
  } else if (UrlKey(parsed.mime) != place.mime) {
    report_("cdxj-type", at_, "the record has another type");
  } else if (Sha256::Parse(parsed.digest).has_value() != (place.payload != 0)) {
    report_("cdxj-digest", at_, "the record has no such digest");
  } else if (place.resource && parsed.status != "200") {
    report_("cdxj-status", at_, "a resource is listed as 200");
  } else if (!place.resource && parsed.status.empty() != (place.status == 0)) {
    report_("cdxj-status", at_, "the record has another status");
  }
}

}  // namespace stemma
