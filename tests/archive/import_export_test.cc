#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "archive/archive_reader.h"
#include "archive/check.h"
#include "archive/check_wacz.h"
#include "archive/export.h"
#include "archive/import.h"
#include "archive/index.h"
#include "archive/record_scan.h"
#include "archive/zip_reader.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string Read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Inflate(const std::string& gz) {
  z_stream z{};
  inflateInit2(&z, 15 + 16);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(gz.data()));
  z.avail_in = static_cast<uInt>(gz.size());
  std::string all, piece(64 << 10, '\0');
  while (z.avail_in > 0) {
    z.next_out = reinterpret_cast<Bytef*>(piece.data());
    z.avail_out = static_cast<uInt>(piece.size());
    const int outcome = inflate(&z, Z_NO_FLUSH);
    all.append(piece, 0, piece.size() - z.avail_out);
    if (outcome == Z_STREAM_END)
      inflateReset(&z);
    else if (outcome != Z_OK)
      break;
  }
  inflateEnd(&z);
  return all;
}

// The records of a file, joined.
class Joined : public RecordSink {
 public:
  void OnRecord(std::uint64_t, const WarcHeader&, std::string_view text,
                const std::vector<std::string>&) override {
    all += text;
  }
  void OnBlock(std::string_view bytes) override { all += bytes; }
  void OnEnd(std::uint64_t, bool) override { all += "\r\n\r\n"; }
  void OnProblem(std::uint64_t, std::string_view code,
                 std::string text) override {
    ADD_FAILURE() << code << " " << text;
  }
  std::string all;
};

class ImportExportTest : public ::testing::Test {
 protected:
  ImportExportTest() {
    std::string name = (fs::temp_directory_path() / "importXXXXXX").string();
    dir_ = ::mkdtemp(name.data());
    options_.clock = [] { return *ParseTime("2026-03-01T12:00:00Z"); };
    options_.free_space_floor = 0;
    options_.buffer_bytes = options_.frame_bytes = 64 << 10;
  }
  ~ImportExportTest() override {
    std::error_code ignored;
    fs::remove_all(dir_, ignored);
  }
  std::unique_ptr<ArchiveWriter> Writer(const std::string& name) {
    auto writer = ArchiveWriter::Open(dir_ / name, options_);
    EXPECT_TRUE(writer) << writer.error().message();
    return *std::move(writer);
  }
  std::unique_ptr<ArchiveReader> Reader(const std::string& name) {
    auto reader = ArchiveReader::Open(dir_ / name);
    EXPECT_TRUE(reader) << reader.error().message();
    return *std::move(reader);
  }
  // A page, its large video, and a revisit of the page.
  void Make() {
    auto writer = Writer("a");
    auto draft = writer->BeginCapture("https://example.org/", Now());
    std::string video;
    for (int i = 0; video.size() < 300'000; ++i) {
      video += BytesOf(Sha256Of(std::to_string(i)));
    }
    ASSERT_TRUE(draft->AddExchange(Page("/", "text/html"), "<p>words"));
    ASSERT_TRUE(draft->AddExchange(Page("/v.mp4", "video/mp4"), video));
    const RecordInfo page = draft->records()[0];
    ASSERT_TRUE(draft->Commit({{"status", 200}}));
    auto again = writer->BeginCapture("https://example.org/", Now());
    ASSERT_TRUE(
        again->AddRevisit(Page("/", "text/html"),
                          {page.id, page.uri, page.date, page.payload_sha256},
                          RevisitProfile::kIdenticalPayload));
    auto info = again->Commit({{"status", 200}});
    ASSERT_TRUE(info);
    revisit_capture_ = info->id;
  }
  TimePoint Now() const { return options_.clock(); }
  Exchange Page(const std::string& path, const std::string& type) const {
    Exchange e;
    e.url = "https://example.org" + path;
    e.request = "GET " + path + " HTTP/1.1\r\n\r\n";
    e.response_head = "HTTP/1.1 200 OK\r\nContent-Type: " + type + "\r\n\r\n";
    e.status = 200;
    e.started = Now();
    return e;
  }
  fs::path dir_;
  ArchiveOptions options_;
  std::string revisit_capture_;
};

