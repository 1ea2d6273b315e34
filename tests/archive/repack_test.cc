#include "archive/repack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "archive/archive_reader.h"
#include "archive/archive_writer.h"
#include "archive/check.h"
#include "archive/event_log.h"
#include "archive/index.h"
#include "archive/record_places.h"
#include "archive/record_scan.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Noise(const std::string& seed, std::size_t size) {
  std::string noise;
  for (int i = 0; noise.size() < size; ++i) {
    noise += Sha256Of(seed + std::to_string(i)).Hex() + "\n";
  }
  return noise;
}

// Text that a higher level finds more in.
std::string Words(const std::string& seed, std::size_t count) {
  static constexpr std::string_view kWords[] = {
      "the ",   "council ", "moved ", "twelve ",  "people ", "after ",
      "water ", "rose ",    "in ",    "harbour ", "on ",     "Sunday "};
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += kWords[Sha256Of(seed + std::to_string(i)).bytes[0] % 12];
  }
  return text;
}

class RepackTest : public ::testing::Test {
 protected:
  RepackTest() {
    std::string name = (fs::temp_directory_path() / "repackXXXXXX").string();
    dir_ = ::mkdtemp(name.data());
    options_.clock = [this] { return now_; };
    options_.free_space_floor = 0;
    options_.dictionary_after = 0;
  }
  ~RepackTest() override {
    std::error_code ignored;
    fs::remove_all(dir_, ignored);
  }

