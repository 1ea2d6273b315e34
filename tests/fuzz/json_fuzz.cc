#include <nlohmann/json.hpp>

#include "archive/jcs.h"
#include "tests/fuzz/fuzz_target.h"

namespace stemma::fuzz {

FUZZ_TARGET(json) {
  const Result<nlohmann::json> value = ParseStrict(bytes);
  if (!value) return;
  const std::string canonical = Jcs(*value);
  const Result<nlohmann::json> again = ParseStrict(canonical);
  Require(again.has_value(), "canonical JSON is strict JSON");
  if (again) Require(Jcs(*again) == canonical, "canonical form is stable");
}

}  // namespace stemma::fuzz
