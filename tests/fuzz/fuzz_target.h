// A property that must hold for any bytes. Each has two callers: a fuzzer
// (preset fuzz, script/fuzz) and fuzz_tests, which replays the seeds and
// simple damage to them in every test run.
//
//   FUZZ_TARGET(url) {        // the parameter is `bytes`, of exactly its size
//     Require(Parse(Print(Parse(bytes))) == Parse(bytes), "round trip");
//   }
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace stemma::fuzz {

using Property = void (*)(std::string_view bytes);

// Name -> property, of all targets that are linked.
std::map<std::string, Property>& Targets();

struct Registration {
  Registration(const char* name, Property property) {
    Targets().emplace(name, property);
  }
};

// Fails the run, saying what did not hold.
void Require(bool holds, std::string_view what);

}  // namespace stemma::fuzz

#define FUZZ_TARGET(name)                                        \
  static void name##_property(std::string_view bytes);           \
  static const ::stemma::fuzz::Registration name##_registration( \
      #name, name##_property);                                   \
  static void name##_property([[maybe_unused]] std::string_view bytes)
