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
  std::string record_id;  // its picture is at /image/ID
  double seconds = 0;
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

// The tree of a family (review/family_svg.h) and its evidence in words.
std::string RenderFamilyPage(std::string_view title, const std::string& svg,
                             const std::vector<std::string>& notes);

// A short page that says one thing: what was not found, what failed.
std::string RenderMessagePage(std::string_view title, std::string_view message);

}  // namespace stemma
