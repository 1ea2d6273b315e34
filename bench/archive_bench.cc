// The archive against its peers, in one run: bundles against gzip -6 and
// zstd -3 a record (bytes and CPU), check against inflating and hashing alone.
//
//   archive_bench write FOLDER [mixed]   captures the pages of FOLDER (*.html,
//       *.html.gz), say ../shared/bench/archiving/gen_site.py's, in two runs
//       of a job; mixed: all places at a time, as a crawl does, else one after
//       the other; then packs the archive again
//   archive_bench sizes ARCHIVE          what the bundles of an archive are
//   archive_bench real [SHARED]          real pages: sites with several pages,
//       each an archive of its own, and all pages in one
//
// "Text" is every record but images, audio and video. CPU is that of the
// compressor alone, over the same records in the same process.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "archive/archive_writer.h"
#include "archive/check.h"
#include "archive/gzip_lines.h"
#include "archive/record_judge.h"
#include "archive/record_scan.h"
#include "archive/zstd_frames.h"
#include "hash/labelled_digest.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

double Cpu() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& t) {
    return double(t.tv_sec) + double(t.tv_usec) / 1e6;
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

struct Page {
  std::string url, body;
};

// Inflated if it is gzipped; byte for byte.
Result<std::string> ReadPage(const fs::path& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return Error(ErrorCode::kNotFound, path.string());
  std::string bytes, piece(1 << 20, '\0');
  for (int n = 0; (n = gzread(file, piece.data(), 1 << 20)) > 0;) {
    bytes.append(piece, 0, std::size_t(n));
  }
  gzclose(file);
  return bytes;
}

std::vector<Page> ReadPages(const fs::path& folder) {
  std::vector<Page> pages;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || name.find(".html") == std::string::npos) {
      continue;
    }
    Page page;
    page.url = "http://" + fs::relative(entry.path(), folder).string();
    auto body = ReadPage(entry.path());
    if (!body) continue;
    page.body = *std::move(body);
    pages.push_back(std::move(page));
  }
  std::sort(pages.begin(), pages.end(),
            [](const Page& a, const Page& b) { return a.url < b.url; });
  return pages;
}

std::size_t Gzip6(const std::string& record) {
  z_stream z{};
  deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, record.size()) + 32, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(record.data()));
  z.avail_in = static_cast<uInt>(record.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  const std::size_t size = z.total_out;
  deflateEnd(&z);
  return size;
}

// Every record of a bundle, to compress again.
class Keep : public RecordSink {
 public:
  void OnRecord(std::uint64_t, const WarcHeader&, std::string_view text,
                const std::vector<std::string>&) override {
    records.emplace_back(text);
  }
  void OnBlock(std::string_view bytes) override { records.back() += bytes; }
  void OnEnd(std::uint64_t length, bool) override {
    records.back() += "\r\n\r\n";
    lengths.push_back(length);
  }
  void OnProblem(std::uint64_t, std::string_view, std::string) override {}
  void OnDictionary(const ZstdDictionary& found) override {
    dictionary = *ZstdDictionary::FromBytes(found.bytes());
  }
  std::vector<std::string> records;
  std::vector<std::uint64_t> lengths;  // stored
  std::shared_ptr<const ZstdDictionary> dictionary;
};

bool IsText(const std::string& record) {
  const std::string_view head =
      std::string_view(record).substr(0, record.find("\r\n\r\n") + 2000);
  for (const char* type : {"Content-Type: video/", "Content-Type: image/",
                           "Content-Type: audio/"}) {
    if (head.find(type) != std::string_view::npos) return false;
  }
  return true;
}

struct Sizes {
  std::uint64_t plain = 0, stored = 0, gzip = 0, zstd = 0, frames = 0;
  double gzip_cpu = 0, zstd_cpu = 0, ours_cpu = 0;

  void Add(const Sizes& o) {
    plain += o.plain, stored += o.stored, gzip += o.gzip, zstd += o.zstd;
    gzip_cpu += o.gzip_cpu, zstd_cpu += o.zstd_cpu, ours_cpu += o.ours_cpu;
    frames += o.frames;
  }
  void Print(const std::string& what) const {
    fmt::print(
        "{}: {} bytes of text stored in {}: {:.3f} of gzip -6, {:.3f} of "
        "zstd -3; CPU 1/{:.1f} of gzip -6, {:.2f} x zstd -3\n",
        what, plain, stored, double(stored) / double(gzip),
        double(stored) / double(zstd), gzip_cpu / ours_cpu,
        ours_cpu / zstd_cpu);
  }
};

