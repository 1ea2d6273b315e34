#include "archive/evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>

#include "archive/log_file.h"
#include "archive/merkle.h"
#include "tests/archive/signed_archive.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string First(const EvidenceReport& report) {
  return report.Foremost() == nullptr ? "ok" : report.Foremost()->code;
}

// Two rounds of work and signing, and a state of the first round kept.
class EvidenceTest : public ::testing::Test {
 protected:
  EvidenceTest() {
    for (int i = 0; i < 4; ++i) {
      archive_.Capture("https://example.org/" + std::to_string(i),
                       "<p>page " + std::to_string(i));
    }
    archive_.Sign();
    old_state_ = Files();
    archive_.Advance(std::chrono::hours(2));
    for (int i = 4; i < 7; ++i) {
      archive_.Capture("https://example.org/" + std::to_string(i),
                       "<p>page " + std::to_string(i) + std::string(300, '.'));
    }
    archive_.Sign();
    archive_.Close();
  }

  // All files the evidence covers, by name relative to the archive.
  std::map<std::string, std::string> Files() const {
    std::map<std::string, std::string> files;
    for (const char* part : {"manifest", "bundles"}) {
      for (const auto& entry :
           fs::recursive_directory_iterator(archive_.dir() / part)) {
        if (!entry.is_regular_file()) continue;
        files[fs::relative(entry.path(), archive_.dir()).generic_string()] =
            Slurp(entry.path());
      }
    }
    return files;
  }

  fs::path Path(const std::string& name) const { return archive_.dir() / name; }

  SignedArchive archive_;
  std::map<std::string, std::string> old_state_;
};

TEST_F(EvidenceTest, AnHonestArchiveIsIntact) {
  const EvidenceReport report = archive_.Check();
  EXPECT_EQ(report.verdict, EvidenceVerdict::kIntact) << EvidenceText(report);
  EXPECT_EQ(report.origin, "example.org/archive");
  EXPECT_TRUE(report.key_pinned);
  EXPECT_EQ(report.times.size(), 2U);
  ASSERT_TRUE(report.newest);
  EXPECT_EQ(report.newest->size, report.events);
  EXPECT_GT(report.bundles_checked, 0U);
}

TEST_F(EvidenceTest, EventsAreBracketedByTheTokens) {
  const EvidenceReport report = archive_.Check();
  const TimeBracket first = report.BracketOf(1);
  EXPECT_FALSE(first.not_before);
  ASSERT_TRUE(first.not_after);
  const TimeProof& one = report.times.at(0);
  const TimeProof& two = report.times.at(1);
  EXPECT_EQ(*first.not_after, one.gen_time);
  ASSERT_TRUE(one.anchor_seq);
  const TimeBracket later = report.BracketOf(*one.anchor_seq + 1);
  EXPECT_EQ(*later.not_before, one.gen_time);
  EXPECT_EQ(*later.not_after, two.gen_time);
  const TimeBracket last = report.BracketOf(*two.anchor_seq);
  EXPECT_EQ(*last.not_before, two.gen_time);
  EXPECT_FALSE(last.not_after) << "no token covers the last anchor";
}

TEST_F(EvidenceTest, WithoutAPinnedKeyTrustOnFirstUseIsSaidAloud) {
  EvidenceTrust trust = archive_.Trust();
  trust.keys.clear();
  const EvidenceReport report = archive_.Check(trust);
  EXPECT_EQ(report.verdict, EvidenceVerdict::kIntactWithWarnings);
  EXPECT_EQ(First(report), "key-not-pinned");
  EXPECT_FALSE(report.key_pinned);
  EXPECT_THAT(EvidenceText(report), HasSubstr("trust on first use"));
}

TEST_F(EvidenceTest, WithoutAnAuthorityTheChainsCountAsNotChecked) {
  EvidenceTrust trust = archive_.Trust();
  trust.tsa_ca_pem.clear();
  const EvidenceReport report = archive_.Check(trust);
  EXPECT_EQ(First(report), "timestamp-not-checked");
  EXPECT_THAT(EvidenceText(report), HasSubstr("authority not checked"));
}

