#include "archive/arc_scan.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "core/ascii.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

constexpr std::size_t kMaxLine = 64 << 10;
constexpr std::string_view kFileScheme = "filedesc:";

bool AllDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit);
}

bool LooksLikeAddress(std::string_view text) {
  return text.find_first_of(".:") != std::string_view::npos &&
         text.find_first_not_of("0123456789abcdefABCDEF.:") ==
             std::string_view::npos;
}

bool HasScheme(std::string_view url) {
  const std::size_t colon = url.find(':');
  return colon != std::string_view::npos && colon > 0 &&
         std::all_of(url.begin(), url.begin() + colon, [](char c) {
           return IsAlnum(c) || c == '+' || c == '-' || c == '.';
         });
}

// "20010203040506" as "2001-02-03T04:05:06Z"; "" when it is no such date.
std::string WarcDate(std::string_view digits) {
  if (digits.size() < 14 || digits.size() > 17 || !AllDigits(digits)) return {};
  const auto part = [digits](std::size_t at, std::size_t size) {
    return digits.substr(at, size);
  };
  return fmt::format("{}-{}-{}T{}:{}:{}Z", part(0, 4), part(4, 2), part(6, 2),
                     part(8, 2), part(10, 2), part(12, 2));
}

// What may stand in a header of ours.
std::string Printable(std::string_view text) {
  std::string safe(text.substr(0, 4096));
  for (char& c : safe) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) c = '?';
  }
  return safe;
}

std::string IdOf(std::string_view file_line, std::string_view line,
                 std::uint64_t offset) {
  Sha256 digest = Sha256Of(fmt::format("arc\n{}\n{}\n", file_line, offset),
                           std::string(line));
  // RFC 9562 5.8: a UUID of a kind of our own.
  digest.bytes[6] = static_cast<std::uint8_t>((digest.bytes[6] & 0x0F) | 0x80);
  digest.bytes[8] = static_cast<std::uint8_t>((digest.bytes[8] & 0x3F) | 0x80);
  std::string hex = digest.Hex().substr(0, 32);
  for (const std::size_t at : {20, 16, 12, 8}) hex.insert(at, "-");
  return "<urn:uuid:" + hex + ">";
}

}  // namespace

std::optional<ArcLine> ParseArcLine(std::string_view line, int version) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.find('\0') != std::string_view::npos) return std::nullopt;
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at <= line.size() && words.size() < 10'000;) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  // A URL or a type may hold blanks: address and date tell where they end.
  std::size_t ip = 1;
  while (ip + 1 < words.size() &&
         !(LooksLikeAddress(words[ip]) && AllDigits(words[ip + 1]) &&
           words[ip + 1].size() >= 12)) {
    ++ip;
  }
  const std::size_t behind = version == 2 ? 7 : 2;  // words behind the date
  if (ip + 1 + behind >= words.size()) return std::nullopt;
  const std::size_t rest = words.size() - (ip + 2);
  const bool long_line = version == 2 || (version == 0 && rest == 7);
  const auto joined = [&](std::size_t from, std::size_t to) {
    if (from >= to) return std::string();
    const char* begin = words[from].data();
    const char* end = words[to - 1].data() + words[to - 1].size();
    return std::string(begin, end);
  };
  ArcLine arc;
  arc.url = joined(0, ip);
  arc.ip = std::string(words[ip]);
  arc.date = std::string(words[ip + 1]);
  arc.type = joined(ip + 2, words.size() - (long_line ? 6 : 1));
  const std::string_view length = words.back();
  const auto [end, errc] =
      std::from_chars(length.data(), length.data() + length.size(), arc.length);
  if (errc != std::errc() || end != length.data() + length.size() ||
      arc.length >> 62 != 0 || !HasScheme(arc.url)) {
    return std::nullopt;
  }
  return arc;
}

Result<bool> IsArc(const Blob& file) {
  STEMMA_TRY(const std::string first, file.ReadPrefix(4096));
  if (first.starts_with(kFileScheme)) return true;
  if (!first.starts_with("\x1F\x8B")) return false;
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) {
    return Error(ErrorCode::kIo, "zlib does not start");
  }
  std::string begin(kFileScheme.size(), '\0');
  std::string input = first;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(begin.data());
  stream.avail_out = static_cast<uInt>(begin.size());
  inflate(&stream, Z_SYNC_FLUSH);
  const bool is_arc = stream.avail_out == 0 && begin == kFileScheme;
  inflateEnd(&stream);
  return is_arc;
}

std::uint64_t ArcAssembler::Here() const {
  return container_ == WarcContainer::kPlain ? unit_ + fed_ : unit_;
}

void ArcAssembler::UnitBegin(std::uint64_t offset) {
  unit_ = offset;
  fed_ = 0;
  if (state_ == State::kSkip && container_ != WarcContainer::kPlain) {
    state_ = State::kBetween;
    text_.clear();
  }
}

void ArcAssembler::UnitEnd(std::uint64_t /*end*/) {
  if (container_ != WarcContainer::kPlain) BlockCut("the member");
}

void ArcAssembler::Gap(std::uint64_t /*end*/) {
  if (open_) Close(false);
  state_ = State::kBetween;
  text_.clear();
}

void ArcAssembler::Finish(std::uint64_t /*end*/) { BlockCut("the file"); }

