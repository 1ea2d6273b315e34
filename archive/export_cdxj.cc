#include <algorithm>
#include <string>
#include <vector>

#include "archive/bundle_name.h"
#include "archive/bundles_to_give.h"
#include "archive/durable_file.h"
#include "archive/export.h"
#include "archive/gzip_lines.h"
#include "archive/record_scan.h"
#include "archive/repack.h"
#include "archive/sorted_lines.h"
#include "archive/stored_record.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

// The CDXJ lines of a bundle's records that are given.
class IndexSink : public RecordInfoSink {
 public:
  IndexSink(const BundleToGive& bundle, SortedLines& lines)
      : bundle_(bundle), lines_(lines) {}
  const Status& status() const { return status_; }
  bool HasEnough() const override { return head_known(); }

 protected:
  void OnInfo(const WarcHeader&, const RecordInfo& info, std::string_view,
              bool whole) override {
    if (!whole || !status_ || !bundle_.Gives(info.offset)) return;
    if (const auto line = CdxjOf(info, bundle_.name)) {
      status_ = lines_.Add(line->Text());
    }
  }

 private:
  const BundleToGive& bundle_;
  SortedLines& lines_;
  Status status_;
};

// The lines of what is given, read from its records.
Status AddFromRecords(const BundleToGive& bundle, SortedLines& lines) {
  // Larger frames as streams, of which the heads are read.
  ScanLimits limits;
  limits.frames.max_content = 256 << 10;
  STEMMA_TRY(const Blob blob, bundle.File());
  IndexSink sink(bundle, lines);
  STEMMA_CHECK_OK(ScanWarc(blob, sink, limits));
  return sink.status();
}

// The index that was written beside the bundle when it was sealed, if both are
// still what the log says: then inflating the records tells nothing new. Empty
// if not.
fs::path VouchedIndex(const BundleToGive& bundle,
                      const std::vector<SealedBundle>& sealed) {
  const auto claim =
      std::ranges::find(sealed, "bundles/" + bundle.name, &SealedBundle::name);
  if (bundle.open || claim == sealed.end()) return {};
  const Result<Blob> file = bundle.File();
  if (!file || file->size() != claim->bytes) return {};
  fs::path beside = CdxjBeside(bundle.path);
  const Result<Blob> index = BlobOfFile(beside.string());
  if (!index) return {};
  const Result<Sha256> digest = Sha256OfBlob(*index);
  return digest && digest->Hex() == claim->cdxj_sha256 ? beside : fs::path();
}

}  // namespace

Result<ExportReport> ExportCdxj(ArchiveReader& reader, const fs::path& to) {
  STEMMA_CHECK_OK(RefuseToReplace(to));
  STEMMA_TRY(const std::vector<BundleToGive> bundles, BundlesToGive(reader));
  STEMMA_TRY(const std::vector<SealedBundle> sealed,
             SealedBundles(reader.dir()));
  STEMMA_TRY(DurableFile file, DurableFile::Begin(to));
  SortedLines lines(to.parent_path());
  for (const BundleToGive& bundle : bundles) {
    const fs::path index = VouchedIndex(bundle, sealed);
    STEMMA_CHECK_OK(index.empty()
                        ? AddFromRecords(bundle, lines)
                        : ForEachLineOf(index, [&lines](std::string_view line) {
                            return lines.Add(line);
                          }));
  }
  STEMMA_TRY(const CdxjFacts written, WriteCdxj(lines, file));
  STEMMA_CHECK_OK(file.Commit());
  ExportReport report;
  report.records = written.lines;
  report.bytes = written.bytes;
  return report;
}

}  // namespace stemma
