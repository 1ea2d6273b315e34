// The parts that the reports of a comparison, of a family and of a search are
// made of, each in a file of its own; what they add to `html` is whole
// elements.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "review/verify_report.h"

namespace stemma {

// What a side is called: its site, else its address, else its file's name.
std::string SiteOf(const ReportSide& side);
// A claimed time as exactly as it was claimed; "unknown" without one.
std::string When(const std::optional<TimePoint>& time, Precision precision);

// What a verdict means, a sentence.
std::string_view Explain(Verdict verdict);
// "good", "bad" or "note": how a verdict is coloured.
std::string_view ToneOf(const Comparison& comparison,
                        const VideoComparison& video);
// "2 critical, 1 minor changes · 1 paragraph missing · ..."
std::string CountsLine(const Comparison& comparison);

// One change: how serious, of what kind, the words on both sides. `number`
// counts from 1; `anchor`, if any, is the element's id.
void AddChangeCard(const Change& change, std::size_t number,
                   std::string_view anchor, std::string& html);
// The two headlines, where they differ.
void AddHeadlines(const Comparison& comparison, std::string_view reference,
                  std::string_view suspect, std::string& html);
// The list of changes, most serious first; nothing when there is none.
void AddChangesPart(const VerifyView& view, std::string& html);
// The two texts beside each other, with the changes marked.
void AddTextsPart(const VerifyView& view, std::string& html);

// What was done to the video, in a line; nothing when it was not compared.
void AddVideoLine(const VideoComparison& video, std::string& html);
// Two videos and what the sides are called.
struct VideoShown {
  const VideoComparison& video;
  double reference_seconds = 0, copy_seconds = 0;
  std::span<const FramePair> frames = {};
  std::string_view reference = "reference", copy = "copy";
};
// Which seconds are shared and which were altered, and frames in pairs.
void AddVideoShown(const VideoShown& shown, std::string& html);
// The same under a heading; a line when it was not compared.
void AddVideoPart(const VerifyView& view, std::string& html);

// The commands by which the captures among `sides` are checked, and what a
// report like this does not show.
void AddChecking(std::span<const ReportSide* const> sides, std::string& html);
// By which program and when it was made.
void AddMade(std::string_view tool, std::string_view normal_form,
             TimePoint made, std::string& html);

}  // namespace stemma