TEST_F(ImportExportTest, TheGzipFormInflatesToExactlyOurRecords) {
  Make();
  auto reader = Reader("a");
  ExportOptions options;
  auto report = ExportWarcGz(*reader, dir_ / "x.warc.gz", options);
  ASSERT_TRUE(report) << report.error().message();
  Joined records;
  std::vector<fs::path> bundles;
  for (const auto& entry : fs::directory_iterator(dir_ / "a" / "bundles")) {
    if (entry.path().string().ends_with(".zst")) bundles.push_back(entry);
  }
  std::sort(bundles.begin(), bundles.end());
  for (const auto& bundle : bundles) {
    ASSERT_TRUE(ScanWarc(*BlobOfFile(bundle.string()), records));
  }
  EXPECT_EQ(Inflate(Read(dir_ / "x.warc.gz")), records.all);
  auto checked = CheckWarcFile(dir_ / "x.warc.gz");
  ASSERT_TRUE(checked);
  EXPECT_EQ(WarcFileVerdict(*checked), "accept") << ToJson(*checked).dump(1);
  // Nothing is ever replaced.
  EXPECT_FALSE(ExportWarcGz(*reader, dir_ / "x.warc.gz", options));
}

TEST_F(ImportExportTest, AWaczStandsAloneAndIsValid) {
  Make();
  auto reader = Reader("a");
  ExportOptions options;
  options.now = Now();
  options.captures = {revisit_capture_};
  auto report = ExportWacz(*reader, dir_ / "x.wacz", options);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_TRUE(report->missing.empty());
  auto wacz = CheckWacz(dir_ / "x.wacz", WaczTrust(), Now(), CheckOptions());
  ASSERT_TRUE(wacz) << wacz.error().message();
  EXPECT_EQ(wacz->verdict, "valid-unsigned")
      << wacz->why << ToJson(wacz->report).dump(1);
  EXPECT_TRUE(wacz->report.findings.empty()) << ToJson(wacz->report).dump(1);
  auto zip = ZipReader::Open(dir_ / "x.wacz");
  ASSERT_TRUE(zip);
  const auto cdx = zip->Read(*zip->Find("indexes/index.cdx"), 1 << 20);
  ASSERT_TRUE(cdx);
  EXPECT_THAT(*cdx, HasSubstr("org,example)/ 20260301120000 {"));
  EXPECT_THAT(*cdx, HasSubstr("\"recordDigest\":\"sha256:"));
  EXPECT_THAT(*cdx, HasSubstr("warc/revisit"));
  EXPECT_FALSE(zip->Find("archive/data.warc.gz")->deflated);
  const auto pages = zip->Read(*zip->Find("pages/pages.jsonl"), 1 << 20);
  EXPECT_THAT(*pages, HasSubstr("\"ts\":\"2026-03-01T12:00:00Z\""));
}

TEST_F(ImportExportTest, WhatWasExportedIsTakenInAgain) {
  Make();
  {
    auto reader = Reader("a");
    ASSERT_TRUE(ExportWarcGz(*reader, dir_ / "x.warc.gz", {}));
    ExportOptions options;
    options.now = Now();
    ASSERT_TRUE(ExportWacz(*reader, dir_ / "x.wacz", options));
  }
  std::vector<std::string> acks;
  ImportOptions options;
  options.on_durable = [&](const std::string& uri) { acks.push_back(uri); };
  {
    auto writer = Writer("b");
    auto report = ImportFile(*writer, dir_ / "x.warc.gz", options);
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_EQ(report->records, 6u);
    EXPECT_EQ(report->match, 6u);
    EXPECT_EQ(report->refused, 0u);
    EXPECT_EQ(acks.size(), 3u);
    // Again, from another dress: all of it is here already.
    auto again = ImportFile(*writer, dir_ / "x.wacz", options);
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(again->records, 0u);
    EXPECT_EQ(again->already, 6u);
  }
  auto checked = CheckArchive(dir_ / "b");
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->Verdict(), "intact") << ToJson(*checked).dump(1);
  auto reader = Reader("b");
  auto capture = reader->NewestCaptureOf("https://example.org/v.mp4");
  ASSERT_TRUE(capture) << capture.error().message();
  EXPECT_EQ(capture->type, "import");
  auto record = reader->RecordById(capture->page_record);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->payload.size(), 300'000u);
  EXPECT_EQ(record->info.mime, "video/mp4");
}

TEST_F(ImportExportTest, OfABundleBeingWrittenOnlyWhatIsDurableIsGiven) {
  auto writer = Writer("a");
  auto draft = writer->BeginCapture("https://example.org/", Now());
  ASSERT_TRUE(draft->AddExchange(Page("/", "text/html"), "<p>words"));
  ASSERT_TRUE(draft->Commit({{"status", 200}}));
  auto pending = writer->BeginCapture("https://example.org/later", Now());
  ASSERT_TRUE(pending->AddExchange(Page("/later", "text/html"), "<p>later"));
  for (const auto& entry : fs::directory_iterator(dir_ / "a" / "bundles")) {
    // A write that is under way.
    std::ofstream(entry.path(), std::ios::binary | std::ios::app) << "half";
  }
  auto reader = Reader("a");
  auto report = ExportWarcGz(*reader, dir_ / "x.warc.gz", {});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->records, 3u);  // warcinfo, response, request
  EXPECT_THAT(Inflate(Read(dir_ / "x.warc.gz")),
              ::testing::Not(HasSubstr("later")));
  ASSERT_TRUE(ExportCdxj(*reader, dir_ / "x.cdxj"));
  EXPECT_THAT(Read(dir_ / "x.cdxj"), ::testing::Not(HasSubstr("later")));
}

