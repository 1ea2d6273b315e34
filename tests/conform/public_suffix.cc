// The test vectors of the Public Suffix List.

#include "fetch/public_suffix.h"

#include "tests/conform/conform.h"

namespace stemma::conform {
namespace {

json RunPublicSuffix(const json& input, const json&) {
  const json& host = input.at("host");
  const std::string domain =
      host.is_string() ? RegistrableDomain(host.get<std::string>()) : "";
  return {{"registrable", domain.empty() ? json() : json(domain)}};
}

const bool registered = Register({{.name = "psl", .run = RunPublicSuffix}});

}  // namespace
}  // namespace stemma::conform