// The text part of a bundle: its file without the frames of other records.
Result<Sizes> SizesOf(const fs::path& path, bool* with_dictionary = nullptr) {
  STEMMA_TRY(const Blob file, BlobOfFile(path.string()));
  Keep keep;
  STEMMA_CHECK_OK(ScanWarc(file, keep));
  Sizes sizes;
  sizes.stored = file.size();
  std::vector<std::string> text;
  for (std::size_t i = 0; i < keep.records.size(); ++i) {
    if (IsText(keep.records[i])) {
      text.push_back(std::move(keep.records[i]));
    } else {
      sizes.stored -= keep.lengths[i];
    }
  }
  for (const std::string& record : text) sizes.plain += record.size();
  sizes.frames = text.size();
  double start = Cpu();
  for (const std::string& record : text) sizes.gzip += Gzip6(record);
  sizes.gzip_cpu = Cpu() - start;
  FrameEncoder plain(3, nullptr);
  start = Cpu();
  for (const std::string& record : text) {
    sizes.zstd += plain.Encode(record)->size();
  }
  sizes.zstd_cpu = Cpu() - start;
  FrameEncoder ours(3, keep.dictionary);
  start = Cpu();
  for (const std::string& record : text) {
    if (!ours.Encode(record)) return Error(ErrorCode::kIo, "encoding");
  }
  sizes.ours_cpu = Cpu() - start;
  if (with_dictionary != nullptr) *with_dictionary = keep.dictionary != nullptr;
  return sizes;
}

std::vector<fs::path> BundlesIn(const fs::path& archive) {
  std::vector<fs::path> bundles;
  for (const auto& entry : fs::directory_iterator(archive / "bundles")) {
    if (entry.path().extension() == ".zst") bundles.push_back(entry);
  }
  std::sort(bundles.begin(), bundles.end());
  return bundles;
}

// All bundles of an archive; those of them that `skip` does not name.
int PrintSizes(const fs::path& archive, const std::string& what,
               std::vector<fs::path>* skip, bool each) {
  Sizes all, dictionary;
  for (const fs::path& path : BundlesIn(archive)) {
    if (skip != nullptr) {
      if (std::find(skip->begin(), skip->end(), path) != skip->end()) continue;
      skip->push_back(path);
    }
    bool with = false;
    const auto sizes = SizesOf(path, &with);
    if (!sizes) return 3;
    if (sizes->frames == 0) continue;
    all.Add(*sizes);
    if (with) dictionary.Add(*sizes);
    if (each) {
      sizes->Print("  " + path.filename().string() +
                   (with ? " (dictionary)" : ""));
    }
  }
  all.Print(what);
  if (dictionary.frames > 0) dictionary.Print(what + ", with a dictionary");
  return 0;
}

int Capture(const fs::path& archive, const std::vector<const Page*>& pages,
            double* cpu) {
  ArchiveOptions options;
  options.free_space_floor = 0;
  const double start = Cpu();
  auto writer = ArchiveWriter::Open(archive, options);
  if (!writer) return 3;
  for (std::size_t i = 0; i < pages.size(); ++i) {
    auto draft = (*writer)->BeginCapture(pages[i]->url, SystemNow());
    Exchange e;
    e.url = pages[i]->url;
    e.request = fmt::format(
        "GET /{} HTTP/1.1\r\nHost: example.org\r\nAccept: */*\r\n\r\n", i);
    e.response_head =
        "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\n\r\n";
    e.status = 200;
    e.started = SystemNow();
    if (!draft->AddExchange(e, pages[i]->body)) return 3;
    if (!draft->Stage({{"status", 200}})) return 3;
    if (i % 32 == 0 && !(*writer)->Sync()) return 3;
  }
  if (!(*writer)->Seal()) return 3;
  writer->reset();
  if (cpu != nullptr) *cpu = Cpu() - start;
  return 0;
}

