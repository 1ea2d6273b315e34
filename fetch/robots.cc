#include "fetch/robots.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

#include "core/ascii.h"
#include "core/percent_encoding.h"
#include "core/trim.h"

namespace stemma {
namespace {

constexpr std::string_view kBlanks = " \t";
// NUL too: files with one at their end are met.
constexpr std::string_view kSpaces(" \t\v\f\0", 5);

bool IsTokenCharacter(char c) {
  return (Lower(c) >= 'a' && Lower(c) <= 'z') || c == '_' || c == '-';
}

bool IsUnreserved(char c) {
  return IsTokenCharacter(c) || (c >= '0' && c <= '9') || c == '.' || c == '~';
}

void AppendEncoded(char c, std::string* out) {
  *out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
}

// `literals`: characters that mean something in a pattern and must not in a
// URL, so they are encoded there.
std::string Normalize(std::string_view text, std::string_view literals) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%' && i + 2 < text.size() && HexDigitValue(text[i + 1]) >= 0 &&
        HexDigitValue(text[i + 2]) >= 0) {
      const char byte = static_cast<char>(HexDigitValue(text[i + 1]) * 16 +
                                          HexDigitValue(text[i + 2]));
      if (IsUnreserved(byte)) {
        out += byte;
      } else {
        AppendEncoded(byte, &out);
      }
      i += 2;
    } else if (static_cast<unsigned char>(c) >= 0x80 || c == '%' ||
               literals.find(c) != std::string_view::npos) {
      AppendEncoded(c, &out);
    } else {
      out += c;
    }
  }
  return out;
}

std::string NormalizeUrlPath(std::string_view path) {
  return Normalize(path.substr(0, path.find('#')), "*$");
}

// Position of `piece` in `text` in linear time, or npos.
std::size_t Find(std::string_view text, std::string_view piece) {
  if (piece.empty()) return 0;
  const void* found =
      memmem(text.data(), text.size(), piece.data(), piece.size());
  if (!found) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) -
                                  text.data());
}

// "*" stands for any characters, "$" at the end of the pattern for the end of
// the path. Pieces between stars are found leftmost first, which suffices.
bool Matches(std::string_view pattern, std::string_view path) {
  const bool anchored = pattern.ends_with('$');
  if (anchored) pattern.remove_suffix(1);
  bool first = true;
  while (true) {
    const std::size_t star = pattern.find('*');
    const std::string_view piece = pattern.substr(0, star);
    const bool last = star == std::string_view::npos;
    if (first) {
      if (!path.starts_with(piece)) return false;
      path.remove_prefix(piece.size());
      if (last) return !anchored || path.empty();
    } else if (last) {
      return anchored ? path.ends_with(piece)
                      : Find(path, piece) != std::string_view::npos;
    } else {
      const std::size_t at = Find(path, piece);
      if (at == std::string_view::npos) return false;
      path.remove_prefix(at + piece.size());
    }
    first = false;
    pattern.remove_prefix(star + 1);
  }
}

enum class Directive {
  kUserAgent,
  kAllow,
  kDisallow,
  kCrawlDelay,
  kSitemap,
  kOther
};

Directive DirectiveOf(std::string_view key) {
  constexpr std::pair<std::string_view, Directive> kNames[] = {
      {"user-agent", Directive::kUserAgent},
      {"useragent", Directive::kUserAgent},
      {"user agent", Directive::kUserAgent},
      {"allow", Directive::kAllow},
      {"disallow", Directive::kDisallow},
      {"dissallow", Directive::kDisallow},
      {"dissalow", Directive::kDisallow},
      {"disalow", Directive::kDisallow},
      {"diasllow", Directive::kDisallow},
      {"disallaw", Directive::kDisallow},
      {"crawl-delay", Directive::kCrawlDelay},
      {"crawldelay", Directive::kCrawlDelay},
      {"crawl delay", Directive::kCrawlDelay},
      {"sitemap", Directive::kSitemap},
      {"site-map", Directive::kSitemap},
  };
  const std::string lower = Lowered(key);
  for (const auto& [name, directive] : kNames) {
    if (lower == name) return directive;
  }
  return Directive::kOther;
}

