// Our bundles by the letter: WARC 1.1 (ISO 28500:2017) and WARC-zstd 1.0, and
// the mistakes other writers are known for. The bytes are read by a small
// reader of this file's own, straight on libzstd, so that the writer and the
// library's readers cannot agree on a mistake.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "archive/archive_reader.h"
#include "archive/archive_writer.h"
#include "archive/stored_record.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::uint32_t Le32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

// RFC 8878 3.1.1.1: what the head of a data frame says.
struct Frame {
  std::size_t offset = 0, size = 0;
  bool skippable = false, has_size = false, has_checksum = false;
  std::uint32_t magic = 0, dictionary = 0;
  std::uint64_t content_size = 0, window = 0;
  std::string content;
};

std::vector<Frame> FramesOf(const std::string& file) {
  std::vector<Frame> frames;
  std::string dictionary;
  ZSTD_DCtx* context = ZSTD_createDCtx();
  for (std::size_t at = 0; at < file.size();) {
    Frame f;
    f.offset = at;
    f.magic = Le32(file, at);
    f.skippable = (f.magic & 0xFFFFFFF0U) == 0x184D2A50U;
    f.size = ZSTD_findFrameCompressedSize(file.data() + at, file.size() - at);
    if (ZSTD_isError(f.size)) {
      ADD_FAILURE() << "no frame at " << at;
      break;
    }
    if (f.skippable) {
      if (f.magic == 0x184D2A5DU) {
        dictionary = file.substr(at + 8, f.size - 8);
        if (Le32(dictionary, 0) == ZSTD_MAGICNUMBER) {
          std::string raw(
              ZSTD_getFrameContentSize(dictionary.data(), dictionary.size()),
              '\0');
          ZSTD_decompress(raw.data(), raw.size(), dictionary.data(),
                          dictionary.size());
          dictionary = raw;
        }
        f.dictionary =
            ZSTD_getDictID_fromDict(dictionary.data(), dictionary.size());
      }
    } else {
      const auto descriptor = static_cast<unsigned char>(file[at + 4]);
      const bool single = (descriptor & 0x20) != 0;
      f.has_checksum = (descriptor & 0x04) != 0;
      f.has_size = single || (descriptor >> 6) != 0;
      f.dictionary = ZSTD_getDictID_fromFrame(file.data() + at, f.size);
      f.content_size = ZSTD_getFrameContentSize(file.data() + at, f.size);
      if (single) {
        f.window = f.content_size;
      } else {
        const auto window = static_cast<unsigned char>(file[at + 5]);
        const std::uint64_t base = std::uint64_t{1} << (10 + (window >> 3));
        f.window = base + base / 8 * (window & 7);
      }
      f.content.resize(f.content_size);
      const std::size_t got = ZSTD_decompress_usingDict(
          context, f.content.data(), f.content.size(), file.data() + at, f.size,
          dictionary.data(), dictionary.size());
      EXPECT_EQ(got, f.content_size) << "frame at " << at;
    }
    at += f.size;
    frames.push_back(std::move(f));
  }
  ZSTD_freeDCtx(context);
  return frames;
}

struct Record {
  std::string version, block, file;
  std::vector<std::pair<std::string, std::string>> fields;
  std::vector<std::string> All(const std::string& name) const {
    std::vector<std::string> values;
    for (const auto& [key, value] : fields) {
      if (key == name) values.push_back(value);
    }
    return values;
  }
  std::string Get(const std::string& name) const {
    const auto values = All(name);
    return values.empty() ? "" : values[0];
  }
  std::string type() const { return Get("WARC-Type"); }
  std::string id() const { return Get("WARC-Record-ID"); }
};

