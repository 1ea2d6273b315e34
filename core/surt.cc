#include "core/surt.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include "core/ascii.h"
#include "core/percent_encoding.h"
#include "core/url.h"
#include "core/url_host.h"
#include "core/utf8.h"

namespace stemma {
namespace {

std::size_t CountWhile(std::string_view text, bool (*is)(char)) {
  const auto end = std::ranges::find_if_not(text, is);
  return static_cast<std::size_t>(end - text.begin());
}

// Everything that must be escaped: controls, space, "#", "%", DEL, non-ASCII.
const PercentEncodeSet& EscapeSet() {
  static const PercentEncodeSet set = [] {
    PercentEncodeSet escaped = kC0ControlSet;
    for (const char c : std::string_view(" #%")) {
      escaped[static_cast<unsigned char>(c)] = true;
    }
    return escaped;
  }();
  return set;
}

std::string Escaped(std::string_view text) {
  return PercentEncode(text, EscapeSet());
}

std::string MinimallyEscaped(std::string_view text) {
  return Escaped(PercentDecodeRepeatedly(text));
}

struct Parts {
  std::string scheme;
  std::string host;  // empty: none
  std::optional<int> port;
  std::string path;
  std::string query;
};

std::string Stripped(std::string_view url) {
  constexpr std::string_view kSpaces = " \t\n\r\f\v";
  const std::size_t begin = url.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  std::string text(
      url.substr(begin, url.find_last_not_of(kSpaces) - begin + 1));
  std::erase_if(text,
                [](char c) { return c == '\n' || c == '\r' || c == '\t'; });
  return text;
}

// Length of "scheme" when `text` starts with "scheme:", else npos.
std::size_t SchemeLength(std::string_view text) {
  if (text.empty() || !IsAlpha(text[0])) return std::string_view::npos;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ':') return i;
    if (!IsAlnum(c) && c != '+' && c != '-' && c != '.') break;
  }
  return std::string_view::npos;
}

// "http://https://x" is a link somebody pasted twice: the last scheme counts.
std::string_view WithoutRepeatedScheme(std::string_view url) {
  const auto prefix = [](std::string_view text) -> std::size_t {
    if (text.starts_with("http://")) return 7;
    return text.starts_with("https://") ? 8 : 0;
  };
  while (prefix(url) != 0 && prefix(url.substr(prefix(url))) != 0) {
    url.remove_prefix(prefix(url));
  }
  return url;
}

void SplitAuthority(std::string_view authority, Parts* parts) {
  if (const std::size_t at = authority.rfind('@');
      at != std::string_view::npos) {
    authority.remove_prefix(at + 1);
  }
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    parts->host = authority.substr(1, close - 1);
    if (close != std::string_view::npos) port = authority.substr(close + 1);
  } else {
    const std::size_t colon = authority.find(':');
    parts->host = authority.substr(0, colon);
    if (colon != std::string_view::npos) port = authority.substr(colon);
  }
  int number = 0;
  if (port.starts_with(':') &&
      std::from_chars(port.data() + 1, port.data() + port.size(), number).ec ==
          std::errc() &&
      number > 0) {
    parts->port = number;
  }
}

// "http:////host/path": the host is behind however many slashes.
void TakeHostFromPath(Parts* parts) {
  std::string_view path = parts->path;
  path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  const std::size_t slash = path.find('/');
  const std::string host(path.substr(0, slash));
  parts->path = slash == std::string_view::npos
                    ? "/"
                    : "/" + std::string(path.substr(slash + 1));
  parts->host = host;
}

Parts Split(std::string_view url) {
  Parts parts;
  const std::size_t colon = SchemeLength(url);
  parts.scheme = Lowered(std::string(url.substr(0, colon)));
  url.remove_prefix(colon + 1);
  url = url.substr(0, url.find('#'));
  if (url.starts_with("//")) {
    url.remove_prefix(2);
    const std::string_view authority = url.substr(0, url.find_first_of("/?"));
    url.remove_prefix(authority.size());
    SplitAuthority(authority, &parts);
  }
  const std::size_t mark = url.find('?');
  parts.path = url.substr(0, mark);
  if (mark != std::string_view::npos) parts.query = url.substr(mark + 1);
  if (parts.scheme.starts_with("http") && parts.host.empty() &&
      !parts.path.empty()) {
    TakeHostFromPath(&parts);
  }
  return parts;
}

