#include "fetch/job.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "core/ascii.h"

namespace stemma {

std::string_view NameOf(RobotsRule rule) {
  switch (rule) {
    case RobotsRule::kObey:
      return "obey";
    case RobotsRule::kReport:
      return "report";
    case RobotsRule::kIgnore:
      return "ignore";
  }
  return "obey";
}

namespace {

bool SamePattern(std::string_view pattern, std::string_view text) {
  // '*' is any text; the pattern may begin and end anywhere.
  std::size_t at = 0;
  while (!pattern.empty()) {
    const std::size_t star = pattern.find('*');
    const std::string_view piece = pattern.substr(0, star);
    const std::size_t found = text.find(piece, at);
    if (found == std::string_view::npos) return false;
    at = found + piece.size();
    pattern = star == std::string_view::npos ? std::string_view()
                                             : pattern.substr(star + 1);
  }
  return true;
}

}  // namespace

bool Job::InScope(const Url& url) const {
  return std::ranges::find(hosts, url.host()) != hosts.end();
}

std::string_view MatchOf(const std::vector<std::string>& patterns,
                         const Url& url) {
  std::string target = url.path();
  if (url.has_query()) target += "?" + url.query();
  for (const std::string& pattern : patterns) {
    if (SamePattern(pattern, target)) return pattern;
  }
  return {};
}

std::string_view Job::ExcludedBy(const Url& url) const {
  return MatchOf(exclude, url);
}

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// "12unit" times the factor of its unit; nullopt if it is anything else.
std::optional<std::uint64_t> WithUnit(std::string_view text,
                                      std::span<const Unit> units) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, errc] = std::from_chars(text.data(), end, number);
  if (errc != std::errc()) return std::nullopt;
  const std::string name = Lowered({rest, end});
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
    if (number > static_cast<std::uint64_t>(kMost) / unit.factor) break;
    return number * unit.factor;
  }
  if (number == 0 && name.empty()) return 0;
  return std::nullopt;
}

}  // namespace

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  static constexpr Unit kUnits[] = {
      {"ms", 1},        {"s", 1'000},      {"m", 60'000},     {"min", 60'000},
      {"h", 3'600'000}, {"d", 86'400'000}, {"w", 604'800'000}};
  const auto value = WithUnit(text, kUnits);
  // Anything beyond 100 years is a mistake, and would overflow sums of times.
  if (!value || *value > 36'525ULL * 86'400'000ULL) {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("'{}' is not a duration; write 500ms, 1s, 15m, 6h "
                             "or 30d",
                             text));
  }
  return std::chrono::milliseconds(*value);
}

Result<std::uint64_t> ParseByteSize(std::string_view text) {
  static constexpr Unit kUnits[] = {{"", 1},
                                    {"b", 1},
                                    {"k", 1ULL << 10},
                                    {"kb", 1ULL << 10},
                                    {"kib", 1ULL << 10},
                                    {"m", 1ULL << 20},
                                    {"mb", 1ULL << 20},
                                    {"mib", 1ULL << 20},
                                    {"g", 1ULL << 30},
                                    {"gb", 1ULL << 30},
                                    {"gib", 1ULL << 30},
                                    {"t", 1ULL << 40},
                                    {"tb", 1ULL << 40},
                                    {"tib", 1ULL << 40}};
  const auto value = WithUnit(text, kUnits);
  if (!value) {
    return Error(
        ErrorCode::kInvalidArgument,
        fmt::format("'{}' is not a size; write 1048576, 64MiB or 2GiB", text));
  }
  return *value;
}

namespace {

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, change});
    }
  }
  return row[b.size()];
}

// Reads one job file; collects problems as it goes.
class JobReader {
 public:
  JobReading Read(std::string_view toml);

 private:
  using Setter = std::function<void(const toml::node&)>;
  using Keys = std::map<std::string, Setter, std::less<>>;

