// A report as a table, one row a capture (design provenance 5.2): RFC 4180,
// UTF-8, CR LF. Every cell is quoted; one that a spreadsheet would take for a
// formula begins with an apostrophe, and control and bidi characters are
// written as \u{...}.
#pragma once

#include <string>
#include <string_view>

#include "review/report.h"

namespace stemma {

std::string ReportCsv(const ReportDocument& report);

// One cell, with its quotes.
std::string CsvCell(std::string_view text);

}  // namespace stemma