// Dotted decimal of a host that is a number or looks like decimal or octal
// IPv4; hosts beyond 32 bits exist in old ARC files and are cut down.
std::optional<std::string> AsIpv4(std::string_view host) {
  if (host.empty() || !IsDigit(host[0])) return std::nullopt;
  if (CountWhile(host, IsDigit) == host.size()) {
    std::uint32_t value = 0;
    for (const char c : host) {
      value = value * 10U + static_cast<std::uint32_t>(c - '0');
    }
    const Result<std::string> address = ParseSpecialHost(std::to_string(value));
    return address ? std::optional(*address) : std::nullopt;
  }
  const bool decimal_or_octal =
      std::ranges::all_of(host, [](char c) { return IsDigit(c) || c == '.'; });
  if (!decimal_or_octal) return std::nullopt;
  const Result<std::string> address = ParseSpecialHost(host);
  return address ? std::optional(*address) : std::nullopt;
}

std::string WithSingleDots(std::string_view host) {
  std::string out;
  for (std::size_t i = 0; i < host.size(); ++i) {
    out += host[i];
    if (host[i] == '.' && i + 1 < host.size() && host[i + 1] == '.') ++i;
  }
  const std::size_t begin = std::min(out.find_first_not_of('.'), out.size());
  out.erase(0, begin);
  out.resize(out.find_last_not_of('.') + 1);
  return out;
}

std::string CanonicalHost(std::string_view host) {
  std::string decoded = PercentDecodeRepeatedly(host);
  if (!IsAscii(decoded)) {
    if (Result<std::string> ascii = DomainToAscii(decoded, false)) {
      decoded = *std::move(ascii);
    }
  }
  decoded = WithSingleDots(decoded);
  if (std::optional<std::string> address = AsIpv4(decoded)) return *address;
  return Escaped(Lowered(decoded));
}