  // `pages` pages of one template, two of them chunked, and a body that is
  // streamed into a bundle of its own.
  void Fill(int pages, bool video = true) {
    auto writer = Open();
    for (int i = 0; i < pages; ++i) {
      const std::string n = std::to_string(i);
      Add(*writer, "https://herald.example/" + n, "text/html",
          "<html>" + furniture_ + "<p>" + Noise(n, 400) + Words(n, 3'000));
    }
    if (video) {
      Add(*writer, "https://herald.example/v.mp4", "video/mp4",
          Noise("video", 5 << 20));
    }
    ASSERT_TRUE(writer->Seal());
  }
  void Add(ArchiveWriter& writer, const std::string& url,
           const std::string& type, std::string_view body) {
    Exchange e;
    e.url = url;
    e.request = "GET / HTTP/1.1\r\nHost: herald.example\r\n\r\n";
    e.response_head = "HTTP/1.1 200 OK\r\nContent-Type: " + type + "\r\n\r\n";
    e.status = 200;
    e.started = now_;
    auto draft = writer.BeginCapture(url, now_);
    ASSERT_TRUE(draft);
    ASSERT_TRUE(draft->AddExchange(e, body));
    auto info = draft->Commit({{"status", 200}, {"final", url}});
    ASSERT_TRUE(info) << info.error().message();
    for (const RecordInfo& r : info->records) ids_.push_back(r.id);
  }
  std::unique_ptr<ArchiveWriter> Open() {
    auto writer = ArchiveWriter::Open(dir_, options_);
    EXPECT_TRUE(writer) << writer.error().message();
    return writer ? *std::move(writer) : nullptr;
  }
  std::vector<Repacked> RepackAll(const RepackOptions& how = {}) {
    auto writer = Open();
    std::vector<Repacked> all;
    const auto bundles = *SealedBundles(dir_);
    for (const SealedBundle& bundle : bundles) {
      auto done = writer->Repack(bundle, how);
      EXPECT_TRUE(done) << done.error().message();
      if (done) all.push_back(*done);
    }
    return all;
  }
  // The WARC bytes of every record, by id.
  std::map<std::string, std::string> Records() {
    auto reader = ArchiveReader::Open(dir_);
    EXPECT_TRUE(reader) << reader.error().message();
    std::map<std::string, std::string> records;
    for (const std::string& id : ids_) {
      auto info = (*reader)->index().Record(id);
      EXPECT_TRUE(info && *info) << id;
      auto bytes = (*reader)->RecordBytes(**info);
      EXPECT_TRUE(bytes) << id << ": " << bytes.error().message();
      if (bytes) records[id] = *bytes->ReadAll(64 << 20);
    }
    return records;
  }
  std::vector<std::string> Check() {
    auto report = CheckArchive(dir_);
    EXPECT_TRUE(report);
    std::vector<std::string> codes = report->Codes();
    if (report->Worst() > Weight::kWarning) codes.push_back("BAD");
    return codes;
  }
  void ExpectIndexIsTheSameAnew() {
    const std::string before = *(*OpenIndex(dir_))->Dump();
    ASSERT_TRUE(Reindex(dir_));
    EXPECT_EQ(*(*OpenIndex(dir_))->Dump(), before);
  }
  std::vector<fs::path> Files(std::string_view ending) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(dir_ / "bundles")) {
      if (entry.path().string().ends_with(ending)) found.push_back(entry);
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  std::vector<Json> Events(const std::string& type) {
    std::vector<Json> events;
    const auto end =
        ForEachLogLine(dir_ / "manifest" / "events.jsonl", 0,
                       [&](std::uint64_t, std::string_view line) -> Status {
                         Json event = Json::parse(line);
                         if (event["type"] == type)
                           events.push_back(std::move(event));
                         return {};
                       });
    EXPECT_TRUE(end);
    return events;
  }

  fs::path dir_;
  ArchiveOptions options_;
  TimePoint now_ = *ParseTime("2026-03-01T12:00:00Z");
  std::string furniture_ = Noise("furniture", 8'000);
  std::vector<std::string> ids_;
};

TEST_F(RepackTest, ABundleShrinksAndEveryRecordStaysWhatItWas) {
  Fill(12);
  const auto before = Records();
  const auto done = RepackAll();
  ASSERT_THAT(done, SizeIs(2));
  EXPECT_EQ(done[0].outcome, Repacked::Outcome::kDone);
  EXPECT_LT(done[0].after * 2, done[0].before);
  EXPECT_EQ(done[1].outcome, Repacked::Outcome::kDoesNotPay);  // the video
  EXPECT_EQ(fs::file_size(dir_ / done[0].name), done[0].after);

  EXPECT_EQ(Records(), before);
  EXPECT_THAT(Check(), IsEmpty());
  EXPECT_THAT(Files(".repack"), IsEmpty());
  ExpectIndexIsTheSameAnew();
  EXPECT_EQ(Records(), before);

  const Json seal = Events("seal")[0], repack = Events("repack")[0];
  EXPECT_EQ(repack["old_sha256"], seal["bundle"]["sha256"]);
  EXPECT_EQ(repack["bundle"]["name"], seal["bundle"]["name"]);
  EXPECT_EQ(repack["bundle"]["records_root"], seal["bundle"]["records_root"]);
  EXPECT_EQ(repack["bundle"]["records"], seal["bundle"]["records"]);
  EXPECT_NE(repack["bundle"]["sha256"], seal["bundle"]["sha256"]);
  EXPECT_NE(repack["cdxj_sha256"], seal["cdxj_sha256"]);
}

TEST_F(RepackTest, AHigherLevelMakesItSmallerStillAndTwiceIsNoTrouble) {
  Fill(12, false);
  const auto before = Records();
  EXPECT_EQ(RepackAll()[0].outcome, Repacked::Outcome::kDone);
  EXPECT_EQ(RepackAll()[0].outcome, Repacked::Outcome::kDoesNotPay);
  RepackOptions how;
  how.level = 12;
  how.least_gain = 0;
  how.least_bytes = 0;
  const auto done = RepackAll(how);
  EXPECT_EQ(done[0].outcome, Repacked::Outcome::kDone);
  EXPECT_LT(done[0].after, done[0].before);
  EXPECT_EQ(Records(), before);
  EXPECT_THAT(Check(), IsEmpty());
  ExpectIndexIsTheSameAnew();
}

TEST_F(RepackTest, StreamedRecordsKeepTheirRanges) {
  Fill(0);
  const auto before = Records();
  RepackOptions how;
  how.level = 4;  // so that it is tried at all
  how.least_gain = -1;
  how.least_bytes = 0;
  ASSERT_EQ(RepackAll(how)[0].outcome, Repacked::Outcome::kDone);
  EXPECT_EQ(Records(), before);
  EXPECT_THAT(Check(), IsEmpty());
  // No room for a header is left over in it.
  EXPECT_EQ(Read(Files("media.warc.zst")[0]).find("\x50\x2A\x4D\x18"),
            std::string::npos);
}

TEST_F(RepackTest, WhatDoesNotVerifyIsLeftAlone) {
  Fill(12, false);
  const fs::path bundle = Files(".warc.zst")[0];
  std::string bytes = Read(bundle);
  bytes[bytes.size() / 2] ^= 1;
  fs::permissions(bundle, fs::perms::owner_all);
  std::ofstream(bundle, std::ios::binary) << bytes;
  const auto done = RepackAll();
  EXPECT_EQ(done[0].outcome, Repacked::Outcome::kRefused);
  EXPECT_THAT(done[0].reason, HasSubstr("frame"));
  EXPECT_EQ(Read(bundle), bytes);
  EXPECT_THAT(Files(".repack"), IsEmpty());
  EXPECT_THAT(Events("repack"), IsEmpty());
}

TEST_F(RepackTest, AFileThatWasReplacedUnloggedIsLeftAlone) {
  Fill(12, false);
  const fs::path bundle = Files(".warc.zst")[0];
  const std::string old = Read(bundle);
  RepackAll();
  fs::permissions(bundle, fs::perms::owner_all);
  std::ofstream(bundle, std::ios::binary) << old;
  RepackOptions how;
  how.least_gain = -1;
  EXPECT_EQ(RepackAll(how)[0].outcome, Repacked::Outcome::kRefused);
}

TEST_F(RepackTest, ToldToStopItLeavesNothingBehind) {
  Fill(12, false);
  const std::string before = Read(Files(".warc.zst")[0]);
  auto writer = Open();
  RepackOptions how;
  how.progress = [](std::uint64_t done, std::uint64_t all) {
    return done < all / 2;
  };
  auto done = writer->Repack((*SealedBundles(dir_))[0], how);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), ErrorCode::kInterrupted);
  EXPECT_EQ(Read(Files(".warc.zst")[0]), before);
  EXPECT_THAT(Files(".repack"), IsEmpty());
}

// The states that a kill can leave, one after the other.
TEST_F(RepackTest, KilledAtAnyMomentOneFileCounts) {
  Fill(12, false);
  const fs::path bundle = Files(".warc.zst")[0], cdxj = Files(".cdxj")[0];
  const std::string old = Read(bundle), old_cdxj = Read(cdxj);
  const auto records = Records();

  // While the new file is written.
  std::ofstream(bundle.string() + ".repack", std::ios::binary)
      << old.substr(0, old.size() / 3);
  EXPECT_THAT(Check(), ElementsAre("repack-unfinished"));
  Open();
  EXPECT_THAT(Files(".repack"), IsEmpty());
  EXPECT_EQ(Read(bundle), old);
  EXPECT_THAT(Check(), IsEmpty());

  ASSERT_EQ(RepackAll()[0].outcome, Repacked::Outcome::kDone);
  const std::string anew = Read(bundle), new_cdxj = Read(cdxj);
  const auto put = [](const fs::path& path, const std::string& bytes) {
    fs::remove(path);
    std::ofstream(path, std::ios::binary) << bytes;
  };

  // The event is logged, nothing is renamed.
  put(bundle, old);
  put(bundle.string() + ".repack", anew);
  put(cdxj, old_cdxj);
  put(cdxj.string() + ".repack", new_cdxj);
  EXPECT_THAT(Check(), ElementsAre("repack-unfinished"));
  EXPECT_EQ(Records(), records);
  ASSERT_TRUE(Reindex(dir_));
  EXPECT_THAT(Check(), ElementsAre("repack-unfinished"));
  Open();
  EXPECT_THAT(Files(".repack"), IsEmpty());
  EXPECT_EQ(Read(bundle), anew);
  EXPECT_EQ(Read(cdxj), new_cdxj);
  EXPECT_EQ(Records(), records);
  EXPECT_THAT(Check(), IsEmpty());

  // One of the two is renamed.
  put(cdxj, old_cdxj);
  put(cdxj.string() + ".repack", new_cdxj);
  EXPECT_THAT(Check(), ElementsAre("repack-unfinished"));
  Open();
  EXPECT_EQ(Read(cdxj), new_cdxj);
  EXPECT_EQ(Records(), records);
  EXPECT_THAT(Check(), IsEmpty());
  ExpectIndexIsTheSameAnew();
}

TEST_F(RepackTest, AReaderThatHasTheOldFileOpenGoesOn) {
  Fill(12, false);
  auto reader = ArchiveReader::Open(dir_);
  const auto last = *(*reader)->index().Record(ids_.back());
  ASSERT_TRUE((*reader)->RecordById(ids_.back()));
  RepackAll();
  ASSERT_TRUE((*reader)->RecordById(ids_.front()));
  // With places learned before.
  auto record = (*reader)->RecordAt(*last);
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record->info.id, ids_.back());
}

