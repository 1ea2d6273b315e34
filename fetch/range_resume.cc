#include "fetch/range_resume.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "core/http_head.h"

namespace stemma {
namespace {

// A strong entity tag as written, or nothing (RFC 9110 8.8.3).
std::optional<std::string> StrongTag(const HttpHead& head) {
  const std::vector<std::string> tags = head.FindAll("ETag");
  if (tags.size() != 1) return std::nullopt;
  const std::string& tag = tags[0];
  if (tag.size() < 2 || tag.front() != '"' || tag.back() != '"') {
    return std::nullopt;
  }
  const std::string_view inner(tag.data() + 1, tag.size() - 2);
  for (const char c : inner) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == '"' || byte == 0x7F) return std::nullopt;
  }
  return tag;
}

// "bytes 100-199/200" -> 100.
std::optional<std::uint64_t> RangeStart(std::string_view value) {
  constexpr std::string_view kUnit = "bytes ";
  if (!value.starts_with(kUnit)) return std::nullopt;
  value.remove_prefix(kUnit.size());
  std::uint64_t start = 0;
  const auto [rest, errc] =
      std::from_chars(value.data(), value.data() + value.size(), start);
  if (errc != std::errc() || rest == value.data() + value.size() ||
      *rest != '-') {
    return std::nullopt;
  }
  return start;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> ResumeHeaders(
    const Exchange& broken, std::uint64_t offset) {
  if (broken.status != 200 || offset == 0) return {};
  const Result<HttpHead> head = ParseHttpHead(broken.response_head);
  if (!head) return {};
  const auto tag = StrongTag(*head);
  if (!tag || head->Find("Content-Encoding") != nullptr) return {};
  if (const std::string* accepts = head->Find("Accept-Ranges");
      accepts != nullptr && *accepts == "none") {
    return {};
  }
  return {{"Range", fmt::format("bytes={}-", offset)}, {"If-Range", *tag}};
}

ResumeAnswer JudgeResume(const Exchange& broken, std::uint64_t offset,
                         const Exchange& answer, std::string* why) {
  const auto useless = [&](std::string reason) {
    if (why != nullptr) *why = std::move(reason);
    return ResumeAnswer::kUseless;
  };
  const Result<HttpHead> before = ParseHttpHead(broken.response_head);
  const Result<HttpHead> after = ParseHttpHead(answer.response_head);
  if (!before || !after) return useless("no readable head");
  if (answer.status == 200) return ResumeAnswer::kReplaced;
  if (answer.status != 206) {
    return useless(fmt::format("status {}", answer.status));
  }
  const std::string* range = after->Find("Content-Range");
  if (range == nullptr) return useless("206 without Content-Range");
  const auto start = RangeStart(*range);
  if (!start || *start != offset) {
    return useless(fmt::format("asked for byte {}, got '{}'", offset,
                               FieldToUtf8(*range).substr(0, 80)));
  }
  const auto old_tag = StrongTag(*before);
  const auto new_tag = StrongTag(*after);
  if (!old_tag || !new_tag || *old_tag != *new_tag) {
    return useless("the entity tag changed");
  }
  return ResumeAnswer::kContinues;
}

}  // namespace stemma
