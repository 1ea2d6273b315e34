#include "cli/log_event.h"

#include <sys/timex.h>

#include <array>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "archive/archive_writer.h"
#include "hash/sha256.h"

namespace stemma::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

}  // namespace

Result<std::uint64_t> LogEvent(const Session& session, const fs::path& archive,
                               std::string_view type, const Json& fields) {
  std::error_code failed;
  if (!fs::exists(archive / "manifest" / "events.jsonl", failed)) {
    return Error(ErrorCode::kInvalidArgument,
                 archive.string() + ": there is no archive here");
  }
  ArchiveOptions how;
  how.clock = session.clock;
  how.free_space_floor = 0;
  STEMMA_TRY(const std::unique_ptr<ArchiveWriter> writer,
             ArchiveWriter::Open(archive, how));
  return writer->AppendEvent(type, fields);
}

Result<Json> FileFacts(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  Sha256Hasher hasher;
  std::uint64_t bytes = 0;
  std::array<char, 64 << 10> buffer{};
  while (in.read(buffer.data(), buffer.size()) || in.gcount() > 0) {
    const auto size = static_cast<std::size_t>(in.gcount());
    hasher.Update({buffer.data(), size});
    bytes += size;
  }
  if (!in.eof()) return Error(ErrorCode::kIo, "reading " + path);
  return Json{{"file", fs::path(path).filename().string()},
              {"bytes", bytes},
              {"sha256", hasher.Finish().Hex()}};
}

Json ClockFacts() {
  timex state{};
  const int now = ::adjtimex(&state);
  if (now < 0) return {{"source", "unknown"}};
  const bool synchronised =
      now != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
  return {{"source", "adjtimex"},
          {"synchronised", synchronised},
          {"error_us", state.esterror},
          {"max_error_us", state.maxerror}};
}

}  // namespace stemma::cli