  void Complain(const toml::source_region& where, std::string message) {
    out_.problems.push_back({static_cast<int>(where.begin.line),
                             static_cast<int>(where.begin.column),
                             std::move(message)});
  }
  void Complain(const toml::node& node, std::string message) {
    Complain(node.source(), key_ + ": " + std::move(message));
  }

  void ReadTable(std::string_view name, const toml::table& table,
                 const Keys& keys);
  std::map<std::string, Keys, std::less<>> AllKeys();
  Keys RenderKeys();
  Keys RetentionKeys();
  void CheckWhole(const toml::table& root);

  // Setters for the kinds of values there are.
  Setter Text(std::string* out);
  Setter OneOf(std::vector<std::string_view> choices,
               std::function<void(std::string_view)> take);
  Setter Texts(std::function<void(const toml::node&, std::string_view)> take);
  Setter Strings(std::vector<std::string>* out);
  Setter Hosts(std::vector<std::string>* out);
  Setter Patterns(std::vector<std::string>* out);
  Setter Urls(std::vector<Url>* out);
  Setter Flag(bool* out);
  Setter Number(std::int64_t least, std::int64_t most,
                std::function<void(std::int64_t)> take);
  Setter Duration(std::function<void(std::chrono::milliseconds)> take);
  Setter Size(std::function<void(std::uint64_t)> take);

  JobReading out_;
  std::string key_;  // being read: "scope.max_depth"
};

std::string_view TypeName(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a float";
    case toml::node_type::boolean:
      return "a boolean";
    default:
      return "a date";
  }
}

JobReader::Setter JobReader::Text(std::string* out) {
  return [this, out](const toml::node& node) {
    if (const auto text = node.value_exact<std::string>()) {
      *out = *text;
    } else {
      Complain(node,
               fmt::format("a string is expected, not {}", TypeName(node)));
    }
  };
}

JobReader::Setter JobReader::OneOf(std::vector<std::string_view> choices,
                                   std::function<void(std::string_view)> take) {
  return [this, choices, take](const toml::node& node) {
    const auto text = node.value_exact<std::string>();
    if (text && std::ranges::find(choices, *text) != choices.end()) {
      return take(*text);
    }
    Complain(node, fmt::format("must be one of \"{}\"",
                               fmt::join(choices, "\", \"")));
  };
}

JobReader::Setter JobReader::Texts(
    std::function<void(const toml::node&, std::string_view)> take) {
  return [this, take](const toml::node& node) {
    const toml::array* array = node.as_array();
    if (array == nullptr) {
      return Complain(node, fmt::format("an array of strings is expected, not "
                                        "{}",
                                        TypeName(node)));
    }
    for (const toml::node& member : *array) {
      const auto text = member.value_exact<std::string>();
      if (text) {
        take(member, *text);
      } else {
        Complain(member,
                 fmt::format("a string is expected, not {}", TypeName(member)));
      }
    }
  };
}

JobReader::Setter JobReader::Strings(std::vector<std::string>* out) {
  return Texts([out](const toml::node&, std::string_view text) {
    out->emplace_back(text);
  });
}

JobReader::Setter JobReader::Hosts(std::vector<std::string>* out) {
  return Texts([this, out](const toml::node& node, std::string_view text) {
    // Read as the host of a URL, so that spelling does not matter.
    const Result<Url> url = Url::Parse("http://" + std::string(text));
    if (!url || url->host().empty() || url->path() != "/" || url->port() ||
        text.find('@') != std::string_view::npos) {
      return Complain(node, fmt::format("'{}' is not a host name", text));
    }
    out->push_back(url->host());
  });
}

JobReader::Setter JobReader::Patterns(std::vector<std::string>* out) {
  return Texts([this, out](const toml::node& node, std::string_view text) {
    if (text.find_first_not_of('*') == std::string_view::npos) {
      return Complain(node, "an empty pattern would match everything");
    }
    out->emplace_back(text);
  });
}

JobReader::Setter JobReader::Urls(std::vector<Url>* out) {
  return Texts([this, out](const toml::node& node, std::string_view text) {
    Result<Url> url = Url::Parse(text);
    if (!url || !url->IsHttp() || url->host().empty()) {
      return Complain(node,
                      fmt::format("'{}' is not an http or https URL", text));
    }
    out->push_back(*std::move(url));
  });
}

