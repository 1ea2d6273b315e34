// Cut at every byte, and every byte changed: found, told where, nothing before
// it lost, nothing outside the archive touched.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "archive/archive_reader.h"
#include "archive/archive_writer.h"
#include "archive/check.h"
#include "archive/check_wacz.h"
#include "archive/export.h"
#include "archive/import.h"
#include "archive/zip_reader.h"
#include "archive/zstd_frames.h"
#include "hash/sha256.h"
#include "tests/archive/gzipped.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

std::string Read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}
void Write(const fs::path& path, std::string_view bytes) {
  std::error_code ignored;
  fs::permissions(path, fs::perms::owner_all, fs::perm_options::add, ignored);
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string Record(int number) {
  const std::string block =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nwords " +
      std::to_string(number);
  return "WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: "
         "<urn:uuid:00000000-0000-4000-8000-00000000000" +
         std::to_string(number) +
         ">\r\nWARC-Date: 2026-03-01T12:00:00Z\r\nWARC-Target-URI: "
         "https://a.example/" +
         std::to_string(number) +
         "\r\nContent-Type: application/http\r\nWARC-Block-Digest: " +
         Sha256Of(block).Labelled() +
         "\r\nContent-Length: " + std::to_string(block.size()) + "\r\n\r\n" +
         block + "\r\n\r\n";
}

std::string Frame(std::string_view content) {
  return *FrameEncoder(3, nullptr).Encode(content);
}

// A file in one dress: its bytes, and where each record has ended.
struct Dress {
  std::string name, bytes;
  std::vector<std::size_t> ends;
};

std::vector<Dress> Dresses() {
  std::vector<Dress> dresses = {
      {"x.warc", "", {}}, {"x.warc.gz", "", {}}, {"x.warc.zst", "", {}}};
  for (int i = 1; i <= 3; ++i) {
    const std::string forms[] = {Record(i), Gzipped(Record(i)),
                                 Frame(Record(i))};
    for (int form = 0; form < 3; ++form) {
      dresses[form].bytes += forms[form];
      dresses[form].ends.push_back(dresses[form].bytes.size());
    }
  }
  // One of two frames, with their table.
  const std::string last = Record(4);
  const std::string a = Frame(last.substr(0, 300)), b = Frame(last.substr(300));
  Dress& zst = dresses[2];
  const auto size = [](const std::string& frame, std::size_t content) {
    return FrameSizes{static_cast<std::uint32_t>(frame.size()),
                      static_cast<std::uint32_t>(content)};
  };
  zst.bytes += a + b;
  zst.ends.push_back(zst.bytes.size());
  zst.bytes += SeekTable({size(a, 300), size(b, last.size() - 300)});
  return dresses;
}

std::size_t WholeBefore(const Dress& dress, std::size_t cut) {
  return std::count_if(dress.ends.begin(), dress.ends.end(),
                       [cut](std::size_t end) { return end <= cut; });
}

class EveryByte : public ::testing::Test {
 protected:
  EveryByte() {
    // In memory where there is such a place: thousands of small archives.
    std::error_code ignored;
    const fs::path memory = "/dev/shm";
    std::string name =
        ((fs::is_directory(memory, ignored) ? memory
                                            : fs::temp_directory_path()) /
         "everyXXXXXX")
            .string();
    dir_ = ::mkdtemp(name.data());
    options_.clock = [] { return *ParseTime("2026-03-01T12:00:00Z"); };
    options_.free_space_floor = 0;
    options_.buffer_bytes = options_.frame_bytes = 64 << 10;
  }
  ~EveryByte() override {
    std::error_code ignored;
    fs::remove_all(dir_, ignored);
  }
  // An archive of two captures; as a killed process leaves it unless `seal`.
  void Make(bool seal) {
    auto writer = ArchiveWriter::Open(dir_ / "a", options_);
    ASSERT_TRUE(writer);
    for (const std::string path : {"one", "two"}) {
      auto draft = (*writer)->BeginCapture("https://example.org/" + path,
                                           options_.clock());
      Exchange e;
      e.url = "https://example.org/" + path;
      e.request = "GET /" + path + " HTTP/1.1\r\n\r\n";
      e.response_head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n";
      e.status = 200;
      e.started = options_.clock();
      ASSERT_TRUE(draft->AddExchange(e, "<p>" + path));
      ASSERT_TRUE(draft->Commit({{"status", 200}}));
    }
    if (!seal) {
      fs::copy(dir_ / "a", dir_ / "b", fs::copy_options::recursive);
      writer->reset();
      fs::remove_all(dir_ / "a");
      fs::rename(dir_ / "b", dir_ / "a");
    }
  }
  fs::path Bundle(std::string_view ending) {
    for (const auto& entry : fs::directory_iterator(dir_ / "a" / "bundles")) {
      if (entry.path().string().ends_with(ending)) return entry.path();
    }
    ADD_FAILURE() << "no bundle ends in " << ending;
    return {};
  }
  std::set<std::string> Outside() {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(dir_)) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }

  fs::path dir_;
  ArchiveOptions options_;
};