// Sealing reads all of each record. An export takes the lines written then; if
// they are not what the log says, it reads each record's head, and large bodies
// stay compressed. The lines are the same.
TEST_F(ImportExportTest, TheCdxjIsWhatWasSealedOrReadFromTheRecords) {
  {
    options_.frame_bytes = 1 << 20;
    auto writer = Writer("a");
    for (const std::size_t size : {10UL, 300'000UL, 9'000'000UL}) {
      std::string body;
      for (int i = 0; body.size() < size; ++i) {
        body += Sha256Of(std::to_string(i)).Hex();
      }
      Exchange page = Page("/", "video/mp4");
      page.url = "https://example.org/" + std::to_string(size);
      auto draft = writer->BeginCapture(page.url, Now());
      ASSERT_TRUE(draft->AddExchange(page, body));
      ASSERT_TRUE(draft->Commit({{"status", 200}}));
    }
  }
  const auto exported = [this](const char* name) {
    auto reader = Reader("a");
    auto report = ExportCdxj(*reader, dir_ / name);
    EXPECT_TRUE(report) << report.error().message();
    return Read(dir_ / name);
  };
  std::vector<fs::path> beside;
  for (const auto& entry : fs::directory_iterator(dir_ / "a" / "bundles")) {
    if (entry.path().extension() == ".cdxj") beside.push_back(entry.path());
  }
  ASSERT_FALSE(beside.empty());
  const std::string sealed = exported("sealed.cdxj");
  EXPECT_EQ(std::count(sealed.begin(), sealed.end(), '\n'), 3);
  for (const fs::path& path : beside) {
    fs::permissions(path, fs::perms::owner_all);
    std::ofstream(path, std::ios::app)
        << "org,example)/lie 20260301120000 {}\n";
  }
  EXPECT_EQ(exported("changed.cdxj"), sealed);
  for (const fs::path& path : beside) fs::remove(path);
  EXPECT_EQ(exported("removed.cdxj"), sealed);
}

// Each line where its key says, each offset on its record.
TEST_F(ImportExportTest, TheCdxjIsSortedAndPointsAtRecords) {
  const std::pair<std::string, std::string> keys[] = {
      {"https://www.Example.COM/Path/?B=2&a=1", "com,example)/path?a=1&b=2 "},
      {"http://example.com/a//b/../c", "com,example)/a/c "},
      {"http://example.com/a%2fb%41", "com,example)/a/ba "},
      {"http://[::1]/x", "::1)/x "},
      {"http://127.0.0.1:18473/", "1,0,0,127:18473)/ "},
      {"https://www2.example.com/", "com,example)/ "},
      {"http://zeta.example/", "example,zeta)/ "},
      {"http://alpha.example/", "example,alpha)/ "},
  };
  {
    auto writer = Writer("a");
    for (const auto& [url, key] : keys) {
      Exchange page = Page("/", "text/html");
      page.url = url;
      auto draft = writer->BeginCapture(url, Now());
      ASSERT_TRUE(draft->AddExchange(page, "<p>" + url));
      ASSERT_TRUE(draft->Commit({{"status", 200}}));
    }
  }
  auto reader = Reader("a");
  ASSERT_TRUE(ExportCdxj(*reader, dir_ / "x.cdxj"));
  std::istringstream lines(Read(dir_ / "x.cdxj"));
  std::vector<std::string> all;
  for (std::string line; std::getline(lines, line);) all.push_back(line);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  EXPECT_EQ(all.size(), std::size(keys));
  for (const auto& [url, key] : keys) {
    int found = 0;
    for (const std::string& line : all) {
      if (line.find("{\"url\":\"" + url + "\"") == std::string::npos) continue;
      ++found;
      EXPECT_TRUE(line.starts_with(key + "20260301120000 {")) << line;
      const auto parsed = ParseCdxjLine(line);
      ASSERT_TRUE(parsed);
      RecordInfo place;
      place.bundle = "bundles/" + parsed->filename;
      place.offset = parsed->offset;
      place.length = parsed->length;
      auto record = reader->RecordAt(place);
      ASSERT_TRUE(record) << record.error().message();
      EXPECT_EQ(record->info.uri, url);
    }
    EXPECT_EQ(found, 1) << url;
  }
}

TEST(CompressedCdx, BlocksAreFoundByTheirFirstLine) {
  std::vector<std::string> lines;
  for (int i = 0; i < 2500; ++i) {
    std::string number = std::to_string(i);
    number.insert(0, 5 - number.size(), '0');
    lines.push_back("com,example)/" + number + " 20260301120000 {\"url\":\"" +
                    number + "\"}");
  }
  const CompressedCdx made = CompressCdx(lines, "index.cdx.gz");
  std::istringstream idx(made.idx);
  std::string line, all;
  std::getline(idx, line);
  EXPECT_EQ(line,
            "!meta 0 {\"format\":\"cdxj-gzip-1.0\",\"filename\":"
            "\"index.cdx.gz\"}");
  std::size_t next = 0, blocks = 0;
  while (std::getline(idx, line)) {
    const auto json = nlohmann::json::parse(line.substr(line.find('{')));
    const std::string block = made.gz.substr(json["offset"], json["length"]);
    EXPECT_EQ(json["offset"], next);
    EXPECT_EQ(json["digest"], Sha256Of(block).Labelled());
    const std::string text = Inflate(block);
    EXPECT_TRUE(text.starts_with(line.substr(0, line.find(" {"))));
    next += block.size();
    all += text;
    ++blocks;
  }
  EXPECT_EQ(blocks, 3u);
  EXPECT_EQ(next, made.gz.size());
  std::string joined;
  for (const std::string& l : lines) joined += l + "\n";
  EXPECT_EQ(all, joined);
}

TEST_F(ImportExportTest, RowsOfArticlesKeepTheirIds) {
  std::ofstream(dir_ / "rows.jsonl")
      << R"({"id":"r1","url":"https://a.example/1","title":"One","text":"First text.","published_at":"2026-01-02"})"
      << "\n"
      << "not json\n"
      << R"({"id":"r2","url":"https://b.example/2","title":"Two","text":"Second text."})"
      << "\n";
  {
    auto writer = Writer("a");
    auto report = ImportArticles(*writer, dir_ / "rows.jsonl", {});
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_EQ(report->rows, 2u);
    EXPECT_EQ(report->refused, 1u);
    auto again = ImportArticles(*writer, dir_ / "rows.jsonl", {});
    EXPECT_EQ(again->already, 2u);
  }
  const auto look = [&] {
    auto reader = Reader("a");
    auto one = reader->PublicationById("r1");
    ASSERT_TRUE(one) << one.error().message();
    EXPECT_EQ(one->text, "First text.");
    EXPECT_EQ(one->site, "a.example");
    int count = 0;
    ASSERT_TRUE(reader->ForEachPublication([&](const Publication&) -> Status {
      ++count;
      return {};
    }));
    EXPECT_EQ(count, 2);
  };
  look();
  ASSERT_TRUE(Reindex(dir_ / "a"));
  look();
}

TEST_F(ImportExportTest, HostileFilesAreRefusedAndTheWriterGoesOn) {
  std::string header =
      "WARC/1.0\r\nWARC-Type: response\r\n"
      "WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-00000000000";
  const std::string rest =
      ">\r\nWARC-Date: 2026-03-01T11:58:00Z\r\n"
      "WARC-Target-URI: <https://a.example/>\r\n"
      "Content-Type: application/http;msgtype=response\r\n";
  const std::string block = "HTTP/1.1 200 OK\r\n\r\nhello";
  const std::string length =
      "Content-Length: " + std::to_string(block.size()) + "\r\n\r\n";
  std::ofstream(dir_ / "x.warc", std::ios::binary)
      << header << "1" << rest
      << "WARC-Block-Digest: sha1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"
      << length << block << "\r\n\r\n"
      << header << "2" << rest << length << block << "\r\n\r\n"
      << header << "3" << rest << "Content-Length: 99999999999\r\n\r\n"
      << block;
  {
    auto writer = Writer("a");
    auto report = ImportFile(*writer, dir_ / "x.warc", {});
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_EQ(report->records, 1u);
    EXPECT_EQ(report->refused, 2u);
    EXPECT_EQ(report->not_checked, 1u);
    EXPECT_TRUE(writer->AppendEvent("note", {{"kind", "test"}}));
  }
  auto checked = CheckArchive(dir_ / "a");
  EXPECT_EQ(checked->Verdict(), "intact") << ToJson(*checked).dump(1);
}

}  // namespace
}  // namespace stemma
