// What a stranger may hand in: files that lie about lengths, digests, ids and
// names. Everything is verified on the way in; what cannot be trusted stays
// out, is counted and named, and the archive is intact afterwards.
#include "archive/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zip.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "archive/archive_reader.h"
#include "archive/check.h"
#include "archive/index.h"
#include "archive/zstd_frames.h"
#include "hash/labelled_digest.h"
#include "hash/sha256.h"
#include "tests/archive/gzipped.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Json = nlohmann::json;

std::string Id(int n) {
  return "urn:uuid:00000000-0000-4000-8000-" +
         std::string(12 - std::to_string(n).size(), '0') + std::to_string(n);
}

const std::string kBlock =
    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>words</p>";

// A record; `fields` are more header lines, each with CRLF.
std::string Record(const std::string& type, const std::string& id,
                   const std::string& uri, const std::string& fields,
                   const std::string& block,
                   const std::string& version = "WARC/1.1") {
  return version + "\r\nWARC-Type: " + type + "\r\nWARC-Record-ID: <" + id +
         ">\r\nWARC-Date: 2026-03-01T11:58:00Z\r\nWARC-Target-URI: " + uri +
         "\r\nContent-Type: application/http; msgtype=" +
         (type == "request" ? "request" : "response") + "\r\n" + fields +
         "Content-Length: " + std::to_string(block.size()) + "\r\n\r\n" +
         block + "\r\n\r\n";
}

std::string Response(int n, const std::string& fields = "",
                     const std::string& block = kBlock) {
  return Record("response", Id(n), "https://a.example/" + std::to_string(n),
                fields, block);
}

class ImportTest : public ::testing::Test {
 protected:
  ImportTest() {
    std::string name = (fs::temp_directory_path() / "importXXXXXX").string();
    dir_ = ::mkdtemp(name.data());
    archive_.clock = [] { return *ParseTime("2026-03-01T12:00:00Z"); };
    archive_.free_space_floor = 0;
    archive_.buffer_bytes = archive_.frame_bytes = 64 << 10;
  }
  ~ImportTest() override {
    std::error_code ignored;
    fs::remove_all(dir_, ignored);
  }
  fs::path Write(const std::string& bytes, const std::string& name = "x.warc") {
    std::ofstream(dir_ / name, std::ios::binary) << bytes;
    return dir_ / name;
  }
  // Imports into the archive; it must be intact and the writer usable after.
  ImportReport Import(const fs::path& file, const ImportOptions& options = {}) {
    auto report = TryImport(file, options);
    EXPECT_TRUE(report) << report.error().message();
    return report ? *report : ImportReport();
  }
  Result<ImportReport> TryImport(const fs::path& file,
                                 const ImportOptions& options = {}) {
    Result<ImportReport> report = ImportReport();
    {
      auto writer = ArchiveWriter::Open(dir_ / "a", archive_);
      EXPECT_TRUE(writer) << writer.error().message();
      report = ImportFile(**writer, file, options);
      EXPECT_TRUE((*writer)->AppendEvent("note", {{"kind", "test"}}));
    }
    auto checked = CheckArchive(dir_ / "a");
    EXPECT_TRUE(checked);
    for (const CheckFinding& f : checked->findings) {
      EXPECT_LE(f.weight, Weight::kWarning) << ToJson(*checked).dump(1);
    }
    return report;
  }
  ImportReport ImportText(const std::string& bytes) {
    return Import(Write(bytes));
  }
  static std::vector<std::string> Codes(const ImportReport& report) {
    std::vector<std::string> codes;
    for (const CheckFinding& f : report.findings) codes.push_back(f.code);
    return codes;
  }
  // The entry of a record in its event.
  Json Entry(const std::string& id) {
    auto reader = ArchiveReader::Open(dir_ / "a");
    EXPECT_TRUE(reader);
    Json found;
    EXPECT_TRUE((*reader)->ForEachEvent(
        [&](std::string_view, const Json& event) -> Status {
          if (!event.contains("records")) return {};
          for (const Json& entry : event["records"]) {
            if (entry["id"] == id) found = entry;
          }
          return {};
        }));
    return found;
  }
  fs::path dir_;
  ArchiveOptions archive_;
};

