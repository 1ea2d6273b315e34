#include "archive/cdxj.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "core/ascii.h"
#include "core/surt.h"
#include "core/time.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

using Json = nlohmann::json;

bool AllDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), IsDigit);
}

std::string Quoted(std::string_view text) {
  return Json(std::string(text))
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<std::uint64_t> NumberOf(const Json& json, const char* key) {
  const auto found = json.find(key);
  std::uint64_t number = 0;
  if (found != json.end() && found->is_number_unsigned()) {
    return found->get<std::uint64_t>();
  }
  if (found != json.end() && found->is_string()) {
    const auto& text = found->get_ref<const std::string&>();
    const auto [end, errc] =
        std::from_chars(text.data(), text.data() + text.size(), number);
    if (errc == std::errc() && end == text.data() + text.size()) return number;
  }
  return Error(ErrorCode::kMalformed, fmt::format("no usable \"{}\"", key));
}

}  // namespace

std::string CdxjLine::Text() const {
  std::string text = key + " " + timestamp + " {\"url\":" + Quoted(url);
  const auto add = [&text](std::string_view name, std::string_view value) {
    if (!value.empty()) text += fmt::format(",\"{}\":{}", name, Quoted(value));
  };
  add("mime", mime);
  add("status", status);
  add("digest", digest);
  text += fmt::format(",\"length\":\"{}\",\"offset\":\"{}\"", length, offset);
  add("filename", filename);
  add("recordDigest", record_digest);
  return text + "}";
}

bool IsListedInCdxj(const RecordInfo& record) {
  const std::string_view uri = record.uri;
  return (record.type == "response" || record.type == "revisit" ||
          record.type == "resource") &&
         (uri.starts_with("http://") || uri.starts_with("https://")) &&
         ParseTime(record.date);
}

std::optional<CdxjLine> CdxjOf(const RecordInfo& record,
                               std::string_view filename) {
  if (!IsListedInCdxj(record)) return std::nullopt;
  const std::optional<TimePoint> time = ParseTime(record.date);
  CdxjLine line;
  line.key = SurtKey(record.uri);
  line.timestamp = Format14(*time);
  line.url = record.uri;
  line.mime = record.type == "revisit" ? "warc/revisit" : record.mime;
  if (record.status != 0) line.status = std::to_string(record.status);
  if (record.type == "resource") line.status = "200";
  if (record.payload_sha256) {
    line.digest = record.payload_sha256->Labelled();
  } else if (record.type == "resource") {
    line.digest = record.block_sha256.Labelled();
  }
  line.filename = filename;
  line.offset = record.offset;
  line.length = record.length;
  return line;
}

Result<CdxjLine> ParseCdxjLine(std::string_view text) {
  const auto bad = [](std::string_view why) {
    return Error(ErrorCode::kMalformed, std::string(why));
  };
  const std::size_t first = text.find(' ');
  if (first == std::string_view::npos) return bad("no space after the key");
  const std::size_t second = text.find(' ', first + 1);
  if (second == std::string_view::npos) {
    return bad("no space after the timestamp");
  }
  CdxjLine line;
  line.key = std::string(text.substr(0, first));
  line.timestamp = std::string(text.substr(first + 1, second - first - 1));
  if ((line.timestamp.size() != 14 && line.timestamp.size() != 17) ||
      !AllDigits(line.timestamp)) {
    return bad("the timestamp is not 14 or 17 digits");
  }
  const Json json = Json::parse(text.substr(second + 1), nullptr, false);
  if (!json.is_object()) return bad("no JSON object after the timestamp");
  const auto text_of = [&json](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>()
                                                     : std::string();
  };
  line.url = text_of("url");
  line.digest = text_of("digest");
  line.mime = text_of("mime");
  line.filename = text_of("filename");
  line.status = text_of("status");
  line.record_digest = text_of("recordDigest");
  if (line.url.empty()) return bad("no \"url\"");
  STEMMA_TRY(line.offset, NumberOf(json, "offset"));
  STEMMA_TRY(line.length, NumberOf(json, "length"));
  return line;
}

Result<CdxjFacts> WriteCdxj(SortedLines& lines, DurableFile& file) {
  constexpr std::size_t kWriteBytes = 1 << 20;
  CdxjFacts facts;
  facts.lines = lines.size();
  Sha256Hasher hasher;
  std::string out;
  const auto put = [&]() -> Status {
    hasher.Update(out);
    facts.bytes += out.size();
    STEMMA_CHECK_OK(file.Append(out));
    out.clear();
    return {};
  };
  STEMMA_CHECK_OK(lines.Drain([&](std::string_view line) -> Status {
    out += line;
    out += '\n';
    return out.size() < kWriteBytes ? Status() : put();
  }));
  STEMMA_CHECK_OK(put());
  facts.sha256 = hasher.Finish();
  return facts;
}

}  // namespace stemma