// Records of the frames, joined; each must begin where a frame begins.
std::vector<Record> RecordsOf(const std::vector<Frame>& frames) {
  std::vector<Record> records;
  std::string open;
  std::size_t want = 0;
  for (const Frame& f : frames) {
    if (f.skippable) continue;
    open += f.content;
    if (want == 0) {
      const std::size_t end = open.find("\r\n\r\n");
      if (end == std::string::npos) {
        ADD_FAILURE() << "a record's first frame holds no whole header";
        return records;
      }
      Record record;
      std::istringstream lines(open.substr(0, end + 2));
      std::string line;
      std::getline(lines, record.version);
      record.version.pop_back();
      while (std::getline(lines, line)) {
        EXPECT_TRUE(line.ends_with('\r')) << line;
        line.pop_back();
        const std::size_t colon = line.find(": ");
        record.fields.emplace_back(line.substr(0, colon),
                                   line.substr(colon + 2));
      }
      want = end + 4 + std::stoull(record.Get("Content-Length")) + 4;
      records.push_back(record);
    }
    EXPECT_LE(open.size(), want) << "a frame holds parts of two records";
    if (open.size() < want) continue;
    EXPECT_TRUE(open.ends_with("\r\n\r\n"));
    const std::size_t begin = open.find("\r\n\r\n") + 4;
    records.back().block = open.substr(begin, want - begin - 4);
    open.clear();
    want = 0;
  }
  EXPECT_EQ(want, 0u) << "the last record is cut";
  return records;
}

class WarcLetter : public ::testing::Test {
 protected:
  WarcLetter() {
    std::string name = (fs::temp_directory_path() / "letterXXXXXX").string();
    dir_ = ::mkdtemp(name.data());
    options_.clock = [this] { return now_; };
    options_.free_space_floor = 0;
    options_.software = "stemma/test";
  }
  ~WarcLetter() override {
    std::error_code ignored;
    fs::remove_all(dir_, ignored);
  }
  std::unique_ptr<ArchiveWriter> Open() {
    auto writer = ArchiveWriter::Open(dir_, options_);
    EXPECT_TRUE(writer) << writer.error().message();
    return *std::move(writer);
  }
  Exchange Page(const std::string& url, const std::string& type = "text/html",
                const std::string& status = "200 OK") const {
    Exchange e;
    e.url = url;
    e.request = "GET / HTTP/1.1\r\nhost: example.org\r\n\r\n";
    e.response_head =
        "HTTP/1.1 " + status + "\r\ncontent-type: " + type + "\r\n\r\n";
    e.status = std::stoi(status);
    e.started = now_;
    e.connection.peer_address = "2001:db8::1";
    e.connection.http_protocol = "h2";
    e.connection.tls_protocol = "tls/1.3";
    e.connection.cipher_suite = "TLS_AES_128_GCM_SHA256";
    e.connection.certificates = {"leaf", "issuer"};
    return e;
  }
  std::vector<std::string> Bundles() const {
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(dir_ / "bundles")) {
      if (!entry.path().string().ends_with(".warc.zst")) continue;
      std::stringstream text;
      text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      files.push_back(text.str());
    }
    return files;
  }
  // Of all bundles; the rules every frame and record keeps are held here.
  std::vector<Record> ReadAll() {
    std::vector<Record> all;
    for (const std::string& file : Bundles()) {
      const std::vector<Frame> frames = FramesOf(file);
      HoldFrames(frames);
      for (const Record& record : HoldRecords(RecordsOf(frames))) {
        all.push_back(record);
      }
    }
    return all;
  }
  void HoldFrames(const std::vector<Frame>& frames);
  std::vector<Record> HoldRecords(const std::vector<Record>& records);

  static std::vector<Record> OfType(const std::vector<Record>& records,
                                    const std::string& type) {
    std::vector<Record> found;
    for (const Record& r : records) {
      if (r.type() == type) found.push_back(r);
    }
    return found;
  }

  fs::path dir_;
  ArchiveOptions options_;
  TimePoint now_ = *ParseTime("2026-03-01T12:00:00Z");
};

// WARC-zstd 1.0: what every frame keeps.
void WarcLetter::HoldFrames(const std::vector<Frame>& frames) {
  ASSERT_FALSE(frames.empty());
  std::uint32_t dictionary = 0;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const Frame& f = frames[i];
    if (f.skippable) {
      // The dictionary frame first and once; no other skippable frame first.
      EXPECT_EQ(f.magic == 0x184D2A5DU, i == 0) << "frame " << i;
      if (i == 0) dictionary = f.dictionary;
      continue;
    }
    EXPECT_TRUE(f.has_size) << f.offset;
    EXPECT_TRUE(f.has_checksum) << f.offset;
    EXPECT_EQ(f.dictionary, dictionary) << f.offset;
    EXPECT_LE(f.window, 8u << 20) << f.offset;
    EXPECT_LE(f.content_size, 8u << 20) << f.offset;
  }
  if (dictionary != 0) {
    EXPECT_GE(dictionary, 32768u);
    EXPECT_LT(dictionary, 0x80000000U);
  }
}

