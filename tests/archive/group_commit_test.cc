// Many threads, one archive: what Commit said is durable is, whoever synced.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "archive/archive_reader.h"
#include "archive/archive_writer.h"
#include "archive/check.h"
#include "archive/event_log.h"
#include "archive/index.h"
#include "archive/merkle.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

std::string Read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class GroupCommit : public ::testing::Test {
 protected:
  GroupCommit() {
    std::string name = (fs::temp_directory_path() / "groupXXXXXX").string();
    dir_ = ::mkdtemp(name.data());
    options_.free_space_floor = 0;
    options_.rotate_bytes = 60'000;  // seals come between the syncs
    auto opened = ArchiveWriter::Open(dir_ / "a", options_);
    EXPECT_TRUE(opened);
    writer_ = *std::move(opened);
  }
  ~GroupCommit() override {
    writer_.reset();
    std::error_code ignored;
    fs::remove_all(dir_, ignored);
  }

  // Bytes that hardly compress, so that bundles fill up.
  static std::string BodyOf(int thread, int n) {
    std::string body;
    for (int i = 0; i < 40; ++i) {
      body += Sha256Of(fmt::format("{} {} {}", thread, n, i)).Hex();
    }
    return body;
  }

  Result<CaptureInfo> CaptureOne(int thread, int n) {
    const std::string url = fmt::format("http://a.test/{}/{}", thread, n);
    STEMMA_TRY(CaptureDraft draft, writer_->BeginCapture(url, writer_->Now()));
    Exchange page;
    page.url = url;
    page.request = "GET / HTTP/1.1\r\n\r\n";
    page.response_head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n";
    page.status = 200;
    page.started = writer_->Now();
    STEMMA_TRY(const RecordInfo record,
               draft.AddExchange(page, BodyOf(thread, n)));
    STEMMA_TRY(CaptureInfo info, draft.Commit({{"status", 200}}));
    DerivedRecord made{"article",          "urn:stemma:article:" + info.id,
                       "application/json", "{}",
                       record.id,          {}};
    STEMMA_TRY(
        const auto staged,
        writer_->StageDerived(info.id, {{"method", "test/1"}}, {&made, 1}));
    static_cast<void>(staged);
    return info;
  }

  fs::path dir_;
  ArchiveOptions options_;
  std::unique_ptr<ArchiveWriter> writer_;
};

TEST_F(GroupCommit, StagedCapturesAreSyncedOnceTheyAreMuch) {
  const auto in_log = [this](const CaptureInfo& info) {
    return Read(dir_ / "a/manifest/events.jsonl").find(info.id) !=
           std::string::npos;
  };
  const auto stage = [this](std::size_t bytes) -> Result<CaptureInfo> {
    STEMMA_TRY(CaptureDraft draft,
               writer_->BeginCapture("http://a.test/x", writer_->Now()));
    std::string noise;
    for (Sha256 next; noise.size() < bytes; noise += BytesOf(next)) {
      next = Sha256Of(noise.empty() ? "seed" : BytesOf(next));
    }
    STEMMA_TRY(const RecordInfo made,
               draft.AddResource("urn:x", "image/png", noise));
    static_cast<void>(made);
    STEMMA_TRY(CaptureInfo info, draft.Stage({{"status", 200}}));
    STEMMA_CHECK_OK(writer_->SyncIfMuch());
    return info;
  };
  const auto little = stage(1000), more = stage(2000);
  ASSERT_TRUE(little && more);
  EXPECT_FALSE(in_log(*little));
  const auto much = stage(std::size_t{600} << 10);
  ASSERT_TRUE(much);
  EXPECT_TRUE(in_log(*little) && in_log(*more) && in_log(*much));
  const auto last = stage(1000);
  ASSERT_TRUE(last);
  EXPECT_FALSE(in_log(*last));
  ASSERT_TRUE(writer_->Sync());
  EXPECT_TRUE(in_log(*last));
}

