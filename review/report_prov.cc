#include <set>
#include <string>
#include <utility>

#include "review/json_facts.h"
#include "review/report_linked_data.h"

namespace stemma {
namespace {

using Json = nlohmann::json;

Json Reference(const std::string& id) { return {{"@id", id}}; }

Json TimeOf(const std::string& text) {
  return {{"@type", "xsd:dateTime"}, {"@value", text}};
}

std::string DigestUrn(const std::string& hex) { return "urn:sha256:" + hex; }

class ProvGraph {
 public:
  explicit ProvGraph(const Json& facts) : facts_(facts) {
    software_ = "urn:stemma:software:" + TextIn(facts, "made_by");
    for (char& c : software_) c = c == ' ' ? '-' : c;
    operator_ =
        "urn:stemma:operator:" + TextIn(MemberIn(facts, "log"), "origin");
  }

  Json Make() {
    AddAgents();
    for (const Json& bundle : MemberIn(facts_, "bundles")) AddBundle(bundle);
    for (const Json& capture : MemberIn(facts_, "captures")) {
      AddCapture(capture);
    }
    return {{"@context",
             {{"prov", "http://www.w3.org/ns/prov#"},
              {"xsd", "http://www.w3.org/2001/XMLSchema#"},
              {"rdfs", "http://www.w3.org/2000/01/rdf-schema#"},
              {"dcterms", "http://purl.org/dc/terms/"}}},
            {"@id", TextIn(facts_, "id")},
            {"@graph", std::move(graph_)}};
  }

 private:
  // A node is described once, however often it is named.
  void Add(Json node) {
    if (seen_.insert(TextIn(node, "@id")).second) {
      graph_.push_back(std::move(node));
    }
  }

  void AddAgents() {
    Add({{"@id", software_},
         {"@type", {"prov:Agent", "prov:SoftwareAgent"}},
         {"rdfs:label", TextIn(facts_, "made_by")}});
    const std::string name = TextIn(MemberIn(facts_, "stated"), "operator");
    Add({{"@id", operator_},
         {"@type", {"prov:Agent", "prov:Organization"}},
         {"rdfs:label",
          name.empty() ? TextIn(MemberIn(facts_, "log"), "origin") : name}});
  }

  void AddBundle(const Json& bundle) {
    Json node = {{"@id", "urn:stemma:bundle:" + TextIn(bundle, "name")},
                 {"@type", {"prov:Entity", "prov:Collection"}},
                 {"rdfs:label", TextIn(bundle, "name")}};
    if (const std::string hex = TextIn(bundle, "sha256"); !hex.empty()) {
      node["dcterms:identifier"] = "sha256:" + hex;
    }
    Add(std::move(node));
  }

  void AddCapture(const Json& capture) {
    const std::string id = TextIn(capture, "id");
    const Json& when = MemberIn(capture, "when");
    Add({{"@id", TextIn(capture, "target")},
         {"@type", "prov:Entity"},
         {"rdfs:label", "the page as its server gave it"}});
    Add({{"@id", id},
         {"@type", "prov:Activity"},
         {"rdfs:label", "visit"},
         {"prov:startedAtTime", TimeOf(TextIn(when, "started"))},
         {"prov:endedAtTime", TimeOf(TextIn(when, "logged"))},
         {"prov:wasAssociatedWith",
          Json::array({Reference(software_), Reference(operator_)})},
         {"prov:used", Reference(TextIn(capture, "target"))}});
    for (const Json& record : MemberIn(capture, "records")) {
      AddRecord(id, record);
    }
    AddArticle(id, MemberIn(capture, "what"));
    for (const Json& medium : MemberIn(MemberIn(capture, "what"), "media")) {
      AddMedium(medium);
    }
    for (const Json& one : MemberIn(capture, "comparisons")) {
      AddComparison(id, one);
    }
  }

  void AddRecord(const std::string& capture, const Json& record) {
    const std::string bundle = "urn:stemma:bundle:" + TextIn(record, "bundle");
    Add({{"@id", TextIn(record, "id")},
         {"@type", "prov:Entity"},
         {"rdfs:label", TextIn(record, "type") + " record"},
         {"dcterms:identifier", "sha256:" + TextIn(record, "block_sha256")},
         {"dcterms:isPartOf", Reference(bundle)},
         {"prov:wasGeneratedBy", Reference(capture)}});
  }

  // What was made of `source` by a method of ours.
  void AddDerived(const std::string& id, const std::string& label,
                  const std::string& source, const std::string& method) {
    const std::string activity = "urn:stemma:derivation:" + id;
    Add({{"@id", activity},
         {"@type", "prov:Activity"},
         {"rdfs:label", method},
         {"prov:used", Reference(source)},
         {"prov:wasAssociatedWith", Reference(software_)}});
    Add({{"@id", id},
         {"@type", "prov:Entity"},
         {"rdfs:label", label},
         {"prov:wasDerivedFrom", Reference(source)},
         {"prov:wasGeneratedBy", Reference(activity)}});
  }

  void AddArticle(const std::string& capture, const Json& what) {
    const Json& article = MemberIn(what, "article");
    const std::string source = TextIn(what, "record");
    if (!article.is_object() || source.empty()) return;
    AddDerived(TextIn(article, "record"),
               "article: " + TextIn(article, "title"), source,
               TextIn(article, "method"));
    text_of_[capture] = TextIn(article, "record");
  }

  void AddMedium(const Json& medium) {
    const std::string id = DigestUrn(TextIn(medium, "sha256"));
    Add({{"@id", id},
         {"@type", "prov:Entity"},
         {"rdfs:label", "medium " + TextIn(medium, "url")},
         {"prov:wasGeneratedBy", Reference(TextIn(medium, "capture"))}});
    Add({{"@id", TextIn(medium, "capture")},
         {"@type", "prov:Activity"},
         {"rdfs:label", "visit"}});
    for (const Json& frame : MemberIn(medium, "keyframes")) {
      AddDerived(TextIn(frame, "record"),
                 "frame at " + TextIn(frame, "seconds") + " s", id,
                 TextIn(medium, "method"));
    }
  }

  void AddComparison(const std::string& capture, const Json& one) {
    const std::string other = TextIn(one, "with");
    const bool copy = TextIn(one, "this_is") == "copy";
    // Other captures are entities here only as sides of a comparison.
    const std::string mine = Side(capture);
    const std::string theirs = Side(other);
    Add({{"@id", "urn:stemma:comparison:" + (copy ? other : capture) + ":" +
                     (copy ? capture : other)},
         {"@type", "prov:Activity"},
         {"rdfs:label", "comparison: " + TextIn(one, "verdict")},
         {"prov:endedAtTime", TimeOf(TextIn(one, "t"))},
         {"prov:used", Json::array({Reference(mine), Reference(theirs)})},
         {"prov:wasAssociatedWith", Reference(software_)}});
  }

  std::string Side(const std::string& capture) {
    const auto text = text_of_.find(capture);
    if (text != text_of_.end()) return text->second;
    const std::string id = "urn:stemma:article:" + capture;
    Add({{"@id", id},
         {"@type", "prov:Entity"},
         {"rdfs:label", "article of " + capture}});
    return id;
  }

  const Json& facts_;
  std::string software_, operator_;
  std::set<std::string> seen_;
  std::map<std::string, std::string> text_of_;
  Json graph_ = Json::array();
};

}  // namespace

Json ReportProv(const ReportDocument& report) {
  return ProvGraph(report.facts).Make();
}

}  // namespace stemma