TEST_F(EvidenceTest, AnotherAuthorityIsNoProof) {
  const TestAuthority other(*ParseTime("2026-01-01"), *ParseTime("2028-01-01"));
  EvidenceTrust trust = archive_.Trust();
  trust.tsa_ca_pem = other.ca_pem();
  const EvidenceReport report = archive_.Check(trust);
  EXPECT_EQ(First(report), "timestamp-invalid");
  EXPECT_FALSE(report.BracketOf(1).not_after);
}

TEST_F(EvidenceTest, AnUnsignedTailIsAWarning) {
  archive_.Capture("https://example.org/new", "<p>new");
  ASSERT_TRUE(archive_.writer().Seal());
  archive_.Close();
  const EvidenceReport report = archive_.Check();
  EXPECT_EQ(report.verdict, EvidenceVerdict::kIntactWithWarnings);
  EXPECT_EQ(First(report), "ok-unsigned-tail");
}

TEST_F(EvidenceTest, AnOlderStateIsARollback) {
  const EvidenceTrust trust = archive_.Trust();
  for (const auto& [name, bytes] : Files()) fs::remove(Path(name));
  for (const auto& [name, bytes] : old_state_) Spill(Path(name), bytes);
  EXPECT_EQ(First(archive_.Check(trust)), "rollback");
  EvidenceTrust forgetful = trust;
  forgetful.last_checkpoint.clear();
  const EvidenceReport report = archive_.Check(forgetful);
  EXPECT_LE(report.verdict, EvidenceVerdict::kIntactWithWarnings);
  EXPECT_THAT(EvidenceText(report), HasSubstr("a newer state"));
}

TEST_F(EvidenceTest, ASecondFaceOfTheLogIsFound) {
  const EvidenceTrust trust = archive_.Trust();
  const Result<Note> newest = ParseNote(trust.last_checkpoint);
  Checkpoint other = *ParseCheckpointText(newest->text);
  other.root.bytes[0] ^= 1;
  const SigningKey& key = archive_.key();
  Note note{other.Text(), {*SignNote(other.Text(), key.verifier, key.sign)}};
  EvidenceTrust twisted = trust;
  twisted.last_checkpoint = FormatNote(note);
  EXPECT_EQ(First(archive_.Check(twisted)), "equivocation");
  Spill(archive_.manifest() / "checkpoint.other", FormatNote(note));
  EXPECT_EQ(First(archive_.Check(trust)), "equivocation");
}

TEST_F(EvidenceTest, ALinkInThePlaceOfAFileIsNotFollowed) {
  const std::string bundle = [&] {
    for (const auto& [name, bytes] : Files()) {
      if (name.ends_with(".warc.zst")) return name;
    }
    return std::string();
  }();
  fs::rename(Path(bundle), archive_.dir() / "elsewhere");
  fs::create_symlink(archive_.dir() / "elsewhere", Path(bundle));
  EXPECT_EQ(First(archive_.Check()), "not-regular-file");
}

TEST_F(EvidenceTest, AnOpenBundleIsComparedRecordByRecord) {
  archive_.Capture("https://example.org/new", "<p>new words here");
  static_cast<void>(archive_.writer());
  const EvidenceTrust trust = archive_.Trust();
  const EvidenceReport before = archive_.Check(trust);
  EXPECT_EQ(before.verdict, EvidenceVerdict::kIntactWithWarnings)
      << EvidenceText(before);
  fs::path open;
  for (const auto& entry : fs::directory_iterator(archive_.dir() / "bundles")) {
    if (entry.path().string().ends_with(".open")) open = entry.path();
  }
  ASSERT_FALSE(open.empty());
  std::string bytes = Slurp(open);
  bytes[bytes.size() - 20] = static_cast<char>(bytes[bytes.size() - 20] ^ 4);
  Spill(open, bytes);
  EXPECT_EQ(archive_.Check(trust).verdict, EvidenceVerdict::kAltered);
}

TEST_F(EvidenceTest, SomethingElseIsNoArchive) {
  const Result<EvidenceReport> report =
      CheckEvidence(archive_.dir() / "bundles", archive_.Trust());
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), ErrorCode::kNotFound);
}

// --- Rotation and revocation
// --------------------------------------------------