TEST_F(RepackTest, ARepackEventMustCarryTheRecordsOver) {
  Fill(3, false);
  {
    auto writer = Open();
    const Json seal = Events("seal")[0];
    Json bundle = seal["bundle"];
    bundle["records_root"] = std::string(64, 'a');
    ASSERT_TRUE(writer->AppendEvent(
        "repack", {{"bundle", bundle},
                   {"cdxj_sha256", seal["cdxj_sha256"]},
                   {"old_sha256", seal["bundle"]["sha256"]}}));
  }
  EXPECT_THAT(Check(), ::testing::Contains("repack-changed"));
}

TEST_F(RepackTest, TheNextRunBeginsWithADictionaryOfTheLast) {
  options_.dictionary_after = 100 << 20;
  Fill(12, false);
  Fill(12, false);
  const auto bundles = Files(".warc.zst");
  ASSERT_THAT(bundles, SizeIs(2));
  EXPECT_EQ(Read(bundles[1]).substr(0, 4), "\x5D\x2A\x4D\x18");
  EXPECT_LT(fs::file_size(bundles[1]) * 2, fs::file_size(bundles[0]));
  // A run that had next to nothing to say does not pay for one again.
  now_ += std::chrono::hours(1);
  Fill(1, false);
  now_ += std::chrono::hours(1);
  Fill(1, false);
  EXPECT_NE(Read(Files(".warc.zst")[3]).substr(0, 4), "\x5D\x2A\x4D\x18");
  EXPECT_THAT(Check(), IsEmpty());
}

