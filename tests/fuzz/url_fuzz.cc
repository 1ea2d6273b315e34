#include "core/url.h"
#include "tests/fuzz/fuzz_target.h"

namespace stemma::fuzz {

// What was printed is parsed to the same URL again (URL Standard, 4.5).
FUZZ_TARGET(url) {
  const Result<Url> url = Url::Parse(bytes);
  if (!url) return;
  const std::string printed = url->Href();
  const Result<Url> again = Url::Parse(printed);
  Require(again.has_value(), "a printed URL parses");
  if (again) Require(again->Href() == printed, "printing is stable");
  const Result<Url> relative = Url::Parse("../x?y#z", &*url);
  if (relative) Require(relative->valid(), "a resolved URL is valid");
}

}  // namespace stemma::fuzz