TEST_F(GroupCommit, WhatIsCommittedIsInTheLogWhoeverSynced) {
  constexpr int kThreads = 6, kCaptures = 25;
  std::mutex mutex;
  std::set<std::string> ids;
  int absent = 0, failed = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int n = 0; n < kCaptures; ++n) {
          const Result<CaptureInfo> info = CaptureOne(t, n);
          const std::string log = Read(dir_ / "a/manifest/events.jsonl");
          const std::lock_guard lock(mutex);
          failed += !info;
          if (!info) continue;
          absent += log.find("\"id\":\"" + info->id) == std::string::npos;
          ids.insert(info->id);
        }
      });
    }
  }
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(absent, 0);
  EXPECT_EQ(ids.size(), std::size_t{kThreads * kCaptures});

  // A payload is found before and after the index has seen it.
  const auto known = writer_->ResponseWith(Sha256Of(BodyOf(0, kCaptures - 1)));
  ASSERT_TRUE(known);
  EXPECT_EQ(known->uri, fmt::format("http://a.test/0/{}", kCaptures - 1));
  EXPECT_FALSE(writer_->ResponseWith(Sha256Of("never seen")));
  writer_.reset();

  // The chain holds, and every record is where its event says.
  std::string prev(64, '0');
  std::uint64_t seq = 0;
  std::istringstream lines(Read(dir_ / "a/manifest/events.jsonl"));
  for (std::string line; std::getline(lines, line); ++seq) {
    const auto event = ParseEventLine(line);
    ASSERT_TRUE(event) << line;
    EXPECT_EQ((*event)["seq"], seq);
    EXPECT_EQ((*event)["prev"], prev);
    prev = LeafHash(line).Hex();
  }
  const auto reader = ArchiveReader::Open(dir_ / "a");
  ASSERT_TRUE(reader);
  for (int t = 0; t < kThreads; ++t) {
    const auto found = (*reader)->index().ResponsesOf(
        fmt::format("http://a.test/{}/7", t), false, 10);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 1U);
    const auto record = (*reader)->RecordById(found->front().id);
    ASSERT_TRUE(record);
    EXPECT_EQ(*record->payload.ReadAll(1 << 20), BodyOf(t, 7));
  }
  std::size_t derived = 0;
  ASSERT_TRUE((*reader)->index().ForEachDerived(
      "article", [&](const DerivedRow&) -> Status {
        ++derived;
        return {};
      }));
  EXPECT_EQ(derived, std::size_t{kThreads * kCaptures});
}

// Dictionaries are built and bundles sealed while others write on.
TEST_F(GroupCommit, DictionariesAndSealsBesideTheWriting) {
  constexpr int kThreads = 4, kCaptures = 60;
  writer_.reset();
  options_.rotate_bytes = 150'000;
  options_.dictionary_after = 64 << 10;
  auto opened = ArchiveWriter::Open(dir_ / "b", options_);
  ASSERT_TRUE(opened);
  writer_ = *std::move(opened);
  std::string frame;  // a site's template, of which no page shares more
  for (int i = 0; i < 200; ++i) frame += Sha256Of(std::to_string(i)).Hex();
  std::atomic<int> failed = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int n = 0; n < kCaptures; ++n) {
          Exchange page;
          page.url = fmt::format("http://a.test/{}/{}", t, n);
          page.request = "GET / HTTP/1.1\r\n\r\n";
          page.response_head =
              "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n";
          page.status = 200;
          page.started = writer_->Now();
          auto draft = writer_->BeginCapture(page.url, page.started);
          const bool kept = draft &&
                            draft->AddExchange(page, frame + BodyOf(t, n)) &&
                            draft->Commit({{"status", 200}});
          failed += kept ? 0 : 1;
        }
      });
    }
  }
  writer_.reset();
  EXPECT_EQ(failed, 0);
  int with_dictionary = 0, bundles = 0;
  for (const auto& entry : fs::directory_iterator(dir_ / "b/bundles")) {
    if (entry.path().extension() != ".zst") continue;
    ++bundles;
    with_dictionary += Read(entry.path()).starts_with("\x5D\x2A\x4D\x18");
  }
  EXPECT_GE(bundles, 3);
  EXPECT_GE(with_dictionary, 1);
  const auto report = CheckArchive(dir_ / "b");
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->Verdict(), "intact") << ToJson(*report).dump(1);
  const auto reader = ArchiveReader::Open(dir_ / "b");
  ASSERT_TRUE(reader);
  for (int t = 0; t < kThreads; ++t) {
    for (int n = 0; n < kCaptures; ++n) {
      const auto found = (*reader)->index().ResponsesOf(
          fmt::format("http://a.test/{}/{}", t, n), false, 10);
      ASSERT_TRUE(found);
      EXPECT_EQ(found->size(), 1U) << t << " " << n;
    }
  }
}

}  // namespace
}  // namespace stemma
