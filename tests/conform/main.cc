// stemma-conform SUITE FILE: prints {"id","got"} a case and, last,
// "N passed, N failed". Exit: 0 all passed, 1 some failed, 2 usage, 3 trouble.

#include <openssl/evp.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <utility>

#include "tests/conform/conform.h"

namespace stemma::conform {
namespace {

std::map<std::string_view, Suite>& Table() {
  static std::map<std::string_view, Suite> table;
  return table;
}

int HexEscape(std::string_view line, std::size_t at) {
  if (at + 6 > line.size() || line[at] != '\\' || line[at + 1] != 'u') {
    return -1;
  }
  int value = 0;
  for (std::size_t i = at + 2; i < at + 6; ++i) {
    const char c = line[i];
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

bool IsHigh(int unit) { return unit >= 0xd800 && unit <= 0xdbff; }
bool IsLow(int unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

// Some vectors hold strings of JavaScript with a lone surrogate, which UTF-8
// cannot say; as for a USVString, U+FFFD takes its place.
std::string WithoutLoneSurrogates(std::string line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\') continue;
    const int unit = HexEscape(line, i);
    if (IsHigh(unit) && IsLow(HexEscape(line, i + 6))) {
      i += 11;
    } else if (IsHigh(unit) || IsLow(unit)) {
      line.replace(i, 6, "\\ufffd");
      i += 5;
    } else {
      ++i;  // the escaped character itself
    }
  }
  return line;
}

json OnlyMembersOf(const json& expect, json got) {
  if (!expect.is_object() || !got.is_object()) return got;
  json kept = json::object();
  for (const auto& [key, value] : got.items()) {
    if (expect.contains(key)) kept[key] = value;
  }
  return kept;
}

json WithoutRemarks(json value, const std::vector<std::string_view>& remarks) {
  if (!value.is_object()) return value;
  for (const std::string_view remark : remarks)
    value.erase(std::string(remark));
  return value;
}

Outcome RunCase(const Suite& suite, const json& line) {
  const json expect =
      WithoutRemarks(line.value("expect", json()), suite.remarks);
  Outcome outcome;
  outcome.id = line.value("id", "");
  const json input = line.value("input", json());
  outcome.got = OnlyMembersOf(
      expect, suite.answer ? suite.answer(input, expect)
                           : suite.run(input, line.value("meta", json())));
  outcome.passed =
      suite.passes ? suite.passes(outcome.got, expect) : outcome.got == expect;
  return outcome;
}

Result<std::vector<Outcome>> RunLines(const Suite& suite,
                                      const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) return Error(ErrorCode::kNotFound, file.string() + ": not readable");
  std::vector<Outcome> outcomes;
  std::string text;
  for (int number = 1; std::getline(in, text); ++number) {
    const json line =
        json::parse(WithoutLoneSurrogates(text), nullptr, /*allow_exceptions=*/
                    false);
    if (!line.is_object()) {
      return Error(ErrorCode::kMalformed, file.string() + ": line " +
                                              std::to_string(number) +
                                              " is no JSON object");
    }
    if (line.contains("_suite")) continue;
    outcomes.push_back(RunCase(suite, line));
  }
  return outcomes;
}

std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

int Report(const std::vector<Outcome>& outcomes) {
  std::size_t passed = 0;
  for (const Outcome& outcome : outcomes) {
    if (outcome.passed) {
      ++passed;
    } else {
      std::cerr << "failed: " << outcome.id << '\n';
    }
    std::cout << "{\"id\":" << Dump(outcome.id)
              << ",\"got\":" << Dump(outcome.got) << "}\n";
  }
  std::cout << passed << " passed, " << outcomes.size() - passed << " failed\n";
  return passed == outcomes.size() ? 0 : 1;
}

int Main(const std::vector<std::string>& arguments) {
  if (arguments.size() == 1 && arguments[0] == "--list") {
    for (const auto& [name, suite] : Table()) std::cout << name << '\n';
    return 0;
  }
  if (arguments.size() != 2) {
    std::cerr << "usage: stemma-conform SUITE FILE | --list\n";
    return 2;
  }
  const auto found = Table().find(arguments[0]);
  if (found == Table().end()) {
    std::cerr << "stemma-conform: no suite named " << arguments[0] << '\n';
    return 2;
  }
  const Suite& suite = found->second;
  const Result<std::vector<Outcome>> outcomes =
      suite.run_file ? suite.run_file(arguments[1])
                     : RunLines(suite, arguments[1]);
  if (!outcomes) {
    std::cerr << "stemma-conform: " << outcomes.error().message() << '\n';
    return 3;
  }
  return Report(*outcomes);
}

}  // namespace

bool Register(std::initializer_list<Suite> suites) {
  for (const Suite& suite : suites) Table().emplace(suite.name, suite);
  return true;
}

std::string Base64Member(const json& object, std::string_view name) {
  const std::string text = object.value(std::string(name), "");
  std::string bytes(text.size(), '\0');
  const int length =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
  if (length < 0) return {};
  const auto padding =
      text.size() - std::min(text.find_last_not_of('=') + 1, text.size());
  bytes.resize(static_cast<std::size_t>(length) - padding);
  return bytes;
}

std::string Base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()),
                      static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

}  // namespace stemma::conform

int main(int argc, char** argv) {
  return stemma::conform::Main({argv + 1, argv + argc});
}
