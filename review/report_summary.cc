#include "review/report_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "review/html.h"
#include "review/json_facts.h"
#include "review/report_capture_html.h"

namespace stemma {
namespace {

using Json = nlohmann::json;

std::string Text(const Json& object, const char* key) {
  return EscapeHtml(TextIn(object, key));
}

// Comparisons of one capture that say the same: the same verdict by the same
// words, against one or more others.
struct Saying {
  const Json* first = nullptr;
  std::string words;                // what changed, HTML
  std::vector<const Json*> others;  // the comparisons, `first` among them
};

std::string Quoted(const Json& side) { return "“" + Text(side, "words") + "”"; }

std::string ChangeWords(const Json& change) {
  const Json& reference = MemberIn(change, "reference");
  const Json& copy = MemberIn(change, "copy");
  const std::string op = TextIn(change, "op");
  std::string words;
  if (TextIn(reference, "words").empty()) {
    words = Quoted(copy) + " added";
  } else if (TextIn(copy, "words").empty()) {
    words = Quoted(reference) + " left out";
  } else if (op == "move") {
    words = Quoted(reference) + " moved";
  } else {
    words = Quoted(reference) + " became " + Quoted(copy);
  }
  std::string kinds;
  for (const Json& kind : MemberIn(change, "kinds")) {
    kinds += (kinds.empty() ? "" : ", ") + EscapeHtml(kind.get<std::string>());
  }
  const bool critical = TextIn(change, "severity") == "critical";
  return fmt::format("<li>{} <span class=\"badge {}\">{}</span></li>", words,
                     critical ? "critical" : "minor", kinds);
}

std::string WordsOf(const Json& one) {
  constexpr std::size_t kShown = 4;
  const Json& changes = MemberIn(one, "changes");
  std::string words;
  for (std::size_t i = 0; i < changes.size() && i < kShown; ++i) {
    words += ChangeWords(changes.at(i));
  }
  if (changes.size() > kShown) {
    words += fmt::format("<li>and {} more</li>", changes.size() - kShown);
  }
  const Json& video = MemberIn(one, "video");
  if (const std::string verdict = Text(video, "verdict"); !verdict.empty()) {
    words += "<li>video: " + verdict + "</li>";
  }
  return words;
}

std::vector<Saying> SayingsOf(const Json& comparisons) {
  std::vector<Saying> sayings;
  for (const Json& one : comparisons) {
    std::string words = WordsOf(one);
    const auto same = std::ranges::find_if(sayings, [&](const Saying& other) {
      return other.words == words &&
             TextIn(*other.first, "verdict") == TextIn(one, "verdict") &&
             TextIn(*other.first, "this_is") == TextIn(one, "this_is");
    });
    if (same == sayings.end()) {
      sayings.push_back({&one, std::move(words), {&one}});
    } else {
      same->others.push_back(&one);
    }
  }
  return sayings;
}

std::string_view ToneOf(const Json& one) {
  const std::string verdict = TextIn(one, "verdict");
  const std::string video = TextIn(MemberIn(one, "video"), "verdict");
  if (verdict == "edited" || video == "altered") return "bad";
  const bool kept = verdict == "identical" || verdict == "cosmetic-only" ||
                    verdict == "boilerplate-only";
  return kept ? "good" : "note";
}

std::string SayingHtml(const Saying& saying) {
  const Json& one = *saying.first;
  const bool copy = TextIn(one, "this_is") == "copy";
  std::string others;
  for (const Json* other : saying.others) {
    others += fmt::format("<li>{} <small>captured {}</small></li>",
                          HtmlLink(TextIn(*other, "with_url").empty()
                                       ? TextIn(*other, "with")
                                       : TextIn(*other, "with_url")),
                          Text(*other, "with_started"));
  }
  const std::string verdict = TextIn(one, "verdict");
  return fmt::format(
      "<div class=\"verdict {}\"><b>{}</b><p>{}</p><ul>{}</ul>{}</div>",
      ToneOf(one), verdict.empty() ? "video only" : EscapeHtml(verdict),
      copy ? "This page, compared with the publication at:"
           : "Compared with this page, the publication at:",
      others,
      saying.words.empty()
          ? ""
          : "<p>What differs:</p><ul>" + saying.words + "</ul>");
}

struct Tally {
  std::size_t passed = 0, failed = 0, open = 0;
  void Count(const Json& checks) {
    for (const Json& check : checks) {
      const std::string outcome = TextIn(check, "outcome");
      ++(outcome == "passed" ? passed : outcome == "failed" ? failed : open);
    }
  }
};

// The failed checks in words: nobody should have to look for them.
std::string FailedHtml(const Json& facts) {
  std::string items;
  const auto add = [&](const Json& checks) {
    for (const Json& check : checks) {
      if (TextIn(check, "outcome") != "failed") continue;
      items += fmt::format("<li>{}: {}</li>", Text(check, "check"),
                           Text(check, "what"));
    }
  };
  add(MemberIn(facts, "checks"));
  for (const Json& capture : MemberIn(facts, "captures")) {
    add(MemberIn(capture, "checks"));
  }
  return items.empty() ? items : "<ul>" + items + "</ul>";
}

std::string IntegrityHtml(const Json& facts) {
  Tally tally;
  tally.Count(MemberIn(facts, "checks"));
  for (const Json& capture : MemberIn(facts, "captures")) {
    tally.Count(MemberIn(capture, "checks"));
  }
  std::string html =
      fmt::format("<div class=\"verdict {}\"><b>{}</b>{}",
                  tally.failed > 0 ? "bad" : "good",
                  tally.failed > 0 ? "The evidence does not fit"
                                   : "The evidence fits together",
                  FailedHtml(facts));
  for (const Json& capture : MemberIn(facts, "captures")) {
    const Json& when = MemberIn(capture, "when");
    html += fmt::format(
        "<p>{} was visited{} <strong>{}</strong> by the operator’s clock; "
        "outside proof: {}.</p>",
        HtmlLink(TextIn(capture, "target")),
        TextIn(capture, "type") == "capture.failed" ? " without success" : "",
        Text(when, "started"), BracketHtml(when));
    const std::string failure = Text(MemberIn(capture, "what"), "failure");
    if (!failure.empty()) html += "<p>Why: " + failure + "</p>";
  }
  return html +
         fmt::format(
             "<p class=\"meta\">{} checks passed, {} failed, {} could "
             "not be decided or were not made: <a href=\"#checks\">the "
             "list</a>. <a href=\"#limits\">What this does not prove.</a>"
             "</p></div>",
             tally.passed, tally.failed, tally.open);
}

}  // namespace

std::string ReportSummaryHtml(const Json& facts) {
  std::string html;
  for (const Json& capture : MemberIn(facts, "captures")) {
    const Json& compared = MemberIn(capture, "comparisons");
    for (const Saying& saying : SayingsOf(compared)) html += SayingHtml(saying);
  }
  return html + IntegrityHtml(facts);
}

}  // namespace stemma
