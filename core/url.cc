#include "core/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "core/ascii.h"
#include "core/percent_encoding.h"
#include "core/url_host.h"
#include "core/utf8.h"

namespace stemma {
namespace {

struct SpecialScheme {
  std::string_view name;
  int port;  // 0: none
};
constexpr SpecialScheme kSpecialSchemes[] = {
    {"http", 80}, {"https", 443}, {"ws", 80},
    {"wss", 443}, {"ftp", 21},    {"file", 0},
};

const SpecialScheme* FindSpecial(std::string_view scheme) {
  const auto* found =
      std::ranges::find(kSpecialSchemes, scheme, &SpecialScheme::name);
  return found == std::end(kSpecialSchemes) ? nullptr : found;
}

bool IsSingleDot(std::string_view segment) {
  return segment == "." || EqualsIgnoringCase(segment, "%2e");
}

bool IsDoubleDot(std::string_view segment) {
  return segment == ".." || EqualsIgnoringCase(segment, ".%2e") ||
         EqualsIgnoringCase(segment, "%2e.") ||
         EqualsIgnoringCase(segment, "%2e%2e");
}

bool IsWindowsDriveLetter(std::string_view text) {
  return text.size() == 2 && IsAlpha(text[0]) &&
         (text[1] == ':' || text[1] == '|');
}

bool IsNormalizedDriveLetter(std::string_view text) {
  return IsWindowsDriveLetter(text) && text[1] == ':';
}

bool StartsWithWindowsDriveLetter(std::string_view text) {
  return IsWindowsDriveLetter(text.substr(0, 2)) &&
         (text.size() == 2 ||
          std::string_view("/\\?#").find(text[2]) != std::string_view::npos);
}

std::string_view FirstSegment(std::string_view path) {
  if (path.empty()) return {};
  return path.substr(1, path.find('/', 1) - 1);
}

bool IsC0ControlOrSpace(char c) {
  return static_cast<unsigned char>(c) <= 0x20;
}

// Valid UTF-8 without surrounding controls and spaces, tabs and newlines.
std::string Cleaned(std::string_view text) {
  while (!text.empty() && IsC0ControlOrSpace(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && IsC0ControlOrSpace(text.back())) {
    text.remove_suffix(1);
  }
  std::string out = ValidUtf8(text);
  std::erase_if(out,
                [](char c) { return c == '\t' || c == '\n' || c == '\r'; });
  return out;
}

// Where the scheme ends (the colon), or npos when `text` starts with none.
std::size_t FindSchemeEnd(std::string_view text) {
  if (text.empty() || !IsAlpha(text[0])) return std::string_view::npos;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ':') return i;
    if (!IsAlpha(c) && !IsDigit(c) && c != '+' && c != '-' && c != '.') break;
  }
  return std::string_view::npos;
}

constexpr std::size_t kMaxTextBytes = 1U << 30;

}  // namespace

// The basic URL parser of the standard (4.4). Each method is one or more of
// its states and consumes the front of rest_.
class UrlParser {
 public:
  UrlParser(std::string_view text, const Url* base, std::string_view charset)
      : input_(Cleaned(text)), rest_(input_), base_(base), charset_(charset) {}

  Result<Url> Parse() {
    const std::size_t colon = FindSchemeEnd(rest_);
    if (colon == std::string_view::npos) {
      STEMMA_CHECK_OK(ParseWithoutScheme());
    } else {
      SetScheme(std::string(rest_.substr(0, colon)));
      rest_.remove_prefix(colon + 1);
      STEMMA_CHECK_OK(ParseAfterScheme());
    }
    return std::move(url_);
  }

 private:
  Error Malformed(std::string_view why) const {
    constexpr std::size_t kShown = 120;
    return Error(ErrorCode::kMalformed,
                 fmt::format("URL '{}'{}: {}", input_.substr(0, kShown),
                             input_.size() > kShown ? "..." : "", why));
  }

  void SetScheme(std::string scheme) {
    for (char& c : scheme) c = Lower(c);
    special_ = FindSpecial(scheme) != nullptr;
    url_.scheme_ = std::move(scheme);
  }

