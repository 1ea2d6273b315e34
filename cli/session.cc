#include "cli/session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <limits>
#include <ostream>

#include "core/ascii.h"

namespace stemma::cli {

std::filesystem::path Session::ArchiveDir(std::string_view job_archive) const {
  if (!archive.empty()) return archive;
  if (!job_archive.empty()) return job_archive;
  if (const char* env = std::getenv("STEMMA_ARCHIVE"); env && *env) return env;
  return "archive";
}

bool Session::UseColor() const {
  if (color == "always") return true;
  if (color == "never" || json) return false;
  const char* no_color = std::getenv("NO_COLOR");
  return !(no_color && *no_color) && ::isatty(STDOUT_FILENO) == 1;
}

int Session::Fail(const Error& error) const {
  *err << "stemma: " << ForTerminal(error.message()) << "\n";
  return ExitCodeFor(error.code());
}

void Session::Note(std::string_view text) const {
  if (quiet) return;
  if (out) out->flush();  // on a terminal in the order of saying
  *err << "stemma: " << ForTerminal(text) << "\n";
}

int ExitCodeFor(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return kUsage;
    case ErrorCode::kRefused:
    case ErrorCode::kLimit:
      return kRefusedByPolicy;
    case ErrorCode::kNoSpace:
      return kOutOfSpace;
    case ErrorCode::kInterrupted:
      return kInterruptedRun;
    case ErrorCode::kBusy:
      return kLocked;
    case ErrorCode::kNotFound:
    case ErrorCode::kNetwork:
    case ErrorCode::kMalformed:
    case ErrorCode::kCorrupt:
    case ErrorCode::kIo:
    case ErrorCode::kUnsupported:
      return kTrouble;
  }
  return kTrouble;
}

Result<std::uint64_t> ParseSize(std::string_view text) {
  const auto bad = [&] {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("'{}' is not a size; write 1048576, 64MiB or 2GiB",
                             ForTerminal(text)));
  };
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, errc] = std::from_chars(text.data(), end, number);
  if (errc != std::errc()) return bad();
  const std::string unit = Lowered({rest, end});
  int shift = 0;
  if (unit.empty() || unit == "b")
    shift = 0;
  else if (unit == "k" || unit == "kb" || unit == "kib")
    shift = 10;
  else if (unit == "m" || unit == "mb" || unit == "mib")
    shift = 20;
  else if (unit == "g" || unit == "gb" || unit == "gib")
    shift = 30;
  else if (unit == "t" || unit == "tb" || unit == "tib")
    shift = 40;
  else
    return bad();
  if (number > (std::numeric_limits<std::uint64_t>::max() >> shift)) {
    return bad();
  }
  return number << shift;
}

std::string ForTerminal(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // Decode just enough UTF-8 to see C1 and the bidi controls.
    char32_t code = byte;
    std::size_t length = 1;
    if (byte >= 0xC2 && byte < 0xE0 && i + 1 < text.size()) {
      code = (byte & 0x1Fu) << 6 |
             (static_cast<unsigned char>(text[i + 1]) & 0x3Fu);
      length = 2;
    } else if (byte >= 0xE0 && byte < 0xF0 && i + 2 < text.size()) {
      code = (byte & 0x0Fu) << 12 |
             (static_cast<unsigned char>(text[i + 1]) & 0x3Fu) << 6 |
             (static_cast<unsigned char>(text[i + 2]) & 0x3Fu);
      length = 3;
    } else if (byte >= 0xF0 && byte < 0xF5 && i + 3 < text.size()) {
      length = 4;
      code = 0x10000;
    }
    const bool control = (code < 0x20 && code != '\n') || code == 0x7F ||
                         (code >= 0x80 && code < 0xA0 && length == 2) ||
                         code == 0x061C || code == 0x200E || code == 0x200F ||
                         (code >= 0x202A && code <= 0x202E) ||
                         (code >= 0x2066 && code <= 0x2069) || (code == 0xFEFF);
    if (control) {
      safe += fmt::format("\\u{{{:x}}}", static_cast<unsigned>(code));
    } else {
      safe.append(text.substr(i, length));
    }
    i += length;
  }
  return safe;
}

}  // namespace stemma::cli
