// Optional, versioned rules for single sites, configs/sites/*.toml. Each names
// its hosts, its validity, where the body is and what to drop, and a phrase its
// own test page must give. The record says which rule was used; the digest
// without it is recorded beside.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/time.h"

namespace stemma {

// Where something is: a tag with an attribute that must hold a word, all parts
// but one optional: tag "div", attribute "class", word "story".
struct SiteSelector {
  std::string tag, attribute, word;
};

struct SiteRule {
  std::string id;                  // "example.org/2"
  std::vector<std::string> hosts;  // exact, or ".example.org" for all below
  std::optional<TimePoint> valid_from, valid_until;
  std::vector<SiteSelector> body, drop;
  std::string test_page, test_phrase;
};

class SiteRules {
 public:
  // Reads one TOML file; kMalformed names the key and what is wrong with it.
  static Result<SiteRules> Parse(std::string_view toml, std::string_view name);
  // Adds the rules of another file.
  void Add(SiteRules other);
  // The rule for a host at a time (nullopt: any time); the last that fits.
  const SiteRule* For(std::string_view host,
                      std::optional<TimePoint> when = std::nullopt) const;
  const std::vector<SiteRule>& rules() const { return rules_; }

 private:
  std::vector<SiteRule> rules_;
};

}  // namespace stemma
