#include "fetch/robots.h"
#include "tests/fuzz/fuzz_target.h"

namespace stemma::fuzz {

FUZZ_TARGET(robots) {
  const Robots robots = Robots::Parse(bytes);
  for (const char* path : {"/", "/a/b?c=d", "/%2e/", "/robots.txt"}) {
    const RobotsDecision decision = robots.AllowedPath("stemma/1.0", path);
    Require(decision.line >= 0, "a line number is none or one of the file");
    Require(decision.line != 0 || decision.allowed, "no rule, no refusal");
  }
  Require(robots.AllowedPath("stemma", "/robots.txt").allowed,
          "robots.txt itself is always allowed");
  const std::string once = NormalizeRobotsPattern(bytes);
  Require(NormalizeRobotsPattern(once) == once, "normalising is stable");
}

}  // namespace stemma::fuzz