// WARC 1.1: what every record keeps.
std::vector<Record> WarcLetter::HoldRecords(
    const std::vector<Record>& records) {
  EXPECT_FALSE(records.empty());
  if (records.empty()) return records;
  EXPECT_EQ(records[0].type(), "warcinfo");
  const std::regex id("<urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}>");
  const std::regex date("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ");
  const std::regex digest("sha256:[0-9a-f]{64}");
  std::map<std::string, int> ids;
  for (const Record& r : records) {
    EXPECT_EQ(r.version, "WARC/1.1");
    EXPECT_TRUE(std::regex_match(r.id(), id)) << r.id();
    EXPECT_EQ(++ids[r.id()], 1);
    EXPECT_TRUE(std::regex_match(r.Get("WARC-Date"), date));
    std::map<std::string, int> names;
    for (const auto& [name, value] : r.fields) {
      ++names[name];
      EXPECT_EQ(value.find_first_of(std::string("\r\n\0", 3)),
                std::string::npos);
      EXPECT_FALSE(value.starts_with(' ')) << name;
    }
    for (const auto& [name, count] : names) {
      if (name == "WARC-Concurrent-To" || name == "WARC-Protocol") continue;
      EXPECT_EQ(count, 1) << name;
    }
    EXPECT_EQ(r.Get("WARC-Block-Digest"), Sha256Of(r.block).Labelled());
    const bool info = r.type() == "warcinfo";
    EXPECT_EQ(r.Get("WARC-Warcinfo-ID").empty(), info);
    EXPECT_EQ(r.Get("WARC-Filename").empty(), !info);
    if (!info) {
      EXPECT_EQ(r.Get("WARC-Warcinfo-ID"), records[0].id());
    }
    // warcio#93, #162: there is no payload in these.
    if (info || r.type() == "metadata") {
      EXPECT_EQ(r.Get("WARC-Payload-Digest"), "");
    } else if (!r.Get("WARC-Payload-Digest").empty()) {
      EXPECT_TRUE(std::regex_match(r.Get("WARC-Payload-Digest"), digest));
      EXPECT_NE(r.Get("WARC-Payload-Digest"), Sha256Of("").Labelled());
    }
    if (r.type() != "revisit") {
      EXPECT_EQ(r.Get("WARC-Profile"), "");
      EXPECT_EQ(r.Get("WARC-Refers-To-Target-URI"), "");
      EXPECT_EQ(r.Get("WARC-Refers-To-Date"), "");
    }
    if (r.type() == "conversion") {
      EXPECT_EQ(r.Get("WARC-Concurrent-To"), "");
      EXPECT_EQ(r.Get("WARC-IP-Address"), "");
    }
    EXPECT_THAT(r.Get("WARC-Target-URI"), Not(HasSubstr("<")));
    EXPECT_EQ(r.Get("WARC-Segment-Number"), "");
    if (!r.block.empty()) {
      EXPECT_NE(r.Get("Content-Type"), "");
    }
  }
  return records;
}

