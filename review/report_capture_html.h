// One capture of a report as HTML: the parts of review/report_html.h that say
// when, from where, how, from whom, what, what differs, and what befell it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "review/report.h"

namespace stemma {

// A table of facts, row by row: what is not known is said to be so.
class FactTable {
 public:
  // `html` is ours or escaped already; empty: "not recorded".
  void Row(std::string_view name, const std::string& html);
  // The same, left out when empty.
  void RowIfAny(std::string_view name, const std::string& html);
  std::string Html() const;

 private:
  std::string rows_;
};

// A table of checks with their outcomes.
std::string ChecksHtml(const nlohmann::json& checks);

// "between A (authority) and B (authority)", in words, HTML.
std::string BracketHtml(const nlohmann::json& when);

std::string CaptureTitle(const nlohmann::json& capture);
std::string CaptureHtml(const nlohmann::json& capture,
                        const ReportDocument& report);

}  // namespace stemma
