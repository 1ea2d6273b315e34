// A report as one page for people: verdict first, then the times, then
// everything else; no script, nothing loaded from elsewhere, prints to A4.
#pragma once

#include <string>

#include "review/report.h"

namespace stemma {

std::string ReportHtml(const ReportDocument& report);

}  // namespace stemma
