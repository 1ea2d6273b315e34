#include "article/site_rules.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <utility>

namespace stemma {
namespace {

Error Wrong(std::string_view name, std::string_view what) {
  return Error(ErrorCode::kMalformed, fmt::format("{}: {}", name, what));
}

Result<std::vector<SiteSelector>> Selectors(const toml::table& rule,
                                            std::string_view key,
                                            std::string_view name) {
  std::vector<SiteSelector> out;
  const toml::array* list = rule[key].as_array();
  if (list == nullptr) return out;
  for (const toml::node& node : *list) {
    const toml::table* table = node.as_table();
    if (table == nullptr) {
      return Wrong(name, fmt::format("{} holds something that is no "
                                     "{{tag, attribute, word}}",
                                     key));
    }
    SiteSelector selector;
    selector.tag = (*table)["tag"].value_or(std::string());
    selector.attribute = (*table)["attribute"].value_or(std::string());
    selector.word = (*table)["word"].value_or(std::string());
    if (selector.tag.empty() && selector.attribute.empty()) {
      return Wrong(name, fmt::format("{}: neither tag nor attribute", key));
    }
    out.push_back(std::move(selector));
  }
  return out;
}

Result<std::optional<TimePoint>> Day(const toml::table& rule,
                                     std::string_view key,
                                     std::string_view name) {
  const auto text = rule[key].value<std::string>();
  if (!text) return std::optional<TimePoint>();
  const std::optional<TimePoint> time = ParseTime(*text);
  if (!time) return Wrong(name, fmt::format("{} is no date: {}", key, *text));
  return time;
}

Result<SiteRule> RuleOf(const toml::table& table, std::string_view name) {
  SiteRule rule;
  rule.id = table["id"].value_or(std::string());
  if (rule.id.empty()) return Wrong(name, "a rule has no id");
  if (const toml::array* hosts = table["hosts"].as_array()) {
    for (const toml::node& host : *hosts) {
      if (const auto text = host.value<std::string>()) {
        rule.hosts.push_back(*text);
      }
    }
  }
  if (rule.hosts.empty()) return Wrong(name, rule.id + ": no hosts");
  STEMMA_TRY(rule.valid_from, Day(table, "valid_from", name));
  STEMMA_TRY(rule.valid_until, Day(table, "valid_until", name));
  STEMMA_TRY(rule.body, Selectors(table, "body", name));
  STEMMA_TRY(rule.drop, Selectors(table, "drop", name));
  rule.test_page = table["test_page"].value_or(std::string());
  rule.test_phrase = table["test_phrase"].value_or(std::string());
  if (rule.test_page.empty() || rule.test_phrase.empty()) {
    return Wrong(name, rule.id + ": no test_page or no test_phrase");
  }
  return rule;
}

bool Covers(const SiteRule& rule, std::string_view host,
            std::optional<TimePoint> when) {
  if (when && rule.valid_from && *when < *rule.valid_from) return false;
  if (when && rule.valid_until && *when >= *rule.valid_until) return false;
  for (const std::string& pattern : rule.hosts) {
    if (pattern == host) return true;
    if (pattern.starts_with(".") &&
        (host.ends_with(pattern) || host == pattern.substr(1))) {
      return true;
    }
  }
  return false;
}

}  // namespace

Result<SiteRules> SiteRules::Parse(std::string_view toml,
                                   std::string_view name) {
  SiteRules rules;
  // toml++ reports what it cannot read by throwing; this is where that stops.
  try {
    const toml::table table = toml::parse(toml);
    const toml::array* list = table["rule"].as_array();
    if (list == nullptr) return Wrong(name, "no [[rule]]");
    for (const toml::node& node : *list) {
      const toml::table* entry = node.as_table();
      if (entry == nullptr) return Wrong(name, "rule is no table");
      STEMMA_TRY(SiteRule rule, RuleOf(*entry, name));
      rules.rules_.push_back(std::move(rule));
    }
  } catch (const toml::parse_error& error) {
    return Wrong(name, fmt::format("line {}: {}", error.source().begin.line,
                                   error.description()));
  }
  return rules;
}

void SiteRules::Add(SiteRules other) {
  for (SiteRule& rule : other.rules_) rules_.push_back(std::move(rule));
}

const SiteRule* SiteRules::For(std::string_view host,
                               std::optional<TimePoint> when) const {
  for (std::size_t i = rules_.size(); i-- > 0;) {
    if (Covers(rules_[i], host, when)) return &rules_[i];
  }
  return nullptr;
}

}  // namespace stemma
