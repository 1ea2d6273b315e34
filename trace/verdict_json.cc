#include "trace/verdict_json.h"

#include <nlohmann/json.hpp>

#include "core/time.h"
#include "trace/normal_form.h"

namespace stemma {
namespace {

using Json = nlohmann::ordered_json;

Json SpanOf(const Span& span) { return Json::array({span.begin, span.end}); }

Json Optional(const std::string& value) {
  return value.empty() ? Json() : Json(value);
}

Json SideJson(const VerdictSide& side) {
  const Publication& publication = *side.publication;
  Json json;
  json["id"] = publication.id;
  json["url"] = Optional(publication.url);
  json["title"] = Optional(publication.title);
  json["sha256"] = publication.text_sha256.Hex();
  json["text_method"] = side.text_method;
  if (publication.fetched_at) {
    json["captured_at"] = FormatSeconds(*publication.fetched_at);
  }
  json["published_at"] = publication.published_at
                             ? Json(FormatSeconds(*publication.published_at))
                             : Json();
  return json;
}

Json ChangeJson(const Change& change) {
  Json json;
  json["op"] = NameOf(change.op);
  json["severity"] = NameOf(change.severity);
  json["kinds"] = change.kinds;
  json["reference_span"] = SpanOf(change.reference);
  json["suspect_span"] = SpanOf(change.suspect);
  json["reference_text"] = change.reference_text;
  json["suspect_text"] = change.suspect_text;
  json["context"] = change.suspect_context.empty() ? change.reference_context
                                                   : change.suspect_context;
  json["reference_context"] = change.reference_context;
  return json;
}

Json BlockJson(const BlockRole& block) {
  Json json;
  json["side"] = block.on_suspect ? "suspect" : "reference";
  json["span"] = SpanOf(block.span);
  json["role"] = block.role;
  if (block.pair >= 0) json["pair"] = block.pair;
  return json;
}

Json VideoJson(const VideoComparison& video) {
  Json json;
  json["verdict"] = NameOf(video.verdict);
  json["segments"] = Json::array();
  for (const auto& segment : video.segments) {
    json["segments"].push_back(
        Json::array({segment.a0, segment.a1, segment.b0, segment.b1}));
  }
  json["altered"] = Json::array();
  for (const auto& change : video.altered) {
    json["altered"].push_back(
        {{"kind", change.kind}, {"start", change.start}, {"end", change.end}});
  }
  json["reason"] = video.reason;
  return json;
}

}  // namespace

Json VerdictToJson(const Comparison& comparison, const VerdictSide& reference,
                   const VerdictSide& suspect, const VideoComparison& video,
                   std::string_view version) {
  Json json;
  json["schema"] = "stemma.verdict.v1";
  json["reference"] = SideJson(reference);
  json["suspect"] = SideJson(suspect);
  json["same_payload"] =
      reference.publication->text_sha256 == suspect.publication->text_sha256;
  json["verdict"] = NameOf(comparison.verdict);
  json["headline"] = comparison.headline;
  json["headline_changed"] = comparison.headline == "changed";
  json["flags"] = comparison.flags;
  json["coverage"] = {{"reference", comparison.coverage_reference},
                      {"suspect", comparison.coverage_suspect},
                      {"longest_run_words", comparison.longest_run_words}};
  json["confidence"] = comparison.confidence;
  json["changes"] = Json::array();
  for (const Change& change : comparison.changes) {
    json["changes"].push_back(ChangeJson(change));
  }
  json["blocks"] = Json::array();
  for (const BlockRole& block : comparison.blocks) {
    json["blocks"].push_back(BlockJson(block));
  }
  json["counts"] = comparison.counts;
  json["video"] = VideoJson(video);
  json["tool"] = {
      {"name", "stemma"}, {"version", version}, {"normaliser", kNormalForm}};
  return json;
}

Json BatchVerdict(std::string_view qid, const Comparison& comparison) {
  Json json;
  json["qid"] = qid;
  json["verdict"] = NameOf(comparison.verdict);
  json["flags"] = comparison.flags;
  json["headline_changed"] = comparison.headline == "changed";
  json["cov_a"] = comparison.coverage_reference;
  json["cov_b"] = comparison.coverage_suspect;
  json["spans"] = Json::array();
  for (const Change& change : comparison.changes) {
    json["spans"].push_back({{"a", SpanOf(change.reference)},
                             {"b", SpanOf(change.suspect)},
                             {"severity", NameOf(change.severity)},
                             {"kinds", change.kinds}});
  }
  return json;
}

Json RelationToJson(const Republication& relation) {
  Json json;
  json["a"] = relation.a;
  json["b"] = relation.b;
  json["relation"] = IsRepublication(relation) ? "republication" : "partial";
  json["verdict"] = NameOf(relation.verdict);
  json["flags"] = relation.flags;
  json["cov_a"] = relation.coverage_a;
  json["cov_b"] = relation.coverage_b;
  json["longest_run_words"] = relation.longest_run_words;
  if (relation.shares_video) json["shares_video"] = true;
  return json;
}

Json TreeToJson(std::string_view family, const StemmaTree& tree) {
  Json json;
  json["family"] = family;
  json["root"] = tree.root.empty() ? Json() : Json(tree.root);
  json["parents"] = Json::object();
  if (!tree.root.empty()) json["parents"][tree.root] = nullptr;
  json["edges"] = Json::array();
  for (const StemmaEdge& edge : tree.edges) {
    json["parents"][edge.child] = edge.parent;
    Json entry;
    entry["parent"] = edge.parent;
    entry["child"] = edge.child;
    entry["confidence"] = edge.confidence;
    entry["directed"] = edge.directed;
    entry["gap"] = edge.gap;
    entry["verdict"] = NameOf(edge.verdict);
    entry["evidence"] = edge.evidence;
    if (!edge.second_parent.empty()) {
      entry["secondary"] = edge.second_parent;
      entry["secondary_evidence"] = edge.second_evidence;
    }
    json["edges"].push_back(std::move(entry));
  }
  json["hidden"] = Json::array();
  for (const HiddenNode& node : tree.hidden) {
    json["hidden"].push_back({{"id", node.id},
                              {"parent", node.parent},
                              {"children", node.children},
                              {"evidence", node.evidence}});
  }
  return json;
}

}  // namespace stemma
