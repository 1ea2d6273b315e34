// The fuzzer's side: one program per target, with libFuzzer's main.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/fuzz_target.h"

namespace stemma::fuzz {

std::map<std::string, Property>& Targets() {
  static std::map<std::string, Property> targets;
  return targets;
}

void Require(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(what.size()),
               what.data());
  std::abort();
}

}  // namespace stemma::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const auto& targets = stemma::fuzz::Targets();
  targets.begin()->second(
      {reinterpret_cast<const char*>(data), size});  // one target per program
  return 0;
}