TEST_F(ImportTest, SaysOfEachRecordHowItsVerificationWent) {
  const std::string good =
      "WARC-Block-Digest: " + Sha256Of(kBlock).Labelled() +
      "\r\nWARC-Payload-Digest: " + Sha256Of("<p>words</p>").Labelled() +
      "\r\n";
  const std::string sha1 =
      "WARC-Block-Digest: " + DigestOf(DigestAlgorithm::kSha1, kBlock).Text() +
      "\r\n";
  const std::string lie =
      "WARC-Payload-Digest: " + Sha256Of("else").Labelled() + "\r\n";
  const ImportReport report = ImportText(Response(1, good) + Response(2, sha1) +
                                         Response(3, lie) + Response(4));
  EXPECT_EQ(report.records, 4u);
  EXPECT_EQ(report.match, 2u);
  EXPECT_EQ(report.weak, 1u);
  EXPECT_EQ(report.mismatch, 1u);
  EXPECT_EQ(report.not_checked, 1u);
  EXPECT_FALSE(report.Clean());
  EXPECT_EQ(Entry(Id(1))["verified"], "match");
  EXPECT_EQ(Entry(Id(2))["verified_by"], "sha1");
  EXPECT_EQ(Entry(Id(3))["verified"], "mismatch");
  EXPECT_EQ(Entry(Id(4))["verified"], "not_checked");
  // What is stored states its own, true digests, and keeps the lie by name.
  auto reader = ArchiveReader::Open(dir_ / "a");
  auto record = (*reader)->RecordById(Id(3));
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record->info.payload_sha256, Sha256Of("<p>words</p>"));
  EXPECT_THAT(record->header,
              ::testing::HasSubstr("WARC-Block-Digest: sha256:"));
}

TEST_F(ImportTest, HeadersThatReadersReadDifferentlyAreKeptOut) {
  const std::string length =
      "Content-Length: " + std::to_string(kBlock.size()) + "\r\n";
  const std::string begin =
      "WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <" + Id(1) +
      ">\r\nWARC-Date: 2026-03-01T11:58:00Z\r\n";
  const struct {
    std::string name, fields, code;
  } cases[] = {
      {"two lengths", length + "Content-Length: 3\r\n", "duplicate-field"},
      {"two types", length + "WARC-Type: request\r\n", "duplicate-field"},
      {"folded line", "WARC-Target-URI: https://a.example/\r\n x\r\n" + length,
       "folded-line"},
      {"NUL", std::string("X: a\0b\r\n", 8) + length, "nul-in-header"},
      {"bare LF", "X: a\nWARC-Type: x\r\n" + length, "bare-line-end"},
      {"bare CR", "X: a\rb\r\n" + length, "bare-line-end"},
      {"no colon", "what is this\r\n" + length, "bad-field"},
      {"space before the colon", "X : y\r\n" + length, "bad-field"},
      {"no length", "", "content-length"},
      {"negative length", "Content-Length: -1\r\n", "content-length"},
      {"length in words", "Content-Length: 12abc\r\n", "content-length"},
      {"a length of 2^63", "Content-Length: 9223372036854775808\r\n",
       "content-length"},
  };
  for (const auto& c : cases) {
    const ImportReport report = ImportText(begin + c.fields + "\r\n" + kBlock +
                                           "\r\n\r\n" + Response(2));
    EXPECT_GE(report.refused, 1u) << c.name;
    EXPECT_FALSE(report.Clean()) << c.name;
    EXPECT_THAT(Codes(report), Contains(c.code)) << c.name;
    EXPECT_TRUE(Entry(Id(1)).is_null()) << c.name;
    // The file goes on behind it.
    EXPECT_EQ(report.records + report.already, 1u) << c.name;
  }
}

TEST_F(ImportTest, AnIdStandsForOneBlockForEver) {
  const std::string other = "HTTP/1.1 200 OK\r\n\r\nwords of the same leng";
  const ImportReport first =
      ImportText(Response(1) + Response(1, "", other) + Response(1));
  EXPECT_EQ(first.records, 1u);
  EXPECT_EQ(first.refused, 1u);
  EXPECT_EQ(first.already, 1u);
  EXPECT_THAT(Codes(first), Contains("duplicate-record-id"));
  // Another file, the same id and length, and a digest that lies for it.
  std::string same_length = kBlock;
  same_length.back() = '!';
  const std::string claim =
      "WARC-Block-Digest: " + Sha256Of(kBlock).Labelled() + "\r\n";
  const ImportReport later = ImportText(Response(1, claim, same_length));
  EXPECT_EQ(later.records, 0u);
  EXPECT_EQ(later.already, 0u);
  EXPECT_EQ(later.refused, 1u);
  EXPECT_EQ(ImportText(Response(1)).already, 1u);
}

