#include "archive/proof_export.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "archive/archive_reader.h"
#include "archive/index.h"
#include "archive/merkle.h"
#include "tests/archive/signed_archive.h"

namespace stemma {
namespace {

namespace fs = std::filesystem;

class ProofExportTest : public ::testing::Test {
 protected:
  ProofExportTest() : home_(archive_.dir().parent_path()) {
    for (int i = 0; i < 2; ++i) {
      archive_.Capture("https://example.org/" + std::to_string(i),
                       "<p>page " + std::to_string(i));
    }
    archive_.Sign();
    archive_.Close();
    Spill(home_ / "ca.pem", archive_.authority().ca_pem());
  }

  void Export(const std::vector<std::string>& captures) {
    const auto reader = ArchiveReader::Open(archive_.dir());
    ASSERT_TRUE(reader) << reader.error().message();
    ProofExportOptions options;
    for (const std::string& url : captures) {
      options.captures.push_back((*reader)->NewestCaptureOf(url)->id);
    }
    const auto report = ExportEvidence(**reader, folder_, options);
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_TRUE(report->warnings.empty()) << report->warnings[0];
  }

  EvidenceReport Ours() const {
    EvidenceTrust trust = archive_.Trust();
    trust.last_checkpoint.clear();
    return *CheckEvidence(folder_, trust);
  }

  // The exit code of verify.sh; -1 when a tool it needs is missing here.
  int Script() const {
    if (std::system("command -v jq openssl sha256sum > /dev/null") != 0) {
      return -1;
    }
    const std::string command = "bash '" + (folder_ / "verify.sh").string() +
                                "' --vkey '" + archive_.key().verifier.Text() +
                                "' --tsa-ca '" + (home_ / "ca.pem").string() +
                                "' > '" + (home_ / "out").string() + "' 2>&1";
    return WEXITSTATUS(std::system(command.c_str()));
  }

  SignedArchive archive_;
  fs::path home_;
  fs::path folder_ = home_ / "proof";
};

TEST_F(ProofExportTest, AHandOverOfOneCaptureStandsAlone) {
  Export({"https://example.org/1"});
  const EvidenceReport report = Ours();
  EXPECT_EQ(report.verdict, EvidenceVerdict::kIntact) << EvidenceText(report);
  EXPECT_FALSE(fs::exists(folder_ / "bundles"));
  EXPECT_TRUE(fs::exists(folder_ / "records"));
}

TEST_F(ProofExportTest, TheWholeArchiveMayBeHandedOver) {
  Export({});
  const EvidenceReport report = Ours();
  EXPECT_EQ(report.verdict, EvidenceVerdict::kIntact) << EvidenceText(report);
  EXPECT_GT(report.bundles_checked, 0U);
}

TEST_F(ProofExportTest, NothingIsReplaced) {
  Spill(folder_ / "x", "x");
  const auto reader = ArchiveReader::Open(archive_.dir());
  const auto report = ExportEvidence(**reader, folder_, {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), ErrorCode::kRefused);
}

TEST_F(ProofExportTest, AProofOfARecordReadsBack) {
  RecordProof proof;
  proof.bundle = "bundles/a.warc.zst";
  proof.index = 1;
  proof.records = 3;
  proof.hashes = {LeafHash("a"), LeafHash("b")};
  const Result<RecordProof> read = ParseRecordProof(FormatRecordProof(proof));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->hashes, proof.hashes);
  EXPECT_EQ(read->bundle, proof.bundle);
  EXPECT_FALSE(ParseRecordProof("{}"));
  EXPECT_FALSE(ParseRecordProof("[]"));
}

// The script and we agree: on the folder as it is, and on every change.
TEST_F(ProofExportTest, TheScriptGivesTheSameVerdict) {
  Export({"https://example.org/0"});
  const int intact = Script();
  if (intact == -1) GTEST_SKIP() << "jq, openssl or sha256sum is not here";
  ASSERT_EQ(intact, 0) << Slurp(home_ / "out");

  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    const std::string name = entry.path().filename();
    const bool evidence = entry.is_regular_file() && name != "verify.sh" &&
                          name != "README.txt" && name != "handover.json" &&
                          !name.ends_with(".pem") && !name.ends_with(".vkey");
    if (evidence) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::mt19937 random(1);
  const char* wish = std::getenv("STEMMA_SCRIPT_MUTATIONS");
  const int count = wish == nullptr ? 6 : std::atoi(wish);
  for (int i = 0; i < count; ++i) {
    const fs::path& file = files[random() % files.size()];
    const std::string whole = Slurp(file);
    std::string changed = whole;
    const std::size_t at = random() % changed.size();
    switch (random() % 4) {
      case 0:
        changed.resize(at);
        break;
      case 1:
        changed.erase(at, 1);
        break;
      default:
        changed[at] = static_cast<char>(changed[at] ^ (1 << random() % 7));
    }
    const bool removed = random() % 8 == 0;
    if (removed) {
      fs::remove(file);
    } else {
      Spill(file, changed);
    }
    const EvidenceReport report = Ours();
    const bool bad = report.verdict == EvidenceVerdict::kAltered ||
                     report.verdict == EvidenceVerdict::kIncomplete;
    EXPECT_EQ(Script(), bad ? 1 : 0)
        << file << " at " << at << (removed ? " removed" : "") << "\n"
        << EvidenceText(report) << Slurp(home_ / "out");
    Spill(file, whole);
  }
}

}  // namespace
}  // namespace stemma