TEST_F(EvidenceTest, ARotatedKeyIsFollowedFromEitherSide) {
  const fs::path home = archive_.dir().parent_path();
  const auto next = CreateKey(home / "next", "example.org/archive", "");
  ASSERT_TRUE(next);
  ASSERT_TRUE(RotateKey(archive_.writer(), archive_.key(), *next, "test"));
  SigningOptions options = archive_.options();
  options.keys = {*next};
  archive_.Capture("https://example.org/after", "<p>after");
  ASSERT_TRUE(archive_.writer().Seal());
  const auto signing = SignArchive(archive_.writer(), options);
  ASSERT_TRUE(signing) << signing.error().message();
  archive_.Close();
  EvidenceTrust trust = archive_.Trust();
  EXPECT_EQ(archive_.Check(trust).verdict, EvidenceVerdict::kIntact)
      << EvidenceText(archive_.Check(trust));
  trust.keys = {next->verifier};
  EXPECT_EQ(archive_.Check(trust).verdict, EvidenceVerdict::kIntact)
      << EvidenceText(archive_.Check(trust));
}

TEST_F(EvidenceTest, AKeyThatAnnouncesItselfIsNotBelieved) {
  const fs::path home = archive_.dir().parent_path();
  const auto thief = CreateKey(home / "thief", "example.org/archive", "");
  ASSERT_TRUE(thief);
  ASSERT_TRUE(archive_.writer().AppendEvent(
      "key.rotate", {{"old", archive_.key().verifier.Text()},
                     {"new", thief->verifier.Text()},
                     {"reason", "none"}}));
  const EvidenceTrust trust = archive_.Trust();
  const SigningKey keys[] = {*thief};
  ASSERT_TRUE(WriteCheckpoint(archive_.manifest(), keys));
  archive_.Close();
  EXPECT_EQ(First(archive_.Check(trust)), "signature-invalid");
}

TEST_F(EvidenceTest, ARevokedKeySignsNothingMore) {
  const fs::path home = archive_.dir().parent_path();
  const auto next = CreateKey(home / "next", "example.org/archive", "");
  ASSERT_TRUE(RotateKey(archive_.writer(), archive_.key(), *next, "test"));
  ASSERT_TRUE(
      RevokeKey(archive_.writer(), archive_.key().verifier, *next, "stolen"));
  const EvidenceTrust trust = archive_.Trust();
  const SigningKey honest[] = {*next};
  ASSERT_TRUE(WriteCheckpoint(archive_.manifest(), honest));
  EXPECT_EQ(archive_.Check(trust).verdict, EvidenceVerdict::kIntact)
      << EvidenceText(archive_.Check(trust));
  ASSERT_TRUE(archive_.writer().AppendEvent("note", {{"text", "by a thief"}}));
  const SigningKey thief[] = {archive_.key()};
  ASSERT_TRUE(WriteCheckpoint(archive_.manifest(), thief));
  archive_.Close();
  EXPECT_EQ(First(archive_.Check(trust)), "signature-invalid");
}

// --- Signing
// ------------------------------------------------------------------

TEST_F(EvidenceTest, SigningTwiceChangesNothing) {
  const auto before = Files();
  const auto again = SignArchive(archive_.writer(), archive_.options());
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->checkpoint);
  archive_.Close();
  EXPECT_EQ(Files(), before);
}

TEST_F(EvidenceTest, AShorterOrOtherLogIsNeverSigned) {
  archive_.Close();
  const fs::path log = archive_.manifest() / "events.jsonl";
  const std::string whole = Slurp(log);
  const SigningKey keys[] = {archive_.key()};
  Spill(log, whole.substr(0, whole.size() - 10));
  const auto shorter = WriteCheckpoint(archive_.manifest(), keys);
  ASSERT_FALSE(shorter);
  EXPECT_EQ(shorter.error().code(), ErrorCode::kCorrupt);
  std::string other = whole;
  other[other.find("page") == std::string::npos ? 40 : 40] ^= 1;
  Spill(log, other);
  fs::remove_all(archive_.manifest() / "tile");
  EXPECT_FALSE(WriteCheckpoint(archive_.manifest(), keys));
}

TEST_F(EvidenceTest, AFailingAuthorityCostsNothingButTheToken) {
  archive_.Capture("https://example.org/x", "<p>x");
  ASSERT_TRUE(archive_.writer().Seal());
  SigningOptions options = archive_.options();
  options.timestamp_urls = {"https://down.example", "https://html.example",
                            "https://tsa.example"};
  options.post = [&](const std::string& url,
                     const std::string& query) -> Result<std::string> {
    if (url == "https://down.example") {
      return Error(ErrorCode::kNetwork, "connection refused");
    }
    if (url == "https://html.example") return std::string("<html>500</html>");
    return archive_.authority().Answer(query, archive_.now());
  };
  const auto report = SignArchive(archive_.writer(), options);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->tokens, 1);
  EXPECT_EQ(report->warnings.size(), 2U);
  archive_.Close();
  EXPECT_EQ(archive_.Check().verdict, EvidenceVerdict::kIntact)
      << EvidenceText(archive_.Check());
}

