// A timestamp authority of our own for tests: a root, a unit certificate, and
// answers to requests at any time one likes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/time.h"

namespace stemma {

class TestAuthority {
 public:
  // The root is valid for decades; the unit from `from` to `until`.
  TestAuthority(TimePoint from, TimePoint until);
  ~TestAuthority();
  TestAuthority(TestAuthority&&) noexcept;

  const std::string& ca_pem() const;
  const std::string& unit_pem() const;
  // A list that revokes the unit for key compromise.
  std::string Revocation() const;

  // The DER answer to a DER request, with genTime `at`.
  std::string Answer(std::string_view query, TimePoint at) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace stemma