  bool IsFile() const { return url_.scheme_ == "file"; }
  bool IsSlash(char c) const { return c == '/' || (special_ && c == '\\'); }
  bool StartsWithSlash() const { return !rest_.empty() && IsSlash(rest_[0]); }

  Status ParseAfterScheme() {
    if (IsFile()) return ParseFile();
    if (special_) {
      const bool same_as_base = base_ && base_->scheme_ == url_.scheme_;
      if (same_as_base && !rest_.starts_with("//")) return ParseRelative();
      SkipSlashes();
      return ParseAuthority();
    }
    if (rest_.starts_with("//")) {
      rest_.remove_prefix(2);
      return ParseAuthority();
    }
    if (rest_.starts_with("/")) {
      rest_.remove_prefix(1);
      ParsePath();
    } else {
      ParseOpaquePath();
    }
    ParseQueryAndFragment();
    return {};
  }

  Status ParseWithoutScheme() {
    if (!base_ || !base_->valid()) {
      return Malformed("relative, and there is no base");
    }
    SetScheme(base_->scheme_);
    if (base_->opaque_path_) {
      if (!rest_.starts_with("#")) {
        return Malformed("relative to a URL whose path is opaque");
      }
      CopyPathAndQueryOfBase();
      ParseQueryAndFragment();
      return {};
    }
    return IsFile() ? ParseFile() : ParseRelative();
  }

  void SkipSlashes() {
    while (!rest_.empty() && (rest_[0] == '/' || rest_[0] == '\\')) {
      rest_.remove_prefix(1);
    }
  }

  void CopyHostOfBase() {
    url_.username_ = base_->username_;
    url_.password_ = base_->password_;
    url_.host_ = base_->host_;
    url_.has_host_ = base_->has_host_;
    url_.port_ = base_->port_;
  }

  void CopyPathAndQueryOfBase() {
    url_.path_ = base_->path_;
    url_.opaque_path_ = base_->opaque_path_;
    url_.query_ = base_->query_;
    url_.has_query_ = base_->has_query_;
  }

  // Relative state and relative slash state.
  Status ParseRelative() {
    if (StartsWithSlash()) {
      rest_.remove_prefix(1);
      if (StartsWithSlash()) {
        if (special_) {
          SkipSlashes();
        } else {
          rest_.remove_prefix(1);
        }
        return ParseAuthority();
      }
      CopyHostOfBase();
      ParsePath();
    } else {
      CopyHostOfBase();
      CopyPathAndQueryOfBase();
      if (!rest_.empty() && rest_[0] != '?' && rest_[0] != '#') {
        ShortenPath();
        ParsePath();
      }
    }
    ParseQueryAndFragment();
    return {};
  }

  // File, file slash and file host state.
  Status ParseFile() {
    url_.has_host_ = true;
    const bool file_base = base_ && base_->scheme_ == "file";
    if (StartsWithSlash()) {
      rest_.remove_prefix(1);
      if (StartsWithSlash()) {
        rest_.remove_prefix(1);
        return ParseFileHost();
      }
      if (file_base) {
        url_.host_ = base_->host_;
        const std::string_view drive = FirstSegment(base_->path_);
        if (!StartsWithWindowsDriveLetter(rest_) &&
            IsNormalizedDriveLetter(drive)) {
          AppendSegment(drive);
        }
      }
      ParsePath();
    } else if (file_base) {
      url_.host_ = base_->host_;
      CopyPathAndQueryOfBase();
      if (!rest_.empty() && rest_[0] != '?' && rest_[0] != '#') {
        if (StartsWithWindowsDriveLetter(rest_)) {
          url_.path_.clear();
        } else {
          ShortenPath();
        }
        ParsePath();
      }
    } else {
      ParsePath();
    }
    ParseQueryAndFragment();
    return {};
  }