TEST_F(EveryByte, CheckOfACutFileCountsWhatIsWhole) {
  for (const Dress& dress : Dresses()) {
    CheckOptions options;
    for (std::size_t cut = 0; cut < dress.bytes.size(); ++cut) {
      const auto report =
          CheckWarcBlob(Blob(dress.bytes.substr(0, cut)), "x", options);
      const std::size_t whole = WholeBefore(dress, cut);
      if (!report) {
        EXPECT_EQ(report.error().code(), ErrorCode::kMalformed);
        EXPECT_LT(cut, 5u) << dress.name;
        continue;
      }
      const std::string words = dress.name + " cut at " + std::to_string(cut) +
                                ToJson(*report).dump(1);
      std::uint64_t good = 0;
      for (const std::size_t end : dress.ends) good += end == cut ? 1 : 0;
      // A cut between two records cannot be seen in a file without a footer.
      EXPECT_EQ(report->Worst() >= Weight::kIncomplete, good == 0) << words;
      EXPECT_GE(report->records, whole) << words;
      EXPECT_LE(report->records, whole + 1) << words;
    }
  }
}

TEST_F(EveryByte, ImportOfACutFileTakesWhatIsWhole) {
  auto writer = ArchiveWriter::Open(dir_ / "a", options_);
  ASSERT_TRUE(writer);
  for (const Dress& dress : Dresses()) {
    fs::remove(dir_ / "file");
    for (std::size_t cut = 0; cut < dress.bytes.size(); ++cut) {
      Write(dir_ / "file", dress.bytes.substr(0, cut));
      const auto outside = Outside();
      const auto report = ImportFile(**writer, dir_ / "file", ImportOptions());
      ASSERT_EQ(Outside(), outside);
      if (!report) {
        EXPECT_EQ(report.error().code(), ErrorCode::kMalformed) << cut;
        EXPECT_FALSE(report.error().message().empty());
        continue;
      }
      const std::size_t whole = WholeBefore(dress, cut);
      EXPECT_EQ(report->records + report->already, whole)
          << dress.name << " cut at " << cut;
      bool between = cut == 0;
      for (const std::size_t end : dress.ends) between |= end == cut;
      EXPECT_EQ(report->findings.empty(), between)
          << dress.name << " cut at " << cut;
    }
  }
  writer->reset();
  const auto checked = CheckArchive(dir_ / "a");
  ASSERT_TRUE(checked);
  EXPECT_LE(checked->Worst(), Weight::kWarning) << ToJson(*checked).dump(1);
  EXPECT_EQ(checked->records, 5u);  // four, and the warcinfo
}

