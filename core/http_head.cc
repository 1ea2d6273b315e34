#include "core/http_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/ascii.h"
#include "core/trim.h"
#include "core/utf8.h"

namespace stemma {
namespace {

// The line at `*from` without its end (LF or CRLF); moves `*from` behind it.
std::string_view NextLine(std::string_view text, std::size_t* from) {
  const std::size_t lf = text.find('\n', *from);
  std::string_view line =
      text.substr(*from, lf == std::string_view::npos ? lf : lf - *from);
  *from = lf == std::string_view::npos ? text.size() : lf + 1;
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// "HTTP/1.1 200 OK" -> 200; 0 when this is no status line.
int StatusOf(std::string_view line) {
  if (!EqualsIgnoringCase(line.substr(0, 5), "HTTP/")) return 0;
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return 0;
  const std::string_view rest = Trim(line.substr(space));
  if (rest.size() < 3 || !IsDigit(rest[0]) || !IsDigit(rest[1]) ||
      !IsDigit(rest[2]) || (rest.size() > 3 && IsDigit(rest[3]))) {
    return 0;
  }
  return (rest[0] - '0') * 100 + (rest[1] - '0') * 10 + (rest[2] - '0');
}

// "HTTP/1.1 200 All right" -> "All right".
std::string_view ReasonOf(std::string_view line) {
  const std::string_view rest = Trim(line.substr(line.find(' ')));
  return Trim(rest.substr(3));
}

bool IsRequestLine(std::string_view line) {
  const std::size_t version = line.rfind(" HTTP/");
  return version != std::string_view::npos && line.find(' ') < version;
}

}  // namespace

const std::string* HttpHead::Find(std::string_view name) const {
  for (const auto& [field, value] : fields) {
    if (EqualsIgnoringCase(field, name)) return &value;
  }
  return nullptr;
}

std::vector<std::string> HttpHead::FindAll(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [field, value] : fields) {
    if (EqualsIgnoringCase(field, name)) values.push_back(value);
  }
  return values;
}

std::string HttpHead::Joined(std::string_view name) const {
  std::string joined;
  for (const auto& [field, value] : fields) {
    if (!EqualsIgnoringCase(field, name)) continue;
    if (!joined.empty()) joined += ", ";
    joined += value;
  }
  return joined;
}

std::size_t EndOfHttpHead(std::string_view bytes) {
  for (std::size_t lf = bytes.find('\n'); lf != std::string_view::npos;
       lf = bytes.find('\n', lf + 1)) {
    const std::string_view next = bytes.substr(lf + 1, 2);
    if (next.starts_with('\n')) return lf + 2;
    if (next == "\r\n") return lf + 3;
  }
  return std::string_view::npos;
}

void ForEachHttpField(std::string_view head,
                      const std::function<void(std::string_view name,
                                               std::string_view value)>& see) {
  std::size_t at = 0;
  NextLine(head, &at);
  std::string_view name, value;
  std::string joined;  // a folded value
  while (at < head.size()) {
    const std::string_view line = NextLine(head, &at);
    if (line.empty()) break;
    if ((line[0] == ' ' || line[0] == '\t') && !name.empty()) {
      const std::string_view more = Trim(line);
      if (value.data() != joined.data()) joined = value;
      if (!joined.empty() && !more.empty()) joined += ' ';
      joined += more;
      value = joined;
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view next = Trim(line.substr(0, colon));
    if (next.empty()) continue;
    if (!name.empty()) see(name, value);
    name = next;
    value = Trim(line.substr(colon + 1));
  }
  if (!name.empty()) see(name, value);
}

int HttpStatusOf(std::string_view head) {
  std::size_t at = 0;
  return StatusOf(NextLine(head, &at));
}

Result<HttpHead> ParseHttpHead(std::string_view head) {
  HttpHead parsed;
  std::size_t at = 0;
  const std::string_view first = NextLine(head, &at);
  parsed.start_line = first;
  parsed.status = StatusOf(first);
  if (parsed.status == 0 && !EqualsIgnoringCase(first.substr(0, 5), "HTTP/") &&
      !IsRequestLine(first)) {
    return Error(
        ErrorCode::kMalformed,
        fmt::format("not an HTTP head: its first line has {} bytes and "
                    "is no status or request line",
                    first.size()));
  }
  if (parsed.status != 0) {
    parsed.version = first.substr(0, first.find(' '));
    parsed.reason = ReasonOf(first);
  } else if (IsRequestLine(first)) {
    parsed.version = first.substr(first.rfind(' ') + 1);
  }
  ForEachHttpField(head, [&parsed](std::string_view name, auto value) {
    parsed.fields.emplace_back(name, value);
  });
  return parsed;
}

std::vector<std::string> SplitList(std::string_view value) {
  std::vector<std::string> members;
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    const std::string_view member = Trim(value.substr(0, comma));
    if (!member.empty()) members.emplace_back(member);
    if (comma == std::string_view::npos) break;
    value.remove_prefix(comma + 1);
  }
  return members;
}

namespace {

void JudgeLength(const std::vector<std::string>& values, Framing* framing) {
  std::optional<std::uint64_t> length;
  std::size_t count = 0;
  for (const std::string& value : values) {
    for (const std::string& member : SplitList(value)) {
      ++count;
      std::uint64_t number = 0;
      const char* end = member.data() + member.size();
      const auto [rest, errc] = std::from_chars(member.data(), end, number);
      if (errc != std::errc() || rest != end) {
        framing->oddities.push_back(
            fmt::format("Content-Length is not a number in 64 bits: '{}'",
                        FieldToUtf8(std::string_view(member).substr(0, 40))));
        framing->kind = Framing::Kind::kUntilClose;
        return;
      }
      if (length && *length != number) {
        framing->fatal =
            Error(ErrorCode::kMalformed,
                  fmt::format("two different lengths, {} and {} (RFC 9112 6.3)",
                              *length, number));
        return;
      }
      length = number;
    }
  }
  if (!length) return;
  if (count > 1) {
    framing->oddities.push_back(
        fmt::format("{} equal Content-Length values", count));
  }
  framing->kind = Framing::Kind::kLength;
  framing->length = *length;
}

}  // namespace

Framing FramingOf(const HttpHead& head) {
  Framing framing;
  const int status = head.status;
  if (status == 204 || status == 304 || (status >= 100 && status < 200)) {
    framing.kind = Framing::Kind::kNone;
    return framing;
  }
  const std::vector<std::string> codings =
      SplitList(head.Joined("Transfer-Encoding"));
  const std::vector<std::string> lengths = head.FindAll("Content-Length");
  if (!codings.empty() && EqualsIgnoringCase(codings.back(), "chunked")) {
    framing.kind = Framing::Kind::kChunked;
    if (!lengths.empty()) {
      framing.oddities.emplace_back(
          "both Transfer-Encoding and Content-Length (RFC 9112 6.1)");
    }
    if (codings.size() > 1) {
      framing.oddities.emplace_back("a transfer coding nobody asked for: " +
                                    head.Joined("Transfer-Encoding"));
    }
    return framing;
  }
  if (!codings.empty()) {
    framing.oddities.emplace_back("Transfer-Encoding without chunked: " +
                                  head.Joined("Transfer-Encoding"));
    return framing;
  }
  JudgeLength(lengths, &framing);
  return framing;
}

std::string FieldToUtf8(std::string_view raw) {
  if (ValidUtf8(raw) == raw) return std::string(raw);
  std::string text;
  for (const char c : raw) {
    AppendUtf8(static_cast<unsigned char>(c), &text);
  }
  return text;
}

std::string FieldOf(std::string_view head, std::string_view name) {
  const Result<HttpHead> parsed = ParseHttpHead(head);
  return parsed ? parsed->Joined(name) : std::string();
}

}  // namespace stemma
