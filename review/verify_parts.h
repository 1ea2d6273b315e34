// The parts of the report of a comparison, each in a file of its own; what they
// add to `html` is whole elements.
#pragma once

#include <string>

#include "review/verify_report.h"

namespace stemma {

// What a side is called: its site, else its address, else its file's name.
std::string SiteOf(const ReportSide& side);

// The list of changes, most serious first; nothing when there is none.
void AddChangesPart(const VerifyView& view, std::string& html);
// The two texts beside each other, with the changes marked.
void AddTextsPart(const VerifyView& view, std::string& html);
// What was done to the video, in a line; nothing when it was not compared.
void AddVideoLine(const VideoComparison& video, std::string& html);
// Which seconds are shared and which were altered, and frames in pairs.
void AddVideoPart(const VerifyView& view, std::string& html);

}  // namespace stemma