TEST_F(WarcLetter, OneExchange) {
  const Exchange page = Page("https://example.org/");
  {
    auto writer = Open();
    auto draft = writer->BeginCapture(page.url, now_);
    ASSERT_TRUE(draft->AddExchange(page, "words"));
    ASSERT_TRUE(draft->Commit({{"status", 200}}));
  }
  const auto records = ReadAll();
  const Record info = OfType(records, "warcinfo").at(0);
  EXPECT_EQ(info.Get("Content-Type"), "application/warc-fields");
  EXPECT_THAT(info.block, HasSubstr("software: stemma/test\r\n"));
  EXPECT_THAT(info.block, HasSubstr("format: WARC File Format 1.1\r\n"));
  EXPECT_THAT(info.block, HasSubstr("conformsTo: http://iipc.github.io/"));
  // Nothing of the machine: no folder, no command line.
  EXPECT_THAT(info.block, Not(HasSubstr(dir_.string())));
  EXPECT_THAT(info.block, Not(HasSubstr("/tmp")));

  const Record response = OfType(records, "response").at(0);
  const Record request = OfType(records, "request").at(0);
  const Record chain = OfType(records, "resource").at(0);
  EXPECT_EQ(response.block, page.response_head + "words");
  EXPECT_EQ(request.block, page.request);
  EXPECT_EQ(response.Get("WARC-Payload-Digest"), Sha256Of("words").Labelled());
  for (const Record& r : {response, request}) {
    EXPECT_EQ(r.Get("WARC-Date"), "2026-03-01T12:00:00Z");
    EXPECT_EQ(r.Get("WARC-Target-URI"), "https://example.org/");
    EXPECT_EQ(r.Get("WARC-IP-Address"), "2001:db8::1");
    EXPECT_THAT(r.All("WARC-Protocol"), ElementsAre("h2", "tls/1.3"));
    EXPECT_EQ(r.Get("WARC-Cipher-Suite"), "TLS_AES_128_GCM_SHA256");
  }
  EXPECT_EQ(response.Get("Content-Type"), "application/http; msgtype=response");
  EXPECT_EQ(request.Get("Content-Type"), "application/http; msgtype=request");
  EXPECT_THAT(request.All("WARC-Concurrent-To"), ElementsAre(response.id()));
  EXPECT_THAT(response.All("WARC-Concurrent-To"), ElementsAre(chain.id()));
  EXPECT_EQ(chain.Get("Content-Type"), "application/pem-certificate-chain");
  EXPECT_EQ(chain.Get("WARC-Target-URI"),
            "urn:stemma:tls:example.org:" + Sha256Of("leaf").Hex());
  EXPECT_EQ(chain.Get("WARC-Date"), "2026-03-01T12:00:00Z");
}

TEST_F(WarcLetter, OneDateForOneCaptureEventAndOneRecordForAChain) {
  {
    auto writer = Open();
    auto draft = writer->BeginCapture("https://example.org/", now_);
    Exchange hop = Page("https://example.org/", "text/html", "301 Moved");
    ASSERT_TRUE(draft->AddExchange(hop, ""));
    // The clock goes on while a page is read; its records keep their date.
    Exchange page = Page("https://example.org/new");
    now_ += std::chrono::seconds(7);
    ASSERT_TRUE(draft->AddExchange(page, "words"));
    ASSERT_TRUE(draft->Commit({{"status", 200}}));
  }
  const auto records = ReadAll();
  EXPECT_EQ(OfType(records, "resource").size(), 1u);
  std::map<std::string, std::string> dates;
  for (const auto& type : {"response", "request"}) {
    for (const Record& r : OfType(records, type)) {
      EXPECT_EQ(r.Get("WARC-Date"), "2026-03-01T12:00:00Z");
    }
  }
  // The redirect's empty body has no digest that could join deduplication.
  const auto responses = OfType(records, "response");
  EXPECT_EQ(responses.at(0).Get("WARC-Payload-Digest"), "");
  EXPECT_NE(responses.at(1).Get("WARC-Payload-Digest"), "");
}

TEST_F(WarcLetter, ChunksStayAndTheDigestIsOfWhatTheyCarry) {
  Exchange page = Page("https://example.org/");
  page.response_head =
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n"
      "content-encoding: gzip\r\n\r\n";
  const std::string body = "3\r\n\x1F\x8Bx\r\n2\r\nyz\r\n0\r\n\r\n";
  {
    auto writer = Open();
    auto draft = writer->BeginCapture(page.url, now_);
    ASSERT_TRUE(draft->AddExchange(page, body));
    ASSERT_TRUE(draft->Commit({{"status", 200}}));
  }
  const Record response = OfType(ReadAll(), "response").at(0);
  EXPECT_EQ(response.block, page.response_head + body);
  EXPECT_EQ(response.Get("WARC-Payload-Digest"),
            Sha256Of("\x1F\x8Bxyz").Labelled());
}

TEST_F(WarcLetter, WhatWasCutSaysSo) {
  const struct {
    Truncation reason;
    std::string word;
  } cases[] = {{Truncation::kLength, "length"},
               {Truncation::kTime, "time"},
               {Truncation::kDisconnect, "disconnect"},
               {Truncation::kUnspecified, "unspecified"}};
  {
    auto writer = Open();
    for (const auto& c : cases) {
      Exchange page = Page("https://example.org/" + c.word);
      page.truncated = c.reason;
      auto draft = writer->BeginCapture(page.url, now_);
      ASSERT_TRUE(draft->AddExchange(page, "half of it"));
      ASSERT_TRUE(draft->Commit({{"status", 200}}));
    }
  }
  const auto responses = OfType(ReadAll(), "response");
  ASSERT_EQ(responses.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(responses[i].Get("WARC-Truncated"), cases[i].word);
    EXPECT_TRUE(responses[i].block.ends_with("half of it"));
    EXPECT_EQ(responses[i].Get("WARC-Payload-Digest"),
              Sha256Of("half of it").Labelled());
  }
}

