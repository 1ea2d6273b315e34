#include "archive/page_samples.h"

#include <algorithm>
#include <system_error>

#include "archive/bundle_seal.h"
#include "archive/http_block.h"
#include "archive/record_scan.h"
#include "archive/stored_record.h"
#include "core/ascii.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".warc.zst";

bool AllDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit);
}

// Keeps the WARC text of each record until it is known what it is.
class SampleSink : public RecordInfoSink {
 public:
  explicit SampleSink(PageSamples& samples) : samples_(samples) {}

  void OnRecord(std::uint64_t offset, const WarcHeader& header,
                std::string_view text,
                const std::vector<std::string>& oddities) override {
    RecordInfoSink::OnRecord(offset, header, text, oddities);
    text_ = text;
  }
  void OnBlock(std::string_view bytes) override {
    RecordInfoSink::OnBlock(bytes);
    text_ += bytes.substr(0, kMost - std::min(kMost, text_.size()));
  }

 protected:
  void OnInfo(const WarcHeader&, const RecordInfo& info,
              std::string_view http_head, bool whole) override {
    if (!whole) return;
    switch (SampleKindOf(info, http_head)) {
      case SampleKind::kNone:
        return;
      case SampleKind::kDerived:
        if (samples_.AddDerived(info.mime, info.refers_to, text_)) return;
        [[fallthrough]];
      case SampleKind::kSmall:
        samples_.AddSmall(info.type + " " + info.mime, text_);
        return;
      case SampleKind::kPage:
        samples_.AddPage(info.uri, info.id, text_);
    }
  }

 private:
  static constexpr std::size_t kMost = 4 << 20;
  PageSamples& samples_;
  std::string text_;
};

}  // namespace

SampleKind SampleKindOf(const RecordInfo& info, std::string_view head) {
  if (info.type != "response") {
    const bool text = info.type == "request" || info.type == "revisit" ||
                      info.mime.starts_with("text/") ||
                      info.mime.ends_with("json");
    if (!text) return SampleKind::kNone;
    return info.type == "conversion" ? SampleKind::kDerived
                                     : SampleKind::kSmall;
  }
  if (info.status != 200) return SampleKind::kSmall;
  if (info.mime != "text/html" && info.mime != "application/xhtml+xml") {
    return SampleKind::kNone;
  }
  const std::string coding = HttpField(head, "content-encoding");
  return coding.empty() || coding == "identity" ? SampleKind::kPage
                                                : SampleKind::kNone;
}

std::vector<fs::path> BundlesOfLastRun(const fs::path& folder,
                                       std::string_view job) {
  struct Found {
    std::string stamp;  // time and number, which sort by time
    fs::path path;
    bool first = false;  // of its run
    bool media = false;
  };
  std::vector<Found> found;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(job) || !name.ends_with(kSuffix)) continue;
    std::string_view rest = name;
    rest.remove_prefix(job.size());
    rest.remove_suffix(kSuffix.size());
    // -14DIGITS-NNNN[-media]
    if (rest.size() < 20 || rest[0] != '-' || rest[15] != '-' ||
        !AllDigits(rest.substr(1, 14)) || !AllDigits(rest.substr(16, 4))) {
      continue;
    }
    Found f;
    f.stamp = rest.substr(1, 19);
    f.path = entry.path();
    f.first = rest.substr(16, 4) == "0000";
    f.media = rest.ends_with("-media");
    found.push_back(std::move(f));
  }
  std::sort(found.begin(), found.end(),
            [](const Found& a, const Found& b) { return a.stamp > b.stamp; });
  std::vector<fs::path> bundles;
  for (const Found& f : found) {
    if (!f.media) bundles.push_back(f.path);
    if (f.first) break;
  }
  return bundles;
}

double TakeSamples(const std::vector<fs::path>& bundles, PageSamples& samples,
                   std::uint64_t most_bytes) {
  std::uint64_t all = 0, taken = 0;
  for (const fs::path& path : bundles) {
    std::error_code failed;
    const std::uint64_t size = fs::file_size(path, failed);
    if (failed) continue;
    all += size;
    if (taken >= most_bytes) continue;
    const Result<Blob> file = BlobOfFile(path.string());
    if (!file) continue;
    // Of a long bundle the first part.
    const std::uint64_t part = std::min(size, most_bytes - taken);
    SampleSink sink(samples);
    const Status scanned = ScanWarc(SubBlob(*file, 0, part), sink);
    static_cast<void>(scanned);
    taken += part;
  }
  return all == 0 ? 0 : static_cast<double>(taken) / static_cast<double>(all);
}

}  // namespace stemma
