#include "media/mp4_boxes.h"
#include "tests/fuzz/fuzz_target.h"

namespace stemma::fuzz {

FUZZ_TARGET(mp4) {
  const Result<BoxWalk> walk = WalkBoxes(Blob(std::string(bytes)));
  Require(walk.has_value(), "damage is no error");
  if (walk) {
    Require(walk->trailing_bytes <= bytes.size(),
            "no more bytes than there are");
  }
}

}  // namespace stemma::fuzz