TEST_F(EveryByte, ACutLogLosesNoWholeEventBeforeTheCut) {
  Make(false);
  const fs::path log = dir_ / "a" / "manifest" / "events.jsonl";
  const std::string whole = Read(log);
  fs::rename(dir_ / "a", dir_ / "full");
  for (std::size_t cut = 1; cut <= whole.size(); ++cut) {
    fs::remove_all(dir_ / "a");
    fs::copy(dir_ / "full", dir_ / "a", fs::copy_options::recursive);
    Write(log, whole.substr(0, cut));
    const std::size_t lines = whole.rfind('\n', cut - 1) + 1;
    {
      const auto writer = ArchiveWriter::Open(dir_ / "a", options_);
      ASSERT_TRUE(writer) << cut << ": " << writer.error().message();
    }
    ASSERT_TRUE(Read(log).starts_with(
        whole.substr(0, whole.find('\n') < cut ? lines : 0)))
        << cut;
    const auto checked = CheckArchive(dir_ / "a");
    ASSERT_TRUE(checked);
    ASSERT_LE(checked->Worst(), Weight::kWarning)
        << "cut at " << cut << ToJson(*checked).dump(1);
    ASSERT_EQ(Outside(), (std::set<std::string>{"a", "full"}));
  }
}

TEST_F(EveryByte, ACutBundleKeepsWhatLiesBeforeTheCut) {
  Make(false);
  const fs::path open = Bundle(".open");
  const std::string whole = Read(open);
  const std::string name = open.filename().string();
  fs::rename(dir_ / "a", dir_ / "full");
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    fs::remove_all(dir_ / "a");
    fs::copy(dir_ / "full", dir_ / "a", fs::copy_options::recursive);
    Write(dir_ / "a" / "bundles" / name, whole.substr(0, cut));
    {
      const auto writer = ArchiveWriter::Open(dir_ / "a", options_);
      EXPECT_TRUE(writer || !writer.error().message().empty());
    }
    const auto checked = CheckArchive(dir_ / "a");
    ASSERT_TRUE(checked) << cut;
    // The log names what is gone: it is told, not forgotten.
    ASSERT_GE(checked->Worst(), Weight::kIncomplete) << cut;
    // Every byte before the cut is still somewhere.
    std::string kept;
    for (const char* folder : {"bundles", "quarantine"}) {
      std::error_code ignored;
      for (const auto& entry :
           fs::directory_iterator(dir_ / "a" / folder, ignored)) {
        if (!entry.path().string().ends_with(".cdxj")) {
          kept += Read(entry.path());
        }
      }
    }
    FrameWalker walker(Blob(whole.substr(0, cut)));
    while (walker.offset() < walker.size()) {
      const auto frame = walker.Next();
      if (!frame) break;
      ASSERT_NE(kept.find(whole.substr((*frame)->offset, (*frame)->size)),
                std::string::npos)
          << "frame at " << (*frame)->offset << ", cut at " << cut;
    }
    ASSERT_EQ(Outside(), (std::set<std::string>{"a", "full"}));
  }
}

// Every byte of `path`, changed: `expect` says whether that may go unseen.
template <class Check>
void FlipAll(const fs::path& path, const Check& check) {
  const std::string whole = Read(path);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int bit : {0x01, 0x80}) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ bit);
      Write(path, changed);
      check(at, changed);
    }
  }
  Write(path, whole);
}

TEST_F(EveryByte, AChangedByteOfTheIndexIsFoundInItsLine) {
  Make(true);
  const fs::path cdxj = Bundle(".cdxj");
  const std::string whole = Read(cdxj);
  const std::string file = "bundles/" + cdxj.filename().string();
  CheckOptions options;
  options.index = false;
  FlipAll(cdxj, [&](std::size_t at, const std::string& changed) {
    const auto report = CheckArchive(dir_ / "a", options);
    ASSERT_TRUE(report);
    ASSERT_EQ(report->Worst(), Weight::kAltered) << at;
    const std::size_t line = at == 0 ? 0 : whole.rfind('\n', at - 1) + 1;
    bool located = false;
    for (const CheckFinding& f : report->findings) {
      // A line end that is gone or new moves what follows.
      located |= f.file == file && f.offset &&
                 (*f.offset == line || *f.offset == at + 1);
    }
    ASSERT_TRUE(located) << at << " " << changed << ToJson(*report).dump(1);
  });
}