TEST_F(EvidenceTest, LostTilesAreMadeAgain) {
  archive_.Capture("https://example.org/x", "<p>x");
  fs::remove_all(archive_.manifest() / "tile");
  archive_.Sign();
  archive_.Close();
  EXPECT_EQ(archive_.Check().verdict, EvidenceVerdict::kIntact);
}

// A key that fails leaves tiles that reach beyond the newest checkpoint.
TEST_F(EvidenceTest, ASignatureThatNeverCameDamagesNothing) {
  SigningOptions options = archive_.options();
  options.keys[0].sign = [](std::string_view) -> Result<std::string> {
    return Error(ErrorCode::kIo, "the token is locked");
  };
  // Over the edge of a tile as well.
  for (int i = 0; i < 300; i += 100) {
    for (int j = 0; j < 100; ++j) {
      ASSERT_TRUE(archive_.writer().AppendEvent("note", {{"text", "x"}}));
    }
    EXPECT_FALSE(SignArchive(archive_.writer(), options));
    const EvidenceReport report = archive_.Check();
    EXPECT_EQ(First(report), "ok-unsigned-tail") << EvidenceText(report);
  }
  archive_.Close();
  // What reaches further than the log is none of ours.
  fs::path widest;
  for (const auto& entry :
       fs::recursive_directory_iterator(archive_.manifest() / "tile/0")) {
    if (entry.is_regular_file() &&
        entry.path().string().find(".p/") != std::string::npos) {
      widest = entry.path();
    }
  }
  ASSERT_FALSE(widest.empty());
  Spill(widest, Slurp(widest) + std::string(1, 'x'));
  EXPECT_EQ(First(archive_.Check()), "tile-mismatch");
}

TEST_F(EvidenceTest, LinesAreFoundWithoutAnIndex) {
  const std::string whole = Slurp(archive_.manifest() / "events.jsonl");
  auto log = LogFile::Open(archive_.manifest() / "events.jsonl");
  ASSERT_TRUE(log);
  std::size_t at = 0;
  for (std::uint64_t seq = 0; seq < log->lines(); ++seq) {
    const std::size_t end = whole.find('\n', at);
    EXPECT_EQ(*log->Line(seq), whole.substr(at, end - at));
    at = end + 1;
  }
  EXPECT_EQ(at, whole.size());
  EXPECT_FALSE(log->Line(log->lines()));
}

// --- The property: nothing changes unnoticed
// ------------------------------------

class Mutator {
 public:
  Mutator(const std::map<std::string, std::string>& files,
          const std::map<std::string, std::string>& older, unsigned int seed)
      : files_(files), older_(older), random_(seed) {
    for (const auto& [name, bytes] : files) names_.push_back(name);
  }

  struct Change {
    std::string what;
    // Files as they are after it; nullopt: gone.
    std::map<std::string, std::optional<std::string>> files;
  };

  Change Next() {
    for (;;) {
      Change change = Draw();
      const bool differs = std::any_of(
          change.files.begin(), change.files.end(), [&](const auto& file) {
            const auto at = files_.find(file.first);
            return at == files_.end() ? file.second.has_value()
                                      : file.second != at->second;
          });
      if (differs) return change;
    }
  }

 private:
  std::size_t Below(std::size_t limit) { return random_() % limit; }
  const std::string& Name() { return names_[Below(names_.size())]; }

