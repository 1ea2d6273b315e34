// Pages of our own making: invented reports in templates that share nothing but
// the words.
#pragma once

#include <string>
#include <vector>

namespace stemma::testing {

struct Story {
  std::string title, author, day;  // day: "2021-05-17"
  std::vector<std::string> paragraphs;
  std::string video;  // absolute
};

// The same number gives the same story.
Story MakeStory(unsigned number);

constexpr int kTemplates = 8;
// `story` in template 0 to 7: classic theme, block theme, page builder, table
// layout, bare HTML, ASP.NET form, line breaks, portal with much around it.
std::string Render(const Story& story, int which);

}  // namespace stemma::testing
