#include "archive/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "archive/archive_writer.h"
#include "archive/record_judge.h"
#include "archive/record_scan.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::IsEmpty;

std::string Read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}
void Write(const fs::path& path, std::string_view bytes) {
  fs::permissions(path, fs::perms::owner_all, fs::perm_options::add);
  std::ofstream(path, std::ios::binary) << bytes;
}

class CheckTest : public ::testing::Test {
 protected:
  CheckTest() {
    std::string name = (fs::temp_directory_path() / "checkXXXXXX").string();
    dir_ = ::mkdtemp(name.data());
  }
  ~CheckTest() override {
    std::error_code ignored;
    fs::remove_all(dir_, ignored);
  }
  // An archive of a few pages and one body of several frames.
  void Make(bool seal = true) {
    ArchiveOptions options;
    options.clock = [] { return *ParseTime("2026-03-01T12:00:00Z"); };
    options.free_space_floor = 0;
    options.buffer_bytes = options.frame_bytes = 64 << 10;
    auto writer = ArchiveWriter::Open(dir_ / "a", options);
    ASSERT_TRUE(writer);
    for (const std::string path : {"one", "two", "video"}) {
      auto draft = (*writer)->BeginCapture("https://example.org/" + path,
                                           options.clock());
      Exchange e;
      e.url = "https://example.org/" + path;
      e.request = "GET /" + path + " HTTP/1.1\r\n\r\n";
      e.response_head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n";
      e.status = 200;
      e.started = options.clock();
      std::string body = "<p>" + path;
      for (int i = 0; path == "video" && i < 3000; ++i) {
        body += BytesOf(Sha256Of(std::to_string(i)));
      }
      ASSERT_TRUE(draft->AddExchange(e, body));
      ASSERT_TRUE(draft->Commit({{"status", 200}}));
    }
    if (!seal) {
      fs::copy(dir_ / "a", dir_ / "b", fs::copy_options::recursive);
      writer->reset();
      fs::remove_all(dir_ / "a");
      fs::rename(dir_ / "b", dir_ / "a");
    }
  }
  CheckReport Check() {
    auto report = CheckArchive(dir_ / "a");
    EXPECT_TRUE(report) << report.error().message();
    return report ? *report : CheckReport();
  }
  std::vector<fs::path> Bundles(std::string_view suffix = ".warc.zst") {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(dir_ / "a" / "bundles")) {
      if (entry.path().string().ends_with(suffix)) {
        found.push_back(entry.path());
      }
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  fs::path dir_;
};

std::string Words(const CheckReport& report) { return ToJson(report).dump(1); }

TEST_F(CheckTest, AFreshArchiveIsIntact) {
  Make();
  const CheckReport report = Check();
  EXPECT_EQ(report.Verdict(), "intact") << Words(report);
  EXPECT_EQ(report.bundles, 2u);
  EXPECT_EQ(report.records, 8u);
}

TEST_F(CheckTest, AnyFlippedByteOfASealedBundleIsFound) {
  Make();
  std::mt19937 random(7);
  for (const fs::path& bundle : Bundles()) {
    const std::string good = Read(bundle);
    for (int i = 0; i < 40; ++i) {
      std::string bad = good;
      const std::size_t at = i < 12 ? i : random() % bad.size();
      bad[at] = static_cast<char>(bad[at] ^ (1 << random() % 8));
      Write(bundle, bad);
      EXPECT_EQ(Check().Verdict(), "altered") << bundle << " at " << at;
    }
    Write(bundle, good);
  }
  EXPECT_EQ(Check().Verdict(), "intact");
}

TEST_F(CheckTest, AnyFlippedByteOfAFileAloneIsFoundByItsFrames) {
  Make();
  const fs::path bundle = Bundles()[0];
  const std::string good = Read(bundle);
  std::size_t missed = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    auto report = CheckWarcBlob(Blob(bad), "x");
    if (report && WarcFileVerdict(*report) == "accept") {
      ++missed;
      ADD_FAILURE() << "byte " << at << " of " << good.size();
    }
  }
  EXPECT_EQ(missed, 0u);
}

TEST_F(CheckTest, TruncationAtEveryByteIsFoundAndNothingElseHappens) {
  Make();
  const std::string good = Read(Bundles()[0]);
  for (std::size_t size = 0; size < good.size(); ++size) {
    // A copy of exactly this size lets the sanitizer see one byte too many.
    auto report = CheckWarcBlob(Blob(good.substr(0, size)), "x");
    if (!report) continue;  // not even a frame
    // Cut between records it is a smaller valid file; the log tells then.
    if (WarcFileVerdict(*report) != "reject") {
      EXPECT_THAT(report->findings, IsEmpty()) << size;
    }
  }
}

