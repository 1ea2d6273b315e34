#include <fmt/format.h>

#include <string>

#include "review/json_facts.h"
#include "review/report_linked_data.h"

namespace stemma {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kCategories =
    "<fill in: OriginalMediaContent | EditedOrCroppedContent | "
    "DecontextualizedContent | TransformedContent | StagedContent | "
    "SatireOrParodyContent | MissingContext>";

Json Author(const Json& facts) {
  const std::string name = TextIn(MemberIn(facts, "stated"), "operator");
  return {{"@type", "Organization"},
          {"name", name.empty() ? "<fill in: who reviews>" : name}};
}

// When a page was there, in the words a reader of a review needs.
std::string Context(const Json& capture) {
  const Json& when = MemberIn(capture, "when");
  std::string words = "Captured " + TextIn(when, "started");
  const Json& after = MemberIn(when, "not_before");
  const Json& before = MemberIn(when, "not_after");
  if (!after.is_null()) {
    words += fmt::format("; logged after {} ({})", TextIn(after, "time"),
                         TextIn(after, "by"));
  }
  if (!before.is_null()) {
    words += fmt::format("; logged before {} ({})", TextIn(before, "time"),
                         TextIn(before, "by"));
  }
  return words;
}

Json Appearance(const Json& capture) {
  const Json& what = MemberIn(capture, "what");
  const Json& article = MemberIn(what, "article");
  Json work = {{"@type", "CreativeWork"},
               {"url", TextIn(capture, "target")},
               {"identifier",
                {{"@type", "PropertyValue"},
                 {"propertyID", "sha256"},
                 {"value", TextIn(what, "body_sha256")}}}};
  SetText(work, "headline", TextIn(article, "title"));
  const Json& dates = MemberIn(article, "dates_claimed");
  if (dates.is_array() && !dates.empty()) {
    SetText(work, "datePublished", TextIn(dates.at(0), "time"));
  }
  const Json& authors = MemberIn(article, "authors");
  if (authors.is_array() && !authors.empty()) {
    work["author"] = Json::array();
    for (const Json& name : authors) {
      work["author"].push_back({{"@type", "Person"}, {"name", name}});
    }
  }
  return work;
}

std::string Differences(const Json& one) {
  std::string words;
  for (const Json& change : MemberIn(one, "changes")) {
    if (!words.empty()) words += "; ";
    words += fmt::format("“{}” → “{}”",
                         TextIn(MemberIn(change, "reference"), "words"),
                         TextIn(MemberIn(change, "copy"), "words"));
  }
  return words;
}

// A claim that the copy says what the reference says: what a comparison can
// be a review of.
Json ClaimOf(const Json& facts, const Json& capture) {
  Json review = {{"@type", "ClaimReview"},
                 {"datePublished", TextIn(facts, "made").substr(0, 10)},
                 {"author", Author(facts)},
                 {"url", "<fill in: address of the review>"},
                 {"claimReviewed", "<fill in: the claim>"},
                 {"itemReviewed",
                  {{"@type", "Claim"}, {"appearance", Appearance(capture)}}}};
  std::string body;
  Json first;
  for (const Json& one : MemberIn(capture, "comparisons")) {
    if (TextIn(one, "this_is") != "copy") continue;
    if (!body.empty()) body += "\n";
    body += fmt::format("Compared with {} ({}): {}. {}",
                        TextIn(one, "with_url"), TextIn(one, "with_started"),
                        TextIn(one, "verdict"), Differences(one));
    if (first.is_null()) {
      first = {{"@type", "CreativeWork"}, {"url", TextIn(one, "with_url")}};
    }
  }
  if (!first.is_null()) review["itemReviewed"]["firstAppearance"] = first;
  SetText(review, "reviewBody", body);
  return review;
}

Json MediaReviewOf(const Json& facts, const Json& capture, const Json& medium) {
  Json review = {
      {"@type", "MediaReview"},
      {"datePublished", TextIn(facts, "made").substr(0, 10)},
      {"author", Author(facts)},
      {"mediaAuthenticityCategory", kCategories},
      {"originalMediaContextDescription", Context(capture)},
      {"originalMediaLink", "<fill in: where the original is>"},
      {"itemReviewed",
       {{"@type", "MediaReviewItem"},
        {"interpretedAsClaim",
         {{"@type", "Claim"}, {"name", "<fill in: what it is said to show>"}}},
        {"mediaItemAppearance",
         {{"@type", "VideoObject"},
          {"contentUrl", TextIn(medium, "url")},
          {"sha256", TextIn(medium, "sha256")},
          {"isPartOf", Appearance(capture)}}}}}};
  const std::string duration = TextIn(medium, "duration");
  if (!duration.empty()) {
    review["itemReviewed"]["mediaItemAppearance"]["duration"] =
        "PT" + duration + "S";
  }
  return review;
}

}  // namespace

Json ReportClaimReview(const ReportDocument& report) {
  const Json& facts = report.facts;
  Json graph = Json::array();
  for (const Json& capture : MemberIn(facts, "captures")) {
    graph.push_back(ClaimOf(facts, capture));
    for (const Json& medium : MemberIn(MemberIn(capture, "what"), "media")) {
      graph.push_back(MediaReviewOf(facts, capture, medium));
    }
  }
  return {{"@context", "https://schema.org"}, {"@graph", std::move(graph)}};
}

}  // namespace stemma
