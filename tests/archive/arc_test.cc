// ARC files of our own making, with the oddities of the time: lengths that
// count the line end or do not, blanks in URLs, several records in a member.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "archive/arc_scan.h"
#include "archive/archive_reader.h"
#include "archive/check.h"
#include "archive/import.h"
#include "archive/index.h"
#include "tests/archive/gzipped.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const std::string kPage =
    "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<p>1999</p>\n";

std::string VersionBlock(int version) {
  const std::string block =
      version == 1
          ? "1 1 Somebody\nURL IP-address Archive-date Content-type "
            "Archive-length\n"
          : "2 0 Somebody\nURL IP-address Archive-date Content-type "
            "Result-code Checksum Location Offset Filename Archive-length\n";
  const std::string middle = version == 1 ? "" : "200 - - 0 old.arc ";
  return "filedesc://old.arc 0.0.0.0 19990102030405 text/plain " + middle +
         std::to_string(block.size()) + "\n" + block;
}

std::string Line(const std::string& url, std::size_t length,
                 const std::string& type = "text/html", int version = 1) {
  const std::string middle = version == 1 ? "" : "200 abcd - 77 old.arc ";
  return url + " 192.0.2.7 19990203040506 " + type + " " + middle +
         std::to_string(length) + "\n";
}

std::string Document(const std::string& url, const std::string& block = kPage,
                     const std::string& type = "text/html", int version = 1) {
  return Line(url, block.size(), type, version) + block + "\n";
}

struct Seen {
  WarcHeader header;
  std::string block;
  bool whole = false;
};

class Collector : public RecordSink {
 public:
  void OnRecord(std::uint64_t, const WarcHeader& header, std::string_view,
                const std::vector<std::string>& oddities) override {
    records.push_back({header, "", false});
    codes.insert(codes.end(), oddities.begin(), oddities.end());
  }
  void OnBlock(std::string_view bytes) override {
    records.back().block += bytes;
  }
  void OnEnd(std::uint64_t, bool whole) override {
    records.back().whole = whole;
  }
  void OnProblem(std::uint64_t, std::string_view code, std::string) override {
    codes.emplace_back(code);
  }
  std::vector<Seen> records;
  std::vector<std::string> codes;
};

Collector Scan(const std::string& bytes) {
  Collector seen;
  EXPECT_TRUE(ScanWarc(Blob(bytes), seen));
  return seen;
}

TEST(Arc, RecordsOfBothVersionsPlainAndPacked) {
  for (const int version : {1, 2}) {
    const std::string parts[] = {
        VersionBlock(version) + "\n",
        Document("http://a.example/", kPage, "text/html", version),
        Document("dns:a.example", "20000101000000\na.example. IN A 192.0.2.7\n",
                 "text/dns", version),
        Document("http://a.example/old", "<p>HTTP/0.9 had no head", "text/html",
                 version),
        Document("ftp://a.example/f", "bytes", "no-type", version),
        Document("http://a.example/empty", "", "text/html", version)};
    std::string plain, members;
    for (const std::string& part : parts) {
      plain += part;
      members += Gzipped(part);
    }
    for (const std::string& file : {plain, members, Gzipped(plain)}) {
      const Collector seen = Scan(file);
      EXPECT_THAT(seen.codes, IsEmpty());
      ASSERT_THAT(seen.records, SizeIs(6));
      const auto& page = seen.records[1];
      EXPECT_EQ(seen.records[0].header.type(), "warcinfo");
      EXPECT_EQ(page.header.type(), "response");
      EXPECT_EQ(page.header.target_uri(), "http://a.example/");
      EXPECT_EQ(page.header.Get("WARC-Date"), "1999-02-03T04:05:06Z");
      EXPECT_EQ(page.header.Get("WARC-IP-Address"), "192.0.2.7");
      EXPECT_EQ(page.block, kPage);
      EXPECT_EQ(seen.records[2].header.type(), "resource");
      EXPECT_EQ(seen.records[2].header.Get("Content-Type"), "text/dns");
      EXPECT_EQ(seen.records[3].header.type(), "resource");
      EXPECT_EQ(seen.records[4].header.Get("Content-Type"),
                "application/octet-stream");
      for (const Seen& record : seen.records) {
        EXPECT_TRUE(record.whole);
        EXPECT_THAT(WarcRuleBreaks(record.header), IsEmpty());
      }
    }
  }
}

