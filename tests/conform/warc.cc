// corpus/provenance/warc: files a stranger may hand in for import.
#include <fstream>
#include <sstream>

#include "archive/check.h"
#include "tests/conform/conform.h"
#include "tests/conform/provenance.h"

namespace stemma::conform {
namespace {

using std::filesystem::path;

// The judgement in the words of the case: some of them say more than one
// verdict can, or leave a choice.
std::string InWordsOf(const std::string& expect, const CheckReport& report) {
  const std::string verdict = WarcFileVerdict(report);
  if (expect == "reject-or-flag" &&
      (verdict == "reject" || verdict == "flag")) {
    return expect;
  }
  if (expect == "accept-two-records-flag" && verdict == "flag" &&
      report.records == 2) {
    return expect;
  }
  return verdict;
}

Result<std::vector<Outcome>> RunWarcCases(const path& file) {
  const path folder =
      std::filesystem::is_directory(file) ? file : file.parent_path();
  std::ifstream stream(folder / "cases.json");
  std::stringstream text;
  text << stream.rdbuf();
  const json cases = json::parse(text.str(), nullptr, false);
  if (!cases.is_object()) {
    return Error(ErrorCode::kNotFound, "no cases.json in " + folder.string());
  }
  std::vector<Outcome> outcomes;
  for (const json& test : cases.at("cases")) {
    const std::string name = test.at("file"), expect = test.at("expect");
    const Result<CheckReport> report = CheckWarcFile(folder / name);
    Outcome outcome;
    outcome.id = name;
    outcome.got = report ? InWordsOf(expect, *report) : "reject";
    outcome.passed = outcome.got == expect;
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

const bool registered = Register({
    {.name = "warc", .run_file = RunWarcCases},
});

}  // namespace
}  // namespace stemma::conform