TEST_F(WarcLetter, RevisitsReplay) {
  Record original;
  {
    auto writer = Open();
    auto draft = writer->BeginCapture("https://example.org/", now_);
    auto page = draft->AddExchange(Page("https://example.org/"), "words");
    ASSERT_TRUE(page);
    ASSERT_TRUE(draft->Commit({{"status", 200}}));
    const RevisitOf of{page->id, page->uri, page->date, page->payload_sha256};
    now_ += std::chrono::hours(24);
    auto again = writer->BeginCapture("https://example.org/", now_);
    ASSERT_TRUE(again->AddRevisit(Page("https://www.example.org/copy"), of,
                                  RevisitProfile::kIdenticalPayload));
    ASSERT_TRUE(again->AddRevisit(
        Page("https://example.org/", "text/html", "304 Not Modified"), of,
        RevisitProfile::kServerNotModified));
    ASSERT_TRUE(again->Commit({{"status", 200}}));
  }
  const auto records = ReadAll();
  const Record page = OfType(records, "response").at(0);
  const auto revisits = OfType(records, "revisit");
  ASSERT_EQ(revisits.size(), 2u);
  for (const Record& r : revisits) {
    EXPECT_EQ(r.Get("WARC-Refers-To"), page.id());
    EXPECT_EQ(r.Get("WARC-Refers-To-Target-URI"), "https://example.org/");
    EXPECT_EQ(r.Get("WARC-Refers-To-Date"), page.Get("WARC-Date"));
    EXPECT_EQ(r.Get("WARC-Date"), "2026-03-02T12:00:00Z");
    EXPECT_EQ(r.Get("Content-Type"), "application/http; msgtype=response");
    // The head that came, with its blank line, and nothing behind it.
    EXPECT_TRUE(r.block.starts_with("HTTP/1.1 "));
    EXPECT_TRUE(r.block.ends_with("\r\n\r\n"));
  }
  const Record& same = revisits[0];
  EXPECT_EQ(same.Get("WARC-Target-URI"), "https://www.example.org/copy");
  EXPECT_EQ(same.Get("WARC-Profile"),
            "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest");
  EXPECT_EQ(same.Get("WARC-Payload-Digest"), page.Get("WARC-Payload-Digest"));
  EXPECT_EQ(same.Get("WARC-Truncated"), "length");
  const Record& unmodified = revisits[1];
  EXPECT_EQ(unmodified.Get("WARC-Profile"),
            "http://netpreserve.org/warc/1.1/revisit/server-not-modified");
  EXPECT_EQ(unmodified.Get("WARC-Payload-Digest"), "");
  EXPECT_THAT(unmodified.block, HasSubstr(" 304 "));
}

TEST_F(WarcLetter, ARevisitThatWouldNotReplayIsRefused) {
  auto writer = Open();
  auto draft = writer->BeginCapture("https://example.org/", now_);
  auto page = draft->AddExchange(Page("https://example.org/"), "words");
  ASSERT_TRUE(page);
  const RevisitOf good{page->id, page->uri, page->date, page->payload_sha256};
  const Exchange again = Page("https://example.org/");
  const Exchange unmodified =
      Page("https://example.org/", "text/html", "304 Not Modified");
  RevisitOf nowhere = good, undated = good, undigested = good, empty = good;
  nowhere.uri.clear();
  undated.date.clear();
  undigested.payload.reset();
  empty.payload = Sha256Of("");
  constexpr auto kSame = RevisitProfile::kIdenticalPayload;
  EXPECT_FALSE(draft->AddRevisit(again, nowhere, kSame));
  EXPECT_FALSE(draft->AddRevisit(again, undated, kSame));
  EXPECT_FALSE(draft->AddRevisit(again, undigested, kSame));
  EXPECT_FALSE(draft->AddRevisit(again, empty, kSame));
  // httrack#839: "not modified" only when the server said 304.
  EXPECT_FALSE(
      draft->AddRevisit(again, good, RevisitProfile::kServerNotModified));
  // Never of another revisit.
  auto revisit = draft->AddRevisit(again, good, kSame);
  ASSERT_TRUE(revisit);
  const RevisitOf of_revisit{revisit->id, revisit->uri, revisit->date,
                             revisit->payload_sha256};
  EXPECT_FALSE(draft->AddRevisit(again, of_revisit, kSame));
  EXPECT_TRUE(
      draft->AddRevisit(unmodified, good, RevisitProfile::kServerNotModified));
  ASSERT_TRUE(draft->Commit({{"status", 200}}));
}