TEST_F(EveryByte, AChangedByteOfTheLogIsFoundInItsLineOrTheNext) {
  Make(true);
  const fs::path log = dir_ / "a" / "manifest" / "events.jsonl";
  const std::string whole = Read(log);
  const std::size_t last = whole.rfind('\n', whole.size() - 2) + 1;
  CheckOptions options;
  options.index = false;
  FlipAll(log, [&](std::size_t at, const std::string& changed) {
    const auto report = CheckArchive(dir_ / "a", options);
    ASSERT_TRUE(report);
    // What follows the last line would tell of a change in it: a checkpoint.
    if (at >= last) return;
    ASSERT_EQ(report->Worst(), Weight::kAltered) << at << changed.substr(at);
    const std::size_t line = at == 0 ? 0 : whole.rfind('\n', at - 1) + 1;
    bool located = false;
    for (const CheckFinding& f : report->findings) {
      located |= f.file == "manifest/events.jsonl" && f.offset &&
                 (*f.offset == line || *f.offset == whole.find('\n', at) + 1 ||
                  *f.offset == at + 1);
    }
    ASSERT_TRUE(located) << at << ToJson(*report).dump(1);
  });
}

TEST_F(EveryByte, AChangedByteOfAPackageIsFound) {
  Make(true);
  {
    auto reader = ArchiveReader::Open(dir_ / "a");
    ASSERT_TRUE(reader);
    ExportOptions how;
    how.now = options_.clock();
    ASSERT_TRUE(ExportWacz(**reader, dir_ / "x.wacz", how));
  }
  std::vector<std::string> unseen;
  const std::string whole = Read(dir_ / "x.wacz");
  FlipAll(dir_ / "x.wacz", [&](std::size_t at, const std::string& /*changed*/) {
    const auto report =
        CheckWacz(dir_ / "x.wacz", WaczTrust(), options_.clock(), {});
    if (!report || report->verdict == "reject" ||
        report->report.Worst() > Weight::kWarning) {
      return;
    }
    // Nothing that a reader takes out of the package is another.
    Write(dir_ / "good.wacz", whole);
    auto good = ZipReader::Open(dir_ / "good.wacz");
    auto bad = ZipReader::Open(dir_ / "x.wacz");
    ASSERT_TRUE(good && bad);
    ASSERT_EQ(good->members().size(), bad->members().size()) << at;
    for (std::size_t i = 0; i < good->members().size(); ++i) {
      const ZipMember& a = good->members()[i];
      const ZipMember& b = bad->members()[i];
      ASSERT_EQ(a.name, b.name) << at;
      ASSERT_EQ(*good->Read(a, 1 << 20), *bad->Read(b, 1 << 20)) << at;
    }
    unseen.push_back(std::to_string(at));
  });
  // Times, versions and attributes, which nothing vouches for and nobody uses.
  EXPECT_LT(unseen.size(), whole.size() / 10);
}

TEST_F(EveryByte, ACutPackageIsRefusedWhole) {
  Make(true);
  {
    auto reader = ArchiveReader::Open(dir_ / "a");
    ASSERT_TRUE(reader);
    ExportOptions how;
    how.now = options_.clock();
    ASSERT_TRUE(ExportWacz(**reader, dir_ / "x.wacz", how));
  }
  const std::string whole = Read(dir_ / "x.wacz");
  auto writer = ArchiveWriter::Open(dir_ / "b", options_);
  ASSERT_TRUE(writer);
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    Write(dir_ / "x.wacz", whole.substr(0, cut));
    const auto outside = Outside();
    const auto report = ImportFile(**writer, dir_ / "x.wacz", ImportOptions());
    ASSERT_FALSE(report) << cut;
    EXPECT_FALSE(report.error().message().empty());
    ASSERT_EQ(Outside(), outside);
  }
}

}  // namespace
}  // namespace stemma