TEST_F(RepackTest, ARunsFirstBundleIsPackedAtItsEnd) {
  options_.dictionary_after = 100 << 20;
  auto writer = Open();
  for (int i = 0; i < 12; ++i) {
    Add(*writer, "https://herald.example/" + std::to_string(i), "text/html",
        "<html>" + furniture_ + "<p>" + Noise(std::to_string(i), 400));
  }
  ASSERT_TRUE(writer->Seal());
  const auto packed = writer->RepackFirstBundles();
  ASSERT_TRUE(packed);
  ASSERT_THAT(*packed, SizeIs(1));
  EXPECT_LT((*packed)[0].after * 2, (*packed)[0].before);
  // Once.
  EXPECT_THAT(*writer->RepackFirstBundles(), IsEmpty());
  Add(*writer, "https://herald.example/more", "text/html", furniture_);
  writer.reset();
  EXPECT_THAT(Check(), IsEmpty());
  EXPECT_THAT(Records(), SizeIs(26));
}

TEST_F(RepackTest, PlacesAreFoundByIdInAnyBundle) {
  Fill(5);
  for (const fs::path& path : Files(".warc.zst")) {
    const Blob file = *BlobOfFile(path.string());
    std::size_t count = 0;
    std::uint64_t end = 0;
    ASSERT_TRUE(ForEachPlace(
        file, [&](std::string_view id, RecordPlaceInFile place) -> Status {
          EXPECT_TRUE(id.starts_with("urn:uuid:")) << id;
          EXPECT_GE(place.offset, end);
          end = place.offset + place.length;
          ++count;
          return {};
        }));
    EXPECT_GE(count, 3U);
    // Cut anywhere it ends quietly.
    for (std::uint64_t size = 0; size < file.size(); size += 997) {
      const std::string part = *file.ReadPrefix(size);
      EXPECT_TRUE(RecordPlaces::Of(Blob(part)));
      if (size > 200'000) break;
    }
  }
}

}  // namespace
}  // namespace stemma