TEST_F(ImportTest, ARecordThatSlippedInIsShownAsItsOwn) {
  const std::string inner = Record("response", Id(9), "https://bank.example/",
                                   "", "HTTP/1.1 200 OK\r\n\r\nSMUGGLED");
  const std::string head = "HTTP/1.1 200 OK\r\n\r\n";
  std::string outer = Response(1, "", head + "\r\n\r\n" + inner);
  const std::string said = std::to_string(head.size() + 4 + inner.size());
  outer.replace(outer.find("Content-Length: " + said) + 16, said.size(),
                std::to_string(head.size()));
  const ImportReport report = ImportText(outer);
  EXPECT_EQ(report.records, 2u);
  EXPECT_EQ(report.match, 0u);
  auto reader = ArchiveReader::Open(dir_ / "a");
  EXPECT_EQ((*reader)->RecordById(Id(1))->payload.size(), 0u);
  EXPECT_EQ((*reader)->NewestCaptureOf("https://bank.example/")->type,
            "import");
  // With a digest that gives the short length away, what follows is marked.
  fs::remove_all(dir_ / "a");
  const std::string digest =
      "WARC-Block-Digest: " + Sha256Of("x").Labelled() + "\r\n";
  outer.insert(outer.find("Content-Length"), digest);
  const ImportReport marked = ImportText(outer);
  EXPECT_EQ(marked.refused, 1u);
  EXPECT_THAT(Entry(Id(9))["flags"], Contains("after-refused"));
}

TEST_F(ImportTest, ARevisitMatchesOnlyWithItsOriginal) {
  const std::string profile =
      "WARC-Profile: http://netpreserve.org/warc/1.1/revisit/"
      "identical-payload-digest\r\n";
  const auto revisit = [&](int n, const std::string& refers,
                           const std::string& payload) {
    const std::string block =
        "HTTP/1.1 200 OK\r\nContent-Type: text/html"
        "\r\n\r\n";
    return Record("revisit", Id(n), "https://a.example/1",
                  profile + refers +
                      "WARC-Payload-Digest: " + Sha256Of(payload).Labelled() +
                      "\r\nWARC-Block-Digest: " + Sha256Of(block).Labelled() +
                      "\r\n",
                  block);
  };
  const std::string by_id = "WARC-Refers-To: <" + Id(1) + ">\r\n";
  const std::string by_place =
      "WARC-Refers-To-Target-URI: https://a.example/1\r\n"
      "WARC-Refers-To-Date: 2026-03-01T11:58:00Z\r\n";
  const std::string nowhere =
      "WARC-Refers-To-Target-URI: https://a.example/1\r\n"
      "WARC-Refers-To-Date: 2020-01-01T00:00:00Z\r\n";
  const ImportReport report = ImportText(
      Response(1) + revisit(2, by_id, "<p>words</p>") +
      revisit(3, by_place, "<p>words</p>") + revisit(4, by_id, "other") +
      revisit(5, nowhere, "<p>words</p>"));
  EXPECT_EQ(report.records, 5u);
  EXPECT_EQ(Entry(Id(2))["verified"], "match");
  EXPECT_EQ(Entry(Id(3))["verified"], "match");
  EXPECT_EQ(Entry(Id(4))["verified"], "mismatch");
  EXPECT_EQ(Entry(Id(5))["verified"], "not_checked");
  EXPECT_THAT(Codes(report),
              ElementsAre("revisit-digest", "revisit-unresolved"));
}

TEST_F(ImportTest, TheOriginalMayComeLaterInTheFile) {
  const std::string revisit =
      Record("revisit", Id(2), "https://a.example/1",
             "WARC-Profile: http://netpreserve.org/warc/1.0/revisit/"
             "identical-payload-digest\r\nWARC-Refers-To: <" +
                 Id(1) + ">\r\nWARC-Payload-Digest: " +
                 Sha256Of("<p>words</p>").Labelled() + "\r\n",
             "HTTP/1.1 200 OK\r\n\r\n");
  const ImportReport report = ImportText(revisit + Response(1));
  EXPECT_THAT(Codes(report), IsEmpty());
  EXPECT_EQ(Entry(Id(2))["verified"], "not_checked");
}

