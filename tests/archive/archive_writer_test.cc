#include "archive/archive_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "archive/archive_reader.h"
#include "archive/event_log.h"
#include "archive/index.h"
#include "archive/record_scan.h"
#include "archive/warc_record.h"
#include "core/article_json.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string Read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class ArchiveTest : public ::testing::Test {
 protected:
  ArchiveTest() {
    std::string name = (fs::temp_directory_path() / "archiveXXXXXX").string();
    dir_ = ::mkdtemp(name.data());
    options_.clock = [this] { return now_; };
    options_.free_space_floor = 0;
    options_.software = "stemma/test";
  }
  ~ArchiveTest() override {
    std::error_code ignored;
    fs::remove_all(dir_, ignored);
  }

  std::unique_ptr<ArchiveWriter> Open() {
    auto writer = ArchiveWriter::Open(dir_ / "a", options_);
    EXPECT_TRUE(writer) << writer.error().message();
    return writer ? *std::move(writer) : nullptr;
  }
  std::unique_ptr<ArchiveReader> Reader() {
    auto reader = ArchiveReader::Open(dir_ / "a");
    EXPECT_TRUE(reader) << reader.error().message();
    return reader ? *std::move(reader) : nullptr;
  }

  static Exchange Page(const std::string& url, std::string_view type,
                       std::string_view more = "") {
    Exchange e;
    e.url = url;
    e.request = "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n";
    e.response_head = "HTTP/1.1 200 OK\r\nContent-Type: " + std::string(type) +
                      "\r\n" + std::string(more) + "\r\n";
    e.status = 200;
    e.connection.peer_address = "192.0.2.1";
    e.connection.http_protocol = "http/1.1";
    e.connection.tls_protocol = "tls/1.3";
    e.connection.cipher_suite = "TLS_AES_128_GCM_SHA256";
    e.connection.certificates = {"leaf certificate", "issuer certificate"};
    e.started = *ParseTime("2026-03-01T11:58:00Z");
    return e;
  }
  CaptureInfo Capture(ArchiveWriter& writer, const std::string& url,
                      std::string_view body) {
    auto draft = writer.BeginCapture(url, now_);
    EXPECT_TRUE(draft);
    const Exchange e = Page(url, "text/html; charset=utf-8");
    EXPECT_TRUE(draft->AddExchange(e, body));
    auto info = draft->Commit({{"status", 200}, {"final", url}});
    EXPECT_TRUE(info) << info.error().message();
    return info ? *info : CaptureInfo();
  }
  std::vector<Json> Events() {
    std::vector<Json> events;
    const auto end = ForEachLogLine(
        dir_ / "a" / "manifest" / "events.jsonl", 0,
        [&](std::uint64_t, std::string_view line) -> Status {
          auto event = ParseEventLine(line);
          EXPECT_TRUE(event) << event.error().message() << "\n" << line;
          if (event) events.push_back(*event);
          return {};
        });
    EXPECT_TRUE(end);
    return events;
  }
  std::vector<fs::path> Files(std::string_view suffix,
                              const char* folder = "bundles") {
    std::vector<fs::path> found;
    std::error_code ignored;
    for (const auto& entry :
         fs::directory_iterator(dir_ / "a" / folder, ignored)) {
      if (entry.path().string().ends_with(suffix)) {
        found.push_back(entry.path());
      }
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  std::string IndexDump() {
    auto index = OpenIndex(dir_ / "a");
    EXPECT_TRUE(index) << index.error().message();
    auto dump = (*index)->Dump();
    EXPECT_TRUE(dump) << dump.error().message();
    return *dump;
  }

  fs::path dir_;
  ArchiveOptions options_;
  TimePoint now_ = *ParseTime("2026-03-01T12:00:00Z");
};

class CollectRecords : public RecordSink {
 public:
  void OnRecord(std::uint64_t, const WarcHeader& header, std::string_view,
                const std::vector<std::string>& oddities) override {
    headers.push_back(header);
    blocks.emplace_back();
    for (const auto& odd : oddities) problems.push_back(odd);
    for (const auto& odd : WarcRuleBreaks(header)) problems.push_back(odd);
  }
  void OnBlock(std::string_view bytes) override { blocks.back() += bytes; }
  void OnEnd(std::uint64_t, bool whole) override { EXPECT_TRUE(whole); }
  void OnProblem(std::uint64_t offset, std::string_view code,
                 std::string text) override {
    problems.push_back(std::to_string(offset) + " " + std::string(code) + " " +
                       text);
  }
  std::vector<WarcHeader> headers;
  std::vector<std::string> blocks, problems;
};

TEST_F(ArchiveTest, ACaptureIsReadBackByteForByte) {
  const std::string body = "<!doctype html><p>Twelve people were moved.</p>";
  CaptureInfo info;
  {
    auto writer = Open();
    info = Capture(*writer, "https://example.org/a", body);
    auto payload = writer->Payload(info.records[1]);
    ASSERT_TRUE(payload) << payload.error().message();
    EXPECT_EQ(*payload->ReadAll(1000), body);
  }
  auto reader = Reader();
  auto capture = reader->NewestCaptureOf("https://example.org/a");
  ASSERT_TRUE(capture) << capture.error().message();
  EXPECT_EQ(capture->id, info.id);
  EXPECT_EQ(capture->status, 200);
  EXPECT_EQ(capture->mime, "text/html");
  auto record = reader->RecordById(capture->page_record);
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(*record->payload.ReadAll(1000), body);
  EXPECT_THAT(record->http_head, HasSubstr("HTTP/1.1 200 OK"));
  EXPECT_EQ(record->info.payload_sha256, Sha256Of(body));
}

TEST_F(ArchiveTest, EventsComeInTheOrderOfTheContract) {
  {
    auto writer = Open();
    Capture(*writer, "https://example.org/a", "one");
    Capture(*writer, "https://example.org/b", "two");
  }
  const std::vector<Json> events = Events();
  ASSERT_THAT(events, SizeIs(4));
  EXPECT_EQ(events[0]["type"], "log.init");
  EXPECT_EQ(events[1]["type"], "capture");
  EXPECT_EQ(events[1]["target"], "https://example.org/a");
  EXPECT_EQ(events[2]["type"], "capture");
  EXPECT_EQ(events[3]["type"], "seal");
  const std::string name = events[3]["bundle"]["name"];
  EXPECT_EQ(events[1]["bundle"]["name"], name);
  const std::string bytes = Read(dir_ / "a" / name);
  EXPECT_EQ(events[3]["bundle"]["sha256"], Sha256Of(bytes).Hex());
  EXPECT_EQ(events[3]["bundle"]["bytes"], bytes.size());
  // Warcinfo, chain, two responses, two requests.
  EXPECT_EQ(events[3]["bundle"]["records"], 6);
  struct stat facts{};
  ::stat((dir_ / "a" / name).c_str(), &facts);
  EXPECT_EQ(facts.st_mode & 0222, 0U);
}

TEST_F(ArchiveTest, BundlesKeepTheRulesOfWarc) {
  {
    auto writer = Open();
    auto draft = writer->BeginCapture("https://example.org/", now_);
    ASSERT_TRUE(
        draft->AddExchange(Page("https://example.org/", "text/html"), "page"));
    RevisitOf original{draft->records()[1].id, draft->records()[1].uri,
                       draft->records()[1].date,
                       draft->records()[1].payload_sha256};
    ASSERT_TRUE(draft->AddRevisit(Page("https://example.org/x", "text/html"),
                                  original, RevisitProfile::kIdenticalPayload));
    Exchange unmodified = Page("https://example.org/y", "text/html");
    unmodified.status = 304;
    ASSERT_TRUE(draft->AddRevisit(unmodified, original,
                                  RevisitProfile::kServerNotModified));
    ASSERT_TRUE(draft->AddConversion("https://example.org/", "text/plain",
                                     "words", original.record_id));
    ASSERT_TRUE(draft->AddMetadata("https://example.org/", "application/json",
                                   "{}", original.record_id));
    ASSERT_TRUE(draft->Commit(Json::object()));
  }
  CollectRecords records;
  ASSERT_TRUE(ScanWarc(*BlobOfFile(Files(".warc.zst")[0].string()), records));
  EXPECT_THAT(records.problems, SizeIs(0))
      << ::testing::PrintToString(records.problems);
  ASSERT_GE(records.headers.size(), 6u);
  EXPECT_EQ(records.headers[0].type(), "warcinfo");
  EXPECT_THAT(records.blocks[0], HasSubstr("software: stemma/test\r\n"));
  EXPECT_EQ(records.blocks[0].find(dir_.string()), std::string::npos);
  for (std::size_t i = 0; i < records.headers.size(); ++i) {
    EXPECT_EQ(records.headers[i].Get("WARC-Block-Digest"),
              Sha256Of(records.blocks[i]).Labelled());
    EXPECT_EQ(*records.headers[i].content_length(), records.blocks[i].size());
  }
  const auto& response = records.headers[2];
  EXPECT_EQ(response.type(), "response");
  EXPECT_THAT(response.FindAll("WARC-Protocol"),
              ::testing::ElementsAre("http/1.1", "tls/1.3"));
  EXPECT_EQ(response.Get("WARC-Cipher-Suite"), "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(response.Get("WARC-Concurrent-To"),
            "<" + records.headers[1].id() + ">");
}

TEST_F(ArchiveTest, ALargeBodyIsWrittenOnceAndReadInParts) {
  options_.buffer_bytes = 64 << 10;
  options_.frame_bytes = 64 << 10;
  std::string body;
  for (int i = 0; body.size() < 1'000'000; ++i) {
    body += Sha256Of(std::to_string(i)).Hex();
  }
  CaptureInfo info;
  {
    auto writer = Open();
    auto draft = writer->BeginCapture("https://example.org/v.mp4", now_);
    const Exchange e = Page("https://example.org/v.mp4", "video/mp4");
    auto first = draft->BeginExchange(e);
    auto second =
        draft->BeginExchange(Page("https://example.org/w.mp4", "video/mp4"));
    for (std::size_t at = 0; at < body.size(); at += 7777) {
      ASSERT_TRUE(first->Append(std::string_view(body).substr(at, 7777)));
      ASSERT_TRUE(second->Append(std::string_view(body).substr(at, 7777)));
    }
    ASSERT_TRUE(first->Finish(e));
    Exchange changed =
        Page("https://example.org/w.mp4", "video/mp4", "X-Late: yes\r\n");
    auto response = second->Finish(changed);
    ASSERT_TRUE(response) << response.error().message();
    auto committed = draft->Commit({{"status", 200}});
    ASSERT_TRUE(committed);
    info = *committed;
  }
  CollectRecords records;
  for (const auto& bundle : Files(".warc.zst")) {
    ASSERT_TRUE(ScanWarc(*BlobOfFile(bundle.string()), records));
  }
  EXPECT_THAT(records.problems, SizeIs(0))
      << ::testing::PrintToString(records.problems);
  for (std::size_t i = 0; i < records.headers.size(); ++i) {
    EXPECT_EQ(records.headers[i].Get("WARC-Block-Digest"),
              Sha256Of(records.blocks[i]).Labelled());
  }
  auto reader = Reader();
  int responses = 0;
  for (const RecordInfo& place : info.records) {
    if (place.type != "response") continue;
    ++responses;
    auto record = reader->RecordAt(place);
    ASSERT_TRUE(record) << record.error().message();
    EXPECT_EQ(record->payload.size(), body.size());
    EXPECT_EQ(record->info.payload_sha256, Sha256Of(body));
    std::string part(1000, '\0');
    auto n = record->payload.ReadAt(777'777, part);
    ASSERT_TRUE(n);
    EXPECT_EQ(part.substr(0, *n), body.substr(777'777, *n));
  }
  EXPECT_EQ(responses, 2);
}

TEST_F(ArchiveTest, AFinishedBodyIsHadBackWhereItWaitedInMemory) {
  options_.buffer_bytes = 1000;
  const auto writer = Open();
  auto draft = writer->BeginCapture("https://example.org/", now_);
  const auto body_of = [&](std::size_t size, bool repeats) {
    const std::string text(size, 'x');
    // A length that is a lie costs nothing.
    const Exchange page = Page("https://example.org/", "text/html",
                               "Content-Length: 99999999999999\r\n");
    BodyWriter body = *draft->BeginExchange(page);
    EXPECT_TRUE(body.Append(text));
    EXPECT_EQ(body.TakeBody(), std::nullopt);  // it may go on
    if (repeats) {
      const RevisitOf of{"urn:uuid:1", "https://example.org/0",
                         "2026-03-01T11:58:00Z", body.PayloadDigest()};
      EXPECT_TRUE(
          body.FinishAsRevisit(page, of, RevisitProfile::kIdenticalPayload));
    } else {
      EXPECT_TRUE(body.Finish(page));
    }
    const std::optional<std::string> taken = body.TakeBody();
    return taken ? *taken == text : false;
  };
  EXPECT_TRUE(body_of(1000, false));
  EXPECT_TRUE(body_of(1000, true));
  // What streamed into its bundle is nowhere as a whole.
  EXPECT_FALSE(body_of(1001, false));
  EXPECT_FALSE(body_of(1001, true));
}

TEST_F(ArchiveTest, ReindexGivesTheSameContent) {
  {
    auto writer = Open();
    const CaptureInfo a = Capture(*writer, "https://example.org/a", "one");
    Article article;
    article.url = "https://example.org/a";
    article.title = "A title";
    article.blocks.push_back(
        {BlockKind::kParagraph, "Some words.", true, "p", 0, 0});
    DerivedRecord record{"article",          "https://example.org/a",
                         "application/json", ToJson(article).dump(),
                         a.records[1].id,    "{\"blocks\":1}"};
    ASSERT_TRUE(writer->AppendDerived(a.id, {{"method", "stemma-article/1"}},
                                      {&record, 1}));
    ASSERT_TRUE(writer->AppendEvent(
        "compare", {{"a", a.id}, {"b", a.id}, {"verdict", "identical"}}));
    auto draft = writer->BeginCapture("https://example.org/gone", now_);
    ASSERT_TRUE(draft->CommitFailed(Error(ErrorCode::kNetwork, "no such host"),
                                    Json::object()));
  }
  const std::string grown = IndexDump();
  EXPECT_THAT(grown, HasSubstr("A title"));
  fs::remove(dir_ / "a" / "index.sqlite");
  EXPECT_EQ(IndexDump(), grown);
  auto totals = Reindex(dir_ / "a");
  ASSERT_TRUE(totals);
  EXPECT_EQ(totals->captures, 1u);
  EXPECT_EQ(totals->failed, 1u);
  EXPECT_EQ(totals->publications, 1u);
  EXPECT_EQ(totals->comparisons, 1u);
  EXPECT_EQ(IndexDump(), grown);
  auto reader = Reader();
  int publications = 0;
  ASSERT_TRUE(reader->ForEachPublication([&](const Publication& p) -> Status {
    ++publications;
    EXPECT_EQ(p.text, "Some words.");
    EXPECT_EQ(p.title, "A title");
    return {};
  }));
  EXPECT_EQ(publications, 1);
}

TEST_F(ArchiveTest, ASecondWriterIsRefused) {
  auto writer = Open();
  auto second = ArchiveWriter::Open(dir_ / "a", options_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::kBusy);
}

// What a killed process leaves: copied while the writer is still at work.
class RecoveryTest : public ArchiveTest {
 protected:
  // The state on disk at this moment, as another archive "b".
  fs::path Snapshot() {
    fs::copy(dir_ / "a", dir_ / "b", fs::copy_options::recursive);
    fs::remove(dir_ / "b" / "lock");
    return dir_ / "b";
  }
  void Restart() {
    fs::remove_all(dir_ / "a");
    fs::rename(dir_ / "b", dir_ / "a");
  }
};

TEST_F(RecoveryTest, WhatWasCommittedStaysAndTheTailIsPutAside) {
  {
    auto writer = Open();
    Capture(*writer, "https://example.org/kept", "kept");
    auto draft = writer->BeginCapture("https://example.org/lost", now_);
    ASSERT_TRUE(draft->AddExchange(
        Page("https://example.org/lost", "text/html"), "lost"));
    Snapshot();
    std::ofstream(dir_ / "b" / "manifest" / "events.jsonl", std::ios::app)
        << "{\"torn\":";
  }
  Restart();
  {
    auto writer = Open();
    EXPECT_GE(writer->recovery_notes().size(), 2u);
  }
  const auto events = Events();
  EXPECT_EQ(events.back()["type"], "seal");
  CollectRecords records;
  ASSERT_THAT(Files(".warc.zst"), SizeIs(1));
  ASSERT_TRUE(ScanWarc(*BlobOfFile(Files(".warc.zst")[0].string()), records));
  EXPECT_THAT(records.problems, SizeIs(0));
  for (const auto& header : records.headers) {
    EXPECT_NE(header.target_uri(), "https://example.org/lost");
  }
  EXPECT_THAT(Files(".tail", "quarantine"), SizeIs(2));
  EXPECT_TRUE(Reader()->NewestCaptureOf("https://example.org/kept"));
  EXPECT_FALSE(Reader()->NewestCaptureOf("https://example.org/lost"));
}

TEST_F(RecoveryTest, UncommittedRecordsBetweenCommittedOnesAreVoided) {
  {
    auto writer = Open();
    auto early = writer->BeginCapture("https://example.org/lost", now_);
    ASSERT_TRUE(early->AddExchange(
        Page("https://example.org/lost", "text/html"), "lost"));
    Capture(*writer, "https://example.org/kept", "kept");
    Snapshot();
  }
  Restart();
  {
    auto writer = Open();
  }
  CollectRecords records;
  ASSERT_TRUE(ScanWarc(*BlobOfFile(Files(".warc.zst")[0].string()), records));
  EXPECT_THAT(records.problems, SizeIs(0));
  ASSERT_GE(records.headers.size(), 2u);
  for (const auto& header : records.headers) {
    EXPECT_NE(header.target_uri(), "https://example.org/lost");
  }
  auto reader = Reader();
  auto capture = reader->NewestCaptureOf("https://example.org/kept");
  ASSERT_TRUE(capture);
  EXPECT_TRUE(reader->RecordById(capture->page_record));
}

TEST_F(RecoveryTest, JunkBehindAnOpenBundleIsPutAside) {
  {
    auto writer = Open();
    Capture(*writer, "https://example.org/kept", "kept");
    Snapshot();
  }
  Restart();
  std::ofstream(Files(".open")[0], std::ios::app | std::ios::binary)
      << "junk \x28\xB5\x2F\xFD junk";
  {
    auto writer = Open();
  }
  EXPECT_TRUE(Reader()->NewestCaptureOf("https://example.org/kept"));
  EXPECT_THAT(Files(".tail", "quarantine"), SizeIs(1));
}

TEST_F(RecoveryTest, ARenamedBundleWithoutItsEventGetsIt) {
  {
    auto writer = Open();
    Capture(*writer, "https://example.org/kept", "kept");
    Snapshot();
  }
  Restart();
  const fs::path open = Files(".open")[0];
  fs::rename(open, open.string().substr(0, open.string().size() - 5));
  {
    auto writer = Open();
  }
  EXPECT_EQ(Events().back()["type"], "seal");
}

TEST_F(RecoveryTest, ADamagedLogIsNotCut) {
  {
    auto writer = Open();
    for (int i = 0; i < 3; ++i) {
      Capture(*writer, "https://example.org/" + std::to_string(i), "x");
    }
  }
  const fs::path log = dir_ / "a" / "manifest" / "events.jsonl";
  std::string text = Read(log);
  const std::size_t last = text.rfind("\"seq\":4");
  ASSERT_NE(last, std::string::npos);
  text[text.rfind("\"bytes\":", last) + 8] ^= 1;
  std::ofstream(log, std::ios::binary) << text;
  // A changed last event still parses; `check` finds it by the bundle's
  // digest. A line that is no longer canonical is refused.
  text.insert(text.size() - 3, " ");
  std::ofstream(log, std::ios::binary) << text;
  auto writer = ArchiveWriter::Open(dir_ / "a", options_);
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(Read(log), text);
}

TEST_F(ArchiveTest, PagesOfOneSiteGetADictionary) {
  options_.dictionary_after = 200'000;
  std::string furniture;
  for (int i = 0; furniture.size() < 20'000; ++i) {
    furniture += "<li>" + Sha256Of(std::to_string(i)).Hex() + "</li>\n";
  }
  std::string text;
  {
    auto writer = Open();
    for (int i = 0; i < 40; ++i) {
      Capture(*writer, "https://example.org/" + std::to_string(i),
              furniture + "<p>" + Sha256Of("t" + std::to_string(i)).Hex());
    }
  }
  const auto bundles = Files(".warc.zst");
  ASSERT_THAT(bundles, SizeIs(2));
  EXPECT_EQ(Read(bundles[1]).substr(0, 4), "\x5D\x2A\x4D\x18");
  // Some 30 pages against the first 10.
  EXPECT_LT(fs::file_size(bundles[1]) * 2, fs::file_size(bundles[0]));
  CollectRecords records;
  for (const auto& bundle : bundles) {
    ASSERT_TRUE(ScanWarc(*BlobOfFile(bundle.string()), records));
  }
  EXPECT_THAT(records.problems, SizeIs(0))
      << ::testing::PrintToString(records.problems);
  auto reader = Reader();
  for (int i = 0; i < 40; ++i) {
    auto capture =
        reader->NewestCaptureOf("https://example.org/" + std::to_string(i));
    ASSERT_TRUE(capture);
    EXPECT_TRUE(reader->RecordById(capture->page_record));
  }
}

TEST_F(ArchiveTest, ALostDraftIsLoggedAsGivenUp) {
  {
    auto writer = Open();
    auto draft = writer->BeginCapture("https://example.org/", now_);
    ASSERT_TRUE(
        draft->AddExchange(Page("https://example.org/", "text/html"), "x"));
  }
  const auto events = Events();
  EXPECT_EQ(events[1]["type"], "capture.failed");
  EXPECT_EQ(events[1]["reason"], "interrupted");
}

TEST_F(ArchiveTest, ChunkedBodiesKeepTheirChunksAndArePlainWhenRead) {
  CaptureInfo info;
  {
    auto writer = Open();
    auto draft = writer->BeginCapture("https://example.org/", now_);
    auto record =
        draft->AddExchange(Page("https://example.org/", "text/plain",
                                "Transfer-Encoding: chunked\r\n"),
                           "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n");
    ASSERT_TRUE(record);
    EXPECT_EQ(record->payload_sha256, Sha256Of("hello world"));
    info = *draft->Commit(Json::object());
  }
  auto record = Reader()->RecordById(info.records[1].id);
  ASSERT_TRUE(record);
  EXPECT_EQ(*record->payload.ReadAll(100), "hello world");
  EXPECT_THAT(*record->block.ReadAll(1000), HasSubstr("5\r\nhello\r\n"));
}

TEST_F(ArchiveTest, FactsAndRecordsThatNoLineHoldsAreKeptAllTheSame) {
  CaptureInfo info;
  {
    auto writer = Open();
    auto draft = writer->BeginCapture("https://example.org/", now_);
    for (int i = 0; i < 400; ++i) {
      ASSERT_TRUE(draft->AddResource("urn:x:" + std::to_string(i), "text/plain",
                                     std::to_string(i)));
    }
    Json media = Json::array();
    for (int i = 0; i < 800; ++i) media.push_back(std::string(100, 'x'));
    auto done = draft->Commit({{"status", 200}, {"media", media}});
    ASSERT_TRUE(done) << done.error().message();
    info = *done;
  }
  auto index = OpenIndex(dir_ / "a");
  EXPECT_THAT(*(*index)->RecordsOf(info.id), SizeIs(401));
  const auto events = Events();
  EXPECT_TRUE(events[events.size() - 2].contains("facts_record"));
}

TEST_F(ArchiveTest, EventFieldsAreCheckedBeforeAnythingIsLogged) {
  auto writer = Open();
  const Json bad[] = {{{"Big", 1}},
                      {{"x", 1.5}},
                      {{"seq", 1}},
                      {{"x", {{"a b", 1}}}},
                      {{"x", std::uint64_t{1} << 60}}};
  for (const Json& fields : bad) {
    auto seq = writer->AppendEvent("note", fields);
    ASSERT_FALSE(seq) << fields;
    EXPECT_EQ(seq.error().code(), ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace stemma
