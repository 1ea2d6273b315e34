#include "archive/check_book.h"

#include <algorithm>
#include <array>
#include <utility>

#include "hash/sha256.h"

namespace stemma {
namespace {

// What is merely out of form; everything else found is damage.
constexpr std::array<std::string_view, 39> kWarnings = {
    "footer-missing",
    "record-redacted",
    "index-unfinished",
    "arc-length",
    "arc-url",
    "seal-missing",
    "repack-unfinished",
    "wacz-index-incomplete",
    "wacz-page-unknown",
    "version",
    "unknown-type",
    "missing-field",
    "forbidden-field",
    "record-id",
    "date-form",
    "uri-brackets",
    "uri-form",
    "digest-form",
    "no-content-size",
    "no-checksum",
    "window-too-large",
    "payload-digest-chunked",
    "response-not-http",
    "chunks-broken",
    "revisit-unresolved",
    "sha1-only",
    "no-digest",
    "record-orphan",
    "bundle-orphan",
    "bundle-open",
    "cdxj-missing",
    "index-missing",
    "time-order",
    "torn-tail",
    "two-records-in-one",
    "original-elsewhere",
    "dictionary-id",
    "sealed-with-problems",
    "bundle-tombstoned"};
constexpr std::array<std::string_view, 2> kIncomplete = {"bundle-missing",
                                                         "record-missing"};

}  // namespace

std::uint64_t CheckKey(std::string_view a, std::string_view b) {
  const Sha256 digest = Sha256Of(a, b);
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | digest.bytes[i];
  return value;
}

void CheckReporter::Add(std::string_view code, const std::string& file,
                        std::optional<std::uint64_t> offset,
                        const std::string& record, std::string text) {
  // The worst stay even in a flood of others.
  if (report_.findings.size() >= most_ &&
      (codes_.contains(std::string(code)) ||
       report_.findings.size() >= most_ * 2)) {
    ++report_.findings_left_out;
    return;
  }
  codes_.insert(std::string(code));
  report_.findings.push_back({std::string(code), WeightOf(code), file, offset,
                              record, std::move(text)});
}

std::size_t KeySet::SlotOf(std::uint64_t key) const {
  std::size_t slot = key & (slots_.size() - 1);
  while (slots_[slot] != 0 && slots_[slot] != key) {
    slot = (slot + 1) & (slots_.size() - 1);
  }
  return slot;
}

void KeySet::Grow() {
  std::vector<std::uint64_t> old = std::exchange(slots_, {});
  slots_.resize(std::max<std::size_t>(1024, old.size() * 2));
  for (const std::uint64_t key : old) {
    if (key != 0) slots_[SlotOf(key)] = key;
  }
}

bool KeySet::Insert(std::uint64_t key) {
  key = std::max<std::uint64_t>(key, 1);
  if (size_ * 8 >= slots_.size() * 7) Grow();
  std::uint64_t& slot = slots_[SlotOf(key)];
  if (slot == key) return false;
  slot = key;
  ++size_;
  return true;
}

bool KeySet::Contains(std::uint64_t key) const {
  key = std::max<std::uint64_t>(key, 1);
  return !slots_.empty() && slots_[SlotOf(key)] == key;
}

void RecordBook::Take(const JudgedRecord& record, const std::string& file,
                      CheckReporter& reporter, CheckReport& report) {
  const RecordInfo& info = record.info;
  ++report.records;
  report.block_bytes += info.block_bytes;
  for (const RecordFinding& finding : record.findings) {
    reporter.Add(finding.code, file, info.offset, info.id, finding.text);
  }
  const std::uint64_t id = CheckKey(info.id);
  if (!ids_.Insert(id)) {
    reporter.Add("duplicate-record-id", file, info.offset, info.id,
                 "another record has the same id");
  }
  // By its id, or by its place and time, as replayers look it up.
  if (info.type == "response" || info.type == "resource") {
    originals_.Insert(id);
    originals_.Insert(CheckKey(info.uri + "\n", info.date));
  } else if (info.type == "revisit") {
    revisits_.push_back(
        {file, info.offset, info.id, CheckKey(info.refers_to),
         CheckKey(info.refers_to_uri + "\n", info.refers_to_date)});
  }
}

void RecordBook::Resolve(CheckReporter& reporter) const {
  for (const Revisit& r : revisits_) {
    if (originals_.Contains(r.by_id) || originals_.Contains(r.by_place)) {
      continue;
    }
    reporter.Add("revisit-unresolved", r.file, r.offset, r.id,
                 "the record it repeats is not here; its payload is not "
                 "verified");
  }
}

Weight WeightOf(std::string_view code) {
  if (std::find(kWarnings.begin(), kWarnings.end(), code) != kWarnings.end()) {
    return Weight::kWarning;
  }
  if (std::find(kIncomplete.begin(), kIncomplete.end(), code) !=
      kIncomplete.end()) {
    return Weight::kIncomplete;
  }
  return code == "cannot-read" ? Weight::kCannotCheck : Weight::kAltered;
}

}  // namespace stemma
