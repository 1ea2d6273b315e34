// The head of a report: what a reader must know who reads nothing else.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace stemma {

// A card for each different thing that comparisons say, then one about whether
// what is kept is what was logged, and when.
std::string ReportSummaryHtml(const nlohmann::json& facts);

}  // namespace stemma