// A page of each place in turn.
std::vector<const Page*> InTurn(const std::vector<Page>& pages) {
  std::map<std::string, std::vector<const Page*>> places;
  for (const Page& page : pages) {
    places[page.url.substr(0, page.url.find('/', 7))].push_back(&page);
  }
  std::vector<const Page*> order;
  for (std::size_t i = 0; order.size() < pages.size(); ++i) {
    for (const auto& [name, list] : places) {
      if (i < list.size()) order.push_back(list[i]);
    }
  }
  return order;
}

void CheckSpeed(const fs::path& archive);

// Packs every bundle anew that gains by it.
int RepackIn(const fs::path& archive, double* cpu = nullptr) {
  ArchiveOptions options;
  options.free_space_floor = 0;
  options.job = "bench";
  auto writer = ArchiveWriter::Open(archive, options);
  if (!writer) return 3;
  const double start = Cpu();
  const auto bundles = (*writer)->SealedBundles();
  if (!bundles) return 3;
  for (const SealedBundle& bundle : *bundles) {
    const auto done = (*writer)->Repack(bundle, {});
    if (!done || done->outcome == Repacked::Outcome::kRefused) return 3;
  }
  if (cpu != nullptr) *cpu = Cpu() - start;
  return 0;
}

Result<Sizes> SizesIn(const fs::path& archive) {
  Sizes all;
  for (const fs::path& path : BundlesIn(archive)) {
    STEMMA_TRY(const Sizes sizes, SizesOf(path));
    all.Add(sizes);
  }
  return all;
}

// ../shared/corpus/articles: {"page","url","site"} a line.
int Real(const fs::path& shared) {
  const fs::path articles = shared / "corpus" / "articles";
  std::map<std::string, std::vector<Page>> sites;
  std::size_t count = 0;
  const Status read = ForEachLineOf(
      articles / "truth.jsonl", [&](std::string_view line) -> Status {
        const auto json = nlohmann::json::parse(line, nullptr, false);
        if (!json.is_object() || !json.contains("page")) return {};
        Page page;
        page.url = json.value("url", "");
        if (page.url.find("://") == std::string::npos) {
          page.url =
              "https://" + json.value("site", "") + "/" + std::to_string(count);
        }
        ++count;
        auto body = ReadPage(articles / json.value("page", ""));
        if (!body) return {};
        page.body = *std::move(body);
        sites[json.value("site", "")].push_back(std::move(page));
        return {};
      });
  if (!read) {
    fmt::print("skipped: no {}\n", articles.string());
    return 77;
  }
  std::string name = (fs::temp_directory_path() / "benchXXXXXX").string();
  const fs::path dir = ::mkdtemp(name.data());
  std::vector<const Page*> all;
  Sizes captured, packed;
  std::size_t groups = 0, pages_in = 0, beaten = 0, beaten_big = 0, big = 0;
  std::vector<double> ratios;
  for (const auto& [site, pages] : sites) {
    std::vector<const Page*> order;
    for (const Page& page : pages) order.push_back(&page);
    all.insert(all.end(), order.begin(), order.end());
    if (order.size() < 3) continue;
    const fs::path archive = dir / "site";
    if (Capture(archive, order, nullptr) != 0) return 3;
    const auto before = SizesIn(archive);
    if (RepackIn(archive) != 0) return 3;
    const auto after = SizesIn(archive);
    if (!before || !after) return 3;
    captured.Add(*before);
    packed.Add(*after);
    ++groups;
    pages_in += order.size();
    const double ratio =
        double(after->stored) / double(std::min(after->gzip, after->zstd));
    ratios.push_back(ratio);
    beaten += ratio <= 0.8 ? 1 : 0;
    big += order.size() >= 10 ? 1 : 0;
    beaten_big += order.size() >= 10 && ratio <= 0.8 ? 1 : 0;
    std::error_code ignored;
    fs::remove_all(archive, ignored);
  }
  if (groups > 0) {
    std::sort(ratios.begin(), ratios.end());
    fmt::print(
        "{} sites with 3 pages or more, {} pages, an archive each; against "
        "the better of gzip -6 and zstd -3: best {:.3f}, median {:.3f}, worst "
        "{:.3f}; {} of {} sites a fifth smaller, {} of {} with ten pages\n",
        groups, pages_in, ratios.front(), ratios[ratios.size() / 2],
        ratios.back(), beaten, groups, beaten_big, big);
    captured.Print("as captured");
    packed.Print("packed anew");
  }
  const fs::path archive = dir / "all";
  if (Capture(archive, all, nullptr) != 0) return 3;
  if (PrintSizes(archive,
                 fmt::format("all {} pages in one archive", all.size()),
                 nullptr, false) != 0 ||
      RepackIn(archive) != 0 ||
      PrintSizes(archive, "packed anew", nullptr, false) != 0) {
    return 3;
  }
  std::error_code ignored;
  fs::remove_all(dir, ignored);
  return 0;
}

