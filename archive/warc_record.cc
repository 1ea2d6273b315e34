#include "archive/warc_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "archive/http_block.h"
#include "core/ascii.h"
#include "core/time.h"
#include "core/trim.h"
#include "hash/labelled_digest.h"

namespace stemma {
namespace {

std::string WithoutBrackets(std::string_view value) {
  if (value.size() >= 2 && value.front() == '<' && value.back() == '>') {
    value = value.substr(1, value.size() - 2);
  }
  return std::string(value);
}

bool MayRepeat(std::string_view name) {
  return EqualsIgnoringCase(name, "WARC-Concurrent-To") ||
         EqualsIgnoringCase(name, "WARC-Protocol") ||
         (!EqualsIgnoringCase(name.substr(0, 5), "WARC-") &&
          !EqualsIgnoringCase(name, "Content-Length") &&
          !EqualsIgnoringCase(name, "Content-Type"));
}

bool IsToken(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return c > ' ' && c < 0x7F &&
           std::string_view("()<>@,;:\\\"/[]?={}").find(c) ==
               std::string_view::npos;
  });
}

// "2026-03-01T11:58:00Z", with 1 to 9 digits of a fraction in WARC/1.1.
bool IsWarcDate(std::string_view date, std::string_view version) {
  if (date.size() < 20 || date.back() != 'Z' || date[10] != 'T') return false;
  if (!ParseTime(date)) return false;
  if (date.size() == 20) return true;
  return version != "WARC/1.0" && date[19] == '.' && date.size() <= 30 &&
         date.size() > 21 &&
         std::all_of(date.begin() + 20, date.end() - 1, IsDigit);
}

constexpr std::string_view kTypes[] = {"warcinfo",   "response",    "resource",
                                       "request",    "metadata",    "revisit",
                                       "conversion", "continuation"};

struct FieldRule {
  std::string_view field;
  // One letter a type, in the order of kTypes: M must, f forbidden, o may.
  std::string_view letters;
};
constexpr FieldRule kRules[] = {
    {"WARC-Target-URI", "oMMMoMMM"},
    {"WARC-Concurrent-To", "foooooff"},
    {"WARC-IP-Address", "foooooff"},
    {"WARC-Payload-Digest", "fooofooo"},
    {"WARC-Refers-To", "ffffooof"},
    {"WARC-Refers-To-Target-URI", "fffffoff"},
    {"WARC-Refers-To-Date", "fffffoff"},
    {"WARC-Profile", "oooooMoo"},
    {"WARC-Warcinfo-ID", "fooooooo"},
    {"WARC-Filename", "offfffff"},
    {"WARC-Segment-Origin-ID", "fffffffM"},
    {"WARC-Segment-Number", "oooooooM"},
};

}  // namespace

void WarcHeader::Add(std::string_view name, std::string_view value) {
  fields.emplace_back(name, value);
}

const std::string* WarcHeader::Find(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (EqualsIgnoringCase(key, name)) return &value;
  }
  return nullptr;
}

std::vector<std::string_view> WarcHeader::FindAll(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const auto& [key, value] : fields) {
    if (EqualsIgnoringCase(key, name)) found.emplace_back(value);
  }
  return found;
}

std::string_view WarcHeader::Get(std::string_view name) const {
  const std::string* value = Find(name);
  return value == nullptr ? std::string_view() : *value;
}

std::string WarcHeader::id() const {
  return WithoutBrackets(Get("WARC-Record-ID"));
}

std::string WarcHeader::target_uri() const {
  return WithoutBrackets(Get("WARC-Target-URI"));
}

