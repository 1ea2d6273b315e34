// A line of a page as a byline: its parts, and what the words of bylines are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "article/page_tree.h"
#include "article/segment.h"

namespace stemma {

// The text of a block with a bar where one element ends and the next begins
// without a blank, or one link behind another: "By|Jane Doe|30 January 2020".
// Empty for blocks too long for a byline.
std::string BarredText(const PageTree& tree, const PageBlock& block);

// Of a line that says more the part that its markup (rel, itemprop) says is the
// author.
std::string MarkedAuthorText(const PageTree& tree, const PageBlock& block);

// The text of the link whose element is `number`, in a block that has it.
std::string TextOfLink(const PageTree& tree, const PageBlock& block,
                       std::uint32_t number);

// Dates, with the letters of their times and zones, become bars: "Posted on|by
// Jane Doe".
std::string WithoutDates(std::string text);

// What bars, bullets and dashes part.
std::vector<std::string> PartsOf(std::string_view text);

// Whether a word is one of links and labels that are set like names.
bool HasMenuWord(std::string_view name);

// "By", "Author:" with nothing behind it.
bool IsOpenerAlone(std::string_view part);

// Where "by Jane Doe" begins in "Posted in News by Jane Doe"; npos if it does
// not, or if it is of a work that the line names.
std::size_t BylineInside(std::string_view part);

// A name that is one word begins with no small letter.
bool StartsLikeName(std::string_view name);

}  // namespace stemma
