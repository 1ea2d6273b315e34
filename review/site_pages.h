// The pages of the local review site, as values in and HTML out. Nothing that
// was captured is served as it is: text is escaped, pictures are our own
// keyframes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "archive/index.h"
#include "core/article.h"
#include "core/time.h"

namespace stemma {

struct ListView {
  std::string query;                 // the address prefix asked for, untrusted
  std::vector<CaptureRow> captures;  // newest first
  std::vector<std::string> titles;   // beside `captures`, may be empty
  std::size_t offset = 0, page_size = 50;
  Index::Totals totals;
};
std::string RenderListPage(const ListView& view);

struct KeyframeView {
  std::string record_id;  // on the site its picture is at /image/ID
  double seconds = 0;
  std::string mime, bytes;  // the picture itself, for a report; else empty
};
struct MediumView {
  MediaRow media;
  double duration = 0;
  std::string status;  // "ok", "partial", "rejected", "" when not read
  std::vector<KeyframeView> frames;
};
struct CaptureView {
  CaptureRow capture;
  std::vector<RecordInfo> records;
  std::optional<Article> article;
  std::vector<MediumView> media;
  std::vector<ComparisonRow> comparisons;
};
std::string RenderCapturePage(const CaptureView& view);

// A bundle as its `seal` event describes it.
struct ListedBundle {
  std::string name;
  std::uint64_t bytes = 0;
  std::string sha256, sha512, records_root;  // hex
};

// The report of captures for people who were not there: one self-contained
// file with facts, article, pictures, comparisons, records, digests, how to
// check them without us, and what they do not show.
struct CaptureReportView {
  std::vector<CaptureView> captures;
  std::vector<ListedBundle> bundles;
  std::string tool;  // "stemma 0.1.0"
  TimePoint made;
};
std::string RenderCaptureReport(const CaptureReportView& view);

// The tree of a family (review/family_svg.h) and its evidence in words.
std::string RenderFamilyPage(std::string_view title, const std::string& svg,
                             const std::vector<std::string>& notes);

// A short page that says one thing: what was not found, what failed.
std::string RenderMessagePage(std::string_view title, std::string_view message);

}  // namespace stemma