// `where` ends here: a record may not go on.
void ArcAssembler::BlockCut(std::string_view where) {
  if (state_ == State::kStart) Begin(text_);
  if (state_ == State::kBlock && left_ <= 2) {
    sink_.OnProblem(record_, "arc-length",
                    "the length counts a line end that is not there");
    Close(true);
  } else if (state_ == State::kBlock || state_ == State::kLine) {
    sink_.OnProblem(record_, "record-cut",
                    fmt::format("{} ends before the record does", where));
    if (open_) Close(false);
  }
  state_ = State::kBetween;
  text_.clear();
}

void ArcAssembler::Close(bool whole) {
  if (open_) sink_.OnEnd(Here() - std::min(Here(), record_), whole);
  open_ = false;
  state_ = State::kBetween;
  text_.clear();
  if (!is_file_) return;
  // "1 0 Somebody" or "2 0 Somebody".
  is_file_ = false;
  if (version_block_.starts_with("1 ")) version_ = 1;
  if (version_block_.starts_with("2 ")) version_ = 2;
}

void ArcAssembler::Feed(std::string_view bytes) {
  while (!bytes.empty()) {
    switch (state_) {
      case State::kBetween:
        if (bytes.front() == '\n' || bytes.front() == '\r') {
          bytes.remove_prefix(1);
          ++fed_;
          break;
        }
        record_ = Here();
        text_.clear();
        state_ = State::kLine;
        break;
      case State::kLine:
      case State::kSkip: {
        const std::size_t end = bytes.find('\n');
        const std::size_t n =
            end == std::string_view::npos ? bytes.size() : end + 1;
        if (text_.empty()) record_ = Here();
        text_ += bytes.substr(0, std::min(n, kMaxLine + 1 - text_.size()));
        bytes.remove_prefix(n);
        fed_ += n;
        if (end != std::string_view::npos) {
          TakeLine();
        } else if (text_.size() > kMaxLine && state_ == State::kLine) {
          sink_.OnProblem(record_, "no-record", "no ARC record begins here");
          state_ = State::kSkip;
        }
        break;
      }
      case State::kStart:
        TakeStart(bytes);
        break;
      case State::kBlock:
        TakeBlock(bytes);
        break;
    }
  }
}

// A whole line is there: the one before a block, or one passed over.
void ArcAssembler::TakeLine() {
  if (text_.ends_with('\n')) text_.pop_back();
  std::optional<ArcLine> arc =
      text_.size() > kMaxLine ? std::nullopt : ParseArcLine(text_, version_);
  if (arc && WarcDate(arc->date).empty()) arc.reset();
  if (!arc) {
    if (state_ == State::kLine) {
      sink_.OnProblem(record_, "no-record", "no ARC record begins here");
    }
    state_ = State::kSkip;
    text_.clear();
    return;
  }
  line_ = std::move(text_);
  text_.clear();
  arc_ = *std::move(arc);
  left_ = arc_.length;
  is_file_ = arc_.url.starts_with(kFileScheme);
  if (is_file_) {
    file_line_ = line_;
    version_block_.clear();
  }
  state_ = State::kStart;
  if (left_ == 0) Begin("");
}

// Whether a block is an HTTP message is known by its first bytes.
void ArcAssembler::TakeStart(std::string_view& bytes) {
  constexpr std::size_t kEnough = 5;
  const std::size_t want = std::min<std::uint64_t>(kEnough, arc_.length);
  const std::size_t n = std::min(bytes.size(), want - text_.size());
  text_ += bytes.substr(0, n);
  bytes.remove_prefix(n);
  fed_ += n;
  if (text_.size() == want) Begin(text_);
}

void ArcAssembler::Begin(std::string_view start) {
  const std::string begun(start);
  text_.clear();
  open_ = true;
  state_ = State::kBlock;
  std::vector<std::string> oddities;
  if (arc_.url.find(' ') != std::string::npos) {
    oddities.emplace_back("arc-url: the URL holds blanks");
  }
  sink_.OnRecord(record_, HeaderOf(begun), line_, oddities);
  std::string_view view(begun);
  fed_ -= begun.size();  // TakeBlock counts them
  TakeBlock(view);
}

void ArcAssembler::TakeBlock(std::string_view& bytes) {
  const std::size_t n = std::min<std::uint64_t>(left_, bytes.size());
  if (is_file_ && version_block_.size() < 64) {
    version_block_ += bytes.substr(0, std::min<std::size_t>(n, 64));
  }
  if (n > 0) sink_.OnBlock(bytes.substr(0, n));
  bytes.remove_prefix(n);
  fed_ += n;
  left_ -= n;
  if (left_ == 0) Close(true);
}

WarcHeader ArcAssembler::HeaderOf(std::string_view start) const {
  const bool web =
      arc_.url.starts_with("http://") || arc_.url.starts_with("https://");
  const bool response = web && start == "HTTP/";
  WarcHeader header;
  header.Add("WARC-Type", is_file_   ? "warcinfo"
                          : response ? "response"
                                     : "resource");
  header.Add("WARC-Record-ID", IdOf(file_line_, line_, record_));
  header.Add("WARC-Date", WarcDate(arc_.date));
  if (!is_file_) {
    header.Add("WARC-Target-URI", UriForHeader(arc_.url));
    if (arc_.ip != "0.0.0.0") header.Add("WARC-IP-Address", arc_.ip);
  }
  const bool typed = arc_.type.find('/') != std::string::npos;
  header.Add("Content-Type", response ? "application/http; msgtype=response"
                             : typed  ? Printable(arc_.type)
                                      : "application/octet-stream");
  header.Add("X-Stemma-Original-ARC-Line", Printable(line_));
  header.Add("Content-Length", std::to_string(arc_.length));
  return header;
}

}  // namespace stemma
