// stemma-conform runs vector files of public standards against our parsers.
//
// A suite file (tests/conform/<topic>.cc) registers its suites once:
//
//   const bool registered = stemma::conform::Register({
//       {.name = "retry_after", .run = RunRetryAfter},
//       {.name = "tsa", .run_file = RunTimestampCases},
//   });
//
// Most vector files are JSON lines {"id","input","expect","meta"?}, the first
// line being a header ({"_suite", ...}). Others are read by the suite itself.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace stemma::conform {

using nlohmann::json;

struct Outcome {
  std::string id;
  json got;
  bool passed = false;
};

struct Suite {
  // The stem of the vector file.
  std::string_view name;
  // What we make of `input`, in the shape of "expect". Members of an object
  // that "expect" does not ask about are dropped before comparing and printing.
  // `meta` is null when the case has none.
  json (*run)(const json& input, const json& meta) = nullptr;
  // Instead of `run`, for vectors whose "expect" holds the question, too: a
  // path into the result, say, or an expression that must be true of it.
  json (*answer)(const json& input, const json& expect) = nullptr;
  // Whether `got` is what was expected; equality when null.
  bool (*passes)(const json& got, const json& expect) = nullptr;
  // Members of "expect" that are remarks for people and not compared.
  std::vector<std::string_view> remarks = {};
  // For vector files that are not JSON lines: all of it, in order.
  Result<std::vector<Outcome>> (*run_file)(const std::filesystem::path& file) =
      nullptr;
};

// Adds suites to the table of the program; always true.
bool Register(std::initializer_list<Suite> suites);

// The bytes of a base64 member of a vector; empty when it is absent or broken.
std::string Base64Member(const json& object, std::string_view name);
std::string Base64(std::string_view bytes);

}  // namespace stemma::conform