std::optional<std::uint64_t> WarcHeader::content_length() const {
  const std::string_view text = Get("Content-Length");
  std::uint64_t length = 0;
  const auto [end, errc] =
      std::from_chars(text.data(), text.data() + text.size(), length);
  if (text.empty() || errc != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return length;
}

std::string WarcHeader::Serialize() const {
  std::string text = version + "\r\n";
  for (const auto& [name, value] : fields) {
    text += name;
    text += ": ";
    text += value;
    text += "\r\n";
  }
  return text + "\r\n";
}

std::size_t WarcHeaderEnd(std::string_view bytes) {
  const std::size_t at = bytes.find("\r\n\r\n");
  if (at != std::string_view::npos) return at + 4;
  return std::string_view::npos;
}

Result<WarcHeader> ParseWarcHeader(std::string_view text,
                                   std::vector<std::string>* oddities) {
  const WarcHeaderLimits limits;
  const auto bad = [](std::string why) {
    return Error(ErrorCode::kMalformed, std::move(why));
  };
  const auto odd = [&](std::string what) {
    if (oddities != nullptr) oddities->push_back(std::move(what));
  };
  if (text.size() > limits.max_bytes) {
    return bad(
        fmt::format("header-too-large: more than {} bytes", limits.max_bytes));
  }
  if (text.find('\0') != std::string_view::npos) {
    return bad("nul-in-header: the header holds a NUL byte");
  }
  WarcHeader header;
  std::size_t end = text.find("\r\n");
  header.version = std::string(text.substr(0, end));
  if (header.version != "WARC/1.1" && header.version != "WARC/1.0") {
    if (!header.version.starts_with("WARC/") || header.version.size() > 10) {
      return bad("no-record: no WARC record begins here");
    }
    odd("version: " + header.version + " is neither 1.0 nor 1.1");
  }
  while (end != std::string_view::npos) {
    const std::size_t begin = end + 2;
    end = text.find("\r\n", begin);
    const std::string_view line =
        text.substr(begin, end == std::string_view::npos ? end : end - begin);
    if (line.empty()) break;
    if (line.find_first_of("\r\n") != std::string_view::npos) {
      return bad("bare-line-end: a lone CR or LF inside a header line");
    }
    if (line.front() == ' ' || line.front() == '\t') {
      return bad("folded-line: a folded header line");
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) {
      return bad("bad-field: a header line without a field name");
    }
    if (header.fields.size() >= limits.max_fields) {
      return bad("too-many-fields: more than 1000 header fields");
    }
    const std::string_view name = line.substr(0, colon);
    if (!MayRepeat(name) && header.Find(name) != nullptr) {
      return bad(fmt::format("duplicate-field: {} stands twice", name));
    }
    header.Add(name, TrimBlanks(line.substr(colon + 1)));
  }
  if (!header.content_length()) {
    return bad("content-length: no usable Content-Length");
  }
  if (*header.content_length() >> 62 != 0) {
    return bad("content-length: beyond what any file holds");
  }
  if (header.Get("WARC-Type").empty()) return bad("no-type: no WARC-Type");
  if (header.id().empty()) return bad("no-id: no WARC-Record-ID");
  return header;
}

std::vector<std::string> WarcRuleBreaks(const WarcHeader& header) {
  std::vector<std::string> breaks;
  const std::string type = header.type();
  const auto kind = std::find(std::begin(kTypes), std::end(kTypes), type);
  if (kind == std::end(kTypes)) {
    breaks.push_back("unknown-type: WARC-Type is none of the standard's");
  } else {
    const auto column = static_cast<std::size_t>(kind - std::begin(kTypes));
    for (const FieldRule& rule : kRules) {
      const bool there = header.Find(rule.field) != nullptr;
      if (rule.letters[column] == 'M' && !there) {
        breaks.push_back(
            fmt::format("missing-field: {} of a {} record", rule.field, type));
      } else if (rule.letters[column] == 'f' && there) {
        breaks.push_back(fmt::format("forbidden-field: {} in a {} record",
                                     rule.field, type));
      }
    }
  }
  const std::string_view raw_id = header.Get("WARC-Record-ID");
  if (raw_id.size() < 3 || raw_id.front() != '<' || raw_id.back() != '>') {
    breaks.push_back("record-id: WARC-Record-ID is not in angle brackets");
  }
  const std::string_view date = header.Get("WARC-Date");
  if (date.empty()) {
    breaks.push_back("missing-field: WARC-Date");
  } else if (!IsWarcDate(date, header.version)) {
    breaks.push_back("date-form: WARC-Date is not UTC with Z");
  }
  const std::string_view uri = header.Get("WARC-Target-URI");
  if (header.version == "WARC/1.1" && uri.starts_with("<")) {
    breaks.push_back("uri-brackets: WARC-Target-URI in angle brackets");
  }
  if (std::any_of(uri.begin(), uri.end(), [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == 0x7F;
      })) {
    breaks.push_back("uri-form: blank or control character in the target URI");
  }
  for (const std::string_view name :
       {"WARC-Block-Digest", "WARC-Payload-Digest"}) {
    const std::string* digest = header.Find(name);
    if (digest != nullptr && !ParseLabelledDigest(*digest)) {
      breaks.push_back(fmt::format("digest-form: {} is not readable", name));
    }
  }
  if (type == "revisit" &&
      header.Get("WARC-Profile").ends_with("identical-payload-digest") &&
      header.Find("WARC-Payload-Digest") == nullptr) {
    breaks.push_back("missing-field: WARC-Payload-Digest of a revisit");
  }
  return breaks;
}

bool HoldsHttp(const WarcHeader& header) {
  std::string content_type(header.Get("Content-Type").substr(0, 16));
  std::transform(content_type.begin(), content_type.end(), content_type.begin(),
                 Lower);
  if (!content_type.starts_with("application/http")) return false;
  const std::string type = header.type();
  return type == "response" || type == "request" || type == "revisit";
}

RecordInfo InfoFromHeader(const WarcHeader& header,
                          std::string_view http_head) {
  RecordInfo info;
  info.id = header.id();
  info.type = header.type();
  info.uri = header.target_uri();
  info.date = std::string(header.Get("WARC-Date"));
  info.block_bytes = header.content_length().value_or(0);
  info.truncated = std::string(header.Get("WARC-Truncated"));
  info.refers_to = WithoutBrackets(header.Get("WARC-Refers-To"));
  info.refers_to_uri = WithoutBrackets(header.Get("WARC-Refers-To-Target-URI"));
  info.refers_to_date = std::string(header.Get("WARC-Refers-To-Date"));
  if (const auto block = Sha256::Parse(header.Get("WARC-Block-Digest"))) {
    info.block_sha256 = *block;
  }
  info.payload_sha256 = Sha256::Parse(header.Get("WARC-Payload-Digest"));
  if (HoldsHttp(header)) {
    const HttpBlockHead head = ReadHttpHead(http_head);
    info.status = head.status;
    info.mime = head.mime;
    info.payload_bytes =
        info.block_bytes -
        std::min<std::uint64_t>(info.block_bytes, http_head.size());
  } else {
    info.mime = ReadHttpHead(fmt::format("\nContent-Type: {}\n",
                                         header.Get("Content-Type")))
                    .mime;
    info.payload_bytes = info.block_bytes;
  }
  return info;
}

std::string UriForHeader(std::string_view uri) {
  std::string safe;
  for (const char c : uri) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == 0x7F || c == '<' || c == '>' || c == '"') {
      safe += fmt::format("%{:02X}", byte);
    } else {
      safe += c;
    }
  }
  return safe;
}

}  // namespace stemma