TEST_F(WarcLetter, HostileHeadersStayInsideTheirLines) {
  {
    auto writer = Open();
    auto draft = writer->BeginCapture("https://example.org/", now_);
    Exchange page =
        Page("https://example.org/\r\nWARC-Type: request\r\nX: <y> z");
    ASSERT_TRUE(draft->AddExchange(page, "words"));
    ASSERT_TRUE(
        draft->AddResource("urn:x:a b\r\nc", "text/plain\r\nX: y", "bytes"));
    ASSERT_TRUE(draft->Commit({{"status", 200}}));
  }
  const auto records = ReadAll();  // holds the grammar
  EXPECT_EQ(OfType(records, "response").size(), 1u);
  for (const Record& r : records) EXPECT_THAT(r.All("X"), IsEmpty());
}

TEST_F(WarcLetter, ADictionaryComesFirstAndIsNamedByEveryFrame) {
  options_.dictionary_after = 200 << 10;
  std::string furniture;
  for (int i = 0; furniture.size() < 20'000; ++i) {
    furniture += "<li>" + Sha256Of(std::to_string(i)).Hex() + "</li>";
  }
  {
    auto writer = Open();
    for (int n = 0; n < 60; ++n) {
      const std::string url = "https://example.org/" + std::to_string(n);
      auto draft = writer->BeginCapture(url, now_);
      ASSERT_TRUE(draft->AddExchange(
          Page(url), furniture + "<p>" + Sha256Of(url).Hex() + "</p>"));
      ASSERT_TRUE(draft->Commit({{"status", 200}}));
      now_ += std::chrono::seconds(1);
    }
  }
  const auto records = ReadAll();
  EXPECT_EQ(OfType(records, "response").size(), 60u);
  int with = 0;
  for (const std::string& file : Bundles()) {
    with += Le32(file, 0) == 0x184D2A5DU ? 1 : 0;
  }
  EXPECT_GT(with, 0);
}

