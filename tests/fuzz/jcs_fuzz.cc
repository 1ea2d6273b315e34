#include <nlohmann/json.hpp>
#include <string>

#include "archive/event_line.h"
#include "archive/jcs.h"
#include "tests/fuzz/fuzz_target.h"

namespace stemma::fuzz {

FUZZ_TARGET(jcs) {
  const Result<nlohmann::json> value = ParseStrict(bytes);
  EventView view;
  const bool line = view.Read(bytes);
  Require(line == ExplainLine(bytes).code.empty(),
          "a line is fine or has a fault");
  if (line) {
    Require(value && value->is_object() && Jcs(*value) == bytes,
            "what the one-pass reader takes is canonical");
  }
  if (!value) return;
  const std::string once = Jcs(*value);
  const Result<nlohmann::json> again = ParseStrict(once);
  Require(again.has_value(), "canonical JSON reads back");
  Require(Jcs(*again) == once, "canonical twice equals once");
}

}  // namespace stemma::fuzz
