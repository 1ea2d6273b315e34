// The six changes of design/extraction.md 2c: what a template does to a page
// whose text stays the same. String operations, blind to what the page says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stemma::testing {

struct TemplateChange {
  const char* name;
  std::string (*apply)(std::string_view page);
};

const std::vector<TemplateChange>& TemplateChanges();

}  // namespace stemma::testing