TEST_F(CheckTest, ALogMutationIsFound) {
  Make();
  const fs::path log = dir_ / "a" / "manifest" / "events.jsonl";
  const std::string good = Read(log);
  const struct {
    std::string from, to, code;
  } cases[] = {
      {"\"status\":200", "\"status\":404", "prev-mismatch"},
      {"\"type\":\"log.init\"", "\"type\":\"log_init\"", "prev-mismatch"},
      {"{\"bundle\"", "{ \"bundle\"", "not-canonical"},
      {"\n", "\r\n", "not-canonical"},
      {"\"v\":1}\n", "\"v\":1,\"v\":1}\n", "bad-json"},
  };
  for (const auto& c : cases) {
    std::string bad = good;
    bad.replace(bad.find(c.from), c.from.size(), c.to);
    Write(log, bad);
    const CheckReport report = Check();
    EXPECT_EQ(report.Verdict(), "altered") << c.to;
    EXPECT_THAT(report.Codes(), Contains(c.code)) << Words(report);
  }
  Write(log, good + "{\"torn");
  EXPECT_THAT(Check().Codes(), Contains("torn-tail"));
}

TEST_F(CheckTest, BundlesAreHeldAgainstTheLog) {
  Make();
  const fs::path bundle = Bundles()[0];
  const std::string good = Read(bundle);
  Write(bundle, good.substr(0, good.size() / 2));
  EXPECT_THAT(Check().Codes(), Contains("bundle-truncated"));
  Write(bundle, good);
  fs::rename(bundle, dir_ / "gone");
  CheckReport report = Check();
  EXPECT_EQ(report.Verdict(), "incomplete") << Words(report);
  EXPECT_THAT(report.Codes(), Contains("bundle-missing"));
  fs::rename(dir_ / "gone", bundle);
  fs::copy(bundle, dir_ / "a" / "bundles" / "stranger.warc.zst");
  EXPECT_THAT(Check().Codes(), Contains("bundle-orphan"));
}

TEST_F(CheckTest, CdxjAndIndexAreHeldAgainstTheRecords) {
  Make();
  const fs::path cdxj = Bundles(".cdxj")[0];
  const std::string good = Read(cdxj);
  std::string bad = good;
  bad.replace(bad.find("\"offset\":\""), 11, "\"offset\":\"9");
  Write(cdxj, bad);
  EXPECT_THAT(Check().Codes(), Contains("cdxj-offset"));
  // An index from another bundle.
  Write(cdxj, Read(Bundles(".cdxj")[1]));
  EXPECT_THAT(Check().Codes(), Contains("cdxj-filename"));
  EXPECT_EQ(Check().Verdict(), "altered");
  Write(cdxj, good);
  EXPECT_EQ(Check().Verdict(), "intact");
  Write(dir_ / "a" / "index.sqlite", "no database");
  EXPECT_THAT(Check().Codes(), Contains("index-damaged"));
}

TEST_F(CheckTest, AnOpenBundleIsCheckedThroughItsEvents) {
  Make(false);
  const CheckReport fine = Check();
  EXPECT_EQ(fine.Verdict(), "warning") << Words(fine);
  EXPECT_THAT(fine.Codes(), Contains("bundle-open"));
  const fs::path open = Bundles(".open")[0];
  std::string bad = Read(open);
  bad[bad.size() / 2] ^= 1;
  Write(open, bad);
  EXPECT_EQ(Check().Verdict(), "altered");
}

TEST_F(CheckTest, ThreadsDoNotChangeTheAnswer) {
  Make();
  for (const fs::path& bundle : Bundles()) {
    CheckOptions one, many;
    one.threads = 1;
    many.threads = 8;
    EXPECT_EQ(ToJson(*CheckWarcFile(bundle, one)),
              ToJson(*CheckWarcFile(bundle, many)));
  }
}

TEST(WarcVectors, AreJudgedAsExpected) {
  const char* shared = std::getenv("STEMMA_SHARED");
  const fs::path folder =
      fs::path(shared ? shared : STEMMA_SOURCE_DIR "/../shared") /
      "corpus/provenance/warc";
  if (!fs::exists(folder)) GTEST_SKIP() << folder << " is not here";
  const auto cases = nlohmann::json::parse(Read(folder / "cases.json"));
  for (const auto& c : cases["cases"]) {
    const std::string file = c["file"], expect = c["expect"];
    auto report = CheckWarcFile(folder / file);
    ASSERT_TRUE(report) << file;
    const std::string verdict = WarcFileVerdict(*report);
    if (expect == "reject-or-flag") {
      EXPECT_NE(verdict, "accept") << file << Words(*report);
    } else if (expect == "accept-two-records-flag") {
      EXPECT_EQ(verdict, "flag") << file << Words(*report);
      EXPECT_EQ(report->records, 2u);
    } else {
      EXPECT_EQ(verdict, expect) << file << Words(*report);
    }
  }
}

}  // namespace
}  // namespace stemma
