#include "core/comparison.h"

namespace stemma {

std::string_view NameOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kIdentical:
      return "identical";
    case Verdict::kCosmeticOnly:
      return "cosmetic-only";
    case Verdict::kBoilerplateOnly:
      return "boilerplate-only";
    case Verdict::kExcerpt:
      return "excerpt";
    case Verdict::kExtended:
      return "extended";
    case Verdict::kEdited:
      return "edited";
    case Verdict::kQuoting:
      return "quoting";
    case Verdict::kUnrelated:
      return "unrelated";
  }
  return "unrelated";
}

std::string_view NameOf(ChangeOp op) {
  switch (op) {
    case ChangeOp::kReplace:
      return "replace";
    case ChangeOp::kInsert:
      return "insert";
    case ChangeOp::kDelete:
      return "delete";
    case ChangeOp::kMove:
      return "move";
  }
  return "replace";
}

std::string_view NameOf(Severity severity) {
  return severity == Severity::kCritical ? "critical" : "minor";
}

}  // namespace stemma