JobReader::Setter JobReader::Flag(bool* out) {
  return [this, out](const toml::node& node) {
    if (const auto flag = node.value_exact<bool>()) {
      *out = *flag;
    } else {
      Complain(node, fmt::format("true or false is expected, not {}",
                                 TypeName(node)));
    }
  };
}

JobReader::Setter JobReader::Number(std::int64_t least, std::int64_t most,
                                    std::function<void(std::int64_t)> take) {
  return [this, least, most, take](const toml::node& node) {
    const auto number = node.value_exact<std::int64_t>();
    if (number && *number >= least && *number <= most) return take(*number);
    Complain(node,
             fmt::format("an integer from {} to {} is expected", least, most));
  };
}

JobReader::Setter JobReader::Duration(
    std::function<void(std::chrono::milliseconds)> take) {
  return [this, take](const toml::node& node) {
    const auto text = node.value_exact<std::string>();
    if (!text) {
      return Complain(node, "a duration is a string: \"1s\", \"6h\"");
    }
    const auto value = ParseDuration(*text);
    if (!value) return Complain(node, value.error().message());
    take(*value);
  };
}

JobReader::Setter JobReader::Size(std::function<void(std::uint64_t)> take) {
  return [this, take](const toml::node& node) {
    if (const auto number = node.value_exact<std::int64_t>()) {
      if (*number < 0) return Complain(node, "a size is not negative");
      return take(static_cast<std::uint64_t>(*number));
    }
    const auto text = node.value_exact<std::string>();
    if (!text) {
      return Complain(node, "a size is a number of bytes or \"64MiB\"");
    }
    const auto value = ParseByteSize(*text);
    if (!value) return Complain(node, value.error().message());
    take(*value);
  };
}

bool IsJobName(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name[0] != '.' &&
         std::ranges::all_of(name, [](char c) {
           return IsAlnum(c) || c == '.' || c == '_' || c == '-';
         });
}

bool IsKeyframeMode(std::string_view mode) {
  if (mode == "scene" || mode == "iframe" || mode == "all" || mode == "none") {
    return true;
  }
  constexpr std::string_view kInterval = "interval:";
  if (!mode.starts_with(kInterval)) return false;
  const auto step = ParseDuration(mode.substr(kInterval.size()));
  return step && step->count() > 0;
}