struct KeyValue {
  std::string_view key;
  std::string_view value;
};

// "key: value  # comment". Without a colon a line counts when it consists of
// exactly two words.
std::optional<KeyValue> SplitLine(std::string_view line) {
  line = TrimOf(line.substr(0, line.find('#')), kSpaces);
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    return KeyValue{TrimOf(line.substr(0, colon), kSpaces),
                    TrimOf(line.substr(colon + 1), kSpaces)};
  }
  const std::size_t blank = line.find_first_of(kBlanks);
  if (blank == std::string_view::npos) return std::nullopt;
  const std::string_view value = TrimOf(line.substr(blank), kSpaces);
  if (value.find_first_of(kBlanks) != std::string_view::npos) {
    return std::nullopt;
  }
  return KeyValue{line.substr(0, blank), value};
}

std::optional<std::chrono::milliseconds> ParseDelay(std::string_view value) {
  constexpr double kDay = 86'400;
  double seconds = 0;
  const auto [end, error] =
      std::from_chars(value.data(), value.data() + value.size(), seconds,
                      std::chars_format::fixed);
  if (error != std::errc() || end != value.data() + value.size() ||
      !(seconds >= 0) || !std::isfinite(seconds)) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(
      static_cast<long>(std::min(seconds, kDay) * 1000));
}

// `agent` and `wanted` are lower case. A line may hold a version or a comment
// behind the token; names of several words exist and must match as a whole.
bool AgentMatches(std::string_view agent, std::string_view wanted) {
  if (wanted.empty()) return false;
  if (agent == wanted) return true;
  if (agent.substr(0, agent.find_first_of(" \t/")) == wanted) return true;
  const auto end = std::ranges::find_if_not(agent, IsTokenCharacter);
  return agent.substr(0, static_cast<std::size_t>(end - agent.begin())) ==
         wanted;
}

bool IsEveryone(std::string_view agent) {
  return agent.starts_with('*') &&
         (agent.size() == 1 || agent[1] == ' ' || agent[1] == '\t');
}

}  // namespace

// Collects lines into groups.
class RobotsParser {
 public:
  explicit RobotsParser(const RobotsLimits& limits) : limits_(limits) {}

  Robots Parse(std::string_view bytes) {
    if (bytes.size() > limits_.max_bytes) {
      bytes = bytes.substr(0, limits_.max_bytes);
      robots_.cut_ = true;
    }
    SkipByteOrderMark(&bytes);
    for (int number = 1; !bytes.empty(); ++number) {
      const std::size_t end =
          std::min(bytes.find_first_of("\r\n"), bytes.size());
      TakeLine(bytes.substr(0, std::min(end, limits_.max_line_bytes)), number);
      const bool crlf = bytes.substr(end, 2) == "\r\n";
      bytes.remove_prefix(std::min(end + (crlf ? 2 : 1), bytes.size()));
    }
    return std::move(robots_);
  }

 private:
  // A mark cut short by whatever mangled the file is skipped, too.
  static void SkipByteOrderMark(std::string_view* bytes) {
    for (const char c : std::string_view("\xef\xbb\xbf")) {
      if (!bytes->starts_with(c)) return;
      bytes->remove_prefix(1);
    }
  }

  void TakeLine(std::string_view line, int number) {
    const std::optional<KeyValue> pair = SplitLine(line);
    if (!pair) return;
    switch (DirectiveOf(pair->key)) {
      case Directive::kUserAgent:
        return AddAgent(pair->value);
      case Directive::kAllow:
        return AddRule(true, pair->value, number);
      case Directive::kDisallow:
        return AddRule(false, pair->value, number);
      case Directive::kCrawlDelay:
        return SetDelay(pair->value);
      case Directive::kSitemap:
        return AddSitemap(pair->value);
      case Directive::kOther:
        return;
    }
  }

  void AddAgent(std::string_view value) {
    if (!naming_agents_) robots_.groups_.emplace_back();
    naming_agents_ = true;
    robots_.groups_.back().agents.push_back(Lowered(value));
  }