TEST_F(ImportTest, OldWritersAreUnderstood) {
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nwords\r\n0\r\n\r\n";
  const std::string raw =
      "WARC-Payload-Digest: " +
      DigestOf(DigestAlgorithm::kSha1, chunked.substr(chunked.find("5\r\n")))
          .Text() +
      "\r\n";
  const struct {
    std::string name, record;
    std::vector<std::string> codes;
  } cases[] = {
      {"brackets around the target, as wget writes them",
       Record("response", Id(1), "<https://a.example/x>", "", kBlock,
              "WARC/1.0"),
       {}},
      {"WARC/0.18",
       Record("response", Id(2), "https://a.example/x", "", kBlock,
              "WARC/0.18"),
       {"version"}},
      {"a digest over the chunks, as wget makes it",
       Response(3, raw, chunked),
       {"payload-digest-chunked"}},
      {"an id in capitals",
       Record("response",
              "urn:uuid:ABCDEF00-0000-4000-8000-"
              "000000000004",
              "https://a.example/x", "", kBlock),
       {}},
      {"blank lines before a record", "\r\n\r\n" + Response(5), {}},
      {"a label in capitals, hex SHA-1",
       Response(6, "WARC-Block-Digest: SHA1:" + Sha1HexOf(kBlock) + "\r\n"),
       {}},
  };
  for (const auto& c : cases) {
    // A record before it, so that the file begins as a WARC file does.
    fs::remove_all(dir_ / "a");
    const ImportReport report = ImportText(Response(99) + c.record);
    EXPECT_EQ(report.records, 2u) << c.name;
    EXPECT_EQ(report.refused, 0u) << c.name;
    EXPECT_EQ(Codes(report), c.codes) << c.name;
  }
}

TEST_F(ImportTest, EveryDressHoldsTheSameRecords) {
  const std::string plain = Response(1) + Response(2) + Response(3);
  auto dictionary = ZstdDictionary::FromBytes([] {
    // A raw-content dictionary is no WARC-zstd dictionary: build a real one.
    std::string samples;
    for (int i = 0; i < 400; ++i) samples += Response(i + 1000);
    return samples;
  }());
  EXPECT_FALSE(dictionary);  // what is none is refused
  FrameEncoder encoder(3, nullptr);
  std::string zst, gz;
  for (int n = 1; n <= 3; ++n) {
    zst += *encoder.Encode(Response(n));
    gz += Gzipped(Response(n));
  }
  EXPECT_EQ(Import(Write(plain, "x.warc")).records, 3u);
  EXPECT_EQ(Import(Write(gz, "x.warc.gz")).already, 3u);
  EXPECT_EQ(Import(Write(zst, "x.warc.zst")).already, 3u);
  // By its first bytes, not by its name.
  EXPECT_EQ(Import(Write(gz, "wrong.warc")).already, 3u);
  // A gzip of many records in one member is read and named.
  const ImportReport whole = Import(Write(Gzipped(plain), "one.warc.gz"));
  EXPECT_EQ(whole.already, 3u);
  EXPECT_THAT(Codes(whole), Contains("two-records-in-one"));
}

TEST_F(ImportTest, CutAndDamagedFilesGiveWhatIsWholeInThem) {
  std::string gz;
  for (int n = 1; n <= 3; ++n) gz += Gzipped(Response(n));
  const std::size_t second = Gzipped(Response(1)).size() + 20;
  std::string damaged = gz;
  damaged[second] = static_cast<char>(damaged[second] ^ 0xFF);
  const ImportReport hole = Import(Write(damaged, "hole.warc.gz"));
  EXPECT_EQ(hole.records, 2u);
  EXPECT_FALSE(hole.Clean());
  fs::remove_all(dir_ / "a");
  const ImportReport cut =
      Import(Write(gz.substr(0, gz.size() - 9), "cut.warc.gz"));
  EXPECT_EQ(cut.records, 2u);
  EXPECT_FALSE(cut.Clean());
  // The whole file mends it.
  const ImportReport all = Import(Write(gz, "all.warc.gz"));
  EXPECT_EQ(all.records, 1u);
  EXPECT_EQ(all.already, 2u);
}