TEST(Arc, OdditiesOfTheTime) {
  const std::string head = VersionBlock(1) + "\n";
  const std::string url = "http://a.example/";
  const struct {
    std::string name, file;
    std::size_t records;  // whole ones, the version block with them
    std::string code;     // "" for none
  } cases[] = {
      {"the length counts the line end between",
       head + Line(url, kPage.size() + 1) + kPage + "\n" + Document(url + "b"),
       3, ""},
      {"no line end between",
       head + Line(url, kPage.size()) + kPage + Line(url, kPage.size()) + kPage,
       3, ""},
      {"more line ends between", head + "\n\n\r\n" + Document(url), 2, ""},
      {"the last length counts a line end that is not there",
       head + Line(url, kPage.size() + 1) + kPage, 2, "arc-length"},
      {"the same in a member",
       Gzipped(head) + Gzipped(Line(url, kPage.size() + 1) + kPage) +
           Gzipped(Document(url)),
       3, "arc-length"},
      {"blanks in a URL", head + Document(url + "a b c"), 2,
       "arc-url: the URL holds blanks"},
      {"blanks in a type", head + Document(url, kPage, "text/html; charset=x"),
       2, ""},
      {"CRLF behind a line",
       head + url + " 1.2.3.4 19990203040506 text/html 2\r\nab\n", 2, ""},
      {"no version block's version",
       "filedesc://x 0.0.0.0 19990102030405 text/plain 0\n\n" + Document(url),
       2, ""},
      {"cut in a block", head + Document(url) + Line(url, 500) + kPage, 2,
       "record-cut"},
      {"cut in a line", head + Document(url) + "http://a.exa", 2, "record-cut"},
      {"a length that lies", head + Line(url, 9) + kPage + Document(url + "b"),
       3, "no-record"},
      {"a length of 2^63",
       head + url + " 1.2.3.4 19990203040506 t/t 9223372036854775808\n" +
           Document(url),
       2, "no-record"},
      {"a negative length",
       head + url + " 1.2.3.4 19990203040506 t/t -1\n" + Document(url), 2,
       "no-record"},
      {"no date", head + url + " 1.2.3.4 today t/t 1\nx\n" + Document(url), 2,
       "no-record"},
      {"a line without end", head + std::string(300'000, 'x'), 1, "no-record"},
      {"NUL in a line",
       head + std::string("http://a\0b 1.2.3.4 19990203040506 t/t 1\nx\n", 42),
       1, "no-record"},
      {"junk behind", head + Document(url) + "\x01\x02\nmore\n", 2,
       "no-record"},
  };
  for (const auto& c : cases) {
    const Collector seen = Scan(c.file);
    const auto whole =
        std::count_if(seen.records.begin(), seen.records.end(),
                      [](const Seen& record) { return record.whole; });
    EXPECT_EQ(whole, c.records) << c.name;
    if (c.code.empty()) {
      EXPECT_THAT(seen.codes, IsEmpty()) << c.name;
    } else {
      EXPECT_THAT(seen.codes, Contains(c.code)) << c.name;
    }
  }
}

TEST(Arc, AnythingCutAnywhereIsReadUpToTheCut) {
  const std::string file = VersionBlock(1) + "\n" +
                           Document("http://a.example/1") +
                           Document("http://a.example/2");
  for (const bool packed : {false, true}) {
    const std::string bytes = packed ? Gzipped(file) : file;
    for (std::size_t n = 12; n < bytes.size(); ++n) {
      Collector seen;
      const Status scanned = ScanWarc(Blob(bytes.substr(0, n)), seen);
      if (!scanned) continue;
      for (std::size_t i = 0; i + 1 < seen.records.size(); ++i) {
        EXPECT_TRUE(seen.records[i].whole) << n;
      }
    }
  }
}

class ArcImport : public ::testing::Test {
 protected:
  ArcImport() {
    std::string name = (fs::temp_directory_path() / "arcXXXXXX").string();
    dir_ = ::mkdtemp(name.data());
  }
  ~ArcImport() override {
    std::error_code ignored;
    fs::remove_all(dir_, ignored);
  }
  ImportReport Import(const std::string& bytes) {
    std::ofstream(dir_ / "old.arc.gz", std::ios::binary) << bytes;
    ArchiveOptions options;
    options.clock = [] { return *ParseTime("2026-03-01T12:00:00Z"); };
    options.free_space_floor = 0;
    auto writer = ArchiveWriter::Open(dir_ / "a", options);
    EXPECT_TRUE(writer);
    auto report = ImportFile(**writer, dir_ / "old.arc.gz", ImportOptions());
    EXPECT_TRUE(report) << report.error().message();
    return report ? *report : ImportReport();
  }
  fs::path dir_;
};

TEST_F(ArcImport, RecordsAreTakenInOnceAndFound) {
  const std::string file = Gzipped(VersionBlock(1) + "\n") +
                           Gzipped(Document("http://a.example/x y")) +
                           Gzipped(Document("http://a.example/2"));
  const ImportReport report = Import(file);
  EXPECT_EQ(report.records, 2u);
  EXPECT_EQ(report.not_checked, 2u);
  EXPECT_TRUE(report.Clean());
  EXPECT_EQ(Import(file).already, 2u);
  const auto checked = CheckArchive(dir_ / "a");
  ASSERT_TRUE(checked);
  EXPECT_LE(checked->Worst(), Weight::kWarning) << ToJson(*checked).dump(1);
  const auto reader = ArchiveReader::Open(dir_ / "a");
  ASSERT_TRUE(reader);
  const auto capture = (*reader)->NewestCaptureOf("http://a.example/x%20y");
  ASSERT_TRUE(capture) << capture.error().message();
  const auto record = (*reader)->RecordById(capture->page_record);
  ASSERT_TRUE(record);
  EXPECT_EQ(*record->payload.ReadAll(100), "<p>1999</p>\n");
  EXPECT_EQ(record->info.date, "1999-02-03T04:05:06Z");
}

TEST_F(ArcImport, WhatIsNoRecordIsToldAndKeptOut) {
  const ImportReport report = Import(VersionBlock(1) + "\nnot a record\n" +
                                     Document("http://a.example/"));
  EXPECT_EQ(report.records, 1u);
  EXPECT_EQ(report.refused, 1u);
  EXPECT_FALSE(report.Clean());
}

}  // namespace
}  // namespace stemma