int Write(const fs::path& folder, bool mixed) {
  const std::vector<Page> pages = ReadPages(folder);
  if (pages.empty()) return 2;
  std::vector<const Page*> order;
  for (const Page& page : pages) order.push_back(&page);
  if (mixed) order = InTurn(pages);
  std::string name = (fs::temp_directory_path() / "benchXXXXXX").string();
  const fs::path dir = ::mkdtemp(name.data());
  const fs::path archive = dir / "a";
  std::vector<fs::path> seen;
  double cpu = 0;
  if (Capture(archive, order, &cpu) != 0) return 3;
  fmt::print("{} pages; capturing took {:.2f} s of CPU in all\n", pages.size(),
             cpu);
  if (PrintSizes(archive, "first run", &seen, true) != 0) return 3;
  std::vector<const Page*> some;
  for (std::size_t i = 0; i < order.size(); i += 8) some.push_back(order[i]);
  if (Capture(archive, some, nullptr) != 0) return 3;
  if (PrintSizes(archive, "second run", &seen, true) != 0) return 3;
  if (RepackIn(archive, &cpu) != 0) return 3;
  fmt::print("packing anew took {:.2f} s of CPU, all verification included\n",
             cpu);
  if (PrintSizes(archive, "packed anew", nullptr, true) != 0) return 3;
  CheckSpeed(archive);
  std::error_code ignored;
  fs::remove_all(dir, ignored);
  return 0;
}

void CheckSpeed(const fs::path& archive) {
  const std::vector<fs::path> bundles = BundlesIn(archive);
  double start = 0;
  // Check, and what it cannot do without.
  double inflate_cpu = 0, hash_cpu = 0;
  for (const fs::path& path : bundles) {
    Keep keep;
    start = Cpu();
    if (!ScanWarc(*BlobOfFile(path.string()), keep)) return;
    inflate_cpu += Cpu() - start;
    start = Cpu();
    for (const std::string& record : keep.records) {
      Sha256Of(record);
      Sha256Of(record);
    }
    hash_cpu += Cpu() - start;
  }
  const auto wall = std::chrono::steady_clock::now();
  start = Cpu();
  std::uint64_t blocks = 0;
  for (const fs::path& path : bundles) {
    JudgeVisitor visitor;
    visitor.record = [&](JudgedRecord r) { blocks += r.info.block_bytes; };
    visitor.problem = [](std::uint64_t, std::string_view, std::string) {};
    if (!JudgeWarc(*BlobOfFile(path.string()), {}, visitor)) return;
  }
  const double check_cpu = Cpu() - start;
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - wall)
          .count();
  fmt::print(
      "check: {:.0f} MB/s of blocks by the clock; CPU {:.2f} s against "
      "{:.2f} s to inflate and {:.2f} s for two SHA-256 passes: {:.2f} "
      "of the sum\n",
      double(blocks) / 1e6 / seconds, check_cpu, inflate_cpu, hash_cpu,
      (inflate_cpu + hash_cpu) / check_cpu);
}

}  // namespace
}  // namespace stemma

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const std::string what = argc > 2 ? argv[2] : "";
  if (mode == "write" && !what.empty()) {
    return stemma::Write(what, argc > 3 && argv[3] == std::string("mixed"));
  }
  if (mode == "sizes" && !what.empty()) {
    return stemma::PrintSizes(what, "all bundles", nullptr, true);
  }
  if (mode == "real") {
    return stemma::Real(what.empty() ? STEMMA_SOURCE_DIR "/../shared" : what);
  }
  return 2;
}