std::map<std::string, JobReader::Keys, std::less<>> JobReader::AllKeys() {
  Job& job = out_.job;
  std::map<std::string, Keys, std::less<>> all;
  all["job"] = {
      {"name",
       [this, &job](const toml::node& node) {
         Text (&job.name)(node);
         if (!IsJobName(job.name)) {
           Complain(node,
                    "a name is 1 to 64 letters, digits, '.', '_' or '-', "
                    "and does not begin with '.'");
         }
       }},
      {"archive", Text(&job.archive)},
      {"derive", OneOf({"now", "later"}, [&job](std::string_view when) {
         job.derive_later = when == "later";
       })}};
  all["seeds"] = {{"urls", Urls(&job.urls)},
                  {"feeds", Urls(&job.feeds)},
                  {"sitemaps", Urls(&job.sitemaps)}};
  all["scope"] = {
      {"hosts", Hosts(&job.hosts)},
      {"exclude", Patterns(&job.exclude)},
      {"max_depth",
       Number(0, 1'000,
              [&job](std::int64_t n) { job.max_depth = static_cast<int>(n); })},
      {"max_pages", Number(1, std::int64_t{1} << 40,
                           [&job](std::int64_t n) {
                             job.max_pages = static_cast<std::uint64_t>(n);
                           })},
      {"follow_original", Flag(&job.follow_original)}};
  all["media"] = {
      {"fetch", Flag(&job.media)},
      {"max_bytes", Size([&job](std::uint64_t n) { job.media_max_bytes = n; })},
      {"extractor", Text(&job.extractor)},
      {"keyframes", [this, &job](const toml::node& node) {
         Text (&job.keyframes)(node);
         if (!IsKeyframeMode(job.keyframes)) {
           Complain(node, "must be scene, iframe, interval:5s, all or none");
         }
       }}};
  all["politeness"] = {
      {"delay", Duration([&job](auto time) { job.delay = time; })},
      {"concurrency_per_host", Number(1, 64,
                                      [&job](std::int64_t n) {
                                        job.concurrency_per_host =
                                            static_cast<int>(n);
                                      })},
      {"robots", OneOf({"obey", "report", "ignore"},
                       [&job](std::string_view rule) {
                         job.robots = rule == "obey"     ? RobotsRule::kObey
                                      : rule == "report" ? RobotsRule::kReport
                                                         : RobotsRule::kIgnore;
                       })},
      {"user_agent", [this, &job](const toml::node& node) {
         Text (&job.user_agent)(node);
         if (job.user_agent.empty() ||
             std::ranges::any_of(job.user_agent, [](char c) {
               return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
             })) {
           Complain(node, "must be one line of text");
         }
       }}};
  all["revisit"] = {{"min_interval",
                     Duration([&job](auto time) { job.min_interval = time; })}};
  all["limits"] = {
      {"max_bytes", Size([&job](std::uint64_t n) { job.max_bytes = n; })},
      {"max_time", Duration([&job](auto time) { job.max_time = time; })},
      {"page_max_bytes",
       Size([&job](std::uint64_t n) { job.page_max_bytes = n; })}};
  all["render"] = RenderKeys();
  all["retention"] = RetentionKeys();
  all["network"] = {{"allow_private", Strings(&job.allow_private)},
                    {"resolve", Strings(&job.resolve)},
                    {"cacert", Text(&job.cacert)},
                    {"proxy", Text(&job.proxy)},
                    {"connections", Number(1, 256, [&job](std::int64_t n) {
                       job.connections = static_cast<int>(n);
                     })}};
  all["sign"] = {{"key", Text(&job.sign_key)},
                 {"command", Text(&job.sign_command)},
                 {"vkey", Text(&job.sign_vkey)},
                 {"timestamp", Strings(&job.timestamp)},
                 {"calendar", Strings(&job.calendar)}};
  all["notify"] = {{"on_altered", Text(&job.on_altered)},
                   {"on_finish", Text(&job.on_finish)},
                   {"on_error", Text(&job.on_error)},
                   {"metrics", Text(&job.metrics)},
                   {"ping", [this, &job](const toml::node& node) {
                      job.ping = node.value_or(std::string());
                      const Result<Url> url = Url::Parse(job.ping);
                      if (!url || !url->IsHttp()) {
                        Complain(node, "an http or https URL is expected");
                      }
                    }}};
  return all;
}

JobReader::Keys JobReader::RenderKeys() {
  Job::Rendering& how = out_.job.rendering;
  return {{"renderer", Text(&how.program)},
          {"hosts", Hosts(&how.hosts)},
          {"max_time", Duration([&how](auto time) { how.budget.time = time; })},
          {"max_bytes", Size([&how](auto bytes) { how.budget.bytes = bytes; })},
          {"max_requests", Number(1, 100'000, [&how](std::int64_t n) {
             how.budget.requests = static_cast<int>(n);
           })}};
}

JobReader::Keys JobReader::RetentionKeys() {
  Job::Retention& rules = out_.job.retention;
  return {{"keep", Duration([&rules](auto time) { rules.keep = time; })},
          {"what", OneOf({"all", "media"},
                         [&rules](std::string_view what) {
                           rules.media_only = what == "media";
                         })},
          {"copies", OneOf({"keep", "erase"},
                           [&rules](std::string_view copies) {
                             rules.keep_copies = copies == "keep";
                           })},
          {"hold", Patterns(&rules.hold)},
          {"basis", Text(&rules.basis)},
          {"approved_by", Strings(&rules.approved_by)}};
}

