#include "archive/bundles_to_give.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>
#include <utility>

#include "archive/index_rows.h"
#include "archive/record_scan.h"
#include "archive/stored_record.h"

namespace stemma {

namespace fs = std::filesystem;

Result<Blob> BundleToGive::File() const {
  Result<Blob> file = BlobOfFile(path.string());
  if (!file && open && file.error().code() == ErrorCode::kNotFound) {
    file = BlobOfFile((path.parent_path() / name).string());
  }
  if (!file) return std::move(file).error();
  return open ? SubBlob(*std::move(file), 0, end) : *std::move(file);
}

Result<std::vector<BundleToGive>> BundlesToGive(ArchiveReader& reader) {
  std::map<std::string, BundleToGive> bundles;
  bool any_open = false;
  std::error_code failed;
  for (const auto& entry :
       fs::directory_iterator(reader.dir() / "bundles", failed)) {
    std::string name = entry.path().filename().string();
    const bool open = name.ends_with(".warc.zst.open");
    if (open) name.resize(name.size() - 5);
    if (!name.ends_with(".warc.zst")) continue;
    any_open |= open;
    bundles["bundles/" + name] = {entry.path(), name, open, {}, 0};
  }
  if (failed) return Error(ErrorCode::kIo, "listing bundles");
  const auto vouch = [&](std::string_view,
                         const nlohmann::json& event) -> Status {
    for (const RecordInfo& record : RecordsInEvent(event)) {
      const auto bundle = bundles.find(record.bundle);
      if (bundle == bundles.end() || !bundle->second.open) continue;
      bundle->second.committed.insert(record.offset);
      bundle->second.end =
          std::max(bundle->second.end, record.offset + record.length);
    }
    return {};
  };
  if (any_open) STEMMA_CHECK_OK(reader.ForEachEvent(vouch));
  std::vector<BundleToGive> in_order;
  for (auto& [name, bundle] : bundles) {
    if (bundle.open && bundle.end == 0) continue;
    in_order.push_back(std::move(bundle));
  }
  return in_order;
}

}  // namespace stemma
