// The fixed texts of a report: what it does not prove, and the form of a
// declaration that a person may sign.
#pragma once

#include <string>
#include <vector>

namespace stemma {

std::vector<std::string> ReportLimits();
std::string ReportDeclaration();

}  // namespace stemma