  void AddRule(bool allow, std::string_view value, int line) {
    if (robots_.groups_.empty()) return;  // before any user agent
    naming_agents_ = false;
    if (value.empty()) return;
    robots_.groups_.back().rules.push_back(
        {allow, line, std::string(value), NormalizeRobotsPattern(value)});
  }

  // RFC 9309 2.2.4: other records do not end the list of user agents.
  void SetDelay(std::string_view value) {
    const auto delay = ParseDelay(value);
    if (!delay || robots_.groups_.empty()) return;
    auto& current = robots_.groups_.back().delay;
    current = std::max(current.value_or(*delay), *delay);
  }

  void AddSitemap(std::string_view value) {
    auto& sitemaps = robots_.sitemaps_;
    if (value.empty() || sitemaps.size() >= limits_.max_sitemaps) return;
    if (std::ranges::find(sitemaps, value) == sitemaps.end()) {
      sitemaps.emplace_back(value);
    }
  }

  const RobotsLimits& limits_;
  Robots robots_;
  bool naming_agents_ = false;
};

RobotsAnswer RobotsAnswerFor(int status) {
  if (status >= 200 && status < 300) return RobotsAnswer::kParse;
  if (status >= 400 && status < 500 && status != 429) {
    return RobotsAnswer::kAllowAll;
  }
  // A redirect that leads nowhere: RFC 9309 2.3.1.2 allows "unavailable".
  if (status >= 300 && status < 400) return RobotsAnswer::kAllowAll;
  return RobotsAnswer::kDisallowAll;
}

Robots Robots::Parse(std::string_view bytes, const RobotsLimits& limits) {
  return RobotsParser(limits).Parse(bytes);
}

Robots Robots::DisallowAll() {
  Robots robots;
  robots.groups_.push_back(
      {.agents = {"*"},
       .rules = {{.allow = false, .line = 0, .written = "/", .pattern = "/"}},
       .delay = std::nullopt});
  return robots;
}

std::vector<const Robots::Group*> Robots::GroupsFor(
    std::string_view user_agent) const {
  const std::string whole = Lowered(user_agent);
  const std::string_view token = ProductToken(whole);
  std::vector<const Group*> named;
  std::vector<const Group*> everyone;
  for (const Group& group : groups_) {
    const bool is_named =
        std::ranges::any_of(group.agents, [&](const std::string& agent) {
          return AgentMatches(agent, whole) || AgentMatches(agent, token);
        });
    if (is_named) named.push_back(&group);
    if (std::ranges::any_of(group.agents, IsEveryone)) {
      everyone.push_back(&group);
    }
  }
  return named.empty() ? everyone : named;
}

RobotsDecision Robots::Allowed(std::string_view user_agent,
                               const Url& url) const {
  std::string path = url.path();
  if (url.has_query()) path += "?" + url.query();
  return AllowedPath(user_agent, path);
}

RobotsDecision Robots::AllowedPath(std::string_view user_agent,
                                   std::string_view path) const {
  const std::string normal = path.empty() ? "/" : NormalizeUrlPath(path);
  if (normal == "/robots.txt") return {};
  const Rule* best = nullptr;
  for (const Group* group : GroupsFor(user_agent)) {
    for (const Rule& rule : group->rules) {
      const bool better = !best || rule.pattern.size() > best->pattern.size() ||
                          (rule.pattern.size() == best->pattern.size() &&
                           rule.allow && !best->allow);
      if (better && Matches(rule.pattern, normal)) best = &rule;
    }
  }
  if (!best) return {};
  return {best->allow, best->line,
          (best->allow ? "Allow: " : "Disallow: ") + best->written};
}

std::optional<std::chrono::milliseconds> Robots::CrawlDelay(
    std::string_view user_agent) const {
  std::optional<std::chrono::milliseconds> longest;
  for (const Group* group : GroupsFor(user_agent)) {
    if (!group->delay) continue;
    longest = std::max(longest.value_or(*group->delay), *group->delay);
  }
  return longest;
}

std::string_view ProductToken(std::string_view user_agent) {
  return user_agent.substr(0, user_agent.find_first_of(" \t/"));
}

bool IsProductToken(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, IsTokenCharacter);
}

std::string NormalizeRobotsPattern(std::string_view pattern) {
  return Normalize(pattern, "");
}

}  // namespace stemma