TEST_F(ImportTest, ABombIsNotInflated) {
  // Zeros behind a small block, a thousand to one.
  std::string zeros(std::size_t{16} << 20, '\0');
  const std::string bomb = Gzipped(Response(1, "", kBlock + zeros));
  zeros = std::string();
  const ImportReport report = Import(Write(bomb, "bomb.warc.gz"));
  // DEFLATE itself cannot do more than 1032 to 1; within that it is data.
  EXPECT_LE(report.records, 1u);
  EXPECT_LT(fs::file_size(dir_ / "bomb.warc.gz"), 30'000u);
  // A zstd frame that claims 2^62 bytes costs nothing.
  std::string frame("\x28\xB5\x2F\xFD\xE0", 5);
  frame += std::string("\0\0\0\0\0\0\0\x40", 8);
  frame += std::string("\x01\0\0", 3) + "junk";
  const ImportReport claim = Import(Write(frame, "claim.warc.zst"));
  EXPECT_EQ(claim.records, 0u);
  EXPECT_FALSE(claim.Clean());
}

TEST_F(ImportTest, WhatIsNoWarcFileIsSaidToBeNone) {
  for (const std::string& bytes :
       {std::string(), std::string("hello"), std::string("<html></html>"),
        std::string(1000, '\0'), std::string("PK\x03\x04junk")}) {
    const auto report = TryImport(Write(bytes));
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code(), ErrorCode::kMalformed)
        << report.error().message();
  }
  EXPECT_EQ(TryImport(dir_ / "not-there").error().code(), ErrorCode::kNotFound);
}

TEST_F(ImportTest, AStoppedImportKeepsWhatIsWholeAndGoesOnLater) {
  std::string big;
  for (int n = 1; n <= 400; ++n) {
    big += Response(n, "", kBlock + std::string(3000, 'x'));
  }
  const fs::path file = Write(big);
  int reads = 0;
  std::vector<std::string> acks;
  ImportOptions options;
  options.stopped = [&] { return ++reads > 3; };
  options.on_durable = [&](const std::string& uri) { acks.push_back(uri); };
  const auto stopped = TryImport(file, options);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code(), ErrorCode::kInterrupted);
  EXPECT_FALSE(acks.empty());
  const ImportReport rest = Import(file);
  EXPECT_EQ(rest.already, acks.size());
  EXPECT_EQ(rest.records + rest.already, 400u);
}

// ------------------------------------------------------------------- WACZ

class WaczImportTest : public ImportTest {
 protected:
  struct Member {
    std::string name, bytes;
    bool deflated = false;
  };
  // A package over `members`; datapackage.json is made to fit unless given.
  fs::path Pack(std::vector<Member> members,
                std::optional<std::string> package = std::nullopt) {
    Json resources = Json::array();
    for (const Member& m : members) {
      resources.push_back({{"name", m.name},
                           {"path", m.name},
                           {"hash", Sha256Of(m.bytes).Labelled()},
                           {"bytes", m.bytes.size()}});
    }
    const std::string made = Json{
        {"profile", "data-package"},
        {"wacz_version", "1.1.1"},
        {"resources", resources}}.dump();
    members.push_back({"datapackage.json", package.value_or(made)});
    const fs::path path = dir_ / "x.wacz";
    fs::remove(path);
    int code = 0;
    zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_EXCL, &code);
    for (const Member& m : members) {
      const zip_int64_t at = zip_file_add(
          zip, m.name.c_str(),
          zip_source_buffer(zip, m.bytes.data(), m.bytes.size(), 0),
          ZIP_FL_ENC_UTF_8);
      EXPECT_GE(at, 0) << m.name;
      zip_set_file_compression(zip, static_cast<zip_uint64_t>(at),
                               m.deflated ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
    }
    EXPECT_EQ(zip_close(zip), 0);
    return path;
  }
  std::string Code(const fs::path& file) {
    const auto report = TryImport(file);
    EXPECT_FALSE(report);
    if (report) return "accepted";
    EXPECT_EQ(report.error().code(), ErrorCode::kMalformed);
    EXPECT_FALSE(fs::exists(dir_ / "evil"));
    const std::string& text = report.error().message();
    const std::size_t from = text.find(": ") + 2;
    return text.substr(from, text.find(": ", from) - from);
  }
};

TEST_F(WaczImportTest, RecordsOfAllItsWarcsComeIn) {
  const fs::path file = Pack({{"archive/one.warc.gz", Gzipped(Response(1))},
                              {"archive/two.warc", Response(2)},
                              {"pages/pages.jsonl", "{}\n"}});
  const ImportReport report = Import(file);
  EXPECT_EQ(report.records, 2u);
  EXPECT_EQ(Entry(Id(1))["source_offset"], 0);
}

