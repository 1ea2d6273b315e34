#include "core/capture.h"

namespace stemma {

std::string_view NameOf(Truncation reason) {
  switch (reason) {
    case Truncation::kLength:
      return "length";
    case Truncation::kTime:
      return "time";
    case Truncation::kDisconnect:
      return "disconnect";
    case Truncation::kUnspecified:
      return "unspecified";
  }
  return "unspecified";
}

}  // namespace stemma