  Change Draw() {
    const std::string name = Name();
    std::string bytes = files_.at(name);
    if (bytes.empty()) return Change{};
    const std::size_t at = Below(bytes.size());
    Change change;
    switch (Below(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << Below(8)));
        change.what = "flip at " + std::to_string(at);
        break;
      case 4:
        bytes[at] = static_cast<char>(Below(256));
        change.what = "set byte at " + std::to_string(at);
        break;
      case 5:
        bytes.erase(at, 1 + Below(64));
        change.what = "delete bytes at " + std::to_string(at);
        break;
      case 6:
        bytes.insert(at, 1, static_cast<char>(Below(256)));
        change.what = "insert at " + std::to_string(at);
        break;
      case 7:
        bytes.resize(at);
        change.what = "truncate to " + std::to_string(at);
        break;
      case 8:
        return SwapRanges(name, bytes);
      case 9:
        return {"delete " + name, {{name, std::nullopt}}};
      case 10:
        return SwapFiles(name);
      default:
        return Older();
    }
    change.what += " in " + name;
    change.files[name] = bytes;
    return change;
  }

  // Two lines of the log, two stretches of other files.
  Change SwapRanges(const std::string& name, std::string bytes) {
    const std::size_t size = 1 + Below(32);
    if (bytes.size() < 2 * size) return {};
    const std::size_t a = Below(bytes.size() / 2 - size + 1);
    const std::size_t b = bytes.size() / 2 + Below(bytes.size() / 2 - size + 1);
    for (std::size_t i = 0; i < size; ++i)
      std::swap(bytes[a + i], bytes[b + i]);
    return {"swap " + std::to_string(a) + " and " + std::to_string(b) + " in " +
                name,
            {{name, bytes}}};
  }

  Change SwapFiles(const std::string& name) {
    const std::string other = Name();
    return {"swap files " + name + " and " + other,
            {{name, files_.at(other)}, {other, files_.at(name)}}};
  }

  // A file of an older state in the place of today's. (One that nothing speaks
  // of any more, such as a partial tile, is litter and not a change.)
  Change Older() {
    auto at = older_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(Below(older_.size())));
    if (!files_.contains(at->first)) return {};
    return {"older " + at->first, {{at->first, at->second}}};
  }

  const std::map<std::string, std::string>& files_;
  const std::map<std::string, std::string>& older_;
  std::vector<std::string> names_;
  std::mt19937 random_;
};

// Any one change anywhere is found: exit code 1, that is altered or
// incomplete. STEMMA_MUTATIONS sets how many are tried.
TEST_F(EvidenceTest, NothingChangesUnnoticed) {
  const char* wish = std::getenv("STEMMA_MUTATIONS");
  const int count = wish == nullptr ? 600 : std::atoi(wish);
  const EvidenceTrust trust = archive_.Trust();
  const auto files = Files();
  Mutator mutator(files, old_state_, 20260301);
  int missed = 0;
  std::map<std::string, int> codes;
  for (int i = 0; i < count; ++i) {
    const Mutator::Change change = mutator.Next();
    for (const auto& [name, bytes] : change.files) {
      if (bytes) {
        Spill(Path(name), *bytes);
      } else {
        fs::remove(Path(name));
      }
    }
    const EvidenceReport report = archive_.Check(trust);
    ++codes[First(report)];
    if (report.verdict != EvidenceVerdict::kAltered &&
        report.verdict != EvidenceVerdict::kIncomplete) {
      ++missed;
      ADD_FAILURE() << "missed: " << change.what << "\n"
                    << EvidenceText(report);
    } else {
      EXPECT_FALSE(report.Foremost()->where.empty()) << change.what;
    }
    for (const auto& [name, bytes] : change.files) {
      const auto old = files.find(name);
      if (old == files.end()) {
        fs::remove(Path(name));
      } else {
        Spill(Path(name), old->second);
      }
    }
    // Back as it was, it is intact again: no false alarm.
    if (i % 50 == 0) {
      ASSERT_EQ(archive_.Check(trust).verdict, EvidenceVerdict::kIntact)
          << change.what;
    }
    ASSERT_LT(missed, 10);
  }
  std::printf("%d changes, %d missed;", count, missed);
  for (const auto& [code, number] : codes) {
    std::printf(" %s %d", code.c_str(), number);
  }
  std::printf("\n");
}

// What is no evidence may come and go.
TEST_F(EvidenceTest, CachesAreNoEvidence) {
  Spill(archive_.dir() / "index.sqlite", "junk");
  Spill(archive_.dir() / "segments" / "1", "junk");
  Spill(archive_.dir() / "jobs" / "j.sqlite", "junk");
  Spill(archive_.dir() / "quarantine" / "tail", "junk");
  EXPECT_EQ(archive_.Check().verdict, EvidenceVerdict::kIntact);
}

}  // namespace
}  // namespace stemma