TEST_F(WaczImportTest, WhatDoesNotFitTogetherIsRefusedWhole) {
  const std::string warc = Gzipped(Response(1));
  EXPECT_EQ(Code(Pack({{"archive/x.warc.gz", warc}, {"../evil", "x"}})),
            "unsafe-name");
  EXPECT_EQ(Code(Pack({{"archive/x.warc.gz", warc}, {"/evil", "x"}})),
            "unsafe-name");
  EXPECT_EQ(Code(Pack({{"archive/x.warc.gz", warc}, {"a\\..\\evil", "x"}})),
            "unsafe-name");
  const std::string lie = Json{{"profile", "data-package"},
                               {"resources",
                                {{{"name", "x"},
                                  {"path", "archive/x.warc.gz"},
                                  {"hash", Sha256Of("else").Labelled()},
                                  {"bytes", warc.size()}}}}}
                              .dump();
  EXPECT_NE(Code(Pack({{"archive/x.warc.gz", warc}}, lie)), "accepted");
  EXPECT_NE(Code(Pack({{"archive/x.warc.gz", warc}}, "{\"resources\":[]}")),
            "accepted");
  EXPECT_NE(Code(Pack({{"archive/x.warc.gz", warc}}, "no json")), "accepted");
}

TEST_F(WaczImportTest, AMemberThatInflatesBeyondReasonIsRefused) {
  // A directory that promises what DEFLATE cannot do.
  const fs::path file =
      Pack({{"archive/x.warc", Response(1) + std::string(1 << 20, ' '), true}});
  EXPECT_NO_FATAL_FAILURE(static_cast<void>(TryImport(file)));
  std::stringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  std::string bytes = text.str();
  // Uncompressed size in the local and the central header.
  const std::size_t central = bytes.find("PK\x01\x02");
  for (const std::size_t at : {std::size_t{22}, central + 24}) {
    bytes.replace(at, 4, "\xFF\xFF\xFF\x7F");
  }
  EXPECT_NE(Code(Write(bytes, "bomb.wacz")), "accepted");
}

// ---------------------------------------------------------------- vectors

TEST(ImportVectors, AreTakenInOrKeptOutAsExpected) {
  const char* given = std::getenv("STEMMA_SHARED");
  const fs::path folder =
      (given != nullptr ? fs::path(given)
                        : fs::path(STEMMA_SOURCE_DIR) / ".." / "shared") /
      "corpus" / "provenance" / "warc";
  std::ifstream stream(folder / "cases.json");
  if (!stream) GTEST_SKIP() << "no vectors in " << folder;
  const Json cases = Json::parse(stream);
  for (const Json& c : cases.at("cases")) {
    const std::string name = c.at("file"), expect = c.at("expect");
    std::string temp = (fs::temp_directory_path() / "importXXXXXX").string();
    const fs::path dir = ::mkdtemp(temp.data());
    ArchiveOptions options;
    options.free_space_floor = 0;
    {
      auto writer = ArchiveWriter::Open(dir, options);
      ASSERT_TRUE(writer);
      auto report = ImportFile(**writer, folder / name, {});
      ASSERT_TRUE(report) << name << ": " << report.error().message();
      const bool flagged = !report->findings.empty();
      if (expect == "reject") {
        EXPECT_EQ(report->refused, 1u) << name;
        EXPECT_FALSE(report->Clean()) << name;
      } else if (expect == "accept") {
        EXPECT_TRUE(report->Clean() && !flagged) << name;
        EXPECT_EQ(report->match, report->records) << name;
      } else if (expect == "accept-weak") {
        EXPECT_EQ(report->weak, report->records) << name;
        EXPECT_TRUE(report->Clean() && !flagged) << name;
      } else if (expect == "accept-two-records-flag") {
        EXPECT_EQ(report->records, 2u) << name;
        EXPECT_TRUE(flagged) << name;
      } else {
        EXPECT_TRUE(flagged) << name;
      }
    }
    const auto checked = CheckArchive(dir);
    ASSERT_TRUE(checked);
    EXPECT_LE(checked->Worst(), Weight::kWarning)
        << name << ToJson(*checked).dump(1);
    fs::remove_all(dir);
  }
}

}  // namespace
}  // namespace stemma
