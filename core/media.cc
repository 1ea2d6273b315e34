#include "core/media.h"

namespace stemma {

std::string_view NameOf(VideoVerdict verdict) {
  switch (verdict) {
    case VideoVerdict::kSame:
      return "same";
    case VideoVerdict::kReencoded:
      return "re-encoded";
    case VideoVerdict::kSegment:
      return "segment";
    case VideoVerdict::kAltered:
      return "altered";
    case VideoVerdict::kDifferent:
      return "different";
    case VideoVerdict::kNotCompared:
      return "not-compared";
  }
  return "not-compared";
}

std::string_view NameOf(Transition transition) {
  switch (transition) {
    case Transition::kStart:
      return "start";
    case Transition::kCut:
      return "cut";
    case Transition::kFade:
      return "fade";
    case Transition::kDissolve:
      return "dissolve";
  }
  return "start";
}

}  // namespace stemma
