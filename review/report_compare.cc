#include "review/report_compare.h"

#include <map>
#include <string>
#include <utility>

#include "core/comparison.h"
#include "core/utf8.h"
#include "review/json_facts.h"
#include "trace/compare.h"
#include "trace/normal_form.h"
#include "trace/site_model.h"

namespace stemma {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxCompared = 24;
constexpr std::size_t kMaxChanges = 200;

// `at`: bytes into `context` where the words are.
Json SideOf(std::string_view words, std::string_view context, std::size_t at,
            const Span& span) {
  Json side = {{"words", words}, {"characters", {span.begin, span.end}}};
  if (at <= context.size() && context.substr(at, words.size()) == words) {
    side["before"] = context.substr(0, at);
    side["after"] = context.substr(at + words.size());
  }
  return side;
}

Json ChangesOf(const Comparison& comparison) {
  Json list = Json::array();
  for (const Change& change : comparison.changes) {
    if (list.size() >= kMaxChanges) break;
    list.push_back(
        {{"op", NameOf(change.op)},
         {"severity", NameOf(change.severity)},
         {"kinds", change.kinds},
         {"reference", SideOf(change.reference_text, change.reference_context,
                              change.reference_context_at, change.reference)},
         {"copy", SideOf(change.suspect_text, change.suspect_context,
                         change.suspect_context_at, change.suspect)}});
  }
  return list;
}

// The two texts compared again, here and now. What was set aside is counted:
// a reader has to see what "same" means.
void CompareAgain(ArchiveReader& reader, const ComparisonRow& row,
                  const SiteModels* sites, Json& facts) {
  const Result<Publication> a = reader.PublicationById(row.a);
  const Result<Publication> b = reader.PublicationById(row.b);
  if (!a || !b) {
    facts["again"] = "not possible: a text is not in the archive";
    return;
  }
  CompareOptions options;
  options.sites = sites;
  const Comparison comparison = Compare(*a, *b, options);
  facts["again"] = NameOf(comparison.verdict);
  facts["changes"] = ChangesOf(comparison);
  facts["changes_in_all"] = comparison.changes.size();
  facts["set_aside"] = Json::object();
  for (const auto& [name, count] : comparison.counts) {
    facts["set_aside"][name] = count;
  }
  facts["text_sha256"] = {a->text_sha256.Hex(), b->text_sha256.Hex()};
}

void DescribeOther(ArchiveReader& reader, const std::string& id, Json& facts) {
  facts["with"] = id;
  const Result<CaptureRow> other = reader.CaptureById(id);
  if (!other) return;
  facts["with_url"] = ValidUtf8(other->target);
  facts["with_started"] = other->started;
}

}  // namespace

Result<Json> ComparisonFacts(ArchiveReader& reader, const CaptureRow& capture,
                             const SiteModels* sites) {
  STEMMA_TRY(const std::vector<ComparisonRow> rows,
             reader.index().ComparisonsWith(capture.id));
  std::map<std::string, const ComparisonRow*> newest;
  for (const ComparisonRow& row : rows) {
    newest[row.a == capture.id ? row.b : row.a] = &row;
  }
  Json list = Json::array();
  for (const auto& [other, row] : newest) {
    if (list.size() >= kMaxCompared) break;
    const Json event = Json::parse(row->event, nullptr, false);
    Json facts = {{"seq", row->seq},
                  {"this_is", row->a == capture.id ? "reference" : "copy"},
                  {"method", kNormalForm}};
    SetText(facts, "verdict", row->verdict);
    SetText(facts, "t", TextIn(event, "t"));
    SetText(facts, "headline", TextIn(event, "headline"));
    for (const char* key : {"coverage_permille", "flags", "video"}) {
      if (const Json& found = MemberIn(event, key); !found.is_null()) {
        facts[key] = WithoutFractions(found);
      }
    }
    DescribeOther(reader, other, facts);
    if (!row->verdict.empty()) CompareAgain(reader, *row, sites, facts);
    list.push_back(std::move(facts));
  }
  return list;
}

}  // namespace stemma
