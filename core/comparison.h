// What differs between a reference text and a suspect copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace stemma {

// The contract's eight verdicts, least severe first within the first six.
enum class Verdict {
  kIdentical,
  kCosmeticOnly,
  kBoilerplateOnly,
  kExcerpt,
  kExtended,
  kEdited,
  kQuoting,
  kUnrelated,
};
std::string_view NameOf(Verdict verdict);

// Half-open range of Unicode code points into a text as given.
struct Span {
  std::size_t begin = 0, end = 0;
  bool operator==(const Span&) const = default;
};

enum class ChangeOp { kReplace, kInsert, kDelete, kMove };
std::string_view NameOf(ChangeOp op);

enum class Severity { kMinor, kCritical };
std::string_view NameOf(Severity severity);

struct Change {
  ChangeOp op = ChangeOp::kReplace;
  Severity severity = Severity::kMinor;
  std::vector<std::string> kinds;  // "number", "negation", ... in display order
  Span reference, suspect;
  std::string reference_text, suspect_text;
  std::string reference_context, suspect_context;  // the words around
  // Bytes into the contexts where the change begins.
  std::size_t reference_context_at = 0, suspect_context_at = 0;
};

struct BlockRole {
  bool on_suspect = false;
  Span span;
  std::string role;  // "shared", "missing", "added", "furniture", "moved"
  int pair = -1;     // index into Comparison::blocks of the other side's block
};

struct Comparison {
  Verdict verdict = Verdict::kUnrelated;
  std::vector<std::string> flags;  // all that apply, contract's words
  std::string headline;            // "same", "cosmetic", "changed", "absent"
  double coverage_reference = 0;   // share of A's content words found in B
  double coverage_suspect = 0;
  int longest_run_words = 0;
  double confidence = 0;
  std::vector<Change> changes;    // most serious first
  std::vector<BlockRole> blocks;  // in text order, reference then suspect
  std::map<std::string, std::int64_t> counts;
};

}  // namespace stemma
