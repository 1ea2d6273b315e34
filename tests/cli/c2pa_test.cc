#include "cli/c2pa.h"

#include <gtest/gtest.h>

#include <string>

namespace stemma::cli {
namespace {

struct Case {
  const char* json;
  const char* state;
  std::vector<std::string> codes;
};

TEST(C2paVerdict, IsWhatTheToolFound) {
  const Case cases[] = {
      {R"({"active_manifest":"a","manifests":{}})", "valid", {}},
      {R"({"active_manifest":"a","validation_status":[
          {"code":"assertion.dataHash.mismatch","url":"x"}]})",
       "mismatch",
       {"assertion.dataHash.mismatch"}},
      {R"({"active_manifest":"a","validation_status":[
          {"code":"timeStamp.mismatch"},{"code":"claimSignature.mismatch"}]})",
       "invalid",
       {"timeStamp.mismatch", "claimSignature.mismatch"}},
      {R"({"active_manifest":"a","validation_state":"Trusted",
           "validation_results":{"activeManifest":{"failure":[]}}})",
       "valid, trusted",
       {}},
      {R"({"active_manifest":"a","validation_state":"Invalid",
           "validation_results":{"activeManifest":{"failure":[
             {"code":"assertion.bmffHash.mismatch"}]}}})",
       "mismatch",
       {"assertion.bmffHash.mismatch"}},
      // What a file makes the tool say is not printed.
      {R"({"active_manifest":"a","validation_status":[
          {"code":"\u001b[2J"},{"code":7},"x"],"validation_state":"Invalid"})",
       "invalid",
       {}},
      {"", "present, c2patool could not read it", {}},
      {"No claim found", "present, c2patool could not read it", {}},
      {"[]", "present, c2patool could not read it", {}},
      {R"({"a":1})", "present, c2patool could not read it", {}},
  };
  for (const Case& one : cases) {
    const C2paVerdict verdict = ReadC2paVerdict(one.json);
    EXPECT_EQ(verdict.state, one.state) << one.json;
    EXPECT_EQ(verdict.codes, one.codes) << one.json;
  }
}

}  // namespace
}  // namespace stemma::cli