std::vector<std::string_view> SplitAt(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  while (true) {
    const std::size_t end = text.find(separator);
    pieces.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

// Dot segments resolved and empty segments dropped; ".." above the root stays.
std::string NormalPath(std::string_view path) {
  std::vector<std::string_view> kept;
  const std::vector<std::string_view> segments = SplitAt(path, '/');
  for (std::size_t i = 1; i < segments.size(); ++i) {
    if (segments[i] == ".") continue;
    if (segments[i] == ".." && !kept.empty()) {
      kept.pop_back();
    } else {
      kept.push_back(segments[i]);
    }
  }
  std::string normal = "/";
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const bool last = i + 1 == kept.size();
    normal += kept[i];
    if (!last && !kept[i].empty()) normal += '/';
  }
  return normal;
}

std::string CanonicalPath(const Parts& parts) {
  std::string path = PercentDecodeRepeatedly(parts.path);
  if (!parts.host.empty()) path = NormalPath(path);
  path = WithoutPathSessionId(Lowered(Escaped(path)));
  if (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

std::string CanonicalQuery(const Parts& parts) {
  return SortedQuery(
      Lowered(WithoutQuerySessionId(MinimallyEscaped(parts.query))));
}

std::string ReversedHost(std::string_view host) {
  std::vector<std::string_view> labels = SplitAt(host, '.');
  std::string out;
  for (auto label = labels.rbegin(); label != labels.rend(); ++label) {
    if (label != labels.rbegin()) out += ',';
    out += *label;
  }
  return out;
}

bool IsDefaultPort(const Parts& parts) {
  return (parts.scheme == "http" && parts.port == 80) ||
         (parts.scheme == "https" && parts.port == 443);
}

// Where the last session argument `name` starts whose value is exactly
// `value_length` characters and ends the argument; npos if none does.
std::size_t FindSessionArgument(std::string_view query, std::string_view name,
                                std::size_t value_length) {
  for (std::size_t at = query.size(); at-- > 0;) {
    const std::string_view rest = query.substr(at);
    if (!StartsWithIgnoringCase(rest, name)) continue;
    const std::string_view value = rest.substr(name.size());
    if (CountWhile(value.substr(0, value_length), IsAlnum) != value_length) {
      continue;
    }
    if (value.size() == value_length || value[value_length] == '&') return at;
  }
  return std::string_view::npos;
}

// `query` without [begin, end) and the "&" that follows.
std::string Cut(std::string_view query, std::size_t begin, std::size_t end) {
  if (end < query.size()) ++end;
  return std::string(query.substr(0, begin)) + std::string(query.substr(end));
}

void CutSessionArgument(std::string_view name, std::size_t value_length,
                        std::string* query) {
  const std::size_t at = FindSessionArgument(*query, name, value_length);
  if (at == std::string_view::npos) return;
  *query = Cut(*query, at, at + name.size() + value_length);
}

// "ASPSESSIONID" and eight letters, "=", 24 letters.
void CutAspSession(std::string* query) {
  constexpr std::string_view kName = "aspsessionid";
  for (std::size_t at = query->size(); at-- > 0;) {
    const std::string_view rest = std::string_view(*query).substr(at);
    if (!StartsWithIgnoringCase(rest, kName)) continue;
    const std::string_view tail = rest.substr(kName.size());
    if (CountWhile(tail.substr(0, 8), IsAlpha) != 8 || tail.size() < 9 ||
        tail[8] != '=') {
      continue;
    }
    const std::string_view value = tail.substr(9);
    if (CountWhile(value.substr(0, 24), IsAlpha) != 24) continue;
    if (value.size() > 24 && value[24] != '&') continue;
    *query = Cut(*query, at, at + kName.size() + 9 + 24);
    return;
  }
}

void CutColdFusionSession(std::string* query) {
  constexpr std::string_view kId = "cfid=";
  constexpr std::string_view kToken = "cftoken=";
  for (std::size_t at = query->size(); at-- > 0;) {
    const std::string_view rest = std::string_view(*query).substr(at);
    if (!StartsWithIgnoringCase(rest, kId)) continue;
    const std::size_t first_end = rest.find('&');
    if (first_end == std::string_view::npos || first_end == kId.size()) {
      continue;
    }
    const std::string_view token = rest.substr(first_end + 1);
    if (!StartsWithIgnoringCase(token, kToken)) continue;
    const std::size_t token_end = std::min(token.find('&'), token.size());
    if (token_end == kToken.size()) continue;
    *query = Cut(*query, at, at + first_end + 1 + token_end);
    return;
  }
}

// Length of "(a(24 letters or digits)b(...))/" at the front of `text`, or of
// "(24 letters or digits)/"; 0 if it starts with neither.
std::size_t SessionSegmentLength(std::string_view text, bool nested) {
  constexpr std::size_t kIdLength = 24;
  const auto id_at = [text](std::size_t at) {
    return text.size() >= at + kIdLength + 2 && text[at] == '(' &&
           CountWhile(text.substr(at + 1, kIdLength), IsAlnum) == kIdLength &&
           text[at + kIdLength + 1] == ')';
  };
  std::size_t at = 0;
  if (nested) {
    if (text.empty() || text[at] != '(') return 0;
    ++at;
    const std::size_t start = at;
    while (at < text.size() && IsAlpha(text[at]) && id_at(at + 1)) {
      at += 1 + kIdLength + 2;
    }
    if (at == start || at >= text.size() || text[at] != ')') return 0;
    ++at;
  } else {
    if (!id_at(0)) return 0;
    at = kIdLength + 2;
  }
  return at < text.size() && text[at] == '/' ? at + 1 : 0;
}

// Removes the last such segment that a page named "*.aspx" follows. One pass
// from the right; `aspx` is the last ".aspx" seen since the last "?".
std::string WithoutSessionSegment(std::string_view path, bool nested) {
  std::size_t aspx = 0;
  for (std::size_t at = path.size(); at-- > 0;) {
    const std::string_view rest = path.substr(at);
    if (rest[0] == '?') aspx = 0;
    if (aspx == 0 && StartsWithIgnoringCase(rest, ".aspx")) aspx = at;
    if (rest[0] != '/') continue;
    const std::size_t length = SessionSegmentLength(rest.substr(1), nested);
    if (length > 0 && aspx > at + 1 + length) {
      return std::string(path.substr(0, at + 1)) +
             std::string(rest.substr(1 + length));
    }
  }
  return std::string(path);
}

}  // namespace

std::string PercentDecodeRepeatedly(std::string_view text) {
  // Each round that changes anything makes the text shorter, but a nest of
  // "%25" would cost a round each: decode the front as far as it goes instead.
  std::string out;
  for (const char c : text) {
    out += c;
    while (out.size() >= 3 && out[out.size() - 3] == '%') {
      const int high = HexDigitValue(out[out.size() - 2]);
      const int low = HexDigitValue(out[out.size() - 1]);
      if (high < 0 || low < 0) break;
      out.resize(out.size() - 3);
      out += static_cast<char>(high * 16 + low);
    }
  }
  return out;
}

std::string SortedQuery(std::string_view query) {
  if (query.size() <= 1) return std::string(query);
  using Argument = std::tuple<std::string_view, bool, std::string_view>;
  std::vector<Argument> arguments;
  for (const std::string_view piece : SplitAt(query, '&')) {
    const std::size_t equals = piece.find('=');
    const bool has_value = equals != std::string_view::npos;
    arguments.emplace_back(piece.substr(0, equals), has_value,
                           has_value ? piece.substr(equals + 1) : "");
  }
  std::ranges::sort(arguments);
  std::string sorted;
  for (const auto& [name, has_value, value] : arguments) {
    if (name.data() != std::get<0>(arguments.front()).data()) sorted += '&';
    sorted += name;
    if (has_value) sorted.append("=").append(value);
  }
  return sorted;
}

std::string_view WithoutWwwLabel(std::string_view host) {
  if (!host.starts_with("www")) return host;
  const std::size_t digits = CountWhile(host.substr(3), IsDigit);
  const std::string_view rest = host.substr(3 + digits);
  return rest.starts_with('.') ? rest.substr(1) : host;
}

std::string WithoutPathSessionId(std::string_view path) {
  return WithoutSessionSegment(WithoutSessionSegment(path, true), false);
}

std::string WithoutQuerySessionId(std::string_view query) {
  std::string rest(query);
  CutSessionArgument("jsessionid=", 32, &rest);
  CutSessionArgument("phpsessid=", 32, &rest);
  CutSessionArgument("sid=", 32, &rest);
  CutAspSession(&rest);
  CutColdFusionSession(&rest);
  return rest;
}

std::string SurtKey(std::string_view url) {
  std::string text = Stripped(url);
  if (text.empty()) return "-";
  if (text.starts_with("filedesc")) return text;
  if (SchemeLength(text) == std::string_view::npos) {
    text.insert(0, "http://");
  }
  Parts parts = Split(WithoutRepeatedScheme(text));
  parts.host = CanonicalHost(parts.host);
  const std::string path = CanonicalPath(parts);
  const std::string query = CanonicalQuery(parts);
  std::string key;
  if (parts.host.empty()) {
    key = parts.scheme + ":";
  } else {
    key = ReversedHost(WithoutWwwLabel(parts.host));
    if (parts.port && !IsDefaultPort(parts)) {
      key += ":" + std::to_string(*parts.port);
    }
    key += ")";
  }
  key += path;
  if (!query.empty()) {
    if (path.empty()) key += "/";
    key += "?" + query;
  }
  return key;
}

}  // namespace stemma