  Status ParseFileHost() {
    const std::string_view host = rest_.substr(0, rest_.find_first_of("/\\?#"));
    if (!IsWindowsDriveLetter(host)) {
      rest_.remove_prefix(host.size());
      if (!host.empty()) {
        STEMMA_TRY(url_.host_, ParseSpecialHost(host));
        if (url_.host_ == "localhost") url_.host_.clear();
      }
      if (StartsWithSlash()) rest_.remove_prefix(1);
    }
    ParsePath();
    ParseQueryAndFragment();
    return {};
  }

  // Authority, host, port and path start state.
  Status ParseAuthority() {
    url_.has_host_ = true;
    std::string_view authority =
        rest_.substr(0, rest_.find_first_of(special_ ? "/\\?#" : "/?#"));
    rest_.remove_prefix(authority.size());
    if (const std::size_t at = authority.rfind('@');
        at != std::string_view::npos) {
      ParseCredentials(authority.substr(0, at));
      authority.remove_prefix(at + 1);
      if (authority.empty()) return Malformed("credentials without a host");
    }
    STEMMA_CHECK_OK(ParseHostAndPort(authority));
    if (StartsWithSlash()) {
      rest_.remove_prefix(1);
      ParsePath();
    } else if (special_) {
      ParsePath();
    }
    ParseQueryAndFragment();
    return {};
  }

  void ParseCredentials(std::string_view text) {
    const std::size_t colon = text.find(':');
    url_.username_ = PercentEncode(text.substr(0, colon), kUserinfoSet);
    if (colon != std::string_view::npos) {
      url_.password_ = PercentEncode(text.substr(colon + 1), kUserinfoSet);
    }
  }

  Status ParseHostAndPort(std::string_view authority) {
    const std::size_t colon = FindPortColon(authority);
    const std::string_view host = authority.substr(0, colon);
    const bool has_colon = colon != std::string_view::npos;
    if (host.empty() && (special_ || has_colon)) {
      return Malformed("host is missing");
    }
    if (!host.empty()) {
      Result<std::string> parsed =
          special_ ? ParseSpecialHost(host) : ParseOpaqueHost(host);
      if (!parsed) return Malformed(parsed.error().message());
      url_.host_ = *std::move(parsed);
    }
    return has_colon ? ParsePort(authority.substr(colon + 1)) : Status();
  }

  static std::size_t FindPortColon(std::string_view authority) {
    bool inside_brackets = false;
    for (std::size_t i = 0; i < authority.size(); ++i) {
      const char c = authority[i];
      if (c == '[') inside_brackets = true;
      if (c == ']') inside_brackets = false;
      if (c == ':' && !inside_brackets) return i;
    }
    return std::string_view::npos;
  }

  Status ParsePort(std::string_view text) {
    int port = 0;
    for (const char c : text) {
      if (!IsDigit(c)) return Malformed("port is no number");
      port = port * 10 + (c - '0');
      if (port > 65535) return Malformed("port is above 65535");
    }
    const SpecialScheme* special = FindSpecial(url_.scheme_);
    const bool is_default = special && special->port == port;
    if (!text.empty() && !is_default) url_.port_ = port;
    return {};
  }

  void AppendSegment(std::string_view segment) {
    url_.path_ += '/';
    url_.path_ += segment;
  }

  void ShortenPath() {
    if (IsFile() && IsNormalizedDriveLetter(FirstSegment(url_.path_)) &&
        url_.path_.size() == 3) {
      return;
    }
    const std::size_t slash = url_.path_.rfind('/');
    url_.path_.resize(slash == std::string::npos ? 0 : slash);
  }

  // Path state; the slash in front of the first segment is already consumed.
  void ParsePath() {
    url_.query_.clear();
    url_.has_query_ = false;
    std::string_view path = rest_.substr(0, rest_.find_first_of("?#"));
    rest_.remove_prefix(path.size());
    const std::string_view separators = special_ ? "/\\" : "/";
    for (bool last = false; !last;) {
      const std::size_t end = path.find_first_of(separators);
      last = end == std::string_view::npos;
      AddPathSegment(path.substr(0, end), last);
      if (!last) path.remove_prefix(end + 1);
    }
  }

