#include "archive/http_block.h"

#include <algorithm>
#include <charconv>

namespace stemma {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; }

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string_view Trim(std::string_view text) {
  const auto blank = [](char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
  };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// Calls `see(name, value)` for each field line of `head`.
template <class See>
void ForEachField(std::string_view head, const See& see) {
  std::size_t at = head.find('\n');
  while (at != std::string_view::npos && at + 1 < head.size()) {
    const std::size_t next = head.find('\n', at + 1);
    const std::string_view line = head.substr(
        at + 1, next == std::string_view::npos ? next : next - at - 1);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      see(Trim(line.substr(0, colon)), Trim(line.substr(colon + 1)));
    }
    at = next;
  }
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = Lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

std::size_t HttpHeadEnd(std::string_view bytes) {
  std::size_t at = 0;
  while ((at = bytes.find('\n', at)) != std::string_view::npos) {
    ++at;
    if (at < bytes.size() && bytes[at] == '\n') return at + 1;
    if (at + 1 < bytes.size() && bytes[at] == '\r' && bytes[at + 1] == '\n') {
      return at + 2;
    }
  }
  return std::string_view::npos;
}

bool IsPackedType(std::string_view mime) {
  return mime.starts_with("video/") || mime.starts_with("audio/") ||
         (mime.starts_with("image/") && mime != "image/svg+xml") ||
         mime == "application/zip" || mime == "application/gzip";
}

HttpBlockHead ReadHttpHead(std::string_view head) {
  HttpBlockHead read;
  if (head.starts_with("HTTP/")) {
    const std::size_t space = head.find(' ');
    if (space != std::string_view::npos) {
      const std::string_view rest = head.substr(space + 1);
      std::from_chars(rest.data(),
                      rest.data() + std::min<std::size_t>(rest.size(), 3),
                      read.status);
    }
  }
  ForEachField(head, [&read](std::string_view name, std::string_view value) {
    if (EqualsIgnoringCase(name, "content-type") && read.mime.empty()) {
      const std::string_view mime = Trim(value.substr(0, value.find(';')));
      for (const char c : mime.substr(0, 100)) {
        if (c > ' ' && c < 0x7F) read.mime += Lower(c);
      }
    } else if (EqualsIgnoringCase(name, "transfer-encoding")) {
      const std::size_t comma = value.rfind(',');
      read.chunked = EqualsIgnoringCase(
          Trim(comma == std::string_view::npos ? value
                                               : value.substr(comma + 1)),
          "chunked");
    }
  });
  return read;
}

std::string HttpField(std::string_view head, std::string_view wanted) {
  std::string found;
  bool seen = false;
  ForEachField(head, [&](std::string_view name, std::string_view value) {
    if (seen || !EqualsIgnoringCase(name, wanted)) return;
    found = std::string(value);
    seen = true;
  });
  return found;
}

void ChunkStripper::Feed(std::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    if (state_ == State::kDone || state_ == State::kBroken) return;
    if (state_ == State::kData) {
      const std::size_t n = std::min<std::uint64_t>(left_, bytes.size());
      sink(bytes.substr(0, n));
      bytes.remove_prefix(n);
      left_ -= n;
      if (left_ == 0) state_ = State::kDataEnd;
      continue;
    }
    const char c = bytes.front();
    bytes.remove_prefix(1);
    switch (state_) {
      case State::kSize:
        if (const int digit = HexDigit(c); digit >= 0) {
          if (left_ >> 60 != 0) {
            state_ = State::kBroken;
            break;
          }
          left_ = left_ << 4 | static_cast<unsigned>(digit);
          ++digits_;
          break;
        }
        if (digits_ == 0) {
          state_ = State::kBroken;
          break;
        }
        state_ = State::kExtension;
        [[fallthrough]];
      case State::kExtension:
        if (c == '\n') {
          line_empty_ = true;
          state_ = left_ == 0 ? State::kTrailer : State::kData;
        }
        break;
      case State::kDataEnd:
        if (c == '\r') break;
        digits_ = 0;
        left_ = 0;
        state_ = c == '\n' ? State::kSize : State::kBroken;
        break;
      case State::kTrailer:
        if (c == '\n') {
          if (line_empty_) state_ = State::kDone;
          line_empty_ = true;
        } else if (c != '\r') {
          line_empty_ = false;
        }
        break;
      case State::kData:
      case State::kDone:
      case State::kBroken:
        break;
    }
  }
}

}  // namespace stemma