// Counts what is read of a file, to see which frames a range touches.
TEST_F(WarcLetter, ARangeOfALargeVideoReadsOnlyTheFramesItLiesIn) {
  options_.buffer_bytes = options_.frame_bytes = 4 << 20;
  constexpr std::size_t kPieces = 40;  // of 1 MiB
  std::string piece(1 << 20, '\0');
  for (std::size_t at = 0; at < piece.size(); at += 32) {
    piece.replace(at, 32, BytesOf(Sha256Of(std::to_string(at))));
  }
  const auto at = [&](std::size_t i) {
    std::string p = piece;
    std::rotate(p.begin(), p.begin() + static_cast<std::ptrdiff_t>(i * 1009),
                p.end());
    return p;
  };
  RecordInfo place;
  {
    auto writer = Open();
    auto draft = writer->BeginCapture("https://example.org/v.mp4", now_);
    const Exchange e = Page("https://example.org/v.mp4", "video/mp4");
    auto body = draft->BeginExchange(e);
    for (std::size_t i = 0; i < kPieces; ++i) ASSERT_TRUE(body->Append(at(i)));
    auto response = body->Finish(e);
    ASSERT_TRUE(response) << response.error().message();
    place = *response;
    ASSERT_TRUE(draft->Commit({{"status", 200}}));
  }
  const auto records = ReadAll();
  const Record video = OfType(records, "response").at(0);
  EXPECT_EQ(video.block.size(),
            kPieces * (1 << 20) + Page("", "video/mp4").response_head.size());

  // The record: its header, room, frames of 4 to 8 MiB, a seek table in a
  // skippable frame (the layout of zstd's seekable format).
  std::stringstream text;
  text << std::ifstream(dir_ / place.bundle, std::ios::binary).rdbuf();
  const std::string file = text.str();
  std::vector<Frame> data;
  for (const Frame& f : FramesOf(file)) {
    if (f.offset < place.offset || f.offset >= place.offset + place.length) {
      continue;
    }
    if (!f.skippable) data.push_back(f);
  }
  ASSERT_EQ(data.size(), 1 + kPieces / 4 + 1);  // header, body, the end
  for (std::size_t i = 1; i + 1 < data.size(); ++i) {
    EXPECT_GE(data[i].content_size, 4u << 20);
    EXPECT_LE(data[i].content_size, 8u << 20);
  }
  const std::size_t end = place.offset + place.length;
  EXPECT_EQ(Le32(file, end - 4), 0x8F92EAB1U);
  const std::size_t entries = Le32(file, end - 9);
  const std::size_t table = end - (8 + entries * 8 + 9);
  EXPECT_EQ(Le32(file, table), 0x184D2A5EU);
  std::uint64_t stored = 0, content = 0;
  for (std::size_t i = 0; i < entries; ++i) {
    stored += Le32(file, table + 8 + i * 8);
    content += Le32(file, table + 12 + i * 8);
  }
  EXPECT_EQ(place.offset + stored, table);
  std::uint64_t inflated = 0;
  for (const Frame& f : data) inflated += f.content_size;
  EXPECT_EQ(content, inflated);

  std::uint64_t read = 0;
  const Blob counted(
      file.size(),
      [&](std::uint64_t from, std::span<char> out) -> Result<std::size_t> {
        const std::size_t n = file.copy(out.data(), out.size(), from);
        read += n;
        return n;
      });
  auto view = BundleView::Over(counted);
  ASSERT_TRUE(view);
  auto record = OpenRecord(*view, place.offset, place.length);
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_LT(read, 1u << 20) << "opening inflates no frame of the body";
  read = 0;
  std::string part(100'000, '\0');
  const std::uint64_t from = (29u << 20) + 12'345;
  auto n = record->payload.ReadAt(from, part);
  ASSERT_TRUE(n);
  EXPECT_EQ(part.substr(0, *n), at(29).substr(12'345, *n));
  EXPECT_LE(read, 4u << 20 | 64u << 10) << "one frame of eleven";
}

TEST_F(WarcLetter, BundlesAreSealedByAgeAndSizeAndReadOnly) {
  options_.rotate_age = std::chrono::hours(1);
  options_.rotate_bytes = 100 << 10;
  options_.dictionary_after = 0;
  const auto capture = [&](ArchiveWriter& writer, std::size_t size) {
    std::string body;
    while (body.size() < size) {
      body += BytesOf(Sha256Of(std::to_string(body.size())));
    }
    auto draft = writer.BeginCapture("https://example.org/", now_);
    ASSERT_TRUE(
        draft->AddExchange(Page("https://example.org/", "image/png"), body));
    ASSERT_TRUE(draft->Commit({{"status", 200}}));
  };
  auto writer = Open();
  capture(*writer, 100);
  EXPECT_EQ(Bundles().size(), 0u);
  now_ += std::chrono::minutes(61);
  capture(*writer, 100);  // the old one is due
  EXPECT_EQ(Bundles().size(), 1u);
  capture(*writer, 200 << 10);  // and so is one that is full
  EXPECT_EQ(Bundles().size(), 2u);
  writer.reset();
  for (const auto& entry : fs::directory_iterator(dir_ / "bundles")) {
    struct stat facts{};
    ::stat(entry.path().c_str(), &facts);
    EXPECT_EQ(facts.st_mode & 0777, 0444u) << entry.path();
  }
  // Each sealed file's digest is in the log.
  std::stringstream log;
  log << std::ifstream(dir_ / "manifest" / "events.jsonl").rdbuf();
  for (const std::string& file : Bundles()) {
    EXPECT_THAT(log.str(), HasSubstr(Sha256Of(file).Hex()));
  }
}

TEST_F(WarcLetter, BelowTheFloorNothingIsBegun) {
  options_.free_space_floor = std::uint64_t{1} << 62;
  auto writer = Open();
  auto draft = writer->BeginCapture("https://example.org/", now_);
  ASSERT_FALSE(draft);
  EXPECT_EQ(draft.error().code(), ErrorCode::kNoSpace);
  EXPECT_THAT(draft.error().message(), HasSubstr("free some space"));
}

}  // namespace
}  // namespace stemma