  void AddPathSegment(std::string_view raw, bool last) {
    if (IsDoubleDot(raw)) {
      ShortenPath();
      if (last) AppendSegment({});
    } else if (IsSingleDot(raw)) {
      if (last) AppendSegment({});
    } else if (IsFile() && url_.path_.empty() && IsWindowsDriveLetter(raw)) {
      AppendSegment(raw);
      url_.path_.back() = ':';
    } else {
      url_.path_ += '/';
      AppendPercentEncoded(raw, kPathSet, &url_.path_);
    }
  }

  void ParseOpaquePath() {
    url_.opaque_path_ = true;
    const std::string_view path = rest_.substr(0, rest_.find_first_of("?#"));
    rest_.remove_prefix(path.size());
    AppendPercentEncoded(path, kC0ControlSet, &url_.path_);
    // A space before "?" or "#" would be lost when the tail is removed later.
    if (!rest_.empty() && url_.path_.ends_with(' ')) {
      url_.path_.pop_back();
      url_.path_ += "%20";
    }
  }

  void ParseQueryAndFragment() {
    if (rest_.starts_with('?')) {
      const std::string_view query = rest_.substr(1, rest_.find('#') - 1);
      rest_.remove_prefix(query.size() + 1);
      url_.has_query_ = true;
      url_.query_ = EncodedQuery(query);
    }
    if (rest_.starts_with('#')) {
      url_.has_fragment_ = true;
      url_.fragment_ = PercentEncode(rest_.substr(1), kFragmentSet);
    }
  }

  std::string EncodedQuery(std::string_view query) const {
    const PercentEncodeSet& set = special_ ? kSpecialQuerySet : kQuerySet;
    const bool utf8_only =
        !special_ || url_.scheme_ == "ws" || url_.scheme_ == "wss";
    if (utf8_only || EqualsIgnoringCase(charset_, "utf-8")) {
      return PercentEncode(query, set);
    }
    return PercentEncodeInCharset(query, charset_, set);
  }

  const std::string input_;
  std::string_view rest_;
  const Url* base_;
  std::string_view charset_;
  Url url_;
  bool special_ = false;
};

Result<Url> Url::Parse(std::string_view text, const Url* base,
                       std::string_view query_charset) {
  if (text.size() > kMaxTextBytes) {
    return Error(ErrorCode::kMalformed, "URL: longer than 1 GiB");
  }
  return UrlParser(text, base, query_charset).Parse();
}

bool Url::IsSpecial() const { return FindSpecial(scheme_) != nullptr; }

int Url::EffectivePort() const {
  if (port_) return *port_;
  const SpecialScheme* special = FindSpecial(scheme_);
  return special ? special->port : 0;
}

std::string Url::Origin() const {
  if (scheme_ == "blob") {
    const Result<Url> inner = Parse(path_);
    return inner && inner->IsHttp() ? inner->Origin() : "null";
  }
  if (!IsSpecial() || scheme_ == "file") return "null";
  std::string origin = scheme_ + "://" + host_;
  if (port_) origin += ":" + std::to_string(*port_);
  return origin;
}

std::string Url::HrefWithoutFragment() const {
  if (!valid()) return {};
  std::string href = scheme_ + ":";
  if (has_host_) {
    href += "//";
    if (!username_.empty() || !password_.empty()) {
      href += username_;
      if (!password_.empty()) href += ":" + password_;
      href += "@";
    }
    href += host_;
    if (port_) href += ":" + std::to_string(*port_);
  } else if (!opaque_path_ && path_.starts_with("//")) {
    // Else the empty first segment would read as a host.
    href += "/.";
  }
  href += path_;
  if (has_query_) href += "?" + query_;
  return href;
}

Url Url::WithoutCredentials() const {
  Url url = *this;
  url.username_.clear();
  url.password_.clear();
  return url;
}

std::string Url::Href() const {
  std::string href = HrefWithoutFragment();
  if (has_fragment_) href += "#" + fragment_;
  return href;
}

}  // namespace stemma