template <class Map>
std::string Suggest(std::string_view word, const Map& known) {
  std::string best;
  std::size_t least = 4;
  for (const auto& [name, value] : known) {
    const std::size_t distance = EditDistance(word, name);
    if (distance < least) {
      least = distance;
      best = name;
    }
  }
  return best.empty() ? "" : fmt::format("; did you mean '{}'?", best);
}

void JobReader::ReadTable(std::string_view name, const toml::table& table,
                          const Keys& keys) {
  for (const auto& [key, node] : table) {
    key_ = fmt::format("{}.{}", name, key.str());
    const auto found = keys.find(key.str());
    if (found == keys.end()) {
      Complain(key.source(),
               fmt::format("unknown key '{}' in [{}]{}", key.str(), name,
                           Suggest(key.str(), keys)));
      continue;
    }
    found->second(node);
  }
}

void JobReader::CheckWhole(const toml::table& root) {
  Job& job = out_.job;
  const auto whole = [&](std::string message) {
    out_.problems.push_back({0, 0, std::move(message)});
  };
  if (!root.at_path("job.name")) whole("[job] name is missing");
  if (job.urls.empty() && job.feeds.empty() && job.sitemaps.empty()) {
    whole("[seeds] names nothing to visit");
  }
  if (root.contains("retention")) {
    // Nobody erases by a slip: the file says why, and two roles stand for it.
    const Job::Retention& rules = job.retention;
    const std::set<std::string> roles(rules.approved_by.begin(),
                                      rules.approved_by.end());
    if (!rules.keep) whole("[retention] keep is missing");
    if (rules.basis.empty()) whole("[retention] basis is missing");
    if (roles.size() < 2 || roles.contains("")) {
      whole("[retention] approved_by needs two different roles");
    }
  }
  if (job.hosts.empty()) {
    for (const auto* list : {&job.urls, &job.feeds, &job.sitemaps}) {
      for (const Url& url : *list) job.hosts.push_back(url.host());
    }
  }
  std::ranges::sort(job.hosts);
  const auto repeated = std::ranges::unique(job.hosts);
  job.hosts.erase(repeated.begin(), repeated.end());
}

JobReading JobReader::Read(std::string_view toml) {
  constexpr std::size_t kMaxBytes = 4 << 20;
  if (toml.size() > kMaxBytes) {
    out_.problems.push_back({0, 0, "a job file of more than 4 MiB"});
    return std::move(out_);
  }
  toml::table root;
  try {
    root = toml::parse(toml);
  } catch (const toml::parse_error& error) {
    Complain(error.source(), std::string(error.description()));
    return std::move(out_);
  }
  const auto all = AllKeys();
  for (const auto& [key, node] : root) {
    const auto found = all.find(key.str());
    if (found == all.end()) {
      Complain(key.source(), fmt::format("unknown table [{}]{}", key.str(),
                                         Suggest(key.str(), all)));
    } else if (const toml::table* table = node.as_table()) {
      ReadTable(key.str(), *table, found->second);
    } else {
      Complain(key.source(), fmt::format("'{}' is a table: write [{}]",
                                         key.str(), key.str()));
    }
  }
  CheckWhole(root);
  std::ranges::stable_sort(out_.problems, {}, [](const JobProblem& p) {
    return std::pair(p.line, p.column);
  });
  return std::move(out_);
}

}  // namespace

JobReading ReadJob(std::string_view toml) { return JobReader().Read(toml); }

Result<Job> ParseJob(std::string_view toml, std::string_view file_name) {
  JobReading reading = ReadJob(toml);
  if (reading.problems.empty()) return std::move(reading.job);
  std::string message;
  for (const JobProblem& problem : reading.problems) {
    if (!message.empty()) message += "\n";
    message += problem.line > 0
                   ? fmt::format("{}:{}:{}: {}", file_name, problem.line,
                                 problem.column, problem.message)
                   : fmt::format("{}: {}", file_name, problem.message);
  }
  return Error(ErrorCode::kInvalidArgument, std::move(message));
}

}  // namespace stemma
