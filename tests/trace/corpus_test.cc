// Floors on the republications corpus, where it is there. The scorer beside the
// corpus gives the full figures; this holds the line in every run.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include "trace/compare.h"
#include "trace/site_model.h"

namespace stemma {
namespace {

std::string Folder() {
  const char* shared = std::getenv("STEMMA_SHARED");
  return (shared ? std::string(shared)
                 : std::string(STEMMA_SOURCE_DIR "/../shared")) +
         "/corpus/republications";
}

TEST(Corpus, VerdictsOfAQuarterOfTheQueries) {
  std::ifstream rows(Folder() + "/docs.jsonl");
  std::ifstream truths(Folder() + "/truth_verdicts.jsonl");
  std::ifstream queries(Folder() + "/queries.jsonl");
  if (!rows || !truths || !queries) {
    GTEST_SKIP() << "no corpus in " << Folder();
  }
  using Json = nlohmann::json;
  std::unordered_map<std::string, Publication> documents;
  SiteModels sites;
  for (std::string line; std::getline(rows, line);) {
    const Json row = Json::parse(line);
    Publication p;
    p.id = row["id"];
    p.site = row["site"];
    p.title = row["title"];
    p.text = row["text"];
    sites.Know(p.site);
    documents[p.id] = std::move(p);
  }
  for (const auto& [id, publication] : documents) sites.Add(publication);
  CompareOptions options;
  options.sites = &sites;
  options.with_text = false;

  std::unordered_map<std::string, std::string> truth;
  for (std::string line; std::getline(truths, line);) {
    const Json row = Json::parse(line);
    truth[row["qid"]] = row["verdict"];
  }
  int asked = 0;
  int right = 0;
  int overlooked = 0;
  int number = 0;
  for (std::string line; std::getline(queries, line);) {
    if (number++ % 4 != 0) continue;
    const Json query = Json::parse(line);
    const std::string& expected = truth.at(query["qid"]);
    const Verdict got =
        Compare(documents.at(query["a"]), documents.at(query["b"]), options)
            .verdict;
    ++asked;
    right += NameOf(got) == expected;
    overlooked += expected == "edited" && (got == Verdict::kIdentical ||
                                           got == Verdict::kCosmeticOnly ||
                                           got == Verdict::kBoilerplateOnly);
  }
  EXPECT_GE(right, asked * 97 / 100) << right << " of " << asked;
  EXPECT_EQ(overlooked, 0);
}

}  // namespace
}  // namespace stemma
