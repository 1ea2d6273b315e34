#include "cli/erasing.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>

#include "archive/archive_writer.h"
#include "archive/index.h"
#include "cli/memory.h"

namespace stemma::cli {
namespace {

namespace fs = std::filesystem;

Status DropCaches(const fs::path& archive) {
  STEMMA_CHECK_OK(Memory::Forget(archive));
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    const fs::path file = archive / ("index.sqlite" + std::string(suffix));
    std::error_code failed;
    fs::remove(file, failed);
    if (failed) {
      return Error(ErrorCode::kIo, fmt::format("removing {}: {}", file.string(),
                                               failed.message()));
    }
  }
  return {};
}

}  // namespace

Result<std::vector<ErasedFromBundle>> EraseFrom(const fs::path& archive,
                                                const Session& session,
                                                const Erasure& why,
                                                const Eraser& erase) {
  STEMMA_CHECK_OK(CheckApproval(why));
  std::vector<ErasedFromBundle> erased;
  {
    ArchiveOptions how;
    how.clock = session.clock;
    how.free_space_floor = 0;
    how.index = false;  // built again below
    STEMMA_TRY(const auto writer, ArchiveWriter::Open(archive, how));
    STEMMA_CHECK_OK(writer->Seal());
    STEMMA_CHECK_OK(DropCaches(archive));
    STEMMA_TRY(erased, erase(*writer));
  }
  STEMMA_TRY(const Index::Totals totals, Reindex(archive));
  static_cast<void>(totals);
  STEMMA_CHECK_OK(Memory::Rebuild(archive));
  return erased;
}

nlohmann::json ToJson(const ErasedFromBundle& erased) {
  return {{"bundle", erased.bundle},
          {"records", erased.records},
          {"bytes", erased.bytes},
          {"whole", erased.whole},
          {"dictionary", erased.has_dictionary}};
}

}  // namespace stemma::cli
